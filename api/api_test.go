package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/webrtc"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// A house is an API on a real store with two environments, each with one of everything.
type house struct {
	t     testing.TB
	api   *API
	db    *store.DB
	blobs *store.Blobs
	live  *fakeLive
	key   *secret.Key
	a, b  *tenant

	admin, operator *tenant // further keys of a's environment, and of one of its own
	courier         *fakeCourier
	dir             string
}

// A tenant is an environment, its key, and the ids of what it has.
type tenant struct {
	env, key string
	ids      map[string]string
}

type speechOptions struct {
	Voice string   `json:"voice" required:"true" doc:"who speaks"`
	Speed *float64 `json:"speed,omitempty" min:"0.25" max:"4"`
	Mood  []string `json:"mood,omitempty"`
	Style string   `json:"style,omitempty" enum:"calm,lively"`
}

type hearingOptions struct {
	Model string `json:"model,omitempty"`
	Smart bool   `json:"smart,omitempty"`
}

func testSpecs() []provider.Spec {
	return []provider.Spec{
		{Name: "local", Hearing: &provider.Hearing{Options: &hearingOptions{}}, Thinking: &provider.Thinking{},
			Speaking: &provider.Speaking{Options: &struct {
				Voice string `json:"voice,omitempty"`
				Rate  *int   `json:"rate,omitempty" min:"80" max:"400"`
			}{}}},
		{Name: "openai", Hearing: &provider.Hearing{Options: hearingOptions{}}, Thinking: &provider.Thinking{},
			Speaking: &provider.Speaking{Options: &speechOptions{}}},
		{Name: "deepgram", Hearing: &provider.Hearing{Options: &hearingOptions{}}},
	}
}

// fakeLive records what it was asked to do.
type fakeLive struct {
	mu      sync.Mutex
	running map[string]func() // by call id: what End does
	said    []Command

	discreet  bool
	elsewhere string // the call that runs in another node
}

func (f *fakeLive) End(_ context.Context, id string) error {
	f.mu.Lock()
	end := f.running[id]
	f.mu.Unlock()
	if end == nil {
		return parley.NotFound("running call")
	}
	end()
	return nil
}

func (f *fakeLive) Control(_ context.Context, id string, c Command) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[id] == nil {
		return parley.NotFound("running call")
	}
	f.said = append(f.said, c)
	return nil
}

func (f *fakeLive) Listen(_ context.Context, id string, channels int, w io.Writer, flush func() error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running[id] == nil {
		return parley.NotFound("running call")
	}
	if _, err := fmt.Fprintf(w, "RIFF of %d channels", channels); err != nil {
		return err
	}
	return flush()
}

func (f *fakeLive) Discreet(string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.discreet
}

func (f *fakeLive) Runs(id string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.elsewhere != id
}

// fakeCourier knows one delivery.
type fakeCourier struct{ env, id string }

func (f *fakeCourier) Redeliver(_ context.Context, env, id string) (store.Delivery, error) {
	if f.env != env || f.id != id {
		return store.Delivery{}, parley.NotFound("delivery")
	}
	return store.Delivery{ID: newID(), EnvironmentID: env, CallID: id, EventID: id, EventType: parley.EventMessage, State: store.Pending, Created: time.Now()}, nil
}

