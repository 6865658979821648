package journal

import (
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
)

// A Detector is a turn.Detector whose every decision is told, and of which everything that it is told is written down.
type Detector struct {
	*turn.Detector
	w     *Writer
	now   func() time.Duration // since answer; nil: the time of what it was told last
	dials *Dials
	tell  func(Decision)
}

// New makes a detector for one conversation. w and tell may be nil.
func New(o turn.Options, w *Writer, tell func(Decision)) *Detector {
	w.begin(o)
	if tell == nil {
		tell = func(Decision) {}
	}
	return &Detector{Detector: turn.New(o), w: w, dials: dialsOf(o), tell: tell}
}

// Clock tells it the time since answer, for what it is told without a time.
func (d *Detector) Clock(now func() time.Duration) { d.now = now }

// note writes down what it is told without a time.
func (d *Detector) note(op byte, what any) {
	if d.w != nil {
		d.w.note(op, d.time(), what)
	}
}

// time is since answer.
func (d *Detector) time() time.Duration {
	switch {
	case d.now != nil:
		return d.now()
	case d.w != nil:
		return d.w.last
	}
	return 0
}

// Frame hears 20 ms of the caller that ended at now and stand at at in the recording.
func (d *Detector) Frame(f *audio.Frame, at, now time.Duration) turn.Signal {
	d.w.sound(opFrame, 0, f, at, now)
	return d.decided(d.Detector.Frame(f, now), now)
}

// Played takes 20 ms of the agent that were put on the wire and stand at at in the recording.
func (d *Detector) Played(f *audio.Frame, at, now time.Duration) {
	d.w.sound(opPlayed, 1, f, at, now)
	d.Detector.Played(f, now)
}

// Heard takes what the transcriber made of the sound.
func (d *Detector) Heard(w turn.Words, now time.Duration) turn.Signal {
	d.w.note(opHeard, now, w)
	return d.decided(d.Detector.Heard(w, now), now)
}

// Agent says what the agent does now.
func (d *Detector) Agent(a turn.Agent) {
	d.note(opAgent, byte(a))
	d.Detector.Agent(a)
}

// Asked tells what the agent has said last.
func (d *Detector) Asked(text string) {
	d.note(opAsked, text)
	d.Detector.Asked(text)
}

// Tick decides what has become due by now.
func (d *Detector) Tick(now time.Duration) turn.Signal {
	d.w.note(opTick, now, nil)
	return d.decided(d.Detector.Tick(now), now)
}

// Flush gives what the caller has said of a turn that did not end, and forgets it.
func (d *Detector) Flush() (turn.Signal, bool) {
	d.note(opFlush, nil)
	return d.Detector.Flush()
}

func (d *Detector) decided(s turn.Signal, now time.Duration) turn.Signal {
	if s.Kind != turn.None {
		d.tell(taken(s, d.dials, now))
	}
	return s
}

// Who makes a classifier whose time 0 is from.
func (d *Detector) Who(o answer.Options, from time.Duration) *Classifier {
	c := &Classifier{Classifier: answer.New(o), d: d, from: from}
	if d.w != nil {
		c.id = d.w.whos
		d.w.whos++
		d.w.who(opWho, c.id, from, o)
	}
	return c
}

// A Classifier is an answer.Classifier whose verdicts are told. Times are since its beginning.
type Classifier struct {
	*answer.Classifier
	d     *Detector
	id    int
	from  time.Duration
	class answer.Class // told last
	guess bool         // and it was no more
	left  bool         // it was told when a message is to begin
}

// Frame hears the 20 ms that the detector was told last.
func (c *Classifier) Frame(f *audio.Frame, now time.Duration) {
	c.d.w.who(opWhoFrame, c.id, c.from+now, nil)
	c.Classifier.Frame(f, now)
	c.decided(now)
}

// Heard takes what the transcriber made of the sound.
func (c *Classifier) Heard(w answer.Words, now time.Duration) {
	c.d.w.who(opWhoHeard, c.id, c.from+now, w)
	c.Classifier.Heard(w, now)
	c.decided(now)
}

// Over is told that their turn is over.
func (c *Classifier) Over(now time.Duration) {
	c.d.w.who(opWhoOver, c.id, c.from+now, nil)
	c.Classifier.Over(now)
	c.decided(now)
}

// Take is told who answered by somebody who knows better.
func (c *Classifier) Take(v answer.Verdict) {
	c.d.w.who(opWhoTake, c.id, c.from+v.At, v)
	c.Classifier.Take(v)
	c.decided(v.At)
}

func (c *Classifier) decided(now time.Duration) {
	if v, ok := c.Verdict(); ok && (v.Class != c.class || c.guess && !v.Guess) {
		c.class, c.guess = v.Class, v.Guess
		c.d.tell(answered(v, c.from+now))
	}
	if c.left {
		return
	}
	if at, ok := c.Leave(); ok {
		c.left = true
		c.d.tell(Decision{What: Message, At: (c.from + at).Milliseconds()})
	}
}
