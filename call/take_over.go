package call

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
)

// errHungUp is why a take-over failed: whoever was to take over has hung up again. errAway: the call went on without them.
var (
	errHungUp = errors.New("they hung up before they had the call")
	errAway   = errors.New("the agent's part was over before they answered")
)

// A takeover is somebody who is dialled to take a call over from its agent, which talks on meanwhile. There is one goroutine for them, and once they
// have answered one that reads their leg.
type takeover struct {
	running sync.WaitGroup

	mu     sync.Mutex // guards all below
	over   bool       // the call is: nobody is dialled any more
	to     string     // "": nobody is dialled
	cancel context.CancelFunc
	relief *relief // nil: they have not answered
}

// relief is somebody who has answered, and waits for the agent to leave.
type relief struct {
	leg   leg.Leg
	to    string
	since time.Time
	stop  context.CancelFunc // ends the reading of the leg
	read  chan struct{}      // closed when it has ended: they are gone, or taken
	taken bool               // the call's goroutine has the leg
	over  chan struct{}      // closed when that is done with it
	free  bool               // nobody is paid for the leg
}

// TakeOver has somebody dialled who takes a call over from its agent: once they have answered the agent says what it is to announce, if anything,
// and leaves, and they are joined with the caller. It returns when the dialling has begun; transfer_failed in the call's events tells that they did
// not come, and the agent goes on. Not running: parley.NotFound.
func (s *Switchboard) TakeOver(ctx context.Context, id string, t parley.Transfer, announce string) error {
	l := s.line(id)
	if err := l.takeable(); err != nil {
		return err
	}
	if err := s.forbidden(ctx, l.call, t.To); err != nil {
		return err
	}
	ctx, err := l.taking(ctx, t.To)
	if err != nil {
		return err
	}
	go func() {
		defer l.takeover.running.Done()
		if err := s.relieve(ctx, l, t, announce); err != nil {
			l.facts.add(parley.EventTransferFailed, map[string]string{"to": t.To, "reason": reason(err)})
		}
	}()
	return nil
}

// takeable says why a call, nil if none runs, cannot be taken over now.
func (l *line) takeable() error {
	switch {
	case l == nil:
		return parley.NotFound("running call")
	case l.bridged.Load():
		return errTransferred()
	case !l.talking.Load():
		return &parley.Error{Status: 409, Code: "not_talking", Message: "no agent talks on the call now: it rings, or is being transferred"}
	}
	return nil
}

// taking: somebody is asked to take a call over. Whoever asks calls l.takeover.running.Done.
func (l *line) taking(ctx context.Context, to string) (context.Context, error) {
	ctx, ok := l.takeover.begin(ctx, to)
	if !ok {
		return nil, &parley.Error{Status: 409, Code: "taking_over", Message: "somebody is being called to take the call over already, or it has just ended"}
	}
	l.facts.add(parley.EventTransferring, map[string]string{"to": to, "by": "take_over"})
	return ctx, nil
}

// relieve dials somebody, asks the agent to leave once they have answered, and waits until they have the call. An error says why they have not.
func (s *Switchboard) relieve(ctx context.Context, l *line, t parley.Transfer, announce string) error {
	defer l.takeover.clear()
	b, err := s.reach(ctx, l, onto{to: t.To, extension: t.Extension})
	if err != nil {
		if ctx.Err() != nil {
			return errAway
		}
		return err
	}
	return s.ready(ctx, l, &relief{leg: b, to: t.To}, announce)
}

// ready: they have answered. It returns when the call has their leg, or they are gone.
func (s *Switchboard) ready(ctx context.Context, l *line, r *relief, announce string) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	r.since, r.stop, r.read, r.over = time.Now(), stop, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(r.read)
		drain(reading, r.leg)
	}()
	l.takeover.answered(r)
	select {
	case l.control <- conversation.Command{Kind: conversation.Yield, Text: announce}:
	case <-r.read:
	}
	<-r.read
	if l.takeover.has(r) {
		return nil
	}
	_ = r.leg.Hangup(context.WithoutCancel(ctx), parley.CallerHungUp)
	if ctx.Err() != nil {
		return errAway
	}
	return errHungUp
}

// begin: somebody is dialled; false: somebody is, or the call is over.
func (t *takeover) begin(ctx context.Context, to string) (context.Context, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.over || t.to != "" {
		return nil, false
	}
	t.to = to
	ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	t.running.Add(1)
	return ctx, true
}

func (t *takeover) answered(r *relief) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.relief = r
}

// claim gives the leg of whoever has answered to the call's goroutine; nil: nobody has, or they have gone again.
func (t *takeover) claim() *relief {
	t.mu.Lock()
	r := t.relief
	if r == nil {
		t.mu.Unlock()
		return nil
	}
	select {
	case <-r.read:
		t.mu.Unlock()
		return nil
	default:
	}
	r.taken = true
	t.mu.Unlock()
	r.stop()
	<-r.read
	return r
}

// has reports whether the call's goroutine has taken the leg.
func (t *takeover) has(r *relief) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return r.taken
}

func (t *takeover) clear() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.cancel()
	t.to, t.relief = "", nil
}

// end gives up whoever has not taken over by now, and waits until that is done. for good: the call is over.
func (t *takeover) end(forGood bool) {
	t.mu.Lock()
	t.over = t.over || forGood
	if t.to != "" {
		t.cancel()
	}
	t.mu.Unlock()
	t.running.Wait()
}

// relieved joins the caller on l with whoever has come to take the call over, if somebody has and the caller is there: then that is how the call
// ended. nil: nobody has.
func (s *Switchboard) relieved(ctx context.Context, l leg.Leg, line *line, out parley.Outcome) *parley.Outcome {
	asked := out.Cause == parley.Transferred && out.Transfer == nil
	if !asked && out.Cause != parley.AgentEnded && out.Cause != parley.Idle && out.Cause != parley.ProviderFailed {
		line.takeover.end(false)
		return nil
	}
	r := line.takeover.claim()
	line.takeover.end(false)
	if r == nil {
		return nil
	}
	s.taken(ctx, line, r.to, "take_over")
	_ = l.Clear() // what an agent was saying is of no use any more
	bridge(ctx, l, r.leg)
	close(r.over)
	if !r.free {
		line.other += time.Since(r.since)
	}
	return &parley.Outcome{Cause: parley.Transferred}
}
