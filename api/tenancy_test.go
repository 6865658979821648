package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/parley-voice/parley/store"
)

// intrusions has a row for each route that takes more than an id: what the other tenant's key must not get at. A route that
// takes an id needs none: its row is made from the table.
var intrusions = map[string][]intrusion{
	"GET /v1/voices/available": {{query: "?type=voice_openai&account_connection={account_connections}", status: 404}},
	"POST /v1/voices/speak":    {{body: `{"text":"x","voice":"{voices}"}`, status: 404}, {body: `{"text":"x","voice":{"type":"voice_local","account_connection":"{account_connections}"}}`, status: 404}},
	"GET /v1/nodes":            {{status: 403}},
	"GET /v1/overview":         {{query: "?agent={agents}&by=month", status: 200}},
	"GET /v1/numbers":          {{query: "?id={numbers}", status: 404}, {query: "?phone_number=onlyhere", status: 404}},
	"POST /v1/numbers/update":  {{query: "?id={numbers}", body: `{"label":"stolen"}`, status: 404}, {query: "?phone_number=onlyhere", body: `{}`, status: 404}},
	"POST /v1/numbers/detach":  {{query: "?id={numbers}", status: 404}, {query: "?phone_number=onlyhere", status: 404}},
	"POST /v1/numbers/link": {
		{body: `{"phone_number":"+15557770001","inbound_agent":"{agents}"}`, status: 404},
		{body: `{"phone_number":"+15557770002","inbound_agent":{"id":"{agents}","name":"stolen"}}`, status: 404},
		{body: `{"phone_number":"+15557770003","telephony_account_connection":"{account_connections}"}`, status: 404},
	},
	"POST /v1/agents/create": {
		{body: `{"prompt":"{prompts}","actions":[],"voice":{}}`, status: 404},
		{body: `{"prompt":{"id":"{prompts}","content":"stolen"},"actions":[],"voice":{}}`, status: 404},
		{body: `{"prompt":{},"actions":["{actions}"],"voice":{}}`, status: 404},
		{body: `{"prompt":{},"actions":[{"id":"{actions}","label":"stolen"}],"voice":{}}`, status: 404},
		{body: `{"prompt":{},"actions":[],"voice":"{voices}"}`, status: 404},
		{body: `{"prompt":{},"actions":[],"voice":{"id":"{voices}","label":"stolen"}}`, status: 404},
		{body: `{"prompt":{},"actions":[],"voice":{"account_connection":"{account_connections}"},"webhook":"{webhooks}"}`, status: 404},
		{body: `{"prompt":{},"actions":[],"voice":{"type":"voice_local","account_connection":"{account_connections}"}}`, status: 404},
		{body: `{"prompt":{},"actions":[],"voice":{},"webhook":"{webhooks}"}`, status: 404},
		{body: `{"prompt":{},"actions":[],"voice":{},"webhook":{"url":"https://e.com","subscriptions":[],"account_connection_id":"{account_connections}"}}`, status: 404},
		{body: `{"prompt":{},"actions":[],"voice":{},"openai_account_connection":"{account_connections}"}`, status: 404},
		{body: `{"prompt":{},"actions":[],"voice":{},"account_connection":"{account_connections}"}`, status: 404},
		{body: `{"prompt":{},"actions":[],"voice":{},"llm_fallback":{"account_connection":"{account_connections}"}}`, status: 404},
		{body: `{"prompt":{},"actions":[],"voice":{},"transcriber":{"account_connection":"{account_connections}"}}`, status: 404},
	},
	"GET /v1/calls/live": {{query: "?types=!", status: 400}}, // it has no end: TestAllCallsAsTheyHappen
	"POST /v1/calls/web": {{body: `{"agent":"{agents}"}`, status: 404}},
	"POST /v1/calls/create": {
		{body: `{"from_number":"+15550001111","to_number":"sip:a@b","agent":"{agents}"}`, status: 404},
		{body: `{"from_number":"+15550001111","to_number":"sip:a@b","agent":{"id":"{agents}"}}`, status: 404},
		{body: `{"from_number":"+15550001111","to_number":"sip:a@b","agent":"{own.agents}","telephony_account_connection":"{account_connections}"}`, status: 404},
	},
	"POST /v1/account_connections/create": {{body: `{"type":"account_connection_deepgram","credentials":{"api_key":"k"}}`, status: 201}},
	"POST /v1/account_connections/test": {
		{query: "?id={account_connections}", status: 404}, {body: `{"type":"account_connection_deepgram","credentials":{"api_key":"k"}}`, status: 200},
	},
	"POST /v1/prompts/create":          {{body: `{"id":"{prompts}"}`, status: 201}},
	"POST /v1/actions/create":          {{body: `{"id":"{actions}","type":"action_dtmf"}`, status: 201}},
	"POST /v1/voices/create":           {{body: `{"type":"voice_local","account_connection":"{account_connections}"}`, status: 404}},
	"POST /v1/vector_databases/create": {{body: `{"id":"{vector_databases}","type":"vector_database_pinecone","index":"i","api_key":"k","api_environment":"e"}`, status: 201}},
	"POST /v1/pronunciations/create":   {{body: `{"id":"{pronunciations}","word":"Ada","respelling":"Aida"}`, status: 201}},
	"POST /v1/do_not_call/create":      {{body: `{"number":"+15559990001"}`, status: 201}},
	"DELETE /v1/do_not_call/delete":    {{query: "?id={do_not_call}", status: 404}, {query: "?phone_number=%2B15557770010", status: 404}},
	"POST /v1/memories/write":          {{body: `{"number":"+15559990002","agent_id":"{agents}"}`, status: 404}, {body: `{"number":"+15559990002"}`, status: 201}},
	"DELETE /v1/memories/delete":       {{query: "?id={memories}", status: 404}, {query: "?phone_number=%2B15557770011", status: 404}},
	"POST /v1/documents/create":        {{body: `{"id":"{documents}","name":"n","content":"c"}`, status: 201}},
	"POST /v1/documents/search":        {{body: `{"query":"sundays","knowledge":["{documents}"]}`, status: 404}, {body: `{"query":"what we have on Sundays"}`, status: 200}},
	"GET /v1/numbers/available":        {{query: "?telephony_account_connection={account_connections}", status: 404}},
	"POST /v1/webhooks/redeliver":      {{query: "?id={deliveries}", status: 404}},
	"POST /v1/numbers/buy": {
		{body: `{"area_code":"415","inbound_agent":"{agents}"}`, status: 404}, {body: `{"area_code":"415","inbound_agent":{"id":"{agents}"}}`, status: 404},
		{body: `{"area_code":"415","telephony_account_connection":"{account_connections}"}`, status: 404},
	},
	"POST /v1/numbers/cancel":  {{query: "?id={numbers}", status: 404}, {query: "?phone_number=onlyhere", status: 404}},
	"POST /v1/sessions/login":  {{body: `{"key":"sk_live_nobodys"}`, status: 401}},
	"POST /v1/sessions/logout": {{status: 200}},
	"POST /v1/keys/create":     {{body: `{"environment_id":"{environments}"}`, status: 404}},
	"POST /v1/webhooks/create": {{body: `{"url":"https://e.com","subscriptions":[],"account_connection_id":"{account_connections}"}`, status: 404}},
}

