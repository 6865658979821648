package call

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/parley-voice/parley"
)

// unheeded names the agent's fields that ask for something this version does not do, "" when there are none: a call's owner
// is to learn it from the call, not from its absence.
func unheeded(a *parley.Agent) string {
	var names []string
	name := func(field string, wanted bool) {
		if wanted {
			names = append(names, field)
		}
	}
	some := func(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
	name("post_call_actions (sms)", slices.ContainsFunc(a.PostCallActions, func(raw json.RawMessage) bool {
		var x struct{ Type string }
		return json.Unmarshal(raw, &x) == nil && x.Type == "sms"
	}))
	name("post_call_sms", some(a.PostCallSMS))
	return strings.Join(names, ", ")
}
