package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

const ring = `{"from_number":"+15550001111","to_number":"sip:a@127.0.0.1","agent":{` + tiny + `}}`

func (h *house) once(n *tenant, path, body, key string) reply {
	h.t.Helper()
	return h.do(n, "POST", path, body, "Idempotency-Key", key)
}

func (h *house) calls(n *tenant) int {
	h.t.Helper()
	l, err := h.db.Calls(h.t.Context(), n.env, store.Page{})
	if err != nil {
		h.t.Fatal(err)
	}
	return l.Total
}

func TestSameKeySameAnswer(t *testing.T) {
	h := newHouse(t)
	first := h.once(h.a, "/v1/calls/create", ring, "k1")
	again := h.once(h.a, "/v1/calls/create", ring, "k1")
	if first.status != 201 || again.status != 201 || string(first.body) != string(again.body) {
		t.Errorf("%d %s\n%d %s", first.status, first.body, again.status, again.body)
	}
	if first.header.Get("Idempotency-Replayed") != "" || again.header.Get("Idempotency-Replayed") != "true" {
		t.Error("an answer does not say whether it is given again")
	}
	if n := h.calls(h.a); n != 1 {
		t.Errorf("%d calls", n)
	}
	for name, r := range map[string]reply{
		"another body":  h.once(h.a, "/v1/calls/create", strings.Replace(ring, "sip:a@", "sip:b@", 1), "k1"),
		"another path":  h.once(h.a, "/v1/prompts/create", `{"content":"x"}`, "k1"),
		"another query": h.once(h.a, "/v1/calls/create?x=1", ring, "k1"),
	} {
		if r.status != 422 || !strings.Contains(string(r.body), "Idempotency-Key") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if r := h.once(h.b, "/v1/calls/create", ring, "k1"); r.status != 201 || string(r.body) == string(first.body) {
		t.Errorf("another tenant's key: %d %s", r.status, r.body)
	}
	if r := h.once(h.a, "/v1/calls/create", ring, "k2"); r.status != 201 || r.object()["id"] == first.object()["id"] {
		t.Errorf("another key: %d %s", r.status, r.body)
	}
}

func TestEveryPostTakesAKey(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	for i, row := range []struct{ path, body string }{
		{"/v1/agents/create", `{` + tiny + `,"webhook":{"url":"https://e.com","subscriptions":[]}}`},
		{"/v1/webhooks/create", `{"url":"https://e.com","subscriptions":[]}`},
		{"/v1/prompts/create", `{"content":"x"}`},
		{"/v1/prompts/update?id=" + h.a.ids["prompts"], `{"content":"y"}`},
		{"/v1/numbers/link", `{"phone_number":"+15550002222"}`},
		{"/v1/webhooks/rotate_secret?id=" + h.a.ids["webhooks"], ``},
	} {
		key := fmt.Sprint("key-", i)
		first, again := h.once(h.a, row.path, row.body, key), h.once(h.a, row.path, row.body, key)
		if first.status >= 300 || first.status != again.status || string(first.body) != string(again.body) {
			t.Errorf("%s: %d %s, then %d %s", row.path, first.status, first.body, again.status, again.body)
		}
	}
}

func TestRefusedRequestMayBePutRight(t *testing.T) {
	h := newHouse(t)
	if r := h.once(h.a, "/v1/numbers/link", `{"phone_number":"+1"}`, "k"); r.status != 400 {
		t.Fatal(string(r.body))
	}
	if r := h.once(h.a, "/v1/numbers/link", `{"phone_number":"+15550002222"}`, "k"); r.status != 201 {
		t.Errorf("put right: %d %s", r.status, r.body)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	h := newHouse(t)
	for _, key := range []string{"", strings.Repeat("x", maxKey+1), "a\tb", "é"} {
		if r := h.once(h.a, "/v1/prompts/create", `{"content":"x"}`, key); r.status != 400 || !strings.Contains(string(r.body), "Idempotency-Key must be") {
			t.Errorf("%q: %d %s", key, r.status, r.body)
		}
	}
	if r := h.do(h.a, "GET", "/v1/agents/list", "", "Idempotency-Key", ""); r.status != 200 {
		t.Errorf("a GET has no use for a key: %d", r.status)
	}
}

// slowStore holds PlaceCall back until it is let go.
type slowStore struct {
	Store
	begun, release chan struct{}
}

func (s *slowStore) PlaceCall(ctx context.Context, c parley.Call, first []parley.Event, jobs ...store.Job) error {
	close(s.begun)
	<-s.release
	return s.Store.PlaceCall(ctx, c, first, jobs...)
}

func TestKeyOfARequestThatRuns(t *testing.T) {
	h := newHouse(t)
	s := &slowStore{Store: h.db, begun: make(chan struct{}), release: make(chan struct{})}
	h.api.Store = s
	var wg sync.WaitGroup
	var first reply
	wg.Go(func() { first = h.once(h.a, "/v1/calls/create", ring, "k") })
	<-s.begun
	if r := h.once(h.a, "/v1/calls/create", ring, "k"); r.status != 409 {
		t.Errorf("while the first runs: %d %s", r.status, r.body)
	}
	close(s.release)
	wg.Wait()
	if r := h.once(h.a, "/v1/calls/create", ring, "k"); first.status != 201 || string(r.body) != string(first.body) {
		t.Errorf("afterwards: %d %s, first %d %s", r.status, r.body, first.status, first.body)
	}
}

// lostAnswer commits the call and then fails, as a database does whose answer is lost.
type lostAnswer struct {
	Store
	panics bool
}

func (s *lostAnswer) PlaceCall(ctx context.Context, c parley.Call, first []parley.Event, jobs ...store.Job) error {
	if err := s.Store.PlaceCall(ctx, c, first, jobs...); err != nil {
		return err
	}
	if s.panics {
		panic("in the middle")
	}
	return errors.New("the connection broke")
}

// TestNobodyIsCalledTwice: what failed after the call was placed finds that call again.
func TestNobodyIsCalledTwice(t *testing.T) {
	for _, panics := range []bool{false, true} {
		h := newHouse(t)
		h.api.Store = &lostAnswer{h.db, panics}
		req := h.request(h.a, "/v1/calls/create", ring, "k")
		if w := h.raw(req); w.Code != 500 || strings.Contains(w.Body.String(), "connection broke") || strings.Contains(w.Body.String(), "goroutine") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		h.api.Store = h.db
		r := h.once(h.a, "/v1/calls/create", ring, "k")
		if r.status != 201 || h.calls(h.a) != 1 {
			t.Errorf("again: %d %s, %d calls", r.status, r.body, h.calls(h.a))
		}
		if same := h.once(h.a, "/v1/calls/create", ring, "k"); string(same.body) != string(r.body) {
			t.Errorf("a third time: %s", same.body)
		}
	}
}

func TestFirstEventOfACall(t *testing.T) {
	h := newHouse(t)
	id, _ := h.once(h.a, "/v1/calls/create", ring, "k").object()["id"].(string)
	l, err := h.db.Log().Events(t.Context(), id, 0, 0) // nothing has been flushed
	if err != nil || len(l) != 1 || l[0].Type != parley.EventCreated || l[0].Sequence != 1 ||
		!strings.Contains(string(l[0].Payload), `"to_number":"sip:a@127.0.0.1"`) {
		t.Errorf("%+v %v", l, err)
	}
}

func TestInlineWebhookShowsItsSecretOnce(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	hook := func(r reply) map[string]any {
		agent, _ := r.object()["agent"].(map[string]any)
		hook, _ := agent["webhook"].(map[string]any)
		return hook
	}
	inline := func(webhook string) string {
		return `{"from_number":"+15550001111","to_number":"sip:a@127.0.0.1","agent":{` + tiny + `,"webhook":` + webhook + `}}`
	}
	r := h.do(h.a, "POST", "/v1/calls/create", inline(`{"url":"https://e.com","subscriptions":[]}`))
	secret, _ := hook(r)["signing_secret"].(string)
	if r.status != 201 || !strings.HasPrefix(secret, "whsec_") {
		t.Fatalf("%d %s", r.status, r.body)
	}
	id, _ := r.object()["id"].(string)
	if got := hook(h.do(h.a, "GET", "/v1/calls?id="+id, "")); !strings.HasPrefix(got["signing_secret"].(string), "…") {
		t.Errorf("shown again: %v", got)
	}
	for name, body := range map[string]string{
		"by id":             inline(`"` + h.a.ids["webhooks"] + `"`),
		"changed":           inline(`{"id":"` + h.a.ids["webhooks"] + `","url":"https://elsewhere.example"}`),
		"of a stored agent": `{"from_number":"+15550001111","to_number":"sip:a@127.0.0.1","agent":"` + h.a.ids["agents"] + `"}`,
	} {
		r := h.do(h.a, "POST", "/v1/calls/create", body)
		if got, _ := hook(r)["signing_secret"].(string); r.status != 201 || !strings.HasPrefix(got, "…") {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}
