package call

import (
	"context"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// bridgeLag is how much sound may wait on a bridged leg, in frames: 100 ms. Two clocks never agree; what goes beyond is left out.
const bridgeLag = 5

// bridge passes sound and digits between two answered legs until one of them ends or ctx is done; then both are hung up. The
// legs keep their own limits.
func bridge(ctx context.Context, a, b leg.Leg) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var toA, toB lag
	var wg sync.WaitGroup
	wg.Go(func() { defer cancel(); pass(ctx, a, b, &toA, &toB) })
	wg.Go(func() { defer cancel(); pass(ctx, b, a, &toB, &toA) })
	wg.Wait()
	done := context.WithoutCancel(ctx)
	_ = a.Hangup(done, parley.Transferred)
	_ = b.Hangup(done, parley.Transferred)
}

// pass reads one leg for both directions: what it sent goes to the other, what it played says how much still waits on it.
func pass(ctx context.Context, from, to leg.Leg, here, there *lag) {
	for {
		e, err := from.Read(ctx)
		if err != nil {
			return
		}
		switch e.Kind {
		case leg.Audio:
			if there.full() {
				continue
			}
			if to.Play(ctx, e.Frame) != nil {
				return
			}
		case leg.Played:
			here.played(e.At)
		case leg.Referred:
			e.Referral.Report(603) // of two who talk to each other neither is ours to send away
		case leg.DTMF:
			_ = to.SendDTMF(ctx, string(rune(e.Digit))) // a leg that is gone is found by its reader
		}
	}
}

// A lag counts the frames that wait on a leg. It goes by the leg's own time line, for events of sound may be lost.
type lag struct {
	mu     sync.Mutex // guards all below
	frames int
	until  time.Duration // of the time line, as far as it was played
}

// full reports whether no more should be sent; otherwise a frame is counted.
func (l *lag) full() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.frames >= bridgeLag {
		return true
	}
	l.frames++
	return false
}

func (l *lag) played(at time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = max(0, l.frames-max(1, int((at-l.until)/audio.FrameDur)))
	l.until = at
}