type intrusion struct {
	query, body string
	status      int
}

// bodies are what routes that take an id need beside it to get past validation.
var bodies = map[string]string{
	"/v1/calls/say": `{"text":"stolen"}`, "/v1/calls/add_context": `{"text":"stolen"}`, "/v1/calls/dtmf": `{"digits":"1"}`,
	"/v1/calls/transfer": `{"phone_number":"+15557770009"}`, "/v1/calls/mute": `{"on":true}`, "/v1/calls/whisper": `{"text":"stolen"}`, "/v1/calls/take_over": `{"phone_number":"+15557770009"}`, "/v1/calls/take_over_web": `{"announce":"stolen"}`, "/v1/calls/analyze": `{"actions":true}`,
	"/v1/account_connections/add_to_steering_pool": `{"phone_number":"+15557770009"}`, "/v1/account_connections/remove_from_steering_pool": `{"phone_number":"+15557770009"}`,
}

// TestTenancy walks the table of routes with another tenant's key. A new route that it has no row for fails it.
func TestTenancy(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	if r := h.do(h.a, "POST", "/v1/numbers/link", `{"phone_number":"onlyhere"}`); r.status != 201 {
		t.Fatal(string(r.body))
	}
	if r := h.do(h.a, "POST", "/v1/memories/write", `{"number":"+15557770011"}`); r.status != 201 {
		t.Fatal(r)
	}
	if r := h.do(h.a, "POST", "/v1/do_not_call/create", `{"number":"+15557770010"}`); r.status != 201 {
		t.Fatal(string(r.body))
	}
	h.a.ids["keys"], _ = h.do(h.admin, "POST", "/v1/keys/create", `{}`).object()["id"].(string)
	h.courier.env, h.courier.id = h.a.env, newID()
	h.a.ids["deliveries"] = h.courier.id
	intruder := &tenant{env: h.b.env, key: h.newKey(h.b.env, store.Admin), ids: h.b.ids} // members get no further than to 403
	h.api.Carriers = map[string]Carrier{"test": &fakeCarrier{}}
	h.api.Prober = &fakeProber{}
	before := h.inventory(h.a)
	for _, rt := range h.api.Routes() {
		name := rt.method + " " + rt.path
		rows := intrusions[name]
		resource := strings.Split(strings.TrimPrefix(rt.path, "/v1/"), "/")[0]
		switch laid := h.api.routes[rt.path][rt.method]; {
		case !strings.HasPrefix(rt.path, "/v1/"):
			continue // has no tenant's data
		case laid.role == store.Operator:
			rows = []intrusion{{query: "?id={" + resource + "}", body: `{"name":"stolen"}`, status: 403}}
		case len(rows) > 0:
		case laid.takesID:
			body := bodies[rt.path]
			if laid.body != nil && body == "" {
				body = `{"label":"stolen"}`
			}
			rows = []intrusion{{query: "?id={" + resource + "}", body: body, status: 404}}
		case rt.method == http.MethodGet:
			rows = []intrusion{{query: "?size=100", status: 200}}
			if strings.HasSuffix(rt.path, "/list") {
				rows = append(rows, intrusion{query: `?filters={"id":"{` + resource + `}"}`, status: 200}, intrusion{query: `?filters={"id":{"in":["{` + resource + `}"]}}`, status: 200})
			}
		default:
			t.Errorf("%s: no row says what another tenant must not get at here", name)
		}
		for _, row := range rows {
			fill := strings.NewReplacer(pairs(h.a.ids, "{", "}")...)
			own := strings.NewReplacer(pairs(h.b.ids, "{own.", "}")...)
			r := h.do(intruder, rt.method, rt.path+own.Replace(fill.Replace(row.query)), own.Replace(fill.Replace(row.body)))
			if r.status != row.status {
				t.Errorf("%s%s %s: %d, want %d: %s", name, row.query, row.body, r.status, row.status, r.body)
			}
			if r.status < 300 {
				for kind, id := range h.a.ids {
					if strings.Contains(string(r.body), id) {
						t.Errorf("%s%s tells the other tenant's %s: %s", name, row.query, kind, r.body)
					}
				}
			}
		}
	}
	if after := h.inventory(h.a); after != before {
		t.Errorf("something of the tenant's has changed\nbefore %s\nafter  %s", before, after)
	}
}

