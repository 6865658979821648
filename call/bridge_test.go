package call

import (
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
)

func TestBridgeEndsWithEitherLeg(t *testing.T) {
	for what, end := range map[string]func(a, b *legtest.Phone, stop context.CancelFunc){
		"the first hangs up":  func(a, _ *legtest.Phone, _ context.CancelFunc) { a.Hangup() },
		"the second hangs up": func(_, b *legtest.Phone, _ context.CancelFunc) { b.Hangup() },
		"the server stops":    func(_, _ *legtest.Phone, stop context.CancelFunc) { stop() },
		"the second vanishes": func(_, b *legtest.Phone, _ context.CancelFunc) { b.Vanish() },
		"a limit is reached":  func(_, _ *legtest.Phone, _ context.CancelFunc) {},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			a, la := legtest.Pipe(t.Context())
			b, lb := legtest.PipeLimits(t.Context(), leg.Limits{MaxDuration: 5 * time.Minute, MediaTimeout: 10 * time.Second})
			began := time.Now()
			time.AfterFunc(time.Second, func() { end(a, b, stop) })
			bridge(ctx, la, lb)
			<-a.Gone()
			<-b.Gone()
			if d := time.Since(began); d > 5*time.Minute+time.Second || what != "a limit is reached" && d > 12*time.Second {
				t.Errorf("%s: after %v", what, d)
			}
		})
	}
}

// A leg whose clock runs fast, or that was held up, does not make the other side hear ever later.
func TestBridgeKeepsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, la := legtest.Pipe(t.Context())
		b, lb := legtest.Pipe(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); bridge(t.Context(), &fast{Leg: la}, lb) }()
		a.SayTone(440, 20*time.Second)
		time.Sleep(30 * time.Second)
		a.Hangup()
		<-done
		var last time.Duration
		for _, h := range b.Heard() {
			if legtest.Carries(h.Frame, 440) {
				last = h.At
			}
		}
		if last > 20*time.Second+300*time.Millisecond || last < 19*time.Second {
			t.Errorf("what was said for 20 s was heard until %v", last)
		}
	})
}

// fast gives each tenth frame of sound twice.
type fast struct {
	leg.Leg
	n     int
	twice *leg.Event
}

func (f *fast) Read(ctx context.Context) (leg.Event, error) {
	if e := f.twice; e != nil {
		f.twice = nil
		return *e, nil
	}
	e, err := f.Leg.Read(ctx)
	if e.Kind == leg.Audio {
		if f.n++; f.n%10 == 0 {
			f.twice = &e
		}
	}
	return e, err
}

func TestLagGoesByTheTimeLine(t *testing.T) {
	var l lag
	for i := range bridgeLag {
		if l.full() {
			t.Fatalf("full after %d", i)
		}
	}
	if !l.full() {
		t.Error("never full")
	}
	l.played(3 * audio.FrameDur) // the events before were lost
	for range 3 {
		if l.full() {
			t.Error("full though three were played")
		}
	}
	if !l.full() {
		t.Error("more than were played")
	}
	l.played(time.Minute)
	if l.full() || l.frames != 1 {
		t.Errorf("%d wait", l.frames)
	}
}

// endless gives sound and plays it for so many frames, then ends.
type endless struct {
	leg.Leg
	n, most int
}

func (e *endless) Read(context.Context) (leg.Event, error) {
	if e.n++; e.n > e.most {
		return leg.Event{}, io.EOF
	}
	return leg.Event{Kind: leg.Audio + leg.Kind(e.n%2), At: time.Duration(e.n) * audio.FrameDur}, nil
}

func (*endless) Play(context.Context, audio.Frame) error { return nil }

func TestBridgeAllocatesNothingPerFrame(t *testing.T) {
	ctx, from, to := t.Context(), &endless{most: 1000}, &endless{}
	var here, there lag
	if n := testing.AllocsPerRun(20, func() {
		from.n = 0
		pass(ctx, from, to, &here, &there)
	}); n > 1 {
		t.Errorf("%v allocations for 1000 events", n)
	}
}

// A leg that cannot be played to ends the bridge.
func TestBridgeToABrokenLeg(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, la := legtest.Pipe(t.Context())
		_, lb := legtest.Pipe(t.Context())
		bridge(t.Context(), la, mute{lb})
		<-a.Gone()
		if a.Cause() != parley.Transferred {
			t.Errorf("hung up for %s", a.Cause())
		}
	})
}

type mute struct{ leg.Leg }

func (mute) Play(context.Context, audio.Frame) error { return errors.New("no way") }
