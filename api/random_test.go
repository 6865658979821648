package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/parley-voice/parley/store"
)

// A dice makes requests from the contract: mostly what it asks for, sometimes what it does not.
type dice struct {
	*rand.Rand
	ids  []string            // of things that are there, of both tenants
	own  map[string][]string // the tenant's own, by kind
	wild bool                // this request may have anything anywhere
}

// likely is what fields want that the schema does not tell.
var likely = map[string][]any{
	"provider": {"local", "openai"}, "from_number": {"+15550001111"}, "agent_phone_number": {"+15550001111"},
	"to_number": {"+15552223333", "sip:bob@127.0.0.1"}, "phone_number": {"+15550001112", "desk", "+15550001113", "+15550001114"},
	"host": {"sip.example.com"}, "digits": {"12#"}, "type": {"voice_local"}, "transcriber": {map[string]any{"type": "transcriber_local"}}, "port": {5060},
	"context_endpoint": {"https://example.com/x"}, "url": {"https://example.com/x"},
	"credentials": {map[string]any{"host": "h", "api_key": "k", "openai_api_key": "k", "twilio_account_sid": "AC1", "twilio_auth_token": "t",
		"base_url": "https://e.com", "username": "u", "password": "p", "token_url": "https://e.com", "login": "l", "key": "k"}},
	"dynamic_min_wait_secs": {0.1}, "dynamic_max_silence_secs": {2.5},
	"prompt_template": {map[string]any{"required_context_keys": []any{}}}, "hipaa_compliant": {false},
}

// kinds are the fields that hold an id, and of what.
var kinds = map[string]string{
	"prompt": "prompts", "voice": "voices", "webhook": "webhooks", "actions": "actions", "openai_account_connection": "account_connections",
	"account_connection": "account_connections", "account_connection_id": "account_connections", "telephony_account_connection": "account_connections",
	"agent": "agents", "inbound_agent": "agents",
}

func (d *dice) one(list ...any) any { return list[d.IntN(len(list))] }
func (d *dice) chance(n int) bool   { return d.IntN(n) == 0 }
func (d *dice) id() string          { return d.ids[d.IntN(len(d.ids))] }
func (d *dice) odd() any {
	return d.one(nil, true, -1.0, 0.0, 1e300, "", "x", "\u0000", strings.Repeat("ü", 300), "…1234", d.id(), []any{}, []any{nil}, map[string]any{},
		map[string]any{"id": d.id()}, map[string]any{"type": "voice_local"}, json.Number("1e999"), "sip:a@b", "https://e.com", "\xff")
}

// of is an id of the kind, or in a wild request of anything.
func (d *dice) of(kind string) string {
	if l := d.own[kind]; len(l) > 0 && !(d.wild && d.chance(4)) {
		return l[d.IntN(len(l))]
	}
	return d.id()
}

// value makes a value for the schema of a field.
func (d *dice) value(field string, s *openapi3.Schema, depth int) any {
	if d.wild && d.chance(12) {
		return d.odd()
	}
	if l := likely[field]; len(l) > 0 && len(s.Enum) == 0 && !d.chance(50) {
		return l[d.IntN(len(l))]
	}
	if s.Nullable && d.chance(8) {
		return nil
	}
	if of := append(append(openapi3.SchemaRefs{}, s.OneOf...), s.AnyOf...); len(of) > 0 {
		return d.value(field, of[d.IntN(len(of))].Value, depth)
	}
	if len(s.AllOf) > 0 {
		return d.value(field, s.AllOf[0].Value, depth)
	}
	if len(s.Enum) > 0 {
		return s.Enum[d.IntN(len(s.Enum))]
	}
	switch {
	case s.Type.Is("object"):
		return d.object(field, s, depth)
	case s.Type.Is("array"):
		out := []any{}
		for range d.IntN(3) {
			out = append(out, d.value(field, s.Items.Value, depth+1))
		}
		return out
	case s.Type.Is("number"), s.Type.Is("integer"):
		low, high := 0.0, 100.0
		if s.Min != nil {
			low = *s.Min
		}
		if s.Max != nil {
			high = *s.Max
		}
		if s.ExclusiveMin.Bool != nil {
			low += 0.1
		}
		return d.one(low, high, low+(high-low)*d.Float64())
	case s.Type.Is("boolean"):
		return d.chance(2)
	case s.Format == "uuid":
		return d.of(kinds[field])
	}
	return d.one("some text", "https://example.com/x", "+15551234567", "voice_local", "10", "ada@example.com", "sip.example.com", "12#", "local")
}

