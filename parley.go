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
	Vendors     *Credits      // who served it; nil: nobody told
	Words       []Span        // when each word of Text, cut at white space, was heard; nil: nobody timed them
}

// A Span is a stretch of a call, since answer.
type Span struct{ Start, End time.Duration }

// Latency says where the gap between the caller's last sound and the agent's first went, both as they passed the wire. The parts, without
// Silence, add up to Total.
type Latency struct {
	Endpointing time.Duration // last speech → turn taken as over, less what the transcriber needed
	STT         time.Duration // last speech → the words that ended the turn
	Queue       time.Duration // turn over → request to the model
	LLM         time.Duration // request → first useful token
	Chunking    time.Duration // first token → first speakable piece
	TTS         time.Duration // piece → first sound that is more than silence, Silence included
	Playout     time.Duration // first sound → on the wire
	Total       time.Duration // last speech → first sound on the wire
	Actions     time.Duration // ran before the first token, as the model wanted; not in LLM
	Silence     time.Duration // with which the vendor's sound began; part of TTS
}

// latencyJSON is Latency in milliseconds, as the API shows it.
type latencyJSON struct {
	Endpointing float64 `json:"endpointing_ms"`
	STT         float64 `json:"stt_ms"`
	Queue       float64 `json:"queue_ms"`
	LLM         float64 `json:"llm_ms"`
	Chunking    float64 `json:"chunking_ms"`
	TTS         float64 `json:"tts_ms"`
	Playout     float64 `json:"playout_ms"`
	Total       float64 `json:"total_ms"`
	Actions     float64 `json:"actions_ms,omitempty"`
	Silence     float64 `json:"tts_silence_ms,omitempty"`
}

// MarshalJSON writes the parts in milliseconds.
func (l Latency) MarshalJSON() ([]byte, error) { return json.Marshal(l.shown()) }

func (l Latency) shown() latencyJSON {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	return latencyJSON{ms(l.Endpointing), ms(l.STT), ms(l.Queue), ms(l.LLM), ms(l.Chunking), ms(l.TTS), ms(l.Playout), ms(l.Total), ms(l.Actions), ms(l.Silence)}
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (l *Latency) UnmarshalJSON(b []byte) error {
	var v latencyJSON
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	d := func(ms float64) time.Duration { return time.Duration(ms*1000+0.5) * time.Microsecond }
	*l = Latency{d(v.Endpointing), d(v.STT), d(v.Queue), d(v.LLM), d(v.Chunking), d(v.TTS), d(v.Playout), d(v.Total), d(v.Actions), d(v.Silence)}
	return nil
}

// An Outcome is how a conversation ended and what the call should do next.
type Outcome struct {
	Cause    Cause     // why it is over; Transferred asks the call to carry out Transfer
	Transfer *Transfer // set with Transferred
	Detail   string    // one sentence for the call's error_message, "" when nothing went wrong
}

// A Transfer names who is to take the caller over.
type Transfer struct {
	To        string // E.164, sip: address or extension
	Extension string // keys pressed once To has answered, with pauses (w , W); "" none
	ActionID  string // the action that asked for it
	Warm      *Warm  // nil: the caller is handed over without a word

	Report   func(code int) // not nil: the far end asked for it, and we are to call To; it is told the SIP status that comes to
	Replaces string         // with Report: the dialog of To that our call takes the place of, "" none
}

// Warm is a transfer of which To is told first, and to which they agree or not; the caller waits meanwhile.
type Warm struct {
	Briefing  string        // what To is told; "": what the model makes of the call
	HoldSound string        // what the caller hears: HoldMusic or HoldRinging
	Answer    time.Duration // for which it rings; 0: as long as any call does
	HangUp    bool          // on failure the call ends; otherwise the agent goes on with the caller
}

// What Warm.HoldSound can be; "" is HoldMusic.
const (
	HoldMusic   = "music"
	HoldRinging = "ringing"
)
