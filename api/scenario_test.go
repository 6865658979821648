package api

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
)

func newID() string { return uuid.NewString() }

// A scenario is one request and what must come of it. {agents}, {calls} … in path, body and want stand for the ids of the
// tenant's things, {other.agents} for those of the other tenant. The method may say whose key it comes with: admin GET.
type scenario struct {
	name   string
	method string
	path   string
	body   string
	status int
	// want has fragments of the answer, separated by ¦; one that begins with ! must not be in it, and those that begin with @ are
	// the events that the request emits, all of them and in order.
	want string
}

func (h *house) fill(s string) string {
	for kind, id := range h.a.ids {
		s = strings.ReplaceAll(s, "{"+kind+"}", id)
	}
	for kind, id := range h.b.ids {
		s = strings.ReplaceAll(s, "{other."+kind+"}", id)
	}
	return strings.ReplaceAll(s, "{nobody}", "00000000-0000-4000-8000-000000000000")
}

func (h *house) play(t *testing.T, rows []scenario) {
	defer func() { h.t = t }()
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			h.t = t
			events, cancel := h.db.Log().Subscribe("")
			defer cancel()
			who, method := h.a, row.method
			if role, m, ok := strings.Cut(row.method, " "); ok {
				who, method = map[string]*tenant{"admin": h.admin, "operator": h.operator, "other": h.b}[role], m
			}
			r := h.do(who, method, h.fill(row.path), h.fill(row.body))
			if r.status != row.status {
				t.Fatalf("%s %s: %d, want %d: %s", row.method, row.path, r.status, row.status, r.body)
			}
			var emits []string
			for _, want := range strings.Split(h.fill(row.want), "¦") {
				if event, ok := strings.CutPrefix(want, "@"); ok {
					emits = append(emits, event)
				} else if bad, not := strings.CutPrefix(want, "!"); not && strings.Contains(string(r.body), bad) {
					t.Errorf("the answer has %q: %s", bad, r.body)
				} else if !not && !strings.Contains(string(r.body), want) {
					t.Errorf("the answer lacks %q: %s", want, r.body)
				}
			}
			if got := h.emitted(events); !slices.Equal(got, emits) {
				t.Errorf("the events %v were emitted, want %v", got, emits)
			}
		})
	}
}

