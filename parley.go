// Package parley holds the words the whole house shares: agents, calls, turns, causes, events and errors.
// It imports the standard library alone and starts no goroutine.
package parley

import (
	"encoding/json"
	"time"
)

// Who is one party of a conversation, in the contract's spelling.
type Who string

const (
	Human Who = "human" // the caller, or on an outbound call the callee
	Bot   Who = "bot"   // the agent
)

// A Turn is what one party said, as it was heard by the other.
type Turn struct {
	ID          string        // unique within the call
	Who         Who           //
	Text        string        // the words that were played out (agent) or recognised (caller)
	Start, End  time.Duration // since answer
	Interrupted bool          // the other party cut it off
	Latency     *Latency      // agent turns that answer the caller
}

// Latency says where the gap between the caller's last sound and the agent's first went. The parts add up to Total.
type Latency struct {
	Endpointing time.Duration // last speech → turn taken as over, less what the transcriber needed
	STT         time.Duration // last speech → the words that ended the turn
	Queue       time.Duration // turn over → request to the model
	LLM         time.Duration // request → first useful token
	Chunking    time.Duration // first token → first speakable piece
	TTS         time.Duration // piece → first sound
	Playout     time.Duration // first sound → on the wire
	Total       time.Duration // last speech → first sound on the wire
}

// MarshalJSON writes the parts in whole milliseconds, as the API shows them.
func (l Latency) MarshalJSON() ([]byte, error) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return json.Marshal(map[string]float64{
		"endpointing_ms": ms(l.Endpointing), "stt_ms": ms(l.STT), "queue_ms": ms(l.Queue), "llm_ms": ms(l.LLM),
		"chunking_ms": ms(l.Chunking), "tts_ms": ms(l.TTS), "playout_ms": ms(l.Playout), "total_ms": ms(l.Total),
	})
}

// An Outcome is how a conversation ended and what the call should do next.
type Outcome struct {
	Cause    Cause     // why it is over; Transferred asks the call to carry out Transfer
	Transfer *Transfer // set with Transferred
	Detail   string    // one sentence for the call's error_message, "" when nothing went wrong
}

// A Transfer names who is to take the caller over.
type Transfer struct {
	To       string // E.164, sip: address or extension
	ActionID string // the action that asked for it
}
