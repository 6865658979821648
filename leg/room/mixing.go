package room

import (
	"context"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

const (
	maxBehind  = 2 * time.Second // a machine that slept longer goes on from now; less is caught up, step by step
	drainMost  = 100             // steps that what the agent had said before anything was mixed may take to be played: 2 s; a leg holds 1 s
	digitSteps = 8               // that a digit takes to be sent: 160 ms
)

// A mixing goes on while there is more than one leg, or somebody waits. Its goroutine steps every 20 ms.
type mixing struct {
	r    *Room
	line *leg.Playout // what the agent plays
	stop chan struct{}

	sending sync.Mutex // held while frames are on their way to legs

	// its goroutine's, under Room.mu
	sum    audio.Sum
	voice  audio.Frame // the agent's, with what is under it
	behind audio.Frame
	event  leg.Event
	tick   leg.Tick
	takers []*Member
	edge   time.Time // the last that was told
	began  *Member   // the port was its leg
	waited int       // steps for the first frame of its

	// Room.mu guards what follows
	playing  int // calls of Play under way
	cues     int // marks and digits that wait
	pressing int // steps until the digits are out
}

func newMixing(r *Room) *mixing {
	return &mixing{r: r, line: leg.NewPlayout(), stop: make(chan struct{})}
}

// mix begins to mix, unless legs are mixed already or nobody is there. Room.change is held.
func (r *Room) mix() {
	r.mu.Lock()
	if r.mixing != nil || r.over || len(r.members) == 0 {
		r.mu.Unlock()
		return
	}
	x, m := newMixing(r), r.members[0]
	r.mixing, x.began = x, m
	if r.port.feed == nil {
		r.port.feed = leg.NewEvents()
	}
	r.port.wake()
	r.mu.Unlock()
	m.reading.Lock() // the port lets go of it
	r.mu.Lock()
	if m.gone {
		r.mu.Unlock()
		m.reading.Unlock()
		return
	}
	m.in, m.known, m.draining = queue{}, known{}, 1
	if m.leg.Mark(m.base) != nil {
		m.drained()
	}
	r.mu.Unlock()
	m.read()
	r.wg.Go(x.run)
}

// run steps until it is stopped or not needed any more.
func (x *mixing) run() {
	start := time.Now()
	t := time.NewTimer(audio.FrameDur)
	defer t.Stop()
	for n := 1; ; n++ {
		due := start.Add(time.Duration(n) * audio.FrameDur)
		wait := time.Until(due)
		if wait < -maxBehind {
			n += x.skip(-wait)
			due, wait = start.Add(time.Duration(n)*audio.FrameDur), 0
		}
		if wait > 0 {
			t.Reset(wait)
			select {
			case <-t.C:
			case <-x.stop:
				return
			}
		}
		if x.step(due) {
			return
		}
	}
}

// skip leaves out what nobody heard while the machine slept, and says how many steps that is.
func (x *mixing) skip(d time.Duration) int {
	n := int(d / audio.FrameDur)
	x.r.mu.Lock()
	defer x.r.mu.Unlock()
	x.r.port.audio.next += time.Duration(n) * audio.FrameDur
	x.r.port.played.next += time.Duration(n) * audio.FrameDur
	return n
}

// step mixes 20 ms. true: it was the last.
func (x *mixing) step(due time.Time) bool {
	if x.alone() {
		return true
	}
	r := x.r
	x.sending.Lock()
	defer x.sending.Unlock()
	r.mu.Lock()
	empty := len(r.members) == 0
	x.hear(due)
	x.say(due)
	x.serve()
	r.mu.Unlock()
	for _, m := range x.takers {
		m.play()
	}
	return empty
}

// hear takes a frame of everybody, and tells the agent what it hears.
func (x *mixing) hear(due time.Time) {
	r := x.r
	x.sum.Reset()
	var edge time.Time
	loudest := -1.0
	for _, m := range r.members {
		e := m.in.next(&m.cur)
		if m.waits != nil {
			m.cur = audio.Frame{}
			continue
		}
		x.sum.Add(&m.cur)
		if at := m.cur.RMS(); at > loudest && !e.IsZero() {
			loudest, edge = at, e
		}
	}
	if !r.port.audio.known || x.opening() {
		return
	}
	if !edge.IsZero() {
		if edge.Before(x.edge) {
			edge = x.edge
		}
		x.edge = edge
	}
	x.event = leg.Event{Kind: leg.Audio, At: r.port.audio.step(), Edge: edge}
	x.sum.Whole(&x.event.Frame)
	r.port.feed.Push(&x.event)
}

// opening reports whether what the agent hears is still to begin: with the sound of the leg that the port was, so that nothing is put in between.
func (x *mixing) opening() bool {
	const most = 3 // steps; a leg that gives no sound keeps the others from nothing
	if x.waited >= most || x.began.in.flows {
		x.waited = most
		return false
	}
	x.waited++
	return true
}

// say takes a frame of the agent's. While what it said before anything was mixed is still being played, it waits.
func (x *mixing) say(due time.Time) {
	r, t := x.r, &x.tick
	t.Frame, t.Queued, t.Marks, t.Digits = audio.Frame{}, false, t.Marks[:0], ""
	x.voice = audio.Frame{}
	for _, m := range r.members {
		if m.draining == 0 {
			continue
		}
		if m.draining++; m.draining == drainMost {
			_ = m.leg.Clear() // its marks come back, ours among them
		}
		return
	}
	switch {
	case !r.port.played.known:
		return
	case x.pressing > 0:
		x.pressing--
	case !r.dropped && r.port.ended == nil:
		x.line.Next(t)
	}
	x.event = leg.Event{Kind: leg.Played, At: r.port.played.step(), Frame: t.Frame, Edge: due.Add(audio.FrameDur)}
	r.port.feed.Push(&x.event)
	for _, mark := range t.Marks {
		x.event = leg.Event{Kind: leg.Marked, At: x.event.At, Mark: mark}
		r.port.feed.Push(&x.event)
	}
	x.cues -= len(t.Marks)
	if t.Digits != "" {
		x.press(t.Digits)
	}
	x.voice = t.Frame
	if r.port.under != nil {
		r.port.under.Under(&x.voice, t.Queued)
	}
}

// press sends the agent's digits to all who hear it; its voice waits meanwhile.
func (x *mixing) press(digits string) {
	x.cues--
	x.pressing = len(digits)*digitSteps + 1
	for _, m := range x.r.members {
		if m.waits == nil {
			_ = m.leg.SendDTMF(context.Background(), digits) // a leg that is gone is found by its reader
		}
	}
}

// serve decides what everybody hears.
func (x *mixing) serve() {
	r := x.r
	x.takers = x.takers[:0]
	x.sum.Add(&x.voice)
	if r.behind != nil {
		x.behind = audio.Frame{}
		r.behind.Under(&x.behind, x.tick.Queued)
		x.sum.Add(&x.behind)
	}
	for _, m := range r.members {
		switch {
		case m.draining > 0:
			continue
		case m.waits != nil:
			m.out.frame = audio.Frame{}
			m.waits.Under(&m.out.frame, false)
		default:
			x.sum.Without(&m.cur, &m.out.frame)
		}
		if m.out.takes() {
			x.takers = append(x.takers, m)
		}
	}
}

// play queues what a member hears. Its leg takes it at once: see outlet.
func (m *Member) play() {
	o := &m.out
	if m.leg.Play(context.Background(), o.frame) == nil && m.leg.Mark(m.base+o.sent+1) == nil {
		o.sent++
	}
}

// alone ends the mixing when one is left who does not wait, once the agent's voice rests: the port is that leg from then on.
func (x *mixing) alone() bool {
	r := x.r
	r.mu.Lock()
	m := x.last()
	r.mu.Unlock()
	if m == nil || !r.change.TryLock() {
		return false
	}
	defer r.change.Unlock()
	m.quit()
	if !x.leave(m) {
		if !m.isGone() {
			m.reading.Lock()
			m.read()
		}
		return false
	}
	return true
}

// last is the only member, for whom nothing needs to be mixed; nil otherwise. mu is held.
func (x *mixing) last() *Member {
	r := x.r
	if len(r.members) != 1 || r.over || r.dropped || r.behind != nil || r.port.ended != nil || x.playing+x.cues+x.pressing > 0 || x.line.Queued() > 0 {
		return nil
	}
	m := r.members[0]
	if m.waits != nil || m.draining > 0 || !m.known.heard || !m.known.spoken || !r.port.audio.known || !r.port.played.known {
		return nil
	}
	return m
}

// leave hands m's leg to the port; false: it is needed after all.
func (x *mixing) leave(m *Member) bool {
	r := x.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if x.last() != m {
		return false
	}
	p := &r.port
	for m.in.flows = true; m.in.n > 0; {
		if m == x.began && p.audio.next-m.known.audio >= p.audio.shift { // silence has taken its place
			m.in.drop()
			continue
		}
		x.event = leg.Event{Kind: leg.Audio, At: p.audio.step()}
		x.event.Edge = m.in.next(&x.event.Frame)
		p.feed.Push(&x.event)
	}
	p.audio.follow(m.known.audio)
	p.played.follow(m.known.played)
	x.line.Close()
	r.mixing, p.rest = nil, true
	p.wake()
	if p.under != nil {
		m.background(p.under)
	}
	return true
}
