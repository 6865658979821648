package phone

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

// payload is what lines need of the payloads of SPEC §3.
type payload struct {
	Text        string       `json:"text"`
	Sender      parley.Who   `json:"sender"`
	Interrupted bool         `json:"interrupted"`
	Message     string       `json:"message"`
	Digit       string       `json:"digit"`
	Label       string       `json:"label"`
	ActionType  string       `json:"action_type"`
	EndedReason parley.Cause `json:"ended_reason"`
	SIPCode     int          `json:"sip_code"`
	To          string       `json:"to"`
	Number      string       `json:"number"`
}

// event shows one event and remembers what Placed tells. Times are since the answer, before it since the call was created.
func (f *follower) event(e parley.Event) {
	if f.start.IsZero() || e.Type == parley.EventConnected {
		f.start = e.Time
	}
	var p payload
	_ = json.Unmarshal(e.Payload, &p) // what does not fit is not shown
	switch e.Type {
	case parley.EventConnected:
		f.placed.Connected = true
	case parley.EventEnded, parley.EventDidNotConnect:
		f.placed.Cause, f.over = p.EndedReason, true
	}
	if who, text := line(e.Type, p); text != "" {
		show(f.order.Out, max(0, e.Time.Sub(f.start)).Round(time.Millisecond), who, text)
	}
}

// line is what is shown of an event; no text: nothing.
func line(t parley.EventType, p payload) (who, text string) {
	switch t {
	case parley.EventMessage:
		who = "them"
		if p.Sender == parley.Bot {
			who = "agent"
		}
		if p.Interrupted && !strings.HasSuffix(p.Text, "-") {
			p.Text += "-"
		}
		return who, p.Text
	case parley.EventRinging:
		return "", "ringing"
	case parley.EventConnected:
		return "", "answered"
	case parley.EventDigit:
		return "them", "(presses " + p.Digit + ")"
	case parley.EventActionStart:
		return "agent", "(" + cmp.Or(p.Label, p.ActionType) + ")"
	case parley.EventHeld:
		return "", "on hold"
	case parley.EventUnheld:
		return "", "off hold"
	case parley.EventPartyJoined:
		return "", p.Number + " joined"
	case parley.EventPartyLeft:
		return "", p.Number + " left"
	case parley.EventTransferring:
		return "", "transferring to " + p.To
	case parley.EventError, parley.EventWarning:
		return "", "warning: " + p.Message
	case parley.EventEnded:
		return "", "ended: " + string(p.EndedReason)
	case parley.EventDidNotConnect:
		return "", "not answered: " + string(p.EndedReason)
	}
	return "", ""
}
