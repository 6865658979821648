// Package answer decides who answered an outbound call: a human, a machine and which, or nobody. It is told everything with the
// time since answer and does nothing; no I/O, no clock, no goroutine.
//
// What is heard is weighed as it comes: words (lexicon.go), how long somebody talks before they wait for an answer (talk.go), and the
// network's tones (signal.go). A human is believed at once, because a human waits; a machine may take its time.
package answer

import (
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/tones"
	"github.com/parley-voice/parley/turn"
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
	SIT           Class = "sit" // the number cannot be reached: special information tones, or words to that effect
	Busy          Class = "busy"
	Silence       Class = "silence"
)

// Machine reports whether nobody is there who could talk, now or soon.
func (c Class) Machine() bool {
	return c == Voicemail || c == MailboxFull || c == Fax || c == SIT || c == Busy
}

// Options are the agent's dials, as in the contract.
type Options struct {
	Language  string // contract code; "" is en
	WordsOnly bool   // llm_vm_detection_only: judge by words alone
	Dynamic   bool   // enable_dynamic_vm_detection: keep watching after the first verdict
	Guess     bool   // say who it may be before it is settled
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
	Guess      bool          // they are still talking: it says who is likely there, and is nothing to act on yet
}

// Revisable is how long after the answer a human may turn out to be a machine: by then one has shown itself.
const Revisable = 20 * time.Second

// again is how many frames pass until a verdict is looked at anew.
const again = 10

// heard is what was heard so far, in frames.
type heard struct {
	now    time.Duration // the end of the newest
	frames int
	voices int           // of them those with a voice
	music  time.Duration // the sound has held its notes so long
}

// A Classifier listens to who answered. It belongs to one goroutine.
type Classifier struct {
	o     Options
	words []*lexicon // of the agent's language, and English
	stems []*stems   // likewise
	opens *openers   // of the agent's language
	vad   turn.VAD
	voice turn.Voicing
	tones *tones.Finder

	talk    talks
	heard   heard
	toned   bool // what the VAD takes for speech is a tone
	signal  signal
	finals  string        // plain
	partial string        // plain
	found   found         // in both
	wordsAt time.Duration // the newest word came; 0: none yet
	finalAt time.Duration // and the newest final
	overAt  time.Duration // their turn was over; 0: it is not known to be

	firstWord time.Duration
	verdict   *Verdict
	leave     time.Duration // 0: not yet
}

// New makes a classifier for one call, to be told everything from the answer on.
func New(o Options) *Classifier {
	c := &Classifier{o: o, words: []*lexicon{lexiconOf(o.Language)}, stems: []*stems{announcements[o.Language]}, opens: opened[o.Language], tones: tones.New()}
	if en := lexicons["en"]; c.words[0] != en {
		c.words, c.stems = append(c.words, en), append(c.stems, announcements["en"])
	} else {
		c.stems[0], c.opens = announcements["en"], opened["en"]
	}
	return c
}

// Frame hears 20 ms of the callee that ended at now.
func (c *Classifier) Frame(f *audio.Frame, now time.Duration) {
	if c.watching(now) && (!c.o.WordsOnly || c.verdict != nil) {
		if t, ok := c.tones.Frame(f, now); ok {
			c.signal.ended(t)
		}
		c.tone(now)
	}
	if c.heard.now = now; c.tones.Steady() > notes {
		c.heard.music += audio.FrameDur
	} else {
		c.heard.music = 0
	}
	c.vad.Frame(f)
	if (c.open() || c.verdict.Class == Silence) && c.found.said == "" && c.vad.Speaking() && c.voice.Frame(f) {
		c.heard.voices++
	}
	speech := c.vad.Speaking()
	c.toned = c.toned && speech // what the VAD makes of a tone lasts longer than it
	c.talk.hear(speech && !c.toned, c.vad.Active(), now)
	c.leaves(now)
	if c.heard.frames++; c.open() || c.verdict.Class == Silence || c.heard.frames%again == 0 {
		c.judge(now)
	}
}

// heldLong is how long no voice holds a note.
const heldLong = 400 * time.Millisecond