// emitted is what has come out of the log.
func (h *house) emitted(events <-chan parley.Event) (all []string) {
	h.t.Helper()
	if err := h.db.Log().Flush(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	for {
		select {
		case e := <-events:
			all = append(all, string(e.Type))
		default:
			return all
		}
	}
}

const tiny = `"prompt":{"content":"x"},"actions":[],"voice":{"type":"voice_local"}`

func TestAgents(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	h.play(t, []scenario{
		{"least", "POST", "/v1/agents/create", `{` + tiny + `}`, 201, `"content":"x"¦"actions":[]`},
		{"a voice of the server's choice", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{}}`, 201, ``},
		{"by ids", "POST", "/v1/agents/create", `{"prompt":"{prompts}","actions":["{actions}"],"voice":"{voices}","webhook":"{webhooks}"}`, 201,
			`"id":"{prompts}"¦"id":"{actions}"¦"id":"{voices}"¦"id":"{webhooks}"¦"content":"Be brief."`},
		{"ids in upper case", "POST", "/v1/agents/create", `{"prompt":"` + strings.ToUpper(h.a.ids["prompts"]) + `","actions":[],"voice":{}}`, 201, `"id":"{prompts}"`},
		{"inline with id is attached and changed", "POST", "/v1/agents/create", `{"prompt":{"id":"{prompts}","label":"L"},"actions":[],"voice":{}}`, 201,
			`"id":"{prompts}"¦"label":"L"¦"content":"Be brief."`},
		{"and the change stays", "GET", "/v1/prompts?id={prompts}", ``, 200, `"label":"L"¦"content":"Be brief."`},
		{"null for what may be empty", "POST", "/v1/agents/create", `{` + tiny + `,"name":null,"webhook":null,"idle_time_seconds":null,"openai_account_connection":null}`, 201, ``},
		{"numbers as given", "POST", "/v1/agents/create", `{` + tiny + `,"idle_time_seconds":12.5,"deepgram_keywords":{"kansas":"10","texas":3}}`, 201, `12.5¦"kansas":"10"¦"texas":3`},
		{"unknown fields are dropped", "POST", "/v1/agents/create", `{` + tiny + `,"colour":"blue"}`, 201, `!colour`},
		{"a voice's unknown option", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{"type":"voice_openai","voice":"alloy","breath":0.25}}`, 400,
			`"field":"voice.breath"¦voice.breath is no option of voice_openai; its options are mood, speed, style, voice`},
		{"null says nothing of one", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{"type":"voice_openai","voice":"alloy","breath":null,"style":""}}`, 201, `"voice":"alloy"`},
		{"a transcriber's unknown option", "POST", "/v1/agents/create", `{` + tiny + `,"transcriber":{"type":"transcriber_local","modle":"x"}}`, 400,
			`transcriber.modle is no option of transcriber_local; its options are model, smart`},
		{"a transcriber's option", "POST", "/v1/agents/create", `{` + tiny + `,"transcriber":{"type":"transcriber_local","smart":1}}`, 400, `transcriber.smart must be a boolean, not a number`},
		{"part of a whole number", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{"type":"voice_local","rate":100.5}}`, 400, `voice.rate must be a whole number`},
		{"a number past all bounds", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{"type":"voice_local","rate":1e200}}`, 400, `voice.rate must be between 80 and 400`},
		{"a signing secret is shown once", "POST", "/v1/agents/create", `{` + tiny + `,"webhook":{"url":"https://e.com","subscriptions":[{"type":"event_message"}]}}`, 201, `"signing_secret":"whsec_`},
		{"a post-call action", "POST", "/v1/agents/create", `{` + tiny + `,"post_call_actions":[{"type":"sms","provider_config":{"destination_id":"d"},"config":{"from_phone":"+15551112222","to_phone":"${from_number}","body":"c","subject":"d"}}]}`, 201, `"subject":"d"`},

		{"nothing required is there", "POST", "/v1/agents/create", `{}`, 400, `"field":"actions"¦"field":"prompt"¦"field":"voice"¦voice is required`},
		{"prompt null", "POST", "/v1/agents/create", `{"prompt":null,"actions":[],"voice":{}}`, 400, `prompt must not be null`},
		{"actions null", "POST", "/v1/agents/create", `{"prompt":{},"actions":null,"voice":{}}`, 400, `actions must not be null`},
		{"language null", "POST", "/v1/agents/create", `{` + tiny + `,"language":null}`, 400, `language must not be null`},
		{"language", "POST", "/v1/agents/create", `{` + tiny + `,"language":"tlh"}`, 400, `language must be one of en, es¦!tlh`},
		{"background", "POST", "/v1/agents/create", `{` + tiny + `,"background_sound":"surf"}`, 400, `\"\", keyboard`},
		{"speed", "POST", "/v1/agents/create", `{` + tiny + `,"conversation_speed":3}`, 400, `conversation_speed must be between 0.5 and 2¦!Schema`},
		{"volume", "POST", "/v1/agents/create", `{` + tiny + `,"min_volume":101}`, 400, `min_volume must be between 0 and 100`},
		{"noise", "POST", "/v1/agents/create", `{` + tiny + `,"noise_suppression_level":-1}`, 400, `noise_suppression_level must be between 0 and 100`},
		{"temperature", "POST", "/v1/agents/create", `{` + tiny + `,"llm_temperature":2.1}`, 400, `llm_temperature must be between 0 and 2`},
		{"which API", "POST", "/v1/agents/create", `{` + tiny + `,"openai_api":"soap"}`, 400, `openai_api must be one of chat_completions, responses`},
		{"seed", "POST", "/v1/agents/create", `{` + tiny + `,"llm_seed":0.5}`, 400, `llm_seed must be a whole number`},
		{"API and seed", "POST", "/v1/agents/create", `{` + tiny + `,"openai_api":"responses","llm_seed":7,"llm_fallback":{"provider":"openai","openai_api":"responses"}}`, 201, `"llm_seed":7`},
		{"compatible server", "POST", "/v1/account_connections/create", `{"type":"account_connection_openai_compatible","credentials":{"preset":"groq","api_key":"gsk_1234567890"}}`, 201, `"type":"account_connection_openai_compatible"`},
		{"preset", "POST", "/v1/account_connections/create", `{"type":"account_connection_openai_compatible","credentials":{"preset":"skynet"}}`, 400, `credentials.preset must be one of groq, openrouter, ollama, vllm, llamacpp`},
		{"no server", "POST", "/v1/account_connections/create", `{"type":"account_connection_openai_compatible","credentials":{"api_key":"k"}}`, 400, `credentials.base_url must be given, or a preset`},
		{"Anthropic", "POST", "/v1/account_connections/create", `{"type":"account_connection_anthropic","credentials":{"api_key":"sk-ant-1234567890"}}`, 201, `"type":"account_connection_anthropic"`},
		{"duration", "POST", "/v1/agents/create", `{` + tiny + `,"call_duration_sec":0}`, 400, `call_duration_sec must be more than 0 and at most 86400`},
		{"two at once", "POST", "/v1/agents/create", `{` + tiny + `,"idle_time_seconds":-1,"name":7}`, 400, `name must be a string, not a number¦idle_time_seconds must be more`},
		{"context endpoint", "POST", "/v1/agents/create", `{` + tiny + `,"context_endpoint":"ftp://x"}`, 400, `context_endpoint must be an http or https URL`},
		{"webhook's URL", "POST", "/v1/agents/create", `{` + tiny + `,"webhook":{"url":"example.com","subscriptions":[]}}`, 400, `webhook.url must be an http or https URL`},
		{"webhook without URL", "POST", "/v1/agents/create", `{` + tiny + `,"webhook":{"subscriptions":[]}}`, 400, `webhook.url is required`},
		{"subscription", "POST", "/v1/agents/create", `{` + tiny + `,"webhook":{"url":"https://e.com","subscriptions":["event_messages"]}}`, 400, `webhook.subscriptions.0 must be one of event_message, event_action`},
		{"action type", "POST", "/v1/agents/create", `{"prompt":{},"voice":{},"actions":[{"type":"action_dtmf"},{"type":"action_dance"}]}`, 400, `actions.1.type must be one of action_transfer_call`},
		{"action without type", "POST", "/v1/agents/create", `{"prompt":{},"voice":{},"actions":[{"label":"x"}]}`, 400, `actions.0.type is required`},
		{"voice type", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{"type":"voice_hal"}}`, 400, `voice.type must be one of voice_local, voice_openai`},
		{"voice option is missing", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{"type":"voice_openai"}}`, 400, `voice.voice is required`},
		{"voice option", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{"type":"voice_openai","voice":"alloy","speed":9}}`, 400, `voice.speed must be between 0.25 and 4`},
		{"voice option's kind", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{"type":"voice_openai","voice":"alloy","speed":"fast"}}`, 400, `voice.speed must be a number, not a string`},
		{"voice by name", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":"alloy"}`, 400, `voice must be a voice's id, or a voice`},
		{"transcriber", "POST", "/v1/agents/create", `{` + tiny + `,"transcriber":{"type":"transcriber_bat"}}`, 400, `transcriber.type must be one of transcriber_deepgram, transcriber_local`},
		{"transcriber option", "POST", "/v1/agents/create", `{` + tiny + `,"transcriber":{"type":"transcriber_deepgram","smart":"yes"}}`, 400, `transcriber.smart must be a boolean`},
		{"provider", "POST", "/v1/agents/create", `{` + tiny + `,"provider":"skynet"}`, 400, `provider must be one of local, openai`},
		{"fallback", "POST", "/v1/agents/create", `{` + tiny + `,"llm_fallback":{"provider":"skynet"}}`, 400, `llm_fallback.provider must be one of`},
		{"keyword boost", "POST", "/v1/agents/create", `{` + tiny + `,"deepgram_keywords":{"kansas":"loud"}}`, 400, `deepgram_keywords.kansas must be a number`},
		{"waits cross", "POST", "/v1/agents/create", `{` + tiny + `,"dynamic_min_wait_secs":4}`, 400, `dynamic_min_wait_secs must not be more`},
		{"post-call config", "POST", "/v1/agents/create", `{` + tiny + `,"post_call_actions":[{"type":"email","provider_config":{"destination_id":"d"},"config":{}}]}`, 400, `post_call_actions.0.config.to_email is required`},
		{"an SMS from nowhere", "POST", "/v1/agents/create", `{` + tiny + `,"post_call_actions":[{"type":"sms","provider_config":{"destination_id":"d"},"config":{"from_phone":"me","to_phone":"{name}","body":"c"}}]}`, 400, `"field":"post_call_actions.0.config.from_phone"`},
		{"an SMS to nowhere", "POST", "/v1/agents/create", `{` + tiny + `,"post_call_sms":{"provider_config":{"destination_id":"d"},"from_phone":"{line}","to_phone":"sip:a@b","body":"c"}}`, 400, `"field":"post_call_sms.to_phone"`},
		{"post-call condition", "POST", "/v1/agents/create", `{` + tiny + `,"post_call_actions":[{"type":"sms","provider_config":{"destination_id":"d"},"config":{"from_phone":"+15551112222","to_phone":"{to}","body":"c"},"conditions":[{"field":"voicemail","value":false},{"field":"mood","op":"near"}]}]}`, 400, `post_call_actions.0.conditions.1 has op \"near\", which is none of contains, eq`},
		{"unknown prompt", "POST", "/v1/agents/create", `{"prompt":"{nobody}","actions":[],"voice":{}}`, 404, `prompt`},
		{"unknown inline prompt", "POST", "/v1/agents/create", `{"prompt":{"id":"{nobody}"},"actions":[],"voice":{}}`, 404, `prompt.id`},
		{"masked secret of nothing", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{"type":"voice_local","api_key":"…1234"}}`, 400, `api_key`},
		{"unknown connection", "POST", "/v1/agents/create", `{` + tiny + `,"account_connection":"{nobody}"}`, 404, `account_connection`},

		{"get", "GET", "/v1/agents?id={agents}", ``, 200, `"name":"Ada"¦!whsec_`},
		{"get without id", "GET", "/v1/agents", ``, 400, `id is required in the query`},
		{"get with a bad id", "GET", "/v1/agents?id=7", ``, 400, `id must be a UUID`},
		{"get unknown", "GET", "/v1/agents?id={nobody}", ``, 404, `agent not found`},

		{"left out is unchanged", "POST", "/v1/agents/update?id={agents}", `{"label":"L"}`, 201, `"name":"Ada"¦"label":"L"¦"content":"Be kind."`},
		{"null clears", "POST", "/v1/agents/update?id={agents}", `{"label":null,"webhook":null}`, 201, `"name":"Ada"¦!"L"¦!example.com`},
		{"null on an enum", "POST", "/v1/agents/update?id={agents}", `{"interrupt_sensitivity":null}`, 400, `interrupt_sensitivity must not be null`},
		{"null on the prompt", "POST", "/v1/agents/update?id={agents}", `{"prompt":null}`, 400, `prompt must not be null`},
		{"null on the voice", "POST", "/v1/agents/update?id={agents}", `{"voice":null}`, 400, `voice must not be null`},
		{"null on the actions", "POST", "/v1/agents/update?id={agents}", `{"actions":null}`, 400, `actions must not be null`},
		{"inline edits the attached prompt", "POST", "/v1/agents/update?id={agents}", `{"prompt":{"label":"mine"}}`, 201, `"content":"Be kind."¦"label":"mine"`},
		{"a new webhook needs all of it", "POST", "/v1/agents/update?id={agents}", `{"webhook":{"url":"https://e.com"}}`, 400, `webhook.subscriptions is required`},
		{"a new webhook", "POST", "/v1/agents/update?id={agents}", `{"webhook":{"url":"https://e.com","subscriptions":[]}}`, 201, `https://e.com`},
		{"inline edits the attached webhook", "POST", "/v1/agents/update?id={agents}", `{"webhook":{"method":"GET"}}`, 201, `https://e.com¦"method":"GET"`},
		{"another voice", "POST", "/v1/agents/update?id={agents}", `{"voice":{"type":"voice_openai","voice":"alloy","api_key":"sk-123456789012345"}}`, 201, `"voice":"alloy"¦…2345`},
		{"its secret stays", "POST", "/v1/agents/update?id={agents}", `{"voice":{"api_key":"…2345","speed":1.5}}`, 201, `"voice":"alloy"¦…2345¦1.5`},
		{"its options are checked whole", "POST", "/v1/agents/update?id={agents}", `{"voice":{"voice":null}}`, 400, `voice.voice must not be null`},
		{"a change that crosses what is stored", "POST", "/v1/agents/update?id={agents}", `{"dynamic_max_silence_secs":0.1}`, 400, `dynamic_min_wait_secs`},
		{"update unknown", "POST", "/v1/agents/update?id={nobody}", `{}`, 404, `agent not found`},
		{"what was got can be put", "POST", "/v1/agents/update?id={agents}", string(h.do(h.a, "GET", "/v1/agents?id="+h.a.ids["agents"], "").body), 201, `"name":"Ada"`},

		{"delete in use", "DELETE", "/v1/agents/delete?id={agents}", ``, 409, `+15550001111¦in_use`},
		{"detach the number", "POST", "/v1/numbers/update?phone_number=%2B15550001111", `{"inbound_agent":null}`, 201, `"inbound_agent":null`},
		{"delete", "DELETE", "/v1/agents/delete?id={agents}", ``, 200, `"name":"Ada"`},
		{"is gone", "GET", "/v1/agents?id={agents}", ``, 404, `agent not found`},
	})
}

