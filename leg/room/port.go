package room

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// A port is the agent's leg. Room.mu guards its fields.
type port struct {
	r      *Room
	feed   *leg.Events // what it reads while legs are mixed; nil: they never were
	rest   bool        // something may be left there from the last time
	reads  reads
	audio  line
	played line
	under  leg.Background // the agent's; nil: none
	held   bool           // it was told so last
	ended  error          // what Read returns in the end; nil: not yet
}

var (
	_ leg.Leg          = (*port)(nil)
	_ leg.Backgrounded = (*port)(nil)
)

// reads is the reading that goes on: it is stopped when what is to be read changes.
type reads struct {
	of   <-chan struct{} // of the reader's context
	ctx  context.Context // nil: stopped
	stop context.CancelFunc
}

// A line is one of the port's time lines.
type line struct {
	next  time.Duration // where the next frame will stand
	shift time.Duration // by which it is ahead of that of the leg the port is
	known bool
}

// learn: the leg has come to at. It counts while nothing is known.
func (l *line) learn(at time.Duration) {
	if !l.known {
		l.next, l.known = at+l.shift, true
	}
}

// pass places a frame of the leg's.
func (l *line) pass(e *leg.Event) {
	e.At += l.shift
	l.next, l.known = e.At+audio.FrameDur, true
}

// step is the place of a frame that was mixed.
func (l *line) step() time.Duration {
	at := l.next
	l.next += audio.FrameDur
	return at
}

// follow has the line go on with a leg whose next frame will stand at at.
func (l *line) follow(at time.Duration) { l.shift = l.next - at }

// over is a context that is done: a feed read with it gives what it has, and does not wait.
var over = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// Read implements leg.Leg.
func (p *port) Read(ctx context.Context) (leg.Event, error) {
	for {
		m, rest, until, err := p.source(ctx)
		var e leg.Event
		switch {
		case err != nil:
			return e, err
		case rest:
			if e, err = p.feed.Read(over); err == nil || !errors.Is(err, context.Canceled) {
				return e, err
			}
			p.read()
			continue
		case m == nil:
			e, err = p.feed.Read(until)
		case m.reading.TryLock():
			e, err = p.direct(m, until)
			m.reading.Unlock()
		default: // it is the room's turn to read it, as the next look will show
			continue
		}
		if err == nil || until.Err() == nil {
			return e, err
		}
		if err := ctx.Err(); err != nil {
			return leg.Event{}, err
		}
	}
}

// source is what is to be read: the leg of m or, where that is nil, the feed; of which rest is to be read first.
func (p *port) source(ctx context.Context) (m *Member, rest bool, until context.Context, err error) {
	r := p.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if p.reads.ctx == nil || p.reads.of != ctx.Done() {
		p.wake()
		p.reads.of = ctx.Done()
		p.reads.ctx, p.reads.stop = context.WithCancel(ctx)
	}
	switch {
	case r.mixing != nil:
		return nil, false, p.reads.ctx, nil
	case p.rest:
		return nil, true, p.reads.ctx, nil
	case len(r.members) == 0:
		return nil, false, nil, p.ended
	}
	return r.members[0], false, p.reads.ctx, nil
}

// read: nothing is left of what was mixed.
func (p *port) read() {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.rest = false
}

// wake has Read look anew what it is to read; mu is held.
func (p *port) wake() {
	if p.reads.ctx != nil {
		p.reads.stop()
		p.reads.ctx = nil
	}
}

// direct reads the leg of the only member, whose reading is held.
func (p *port) direct(m *Member, until context.Context) (leg.Event, error) {
	for {
		e, err := m.leg.Read(until)
		if err != nil {
			if until.Err() == nil {
				p.r.left(m, err)
			}
			return e, err
		}
		if p.is(m, &e) {
			return e, nil
		}
	}
}

// is places an event of the leg that the port is; false: it is none of the agent's.
func (p *port) is(m *Member, e *leg.Event) bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	switch e.Kind {
	case leg.Marked, leg.Dropped:
		if m.returned(e.Mark) {
			return false
		}
		e.At += p.audio.shift
	case leg.Audio:
		p.audio.pass(e)
	case leg.Played:
		p.played.pass(e)
	case leg.Held, leg.Resumed:
		m.far = e.Kind == leg.Held
		p.held = m.far
		e.At += p.audio.shift
	default:
		e.At += p.audio.shift
	}
	return true
}

// passed is a frame that the leg has played which the port was until now; mu is held.
func (p *port) passed(e *leg.Event) {
	p.played.pass(e)
	p.feed.Push(e)
}

// tell pushes what happened now; mu is held, and legs are mixed.
func (p *port) tell(e *leg.Event) {
	e.At = p.audio.next
	p.feed.Push(e)
}

