package client

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

const (
	firstPause  = 250 * time.Millisecond // before the second try, when the server names no time; then twice as long
	longestWait = 30 * time.Second       // a server that asks for more is not waited for
)

// A door sends each request with the key, sends again what may be sent again, and makes a *Problem of a refusal.
type door struct {
	next  HttpRequestDoer
	key   string
	tries int
}

// through puts a door before what sends, unless it is one.
func through(next HttpRequestDoer) *door {
	if d, ok := next.(*door); ok {
		return d
	}
	if next == nil {
		next = http.DefaultClient
	}
	return &door{next: next, tries: 4}
}

func (d *door) Do(r *http.Request) (*http.Response, error) {
	if d.key != "" && r.Header.Get("Authorization") == "" {
		r.Header.Set("Authorization", "Bearer "+d.key)
	}
	pause := firstPause
	for try := 1; ; try++ {
		res, err := d.next.Do(r)
		if err != nil {
			return nil, err
		}
		if res.StatusCode/100 == 2 {
			return res, nil
		}
		p := readProblem(res)
		wait := cmp.Or(p.RetryAfter, pause)
		if try >= d.tries || !again(r, p) || wait > longestWait {
			return nil, p
		}
		if err := sleep(r.Context(), wait); err != nil {
			return nil, errors.Join(err, p)
		}
		if r, err = rewound(r); err != nil {
			return nil, errors.Join(err, p)
		}
		pause *= 2
	}
}

// again says whether a refused request may be sent once more: the server has said that its time will come, and doing it twice
// would be doing it once.
func again(r *http.Request, p *Problem) bool {
	if p.Status != http.StatusTooManyRequests && p.Status != http.StatusServiceUnavailable {
		return false
	}
	if r.Body != nil && r.GetBody == nil {
		return false
	}
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodDelete, http.MethodPut:
		return true
	}
	return r.Header.Get("Idempotency-Key") != ""
}

// rewound is the request with its body at the beginning.
func rewound(r *http.Request) (*http.Request, error) {
	next := r.Clone(r.Context())
	if r.GetBody == nil {
		return next, nil
	}
	var err error
	var body io.ReadCloser
	if body, err = r.GetBody(); err != nil {
		return nil, err
	}
	next.Body = body
	return next, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
