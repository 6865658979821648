package carrier

import (
	"context"
	"encoding/json"
	"net/url"
)

// A TelnyxCall is a call as Telnyx names it.
type TelnyxCall struct {
	ControlID string `json:"call_control_id"`
	LegID     string `json:"call_leg_id"`
	SessionID string `json:"call_session_id"`
}

// Dial places a call by POST /v2/calls (developers.telnyx.com/api-reference/call-commands/dial). The error is an *Error; with Doubt the
// call may have been placed. Telnyx promises to do nothing twice that has the same command_id, but not what it answers then: who
// asked again would not learn the call's id, so nobody does.
func (t *Telnyx) Dial(ctx context.Context, params map[string]any) (TelnyxCall, error) {
	res, failed := t.post(ctx, "/v2/calls", params)
	if failed != nil {
		failed.Act = Dialling
		return TelnyxCall{}, failed
	}
	var made struct {
		Data TelnyxCall `json:"data"`
	}
	if err := json.Unmarshal(res.Body, &made); err != nil || made.Data.ControlID == "" {
		return TelnyxCall{}, &Error{Carrier: "telnyx", Status: res.Status, Act: Dialling, Message: "its answer names no call", Doubt: true}
	}
	return made.Data, nil
}

// Command does something to a call by POST /v2/calls/{call_control_id}/actions/{action}. The error is an *Error.
func (t *Telnyx) Command(ctx context.Context, controlID, action string, params map[string]any) error {
	_, failed := t.post(ctx, "/v2/calls/"+url.PathEscape(controlID)+"/actions/"+action, params)
	if failed != nil {
		failed.Act = Commanding
		return failed
	}
	return nil
}
