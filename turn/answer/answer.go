// Package answer decides who answered an outbound call: a human, a machine and which, or nobody. It is told everything with the
// time since answer and does nothing; no I/O, no clock, no goroutine.
package answer

import (
	"time"

	"github.com/parley-voice/parley/audio"
)

// A Class is who answered.
type Class string

// Classes of event_human_detection.
const (
	Human         Class = "human"
	Voicemail     Class = "voicemail"
	MailboxFull   Class = "mailbox_full"
	IVR           Class = "ivr"
	CallScreening Class = "call_screening"
	Hold          Class = "hold"
	Fax           Class = "fax"
	SIT           Class = "sit" // special information tones: the number cannot be reached
	Busy          Class = "busy"
	Silence       Class = "silence"
)

// Options are the agent's dials, as in the contract.
type Options struct {
	Language  string // contract code; "" is en
	WordsOnly bool   // llm_vm_detection_only: judge by words alone
	Dynamic   bool   // enable_dynamic_vm_detection: keep watching after the first verdict
}

// Words are what the transcriber has made of the sound so far. A partial replaces the partial before it.
type Words struct {
	Text  string
	Final bool
}

// A Verdict is a decision.
type Verdict struct {
	Class      Class
	Confidence float64       // 0–1
	Evidence   []string      // what it was decided by, in words for the log
	At         time.Duration // since answer
}

// A Classifier listens to who answered. It belongs to one goroutine.
type Classifier struct{ o Options }

// New makes a classifier for one call, to be told everything from the answer on.
func New(o Options) *Classifier { return &Classifier{o: o} }

// Frame hears 20 ms of the callee that ended at now.
func (c *Classifier) Frame(_ *audio.Frame, _ time.Duration) {}

// Heard takes what the transcriber made of the sound.
func (c *Classifier) Heard(_ Words, _ time.Duration) {}

// Verdict is who answered; false while that is open. It may change when Options.Dynamic.
func (c *Classifier) Verdict() (Verdict, bool) { return Verdict{}, false }

// Leave is when a message is to begin: after the beep, or where none comes. False while the greeting goes on.
func (c *Classifier) Leave() (time.Duration, bool) { return 0, false }

// Due is when Tick is to be called; false while nothing waits.
func (c *Classifier) Due() (time.Duration, bool) { return 0, false }

// Tick decides what has become due by now.
func (c *Classifier) Tick(_ time.Duration) {}
