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
		{"make another of the name", "operator POST", "/v1/environments/create", `{"name":"Acme"}`, 409, `"code":"exists"¦name: another environment is called that`},
		{"call another the same", "operator POST", "/v1/environments/update?id={environments}", `{"name":"Acme"}`, 409, `"code":"exists"`},
		{"call it what it is called", "operator POST", "/v1/environments/update?id={acme}", `{"name":"Acme"}`, 201, `"name":"Acme"`},
		{"is told of no other", "admin POST", "/v1/environments/update?id={environments}", `{"name":"Acme"}`, 201, `"name":"Acme"`},
		{"keep a name that another has", "operator POST", "/v1/environments/update?id={acme}", `{"name":"Acme"}`, 201, `"name":"Acme"`},
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
			r := h.do(who.tenant, rt.method, rt.path+"?types=!&id=00000000-0000-4000-8000-000000000000", "")
			if may := rank[who.role] >= rank[role]; may == (r.status == 403) {
				t.Errorf("%s %s as %s: %d %s", rt.method, rt.path, who.role, r.status, r.body)
			} else if !may && !strings.Contains(string(r.body), "role "+string(role)) {
				t.Errorf("%s %s as %s is refused without saying what would do: %s", rt.method, rt.path, who.role, r.body)
			}
		}
	}
	if least["operator"] != 4 || least["admin"] != 5 || least["member"] < 50 {
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
		{"hear a voice where none can be", "POST", "/v1/voices/speak", `{"text":"Hello"}`, 400, `not_supported`},
		{"overview", "GET", "/v1/overview?from=2001-01-01T00:00:00Z&to=2001-01-01T01:00:00Z", ``, 200, `"by":"hour"¦"pending":0¦"calls":0¦"heard_latency":null¦"cost":null¦"vendors":[]`},
		{"overview of an agent", "GET", "/v1/overview?agent={agents}&by=day&time_zone=Europe/Berlin", ``, 200, `"time_zone":"Europe/Berlin"`},
		{"overview of too many days", "GET", "/v1/overview?from=2025-01-01T00:00:00Z&to=2025-12-01T00:00:00Z&by=day&time_zone=Europe/Berlin", ``, 400, `"field":"by"`},
		{"overview of no time", "GET", "/v1/overview?from=2001-01-02T00:00:00Z&to=2001-01-01T00:00:00Z&time_zone=Mars", ``, 400, `"field":"time_zone"`},
		{"overview of no agent", "GET", "/v1/overview?agent=anna", ``, 400, `"field":"agent"`},
		{"overview of an agent that is gone", "GET", "/v1/overview?agent={nobody}", ``, 200, `"calls":0`},
		{"redeliver", "POST", "/v1/webhooks/redeliver?id={deliveries}", ``, 200, `"state":"pending"¦"event_type":"event_message"`},
		{"redeliver nothing", "POST", "/v1/webhooks/redeliver?id={nobody}", ``, 404, `delivery not found`},
		{"redeliver another's", "other POST", "/v1/webhooks/redeliver?id={deliveries}", ``, 404, `delivery not found`},

		{"let a browser call", "POST", "/v1/calls/web", `{"agent":"{agents}","context":{"name":"Ann"},"origin":"https://shop.example","expires_in_seconds":60}`, 201, `"token":"ey¦"url":"¦/web/calls"¦"urls":["turn:turn.example:3478"]`},
		{"let a browser call nobody", "POST", "/v1/calls/web", `{"agent":"{nobody}"}`, 404, `"field":"agent"`},
		{"let a browser call for ever", "POST", "/v1/calls/web", `{"agent":"{agents}","expires_in_seconds":86400}`, 400, `"field":"expires_in_seconds"`},
		{"let a page call that is none", "POST", "/v1/calls/web", `{"agent":"{agents}","origin":"shop.example"}`, 400, `"field":"origin"`},
		{"let a browser know too much", "POST", "/v1/calls/web", `{"agent":"{agents}","context":{"x":"` + strings.Repeat("x", 5000) + `"}}`, 400, `"field":"context"`},
		{"pages that are none", "POST", "/v1/agents/update?id={agents}", `{"web_origins":["https://shop.example","https://shop.example/"]}`, 400, `"field":"web_origins.1"`},
		{"mute what is not running here", "POST", "/v1/calls/mute?id={calls}", `{"on":true}`, 409, `not_running`},
		{"mute by halves", "POST", "/v1/calls/mute?id={calls}", `{}`, 400, `on is required`},
		{"pause what is not running here", "POST", "/v1/calls/recording_pause?id={calls}", ``, 409, `not_running`},
		{"resume what is over", "POST", "/v1/calls/recording_resume?id={over}", ``, 409, `its status is ended`},
		{"whisper to what is not running here", "POST", "/v1/calls/whisper?id={calls}", `{"text":"be kind"}`, 409, `not_running`},
		{"whisper nothing", "POST", "/v1/calls/whisper?id={calls}", `{"text":""}`, 400, `text must not be empty`},
		{"take over what is over", "POST", "/v1/calls/take_over?id={over}", `{"phone_number":"+15551230001","announce":"Ann is here."}`, 409, `its status is ended`},
		{"take over by nobody", "POST", "/v1/calls/take_over?id={calls}", `{"phone_number":"a b"}`, 400, `"field":"phone_number"`},
		{"take over by a browser", "POST", "/v1/calls/take_over_web?id={calls}", `{"announce":"Ann is here."}`, 201, `"token":"ey¦"url":"¦/web/calls"¦"urls":["turn:turn.example:3478"]`},
		{"take over what is over by a browser", "POST", "/v1/calls/take_over_web?id={over}", `{}`, 409, `its status is ended`},
		{"follow all calls by types that are none", "GET", "/v1/calls/live?types=A,B", ``, 400, `"field":"types"`},
		{"listen to what is over", "GET", "/v1/calls/listen?id={over}", ``, 409, `its status is ended`},
		{"listen with three ears", "GET", "/v1/calls/listen?id={calls}&channels=3", ``, 400, `"field":"channels"`},
		{"listen to what is not running here", "GET", "/v1/calls/listen?id={calls}", ``, 409, `not_running_here`},
		{"an address to listen at", "POST", "/v1/calls/listen_url?id={calls}&channels=2", ``, 200, `/v1/calls/listen?by=sk_¦"expires_at"`},
		{"an address of what is over", "POST", "/v1/calls/listen_url?id={over}", ``, 409, `not_running`},
		{"who did that", "GET", `/v1/audit/list?filters={"call_id":"{over}"}`, ``, 200, `"act":"take_over"¦"announce":"Ann is here."¦"to":"+15551230001"¦"status":409¦"code":"not_running"¦"key":"sk_`},
		{"who listened", "GET", `/v1/audit/list?filters={"act":"listen"}`, ``, 200, `"total":1¦{calls}¦"status":409`},
		{"another's acts", "other GET", "/v1/audit/list", ``, 200, `!{calls}¦!{over}`},
		{"transfer what is over", "POST", "/v1/calls/transfer?id={over}", `{"phone_number":"+15551230001"}`, 409, `its status is ended`},
		{"transfer to nowhere", "POST", "/v1/calls/transfer?id={calls}", `{"phone_number":"a b"}`, 400, `"field":"phone_number"`},
		{"transfer in no way", "POST", "/v1/calls/transfer?id={calls}", `{"phone_number":"+15551230001","mode":"hot"}`, 400, `"field":"mode"`},
		{"brief nobody", "POST", "/v1/calls/transfer?id={calls}", `{"phone_number":"+15551230001","briefing":"It is Ann."}`, 400, `"field":"briefing"`},
		{"transfer to keys that are none", "POST", "/v1/calls/transfer?id={calls}", `{"phone_number":"+15551230001","extension":"x"}`, 400, `"field":"extension"`},
		{"a warm transfer of what is over", "POST", "/v1/calls/transfer?id={over}", `{"phone_number":"+15551230001,,204","mode":"warm","answer_timeout_seconds":10}`, 409, `its status is ended`},
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

func TestDocuments(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	long := strings.Repeat("x", parley.DocumentContent+1)
	h.play(t, []scenario{
		{"write", "POST", "/v1/documents/create", `{"name":"Shop","type":"markdown","tags":["shop"],"content":"# Hours\n\nOpen at nine.\n\n# Delivery\n\nWe ship to Canada."}`, 201,
			`"name":"Shop"¦"type":"markdown"¦"language":"en"¦"tags":["shop"]¦"size":54¦"content":"# Hours\n\nOpen`},
		{"plain", "POST", "/v1/documents/create", `{"name":"Lieferung","language":"de","content":"Wir liefern nach Kanada."}`, 201, `"type":"text"¦"language":"de"¦"tags":[]`},
		{"no name", "POST", "/v1/documents/create", `{"content":"x"}`, 400, `"field":"name"`},
		{"a blank name", "POST", "/v1/documents/create", `{"name":" ","content":"x"}`, 400, `"field":"name"`},
		{"no content", "POST", "/v1/documents/create", `{"name":"x"}`, 400, `"field":"content"`},
		{"no words", "POST", "/v1/documents/create", `{"name":"x","type":"html","content":"<script>words</script>"}`, 400, `"field":"content"¦as html`},
		{"too long", "POST", "/v1/documents/create", `{"name":"x","content":"` + long + `"}`, 400, `"field":"content"`},
		{"another type", "POST", "/v1/documents/create", `{"name":"x","type":"pdf","content":"x"}`, 400, `"field":"type"`},
		{"another language", "POST", "/v1/documents/create", `{"name":"x","language":"tlh","content":"x"}`, 400, `"field":"language"`},
		{"an empty tag", "POST", "/v1/documents/create", `{"name":"x","tags":["a",""],"content":"x"}`, 400, `tags.1`},
		{"read", "GET", "/v1/documents?id={documents}", ``, 200, `"name":"Hours"¦"content":"We are open on Sundays."`},
		{"list", "GET", `/v1/documents/list?filters={"tags":{"contains":"shop"}}`, ``, 200, `"total":1¦"size":54`},
		{"search", "POST", "/v1/documents/search", `{"query":"do you ship to Canada"}`, 200, `"document":"Shop"¦"heading":"Delivery","text":"We ship to Canada.","score":1`},
		{"search one", "POST", "/v1/documents/search", `{"query":"do you open, and ship to Canada","knowledge":["{documents}"]}`, 200, `open on Sundays`},
		{"search by the agent's words", "POST", "/v1/documents/search", `{"query":"yes","asked":"Do you live in Canada?","limit":1}`, 200, `We ship to Canada`},
		{"nothing", "POST", "/v1/documents/search", `{"query":"chess"}`, 200, `"chunks":[]`},
		{"no query", "POST", "/v1/documents/search", `{"query":" "}`, 400, `"field":"query"`},
		{"no knowledge", "POST", "/v1/documents/search", `{"query":"x","knowledge":"some"}`, 400, `knowledge`},
		{"attach", "POST", "/v1/agents/update?id={agents}", `{"knowledge":["{documents}"]}`, 201, `"knowledge":["{documents}"]`},
		{"attach another's", "POST", "/v1/agents/update?id={agents}", `{"knowledge":["{documents}","{other.documents}"]}`, 404, `"field":"knowledge.1"¦document not found`},
		{"attach what is none", "POST", "/v1/agents/create", `{"prompt":{"content":"x"},"voice":{"type":"voice_local"},"actions":[],"knowledge":["x"]}`, 400, `knowledge`},
		{"attach all", "POST", "/v1/agents/update?id={agents}", `{"knowledge":"all"}`, 201, `"knowledge":"all"`},
		{"detach", "POST", "/v1/agents/update?id={agents}", `{"knowledge":null}`, 201, `"knowledge":null`},
		{"attach once more", "POST", "/v1/agents/update?id={agents}", `{"knowledge":["{documents}"]}`, 201, `{documents}`},
		{"change", "POST", "/v1/documents/update?id={documents}", `{"content":"We are closed on Sundays.","tags":null}`, 201, `"name":"Hours"¦closed¦"tags":[]`},
		{"change to nothing", "POST", "/v1/documents/update?id={documents}", `{"content":"—"}`, 400, `"field":"content"`},
		{"what is found then", "POST", "/v1/documents/search", `{"query":"what about Sundays"}`, 200, `We are closed on Sundays.`},
		{"erase", "DELETE", "/v1/documents/delete?id={documents}", ``, 200, `"name":"Hours"¦closed`},
		{"it is gone", "GET", "/v1/documents?id={documents}", ``, 404, `document not found`},
		{"it is found no more", "POST", "/v1/documents/search", `{"query":"what about Sundays"}`, 200, `"chunks":[]`},
		{"its agent can be posted back", "POST", "/v1/agents/update?id={agents}", `{"knowledge":["{documents}"],"label":"x"}`, 201, `{documents}`},
	})
}
