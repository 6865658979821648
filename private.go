package parley

import "encoding/json"

// Withheld stands where a private call's words would be.
const Withheld = "withheld: the call is private"

// Unrecorded stands where words would be that were said while the recording was paused.
const Unrecorded = "withheld: the recording was paused"

// Seal takes out of a private call that is over what it needed while it ran, and what was said: of the agent stay id and name, and
// the webhook, which is still to be told. A call that is not private, or not over, stays as it is.
func (c *Call) Seal() {
	if !c.Private || c.Status != Ended && c.Status != Failed {
		return
	}
	var a struct {
		ID      string          `json:"id"`
		Name    *string         `json:"name,omitempty"`
		Webhook json.RawMessage `json:"webhook,omitempty"`
	}
	_ = json.Unmarshal(c.Agent, &a)
	c.Agent, _ = json.Marshal(a)
	c.Context, c.Turns, c.Notes, c.Collected = nil, nil, nil, nil
	if c.Cause == ProviderFailed && c.ErrorMessage != "" { // vendors repeat what they were asked
		c.ErrorMessage = Withheld
	}
}
