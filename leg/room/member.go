package room

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/hold"
	"github.com/parley-voice/parley/leg"
)

// A Member is a leg in a room.
type Member struct {
	r    *Room
	leg  leg.Leg
	done chan struct{}
	base uint64 // of its marks, which no other leg's user sets

	reading sync.Mutex         // held by whoever reads the leg
	stop    context.CancelFunc // of the room's reader; under Room.change
	stopped chan struct{}      // closed when that has ended; nil: it never began

	// Room.mu guards all below.
	in       queue // what it said and nobody has heard
	cur      audio.Frame
	waits    leg.Background // what it hears while it waits; nil: it does not
	far      bool           // its far end has put us on hold
	gone     bool
	draining int // steps since mixing began, while what the agent said before is still being played; 0: it is not
	known    known
	out      outlet
}

// known is how far a leg's own time lines have come.
type known struct {
	audio, played time.Duration // where the next frame will stand
	heard, spoken bool          // there was one
}

var bases atomic.Uint64

func newMember(r *Room, l leg.Leg) *Member {
	return &Member{r: r, leg: l, done: make(chan struct{}), base: 1<<63 | bases.Add(1)<<32}
}

// Leg is what the member is; it is not to be read or played on.
func (m *Member) Leg() leg.Leg { return m.leg }

// Done is closed when the member has left: its far end has gone, or it was taken out.
func (m *Member) Done() <-chan struct{} { return m.done }

// Hold has the member wait with music, or come back: who waits hears nobody and is heard by nobody.
func (m *Member) Hold(on bool) {
	if !on {
		m.HoldWith(nil)
	} else if !m.Waits() {
		m.HoldWith(hold.New())
	}
}

// HoldWith is Hold with another sound than the music; nil: the member comes back.
func (m *Member) HoldWith(b leg.Background) {
	r := m.r
	r.change.Lock()
	defer r.change.Unlock()
	if b != nil && !m.isGone() {
		r.mix()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.gone || r.dropped && b != nil {
		return
	}
	m.waits = b
	r.port.waiting()
}

// Waits reports whether the member is on hold.
func (m *Member) Waits() bool {
	m.r.mu.Lock()
	defer m.r.mu.Unlock()
	return m.waits != nil
}

// Take takes the member out of the room: its leg is the caller's, who reads it from now on. nil: it had gone.
func (m *Member) Take() leg.Leg {
	r := m.r
	r.change.Lock()
	defer r.change.Unlock()
	r.mu.Lock()
	if m.gone || r.over {
		r.mu.Unlock()
		return nil
	}
	r.remove(m)
	last := len(r.members) == 0
	if last {
		r.over = true
		r.port.end(nil)
	}
	r.port.wake()
	x := r.mixing
	r.mu.Unlock()
	m.quit()
	if x != nil {
		await(&x.sending) // a frame may be on its way
	}
	await(&m.reading) // the port may still be reading it
	m.background(nil)
	_ = m.leg.Clear() // a leg that is gone is found by its reader
	m.forsake()
	if x != nil && last {
		close(x.stop)
		r.wg.Wait()
	}
	return m.leg
}

// await returns once whoever holds a lock has let it go.
func await(l *sync.Mutex) {
	l.Lock()
	defer l.Unlock()
}

// forsake passes over what waits to be read of a leg that is the room's no more. The agent's marks that were dropped come back.
func (m *Member) forsake() {
	for {
		e, err := m.leg.Read(over)
		if err != nil {
			return
		}
		m.r.mu.Lock()
		if m.r.mixing != nil && (e.Kind == leg.Marked || e.Kind == leg.Dropped) {
			m.marked(&e)
		}
		m.r.mu.Unlock()
	}
}

// leave: the member is none any more. mu is held.
func (m *Member) leave() {
	if !m.gone {
		m.gone = true
		close(m.done)
	}
}

func (m *Member) isGone() bool {
	m.r.mu.Lock()
	defer m.r.mu.Unlock()
	return m.gone
}

// background is what is under all that is played on the leg, where a leg can have that.
func (m *Member) background(b leg.Background) {
	if l, ok := m.leg.(leg.Backgrounded); ok {
		l.Background(b)
	}
}

// read begins to read the leg; reading is held, and will be let go when that ends. Room.change is held.
func (m *Member) read() {
	ctx, stop := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	m.stop, m.stopped = stop, stopped
	m.r.wg.Go(func() {
		defer close(stopped)
		defer m.reading.Unlock()
		for {
			e, err := m.leg.Read(ctx)
			if err != nil {
				if ctx.Err() == nil {
					m.r.left(m, err)
				}
				return
			}
			m.take(&e)
		}
	})
}

// quit ends the room's reader and waits for it. Room.change is held.
func (m *Member) quit() {
	if m.stop != nil {
		m.stop()
		<-m.stopped
	}
}

// take is what happened on the leg.
func (m *Member) take(e *leg.Event) {
	r := m.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.gone {
		return
	}
	p := &r.port
	switch e.Kind {
	case leg.Audio:
		m.in.push(&e.Frame, e.Edge)
		m.known.audio, m.known.heard = e.At+audio.FrameDur, true
		if r.first == m {
			p.audio.learn(e.At)
		}
	case leg.Played:
		m.known.played, m.known.spoken = e.At+audio.FrameDur, true
		if r.first == m {
			p.played.learn(e.At)
		}
		if m.draining > 0 {
			p.passed(e)
		}
	case leg.Marked, leg.Dropped:
		m.marked(e)
	case leg.Held, leg.Resumed:
		m.far = e.Kind == leg.Held
		p.waiting()
	case leg.DTMF:
		m.pressed(e.Digit)
	case leg.Referred:
		e.Referral.Report(603) // of those who talk to each other none is ours to send away
	}
}

// marked takes a mark of ours, or one the agent set before anything was mixed. Room.mu is held.
func (m *Member) marked(e *leg.Event) {
	if !m.returned(e.Mark) {
		m.r.port.tell(&leg.Event{Kind: e.Kind, Mark: e.Mark})
	}
}

// returned takes a mark of ours, the first of which says that what the agent had said before is over. false: it is none. Room.mu is held.
func (m *Member) returned(mark uint64) bool {
	n := mark - m.base
	if mark < m.base || n >= 1<<32 {
		return false
	}
	if n == 0 {
		m.drained()
	}
	m.out.back = max(m.out.back, n)
	return true
}

// drained: what the agent said before anything was mixed has been played. Room.mu is held.
func (m *Member) drained() {
	if m.draining == 0 {
		return
	}
	m.draining = 0
	m.background(nil) // it is mixed from now on
}

// pressed: the agent hears everybody's digits; without one they are for the others. Room.mu is held.
func (m *Member) pressed(digit byte) {
	r := m.r
	switch {
	case m.waits != nil:
	case !r.dropped:
		r.port.tell(&leg.Event{Kind: leg.DTMF, Digit: digit})
	default:
		for _, o := range r.members {
			if o != m {
				_ = o.leg.SendDTMF(context.Background(), string(rune(digit)))
			}
		}
	}
}
