package telnyx

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	"github.com/parley-voice/parley/leg"
)

// An event is a webhook, as far as we read it (developers.telnyx.com/api-reference/callbacks).
type event struct {
	ID      string  `json:"id"`
	Type    string  `json:"event_type"`
	Payload payload `json:"payload"`
}

type payload struct {
	Control   string   `json:"call_control_id"`
	Leg       string   `json:"call_leg_id"`
	Session   string   `json:"call_session_id"`
	State     string   `json:"client_state"`
	Direction string   `json:"direction"` // of call.initiated
	From      string   `json:"from"`
	To        string   `json:"to"`
	Name      string   `json:"caller_id_name"`
	Offered   string   `json:"offered_codecs"`    // by the caller
	Enabled   string   `json:"connection_codecs"` // by the application
	Custom    []header `json:"custom_headers"`
	SIP       []header `json:"sip_headers"`
	Cause     string   `json:"hangup_cause"`     // of call.hangup
	Code      string   `json:"sip_hangup_cause"` // a status, or "unspecified"
	Result    string   `json:"result"`           // of call.machine.detection.ended
	Why       string   `json:"failure_reason"`   // of streaming.failed
	Notified  int      `json:"sip_notify_response"`
}

type header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

var errEvent = errors.New("no event of Call Control's: an object with data.id, data.event_type and data.payload was expected")

// parse reads a webhook's body. Fields of another type than Telnyx documents are as if they were not there.
func parse(body []byte) (*event, error) {
	var in struct {
		Data event `json:"data"`
	}
	err := json.Unmarshal(body, &in)
	var odd *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &odd) || in.Data.Type == "" || !name(in.Data.ID) || !name(in.Data.Payload.Control) {
		return nil, errEvent
	}
	return &in.Data, nil
}

const nameMost = 256 // bytes of an id that is remembered

func name(id string) bool { return id != "" && len(id) <= nameMost }

const (
	headersMost = 32
	valueMost   = 1024 // bytes
)

// headers are those worth having as variables.
func (p *payload) headers() map[string]string {
	var all map[string]string
	for _, h := range append(append([]header(nil), p.Custom...), p.SIP...) {
		if !worthwhile(h.Name) || len(h.Value) > valueMost || !clean(h.Name) || !clean(h.Value) || len(all) == headersMost {
			continue
		}
		if all == nil {
			all = map[string]string{}
		}
		all[h.Name] = h.Value
	}
	return all
}

// worthwhile reports whether a header goes in and out.
func worthwhile(name string) bool {
	switch lower := strings.ToLower(name); lower {
	case "diversion", "p-asserted-identity", "user-to-user":
		return true
	default:
		return strings.HasPrefix(lower, "x-") && len(name) > 2 && len(name) <= 64
	}
}

// clean reports whether s has no character that would end a line.
func clean(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// party is a number as it stands, and of a SIP address its user.
func party(s string) string {
	if !clean(s) || len(s) > 256 {
		return ""
	}
	s = strings.TrimPrefix(strings.TrimPrefix(s, "sips:"), "sip:")
	user, _, _ := strings.Cut(s, "@")
	user, _, _ = strings.Cut(user, ";")
	return user
}

// status is the SIP status of a hangup; 0: none is said.
func (p *payload) status() int {
	n, err := strconv.Atoi(p.Code)
	if err != nil || n < 100 || n > 699 {
		return 0
	}
	return n
}

// who is what the detector found out; 0: it is not sure.
func (p *payload) who() leg.Answerer {
	switch p.Result {
	case "human", "human_residence", "human_business":
		return leg.HumanAnswered
	case "machine":
		return leg.MachineAnswered
	case "fax_detected":
		return leg.FaxAnswered
	}
	return 0
}
