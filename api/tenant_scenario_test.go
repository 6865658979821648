package api

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

func TestEnvironments(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	made := h.do(h.operator, "POST", "/v1/environments/create", `{"name":"Acme","max_concurrent_calls":3,"text_retention_days":90}`)
	h.a.ids["acme"], _ = made.object()["id"].(string)
	h.play(t, []scenario{
		{"make", "operator POST", "/v1/environments/create", `{"name":"New"}`, 201, `"name":"New"¦"max_concurrent_calls":0¦"time_format":"iso8601"¦"auto_do_not_call":false`},
		{"make without a name", "operator POST", "/v1/environments/create", `{}`, 400, `name is required`},
		{"make with too many days", "operator POST", "/v1/environments/create", `{"name":"x","audio_retention_days":-1}`, 400, `audio_retention_days must be between 0 and 36500`},
		{"make with half a call", "operator POST", "/v1/environments/create", `{"name":"x","max_concurrent_calls":1.5}`, 400, `max_concurrent_calls`},
		{"make with a time format", "operator POST", "/v1/environments/create", `{"name":"x","time_format":"roman"}`, 400, `time_format must be one of iso8601, epoch`},
		{"get", "operator GET", "/v1/environments?id={acme}", ``, 200, `"name":"Acme"¦"max_concurrent_calls":3¦"text_retention_days":90`},
		{"get one's own", "admin GET", "/v1/environments?id={environments}", ``, 200, `"id":"{environments}"¦"user_id":"{environments}"`},
		{"get another's", "admin GET", "/v1/environments?id={other.environments}", ``, 404, `environment not found`},
		{"get nobody's", "operator GET", "/v1/environments?id={nobody}", ``, 404, `environment not found`},
		{"list", "operator GET", "/v1/environments/list?sort_column=max_concurrent_calls&sort_desc=True&size=1", ``, 200, `"name":"Acme"¦"size":1`},
		{"list by a filter", "operator GET", `/v1/environments/list?filters={"max_concurrent_calls":{"gt":2}}`, ``, 200, `"total":1¦"name":"Acme"`},
		{"change", "operator POST", "/v1/environments/update?id={acme}", `{"max_concurrent_calls":4,"time_format":"epoch","mp3_after_days":7,"auto_do_not_call":true}`, 201,
			`"name":"Acme"¦"max_concurrent_calls":4¦"time_format":"epoch"¦"mp3_after_days":7¦"auto_do_not_call":true`},
		{"change one's own", "admin POST", "/v1/environments/update?id={environments}", `{"name":"Mine","max_concurrent_calls":0}`, 201, `"name":"Mine"`},
		{"change one's own limit", "admin POST", "/v1/environments/update?id={environments}", `{"max_concurrent_calls":7}`, 403, `max_concurrent_calls wants a key of role operator`},
		{"change another's", "admin POST", "/v1/environments/update?id={other.environments}", `{"name":"stolen"}`, 404, `environment not found`},
		{"change to nothing", "admin POST", "/v1/environments/update?id={environments}", `{"name":null}`, 400, `name must not be null`},
		{"delete what is in use", "operator DELETE", "/v1/environments/delete?id={other.environments}", ``, 409, `in_use`},
		{"delete", "operator DELETE", "/v1/environments/delete?id={acme}", ``, 200, `"name":"Acme"`},
		{"is gone", "operator GET", "/v1/environments?id={acme}", ``, 404, `environment not found`},
	})
}

