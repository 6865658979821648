package journal

import (
	"time"

	"github.com/parley-voice/parley/turn"
)

// A follower has a detector with other dials decide in its own time, while the agent does what it did on the call: but for what it
// only did because of a decision that the other detector makes sooner, later, or not at all.
type follower struct {
	last  string      // what the call's detector decided since the agent last changed: TurnEnd, Interruption, or ""
	call  turn.Agent  // as the call's detector was told
	agent turn.Agent  // as the other was
	held  *turn.Agent // a change of the agent's that waits for the other detector's decision
	ahead bool        // the other has ended a turn, and the agent of the call has not begun to answer
	moved bool        // the other has stopped the agent since it last changed
	now   time.Duration
	since int // frames since the call's detector ended a turn
}

// before has the other detector do what is due by now.
func (b *follower) before(p *player, now time.Duration) {
	defer func() { b.now = now }()
	for range 10 {
		at, ok := p.other.Due()
		if !ok || at > now {
			return
		}
		p.other.Tick(max(at, b.now))
	}
}

// frame: one of the caller's has come.
func (b *follower) frame(p *player) {
	if b.since++; b.since == 2 && b.last == TurnEnd && b.ahead { // on the call nobody answered that turn
		b.ahead = false
		b.set(p, turn.Idle)
	}
}

func (b *follower) set(p *player, a turn.Agent) {
	b.agent = a
	p.other.Agent(a)
}

// was: the call's detector decided.
func (b *follower) was(d Decision) {
	if d.What == TurnEnd || d.What == Interruption {
		b.last, b.since = d.What, 0
	}
}

// is: the other did.
func (b *follower) is(p *player, d Decision) {
	switch d.What {
	case TurnEnd:
		if b.agent == turn.Idle {
			b.ahead = true
			b.set(p, turn.Thinks)
		}
	case Interruption:
		b.moved = true
		b.set(p, turn.Idle)
	case Backchannel:
	default:
		return
	}
	if b.held != nil {
		b.set(p, *b.held)
		b.held, b.ahead = nil, false
	}
}

// tell tells the other detector what happened, where it is not a consequence of what it has not decided.
func (b *follower) tell(p *player, rec *record) error {
	switch rec.op {
	case opTick: // it has its own
		return nil
	case opAgent:
		a := turn.Agent(rec.byte)
		was := b.call
		if b.call = a; was == turn.Thinks && a == turn.Busy {
			return b.speaks(p)
		}
		owed := b.last == TurnEnd && a != turn.Idle && p.other.Pending() || b.last == Interruption && a == turn.Idle && !b.moved
		b.last, b.held = "", nil
		if owed {
			b.held = &a
			return nil
		}
		b.moved, b.ahead, b.agent = false, false, a
	}
	return p.tell(p.other, rec)
}

// speaks: what the agent of the call was about to say is heard. The other detector is told of it where it has not stopped that.
func (b *follower) speaks(p *player) error {
	if b.held != nil {
		*b.held = turn.Busy
	} else if b.agent == turn.Thinks {
		b.set(p, turn.Busy)
	}
	return nil
}
