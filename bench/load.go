package bench

import (
	"context"
	"fmt"
	"net/netip"
	"sync"
	"time"
)

const (
	between = 20 * time.Millisecond // two calls of a ramp
	hold    = 500 * time.Millisecond
	settle  = 4 * time.Second // after the answer, before anybody speaks
)

// A load is many callers in one process: few goroutines, whatever their number.
type load struct {
	line    *line
	sockets []*socket
	pacer   *pacer
	words   *utterance
	network network
	carrier *carrier // nil: calls come by SIP
}

func newLoad(server netip.AddrPort, calls int) (*load, error) {
	words, err := newUtterance()
	if err != nil {
		return nil, err
	}
	l := &load{words: words, pacer: newPacer()}
	if l.line, err = newLine(server); err != nil {
		l.close()
		return nil, err
	}
	for n := 0; n < calls; n += callsPerSocket {
		s, err := newSocket()
		if err != nil {
			l.close()
			return nil, err
		}
		l.sockets = append(l.sockets, s)
	}
	return l, nil
}

func (l *load) close() {
	l.pacer.close()
	for _, s := range l.sockets {
		s.close()
	}
	if l.line != nil {
		l.line.close()
	}
}

// spacing is what all sockets saw. Only after close.
func (l *load) spacing() *histogram {
	all := new(histogram)
	for _, s := range l.sockets {
		all.merge(s.spacing)
	}
	return all
}

// plan is what callers are to do.
type plan struct {
	agent  string
	from   string // prefix of the calling users
	calls  int
	barge  int
	turns  int
	settle time.Duration
	talk   time.Duration // no turn begins later than this after the last call is up
	up     func()        // called once all are answered; may be nil
}

// outcome is what became of one call.
type outcome struct {
	from   string
	setup  time.Duration // INVITE → 200
	answer time.Time
	turns  []heardTurn
	lost   int
	packet inbound
	err    error
}

// talk places the calls and returns when all are over.
func (l *load) talk(ctx context.Context, p plan) []outcome {
	outcomes := make([]outcome, p.calls)
	callers := make([]*caller, p.calls)
	var dialling sync.WaitGroup
	for i := range outcomes {
		dialling.Go(func() { callers[i] = l.place(ctx, p, i, &outcomes[i]) })
		if !wait(ctx, between) {
			break
		}
	}
	dialling.Wait()
	until := time.Now().Add(p.settle + p.talk)
	for _, c := range callers {
		if c == nil {
			continue
		}
		c.mu.Lock()
		c.script.start(time.Now(), p.settle, until)
		c.mu.Unlock()
	}
	if p.up != nil {
		p.up()
	}
	var ending sync.WaitGroup
	for i, c := range callers {
		if c != nil {
			ending.Go(func() { l.finish(ctx, c, &outcomes[i]) })
		}
	}
	ending.Wait()
	return outcomes
}

// dial rings an agent.
func (l *load) dial(ctx context.Context, from, agent string, sound netip.AddrPort) (*dialog, error) {
	if l.carrier != nil {
		return l.carrier.dial(ctx, l.line, from, agent, sound)
	}
	return l.line.dial(ctx, from, agent, sound)
}

func (l *load) place(ctx context.Context, p plan, i int, o *outcome) *caller {
	s := l.sockets[i/callsPerSocket]
	o.from = fmt.Sprintf("%s%05d", p.from, i)
	d, err := l.dial(ctx, o.from, p.agent, s.addr)
	if err != nil {
		o.err = err
		return nil
	}
	o.setup, o.answer = d.Answered.Sub(d.Asked), d.Answered
	sc := newScript(l.words, uint64(i)+1)
	sc.barge, sc.turns = p.barge, p.turns
	c := newCaller(d, s, sc)
	c.way = newWay(l.network, uint64(i)+1)
	s.add(c)
	l.pacer.add(c)
	return c
}

// finish waits for the end of a call and hangs up.
func (l *load) finish(ctx context.Context, c *caller, o *outcome) {
	select {
	case <-c.over:
	case <-ctx.Done():
	}
	c.dialog.bye(ctx)
	l.pacer.remove(c)
	c.socket.remove(c)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.done = true
	o.turns, o.lost, o.packet = c.script.answered, c.script.lost, c.in
}

// setups places so many calls a second, evenly, and hangs each up after half a second.
func (l *load) setups(ctx context.Context, agent string, rate int, d time.Duration) []outcome {
	n := int(d.Seconds() * float64(rate))
	outcomes := make([]outcome, n)
	start := time.Now()
	var calls sync.WaitGroup
	for i := range outcomes {
		if !wait(ctx, time.Until(start.Add(time.Duration(i)*time.Second/time.Duration(rate)))) {
			outcomes = outcomes[:i]
			break
		}
		o := &outcomes[i]
		calls.Go(func() {
			o.from = fmt.Sprintf("setup%05d", i)
			c, err := l.dial(ctx, o.from, agent, l.sockets[0].addr)
			if err != nil {
				o.err = err
				return
			}
			o.setup, o.answer = c.Answered.Sub(c.Asked), c.Answered
			wait(ctx, hold)
			c.bye(ctx)
		})
	}
	calls.Wait()
	return outcomes
}