func TestKeys(t *testing.T) {
	h := newHouse(t)
	made := h.do(h.admin, "POST", "/v1/keys/create", `{"label":"script"}`).object()
	h.a.ids["script"], _ = made["id"].(string)
	h.a.ids["others"], _ = h.do(h.operator, "POST", "/v1/keys/create", `{"environment_id":"`+h.b.env+`"}`).object()["id"].(string)
	h.play(t, []scenario{
		{"make", "admin POST", "/v1/keys/create", `{"label":"deploy"}`, 201, `"key":"sk_live_¦"role":"member"¦"label":"deploy"¦"prefix":"sk_live_`},
		{"make for tests", "admin POST", "/v1/keys/create", `{"test":true,"role":"admin"}`, 201, `"key":"sk_test_¦"role":"admin"`},
		{"make more than oneself", "admin POST", "/v1/keys/create", `{"role":"operator"}`, 403, `role: a key of role operator wants a key of role operator, and this one's is admin`},
		{"make an operator", "operator POST", "/v1/keys/create", `{"role":"operator"}`, 201, `"role":"operator"`},
		{"make a king", "operator POST", "/v1/keys/create", `{"role":"king"}`, 400, `role must be one of operator, admin, member`},
		{"make for another", "operator POST", "/v1/keys/create", `{"environment_id":"{other.environments}"}`, 201, `"environment_id":"{other.environments}"`},
		{"make for another as its neighbour", "admin POST", "/v1/keys/create", `{"environment_id":"{other.environments}"}`, 404, `environment_id: environment not found`},
		{"make for nobody", "operator POST", "/v1/keys/create", `{"environment_id":"{nobody}"}`, 404, `environment_id: environment not found`},
		{"make for a word", "operator POST", "/v1/keys/create", `{"environment_id":"x"}`, 400, `environment_id must be a UUID`},
		{"list", "admin GET", "/v1/keys/list?size=100", ``, 200, `"id":"{script}"¦"prefix":"sk_live_¦!{others}¦!"key":`},
		{"list all", "operator GET", "/v1/keys/list?size=100", ``, 200, `{script}¦{others}`},
		{"list one environment's", "operator GET", `/v1/keys/list?sort_column=last_used_at&filters={"environment_id":"{other.environments}"}`, ``, 200, `{others}¦!{script}`},
		{"revoke another's", "admin DELETE", "/v1/keys/delete?id={others}", ``, 404, `API key not found`},
		{"revoke", "admin DELETE", "/v1/keys/delete?id={script}", ``, 200, `"label":"script"`},
		{"revoke again", "admin DELETE", "/v1/keys/delete?id={script}", ``, 404, `API key not found`},
		{"revoke any", "operator DELETE", "/v1/keys/delete?id={others}", ``, 200, `"id":"{others}"`},
	})
}

// TestRevokedAtOnce: a key works from its making until it is revoked, and not a request longer.
func TestRevokedAtOnce(t *testing.T) {
	h := newHouse(t)
	made := h.do(h.admin, "POST", "/v1/keys/create", `{}`).object()
	n := &tenant{env: h.a.env, key: made["key"].(string)}
	if r := h.do(n, "GET", "/v1/agents/list", ""); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	h.do(h.admin, "DELETE", "/v1/keys/delete?id="+made["id"].(string), "")
	if r := h.do(n, "GET", "/v1/agents/list", ""); r.status != 401 {
		t.Errorf("revoked: %d %s", r.status, r.body)
	}
}

// TestLastOperator: a server that nobody may run any more is refused.
func TestLastOperator(t *testing.T) {
	h := newHouse(t)
	l := h.do(h.operator, "GET", `/v1/keys/list?filters={"role":"operator"}`, "").object()
	id := l["items"].([]any)[0].(map[string]any)["id"].(string)
	if r := h.do(h.operator, "DELETE", "/v1/keys/delete?id="+id, ""); r.status != 409 || !strings.Contains(string(r.body), "last_operator") {
		t.Errorf("%d %s", r.status, r.body)
	}
}

