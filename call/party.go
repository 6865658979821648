package call

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/audio/hold"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/room"
)

const (
	mostParties = 16               // on one call, the first included
	aloneMost   = 60 * time.Second // that the first party waits while nobody else is there or being called
)

// A party is who is on a call besides the agent: the first, whose leg the call began with, and whom the agent called in. It begins one
// goroutine for each of those, which close waits for.
type party struct {
	s     *Switchboard
	line  *line
	room  *room.Room
	first leg.Leg
	there context.Context // done when the party is over
	leave context.CancelFunc
	wg    sync.WaitGroup

	telling sync.Mutex // held while a far end is told of its hold

	mu       sync.Mutex // guards all below
	over     bool
	inviting bool
	guests   map[*room.Member]*guest // who was called in and is there
	lasted   time.Duration           // the legs of those who have left
	alone    *time.Timer             // nil: the first does not wait for nobody
}

// A guest was called in.
type guest struct {
	number    string
	joined    time.Time
	dismissed bool // by the agent, which need not be told that they left
}

// meet begins the party of a leg. The agent, and whoever it gives the call to, talks on the leg that is returned.
func (s *Switchboard) meet(line *line, l leg.Leg) leg.Leg {
	p := &party{s: s, line: line, room: room.New(l), first: l, guests: map[*room.Member]*guest{}}
	p.there, p.leave = context.WithCancel(context.Background())
	line.party.Store(p)
	return p.room.Agent()
}

// close ends the party of a call that is over, and gives the leg it began with. All legs have been hung up.
func (p *party) close() leg.Leg {
	p.mu.Lock()
	p.over = true
	p.awaitNobody()
	p.mu.Unlock()
	p.leave()
	p.wg.Wait()
	p.line.other += p.lasted
	return p.first
}

// A company is the party of a call as its agent's actions reach it. It implements action.Line.
type company struct{ line *line }

var errNoParty = errors.New("nobody is on the call yet")

