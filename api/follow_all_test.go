package api

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/webrtc"
	"github.com/parley-voice/parley/store"
)

// reads follows all calls with a key, and gives the lines of data as they come; the channel is closed when the stream ends.
func (h *house) reads(srv *httptest.Server, key, query string) <-chan string {
	h.t.Helper()
	req, err := http.NewRequestWithContext(h.t.Context(), "GET", srv.URL+"/v1/calls/live"+query, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	resp, err := srv.Client().Do(req)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		h.t.Fatalf("%s %v", resp.Status, resp.Header)
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Scan() // that it follows
	got := make(chan string, 1024)
	go func() {
		defer close(got)
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				got <- data
			}
		}
	}()
	return got
}

func (h *house) next(from <-chan string) string {
	h.t.Helper()
	select {
	case s := <-from:
		return s
	case <-time.After(20 * time.Second):
		h.t.Fatal("nothing came")
	}
	return ""
}

// TestAllCallsAsTheyHappen: who follows an environment has the events of all its calls, partial words too, and nobody else's.
func TestAllCallsAsTheyHappen(t *testing.T) {
	h := newHouse(t)
	srv := httptest.NewServer(h.api)
	defer srv.Close()
	one, two, foreign := h.call(h.a, func(*parley.Call) {}), h.call(h.a, func(*parley.Call) {}), h.call(h.b, func(*parley.Call) {})
	h.event(one, parley.EventConnected, `{"of":"before"}`)
	if err := h.db.Log().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, some, theirs := h.reads(srv, h.a.key, ""), h.reads(srv, h.a.key, "?types=event_message,event_phone_call_ended"), h.reads(srv, h.b.key, "")
	h.event(foreign, parley.EventMessage, `{"text":"theirs"}`)
	h.event(one, parley.EventPartial, `{"text":"I wo"}`)
	h.event(two, parley.EventMessage, `{"text":"two"}`)
	h.event(newID(), parley.EventMessage, `{"text":"of no call"}`)
	h.event(one, parley.EventEnded, `{}`)
	h.event(two, parley.EventEnded, `{}`)
	for reader, want := range map[<-chan string][]string{
		all:  {one + " partial", two + " event_message", one + " event_phone_call_ended", two + " event_phone_call_ended"},
		some: {two + " event_message", one + " event_phone_call_ended", two + " event_phone_call_ended"}, theirs: {foreign + " event_message"},
	} {
		for _, w := range want {
			id, kind, _ := strings.Cut(w, " ")
			if got := h.next(reader); !strings.Contains(got, `"call_id":"`+id+`"`) || !strings.Contains(got, `"type":"`+kind+`"`) {
				t.Errorf("got %s, want %s", got, w)
			}
		}
	}
	h.api.Close()
	for _, reader := range []<-chan string{all, some, theirs} {
		if more, ok := <-reader; ok {
			t.Errorf("and more: %s", more)
		}
	}
}

// TestAllCallsAreManyEvents: what waits for a reader is sent together, and nothing of it is lost.
func TestAllCallsAreManyEvents(t *testing.T) {
	h := newHouse(t)
	srv := httptest.NewServer(h.api)
	defer srv.Close()
	const calls, each = 20, 30
	got := h.reads(srv, h.a.key, "")
	var ids []string
	for range calls {
		ids = append(ids, h.call(h.a, func(*parley.Call) {}))
	}
	for range each {
		for _, id := range ids {
			h.event(id, parley.EventMessage, `{"text":"`+strings.Repeat("x", 1000)+`"}`)
		}
	}
	for range calls * each {
		h.next(got)
	}
	h.api.Close()
}

// TestAllCallsNoLonger: the stream of somebody whose key is revoked ends with the next sign of life.
func TestAllCallsNoLonger(t *testing.T) {
	h := newHouse(t)
	key := h.newKey(h.a.env, store.Member)
	r := &request{Request: httptest.NewRequestWithContext(context.Background(), "GET", "/v1/calls/live", nil)}
	r.Header.Set("Authorization", "Bearer "+key)
	row, err := h.api.asks(r)
	if err != nil || row.EnvironmentID != h.a.env {
		t.Fatalf("%+v, %v", row, err)
	}
	h.do(h.admin, "DELETE", "/v1/keys/delete?id="+row.ID, "")
	if _, err := h.api.asks(r); err == nil {
		t.Error("it may still follow")
	}
}

func TestTakenOverByBrowsers(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, func(*parley.Call) {})
	web := h.api.Web
	h.api.Web = nil
	if r := h.do(h.a, "POST", "/v1/calls/take_over_web?id="+id, `{}`); r.status != 409 || !strings.Contains(string(r.body), "web_calls_off") {
		t.Errorf("%d %s", r.status, r.body)
	}
	h.api.Web = web
	h.live.mu.Lock()
	h.live.elsewhere = id
	h.live.mu.Unlock()
	if r := h.do(h.a, "POST", "/v1/calls/take_over_web?id="+id, `{}`); r.status != 409 || !strings.Contains(string(r.body), "not_running_here") {
		t.Errorf("%d %s", r.status, r.body)
	}
	h.live.mu.Lock()
	h.live.elsewhere = ""
	h.live.mu.Unlock()
	r := h.do(h.a, "POST", "/v1/calls/take_over_web?id="+id, `{"announce":"Ann is here."}`)
	if r.status != 201 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	token, _ := r.object()["token"].(string)
	ticket, err := webrtc.ReadTicket(h.key, token, time.Now())
	if err != nil || ticket.TakesOver != id || ticket.Announce != "Ann is here." || ticket.AgentID != "" || ticket.Environment != h.a.env {
		t.Errorf("%+v, %v", ticket, err)
	}
	for _, body := range []string{`{"announce":"` + strings.Repeat("ø", 2001) + `"}`, `{"announce":"` + strings.Repeat("😀", 2000) + `"}`, `{"announce":5}`} {
		if r := h.do(h.a, "POST", "/v1/calls/take_over_web?id="+id, body); r.status != 400 || !strings.Contains(string(r.body), `"field":"announce"`) {
			t.Errorf("%.40s: %d %s", body, r.status, r.body)
		}
	}
}
