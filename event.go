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

	EventCreated        EventType = "created"         // {direction, from_number, to_number}
	EventRinging        EventType = "ringing"         // {}
	EventWarmed         EventType = "warmed"          // Warmth: what was made ready while the phone rang
	EventContext        EventType = "context"         // ContextAnswer: what a context endpoint knew of the other end
	EventMemory         EventType = "memory"          // {facts, summary, agent_id, updated_at}: what earlier calls knew of the other end
	EventPartial        EventType = "partial"         // {text}: the caller's words so far
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
	EventTransferred    EventType = "transferred"     // {to, by}: by refer, by a bridge of ours, or by referral: the far end had the agent talk on with to
	EventTransferFailed EventType = "transfer_failed" // {to, reason}: the agent goes on
	EventMenuChosen     EventType = "menu_chosen"     // {menu, times, text, pressed or said or waited, by, why}: what was done about what a machine read out
	EventMenuDeadEnd    EventType = "menu_dead_end"   // {menu, text, why, then}: the way through the menus leads nowhere
	EventAfterAction    EventType = "after_action"    // {action_id, action_type, action_label, state, attempts, status, error}: an action after the call is over
	EventMuted          EventType = "muted"           // {}: the agent was told to be silent
	EventUnmuted        EventType = "unmuted"         // {}
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

// An Event is a fact about a call. The log gives it its id and its sequence, gap-free per call from 1.
type Event struct {
	ID       string          `json:"id"`
	CallID   string          `json:"call_id"`
	Sequence int64           `json:"sequence"`
	Type     EventType       `json:"type"`
	Time     time.Time       `json:"timestamp"`
	Payload  json.RawMessage `json:"payload"`
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