// TestRoles walks the table: what the contract says of an operation's role is kept, and others get a 403 that says which one.
func TestRoles(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	member := &tenant{env: h.a.env, key: h.newKey(h.a.env, store.Member)}
	least := map[string]int{}
	for _, rt := range h.api.Routes() {
		if !strings.HasPrefix(rt.path, "/v1/") {
			continue
		}
		role := h.api.routes[rt.path][rt.method].role
		least[string(role)]++
		for _, who := range []struct {
			*tenant
			role store.Role
		}{{member, store.Member}, {h.admin, store.Admin}, {h.operator, store.Operator}} {
			r := h.do(who.tenant, rt.method, rt.path+"?id=00000000-0000-4000-8000-000000000000", "")
			if may := rank[who.role] >= rank[role]; may == (r.status == 403) {
				t.Errorf("%s %s as %s: %d %s", rt.method, rt.path, who.role, r.status, r.body)
			} else if !may && !strings.Contains(string(r.body), "role "+string(role)) {
				t.Errorf("%s %s as %s is refused without saying what would do: %s", rt.method, rt.path, who.role, r.body)
			}
		}
	}
	if least["operator"] != 3 || least["admin"] != 5 || least["member"] < 50 {
		t.Errorf("roles of the routes: %v", least)
	}
}

func TestDoNotCall(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	ends := `"from_number":"+15550001111","agent":"{agents}"`
	h.play(t, []scenario{
		{"put on the list", "POST", "/v1/do_not_call/create", `{"number":"+15557770001","reason":"asked"}`, 201, `"number":"+15557770001"¦"reason":"asked"¦"call_id":null`},
		{"twice is once", "POST", "/v1/do_not_call/create", `{"phone_number":" 15557770001","reason":"again"}`, 201, `"reason":"asked"`},
		{"a sip: address", "POST", "/v1/do_not_call/create", `{"number":"SIP:bob@example.com"}`, 201, `"number":"sip:bob@example.com"`},
		{"nothing", "POST", "/v1/do_not_call/create", `{}`, 400, `"field":"number"`},
		{"no number", "POST", "/v1/do_not_call/create", `{"phone_number":"a b"}`, 400, `"field":"phone_number"`},
		{"list", "GET", "/v1/do_not_call/list", ``, 200, `"total":3¦+15557770001¦+15559990001`},
		{"list by number", "GET", `/v1/do_not_call/list?filters={"number":"%2B15557770001"}`, ``, 200, `"total":1`},
		{"call it", "POST", "/v1/calls/create", `{` + ends + `,"to_number":"+15557770001"}`, 403, `"code":"do_not_call"¦"field":"to_number"`},
		{"call it by its address", "POST", "/v1/calls/create", `{` + ends + `,"to_number":"sip:bob@example.com"}`, 403, `do_not_call`},
		{"queue a call to it", "POST", "/v1/calls/create", `{` + ends + `,"to_number":"+15557770001","queue":true}`, 403, `do_not_call`},
		{"another tenant may call it", "other POST", "/v1/calls/create", `{"from_number":"+15550001111","agent":"{other.agents}","to_number":"+15557770001"}`, 201, `@created`},
		{"take it off, a plus lost", "DELETE", "/v1/do_not_call/delete?phone_number=+15557770001", ``, 200, `"number":"+15557770001"`},
		{"again", "DELETE", "/v1/do_not_call/delete?phone_number=%2B15557770001", ``, 404, `number not found`},
		{"by id", "DELETE", "/v1/do_not_call/delete?id={do_not_call}", ``, 200, `+15559990001`},
		{"nothing to take off", "DELETE", "/v1/do_not_call/delete", ``, 400, `phone_number or id is required`},
		{"call it now", "POST", "/v1/calls/create", `{` + ends + `,"to_number":"+15557770001"}`, 201, `@created`},
	})
}