// TestKeyless walks the table without a key: only what is meant to be open answers.
func TestKeyless(t *testing.T) {
	h := newHouse(t)
	for _, rt := range h.api.Routes() {
		want := 401
		if !strings.HasPrefix(rt.path, "/v1/") {
			want = 200
		}
		if rt.path == "/metrics" {
			want = 403
		}
		if rt.path == "/v1/sessions/login" {
			want = 400 // without a body
		}
		if r := h.do(nil, rt.method, rt.path+"?id=00000000-0000-4000-8000-000000000000", ""); r.status != want {
			t.Errorf("%s %s without a key: %d", rt.method, rt.path, r.status)
		}
	}
}

func pairs(ids map[string]string, before, after string) (out []string) {
	for kind, id := range ids {
		out = append(out, before+kind+after, id)
	}
	return out
}

// inventory is all a tenant has, in one string.
func (h *house) inventory(n *tenant) string {
	all := map[string]json.RawMessage{}
	for _, rt := range h.api.Routes() {
		if strings.HasSuffix(rt.path, "/list") && h.api.routes[rt.path]["GET"].role == store.Member {
			all[rt.path] = h.do(n, "GET", rt.path+"?size=100", "").body
		}
	}
	b, err := json.Marshal(all)
	if err != nil {
		h.t.Fatal(err)
	}
	return string(b)
}