func TestParts(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	h.play(t, []scenario{
		{"a trunk's credentials are masked", "GET", "/v1/account_connections?id={account_connections}", ``, 200, `"password":"…word"¦"host":`},
		{"a password alone changes", "POST", "/v1/account_connections/update?id={account_connections}", `{"credentials":{"password":"another secret one"}}`, 201, `"password":"… one"¦"username":¦"host":`},
		{"masked is unchanged", "POST", "/v1/account_connections/update?id={account_connections}", `{"credentials":{"password":"… one","port":5070}}`, 201, `"password":"… one"¦"port":`},
		{"a bad port", "POST", "/v1/account_connections/update?id={account_connections}", `{"credentials":{"port":70000}}`, 400, `credentials.port must be between 1 and 65535`},
		{"no host", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{}}`, 400, `credentials.host is required`},
		{"no credentials", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip"}`, 400, `credentials.host is required`},
		{"a host that is none", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"a b\r\nX: y"}}`, 400, `credentials.host must be a host name`},
		{"an address that is none", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","allowed_addresses":["::1","h:5"]}}`, 400, `credentials.allowed_addresses.1 must be an address`},
		{"an authority that is none", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","tls_ca":"cert.pem"}}`, 400, `credentials.tls_ca must be certificates in PEM`},
		{"a country that is none", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","country":"USA"}}`, 400, `credentials.country must be a country code of two letters`},
		{"a prefix that is none", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","allowed_prefixes":["0044"]}}`, 400, `credentials.allowed_prefixes.0 must be the beginning of an E.164 number`},
		{"encryption that is none", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","srtp":"maybe"}}`, 400, `credentials.srtp`},
		{"a backup that is no host", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","backup_hosts":["a b"]}}`, 400, `credentials.backup_hosts.0 must be a host name or an address`},
		{"a transport", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","transport":"pigeon"}}`, 400, `credentials.transport must be one of udp, tcp, tls`},
		{"a preset without a host of its own", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"preset":"twilio"}}`, 400, `credentials.host is required: a host name or an address, or the name of your trunk at Twilio`},
		{"a PBX without a host", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"preset":"asterisk"}}`, 400, `credentials.host is required`},
		{"a preset that has a host", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"preset":"telnyx","region":"eu"}}`, 201, `"id":`},
		{"a preset that is none", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"preset":"acme","host":"h"}}`, 400, `credentials.preset must be one of twilio`},
		{"a region of another preset", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"preset":"telnyx","region":"tokyo"}}`, 400, `credentials.region must be one of preset telnyx: au, ca, eu, us`},
		{"a region of none", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","region":"eu"}}`, 400, `it has no regions`},
		{"a region and a whole host", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"preset":"twilio","host":"x.pstn.twilio.com","region":"dublin"}}`, 400, `goes with the name of your trunk alone`},
		{"a region and a name", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"preset":"twilio","host":"x","region":"dublin"}}`, 201, `"id":`},
		{"national numbers of nowhere", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","number_format":"national"}}`, 400, `credentials.country is required with number_format national`},
		{"national numbers", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","number_format":"national","country":"DE","caller_id":"remote_party_id"}}`, 201, `"id":`},
		{"a form that is none", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","number_format":"roman"}}`, 400, `credentials.number_format must be one of e164, plain, national`},
		{"a port as 5060.0", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"h","port":5060.0}}`, 201, `"config":{}`},
		{"an unknown type", "POST", "/v1/account_connections/create", `{"type":"account_connection_fax","credentials":{}}`, 400, `type must be one of account_connection_fluents_twilio`},
		{"Telnyx, with all that calls need", "POST", "/v1/account_connections/create", `{"type":"account_connection_telnyx","credentials":{"api_key":"KEY1","public_key":"n054wODrZz4nAuXQvQ9eMrEUf8sJoprK8Hff/Wwl2Jw=","connection_id":"2040","max_calls":3,"calls_per_second":0.5},"config":{"sip_refer":true,"voicemail_detection":{"provider_amd":true}}}`, 201, `"sip_refer":true¦"max_calls":¦provider_amd`},
		{"Telnyx, with another key's words", "POST", "/v1/account_connections/create", `{"type":"account_connection_telnyx","credentials":{"api_key":"KEY1","public_key":"KEY2"}}`, 400, `credentials.public_key¦44 characters of base64`},
		{"the published example", "POST", "/v1/account_connections/create", `{"type":"account_connection_twilio","credentials":{"twilio_account_sid":"AC1234567890","twilio_auth_token":"1234567890"},"steering_pool":["+1234567890"],"account_supports_any_caller_id":false,"config":{"voicemail_detection":{}}}`, 201, `"twilio_auth_token":"…"¦voicemail_detection`},
		{"openai", "POST", "/v1/account_connections/create", `{"type":"account_connection_openai","credentials":{"api_key":"x"}}`, 400, `credentials.openai_api_key is required`},
		{"deepgram", "POST", "/v1/account_connections/create", `{"type":"account_connection_deepgram","credentials":{"api_key":"k"}}`, 201, `deepgram`},

		{"prompt null", "POST", "/v1/prompts/update?id={prompts}", `{"content":null}`, 201, `"id":"{prompts}"`},
		{"prompt type", "POST", "/v1/prompts/create", `{"type":"poem"}`, 400, `type must be one of prompt, block`},
		{"collect fields", "POST", "/v1/prompts/create", `{"collect_fields":["name",{"field_type":"email","name":"mail"}],"prompt_template":{"required_context_keys":["who"]}}`, 201, `field_type`},
		{"delete a prompt", "DELETE", "/v1/prompts/delete?id={prompts}", ``, 200, `"id":"{prompts}"`},
		{"delete it again", "DELETE", "/v1/prompts/delete?id={prompts}", ``, 404, `prompt not found`},
		{"action without config", "GET", "/v1/actions?id={actions}", ``, 200, `"config":{}`},
		{"external action", "POST", "/v1/actions/create", `{"type":"action_external","config":{"name":"x","url":"https://e.com","input_schema":{"properties":{"api_key":{"type":"string"}}}}}`, 201, `signature_secret":"whsec_¦"api_key":{"type":"string"}`},
		{"voice type is required", "POST", "/v1/voices/create", `{"label":"x"}`, 400, `type is required`},
		{"voice in a list", "GET", "/v1/voices/list", ``, 200, `"id":"{voices}"¦"total":2`},
		{"webhook's secret is masked", "GET", "/v1/webhooks?id={webhooks}", ``, 200, `"signing_secret":"…`},
		{"and rotates", "POST", "/v1/webhooks/rotate_secret?id={webhooks}", ``, 200, `"signing_secret":"whsec_`},
		{"webhook's connection", "POST", "/v1/webhooks/update?id={webhooks}", `{"account_connection_id":"{other.account_connections}"}`, 404, `account_connection_id`},
		{"deliveries", "GET", "/v1/webhooks/deliveries", ``, 200, `"items":[]`},
	})
}

