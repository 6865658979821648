package journal

import (
	"math"
	"time"

	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
)

// What was decided.
const (
	TurnEnd      = "turn_end"     // the caller's turn is over
	Backchannel  = "backchannel"  // they only showed that they listen
	Interruption = "interruption" // they said words that stop the agent
	Pause        = "pause"        // they make a sound: the agent falls silent
	Resume       = "resume"       // it was nothing
	Answered     = "answered"     // who answered
	Message      = "message"      // a voicemail's message is to begin then
	Menu         = "menu"         // what is done about what a machine read out
)

// A Decision is one, with what it was made from: the payload of a parley.EventDecision.
type Decision struct {
	What string `json:"decision"`
	At   int64  `json:"at_ms"` // since answer

	Text      string `json:"text,omitempty"`
	Why       string `json:"why,omitempty"`
	Start     *int64 `json:"start_ms,omitempty"`
	SpeechEnd *int64 `json:"speech_end_ms,omitempty"`
	WordsAt   *int64 `json:"words_at_ms,omitempty"`

	Class      string   `json:"class,omitempty"`
	Confidence float64  `json:"confidence,omitempty"`
	Evidence   []string `json:"evidence,omitempty"`
	Menu       int      `json:"menu,omitempty"`  // 1 is the first announcement of the call
	Guess      bool     `json:"guess,omitempty"` // they were still talking

	Inputs *Inputs `json:"inputs,omitempty"`
	Dials  *Dials  `json:"dials,omitempty"`
}

// Inputs are those of turn.Inputs, as they are written down.
type Inputs struct {
	Silence  int64   `json:"silence_ms"`
	Words    int64   `json:"since_words_ms,omitempty"`
	Wait     int64   `json:"wait_ms,omitempty"`
	Pauses   int64   `json:"pauses_ms,omitempty"`
	Finished float64 `json:"finished"`
	Ended    bool    `json:"vendor_ended,omitempty"`
	Open     bool    `json:"open_segment,omitempty"`
	Marks    bool    `json:"punctuates,omitempty"`
	Asked    string  `json:"asked,omitempty"`
	Melody   string  `json:"melody,omitempty"`
	Pace     float64 `json:"pace"`

	Voiced    float64 `json:"voiced_frames"`
	Loudness  float64 `json:"loudness_db"`
	Least     float64 `json:"caller_least_db"`
	Place     float64 `json:"place_db"`
	Echo      int64   `json:"echo_ms,omitempty"`
	Doubt     int64   `json:"doubt_ms,omitempty"`
	Listening bool    `json:"listening,omitempty"`
	Aside     bool    `json:"aside,omitempty"`
	Alarms    int     `json:"false_alarms,omitempty"`
}

// Dials are the agent's, by the contract's names.
type Dials struct {
	Endpointing string  `json:"endpointing_sensitivity"`
	Interrupt   string  `json:"interrupt_sensitivity"`
	Speed       float64 `json:"conversation_speed"`
	MinVolume   float64 `json:"min_volume,omitempty"`
	Dynamic     bool    `json:"enable_dynamic_turns,omitempty"`
	MinWait     float64 `json:"dynamic_min_wait_secs,omitempty"`
	MaxSilence  float64 `json:"dynamic_max_silence_secs,omitempty"`
}

func dialsOf(o turn.Options) *Dials {
	d := &Dials{Endpointing: o.EndpointingSensitivity, Interrupt: o.InterruptSensitivity, Speed: o.Speed, MinVolume: o.MinVolume, Dynamic: o.Dynamic}
	if d.Endpointing == "" {
		d.Endpointing = "auto"
	}
	if d.Interrupt == "" {
		d.Interrupt = "low"
	}
	if d.Speed == 0 {
		d.Speed = 1
	}
	if d.Dynamic {
		d.MinWait, d.MaxSilence = o.DynamicMinWait, o.DynamicMaxSilence
	}
	return d
}

var kinds = map[turn.Kind]string{turn.TurnEnd: TurnEnd, turn.Backchannel: Backchannel, turn.BargeIn: Interruption, turn.Pause: Pause, turn.Resume: Resume}

// taken is a decision of the detector's.
func taken(s turn.Signal, dials *Dials, now time.Duration) Decision {
	d := Decision{What: kinds[s.Kind], At: now.Milliseconds(), Text: s.Text, Why: string(s.Why), Inputs: inputsOf(s.Inputs), Dials: dials}
	if s.Kind == turn.TurnEnd || s.Kind == turn.Backchannel {
		d.Start, d.SpeechEnd, d.WordsAt = millis(s.Start), millis(s.SpeechEnd), millis(s.WordsAt)
	}
	if s.Thinking {
		d.Evidence = []string{"nothing of what the agent is about to say was heard"}
	}
	return d
}

func millis(d time.Duration) *int64 {
	n := d.Milliseconds()
	return &n
}

func inputsOf(in turn.Inputs) *Inputs {
	return &Inputs{
		Silence: in.Silence.Milliseconds(), Words: in.Waiting.Milliseconds(), Wait: in.Wait.Milliseconds(), Pauses: in.Pauses.Milliseconds(),
		Finished: round(in.Finished, 100), Ended: in.Ended, Open: in.Open, Marks: in.Marks, Asked: in.Asked, Melody: in.Melody, Pace: round(in.Pace, 100),
		Voiced: round(in.Voiced, 10), Loudness: round(in.Loudness, 10), Least: round(in.Least, 10), Place: round(in.Place, 10), Echo: in.Echo.Milliseconds(),
		Doubt: in.Doubt.Milliseconds(), Listening: in.Listening, Aside: in.Aside, Alarms: in.Alarms,
	}
}

func round(v, to float64) float64 { return math.Round(v*to) / to }

// answered is a verdict.
func answered(v answer.Verdict, now time.Duration) Decision {
	return Decision{What: Answered, At: now.Milliseconds(), Class: string(v.Class), Confidence: round(v.Confidence, 100), Evidence: v.Evidence, Guess: v.Guess}
}