func TestMemories(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	h.play(t, []scenario{
		{"write", "POST", "/v1/memories/write", `{"number":"+15557770001","agent_id":"{agents}","facts":["is called Ada","has a dog"],"summary":"They asked for a table."}`, 201,
			`"number":"+15557770001"¦"agent_id":"{agents}"¦"facts":["is called Ada","has a dog"]¦"summary":"They asked for a table."¦"call_id":null`},
		{"write again", "POST", "/v1/memories/write", `{"number":"+15557770001","agent_id":"{agents}","facts":["is called Eve"]}`, 201, `"facts":["is called Eve"]¦"summary":""`},
		{"for all agents", "POST", "/v1/memories/write", `{"number":"+15557770001","summary":"x"}`, 201, `"agent_id":null¦"facts":[]`},
		{"a sip: address", "POST", "/v1/memories/write", `{"number":"SIP:bob@example.com"}`, 201, `"number":"sip:bob@example.com"`},
		{"no number", "POST", "/v1/memories/write", `{}`, 400, `"field":"number"`},
		{"nobody's number", "POST", "/v1/memories/write", `{"number":"anonymous"}`, 400, `"field":"number"¦withheld`},
		{"an empty fact", "POST", "/v1/memories/write", `{"number":"1","facts":["x",""]}`, 400, `facts.1`},
		{"a fact that is none", "POST", "/v1/memories/write", `{"number":"1","facts":[7]}`, 400, `facts.0`},
		{"another's agent", "POST", "/v1/memories/write", `{"number":"1","agent_id":"{other.agents}"}`, 404, `agent_id`},
		{"of a number", "GET", `/v1/memories/list?filters={"number":"%2B15557770001"}`, ``, 200, `"total":2¦is called Eve`},
		{"erase a number", "DELETE", "/v1/memories/delete?phone_number=+15557770001", ``, 200, `"erased":¦is called Eve¦"summary":"x"`},
		{"again", "DELETE", "/v1/memories/delete?phone_number=%2B15557770001", ``, 404, `memory not found`},
		{"by id", "DELETE", "/v1/memories/delete?id={memories}", ``, 200, `is called Ada`},
		{"what is left", "GET", "/v1/memories/list", ``, 200, `"total":1¦sip:bob@example.com`},
	})
}

