package api

import (
	"testing"

	"github.com/parley-voice/parley/store"
)

// TestWhatNobodyMeansIsRefused: what can only be a mistake is refused where it is written, at its field, with what would be right.
func TestWhatNobodyMeansIsRefused(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	agent := func(field string) string { return `{"prompt":{"content":"x"},"voice":{},"actions":[],` + field + `}` }
	call := func(ring string) string {
		return `{"from_number":"+15550001111","to_number":"+15552223333","agent":"{agents}","telephony_params":{"ring_timeout_seconds":` + ring + `}}`
	}
	transfer := func(to string) string {
		return `{"type":"action_transfer_call","config":{"phone_number":"` + to + `"}}`
	}
	twilio := func(sid string) string {
		return `{"type":"account_connection_twilio","credentials":{"twilio_account_sid":"` + sid + `","twilio_auth_token":"t"}}`
	}
	h.play(t, []scenario{
		{"markup as a SID", "POST", "/v1/account_connections/create", twilio("<img src=x>"), 400, `credentials.twilio_account_sid must be the SID of an account: AC and 32 hexadecimal digits`},
		{"a key's SID", "POST", "/v1/account_connections/create", twilio("SK0123456789abcdef0123456789abcdef"), 400, `credentials.twilio_account_sid must be`},
		{"a SID", "POST", "/v1/account_connections/create", twilio("AC0123456789abcdef0123456789abcdef"), 201, `…cdef`},
		{"no phonemes", "POST", "/v1/pronunciations/create", `{"word":"Siobhan","ipa":"???"}`, 400, `ipa must be phonemes of the International Phonetic Alphabet such as ʃɪˈvɔːn`},
		{"nothing but a stress", "POST", "/v1/pronunciations/create", `{"word":"Siobhan","ipa":"ˈ ."}`, 400, `ipa must be phonemes`},
		{"phonemes", "POST", "/v1/pronunciations/create", `{"word":"Siobhan","ipa":"/ʃɪˈvɔːn/"}`, 201, `ʃɪˈvɔːn`},
		{"no word", "POST", "/v1/pronunciations/create", `{"word":"!!","respelling":"bang"}`, 400, `word must be the word as it is written, such as Siobhan`},
		{"a sign that is spoken", "POST", "/v1/pronunciations/create", `{"word":"€","respelling":"euro"}`, 201, `"word":"€"`},
		{"a word of Hindi", "POST", "/v1/pronunciations/create", `{"word":"नमस्ते","respelling":"namaste"}`, 201, `"word":"नमस्ते"`},
		{"too long for an extension", "POST", "/v1/actions/create", transfer("12345678901234567890123"), 400, `config.phone_number`},
		{"an extension", "POST", "/v1/actions/create", transfer("204"), 201, `"204"`},
		{"an insight without a name", "POST", "/v1/agents/create", agent(`"post_call_insights":[{"name":"a","type":"boolean"},{"type":"boolean"}]`), 400, `post_call_insights.1.name must be the name that a call has it under, such as wants_callback`},
		{"with a blank one", "POST", "/v1/agents/create", agent(`"post_call_insights":[{"name":" "}]`), 400, `post_call_insights.0.name must be`},
		{"with a label", "POST", "/v1/agents/create", agent(`"post_call_insights":[{"label":"a","field_type":"field_type_email"}]`), 201, `"label":"a"`},
		{"half a question", "POST", "/v1/agents/create", agent(`"max_idle_check_count":0.5`), 400, `max_idle_check_count must be a whole number`},
		{"two questions, as a client may write it", "POST", "/v1/agents/create", agent(`"max_idle_check_count":2.0`), 201, `"max_idle_check_count":2`},
		{"ringing for less than nothing", "POST", "/v1/calls/create", call("-7"), 400, `telephony_params.ring_timeout_seconds must be a number of seconds from 1 to 600`},
		{"ringing for NaN", "POST", "/v1/calls/create", call(`"NaN"`), 400, `telephony_params.ring_timeout_seconds must be`},
		{"ringing for a word", "POST", "/v1/calls/create", call(`"long"`), 400, `telephony_params.ring_timeout_seconds must be`},
		{"ringing for a while", "POST", "/v1/calls/create", call("20"), 201, `"ring_timeout_seconds":"20"¦@created`},
	})
}

// TestWhatWasTakenOnceStays: what was stored before it was refused is read as it is, and its other fields can be changed.
func TestWhatWasTakenOnceStays(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	keep := func(kind store.Kind, name string, doc store.Doc) {
		t.Helper()
		got, err := h.db.Create(t.Context(), h.a.env, kind, doc)
		if err != nil {
			t.Fatal(err)
		}
		h.a.ids[name], _ = got["id"].(string)
	}
	keep(store.AccountConnections, "sid", store.Doc{"type": "account_connection_twilio", "credentials": map[string]any{"twilio_account_sid": "<img", "twilio_auth_token": "secret token"}, "config": map[string]any{}})
	keep(store.Pronunciations, "bang", store.Doc{"word": "!!", "ipa": "???"})
	h.play(t, []scenario{
		{"read it", "GET", "/v1/account_connections?id={sid}", ``, 200, `"twilio_account_sid":"…"`},
		{"another label", "POST", "/v1/account_connections/update?id={sid}", `{"label":"Desk"}`, 201, `"label":"Desk"`},
		{"another token", "POST", "/v1/account_connections/update?id={sid}", `{"credentials":{"twilio_auth_token":"another-1a2b"}}`, 201, `…1a2b`},
		{"another wrong one", "POST", "/v1/account_connections/update?id={sid}", `{"credentials":{"twilio_account_sid":"<b>"}}`, 400, `credentials.twilio_account_sid must be`},
		{"a right one", "POST", "/v1/account_connections/update?id={sid}", `{"credentials":{"twilio_account_sid":"AC0123456789ab"}}`, 201, `…89ab`},
		{"read the word", "GET", "/v1/pronunciations?id={bang}", ``, 200, `"word":"!!"`},
		{"another description", "POST", "/v1/pronunciations/update?id={bang}", `{"description":"old"}`, 201, `"description":"old"`},
		{"another wrong word", "POST", "/v1/pronunciations/update?id={bang}", `{"word":"??"}`, 400, `word must be`},
	})
}
