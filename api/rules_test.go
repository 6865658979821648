package api

import (
	"strings"
	"testing"
)

// TestRules: what an agent does by rule is checked when it is saved, not first on a call.
func TestRules(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	const routing, end = `{"type":"skill_call_routing","config":{"rules":[`, `,"action":{"type":"action_end_conversation"}}`
	for _, row := range []struct{ field, value, wrong string }{
		{"skills", `[]`, ""},
		{"skills", `null`, ""},
		{"skills", `[` + routing + `{"speaker":"human","phrase":"sales","recipient_name":"Ada","phone_number":"+15557654321"}]}}]`, ""},
		{"skills", `[` + routing + `{"speaker":"bot","phrase":"sales","phone_number":"${desk}"}]}}]`, ""},
		{"skills", `[{"type":"skill_of_tomorrow","config":7}]`, ""},
		{"skills", `[{}]`, ""},
		{"activity_actions", `[{}]`, ""},
		{"skills", `[{"type":"skill_call_routing"}]`, "0.config.rules"},
		{"skills", `[{"type":"skill_call_routing","config":{"rules":"x"}}]`, "0.config.rules"},
		{"skills", `[` + routing + `{"speaker":"nobody","phrase":"sales","phone_number":"201"}]}}]`, "0.config.rules.0.speaker"},
		{"skills", `[` + routing + `{"speaker":"bot","phrase":"","phone_number":"201"}]}}]`, "0.config.rules.0.phrase"},
		{"skills", `[` + routing + `{"speaker":"bot","phrase":"x"}]}}]`, "0.config.rules.0.phone_number"},
		{"skills", `[` + routing + `{"speaker":"bot","phrase":"x","phone_number":"201"},{"speaker":"bot","phrase":"x","phone_number":"nobody"}]}}]`, "0.config.rules.1.phone_number"},
		{"activity_actions", `[{"activity":"call_connected"` + end + `]`, ""},
		{"activity_actions", `[{"activity":"caller_idle","action":"7f4ad3a1-2f0a-4a0f-9d7e-0d8f0a6f7a11"}]`, ""},
		{"activity_actions", `[{"activity":"moon_full","whatever":1}]`, ""},
		{"activity_actions", `[{"activity":"time_elapsed","config":{"seconds":90}` + end + `]`, ""},
		{"activity_actions", `[{"activity":"phrase_said","config":{"speaker":"human","phrase":"bye"},"parameters":{}` + end + `]`, ""},
		{"activity_actions", `[{"action":{"type":"action_dtmf"}}]`, ""},
		{"activity_actions", `[{"activity":"call_connected"}]`, "0.action"},
		{"activity_actions", `[{"activity":"call_connected","action":"mine"}]`, "0.action"},
		{"activity_actions", `[{"activity":"call_connected","action":{}}]`, "0.action.type"},
		{"activity_actions", `[{"activity":"call_connected","action":{"type":"action_transfer_call","config":{"phone_number":"+0"}}}]`, "0.action.config.phone_number"},
		{"activity_actions", `[{"activity":"call_connected","action":{"type":"action_external","config":{"name":"x","url":"ftp://e.com"}}}]`, "0.action.config.url"},
		{"activity_actions", `[{"activity":"time_elapsed"` + end + `]`, "0.config.seconds"},
		{"activity_actions", `[{"activity":"time_elapsed","config":{"seconds":-1}` + end + `]`, "0.config.seconds"},
		{"activity_actions", `[{"activity":"phrase_said","config":{"speaker":"human"}` + end + `]`, "0.config.phrase"},
		{"activity_actions", `[{"activity":"call_connected","parameters":[]` + end + `]`, "0.parameters"},
	} {
		body := `{"prompt":{},"voice":{},"actions":[],"` + row.field + `":` + row.value + `}`
		r := h.do(h.a, "POST", "/v1/agents/create", body)
		switch {
		case row.wrong == "" && r.status != 201:
			t.Errorf("%s: %d %s", body, r.status, r.body)
		case row.wrong != "" && (r.status != 400 || !strings.Contains(string(r.body), `"field":"`+row.field+"."+row.wrong+`"`)):
			t.Errorf("%s: %d, want one about %s: %s", body, r.status, row.wrong, r.body)
		}
	}
}