func TestOtherParts(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	h.courier.env, h.courier.id = h.a.env, newID()
	h.a.ids["deliveries"] = h.courier.id
	h.a.ids["over"] = h.call(h.a, func(c *parley.Call) { c.Status, c.Cause = parley.Ended, parley.CallerHungUp })
	pool := "/v1/account_connections/add_to_steering_pool?id={account_connections}"
	h.play(t, []scenario{
		{"lend numbers", "POST", pool, `{"phone_numbers":["+15551230001"," 15551230002"]}`, 200, `"steering_pool":["+15551230001","+15551230002"]`},
		{"lend one that is lent", "POST", pool, `{"phone_number":"+15551230001"}`, 200, `"steering_pool":["+15551230001","+15551230002"]`},
		{"lend nothing", "POST", pool, `{}`, 400, `phone_number or phone_numbers is required`},
		{"lend words", "POST", pool, `{"phone_numbers":["+15551230003","desk"]}`, 400, `"field":"phone_numbers.1"`},
		{"lend to nobody", "POST", "/v1/account_connections/add_to_steering_pool?id={nobody}", `{"phone_number":"+15551230001"}`, 404, `account connection not found`},
		{"take one back", "POST", "/v1/account_connections/remove_from_steering_pool?id={account_connections}", `{"phone_number":"+15551230001"}`, 200, `"steering_pool":["+15551230002"]`},
		{"take nothing back", "POST", "/v1/account_connections/remove_from_steering_pool?id={account_connections}", `{}`, 400, `phone_number or phone_numbers is required`},

		{"a vector database", "GET", "/v1/vector_databases?id={vector_databases}", ``, 200, `"index":"i"¦"api_key":"…word"`},
		{"its key alone changes", "POST", "/v1/vector_databases/update?id={vector_databases}", `{"api_key":"another key of it"}`, 201, `"index":"i"¦"api_key":"…f it"`},
		{"masked is unchanged", "POST", "/v1/vector_databases/update?id={vector_databases}", `{"api_key":"…f it","index":"j"}`, 201, `"index":"j"¦"api_key":"…f it"`},
		{"one of another kind", "POST", "/v1/vector_databases/create", `{"type":"vector_database_abacus","index":"i","api_key":"k","api_environment":"e"}`, 400, `type must be one of vector_database_pinecone`},
		{"half of one", "POST", "/v1/vector_databases/create", `{"type":"vector_database_pinecone"}`, 400, `index is required`},
		{"list them", "GET", "/v1/vector_databases/list", ``, 200, `"total":1¦{vector_databases}`},
		{"delete it", "DELETE", "/v1/vector_databases/delete?id={vector_databases}", ``, 200, `"index":"j"`},
		{"it is gone", "GET", "/v1/vector_databases?id={vector_databases}", ``, 404, `vector database not found`},

		{"a pronunciation", "GET", "/v1/pronunciations?id={pronunciations}", ``, 200, `"word":"Siobhan"¦"respelling":"Shivawn"`},
		{"its phonemes", "POST", "/v1/pronunciations/update?id={pronunciations}", `{"ipa":"ʃɪˈvɔːn","language":"en"}`, 201, `"ipa":"ʃɪˈvɔːn"¦"respelling":"Shivawn"¦"language":"en"`},
		{"they alone stay", "POST", "/v1/pronunciations/update?id={pronunciations}", `{"respelling":null}`, 201, `"respelling":null¦"ipa":"ʃɪˈvɔːn"`},
		{"nothing stays", "POST", "/v1/pronunciations/update?id={pronunciations}", `{"ipa":""}`, 400, `"field":"respelling"¦respelling or ipa must say`},
		{"a word of nothing", "POST", "/v1/pronunciations/create", `{"word":" ","respelling":"x"}`, 400, `word must be the word as it is written`},
		{"a word alone", "POST", "/v1/pronunciations/create", `{"word":"Zoë"}`, 400, `respelling or ipa must say how the word is spoken`},
		{"markup", "POST", "/v1/pronunciations/create", `{"word":"Zoë","ipa":"<b>"}`, 400, `ipa must be phonemes of the International Phonetic Alphabet`},
		{"another language", "POST", "/v1/pronunciations/create", `{"word":"Zoë","respelling":"Zoey","language":"sv"}`, 400, `language must be one of en, es, de`},
		{"by its word", "GET", "/v1/pronunciations/list?filters={\"word\":\"Siobhan\"}", ``, 200, `"total":1¦{pronunciations}¦!{other.pronunciations}`},
		{"by its language", "GET", "/v1/pronunciations/list?filters={\"language\":\"de\"}", ``, 200, `"total":0`},
		{"delete it", "DELETE", "/v1/pronunciations/delete?id={pronunciations}", ``, 200, `"word":"Siobhan"`},
		{"it is gone", "GET", "/v1/pronunciations?id={pronunciations}", ``, 404, `pronunciation not found`},

		{"connections", "GET", "/v1/account_connections/list", ``, 200, `"total":1¦{account_connections}¦!{other.account_connections}`},
		{"prompts", "GET", "/v1/prompts/list?sort_column=label", ``, 200, `{prompts}¦!{other.prompts}`},
		{"actions", "GET", "/v1/actions/list", ``, 200, `{actions}¦!{other.actions}`},
		{"change an action", "POST", "/v1/actions/update?id={actions}", `{"label":"keys"}`, 201, `"label":"keys"¦"type":"action_dtmf"`},
		{"delete an action", "DELETE", "/v1/actions/delete?id={actions}", ``, 200, `"label":"keys"`},
		{"a voice", "GET", "/v1/voices?id={voices}", ``, 200, `"type":"voice_local"`},
		{"delete a voice", "DELETE", "/v1/voices/delete?id={voices}", ``, 200, `"id":"{voices}"`},
		{"make a webhook", "POST", "/v1/webhooks/create", `{"url":"https://example.com","subscriptions":["event_error"]}`, 201, `"signing_secret":"whsec_`},
		{"webhooks", "GET", "/v1/webhooks/list", ``, 200, `{webhooks}¦"signing_secret":"…¦!whsec_¦!{other.webhooks}`},
		{"delete a webhook", "DELETE", "/v1/webhooks/delete?id={webhooks}", ``, 200, `"id":"{webhooks}"`},

		{"usage", "GET", "/v1/usage", ``, 200, `"plan_type":"plan_unlimited"¦"user_id":"{environments}"¦"monthly_usage_limit_minutes":2147483647`},
		{"redeliver", "POST", "/v1/webhooks/redeliver?id={deliveries}", ``, 200, `"state":"pending"¦"event_type":"event_message"`},
		{"redeliver nothing", "POST", "/v1/webhooks/redeliver?id={nobody}", ``, 404, `delivery not found`},
		{"redeliver another's", "other POST", "/v1/webhooks/redeliver?id={deliveries}", ``, 404, `delivery not found`},

		{"mute what is not running here", "POST", "/v1/calls/mute?id={calls}", `{"on":true}`, 409, `not_running`},
		{"mute by halves", "POST", "/v1/calls/mute?id={calls}", `{}`, 400, `on is required`},
		{"transfer what is over", "POST", "/v1/calls/transfer?id={over}", `{"phone_number":"+15551230001"}`, 409, `its status is ended`},
		{"transfer to nowhere", "POST", "/v1/calls/transfer?id={calls}", `{"phone_number":"a b"}`, 400, `"field":"phone_number"`},
		{"add no context", "POST", "/v1/calls/add_context?id={calls}", `{"text":""}`, 400, `text must not be empty`},
		{"analyse what runs", "POST", "/v1/calls/analyze?id={calls}", `{}`, 409, `the call is not over`},
		{"analyse once more", "POST", "/v1/calls/analyze?id={over}", ``, 200, `"status":"ended"`},
		{"analyse another's", "other POST", "/v1/calls/analyze?id={over}", ``, 404, `call not found`},
		{"the events of a call", "GET", "/v1/calls/events?id={over}", ``, 204, ``},
		{"the events of another's", "other GET", "/v1/calls/events?id={over}", ``, 404, `call not found`},
	})
}