func TestNumbers(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	h.play(t, []scenario{
		{"get by number", "GET", "/v1/numbers?phone_number=%2B15550001111", ``, 200, `"inbound_agent_name":"Ada"¦"content":"Be kind."¦"active":true¦"id":"{numbers}"`},
		{"a plus that was not encoded", "GET", "/v1/numbers?phone_number=+15550001111", ``, 200, `"id":"{numbers}"`},
		{"get by id", "GET", "/v1/numbers?id={numbers}", ``, 200, `+15550001111`},
		{"get by nothing", "GET", "/v1/numbers", ``, 400, `phone_number or id is required`},
		{"list", "GET", "/v1/numbers/list", ``, 200, `"total":1¦"inbound_agent_name":"Ada"`},
		{"link twice", "POST", "/v1/numbers/link", `{"phone_number":"+15550001111"}`, 409, `linked already`},
		{"link a user part", "POST", "/v1/numbers/link", `{"number":"reception","label":"desk"}`, 201, `"number":"reception"¦"telephony_provider":"sip"`},
		{"link nothing", "POST", "/v1/numbers/link", `{}`, 400, `phone_number is required`},
		{"link a bad number", "POST", "/v1/numbers/link", `{"phone_number":"+0123"}`, 400, `phone_number must be a number in E.164`},
		{"link a header", "POST", "/v1/numbers/link", `{"phone_number":"a>;x"}`, 400, `phone_number must be`},
		{"link with an agent made for it", "POST", "/v1/numbers/link", `{"phone_number":"+15550002222","inbound_agent":{"name":"New",` + tiny + `}}`, 201, `"inbound_agent_name":"New"`},
		{"link with half an agent", "POST", "/v1/numbers/link", `{"phone_number":"+15550003333","inbound_agent":{"name":"New"}}`, 400, `inbound_agent.prompt is required`},
		{"link with nobody", "POST", "/v1/numbers/link", `{"phone_number":"+15550003333","inbound_agent":"{nobody}"}`, 404, `inbound_agent`},
		{"link with another's connection", "POST", "/v1/numbers/link", `{"phone_number":"+15550003333","telephony_account_connection":"{other.account_connections}"}`, 404, `telephony_account_connection`},
		{"link with one's own", "POST", "/v1/numbers/link", `{"phone_number":"+15550003333","telephony_provider":{"name":"sip"},"telephony_account_connection":{"id":"{account_connections}"}}`, 201, `"telephony_account_connection":"{account_connections}"¦"telephony_provider":"sip"`},
		{"that connection cannot go", "DELETE", "/v1/account_connections/delete?id={account_connections}", ``, 409, `in_use¦+15550003333`},
		{"edit the attached agent", "POST", "/v1/numbers/update?id={numbers}", `{"inbound_agent":{"name":"Eve"}}`, 201, `"inbound_agent_name":"Eve"¦"id":"{agents}"`},
		{"which is edited itself", "GET", "/v1/agents?id={agents}", ``, 200, `"name":"Eve"`},
		{"edit it wrongly", "POST", "/v1/numbers/update?id={numbers}", `{"inbound_agent":{"conversation_speed":7}}`, 400, `inbound_agent.conversation_speed must be between`},
		{"inactive", "POST", "/v1/numbers/update?id={numbers}", `{"active":false}`, 201, `"active":false`},
		{"active null", "POST", "/v1/numbers/update?id={numbers}", `{"active":null}`, 400, `active must not be null`},
		{"detach from here", "POST", "/v1/numbers/detach?phone_number=reception", ``, 201, `"number":"reception"`},
		{"and it is gone", "GET", "/v1/numbers?phone_number=reception", ``, 404, `number not found`},
	})
}

