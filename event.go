package parley

import (
	"encoding/json"
	"time"
)

// An EventType names a fact about a call, in the past tense or the contract's spelling.
// The event_… types are what webhooks subscribe to (SPEC §3); the others are for the live stream and for explaining a call.
type EventType string

const (
	EventMessage        EventType = "event_message"
	EventAction         EventType = "event_action"
	EventConnected      EventType = "event_phone_call_connected"
	EventEnded          EventType = "event_phone_call_ended"
	EventDidNotConnect  EventType = "event_phone_call_did_not_connect"
	EventTranscript     EventType = "event_transcript"
	EventRecording      EventType = "event_recording"
	EventHumanDetection EventType = "event_human_detection"
	EventError          EventType = "event_error"
	EventAnalysis       EventType = "event_analysis"

	EventCreated        EventType = "created"         // {direction, from_number, to_number, received_at, traceparent}
	EventRinging        EventType = "ringing"         // {sip_code, dialled_at}
	EventWarmed         EventType = "warmed"          // Warmth: what was made ready while the phone rang
	EventContext        EventType = "context"         // ContextAnswer: what a context endpoint knew of the other end
	EventMemory         EventType = "memory"          // {facts, summary, agent_id, updated_at}: what earlier calls knew of the other end
	EventKnowledge      EventType = "knowledge"       // Lookup: what the documents had for the caller's words
	EventPartial        EventType = "partial"         // Partial: the words of either side so far
	EventTurnEnded      EventType = "turn_ended"      // {text, why}: the caller's turn was taken as over
	EventDecision       EventType = "decision"        // journal.Decision: what was decided about whose turn it is, or who answered, and from what
	EventEarlyReply     EventType = "early_reply"     // {result, text, …}: a reply that was begun before the caller's turn was over was used, or thrown away
	EventPaused         EventType = "paused"          // {}: the agent fell silent because the caller made a sound
	EventResumed        EventType = "resumed"         // {}: it was nothing; the agent went on from the cut word
	EventInterrupted    EventType = "interrupted"     // {text}: the caller cut the agent off, having heard text
	EventActionStart    EventType = "action_start"    // {action_type, label, parameters}
	EventDigit          EventType = "digit"           // {digit}
	EventWarning        EventType = "warning"         // {code, message}
	EventTransferring   EventType = "transferring"    // {to}
	EventTransferred    EventType = "transferred"     // {to, by}: by refer, by a bridge of ours, warm, or by referral: the far end had the agent talk on with to
	EventTransferFailed EventType = "transfer_failed" // {to, reason}: the agent goes on
	EventBriefed        EventType = "briefed"         // {to, result, reason}: what who was told of a call in a warm transfer said to taking it
	EventMenuChosen     EventType = "menu_chosen"     // {menu, times, text, pressed or said or waited, by, why}: what was done about what a machine read out
	EventMenuDeadEnd    EventType = "menu_dead_end"   // {menu, text, why, then}: the way through the menus leads nowhere
	EventAfterAction    EventType = "after_action"    // {action_id, action_type, action_label, state, attempts, status, error}: an action after the call is over
	EventHeld           EventType = "held"            // {number}: the first party waits with music
	EventUnheld         EventType = "unheld"          // {number}
	EventPartyJoined    EventType = "party_joined"    // {number, action_id}: somebody who was called in is on the call
	EventPartyLeft      EventType = "party_left"      // {number, seconds}
	EventCollected      EventType = "collected"       // {field, kind, value, keyed, confirmed}: the caller gave what they were asked for
	EventGuardRail      EventType = "guard_rail"      // {rule, text, …}: a rule of the agent's guard_rails was kept against what would have been said or done
	EventMuted          EventType = "muted"           // {}: the agent was told to be silent
	EventUnmuted        EventType = "unmuted"         // {}

	EventWhispered        EventType = "whispered"         // {text, act}: a supervisor told the agent something
	EventRecordingPaused  EventType = "recording_paused"  // {}: nothing that is said or pressed is kept from now on
	EventRecordingResumed EventType = "recording_resumed" // {}
)

// Webhookable reports whether webhooks may subscribe to the type.
func (t EventType) Webhookable() bool {
	switch t {
	case EventMessage, EventAction, EventConnected, EventEnded, EventDidNotConnect, EventTranscript,
		EventRecording, EventHumanDetection, EventError, EventAnalysis:
		return true
	}
	return false
}

// A Partial is what has been said of a turn that is not over: the caller's words as they are understood, the agent's as they are heard.
type Partial struct {
	Text   string `json:"text"`
	Final  bool   `json:"final"` // the transcriber will not change it; never of the agent's
	Sender Who    `json:"sender"`
	TurnID string `json:"turn_id,omitempty"` // of the agent's
}

// An Event is a fact about a call. The log gives it its id and its sequence, gap-free per call from 1.
type Event struct {
	ID       string          `json:"id"`
	CallID   string          `json:"call_id"`
	Sequence int64           `json:"sequence"`
	Type     EventType       `json:"type"`
	Time     time.Time       `json:"timestamp"`
	Payload  json.RawMessage `json:"payload"`
	Withheld bool            `json:"-"` // what was said is not to be kept of it: whoever passes it on takes that out
}

// NewEvent makes an event of now. The payload must marshal; one that does not is a programming error and panics.
func NewEvent(callID string, t EventType, payload any) Event {
	b, err := json.Marshal(payload)
	if err != nil {
		panic("parley: event payload: " + err.Error())
	}
	return Event{CallID: callID, Type: t, Time: time.Now().UTC(), Payload: b}
}

// A Log is the one door by which facts leave a call. Append never blocks on the disk and is safe from any goroutine;
// events of one call keep the order in which they were appended.
type Log interface {
	Append(e Event)
}
