package legtest

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// Each end plays tones of its own: what is found at the other end can have come from nowhere else.
const (
	ours   = 700.0
	theirs = 1100.0
)

// Frames at the border of two sounds carry neither, and codecs need one to settle.
const edges = 3

func soundOut(c *probe) {
	c.play(Tone(ours, 300*time.Millisecond, 8000))
	c.play(Tone(1900, 200*time.Millisecond, 8000))
	c.until("the far end hears both tones", func() bool {
		ear := c.far.Ear()
		return Count(ear, ours) >= 15-edges && Count(ear, 1900) >= 10-edges
	})
	c.mark(1)
	c.until("all is heard", func() bool { return len(c.marks(leg.Marked)) == 1 })
	time.Sleep(100 * time.Millisecond)
	ear := c.far.Ear()
	if n := Count(ear, ours); n > 15+edges {
		c.t.Errorf("15 frames became %d", n)
	}
	if Count(ear, theirs) > 0 {
		c.t.Error("the far end hears what nobody said")
	}
	first := slices.IndexFunc(ear, func(f audio.Frame) bool { return Carries(f, 1900) })
	if late := Count(ear[first:], ours); late > 0 {
		c.t.Errorf("%d frames of the first tone come after the second has begun", late)
	}
}

// hum is a background of one tone, which knows whether it was under a voice.
type hum struct {
	tone        *audio.Tone
	alone, with atomic.Int64
}

func (h *hum) Under(f *audio.Frame, voice bool) {
	if voice {
		h.with.Add(1)
		return
	}
	h.alone.Add(1)
	h.tone.Fill(f[:])
}

// background: the far end hears it between our words, nobody else does, and it ends.
func background(c *probe) {
	b, ok := c.leg.(leg.Backgrounded)
	if !ok {
		return
	}
	h := &hum{tone: audio.Sine(1500, audio.Rate, -12)}
	b.Background(h)
	c.until("the far end hears the background", func() bool { return Count(c.far.Ear(), 1500) >= 10 })
	c.play(Tone(ours, 300*time.Millisecond, 8000))
	c.until("the far end hears the voice", func() bool { return Count(c.far.Ear(), ours) >= 15-edges })
	if h.with.Load() == 0 || h.alone.Load() == 0 {
		c.t.Errorf("it was %d times under a voice, and %d times alone", h.with.Load(), h.alone.Load())
	}
	b.Background(nil)
	time.Sleep(100 * time.Millisecond) // what is on its way
	n := Count(c.far.Ear(), 1500)
	time.Sleep(200 * time.Millisecond)
	if more := Count(c.far.Ear(), 1500); more > n {
		c.t.Errorf("it goes on when it has ended: %d frames, %d before", more, n)
	}
	if Count(c.frames(leg.Played), 1500) > 0 {
		c.t.Error("what was played has the background")
	}
}

func soundIn(c *probe) {
	c.far.Say(Tone(theirs, 400*time.Millisecond, 8000)...)
	c.until("the tone comes in", func() bool { return Count(c.frames(leg.Audio), theirs) >= 20-edges })
	c.until("silence follows", func() bool {
		fs := c.frames(leg.Audio)
		return len(fs) > 0 && !Loud(fs[len(fs)-1])
	})
	if n := Count(c.frames(leg.Audio), theirs); n > 20+edges {
		c.t.Errorf("20 frames became %d", n)
	}
	c.timeline(leg.Audio)
}

// timeline checks that frames of a kind come every 20 ms of call time, without gap or repetition.
func (c *probe) timeline(k leg.Kind) {
	c.t.Helper()
	evs := c.of(k)
	for i := 1; i < len(evs); i++ {
		if d := evs[i].At - evs[i-1].At; d != audio.FrameDur {
			c.t.Fatalf("frames %d and %d are %v apart", i-1, i, d)
		}
	}
	c.edges(evs)
}

// edges checks what a leg that knows its wire says of it: packets came, and those that left did so in the order of their frames.
func (c *probe) edges(evs []leg.Event) {
	c.t.Helper()
	var last time.Time
	for i, e := range evs {
		if e.Edge.IsZero() {
			continue
		}
		if e.Edge.Before(last) {
			c.t.Fatalf("frame %d was on the wire %v before the one before it", i, last.Sub(e.Edge))
		}
		if e.Kind == leg.Audio && time.Until(e.Edge) > 0 {
			c.t.Fatalf("frame %d comes in the future", i)
		}
		last = e.Edge
	}
}