func TestCalls(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	h.a.ids["over"] = h.call(h.a, func(c *parley.Call) { c.Status, c.Cause = parley.Ended, parley.CallerHungUp })
	h.a.ids["waiting"] = h.call(h.a, func(c *parley.Call) { c.Status = parley.NotStarted })
	ends := `"from_number":"+15550001111","to_number":"+15552223333"`
	h.play(t, []scenario{
		{"by id", "POST", "/v1/calls/create", `{` + ends + `,"agent":"{agents}"}`, 201, `"status":"not_started"¦"stage":"created"¦"is_outgoing":true¦"agent_phone_number":"+15550001111"¦"content":"Be kind."¦"telephony_account_connection":"{account_connections}"¦!whsec_¦@created`},
		{"the long form", "POST", "/v1/calls/create", `{"agent_phone_number":"+15550001111","to_number":"+15552223333","agent":` + string(h.do(h.a, "GET", "/v1/agents?id="+h.a.ids["agents"], "").body) + `,"telephony_provider":{"name":"twilio"},"is_outgoing":true,"context":{},"telephony_params":{},"telephony_account_connection":null}`, 201, `"from_number":"+15550001111"¦@created`},
		{"an agent for this call", "POST", "/v1/calls/create", `{` + ends + `,"agent":{"id":"{agents}","name":"Zoe","language":"de"}}`, 201, `"name":"Zoe"¦"language":"de"¦"content":"Be kind."¦@created`},
		{"leaves the stored one alone", "GET", "/v1/agents?id={agents}", ``, 200, `"name":"Ada"¦!"language":"de"`},
		{"an agent of nowhere", "POST", "/v1/calls/create", `{` + ends + `,"agent":{"name":"Ghost",` + tiny + `}}`, 201, `"name":"Ghost"¦@created`},
		{"which is not kept", "GET", "/v1/agents/list", ``, 200, `!Ghost`},
		{"half an agent", "POST", "/v1/calls/create", `{` + ends + `,"agent":{"name":"Ghost"}}`, 400, `agent.prompt is required`},
		{"a bad agent", "POST", "/v1/calls/create", `{` + ends + `,"agent":{"id":"{agents}","voice":{"type":"voice_hal"}}}`, 400, `agent.voice.type must be one of`},
		{"an unknown agent", "POST", "/v1/calls/create", `{` + ends + `,"agent":"{nobody}"}`, 404, `agent`},
		{"another's agent", "POST", "/v1/calls/create", `{` + ends + `,"agent":"{other.agents}"}`, 404, `agent`},
		{"another's agent inline", "POST", "/v1/calls/create", `{` + ends + `,"agent":{"id":"{other.agents}"}}`, 404, `agent.id`},
		{"another's prompt inline", "POST", "/v1/calls/create", `{` + ends + `,"agent":{"id":"{agents}","prompt":"{other.prompts}"}}`, 404, `prompt`},
		{"no agent", "POST", "/v1/calls/create", `{` + ends + `}`, 400, `agent is required`},
		{"no from", "POST", "/v1/calls/create", `{"to_number":"+15552223333","agent":"{agents}"}`, 400, `from_number is required`},
		{"a bad to", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"555-1234","agent":"{agents}"}`, 400, `"field":"to_number"¦to_number must be a number in E.164 form`},
		{"a bad from", "POST", "/v1/calls/create", `{"from_number":"me & you","to_number":"+15552223333","agent":"{agents}"}`, 400, `from_number must be`},
		{"words for a to", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"not-a-number","agent":"{agents}"}`, 400, `to_number must be`},
		{"words for a from", "POST", "/v1/calls/create", `{"from_number":"not-a-number","to_number":"+15552223333","agent":"{agents}"}`, 400, `"field":"from_number"`},
		{"an extension for a from, and no country known", "POST", "/v1/calls/create", `{"from_number":"1000","to_number":"+15552223333","agent":"{agents}"}`, 403, `set credentials.country`},
		{"a number abroad", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"+442079460958","agent":"{agents}"}`, 403, `is in GB, and the trunk may call US alone`},
		{"a sip address at the trunk, abroad", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"sip:+442079460958@elsewhere.example","telephony_account_connection":"{account_connections}","agent":"{agents}"}`, 403, `is in GB`},
		{"let the trunk call two countries", "POST", "/v1/account_connections/update?id={account_connections}", `{"credentials":{"country":"us","allowed_prefixes":["+4420"]}}`, 201, ``},
		{"a prefix that is allowed", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"+442079460958","agent":"{agents}"}`, 201, `"to_number":"+442079460958"¦@created`},
		{"an extension for a from", "POST", "/v1/calls/create", `{"from_number":"1000","to_number":"+15552223333","agent":"{agents}"}`, 201, `"from_number":"1000"¦@created`},
		{"too long", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"+1234567890123456","agent":"{agents}"}`, 400, `to_number must be`},
		{"a header in a sip address", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"sip:a@b\r\nX: y","agent":"{agents}"}`, 400, `to_number must be`},
		{"a sip address", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"sip:bob@127.0.0.1:5070;transport=tcp","agent":"{agents}"}`, 201, `"telephony_account_connection":null¦@created`},
		{"an extension by a trunk that has none", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"201","agent":"{agents}"}`, 400, `\"extensions\": true`},
		{"let the trunk have them", "POST", "/v1/account_connections/update?id={account_connections}", `{"config":{"extensions":true},"account_supports_any_caller_id":false}`, 201, ``},
		{"an extension", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"201","agent":"{agents}"}`, 201, `"to_number":"201"¦@created`},
		{"a caller id that is not linked", "POST", "/v1/calls/create", `{"from_number":"+15559999999","to_number":"+15552223333","agent":"{agents}"}`, 400, `from_number is not linked here`},
		{"context", "POST", "/v1/calls/create", `{` + ends + `,"agent":"{agents}","context":{"name":"Bo"},"telephony_params":{"ring_timeout_seconds":20,"X-Tag":"t"},"run_do_not_call_detection":true,"on_no_human_answer":"hangup"}`, 201,
			`"context":{"name":"Bo"}¦"ring_timeout_seconds":"20"¦"X-Tag":"t"¦"run_do_not_call_detection":true¦"on_no_human_answer":"hangup"¦@created`},
		{"context of numbers", "POST", "/v1/calls/create", `{` + ends + `,"agent":"{agents}","context":{"n":1}}`, 400, `context.n must be a string`},
		{"a header in a header", "POST", "/v1/calls/create", `{` + ends + `,"agent":"{agents}","telephony_params":{"X-A":"b\r\nC: d"}}`, 400, `telephony_params`},
		{"hipaa", "POST", "/v1/calls/create", `{` + ends + `,"agent":"{agents}","hipaa_compliant":true}`, 201, `"hipaa_compliant":true¦!Be kind.¦@created`},
		{"a template's key is missing", "POST", "/v1/calls/create", `{` + ends + `,"agent":{"id":"{agents}","prompt":{"prompt_template":{"required_context_keys":["who"]}}}}`, 400, `context.who is required`},
		{"by another's trunk", "POST", "/v1/calls/create", `{` + ends + `,"agent":"{agents}","telephony_account_connection":"{other.account_connections}"}`, 404, `telephony_account_connection`},
		{"a second trunk", "POST", "/v1/account_connections/create", `{"type":"account_connection_sip","credentials":{"host":"two.example.com"}}`, 201, ``},
		{"which trunk", "POST", "/v1/calls/create", `{` + ends + `,"agent":"{agents}"}`, 400, `several_trunks¦{account_connections}`},
		{"this one", "POST", "/v1/calls/create", `{` + ends + `,"agent":"{agents}","telephony_account_connection":"{account_connections}"}`, 201, `{account_connections}¦@created`},

		{"get", "GET", "/v1/calls?id={calls}", ``, 200, `"status":"in_progress"¦"type":"telephony_metadata_sip"¦"api_key":"…2345"¦"openai_api_key":"…2345"`},
		{"list", "GET", "/v1/calls/list?size=100", ``, 200, `"agent":"{agents}"`},
		{"list by status", "GET", `/v1/calls/list?filters={"status":"ended"}`, ``, 200, `"id":"{over}"¦!{calls}¦"total":1`},
		{"say", "POST", "/v1/calls/say?id={calls}", `{"text":"hi"}`, 409, `not_running`},
		{"say nothing", "POST", "/v1/calls/say?id={calls}", `{"text":""}`, 400, `text must not be empty`},
		{"press letters", "POST", "/v1/calls/dtmf?id={calls}", `{"digits":"12x"}`, 400, `digits must be 1 to 64 of`},
		{"end what is over", "POST", "/v1/calls/end?id={over}", ``, 200, `"ended_reason":"caller_hung_up"¦"fault":"caller"¦"stage_outcome":"human_disconnected"`},
		{"end what waits", "POST", "/v1/calls/end?id={waiting}", ``, 200, `"status":"ended"¦"ended_reason":"cancelled"¦@event_phone_call_did_not_connect`},
		{"end what runs elsewhere", "POST", "/v1/calls/end?id={calls}", ``, 409, `not_running_here`},
		{"erase what runs", "DELETE", "/v1/calls/delete?id={calls}", ``, 409, `running`},
		{"erase", "DELETE", "/v1/calls/delete?id={over}", ``, 200, `"id":"{over}"`},
		{"erased", "GET", "/v1/calls?id={over}", ``, 404, `call not found`},
		{"no capture", "GET", "/v1/calls/capture?id={calls}", ``, 404, `no_trace`},
		{"no trace", "GET", "/v1/calls/trace?id={calls}", ``, 404, `no_trace`},
		{"what was decided", "GET", "/v1/calls/decisions?id={calls}", ``, 200, `"replayable":false¦"reason":"it is not over"¦"decisions":[]`},
		{"decided by no dial", "GET", "/v1/calls/decisions?id={calls}&set=volume=3", ``, 400, `"field":"set"`},
		{"what another decided", "other GET", "/v1/calls/decisions?id={calls}", ``, 404, `call not found`},
		{"what nothing looks like", "GET", "/v1/calls/waveform?id={calls}", ``, 404, `no_recording`},
		{"no part of it", "GET", "/v1/calls/waveform?id={calls}&from_ms=5&to_ms=5&points=0", ``, 400, `"field":"points"`},
		{"what another looks like", "other GET", "/v1/calls/waveform?id={calls}", ``, 404, `call not found`},
		{"no recording", "GET", "/v1/calls/recording?id={calls}&format=wav", ``, 404, `no_recording`},
		{"a format", "GET", "/v1/calls/recording?id={calls}&format=ogg", ``, 400, `format must be one of mp3, wav`},
	})
}

func TestNoTrunk(t *testing.T) {
	h := newHouse(t)
	r := h.do(h.a, "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"+15552223333","agent":{`+tiny+`}}`)
	for _, want := range []string{`"no_trunk"`, "POST /v1/account_connections/create", "account_connection_sip", `\"host\"`} {
		if r.status != 400 || !strings.Contains(string(r.body), want) {
			t.Errorf("%d, want %s in %s", r.status, want, r.body)
		}
	}
	h.api.DirectSIP = false
	if r := h.do(h.a, "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"555-1234","agent":{`+tiny+`}}`); r.status != 400 || !strings.Contains(string(r.body), `"field":"to_number"`) {
		t.Errorf("what is no number: %d %s", r.status, r.body)
	}
	if r := h.do(h.a, "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"sip:a@b","agent":{`+tiny+`}}`); r.status != 400 || !strings.Contains(string(r.body), "no_trunk") {
		t.Errorf("a sip: address that is not to be dialled: %d %s", r.status, r.body)
	}
}