// TestEveryRouteHasAScenario reads the tables of this package's tests.
func TestEveryRouteHasAScenario(t *testing.T) {
	files, err := filepath.Glob("*_test.go")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("\\{\"[^\"]+\", \"(?:\\w+ )?(GET|POST|DELETE)\", (?:[\"`](/[a-z0-9_/.]+)|(pool))")
	played := map[string]bool{"POST /v1/account_connections/add_to_steering_pool": true}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range row.FindAllStringSubmatch(string(b), -1) {
			played[m[1]+" "+m[2]] = true
		}
	}
	h := newHouse(t)
	for _, rt := range h.api.Routes() {
		if !played[rt.method+" "+rt.path] && !rt.unlisted {
			t.Errorf("%s %s has no scenario", rt.method, rt.path)
		}
	}
}

// TestUsageIsCounted: minutes of this month, whole, and of this environment alone.
func TestUsageIsCounted(t *testing.T) {
	h := newHouse(t)
	now := time.Now()
	month := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	h.call(h.a, func(c *parley.Call) {
		c.Status, c.Cause, c.Start, c.End = parley.Ended, parley.AgentEnded, month.Add(time.Millisecond), month.Add(90*time.Second)
	})
	h.call(h.a, func(c *parley.Call) {
		c.Status, c.Cause, c.Start, c.End = parley.Ended, parley.AgentEnded, month.Add(-time.Hour), month.Add(-time.Minute)
	})
	if got := h.do(h.a, "GET", "/v1/usage", "").object()["monthly_usage_minutes"]; got != 2.0 {
		t.Errorf("%v minutes", got)
	}
	if got := h.do(h.b, "GET", "/v1/usage", "").object()["monthly_usage_minutes"]; got != 0.0 {
		t.Errorf("another tenant's: %v minutes", got)
	}
}