func playedFollows(c *probe) {
	c.until("silence is played", func() bool { return len(c.of(leg.Played)) >= 5 })
	for _, f := range c.frames(leg.Played) {
		if Loud(f) {
			c.t.Fatal("sound was played before there was any")
		}
	}
	c.play(Tone(ours, 200*time.Millisecond, 8000))
	c.until("the tone is played", func() bool { return Count(c.frames(leg.Played), ours) == 10 })
	n := len(c.of(leg.Played))
	c.until("silence is played after it", func() bool { return len(c.of(leg.Played)) > n+5 })
	if Loud(c.frames(leg.Played)[n+5]) {
		c.t.Error("sound was played after its end")
	}
	c.timeline(leg.Played)
}

func marksFollow(c *probe) {
	for i := range uint64(5) {
		c.play(Tone(ours, 100*time.Millisecond, 8000))
		c.mark(i + 1)
	}
	c.until("all marks are heard", func() bool { return len(c.marks(leg.Marked)) == 5 })
	loud, next := 0, uint64(1)
	for _, e := range c.all() {
		switch {
		case e.Kind == leg.Played && Loud(e.Frame):
			loud++
		case e.Kind == leg.Marked:
			if e.Mark != next {
				c.t.Errorf("mark %d came when %d was due", e.Mark, next)
			}
			if loud < int(next)*5 {
				c.t.Errorf("mark %d came after %d frames, before its sound was heard", next, loud)
			}
			next++
		}
	}
}

func markAlone(c *probe) {
	c.mark(7)
	c.until("it is heard", func() bool { return slices.Equal(c.marks(leg.Marked), []uint64{7}) })
}

func clearDrops(c *probe) {
	c.play(Tone(ours, 100*time.Millisecond, 8000))
	c.mark(1)
	c.until("the first mark is heard", func() bool { return len(c.marks(leg.Marked)) == 1 })
	c.play(Tone(ours, 600*time.Millisecond, 8000))
	c.mark(2)
	c.mark(3)
	if err := c.leg.Clear(); err != nil {
		c.t.Fatal(err)
	}
	c.until("marks are dropped", func() bool { return slices.Equal(c.marks(leg.Dropped), []uint64{2, 3}) })
	c.play(Tone(1900, 100*time.Millisecond, 8000))
	c.mark(4)
	c.until("what follows is heard", func() bool { return slices.Equal(c.marks(leg.Marked), []uint64{1, 4}) })
	if n := Count(c.frames(leg.Played), ours); n > 5+10 {
		c.t.Errorf("%d frames were played, 30 of 35 were cleared", n)
	}
	c.until("the far end hears it", func() bool { return Count(c.far.Ear(), 1900) >= 5-edges })
}

func playBlocks(c *probe) {
	start := len(c.of(leg.Played))
	done := c.fill()
	ctx, cancel := context.WithTimeout(c.ctx, 10*time.Millisecond)
	defer cancel()
	for {
		if err := c.leg.Play(ctx, tone(ours)); err != nil {
			if !errors.Is(err, context.DeadlineExceeded) {
				c.t.Errorf("a blocked Play ends with %v when its time is up", err)
			}
			break
		}
	}
	if err := <-done; err != nil {
		c.t.Errorf("a blocked Play ends with %v as the queue drains", err)
	}
	if len(c.of(leg.Played)) == start {
		c.t.Error("Play went on before anything was played")
	}
}

func playWakes(c *probe) {
	done := c.fill()
	if err := c.leg.Clear(); err != nil {
		c.t.Fatal(err)
	}
	if err := <-done; err != nil {
		c.t.Errorf("after Clear: %v", err)
	}
}

func playEnds(c *probe) {
	stop := make(chan error, 1)
	go func() {
		for {
			if err := c.leg.Play(c.ctx, tone(ours)); err != nil {
				stop <- err
				return
			}
		}
	}()
	c.until("something is played", func() bool { return Count(c.frames(leg.Played), ours) > 2 })
	c.far.Hangup()
	if err := <-stop; !errors.Is(err, io.EOF) {
		c.t.Errorf("Play ends with %v", err)
	}
	if err := c.leg.Mark(1); !errors.Is(err, io.EOF) {
		c.t.Errorf("Mark after the end: %v", err)
	}
}