func TestConventions(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.play(t, []scenario{
		{"no such path", "GET", "/v1/agent", ``, 404, `"statusCode":404¦"error":"Not Found"`},
		{"method", "PUT", "/v1/agents/create", ``, 405, `this path takes POST`},
		{"empty body", "POST", "/v1/agents/create", ` `, 400, `the body is empty`},
		{"not JSON", "POST", "/v1/agents/create", `{"name":}`, 400, `the body is not JSON`},
		{"a list", "POST", "/v1/agents/create", `[]`, 400, `must be a JSON object`},
		{"two objects", "POST", "/v1/agents/create", `{}{}`, 400, `goes on after`},
		{"NUL", "POST", "/v1/agents/create", `{"name":"a\u0000b",` + tiny + `}`, 400, `name must not contain the NUL`},
		{"a huge number", "POST", "/v1/agents/create", `{"idle_time_seconds":1e999,` + tiny + `}`, 400, `idle_time_seconds is a number out of range`},
		{"deep", "POST", "/v1/prompts/create", `{"prompt_template":` + strings.Repeat(`{"a":`, 99) + `1` + strings.Repeat(`}`, 99) + `}`, 400, `nested deeper`},
		{"too large", "POST", "/v1/prompts/create", `{"content":"` + strings.Repeat("x", 1<<20) + `"}`, 413, `1 MB¦"too_large"`},
		{"just not too large", "POST", "/v1/prompts/create", `{"content":"` + strings.Repeat("x", 1<<20-16) + `"}`, 201, ``},
		{"NUL in the query", "GET", "/v1/agents?id=%00", ``, 400, `NUL`},
		{"no UTF-8 in the query", "GET", "/v1/numbers?phone_number=%ff", ``, 400, `UTF-8`},
		{"a query that is none", "GET", "/v1/agents?id=%zz", ``, 400, `query`},

		{"page", "GET", "/v1/agents/list", ``, 200, `"page":1¦"size":10¦"has_more":false¦"total":1¦"total_is_estimated":false`},
		{"beyond the last page", "GET", "/v1/agents/list?page=999&size=100", ``, 200, `"items":[]¦"total":1¦"page":999`},
		{"page 0", "GET", "/v1/agents/list?page=0", ``, 400, `page must be a whole number between 1 and`},
		{"size 101", "GET", "/v1/agents/list?size=101", ``, 400, `size must be a whole number between 1 and 100`},
		{"sort_desc", "GET", "/v1/agents/list?sort_desc=maybe", ``, 400, `sort_desc must be true or false`},
		{"sort_column", "GET", "/v1/agents/list?sort_column=favourite", ``, 400, `sort_column`},
		{"sorted", "GET", "/v1/agents/list?sort_column=name&sort_desc=true", ``, 200, `Ada`},
		{"no filter", "GET", "/v1/agents/list?filters=", ``, 200, `"total":1`},
		{"filter", "GET", `/v1/agents/list?filters={"name":{"contains":"da"}}`, ``, 200, `"total":1`},
		{"filter that lets nothing through", "GET", `/v1/agents/list?filters={"name":"Bob"}`, ``, 200, `"total":0¦"items":[]`},
		{"filter in", "GET", `/v1/agents/list?filters={"name":{"in":["Ada","Bob"]}}`, ``, 200, `"total":1`},
		{"filter on what is unknown", "GET", `/v1/agents/list?filters={"shoe_size":43}`, ``, 400, `shoe_size`},
		{"filter operator", "GET", `/v1/agents/list?filters={"name":{"like":"x"}}`, ``, 400, `is no operator`},
		{"filter that is no JSON", "GET", `/v1/agents/list?filters=name`, ``, 400, `must be a JSON object`},
		{"filter value", "GET", `/v1/agents/list?filters={"name":[1]}`, ``, 400, `must be a string, a number`},
	})
}