// waiting tells the agent whether anybody hears it; mu is held.
func (p *port) waiting() {
	r := p.r
	if r.mixing == nil || len(r.members) == 0 {
		return
	}
	held := true
	for _, m := range r.members {
		held = held && (m.waits != nil || m.far)
	}
	if held == p.held {
		return
	}
	p.held = held
	k := leg.Resumed
	if held {
		k = leg.Held
	}
	p.tell(&leg.Event{Kind: k})
}

// end ends the port, once; mu is held.
func (p *port) end(err error) {
	if p.ended != nil {
		return
	}
	if err == nil {
		err = io.EOF
	}
	p.ended = err
	p.silence()
	if p.feed != nil {
		p.feed.End(err)
	}
}

// silence takes the agent's voice; mu is held.
func (p *port) silence() {
	x := p.r.mixing
	if x == nil {
		return
	}
	for _, mark := range x.line.Close() {
		p.tell(&leg.Event{Kind: leg.Dropped, Mark: mark})
	}
	x.cues, p.under = 0, nil
}

// Play implements leg.Leg.
func (p *port) Play(ctx context.Context, f audio.Frame) error {
	r := p.r
	r.mu.Lock()
	x, to := r.mixing, p.sole()
	if x == nil {
		r.mu.Unlock()
		if to == nil {
			return io.EOF
		}
		return to.Play(ctx, f)
	}
	x.playing++
	r.mu.Unlock()
	err := x.line.Play(ctx, &f)
	r.mu.Lock()
	x.playing--
	r.mu.Unlock()
	return err
}

// sole is the leg that the port is while nothing is mixed; mu is held.
func (p *port) sole() leg.Leg {
	if len(p.r.members) == 0 {
		return nil
	}
	return p.r.members[0].leg
}

// Mark implements leg.Leg.
func (p *port) Mark(id uint64) error {
	r := p.r
	r.mu.Lock()
	defer r.mu.Unlock()
	if x := r.mixing; x != nil {
		err := x.line.Mark(id)
		if err == nil {
			x.cues++
		}
		return err
	}
	if to := p.sole(); to != nil {
		return to.Mark(id)
	}
	return io.EOF
}

// Clear implements leg.Leg. What was mixed already is heard: 20 to 60 ms.
func (p *port) Clear() error {
	r := p.r
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.mixing
	if x == nil {
		if to := p.sole(); to != nil {
			return to.Clear()
		}
		return nil
	}
	for _, m := range r.members {
		if m.draining > 0 {
			_ = m.leg.Clear() // a leg that is gone is found by its reader
		}
	}
	for _, mark := range x.line.Clear() {
		x.cues--
		p.tell(&leg.Event{Kind: leg.Dropped, Mark: mark})
	}
	return nil
}

// SendDTMF implements leg.Leg: who waits does not get them.
func (p *port) SendDTMF(ctx context.Context, digits string) error {
	r := p.r
	r.mu.Lock()
	x, to := r.mixing, p.sole()
	if x == nil {
		r.mu.Unlock()
		if to == nil {
			return io.EOF
		}
		return to.SendDTMF(ctx, digits)
	}
	defer r.mu.Unlock()
	if err := leg.CheckDigits(digits); err != nil {
		return err
	}
	err := x.line.Digits(digits)
	if err == nil && digits != "" {
		x.cues++
	}
	return err
}

// Refer implements leg.Leg. Of several none is sent away alone: whoever takes them over is bridged.
func (p *port) Refer(ctx context.Context, to string) error {
	p.r.mu.Lock()
	l, n := p.sole(), len(p.r.members)
	p.r.mu.Unlock()
	switch n {
	case 0:
		return io.EOF
	case 1:
		return l.Refer(ctx, to)
	}
	return errors.ErrUnsupported
}

// Background implements leg.Backgrounded: everybody who hears the agent hears it.
func (p *port) Background(b leg.Background) {
	r := p.r
	r.mu.Lock()
	defer r.mu.Unlock()
	p.under = b
	for _, m := range r.members {
		if r.mixing == nil || m.draining > 0 && b == nil {
			m.background(b)
		}
	}
}

// Hangup implements leg.Leg: it hangs all up, and waits for all that the room has begun.
func (p *port) Hangup(ctx context.Context, c parley.Cause) error {
	r := p.r
	r.change.Lock()
	defer r.change.Unlock()
	r.mu.Lock()
	if r.over {
		r.mu.Unlock()
		return nil
	}
	r.over = true
	x, members := r.mixing, r.members
	if x == nil {
		for _, m := range members {
			m.leave() // its last events are still to be read
		}
	}
	r.mu.Unlock()
	var failed error
	for _, m := range members {
		failed = errors.Join(failed, m.leg.Hangup(ctx, c))
	}
	if x == nil {
		return failed
	}
	close(x.stop)
	for _, m := range members {
		select {
		case <-m.stopped:
		case <-ctx.Done():
		}
		m.quit()
		r.left(m, io.EOF)
	}
	r.wg.Wait()
	r.mu.Lock()
	p.end(io.EOF)
	r.mu.Unlock()
	return failed
}
