package parley

import (
	"encoding/json"
	"testing"
)

func TestSealTakesOnlyWhatIsPrivateAndOver(t *testing.T) {
	const agent = `{"id":"a","name":"N","prompt":{"content":"words"},"webhook":{"url":"https://there.example"}}`
	for _, c := range []struct {
		private bool
		status  Status
		cause   Cause
		agent   string
		message string
		kept    bool
	}{
		{true, Ended, Cancelled, `{"id":"a","name":"N","webhook":{"url":"https://there.example"}}`, "words", false},
		{true, Failed, ProviderFailed, `{"id":"a","name":"N","webhook":{"url":"https://there.example"}}`, Withheld, false},
		{true, InProgress, "", agent, "words", true},
		{true, NotStarted, "", agent, "words", true},
		{false, Ended, ProviderFailed, agent, "words", true},
	} {
		call := Call{Private: c.private, Status: c.status, Agent: json.RawMessage(agent), Context: map[string]string{"x": "words"},
			Ending: Ending{Cause: c.cause, ErrorMessage: "words"}, Record: Record{Turns: []Turn{{Text: "words"}}, Notes: []Note{{Text: "words"}}}}
		for range 2 { // once more changes nothing
			call.Seal()
			if string(call.Agent) != c.agent || call.ErrorMessage != c.message {
				t.Errorf("%v %s: agent %s, message %q", c.private, c.status, call.Agent, call.ErrorMessage)
			}
			if kept := call.Context != nil && call.Turns != nil && call.Notes != nil; kept != c.kept {
				t.Errorf("%v %s: %+v", c.private, c.status, call)
			}
		}
	}
}