// Hold implements action.Line.
func (c company) Hold(_ context.Context, on *bool) (action.Company, error) {
	p := c.line.party.Load()
	if p == nil {
		return action.Company{}, errNoParty
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	first := p.room.First()
	want := !first.Waits()
	if on != nil {
		want = *on
	}
	p.hold(first, want)
	p.awaitNobody()
	return p.company(), nil
}

// Dismiss implements action.Line.
func (c company) Dismiss(ctx context.Context) (action.Company, error) {
	p := c.line.party.Load()
	if p == nil {
		return action.Company{}, errNoParty
	}
	p.mu.Lock()
	var others []*room.Member
	for m, g := range p.guests {
		others = append(others, m)
		g.dismissed = true
	}
	p.mu.Unlock()
	for _, m := range others {
		if l := m.Take(); l != nil {
			_ = l.Hangup(context.WithoutCancel(ctx), parley.AgentEnded)
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.awaitNobody()
	return p.company(), nil
}

// Invite implements action.Line.
func (c company) Invite(ctx context.Context, i action.Invitation) (action.Company, error) {
	p := c.line.party.Load()
	if p == nil {
		return action.Company{}, errNoParty
	}
	release, err := p.invite(i)
	if err != nil {
		return release(), err
	}
	l, err := p.s.reach(ctx, p.line, onto{to: i.To, extension: i.Extension})
	if err == nil && ctx.Err() != nil {
		_ = l.Hangup(context.WithoutCancel(ctx), parley.CallerHungUp)
		err = ctx.Err()
	}
	if err != nil {
		return release(), errors.New(reason(err))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.room.Sound(nil)
	p.inviting = false
	m := p.room.Join(ctx, l)
	facts := map[string]string{"number": i.To}
	if i.ActionID != "" {
		facts["action_id"] = i.ActionID
	}
	p.line.facts.add(parley.EventPartyJoined, facts)
	g := &guest{number: i.To, joined: time.Now()}
	p.guests[m] = g
	p.wg.Go(func() { p.attend(m, g) })
	p.awaitNobody()
	return p.company(), nil
}

// invite has everybody wait, with music or with ringing, for somebody who is called. release undoes it where they do not come.
func (p *party) invite(i action.Invitation) (release func() action.Company, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	release = func() action.Company {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.company()
	}
	switch {
	case p.over:
		return release, errNoParty
	case p.inviting:
		return release, errors.New("somebody is being called already")
	case p.has(i.To):
		return release, errors.New("they are on the call already")
	case len(p.room.Members()) >= mostParties:
		return release, fmt.Errorf("%d parties are on the call, which is the most there can be", mostParties)
	}
	p.inviting = true
	first := p.room.First()
	held := i.Hold && !first.Waits()
	if held {
		p.hold(first, true)
	}
	p.room.Sound(hold.NewRinging())
	p.awaitNobody()
	return func() action.Company {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.inviting = false
		p.room.Sound(nil)
		if held {
			p.hold(first, false)
		}
		p.awaitNobody()
		return p.company()
	}, nil
}

// attend waits until somebody who was called in has left. Who waited for them is taken off hold where nobody else is there.
func (p *party) attend(m *room.Member, g *guest) {
	<-m.Done()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.guests, m)
	lasted := time.Since(g.joined)
	p.lasted += lasted
	p.line.facts.add(parley.EventPartyLeft, map[string]any{"number": g.number, "seconds": lasted.Seconds()})
	if p.over || p.ended() || g.dismissed {
		return
	}
	first := p.room.First()
	told := g.number + " has left the call."
	if first.Waits() && len(p.room.Members()) == 1 && !p.inviting {
		p.hold(first, false)
		told += " The caller was taken off hold and is on the line with you: tell them."
	}
	p.awaitNobody()
	p.tell(told)
}

// has reports whether a number is on the call; mu is held.
func (p *party) has(number string) bool {
	for _, g := range p.guests {
		if g.number == number {
			return true
		}
	}
	return number == p.number()
}

// ended reports whether the first party has gone.
func (p *party) ended() bool { return p.gone(p.room.First()) }

// hold has a member wait, or ends that; mu is held.
func (p *party) hold(m *room.Member, on bool) {
	if m.Waits() == on {
		return
	}
	m.Hold(on)
	t := parley.EventUnheld
	if on {
		t = parley.EventHeld
	}
	p.line.facts.add(t, map[string]string{"number": p.number()})
	p.signal(m)
}

// signal tells a member's far end whether it is on hold, where it is to be told; mu is held.
func (p *party) signal(m *room.Member) {
	l := m.Leg()
	if on, ok := l.(*moved); ok {
		l = on.Leg
	}
	far, ok := l.(leg.Holding)
	if !ok {
		return
	}
	p.wg.Go(func() {
		p.telling.Lock()
		defer p.telling.Unlock()
		err := far.Hold(p.there, m.Waits()) // as it is by now
		if err != nil && !errors.Is(err, errors.ErrUnsupported) && p.there.Err() == nil && !p.gone(m) {
			p.line.facts.warn("hold", err.Error())
		}
	})
}

// gone reports whether a member has left.
func (p *party) gone(m *room.Member) bool {
	select {
	case <-m.Done():
		return true
	default:
		return false
	}
}

// gather takes the first party off hold: what its agent wanted of that is over.
func (p *party) gather() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended() {
		p.hold(p.room.First(), false)
	}
	p.awaitNobody()
}

// number is the first party's.
func (p *party) number() string {
	if p.line.call.IsOutgoing {
		return p.line.call.To
	}
	return p.line.call.From
}

// mayHold reports whether one of the agent's actions has callers wait with music.
func mayHold(a *parley.Agent) bool {
	return slices.ContainsFunc(a.Actions, func(x parley.Action) bool {
		return x.Type == "action_set_hold" || x.Type == "action_add_to_conference" || x.Type == "action_warm_transfer"
	})
}

// company is who is there; mu is held.
func (p *party) company() action.Company {
	return action.Company{Held: p.room.First().Waits(), Others: max(0, len(p.room.Members())-1)}
}

// awaitNobody watches over a first party that waits though nobody else is there: an agent that forgets them is reminded. mu is held.
func (p *party) awaitNobody() {
	waits := !p.over && !p.inviting && len(p.room.Members()) == 1 && p.room.First().Waits()
	switch {
	case waits && p.alone == nil:
		p.wg.Add(1)
		var t *time.Timer
		t = time.AfterFunc(aloneMost, func() {
			defer p.wg.Done()
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.alone == t {
				p.remember()
			}
		})
		p.alone = t
	case !waits && p.alone != nil:
		if p.alone.Stop() {
			p.wg.Done()
		}
		p.alone = nil
	}
}

// remember takes a first party off hold whom nobody has done anything for; mu is held.
func (p *party) remember() {
	p.alone = nil
	if p.over || p.ended() {
		return
	}
	p.hold(p.room.First(), false)
	p.tell(fmt.Sprintf("The caller has waited on hold for %d seconds and was taken off hold: they are on the line with you. Tell them how things stand.", int(aloneMost.Seconds())))
}

// tell has the agent speak of what has happened, if it talks; mu is held.
func (p *party) tell(text string) {
	if !p.line.talking.Load() {
		return
	}
	select {
	case p.line.control <- conversation.Command{Kind: conversation.Tell, Text: text}:
	default: // whoever sends so many commands hears of it in the end
	}
}