func TestStrict(t *testing.T) {
	h := newHouse(t)
	body := `{"colour":"blue","prompt":{"content":"x","mood":1},"actions":[{"type":"action_dtmf","x":1}],"voice":{"type":"voice_local"}}`
	r := h.do(h.a, "POST", "/v1/agents/create", body, "Prefer", "respond-async, handling=strict")
	for _, want := range []string{`"field":"colour"`, `"field":"prompt.mood"`, `"field":"actions.0.x"`} {
		if r.status != 400 || !strings.Contains(string(r.body), want) {
			t.Errorf("%d, want %s in %s", r.status, want, r.body)
		}
	}
	if r := h.do(h.a, "POST", "/v1/agents/create", body); r.status != 201 {
		t.Errorf("without strictness: %d %s", r.status, r.body)
	}
}

// TestWhatWasGotCanBePut: each object as it was answered is taken back, strictly, and nothing about it changes.
func TestWhatWasGotCanBePut(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.do(h.a, "POST", "/v1/webhooks/rotate_secret?id="+h.a.ids["webhooks"], "")
	h.do(h.a, "POST", "/v1/agents/update?id="+h.a.ids["agents"], `{"voice":{"type":"voice_openai","voice":"alloy","api_key":"sk-123456789012345"},
		"openai_account_connection":{"type":"account_connection_openai","credentials":{"openai_api_key":"sk-123456789012345"}}}`)
	for _, kind := range []string{"agents", "prompts", "actions", "voices", "webhooks", "account_connections", "numbers"} {
		got := h.do(h.a, "GET", "/v1/"+kind+"?id="+h.a.ids[kind], "")
		put := h.do(h.a, "POST", "/v1/"+kind+"/update?id="+h.a.ids[kind], string(got.body), "Prefer", "handling=strict")
		if put.status != 201 || string(put.body) != string(got.body) {
			t.Errorf("%s: %d\ngot %s\nput %s", kind, put.status, got.body, put.body)
		}
	}
	agent, err := h.db.InternalAgent(t.Context(), h.a.env, h.a.ids["agents"])
	if err != nil || agent.Voice["api_key"] != "sk-123456789012345" || !strings.Contains(string(agent.OpenAIAccountConnection), "sk-123456789012345") {
		t.Errorf("the secrets did not last: %v %s %v", agent.Voice, agent.OpenAIAccountConnection, err)
	}
	trunks, err := h.db.Trunks(t.Context())
	if err != nil || len(trunks) != 1 || trunks[0].Password != "a very secret password" || trunks[0].Host != "sip.example.com" {
		t.Errorf("the trunk did not last: %+v %v", trunks, err)
	}
}

