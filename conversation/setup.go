package conversation

import (
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/journal"
)

// Setup is all a conversation needs: who hears, thinks and speaks, what it may do, and what it is told to say. Variables have
// been filled in by then.
type Setup struct {
	CallID        string
	Prompt        string // the system message
	Greeting      string // first words; "": the caller speaks first
	GreetingDelay time.Duration
	Hear          stt.Transcriber
	Hearing       stt.Options
	Think         llm.Model
	Thinking      Thinking
	Speak         tts.Synthesizer
	Speaking      tts.Options
	Doing
	Turns   turn.Options
	Idle    Idle
	Callee  *Callee // nil: it is not asked who answered
	Apology string  // spoken when the model fails with no fallback left; a default in the agent's language is taken when ""
	Log     parley.Log
	Control <-chan Command // nil: none
	History *History       // nil: a new one
	Keeping
	Untransferred bool // the caller comes back from a transfer that failed: they are told so instead of Greeting
}

// Doing is what the agent can do besides talk.
type Doing struct {
	Actions  []action.Action // as its model decides
	Reflexes []Reflex        // by rule
	Collect  Collect         // what it asks callers for
	Guard    Guard           // what it keeps to
}

// Keeping is what of the call is kept.
type Keeping struct {
	Journal    *journal.Writer // of what taking turns is told; nil: none
	Discretion *Discretion     // nil: all that is said may be written down
}

// Thinking is what goes into every llm.Request besides messages and tools, and when that is made.
type Thinking struct {
	Temperature     *float64
	ReasoningEffort string
	Verbosity       string
	Seed            *int64
	Knowledge       Knowledge // nil: nothing is looked up
	Early           bool      // replies are begun before it is certain that the caller's turn is over
}

// Idle is what happens when nobody speaks.
type Idle struct {
	Ask              bool          // ask whether the caller is there; otherwise 30 s of silence on both sides end the call
	After            time.Duration // silence before the caller has spoken; 15 s
	AfterInteraction time.Duration // and afterwards; After
	Questions        []string      // what is asked, in turn; defaults in the agent's language
	MaxInARow        int           // 2; then the call ends
	MaxInCall        int           // 0: no limit
}

// History is what was said, as it was heard. It belongs to the Run it was given to, and to the caller of Run afterwards.
type History struct {
	Messages []llm.Message
	Turns    []parley.Turn
	Usage    Usage
	// Collected is what the caller was asked for and has given.
	Collected []parley.Collected
	Human     string // human_detection_result: human, no_human, "" when it was not found out
	Muted     bool   // the agent was when Run ended, and is when the next begins

	disclosed bool        // the agent has said what it is
	ran       map[int]int // how often each reflex has been run
	unkept    int         // the message, from 1, from which on none may be written down; 0: all may
}

// Usage is what the conversation cost so far.
type Usage struct {
	STT           time.Duration // sound that was transcribed
	TokensIn      int
	TokensOut     int
	TTSCharacters int
	Early         Early
}

// Add adds what another conversation cost.
func (u *Usage) Add(v Usage) {
	u.STT += v.STT
	u.TokensIn += v.TokensIn
	u.TokensOut += v.TokensOut
	u.TTSCharacters += v.TTSCharacters
	u.Early.Used += v.Early.Used
	u.Early.Discarded += v.Early.Discarded
	u.Early.TokensIn += v.Early.TokensIn
	u.Early.TokensOut += v.Early.TokensOut
	u.Early.TTSCharacters += v.Early.TTSCharacters
}

// Early is what became of replies that were begun before the caller's turn was over. What was thrown away of them is part of the Usage.
type Early struct {
	Used, Discarded int
	TokensIn        int // of those discarded
	TokensOut       int
	TTSCharacters   int
}

// A Command reaches into a running conversation; it is how the API acts on a call.
type Command struct {
	Kind     CommandKind
	Text     string
	Transfer *parley.Transfer // of Transfer, where Text does not say all
	Now      bool             // of Whisper
}

// CommandKind is what is wanted.
type CommandKind uint8

const (
	Say        CommandKind = iota + 1 // speak Text as it is
	AddContext                        // tell the model Text before its next turn
	End                               // end the call: the agent hangs up
	Press                             // send the digits in Text
	Mute                              // be silent from now on, and go on hearing
	Unmute                            // speak again
	Transfer                          // finish what is being said, then hand the caller over to Text
	Tell                              // tell the model Text, and let it speak of it as soon as nobody else speaks
	Whisper                           // as AddContext, or with Now as Tell, from somebody who listens
	Yield                             // somebody is there to take the call over: say Text, if anything, and leave
)
