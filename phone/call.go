package phone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// Sound, as the ear takes it.
const (
	loudDB   = -40.0                  // dBFS of a frame that is not silence
	heardMin = 5                      // loud frames that make an agent heard
	newSound = 400 * time.Millisecond // of quiet between two sounds of the agent
)

// A call is one answered call. All of it belongs to run.
type call struct {
	leg    leg.Leg
	o      Options
	parts  []part
	tape   *tape
	report Report
	start  time.Time // of the answer

	near, far voice // what we say, and what we hear
	speaking  bool
	mouth     sync.WaitGroup
	mouthErr  chan error // of a part that could not be said
	loud      int        // loud frames heard
}

// A voice is when one side made sound, since answer.
type voice struct {
	begin time.Duration // of the sound that is going on, or was last
	last  time.Duration // end of the last loud frame
	any   bool
}

// sound takes a loud frame that came at t; fresh: a new sound begins with it.
func (v *voice) sound(t time.Duration) (fresh bool) {
	fresh = !v.any || t-v.last > newSound
	if fresh {
		v.begin = t
	}
	v.any, v.last = true, t
	return fresh
}

// quiet is for how long there has been none at t.
func (v *voice) quiet(t time.Duration) time.Duration { return t - v.last }

func newCall(l leg.Leg, o Options, parts []part, t *tape) *call {
	return &call{leg: l, o: o, parts: parts, tape: t, start: time.Now(), mouthErr: make(chan error, 1), report: Report{Answered: true}}
}

// heardEvent is an event and when it came, since answer.
type heardEvent struct {
	ev leg.Event
	at time.Duration
}

// run is the loop. The leg's Played events, one every 20 ms, are its clock.
func (c *call) run(ctx context.Context) (err error) {
	ctx, cancel := context.WithTimeout(ctx, c.o.limit())
	events, gone := make(chan heardEvent), make(chan error, 1)
	var reader sync.WaitGroup
	reader.Go(func() { gone <- c.read(ctx, events) })
	ear := startEar(c.o)
	defer func() {
		c.hangup()
		cancel()
		reader.Wait()
		c.mouth.Wait()
		c.report.Length = c.now()
		for _, h := range ear.finish() {
			c.hear(h)
		}
		err = errors.Join(err, ear.failed())
	}()
	for {
		select {
		case h := <-events:
			if over := c.take(ctx, h, ear); over {
				return nil
			}
		case h := <-ear.heard:
			c.hear(h)
		case err := <-c.mouthErr:
			c.report.Cause = parley.CallerHungUp
			c.report.HungUp = true
			return err
		case err := <-gone:
			return c.ended(ctx, err)
		}
	}
}

func (c *call) now() time.Duration { return time.Since(c.start) }

func (c *call) read(ctx context.Context, out chan<- heardEvent) error {
	for {
		ev, err := c.leg.Read(ctx)
		if err != nil {
			return err
		}
		select {
		case out <- heardEvent{ev, c.now()}:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ended says why the leg is gone.
func (c *call) ended(ctx context.Context, err error) error {
	var limit *leg.GoneError
	switch {
	case ctx.Err() != nil:
		c.report.HungUp = true
		c.report.Cause = parley.Cancelled
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			c.report.Cause = parley.DurationLimit
		}
		return nil
	case errors.As(err, &limit):
		c.report.Cause = limit.Cause
		return nil
	case errors.Is(err, io.EOF):
		c.say(c.now(), "", "the agent hung up")
		c.report.Cause = parley.CallerHungUp
		return nil
	}
	c.report.Cause = parley.Unknown
	return fmt.Errorf("in the call: %w", err)
}

// take handles one event; over: the phone has hung up.
func (c *call) take(ctx context.Context, h heardEvent, ear *ear) (over bool) {
	switch h.ev.Kind {
	case leg.Audio:
		c.tape.add(&h.ev)
		ear.put(&h.ev.Frame)
		if h.ev.Frame.DBFS() > loudDB {
			c.agentSounds(h.at)
		}
	case leg.Played:
		c.tape.add(&h.ev)
		if h.ev.Frame.DBFS() > loudDB && c.speaking {
			c.weSound(h.at)
		}
		return c.step(ctx, h.at)
	case leg.Marked, leg.Dropped:
		c.said(h.at)
	case leg.DTMF:
		c.say(h.at, "agent", "(presses "+string(h.ev.Digit)+")")
	}
	return false
}

// agentSounds takes a loud frame from the far end.
func (c *call) agentSounds(t time.Duration) {
	fresh := c.far.sound(t)
	if c.loud++; c.loud >= heardMin {
		c.report.Heard = true
	}
	if fresh && c.o.Ear == nil {
		c.say(t, "agent", "(speaks)")
	}
	turn := c.lastTurn()
	switch {
	case turn == nil && c.report.Greeting == 0:
		c.report.Greeting = t
	case turn != nil && !c.speaking && !turn.Answered:
		turn.Answered, turn.Latency = true, t-turn.End
	}
}

func (c *call) lastTurn() *Turn {
	if len(c.report.Turns) == 0 {
		return nil
	}
	return &c.report.Turns[len(c.report.Turns)-1]
}

// weSound takes a loud frame of ours.
func (c *call) weSound(t time.Duration) {
	turn := c.lastTurn()
	if c.near.sound(t); turn.Start == 0 {
		turn.Start = t
		c.say(t, "you", turn.Said)
	}
	turn.End = t + audio.FrameDur
}

// step decides, every 20 ms, whether it is time to speak or to hang up.
func (c *call) step(ctx context.Context, t time.Duration) (over bool) {
	if c.speaking {
		return false
	}
	turn := c.lastTurn()
	wait := politeness
	if len(c.parts) == 0 {
		wait = farewell
	}
	switch {
	case turn == nil && !c.far.any:
		if t < opening || len(c.parts) == 0 && t < patience {
			return false
		}
	case turn == nil:
		if c.far.quiet(t) < wait && t < patience {
			return false
		}
	case turn.Answered:
		if c.far.quiet(t) < wait && (len(c.parts) > 0 || t-turn.End < patience) {
			return false
		}
	case t-turn.End < patience:
		return false
	}
	if len(c.parts) == 0 {
		c.report.Cause, c.report.HungUp = parley.CallerHungUp, true
		return true
	}
	c.speak(ctx, c.parts[0])
	c.parts = c.parts[1:]
	return false
}

// hangup ends the leg; ctx may be over.
func (c *call) hangup() {
	ctx, cancel := context.WithTimeout(context.Background(), hangupLimit)
	defer cancel()
	_ = c.leg.Hangup(ctx, parley.CallerHungUp) // it is over for us in any case
}

// say shows a line.
func (c *call) say(t time.Duration, who, text string) { show(c.o.Out, t, who, text) }

// hear takes what the transcriber made of the agent's sound.
func (c *call) hear(h heardText) {
	c.report.Text = append(c.report.Text, h.text)
	c.say(h.at, "agent", h.text)
}

func show(w io.Writer, t time.Duration, who, text string) {
	if w == nil {
		return
	}
	if who != "" {
		who += ": "
	}
	tenths := t.Milliseconds() / 100
	fmt.Fprintf(w, "[%02d:%02d.%d] %s%s\n", tenths/600, tenths/10%60, tenths%10, who, text)
}
