package call

import (
	"encoding/json"

	"github.com/parley-voice/parley"
)

// plain are the codes of warnings whose messages are ours and repeat nothing of a call. Why a vendor was changed is not ours.
var plain = map[string]bool{"setup": true, "telephony_params": true, "slow_transcriber": true,
	"prices": true, "knowledge": true, "recording": true, "referred": true, "hold": true}

// wordless is an event of a private call as it is told.
func wordless(e parley.Event) (parley.Event, bool) { return withheld(e, parley.Withheld) }

// withheld is an event of a private call, or of one whose recording is paused, without what was said, pressed, asked of a tool or told by one;
// false: nothing is left of it. why stands where a message was. What it does not know loses its payload.
func withheld(e parley.Event, why string) (parley.Event, bool) {
	var p map[string]json.RawMessage
	if json.Unmarshal(e.Payload, &p) != nil {
		p = map[string]json.RawMessage{}
	}
	blank := func(key, with string) {
		if _, ok := p[key]; ok {
			p[key] = json.RawMessage(with)
		}
	}
	switch e.Type {
	case parley.EventPartial:
		return e, false
	case parley.EventCreated, parley.EventRinging, parley.EventConnected, parley.EventEnded, parley.EventDidNotConnect, parley.EventPaused,
		parley.EventResumed, parley.EventMuted, parley.EventUnmuted, parley.EventRecordingPaused, parley.EventRecordingResumed, parley.EventWarmed, parley.EventTransferring, parley.EventTransferred, parley.EventTransferFailed,
		parley.EventHeld, parley.EventUnheld, parley.EventPartyJoined, parley.EventPartyLeft:
		return e, true
	case parley.EventBriefed:
		blank("reason", `""`)
	case parley.EventMessage:
		if why == parley.Withheld {
			why = "" // of a private call there is no other text
		}
		blank("text", `"`+why+`"`)
	case parley.EventTurnEnded, parley.EventInterrupted, parley.EventEarlyReply:
		blank("text", `""`)
	case parley.EventDecision:
		blank("text", `""`)
		blank("evidence", `[]`)
		var in map[string]json.RawMessage
		if _ = json.Unmarshal(p["inputs"], &in); in != nil {
			delete(in, "asked")
			p["inputs"], _ = json.Marshal(in)
		}
	case parley.EventMenuChosen, parley.EventMenuDeadEnd:
		for _, key := range []string{"text", "pressed", "said", "why"} {
			blank(key, `""`)
		}
	case parley.EventDigit:
		blank("digit", `""`)
	case parley.EventGuardRail:
		blank("text", `""`)
	case parley.EventCollected:
		blank("value", `""`)
	case parley.EventActionStart:
		blank("parameters", `{}`)
	case parley.EventAction:
		blank("parameters", `{}`)
		p["result"] = failedOnly(p["result"], why)
	case parley.EventContext:
		blank("names", `[]`)
		delete(p, "left_out")
	case parley.EventKnowledge:
		delete(p, "asked")
		blank("query", `""`)
		blank("chunks", `[]`)
	case parley.EventTranscript:
		blank("transcript", `""`)
		blank("turns", `[]`)
	case parley.EventError:
		blank("message", `"`+why+`"`)
	case parley.EventWarning:
		var code string
		if _ = json.Unmarshal(p["code"], &code); !plain[code] {
			blank("message", `"`+why+`"`)
		}
	case parley.EventHumanDetection:
		blank("evidence", `[]`)
	default:
		p = map[string]json.RawMessage{}
	}
	e.Payload, _ = json.Marshal(p) // of what was JSON
	return e, true
}

// failedOnly keeps of an action's result whether it failed.
func failedOnly(result json.RawMessage, why string) json.RawMessage {
	var r struct {
		Status *int    `json:"http_status_code"`
		Error  *string `json:"error"`
	}
	_ = json.Unmarshal(result, &r)
	if r.Error != nil {
		r.Error = &why
	}
	b, _ := json.Marshal(map[string]any{"json": nil, "http_status_code": r.Status, "error": r.Error})
	return b
}
