package parley

import (
	"encoding/json"
	"time"
)

// An Aftermath is what was made of a call once it was over.
type Aftermath struct {
	Run      string                     // the last that is in it; "" none has been
	Analysis string                     // what the model answered to post_call_prompt
	Insights map[string]json.RawMessage // by name; those that the call tells nothing of are not in it
	Support  map[string][]string        // ids of the turns that an insight was drawn from
	Actions  []AfterAction              // of all runs, in their order
}

// What becomes of an AfterAction.
const (
	AfterWaiting = "waiting" // for its first attempt or the next
	AfterDone    = "done"
	AfterFailed  = "failed"  // for good
	AfterSkipped = "skipped" // its conditions do not hold, or this version cannot do it
)

// An AfterAction is what became of one of an agent's post_call_actions.
type AfterAction struct {
	Key      string    `json:"key"` // its Idempotency-Key, the same at every attempt
	ID       string    `json:"id"`
	Type     string    `json:"type"` // email, sms, trigger_custom_api
	Label    string    `json:"label,omitempty"`
	State    string    `json:"state"`
	Attempts int       `json:"attempts,omitempty"` // that are over
	Status   int       `json:"status,omitempty"`   // of HTTP or SMTP, of the last attempt; 0: there was none
	Error    string    `json:"error,omitempty"`    // why it failed or was skipped
	Next     time.Time `json:"next,omitzero"`      // when the next attempt is due
	Ended    time.Time `json:"ended,omitzero"`

	Began     time.Time `json:"began,omitzero"`       // a message is being sent since; while it waits, it may have been
	CarrierID string    `json:"carrier_id,omitempty"` // the carrier's name for a message that it took
}

// WantsAftermath reports whether anything is to be done after the agent's calls.
func (a *Agent) WantsAftermath() bool {
	if _, facts, summary := a.Remembers(); facts || summary {
		return true
	}
	some := func(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }
	return a.PostCallPrompt != nil && *a.PostCallPrompt != "" || len(a.PostCallInsights)+len(a.PostCallActions) > 0 ||
		some(a.PostCallEmail) || some(a.PostCallSMS) || a.Prompt != nil && len(a.Prompt.CollectFields) > 0
}
