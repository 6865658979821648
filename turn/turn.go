// Package turn decides whose turn it is: voice activity, end of turn, interruptions, backchannels. State machines that are
// told everything and do nothing; no I/O, no clock, no goroutine.
package turn

import "time"

// Options are the agent's dials, as in the contract.
type Options struct {
	Language               string  // contract code; "" is en
	InterruptSensitivity   string  // low (default), high
	EndpointingSensitivity string  // auto (default), relaxed, sensitive
	Speed                  float64 // conversation_speed: divides every wait; 0 is 1
	Dynamic                bool    // enable_dynamic_turns
	DynamicMinWait         float64 // seconds, 0.2
	DynamicMaxSilence      float64 // seconds, 3
	MinVolume              float64 // 0–100, % of full-scale RMS; below counts as silence
}

// An Agent is what the agent is doing, as far as turns are concerned.
type Agent uint8

const (
	Idle    Agent = iota // it waits for the caller
	Busy                 // it speaks, and may be interrupted
	Insists              // it is not to be interrupted
	Thinks               // it has something to say of which nothing was heard yet
)

// yields reports whether the caller may take the floor from it.
func (a Agent) yields() bool { return a == Busy || a == Thinks }

// A Kind is what a Signal asks for.
type Kind uint8

const (
	None        Kind = iota
	Pause            // the caller makes sounds that are no words yet: fall silent, and keep what was being said
	Resume           // it was nothing: go on from the cut word
	BargeIn          // the caller says words that stop the agent
	Backchannel      // the caller only showed that they listen; Text is not to be answered
	TurnEnd          // the caller's turn is over; Text is to be answered
)

// A Signal is a decision. Times are since answer.
type Signal struct {
	Kind      Kind
	Text      string        // BargeIn: the words so far; Backchannel, TurnEnd: the words of the turn
	Why       Why           // TurnEnd
	Start     time.Duration // Backchannel, TurnEnd: when the caller began to speak
	SpeechEnd time.Duration // Backchannel, TurnEnd: the last speech in the sound
	WordsAt   time.Duration // Backchannel, TurnEnd: when the last of Text came from the transcriber
	Thinking  bool          // Pause, Resume, BargeIn: nothing was heard yet of what it is about
	Inputs    Inputs
}

// Why says what ended a turn.
type Why string

const (
	ByVendor   Why = "vendor"     // the transcriber's own end of speech
	ByFinished Why = "finished"   // silence after a finished sentence
	BySilence  Why = "silence"    // silence after an unfinished one
	ByPatience Why = "unfinished" // the transcriber never closed the segment
)

// Words are what the transcriber has made of the sound so far. A partial replaces the partial before it.
type Words struct {
	Text     string
	Final    bool
	End      bool // the vendor holds the utterance to be over
	Semantic bool // with End: by what was said and how, not by a silence alone
	Started  bool // the vendor noticed speech, no words yet
	Eager    bool // the vendor holds the utterance to be probably over
}