// tone takes note of what is held. What was taken for speech since it began was none.
func (c *Classifier) tone(now time.Duration) {
	t, ok := c.tones.Held()
	if ok && !c.toned && (!t.Amid && c.signal.held.Hz == 0 || t.Amid && t.Hz >= voiced && t.Dur() >= heldLong) {
		c.talk.forget(now - t.Start)
		c.toned = true
	}
	if !ok {
		t = tones.Tone{}
	}
	c.signal.held = t
}

// Heard takes what the transcriber made of the sound.
func (c *Classifier) Heard(w Words, now time.Duration) {
	if w.Final {
		if w.Text != "" {
			c.finals, c.finalAt = plain(c.finals+" "+w.Text), now
		}
		c.partial = ""
	} else if w.Text != "" {
		c.partial = plain(w.Text)
	}
	if said := c.said(); said != c.found.said {
		if c.found = c.find(said); strings.TrimSpace(said) != "" {
			if c.wordsAt = now; c.firstWord == 0 {
				c.firstWord = now
			}
		}
	}
	c.leaves(now)
	c.judge(now)
}

// Over is told that their turn is over, by who listens for the ends of turns.
func (c *Classifier) Over(now time.Duration) {
	c.overAt = now
	c.judge(now)
}

// Verdict is who answered; false while that is open. It may change: in the first 20 s a human may show to be a machine by its beep or its
// words, and with Options.Dynamic anything may.
func (c *Classifier) Verdict() (Verdict, bool) {
	if c.verdict == nil {
		return Verdict{}, false
	}
	return *c.verdict, true
}

// Take is told who answered by somebody who knows better: the verdict stands from now on as if it had been found out here.
func (c *Classifier) Take(v Verdict) { c.verdict = &v }

// Waits reports whether whoever talked has stopped, and waits for an answer. A human may be known by their words before.
func (c *Classifier) Waits() bool { return c.pause(c.heard.now) >= waitsWord }

// Leave is when a message is to begin: after the beep, or where none comes after 2 s of silence. False while the greeting goes on, and where
// none can be left.
func (c *Classifier) Leave() (time.Duration, bool) { return c.leave, c.leave > 0 }

// watching reports whether tones may still matter.
func (c *Classifier) watching(now time.Duration) bool {
	return c.open() || c.o.Dynamic || c.verdict.Class == Voicemail && c.leave == 0 || c.verdict.Class == Silence || now < Revisable
}

// open reports whether it is not settled yet who it is.
func (c *Classifier) open() bool { return c.verdict == nil || c.verdict.Guess }

// said is all words so far, plain.
func (c *Classifier) said() string {
	if c.partial == "" && c.finals == "" {
		return ""
	}
	return plain(c.finals + " " + c.partial)
}

// decide keeps a verdict. One that was given stands unless the agent has the classifier keep watching.
func (c *Classifier) decide(class Class, confidence float64, now time.Duration, evidence ...string) {
	if v := c.verdict; v != nil && !v.Guess && (v.Class == class || !c.revises(class, confidence, now)) {
		return
	}
	c.verdict = &Verdict{Class: class, Confidence: confidence, Evidence: slices.Clone(evidence), At: now}
}

// revises reports whether another class may take the place of the verdict: silence is none, and else only where it is wanted.
func (c *Classifier) revises(class Class, confidence float64, now time.Duration) bool {
	v := c.verdict
	switch {
	case v.Class == Silence:
		return true
	case (v.Class == Voicemail || v.Class == SIT) && v.Confidence < 0.9 && (class == Voicemail || class == MailboxFull || class == IVR || class == CallScreening):
		return true // the same machine, better understood
	case v.Class == Voicemail && class == MailboxFull:
		return c.leave == 0
	case v.Class == Human:
		return class != Silence && confidence >= 0.75 && (c.o.Dynamic || now < Revisable)
	case !c.o.Dynamic:
		return v.Confidence < 0.8 && confidence > v.Confidence && class != Human && now < Revisable
	}
	return confidence >= 0.6
}
