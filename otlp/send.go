package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley/fetch"
)

const (
	every     = 2 * time.Second  // how long a call that is over waits to be sent with others
	together  = 100              // calls at most of one request
	tries     = 5                // of a request that a collector may take later
	firstWait = time.Second      // doubled with each try, unless the collector says when
	longest   = 30 * time.Second // of a wait
	patience  = 10 * time.Second // for an answer
	goodbye   = 2 * time.Second  // for what is left when the server stops
	tellEvery = time.Minute      // how often the log says that the collector fails
)

// lost counts traces that nobody was told of.
type lost struct{ n atomic.Int64 }

func (l *lost) add(n int) { l.n.Add(int64(n)) }

// send tells of calls until over is closed, of some at a time. Once ctx is done, what is left has goodbye.
func (t *Teller) send(ctx context.Context) {
	last, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(goodbye, stop) })()
	var told time.Time // when the log last heard of a fault
	for id := range t.over {
		ids, wait := []string{id}, time.NewTimer(every)
	gather:
		for len(ids) < together {
			select {
			case id, ok := <-t.over:
				if !ok {
					break gather
				}
				ids = append(ids, id)
			case <-wait.C:
				break gather
			}
		}
		wait.Stop()
		err := t.tell(last, ctx.Done(), ids)
		if n := t.lost.n.Load(); n > 0 && (time.Since(told) > tellEvery || ctx.Err() != nil) {
			told = time.Now()
			t.lost.n.Add(-n)
			t.Logger.Warn("a collector was not told of calls", "calls", n, "error", err)
		}
	}
}

// tell reads what the calls did, and sends it.
func (t *Teller) tell(ctx context.Context, stopping <-chan struct{}, ids []string) (err error) {
	var spans []span
	told := 0
	for _, id := range ids {
		s, wrong := t.trace(ctx, id)
		if wrong != nil {
			err = wrong
			t.lost.add(1)
			continue
		}
		told++
		spans = append(spans, s...)
	}
	if told == 0 {
		return err
	}
	if wrong := t.post(ctx, stopping, spans); wrong != nil {
		err = wrong
		t.lost.add(told)
	}
	return err
}

// errRefused is of spans that a collector will not take later either.
var errRefused = errors.New("the collector refuses them")

// post sends spans until they are taken, refused, or it has been tried often enough. With stopping there is one try left.
func (t *Teller) post(ctx context.Context, stopping <-chan struct{}, spans []span) (err error) {
	body, err := t.body(spans)
	if err != nil {
		return err
	}
	pause := firstWait
	for n := 1; ; n++ {
		var later time.Duration
		if later, err = t.try(ctx, body); err == nil || errors.Is(err, errRefused) || n == tries || ctx.Err() != nil {
			return err
		}
		if later == 0 {
			later, pause = pause, 2*pause
		}
		select {
		case <-time.After(min(later, longest)):
		case <-stopping:
			if _, err = t.try(ctx, body); err != nil {
				return err
			}
			return nil
		}
	}
}

// try makes one request. later is when the collector wants to be asked again; 0: it does not say.
func (t *Teller) try(ctx context.Context, body []byte) (later time.Duration, err error) {
	ctx, done := context.WithTimeout(ctx, patience)
	defer done()
	h := t.header.Load().Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "application/json")
	h.Set("Content-Encoding", "gzip")
	h.Set("User-Agent", "parley/"+t.Version)
	res, err := t.Fetch.Do(ctx, fetch.Request{Method: http.MethodPost, URL: strings.TrimSuffix(t.URL, "/") + "/v1/traces", Header: h, Body: body})
	if res == nil {
		return 0, err
	}
	switch res.Status {
	case http.StatusOK, http.StatusAccepted, http.StatusNoContent:
		var a answer
		if json.Unmarshal(res.Body, &a) == nil && a.Partial.Rejected != "" && a.Partial.Rejected != "0" {
			return 0, fmt.Errorf("%w: %s spans, %q", errRefused, a.Partial.Rejected, cut(a.Partial.Message))
		}
		return 0, nil
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout: // the spec's list
		if s, err := strconv.Atoi(res.Header.Get("Retry-After")); err == nil && s > 0 {
			later = time.Duration(min(s, int(longest/time.Second))) * time.Second
		}
		return later, fmt.Errorf("the collector answered %d", res.Status)
	}
	return 0, fmt.Errorf("%w: it answered %d", errRefused, res.Status)
}

// cut is what is shown of another's words.
func cut(s string) string {
	if len(s) > 200 {
		return s[:200] + "…"
	}
	return s
}

func (t *Teller) body(spans []span) ([]byte, error) {
	var r resourceSpans
	r.Resource.Attributes = a("service.name", "parley", "service.version", t.Version, "service.instance.id", t.Node)
	s := scopeSpans{Spans: spans}
	s.Scope.Name, s.Scope.Version = "github.com/parley-voice/parley/otlp", t.Version
	r.ScopeSpans = []scopeSpans{s}
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	err := errors.Join(json.NewEncoder(z).Encode(request{[]resourceSpans{r}}), z.Close())
	return out.Bytes(), err
}
