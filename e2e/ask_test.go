//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// An asking is a request of the API.
type asking struct {
	by          *http.Client // nil: the usual one
	method, url string
	key         string
	once        string // Idempotency-Key; "": none
	body        any    // JSON; nil: none
}

func (a asking) request(ctx context.Context) (*http.Response, error) {
	var in io.Reader
	if a.body != nil {
		b, err := json.Marshal(a.body)
		if err != nil {
			panic(err) // of the test
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, a.method, a.url, in)
	if err != nil {
		panic(err) // of the test
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	req.Header.Set("Content-Type", "application/json")
	if a.once != "" {
		req.Header.Set("Idempotency-Key", a.once)
	}
	by := a.by
	if by == nil {
		by = http.DefaultClient
	}
	return by.Do(req)
}

// answer is the whole of what is answered; an error is that nothing was, or not all of it.
func (a asking) answer(ctx context.Context) (status int, said []byte, err error) {
	res, err := a.request(ctx)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	if said, err = io.ReadAll(res.Body); err != nil {
		return 0, nil, err
	}
	return res.StatusCode, said, nil
}

// events notes those that are kept of what is shown of a call, until it, the server or ctx is over. Partial ones are not kept; a line may be cut short.
func (a asking) events(ctx context.Context, note func(id string, sequence int64)) {
	res, err := a.request(ctx)
	if err != nil {
		return
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		var e struct {
			ID       string
			Sequence int64
		}
		if ok && json.Unmarshal([]byte(data), &e) == nil && e.Sequence != 0 {
			note(e.ID, e.Sequence)
		}
	}
}

// status is what an address answers, 0 where nobody does.
func status(url string) int {
	res, err := http.Get(url)
	if err != nil {
		return 0
	}
	res.Body.Close()
	return res.StatusCode
}
