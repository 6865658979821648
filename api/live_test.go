package api

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

func (h *house) event(id string, kind parley.EventType, payload string) {
	h.db.Log().Append(parley.NewEvent(id, kind, json.RawMessage(payload)))
}

// over marks a call as over, after its last event.
func (h *house) over(id string) {
	h.t.Helper()
	h.event(id, parley.EventEnded, `{}`)
	if err := h.db.Log().Flush(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	err := h.db.UpdateCall(h.t.Context(), id, func(c *parley.Call) error { c.Status, c.Cause = parley.Ended, parley.AgentEnded; return nil })
	if err != nil {
		h.t.Fatal(err)
	}
}

func TestPastEvents(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, func(*parley.Call) {})
	h.event(id, parley.EventConnected, `{"to_number":"+1"}`)
	h.event(id, parley.EventPartial, `{"text":"not kept"}`)
	h.event(id, parley.EventMessage, `{"text":"two\nlines"}`)
	h.over(id)
	all := h.do(h.a, "GET", "/v1/calls/events?id="+id, "")
	if all.status != 200 || all.header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %v", all.status, all.header)
	}
	text := string(all.body)
	for _, want := range []string{"id: 1\nevent: event_phone_call_connected\ndata: {", "id: 2\nevent: event_message\ndata: {", `two\nlines`, "id: 3\nevent: event_phone_call_ended\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the stream lacks %q: %s", want, text)
		}
	}
	if strings.Contains(text, "not kept") {
		t.Error("a partial was replayed")
	}
	for name, r := range map[string]reply{
		"after":         h.do(h.a, "GET", "/v1/calls/events?after=2&id="+id, ""),
		"Last-Event-ID": h.do(h.a, "GET", "/v1/calls/events?id="+id, "", "Last-Event-ID", "2"),
	} {
		if s := string(r.body); strings.Contains(s, "id: 2\n") || !strings.Contains(s, "id: 3\n") {
			t.Errorf("%s: %s", name, s)
		}
	}
	if r := h.do(h.a, "GET", "/v1/calls/events?after=3&id="+id, ""); r.status != 204 {
		t.Errorf("nothing is left: %d %s", r.status, r.body)
	}
	for _, bad := range []string{"-1", "x", "99999999999999999999"} {
		if r := h.do(h.a, "GET", "/v1/calls/events?id="+id+"&after="+bad, ""); r.status != 400 {
			t.Errorf("after=%s: %d", bad, r.status)
		}
	}
}

// TestLiveEvents follows a running call over a real connection: what was, what comes, once each and in order, to the end.
func TestLiveEvents(t *testing.T) {
	h := newHouse(t)
	srv := httptest.NewServer(h.api)
	defer srv.Close()
	id := h.call(h.a, func(*parley.Call) {})
	h.event(id, parley.EventConnected, `{}`)
	if err := h.db.Log().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	req, _ := http.NewRequestWithContext(t.Context(), "GET", srv.URL+"/v1/calls/events?id="+id, nil)
	req.Header.Set("Authorization", "Bearer "+h.a.key)
	resp, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	next := func(prefix string) string {
		t.Helper()
		for lines.Scan() {
			if s, ok := strings.CutPrefix(lines.Text(), prefix); ok {
				return s
			}
		}
		t.Fatalf("the stream ended before %q", prefix)
		return ""
	}
	if got := next("event: "); got != "event_phone_call_connected" {
		t.Fatal(got)
	}
	h.event(id, parley.EventPartial, `{"text":"I wo"}`)
	if got := next("event: "); got != "partial" {
		t.Fatal(got)
	}
	h.event(id, parley.EventMessage, `{"text":"I would"}`)
	if got := next("id: "); got != "2" {
		t.Fatal(got)
	}
	h.over(id)
	if got := next("id: "); got != "3" {
		t.Fatal(got)
	}
	rest, err := io.ReadAll(resp.Body)
	if err != nil || strings.Contains(string(rest), "event:") {
		t.Errorf("after the last event: %q %v", rest, err)
	}
}

// quietStore and quietLog are a running call in which nothing happens, for tests on virtual time.
type quietStore struct {
	Store
	mu     sync.Mutex
	status parley.Status
}

func (q *quietStore) become(s parley.Status) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.status = s
}

func (q *quietStore) LookupKey(context.Context, [32]byte) (store.APIKey, error) {
	return store.APIKey{EnvironmentID: "e"}, nil
}