func newHouse(t testing.TB) *house {
	t.Helper()
	k, err := secret.NewKey("a master key for tests only")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	db, err := store.Open(t.Context(), filepath.Join(dir, "parley.db"), k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	blobs, err := store.NewBlobs(filepath.Join(dir, "recordings"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blobs.Close() })
	h := &house{t: t, db: db, blobs: blobs, key: k, live: &fakeLive{running: map[string]func(){}}, courier: &fakeCourier{}, dir: dir}
	h.api, err = New(Config{Store: db, Log: db.Log(), Blobs: blobs, Signer: k, Live: h.live, Courier: h.courier, Specs: testSpecs(), Doors: Doors{DirectSIP: true, Web: &WebCalls{Relays: func(string) []webrtc.Server {
		return []webrtc.Server{{URLs: []string{"turn:turn.example:3478"}, Username: "u", Credential: "p"}}
	}}},
		Logger: slog.New(slog.DiscardHandler), PublicURL: "https://parley.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	h.a, h.b, h.operator = h.tenant("a"), h.tenant("b"), h.tenant("operator's")
	h.admin = &tenant{env: h.a.env, ids: h.a.ids}
	h.admin.key, h.operator.key = h.newKey(h.a.env, store.Admin), h.newKey(h.operator.env, store.Operator)
	return h
}

// newKey makes a key as the first start does.
func (h *house) newKey(env string, role store.Role) string {
	h.t.Helper()
	key, prefix, hash := secret.NewAPIKey(true)
	if _, err := h.db.CreateKey(h.t.Context(), store.APIKey{EnvironmentID: env, Prefix: prefix, Role: role}, hash); err != nil {
		h.t.Fatal(err)
	}
	return key
}

func (h *house) tenant(name string) *tenant {
	h.t.Helper()
	e, err := h.db.CreateEnvironment(h.t.Context(), store.Environment{Name: name})
	if err != nil {
		h.t.Fatal(err)
	}
	return &tenant{env: e.ID, key: h.newKey(e.ID, store.Member), ids: map[string]string{"environments": e.ID}}
}

// furnish gives a tenant one of everything, made by the API itself where it can be.
func (h *house) furnish(n *tenant) {
	h.t.Helper()
	made := func(name, path, body string) map[string]any {
		r := h.do(n, "POST", path, body)
		if r.status != 201 {
			h.t.Fatalf("%s: %d %s", path, r.status, r.body)
		}
		doc := r.object()
		n.ids[name], _ = doc["id"].(string)
		return doc
	}
	made("agents", "/v1/agents/create", `{"name":"Ada","prompt":{"content":"Be kind."},"voice":{"type":"voice_local"},
		"actions":[{"type":"action_end_conversation"}],"webhook":{"url":"https://example.com/hook","subscriptions":["event_message"]}}`)
	made("prompts", "/v1/prompts/create", `{"content":"Be brief."}`)
	made("actions", "/v1/actions/create", `{"type":"action_dtmf"}`)
	made("voices", "/v1/voices/create", `{"type":"voice_local"}`)
	made("webhooks", "/v1/webhooks/create", `{"url":"https://example.com","subscriptions":["event_error"]}`)
	made("account_connections", "/v1/account_connections/create",
		`{"type":"account_connection_sip","credentials":{"host":"sip.example.com","username":"u","password":"a very secret password"}}`)
	made("numbers", "/v1/numbers/link", `{"phone_number":"+15550001111","inbound_agent":"`+n.ids["agents"]+`"}`)
	made("vector_databases", "/v1/vector_databases/create", `{"type":"vector_database_pinecone","index":"i","api_key":"a very secret password","api_environment":"e"}`)
	made("pronunciations", "/v1/pronunciations/create", `{"word":"Siobhan","respelling":"Shivawn"}`)
	made("do_not_call", "/v1/do_not_call/create", `{"number":"+15559990001"}`)
	made("memories", "/v1/memories/write", `{"number":"+15559990002","facts":["is called Ada"]}`)
	made("documents", "/v1/documents/create", `{"name":"Hours","content":"We are open on Sundays."}`)
	n.ids["calls"] = h.call(n, func(*parley.Call) {})
}

// call writes a call as the switchboard would.
func (h *house) call(n *tenant, change func(*parley.Call)) string {
	h.t.Helper()
	c := parley.Call{ID: newID(), UserID: n.env, Status: parley.InProgress, Stage: parley.StagePickedUp, From: "+15551110000", To: "+15552220000",
		AgentID: n.ids["agents"], Created: time.Now(), Start: time.Now(),
		Agent: json.RawMessage(`{"id":"` + n.ids["agents"] + `","user_id":"` + n.env + `","prompt":{"id":"p","user_id":"e","content":"x"},"actions":[],
			"voice":{"id":"v","user_id":"e","type":"voice_openai","api_key":"sk-123456789012345"},
			"openai_account_connection":{"id":"c","user_id":"e","type":"account_connection_openai","credentials":{"openai_api_key":"sk-123456789012345"},"config":{}}}`),
		Media: parley.Media{Telephony: "sip", TelephonyID: "abc@host", Metadata: map[string]string{"call_id": "abc@host"}}}
	change(&c)
	if err := h.db.CreateCall(h.t.Context(), c); err != nil {
		h.t.Fatal(err)
	}
	return c.ID
}

// A reply is what came back.
type reply struct {
	t      testing.TB
	status int
	header http.Header
	body   []byte
}

func (r reply) object() map[string]any {
	r.t.Helper()
	var v map[string]any
	if err := json.Unmarshal(r.body, &v); err != nil {
		r.t.Fatalf("the answer is no object: %v: %s", err, r.body)
	}
	return v
}

func (h *house) do(n *tenant, method, path, body string, headers ...string) reply {
	h.t.Helper()
	var rd io.Reader = http.NoBody
	if body != "" {
		rd = strings.NewReader(body)
	}
	req := httptest.NewRequestWithContext(h.t.Context(), method, path, rd)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if n != nil {
		req.Header.Set("Authorization", "Bearer "+n.key)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	return h.send(req)
}

// request is a POST with an idempotency key, for raw.
func (h *house) request(n *tenant, path, body, key string) *http.Request {
	req := httptest.NewRequestWithContext(h.t.Context(), http.MethodPost, path, strings.NewReader(body))
	req.Header.Set("Authorization", "Bearer "+n.key)
	req.Header.Set("Idempotency-Key", key)
	return req
}

// raw asks the API without holding the answer against anything: for failures that are made on purpose.
func (h *house) raw(req *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, req)
	return w
}

// send asks the API, and holds the answer against the contract.
func (h *house) send(req *http.Request) reply {
	h.t.Helper()
	w := httptest.NewRecorder()
	h.api.ServeHTTP(w, req)
	r := reply{h.t, w.Code, w.Header(), w.Body.Bytes()}
	h.holds(req, r)
	return r
}

func (h *house) holds(req *http.Request, r reply) {
	h.t.Helper()
	if r.status >= 500 && req.URL.Path != "/readyz" {
		h.t.Errorf("%s %s answered %d: %s", req.Method, req.URL, r.status, r.body)
	}
	if strings.Contains(string(r.body), "a very secret password") || strings.Contains(string(r.body), "sk-123456789012345") {
		h.t.Errorf("%s %s tells a secret: %s", req.Method, req.URL, r.body)
	}
	schema := h.api.contract.schema("Problem")
	if op := h.api.contract.operation(req.Method, req.URL.Path); op != nil {
		said := op.Responses.Status(r.status)
		if said == nil {
			h.t.Errorf("%s %s answered %d, which the contract does not have", req.Method, req.URL.Path, r.status)
			return
		}
		media := said.Value.Content["application/json"]
		if media == nil {
			return
		}
		schema = media.Schema.Value
	}
	if !strings.HasPrefix(r.header.Get("Content-Type"), "application/json") {
		return
	}
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		h.t.Errorf("%s %s answered what is not JSON: %v: %s", req.Method, req.URL, err, r.body)
		return
	}
	if err := schema.VisitJSON(v, openapi3.MultiErrors(), openapi3.DisableSchemaErrorDetails()); err != nil {
		h.t.Errorf("%s %s: the answer is not as the contract has it: %v\n%s", req.Method, req.URL, err, r.body)
	}
	if r.status >= 400 && req.URL.Path != "/readyz" {
		m, _ := v.(map[string]any)
		if m["request_id"] != r.header.Get("X-Request-Id") || m["request_id"] == "" {
			h.t.Errorf("%s %s: request_id %v, header %q", req.Method, req.URL, m["request_id"], r.header.Get("X-Request-Id"))
		}
	}
}
