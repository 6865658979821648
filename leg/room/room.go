// Package room joins legs: each of them hears all others, and an agent, who has a leg of its own to all of them. While there is one leg
// and nobody waits, the agent's leg is that leg: nothing is mixed and nobody stands between.
//
// Goroutines: none while nothing is mixed; else one that mixes, every 20 ms, and one for each member, which reads its leg. All have ended
// when Hangup of the agent's leg, or Drop, returns; Take waits for the one of its member.
package room

import (
	"context"
	"sync"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// A Room is where the parties of a call meet. All methods are safe from any goroutine.
type Room struct {
	change sync.Mutex // held by whoever changes who reads a leg; taken before mu
	wg     sync.WaitGroup

	mu      sync.Mutex // guards all below, and what members, port and mixing say it does
	members []*Member  // in the order in which they came
	first   *Member    // members[0], or who was that last
	port    port
	mixing  *mixing        // nil: the port is the only member's leg
	behind  leg.Background // what all hear who do not wait; nil: nothing
	dropped bool           // the agent has left
	over    bool           // hung up
	fewer   chan struct{}  // a token: somebody has left
}

// New makes a room with one leg in it. Whoever reads the agent's leg reads that one from now on.
func New(l leg.Leg) *Room {
	r := &Room{fewer: make(chan struct{}, 1)}
	r.port.r = r
	r.first = newMember(r, l)
	r.members = []*Member{r.first}
	return r
}

// Agent is the agent's leg: it hears all who do not wait, on a time line that goes on whoever comes and leaves, and they hear it. It ends as the
// first member's leg does, or with io.EOF when nobody is left, and hangs all legs up. Digits are everybody's; it sends its own to all
// who do not wait. It says that it is held while nobody hears it.
func (r *Room) Agent() leg.Leg { return &r.port }

// First is the member with whom the room began or, once that was taken out, who has been in it longest.
func (r *Room) First() *Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first
}

// Members are those who are in the room, in the order in which they came.
func (r *Room) Members() []*Member {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]*Member(nil), r.members...)
}

// Join takes one more leg in, which is read by the room from now on. In a room that is over it is hung up, and its member is gone.
func (r *Room) Join(ctx context.Context, l leg.Leg) *Member {
	return r.join(ctx, l, nil)
}

// JoinWaiting is Join for one who waits from the beginning, and hears b.
func (r *Room) JoinWaiting(ctx context.Context, l leg.Leg, b leg.Background) *Member {
	return r.join(ctx, l, b)
}

func (r *Room) join(ctx context.Context, l leg.Leg, waits leg.Background) *Member {
	m := newMember(r, l)
	m.waits = waits
	r.change.Lock()
	defer r.change.Unlock()
	r.mix()
	r.mu.Lock()
	if r.over || len(r.members) == 0 {
		r.mu.Unlock()
		m.leave()
		_ = l.Hangup(context.WithoutCancel(ctx), parley.CallerHungUp)
		return m
	}
	_ = l.Clear() // what is left there is nobody's
	r.members = append(r.members, m)
	r.port.waiting()
	r.mu.Unlock()
	m.reading.Lock()
	m.read()
	return m
}

// Sound has all who do not wait hear b under what is said, such as ringing; the agent does not hear it. nil ends it.
func (r *Room) Sound(b leg.Background) {
	r.change.Lock()
	defer r.change.Unlock()
	if b != nil {
		r.mix()
	}
	r.mu.Lock()
	r.behind = b
	r.mu.Unlock()
}

// Drop lets the agent leave: nobody waits any more, and the others talk on. It returns when one or none of them is left, or ctx is done;
// whoever is left then is hung up. The agent's leg, if somebody reads it, still hears everybody until then.
func (r *Room) Drop(ctx context.Context) {
	r.change.Lock()
	r.mu.Lock()
	r.dropped, r.behind = true, nil
	for _, m := range r.members {
		m.waits = nil
	}
	if r.mixing != nil {
		r.port.silence()
	}
	r.mu.Unlock()
	r.change.Unlock()
	for r.count() > 1 && ctx.Err() == nil {
		select {
		case <-r.fewer:
		case <-ctx.Done():
		}
	}
	_ = r.port.Hangup(context.WithoutCancel(ctx), parley.Transferred)
}

func (r *Room) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.over {
		return 0
	}
	return len(r.members)
}

// left: a member's leg has ended. err is what its Read returned.
func (r *Room) left(m *Member, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m.gone {
		return
	}
	led := r.first == m
	r.remove(m)
	if led && !r.dropped || len(r.members) == 0 {
		r.port.end(err)
	}
}

// remove takes a member out; mu is held.
func (r *Room) remove(m *Member) {
	m.leave()
	kept := r.members[:0:0]
	for _, o := range r.members {
		if o != m {
			kept = append(kept, o)
		}
	}
	r.members = kept
	if r.first == m && len(kept) > 0 {
		r.first = kept[0]
	}
	r.port.waiting()
	select {
	case r.fewer <- struct{}{}:
	default:
	}
}