func (q *quietStore) Call(_ context.Context, _, id string) (parley.Call, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return parley.Call{ID: id, Status: q.status}, nil
}

type quietLog struct {
	Log
	mu     sync.Mutex
	events chan parley.Event
	stored []parley.Event
	subs   int
	gone   int
}

func (q *quietLog) Subscribe(string) (<-chan parley.Event, func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.subs++
	return q.events, func() { q.mu.Lock(); q.gone++; q.mu.Unlock() }
}

func (q *quietLog) Events(_ context.Context, _ string, after int64, _ int) ([]parley.Event, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, e := range q.stored {
		if e.Sequence > after {
			return q.stored[i:], nil
		}
	}
	return nil, nil
}

// tape is a ResponseWriter that remembers when it was written to.
type tape struct {
	mu    sync.Mutex
	head  http.Header
	text  strings.Builder
	times []time.Time
}

func (w *tape) Header() http.Header { return w.head }
func (w *tape) WriteHeader(int)     {}
func (w *tape) Flush()              {}
func (w *tape) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.times = append(w.times, time.Now())
	return w.text.Write(b)
}

func quietAPI(t *testing.T, s *quietStore, l *quietLog) *API {
	t.Helper()
	a, err := New(Config{Store: s, Log: l, Specs: testSpecs(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func followRequest(ctx context.Context) *http.Request {
	r := httptest.NewRequestWithContext(ctx, "GET", "/v1/calls/events?id=11111111-1111-4111-8111-111111111111", nil)
	r.Header.Set("Authorization", "Bearer k")
	return r
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &quietLog{events: make(chan parley.Event)}
		a := quietAPI(t, &quietStore{status: parley.InProgress}, l)
		w := &tape{head: http.Header{}}
		done := make(chan struct{})
		began := time.Now()
		go func() { defer close(done); a.ServeHTTP(w, followRequest(t.Context())) }()
		time.Sleep(46 * time.Second)
		a.Close() // the server shuts down: the stream lets go
		<-done
		var at []time.Duration
		for _, x := range w.times {
			at = append(at, x.Sub(began))
		}
		if len(at) != 4 || at[1] != 15*time.Second || at[3] != 45*time.Second {
			t.Errorf("signs of life at %v: %s", at, w.text.String())
		}
		if l.gone != l.subs {
			t.Errorf("%d subscriptions, %d cancelled", l.subs, l.gone)
		}
	})
}

// TestEndUnseen: a call that is over although nobody said so ends the stream at the next sign of life, with what is left.
func TestEndUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, l := &quietStore{status: parley.InProgress}, &quietLog{events: make(chan parley.Event)}
		a := quietAPI(t, s, l)
		w := &tape{head: http.Header{}}
		done := make(chan struct{})
		go func() { defer close(done); a.ServeHTTP(w, followRequest(t.Context())) }()
		synctest.Wait()
		l.mu.Lock()
		l.stored = []parley.Event{{CallID: "c", Sequence: 1, Type: parley.EventWarning}}
		l.mu.Unlock()
		s.become(parley.Ended)
		<-done
		if !strings.Contains(w.text.String(), "id: 1\nevent: warning\n") {
			t.Errorf("what was left did not come: %s", w.text.String())
		}
	})
}

// TestLagging: when the log drops a reader who fell behind, the stream reads on from the log and loses nothing.
func TestLagging(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &quietLog{events: make(chan parley.Event, 1)}
		a := quietAPI(t, &quietStore{status: parley.InProgress}, l)
		w := &tape{head: http.Header{}}
		ctx, leave := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); a.ServeHTTP(w, followRequest(ctx)) }()
		synctest.Wait()
		l.mu.Lock()
		l.stored = []parley.Event{{Sequence: 1, Type: parley.EventMessage}, {Sequence: 2, Type: parley.EventMessage}}
		dropped := l.events
		l.events = make(chan parley.Event, 1)
		l.mu.Unlock()
		dropped <- l.stored[0]
		close(dropped)
		time.Sleep(2 * time.Second)
		leave()
		<-done
		if got := w.text.String(); strings.Count(got, "id: 1\n") != 1 || strings.Count(got, "id: 2\n") != 1 {
			t.Errorf("the stream was %s", got)
		}
		if l.subs != 2 || l.gone != 2 {
			t.Errorf("%d subscriptions, %d cancelled", l.subs, l.gone)
		}
	})
}