func digitsIn(c *probe) {
	c.far.Press("15*#0")
	c.until("all digits come", func() bool { return c.digits() == "15*#0" })
}

func digitsOut(c *probe) {
	c.play(Tone(ours, 100*time.Millisecond, 8000))
	if err := c.leg.SendDTMF(c.ctx, "9#"); err != nil {
		c.t.Fatal(err)
	}
	c.play(Tone(1900, 100*time.Millisecond, 8000))
	c.mark(1)
	c.until("both digits arrive", func() bool { return c.far.Digits() == "9#" })
	c.until("what was queued after them is heard", func() bool {
		return len(c.marks(leg.Marked)) == 1 && Count(c.far.Ear(), 1900) >= 5-edges
	})
	if c.leg.SendDTMF(c.ctx, "1x") == nil {
		c.t.Error("x is taken for a digit")
	}
}

func farHangup(c *probe) {
	c.far.Hangup()
	if err := c.ends(); !errors.Is(err, io.EOF) {
		c.t.Errorf("Read ends with %v", err)
	}
	if _, err := c.leg.Read(c.ctx); !errors.Is(err, io.EOF) {
		c.t.Errorf("and then with %v", err)
	}
}

func nearHangup(c *probe) {
	for range 2 {
		if err := c.leg.Hangup(c.ctx, parley.AgentEnded); err != nil {
			c.t.Fatal(err)
		}
	}
	select {
	case <-c.far.Gone():
	case <-time.After(patience):
		c.t.Fatal("the far end never learns of it")
	}
	if err := c.ends(); !errors.Is(err, io.EOF) {
		c.t.Errorf("Read ends with %v", err)
	}
	if err := c.leg.Play(c.ctx, tone(ours)); !errors.Is(err, io.EOF) {
		c.t.Errorf("Play after the end: %v", err)
	}
}

func marksAtEnd(c *probe) {
	c.play(Tone(ours, 600*time.Millisecond, 8000))
	c.mark(1)
	c.mark(2)
	c.far.Hangup()
	c.ends()
	if got := c.marks(leg.Dropped); !slices.Equal(got, []uint64{1, 2}) {
		c.t.Errorf("dropped %v", got)
	}
}

func longest(c *probe) { c.gone(parley.DurationLimit) }

func timeout(c *probe) {
	c.until("the call goes on while the far end is there", func() bool { return len(c.of(leg.Played)) > 20 })
	if err := c.ended(); err != nil {
		c.t.Fatalf("ended early: %v", err)
	}
	c.far.Vanish()
	c.gone(parley.MediaTimeout)
}

func (c *probe) gone(cause parley.Cause) {
	c.t.Helper()
	var g *leg.GoneError
	if err := c.ends(); !errors.As(err, &g) || g.Cause != cause {
		c.t.Errorf("ended with %v, not %s", err, cause)
	}
	select {
	case <-c.far.Gone():
	case <-time.After(patience):
		c.t.Error("the far end never learns of it")
	}
}

func readContext(c *probe) {
	ctx, cancel := context.WithCancel(c.ctx)
	cancel()
	for range 10_000 { // what is already there may come first
		if _, err := c.leg.Read(ctx); err != nil {
			if !errors.Is(err, context.Canceled) {
				c.t.Errorf("ended with %v", err)
			}
			return
		}
	}
	c.t.Error("Read goes on though its context is over")
}

// allocations plays and reads one frame per run. The far end may allocate now and then to remember what it heard; one
// allocation on the path would be one in each run.
func allocations(c *probe) {
	if raced {
		return
	}
	f := tone(ours)
	turn := func() {
		if err := c.leg.Play(c.ctx, f); err != nil {
			c.t.Fatal(err)
		}
		for {
			ev, err := c.leg.Read(c.ctx)
			if err != nil {
				c.t.Fatal(err)
			}
			if ev.Kind == leg.Played {
				return
			}
		}
	}
	for range 25 { // queues grow to what they need
		turn()
	}
	if n := testing.AllocsPerRun(25, turn); n > 0 {
		c.t.Errorf("%v allocations per frame", n)
	}
}