func (d *dice) object(path string, s *openapi3.Schema, depth int) map[string]any {
	out := map[string]any{}
	required := map[string]bool{}
	for _, name := range s.Required {
		required[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		ref := s.Properties[name]
		always := required[name] || name == "type" || name == "credentials" || name == "phone_number" || name == "from_number" ||
			path == "agent" && (name == "prompt" || name == "voice" || name == "actions") ||
			path == "webhook" && (name == "url" || name == "subscriptions")
		if name == "id" && !d.wild && !required[name] { // of what is inside another thing: attached, and changed
			continue
		}
		if always && !(d.wild && d.chance(9)) || depth < 5 && d.chance(5) {
			out[name] = d.value(name, ref.Value, depth+1)
		}
	}
	if d.wild && d.chance(5) {
		out[d.one("colour", "id", "user_id", "__proto__", "").(string)] = d.odd()
	}
	return out
}

// quest makes a whole request for one operation.
func (d *dice) quest(rt *route, op *openapi3.Operation) *quest {
	q := &quest{rt: rt, op: op, method: rt.method, path: rt.path, query: url.Values{}, header: http.Header{}}
	resource := strings.Split(strings.TrimPrefix(rt.path, "/v1/"), "/")[0]
	for _, p := range op.Parameters {
		v := p.Value
		if v.In != "query" || !v.Required && !(d.wild && d.chance(2)) && v.Name != "id" || d.wild && d.chance(9) {
			continue
		}
		switch {
		case v.Name == "id":
			q.query.Set(v.Name, d.of(resource))
		case v.Name == "filters":
			b, _ := json.Marshal(map[string]any{d.one("id", "label", "status", "created_at", "active", "x").(string): d.one("a", 1, nil, true, d.id(),
				map[string]any{d.one("gt", "in", "contains", "ne").(string): d.one("a", 5, []any{"a", 1.5}, nil)})})
			q.query.Set(v.Name, string(b))
		default:
			q.query.Set(v.Name, fmt.Sprint(d.one("1", "2", "true", "label", "created_at", "+15550001111", "wav", "-5", "\x00", "\xff", d.id())))
		}
	}
	if rt.body != nil {
		b, err := json.Marshal(d.value("", rt.body.schema, 0))
		if q.body = string(b); err != nil {
			q.body = `{"idle_time_seconds":1e999}`
		}
		if d.wild && d.chance(20) {
			q.body = q.body[:d.IntN(len(q.body)+1)]
		}
		q.header.Set("Content-Type", "application/json")
	}
	if d.wild && d.chance(10) {
		q.header.Set("Prefer", "handling=strict")
	}
	return q
}

// random sends a request made from the contract: one in two with anything anywhere, one in four with a flaw that makes it wrong for
// certain. broken is the flaw's name.
func (h *house) random(d *dice, rt *route) (got reply, broken string) {
	d.wild = d.chance(2)
	flawed := !d.wild && d.chance(2)
	q := d.quest(rt, h.api.contract.operation(rt.method, rt.path))
	key := h.a.key
	if rt.role != store.Member && !d.chance(4) {
		key = h.operator.key
	}
	q.header.Set("Authorization", "Bearer "+key)
	for flawed && broken == "" && strings.HasPrefix(rt.path, "/v1/") {
		as := *q
		as.query, as.header = maps.Clone(q.query), q.header.Clone()
		if f := flaws[d.IntN(len(flaws))]; f.make(d, &as) {
			q, broken = &as, f.name
		}
	}
	r := httptest.NewRequestWithContext(h.t.Context(), q.method, "/", strings.NewReader(q.body))
	r.URL.Path, r.URL.RawQuery, r.Header = q.path, q.query.Encode(), q.header
	got = h.send(r)
	if broken != "" && (got.status < 400 || got.status > 499) {
		h.t.Errorf("%s: %s %s?%s answered %d: %.2000s\nto %.2000q", broken, q.method, q.path, q.query.Encode(), got.status, got.body, q.body)
	}
	return got, broken
}

// randomRequests is how many TestRandomRequests sends.
const randomRequests = 10_000

// TestRandomRequests: no request may be answered 5xx, every answer must be as the contract has it (send holds it against that), and
// what is wrong for certain must get a 4xx. That all kinds of requests also succeed shows that the test tests something.
func TestRandomRequests(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	const seed = 20261123
	d := &dice{Rand: rand.New(rand.NewPCG(seed, 1))}
	d.own = map[string][]string{}
	for _, kind := range slices.Sorted(maps.Keys(h.a.ids)) {
		id := h.a.ids[kind]
		d.ids, d.own[kind] = append(d.ids, id, h.b.ids[kind]), []string{id}
	}
	succeeded, flawed := map[string]int{}, map[string]int{}
	var routes, makers []*route
	for _, rt := range h.api.Routes() {
		if rt.unlisted || rt.path == "/v1/calls/events" || rt.path == "/v1/calls/live" { // of what runs a stream has no end
			continue
		}
		rt = h.api.routes[rt.path][rt.method]
		routes = append(routes, rt)
		if strings.HasSuffix(rt.path, "/create") || strings.HasSuffix(rt.path, "/update") || rt.path == "/v1/agents" || rt.path == "/v1/numbers/link" {
			makers = append(makers, rt)
		}
	}
	for range randomRequests {
		rt := routes[d.IntN(len(routes))]
		if d.chance(2) {
			rt = makers[d.IntN(len(makers))]
		}
		got, broken := h.random(d, rt)
		flawed[broken]++
		if got.status < 300 {
			succeeded[rt.method+" "+rt.path]++
			if doc := map[string]any{}; json.Unmarshal(got.body, &doc) == nil && (strings.HasSuffix(rt.path, "/create") || strings.HasSuffix(rt.path, "/link")) {
				kind := strings.Split(strings.TrimPrefix(rt.path, "/v1/"), "/")[0]
				id, _ := doc["id"].(string)
				d.ids, d.own[kind] = append(d.ids, id), append(d.own[kind], id)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for _, rt := range makers {
		if name := rt.method + " " + rt.path; succeeded[name] == 0 {
			t.Errorf("no %s ever succeeded: the dice are loaded", name)
		}
	}
	for _, f := range flaws {
		if flawed[f.name] == 0 {
			t.Errorf("no request had %s", f.name)
		}
	}
}

// FuzzBody: whatever comes as the body of an agent, it is refused or made, and what is made can be read.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		`{` + tiny + `}`, `{}`, `[]`, `null`, `{"prompt":"x"}`, `{"prompt":{"id":1}}`, `{"actions":[[[]]]}`, `{` + tiny + `,"webhook":{"url":"https://e.com","subscriptions":[{}]}}`,
		`{` + tiny + `,"transcriber":{"type":"transcriber_local","model":"\ud800"}}`, `{` + tiny + `,"idle_time_seconds":1E-400}`, `{` + tiny + `,"skills":[{"a":{"api_key":"…"}}]}`,
		`{"prompt":{},"actions":[],"voice":{"type":"voice_openai","voice":"a","api_key":{"x":1}}}`, "{\"name\":\"\xff\"," + tiny + "}", `{"name":"x","name":null,` + tiny + `}`,
	} {
		f.Add(s)
	}
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, body string) {
		h.t = t
		r := h.do(h.a, "POST", "/v1/agents/create", body)
		if r.status != 201 {
			return
		}
		id, _ := r.object()["id"].(string)
		if got := h.do(h.a, "GET", "/v1/agents?id="+id, ""); got.status != 200 {
			t.Errorf("made from %q, and then: %d %s", body, got.status, got.body)
		}
		h.do(h.a, "DELETE", "/v1/agents/delete?id="+id, "")
	})
}

func FuzzFilters(f *testing.F) {
	for _, s := range []string{`{"name":"x"}`, `{"name":{"in":[1,null]}}`, `{"created_at":{"gt":1e308}}`, `{"name":{"contains":"%_\\"}}`, `{"":{"":{}}}`, `{"id":{"lt":{}}}`, `[]`} {
		f.Add(s)
	}
	h := newHouse(f)
	f.Fuzz(func(t *testing.T, filters string) {
		if !utf8.ValidString(filters) {
			return
		}
		h.t = t
		h.do(h.a, "GET", "/v1/agents/list?filters="+url.QueryEscape(filters), "")
		h.do(h.a, "GET", "/v1/calls/list?filters="+url.QueryEscape(filters), "")
	})
}
