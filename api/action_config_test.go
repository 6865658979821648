package api

import (
	"strings"
	"testing"
)

// TestActionConfigs: what an action's config must hold depends on its type, wherever the action stands; nothing is fetched for it.
func TestActionConfigs(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	const external = `"type":"action_external","config":{"name":"book","url":"https://e.com/book"`
	for _, row := range []struct{ action, field string }{
		{`"type":"action_transfer_call","config":{"phone_number":"+15557654321"}`, ""},
		{`"type":"action_transfer_call","config":{"phone_number":"sip:desk@example.com"}`, ""},
		{`"type":"action_transfer_call","config":{"phone_number":"201"}`, ""},
		{`"type":"action_transfer_call","config":{"phone_number":"{{desk|+15557654321}}"}`, ""},
		{`"type":"action_transfer_call","config":{"allowed_numbers":["+15557654321","${desk}"]}`, ""},
		{`"type":"action_transfer_call","config":{}`, ""},
		{`"type":"action_transfer_call"`, ""},
		{`"type":"action_transfer_call","config":{"phone_number":"+0"}`, "config.phone_number"},
		{`"type":"action_transfer_call","config":{"phone_number":7}`, "config.phone_number"},
		{`"type":"action_transfer_call","config":{"phone_number":"a>;x\r\n"}`, "config.phone_number"},
		{`"type":"action_transfer_call","config":{"allowed_numbers":["+15557654321","nobody"]}`, "config.allowed_numbers.1"},
		{`"type":"action_add_to_conference","config":{}`, "config.phone_number"},
		{`"type":"action_add_to_conference","config":{"phone_number":"+15557654321","place_primary_on_hold":"yes"}`, "config.place_primary_on_hold"},
		{`"type":"action_add_to_conference","config":{"phone_number":"+15557654321","extension":"x"}`, "config.extension"},
		{`"type":"action_add_to_conference","config":{"phone_number":"+15557654321,,204","extension":",,9"}`, ""},
		{`"type":"action_set_hold","config":{}`, ""},
		{`"type":"action_set_hold","config":{"on":false}`, ""},
		{`"type":"action_set_hold","config":{"on":"x"}`, "config.on"},
		{`"type":"action_warm_transfer","config":{"phone_number":"+15557654321","on_failure":"resume","answer_timeout_seconds":20}`, ""},
		{`"type":"action_warm_transfer","config":{"phone_number":"+15557654321","on_failure":"cry"}`, "config.on_failure"},
		{`"type":"action_warm_transfer","config":{"phone_number":"+15557654321,,204","extension":"${ext}","hold_sound":"ringing","briefing":"For ${name}."}`, ""},
		{`"type":"action_warm_transfer","config":{"phone_number":"+15557654321","hold_sound":"jazz"}`, "config.hold_sound"},
		{`"type":"action_warm_transfer","config":{"phone_number":"+15557654321","extension":"a"}`, "config.extension"},
		{`"type":"action_transfer_call","config":{"phone_number":"+15557654321;ext=204"}`, ""},
		{`"type":"action_transfer_call","config":{"phone_number":"+15557654321,,x"}`, "config.phone_number"},
		{`"type":"action_transfer_call","config":{"phone_number":"+15557654321","extension":",,"}`, "config.extension"},
		{`"type":"action_warm_transfer","config":{"phone_number":"+15557654321","answer_timeout_seconds":0}`, "config.answer_timeout_seconds"},
		{external + `,"input_schema":{"type":"object","properties":{"seats":{"type":"integer"}}},"speak_on_send":true,"speak_on_receive":"Done."}`, ""},
		{external + `,"input_schema":{"properties":{"api_key":{"type":"string"}}}}`, ""},
		{external + `}`, ""},
		{`"type":"action_external","config":{}`, "config.name"},
		{`"type":"action_external","config":{"name":"x","url":"ftp://e.com"}`, "config.url"},
		{external + `,"input_schema":{"type":"objekt"}}`, "config.input_schema"},
		{external + `,"input_schema":{"type":"string"}}`, "config.input_schema.type"},
		{external + `,"input_schema":{"properties":7}}`, "config.input_schema"},
		{external + `,"input_schema":{"$ref":"http://127.0.0.1:1/schema.json"}}`, "config.input_schema"},
		{external + `,"input_schema":{"$ref":"file:///etc/passwd"}}`, "config.input_schema"},
		{external + `,"input_schema":[]}`, "config.input_schema"},
		{external + `,"speak_on_send":7}`, "config.speak_on_send"},
		{external + `,"processing_mode":"loud"}`, "config.processing_mode"},
		{`"type":"action_end_conversation","action_trigger":{"type":"action_trigger_phrase_based","config":{"phrase_triggers":[{"phrase":"bye","conditions":["phrase_condition_type_contains"]}]}}`, ""},
		{`"type":"action_end_conversation","action_trigger":{"type":"sometimes"}`, "action_trigger.type"},
		{`"type":"action_end_conversation","action_trigger":{"type":"action_trigger_phrase_based","config":{"phrase_triggers":[{"conditions":[]}]}}`, "action_trigger.config.phrase_triggers.0.phrase"},
	} {
		for _, at := range []struct{ path, body, field string }{
			{"/v1/actions/create", `{ACTION}`, ""},
			{"/v1/agents/create", `{"prompt":{},"voice":{},"actions":[{ACTION}]}`, "actions.0."},
		} {
			r := h.do(h.a, "POST", at.path, strings.ReplaceAll(at.body, "ACTION", row.action))
			switch {
			case row.field == "" && r.status != 201:
				t.Errorf("%s %s: %d %s", at.path, row.action, r.status, r.body)
			case row.field != "" && (r.status != 400 || !strings.Contains(string(r.body), `"field":"`+at.field+row.field+`"`)):
				t.Errorf("%s %s: %d, want one about %s: %s", at.path, row.action, r.status, row.field, r.body)
			}
		}
	}
}

// TestActionConfigsStayRight: a change is held against what the action would become.
func TestActionConfigsStayRight(t *testing.T) {
	h := newHouse(t)
	made := h.do(h.a, "POST", "/v1/actions/create", `{"type":"action_external","config":{"name":"book","url":"https://e.com/book"}}`).object()
	path := "/v1/actions/update?id=" + made["id"].(string)
	if r := h.do(h.a, "POST", path, `{"label":"L"}`); r.status != 201 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.do(h.a, "POST", path, `{"config":{"name":"book"}}`); r.status != 400 || !strings.Contains(string(r.body), "config.url is required") {
		t.Errorf("a config without its url: %d %s", r.status, r.body)
	}
	whole := h.do(h.a, "GET", "/v1/actions?id="+made["id"].(string), "")
	if r := h.do(h.a, "POST", path, string(whole.body)); r.status != 201 {
		t.Errorf("what was got cannot be put: %d %s", r.status, r.body)
	}
}
