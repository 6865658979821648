package carrier

import (
	"context"
	"encoding/json"
	"net/url"
)

// Place makes a Call resource by these fields (twilio.com/docs/voice/api/call-resource#create-a-call-resource), and gives its id. It is
// asked for once: an *Error of Doubt may have had somebody's phone ring.
func (t *Twilio) Place(ctx context.Context, fields url.Values) (sid string, err error) {
	res, failed := t.post(ctx, "/Calls.json", fields)
	if failed != nil {
		failed.Act = Dialling
		return "", failed
	}
	var made struct {
		SID string `json:"sid"`
	}
	_ = json.Unmarshal(res.Body, &made) // it has been placed, whatever is said of it: its callbacks name it
	return clip(made.SID), nil
}

// Change ends a call by its Status, or has it go on by other TwiML (twilio.com/docs/voice/api/call-resource#update-a-call-resource).
func (t *Twilio) Change(ctx context.Context, sid string, fields url.Values) error {
	if _, failed := t.post(ctx, "/Calls/"+url.PathEscape(sid)+".json", fields); failed != nil {
		failed.Act, failed.Doubt = Dialling, false // it says what is to be, and may be said again
		return failed
	}
	return nil
}

// Said is what the carrier answered, and whether what was asked for may have been done all the same.
func (e *Error) Said() (status int, code string, doubt bool) { return e.Status, e.Code, e.Doubt }

// Keys are the account's id, and the secret that signs what Twilio sends for it.
func (t *Twilio) Keys() (sid, token string) { return t.sid, t.token }

// At is where Twilio is reached.
func (t *Twilio) At() string { return t.client.base("twilio", t.base, twilioURL) }
