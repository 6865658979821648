package parley

import (
	"encoding/json"
	"strconv"
	"time"
)

// Status of a call, in the contract's spelling.
type Status string

const (
	NotStarted Status = "not_started"
	InProgress Status = "in_progress"
	Failed     Status = "error"
	Ended      Status = "ended"
)

// Stage of a call, in the contract's spelling.
type Stage string

const (
	StageCreated            Stage = "created"
	StagePickedUp           Stage = "picked_up"
	StageTransferStarted    Stage = "transfer_started"
	StageTransferSuccessful Stage = "transfer_successful"
)

// A Call is one phone call and what became of it.
type Call struct {
	ID            string
	UserID        string // the environment
	Status        Status
	Stage         Stage
	IsOutgoing    bool
	From, To      string            // E.164, sip: address or extension
	AgentID       string            //
	Agent         json.RawMessage   // snapshot of the agent as it was for this call
	Context       map[string]string // variables of the prompt
	Params        map[string]string // telephony_params
	NoHumanAction string            // on_no_human_answer: continue, hangup
	Created       time.Time
	Start, End    time.Time // answer and end; zero when it was not answered
	Private       bool      // hipaa_compliant: no words, prompt or sound of it are stored, logged or sent
	Schedule
	Media
	Ending
	Record
}

// Schedule is when a call may be dialled.
type Schedule struct {
	Queued    bool      // waits for its time and a free slot; false from the moment its dialling is certain
	NotBefore time.Time // zero: at once
	NotAfter  time.Time // zero: whenever; a call that still waits then ends expired
	Pool      *Pool     // whose number it is made from, once it is its turn; nil: From, whenever
}

// A Pool is among which numbers of the environment the one is that a call is made from: one that its pacing leaves free, picked as the call
// takes its slot.
type Pool struct {
	Tag    string   `json:"tag,omitempty"`    // those with this tag; "": Number alone
	Number string   `json:"number,omitempty"` // which its pacing holds back
	Trunks []string `json:"trunks,omitempty"` // of a tag: account connections whose numbers may make the call
	Trunk  string   `json:"trunk,omitempty"`  // of a tag: what carries it from a number that is linked with none; "": such a number does not
}

// Direct reports whether the call goes by no account, so that any number with the tag may make it.
func (p *Pool) Direct() bool { return len(p.Trunks) == 0 && p.Trunk == "" }

// Usage is what a call has used up.
type Usage struct {
	STTSeconds       float64  `json:"stt_seconds"`       // of sound that was heard
	LLMTokensIn      int64    `json:"llm_tokens_in"`     //
	LLMTokensOut     int64    `json:"llm_tokens_out"`    //
	TTSCharacters    int64    `json:"tts_characters"`    // that were spoken
	TelephonySeconds float64  `json:"telephony_seconds"` // from answer to end, all legs
	Early            Early    `json:"early"`             // of all of these
	Cost             *float64 `json:"cost"`              // by the operator's price file; nil: there is none
}

// Early is what became of replies that were begun before the caller's turn was over, and what of the call's usage was thrown away with
// those that nobody heard.
type Early struct {
	Used          int64 `json:"used"`
	Discarded     int64 `json:"discarded"`
	LLMTokensIn   int64 `json:"llm_tokens_in"`
	LLMTokensOut  int64 `json:"llm_tokens_out"`
	TTSCharacters int64 `json:"tts_characters"`
}

// Record is what was said and done on the call.
type Record struct {
	Turns         []Turn
	ActionHistory []json.RawMessage
	Notes         []Note
	Warnings      []string
	Usage         Usage
	Human         string // human_detection_result: human, no_human; "" when it was not found out
	DoNotCall     *bool  // do_not_call_result: did they ask not to be called again; nil: it was not looked at
	Collected     []Collected
	After         Aftermath
}

// A Collected is what a caller was asked for and has given, in the form that its kind has.
type Collected struct {
	Name      string `json:"name"`
	Kind      string `json:"kind"` // of package collect
	Value     string `json:"value"`
	Keyed     bool   `json:"keyed,omitempty"`     // on the telephone, not said
	Confirmed bool   `json:"confirmed,omitempty"` // it was read back, and they said that it is right
}

// A Note is a line of the transcript that nobody spoke.
type Note struct {
	At   time.Duration // since answer
	Text string        // BOT_ACTION_START: …
}

// Media is what carried the call and what was kept of it.
type Media struct {
	Telephony    string            // sip, twilio, telnyx, web
	TrunkID      string            // account connection that carries it; "" when dialled or received without one
	TelephonyID  string            // the carrier's id: the SIP Call-ID
	Metadata     map[string]string // telephony_metadata
	Recording    string            // blob name of the WAV, "" when none
	RecordingLen time.Duration
	Quality      *Quality // nil: it was not measured
}

// Quality is how the sound of a call travelled between the far end and us. What is null the far end has not said.
type Quality struct {
	Codec     string   `json:"codec"`
	Encrypted bool     `json:"encrypted"`
	Sent      int64    `json:"packets_sent"`
	Received  int64    `json:"packets_received"`
	Lost      int64    `json:"lost"`      // packets of theirs that were not there when they were due
	Late      int64    `json:"late"`      // packets of theirs that came all the same, but too late, or too far ahead of time
	Concealed int64    `json:"concealed"` // frames of 20 ms that were made up in their place
	Jitter    float64  `json:"jitter_ms"`
	FarLost   *float64 `json:"far_lost_percent"` // of our packets
	FarJitter *float64 `json:"far_jitter_ms"`
	RoundTrip *float64 `json:"round_trip_ms"`
}

// Ending is how the call ended.
type Ending struct {
	Cause        Cause  // "" while it runs
	SIPCode      int    // final status of an attempt that failed
	StageOutcome string // overrides Cause.StageOutcome when a transfer decided it
	ErrorMessage string
}

// Outcome is the contract's stage_outcome.
func (e Ending) Outcome() string {
	if e.StageOutcome != "" {
		return e.StageOutcome
	}
	return e.Cause.StageOutcome()
}

// A Number is a line an agent can be reached at.
type Number struct {
	ID           string `json:"id"`
	UserID       string `json:"user_id"`
	Number       string `json:"number"` // as linked: E.164, or the user part a PBX sends
	Active       bool   `json:"active"`
	OutboundOnly bool   `json:"outbound_only"`
	Label        string `json:"label,omitempty"`
	InboundAgent string `json:"inbound_agent,omitempty"`   // agent id
	Fallback     string `json:"fallback_number,omitempty"` // config.fallback_number: who takes a call that no agent here can
	Reserve      int    `json:"inbound_reserve,omitempty"` // config.inbound_reserve: slots that outbound calls leave free

	Example map[string]string `json:"example_context,omitempty"` // variables of its calls that nothing else gives
}

// RingParam is the telephony_params of how long a call rings before it is given up.
const RingParam = "ring_timeout_seconds"

// RingTime reads its value: a number of seconds from 1 to 600; false: it is none.
func RingTime(text string) (time.Duration, bool) {
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || !(n >= 1 && n <= 600) { // NaN is neither
		return 0, false
	}
	return time.Duration(n * float64(time.Second)), true
}
