package legtest

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

func openPipe(t *testing.T, l leg.Limits) (leg.Leg, Far) {
	p, near := PipeLimits(t.Context(), l)
	return near, p
}

func TestPipe(t *testing.T)        { Run(t, openPipe) }
func TestPipeVirtual(t *testing.T) { RunVirtual(t, openPipe) }

// A check that is disturbed is made again, on a leg of its own.
func TestAttempts(t *testing.T) {
	legs, runs := 0, 0
	k := check{raw: true, run: func(c *probe) {
		if runs++; runs < attemptsMost {
			c.t.Errorf("disturbed")
			c.t.Fatal("and given up")
		}
	}}
	k.attempts(t, func(t *testing.T, l leg.Limits) (leg.Leg, Far) {
		legs++
		return openPipe(t, l)
	})
	if legs != attemptsMost || runs != attemptsMost {
		t.Errorf("%d runs on %d legs", runs, legs)
	}
}

// TestPhoneTimes: what is said and heard has the time it has in a call, to the frame.
func TestPhoneTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := Pipe(t.Context())
		time.Sleep(110 * time.Millisecond)
		for _, f := range Tone(700, 60*time.Millisecond, 8000) {
			if err := l.Play(t.Context(), f); err != nil {
				t.Fatal(err)
			}
		}
		p.SayTone(1100, 100*time.Millisecond)
		if err := p.Said(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
		heard := p.Heard()
		if len(heard) != 3 || heard[0].At != 100*time.Millisecond || heard[2].At != 140*time.Millisecond {
			t.Errorf("heard %d frames, first at %v", len(heard), heard[0].At)
		}
		var at []time.Duration
		for n := 0; n < 10; {
			ev, err := l.Read(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if ev.Kind == leg.Audio {
				n++
				if Loud(ev.Frame) {
					at = append(at, ev.At)
				}
			}
		}
		if len(at) != 5 || at[0] != 100*time.Millisecond {
			t.Errorf("said at %v", at)
		}
		p.Hangup()
		if p.Cause() != parley.CallerHungUp {
			t.Errorf("cause %q", p.Cause())
		}
	})
}

// TestPhoneHold: on hold the leg hears silence and what it plays waits for the end of it.
func TestPhoneHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := Pipe(t.Context())
		p.SayTone(1100, 100*time.Millisecond)
		p.Hold()
		p.Hold()
		_ = l.Play(t.Context(), tone(700))
		_ = l.Mark(1)
		time.Sleep(time.Second + time.Millisecond)
		if len(p.Heard()) != 0 {
			t.Error("heard on hold")
		}
		p.Resume()
		time.Sleep(200 * time.Millisecond)
		if h := p.Heard(); len(h) != 1 || h[0].At != time.Second {
			t.Errorf("heard %d frames", len(h))
		}
		_ = l.Hangup(t.Context(), parley.AgentEnded)
		var at []leg.Event
		for {
			ev, err := l.Read(t.Context())
			if err != nil {
				break
			}
			if ev.Kind != leg.Played && (ev.Kind != leg.Audio || Loud(ev.Frame)) {
				ev.Frame = audio.Frame{}
				at = append(at, ev)
			}
		}
		if len(at) != 8 || at[0].Kind != leg.Held || at[1].Kind != leg.Resumed || at[2].Kind != leg.Audio || at[2].At != time.Second {
			t.Errorf("events %v", at)
		}
		if p.Cause() != parley.AgentEnded {
			t.Errorf("cause %q", p.Cause())
		}
	})
}

func TestPhoneRefer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, l := Pipe(t.Context())
		_ = l.Refer(t.Context(), "sip:bob@example.org")
		if got := p.Refers(); len(got) != 1 || got[0] != "sip:bob@example.org" {
			t.Errorf("refers %v", got)
		}
		p.Hangup()
		if err := p.Said(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

// TestPhoneDefaults: half an hour is the longest call nobody has limited, and a phone that breathes is no dead one.
func TestPhoneDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		p, l := Pipe(t.Context())
		go func() {
			for {
				if _, err := l.Read(context.Background()); err != nil {
					return
				}
			}
		}()
		<-p.Gone()
		if d := time.Since(start); d != 30*time.Minute || p.Cause() != parley.DurationLimit {
			t.Errorf("ended after %v: %s", d, p.Cause())
		}
	})
}

func TestCarries(t *testing.T) {
	for _, hz := range []float64{440, 700, 1100, 1900, 3000} {
		f := Tone(hz, audio.FrameDur, 8000)[0]
		for _, other := range []float64{440, 700, 1100, 1900, 3000} {
			if got := Carries(f, other); got != (hz == other) {
				t.Errorf("Carries(%v Hz, %v) = %v", hz, other, got)
			}
		}
	}
	if (Carries(audio.Frame{}, 440)) || Loud(audio.Frame{}) {
		t.Error("silence carries something")
	}
}
