package api

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/store"
)

// broken fails, or panics, where it is asked to.
type broken struct {
	Store
	err error
}

func (b *broken) Agent(context.Context, string, string) (store.Doc, error) {
	if b.err == nil {
		panic("a secret in a panic")
	}
	return nil, b.err
}

func (b *broken) Ping(context.Context) error { return b.err }

// TestOurFault: what goes wrong here is a 500 without a word of why, and the log has it under the request's id.
func TestOurFault(t *testing.T) {
	h := newHouse(t)
	var logged bytes.Buffer
	h.api.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	for _, err := range []error{nil, errors.New("a secret in an error")} {
		logged.Reset()
		h.api.Store = &broken{h.db, err}
		w := &tape{head: http.Header{}}
		req, _ := http.NewRequestWithContext(t.Context(), "GET", "/v1/agents?id=11111111-1111-4111-8111-111111111111", nil)
		req.Header.Set("Authorization", "Bearer "+h.a.key)
		h.api.ServeHTTP(w, req)
		id := w.head.Get("X-Request-Id")
		if got := w.text.String(); !strings.Contains(got, `"statusCode":500`) || strings.Contains(got, "secret") || !strings.Contains(got, id) {
			t.Errorf("the answer is %s", got)
		}
		if log := logged.String(); !strings.Contains(log, "a secret in") || !strings.Contains(log, id) {
			t.Errorf("the log is %s", log)
		}
	}
	if r := h.do(nil, "GET", "/readyz", ""); r.status != 503 || strings.Contains(string(r.body), "secret") {
		t.Errorf("not ready: %d %s", r.status, r.body)
	}
	if r := h.do(nil, "GET", "/healthz", ""); r.status != 200 {
		t.Errorf("alive all the same: %d", r.status)
	}
}

// TestLogTellsNoSecrets: neither bodies, nor keys, nor signatures are logged.
func TestLogTellsNoSecrets(t *testing.T) {
	h := newHouse(t)
	var logged bytes.Buffer
	h.api.Logger = slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	h.do(h.a, "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","password":"a very secret password"}}`)
	h.do(h.a, "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":"a very secret password"}`)
	h.do(nil, "GET", strings.TrimPrefix(h.api.RecordingURL("11111111-1111-4111-8111-111111111111", "wav", time.Now().Add(time.Hour)), "https://parley.example.com"), "")
	for _, bad := range []string{"secret", "password", h.a.key, "signature"} {
		if strings.Contains(logged.String(), bad) {
			t.Errorf("the log has %q: %s", bad, logged.String())
		}
	}
	if !strings.Contains(logged.String(), "path=/v1/account_connections/create status=201") {
		t.Errorf("the log lacks the request: %s", logged.String())
	}
}

// stuck is a reader that takes nothing: a write fails when its deadline has come.
type stuck struct {
	tape
	deadline time.Time
}

func (w *stuck) SetWriteDeadline(t time.Time) error { w.deadline = t; return nil }
func (w *stuck) Write([]byte) (int, error) {
	time.Sleep(time.Until(w.deadline))
	return 0, os.ErrDeadlineExceeded
}

func TestSlowReaderIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &quietLog{}
		a := quietAPI(t, &quietStore{}, l)
		began := time.Now()
		a.ServeHTTP(&stuck{tape: tape{head: http.Header{}}}, followRequest(t.Context()))
		if took := time.Since(began); took != writePatience || l.gone != 1 {
			t.Errorf("dropped after %v, %d subscriptions cancelled", took, l.gone)
		}
	})
}