func TestKeysAndMedia(t *testing.T) {
	h := newHouse(t)
	for name, header := range map[string]string{"none": "", "another scheme": "Basic " + h.a.key, "unknown": "Bearer sk_live_nobody", "empty": "Bearer "} {
		req := httptest.NewRequest("GET", "/v1/agents/list", nil)
		req.Header.Set("Authorization", header)
		if r := h.send(req); r.status != 401 || r.header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	if r := h.do(nil, "GET", "/v1/agents/list", "", "Authorization", "bearer "+h.a.key); r.status != 200 {
		t.Errorf("the scheme in lower case: %d", r.status)
	}
	for _, bad := range []string{"text/plain", "application/x-www-form-urlencoded", "nonsense;;"} {
		if r := h.do(h.a, "POST", "/v1/prompts/create", `{}`, "Content-Type", bad); r.status != 415 {
			t.Errorf("%s: %d", bad, r.status)
		}
	}
	if r := h.do(h.a, "POST", "/v1/prompts/create", `{}`, "Content-Type", "application/json; charset=utf-8"); r.status != 201 {
		t.Errorf("with a charset: %d", r.status)
	}
	if r := h.do(h.a, "POST", "/v1/prompts/create", `{}`, "Content-Encoding", "gzip"); r.status != 415 {
		t.Errorf("gzip: %d", r.status)
	}
	if r := h.do(h.a, "PATCH", "/v1/agents", ""); r.status != 405 || r.header.Get("Allow") != "GET, HEAD" {
		t.Errorf("%d, Allow %q", r.status, r.header.Get("Allow"))
	}
}
