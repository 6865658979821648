package bench

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/rtp"
)

// The parts of a measurement of SIP, in the order in which they are made: the memory first, while nothing else is forgotten.
var sipParts = []string{"dialogs", "signalling", "strangers", "deaths", "flood"}

// SIPOptions say what to measure of the SIP leg. Zero values are defaults.
type SIPOptions struct {
	Talk     time.Duration // how long a part takes that takes time; 10 s
	At       int           // calls that are set up at once; 64
	Dialogs  int           // idle ones, for their memory; 1,000
	Deaths   int           // 100
	Silent   time.Duration // the media timeout of the calls that die; 5 s
	Live     int           // calls during the flood; 20
	Rate     int           // messages a second of each method of the flood; 2,000
	Rest     time.Duration // until what is over is forgotten, transactions above all (64·T1); 35 s
	Only     []string      // parts; empty: all
	Progress func(string)  // is told what begins; nil: nobody is
}

func (o SIPOptions) orDefault() SIPOptions {
	orElse(&o.At, 64)
	orElse(&o.Dialogs, 1000)
	orElse(&o.Deaths, 100)
	orElse(&o.Live, 20)
	orElse(&o.Rate, 2000)
	orElse(&o.Talk, 10*time.Second)
	orElse(&o.Silent, 5*time.Second)
	orElse(&o.Rest, 35*time.Second)
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return o
}

// RunSIP measures a SIP trunk in this very process: both ends of every call share its cores. What a part measured stands in the
// report, also when a later one fails.
func RunSIP(ctx context.Context, o SIPOptions) (r SIPReport, err error) {
	o = o.orDefault()
	for _, part := range o.Only {
		if !slices.Contains(sipParts, part) {
			return r, fmt.Errorf("bench: no part %q, only %v", part, sipParts)
		}
	}
	for _, p := range []struct {
		name string
		run  func(context.Context, SIPOptions) error
	}{
		{"dialogs", r.weigh}, {"signalling", r.signal}, {"strangers", r.ask}, {"deaths", r.die}, {"flood", r.siege},
	} {
		if len(o.Only) > 0 && !slices.Contains(o.Only, p.name) {
			continue
		}
		o.Progress(p.name)
		if err := p.run(ctx, o); err != nil {
			return r, fmt.Errorf("bench: %s: %w", p.name, err)
		}
	}
	return r, nil
}

// A station is a trunk that answers whoever may come in, and remembers how each call ended. One goroutine a call, and Serve's.
type station struct {
	*sip.Trunk
	ports  *rtp.Ports
	limits leg.Limits
	stop   context.CancelFunc
	served chan error

	mu    sync.Mutex // guards ended
	ended map[string]ending
}

// An ending is how a call was over, and when.
type ending struct {
	cause parley.Cause
	at    time.Time
}

// newStation listens for UDP; with no account loopback may come in.
func newStation(listen string, l leg.Limits, accounts ...parley.TrunkAccount) (*station, error) {
	s := &station{ports: rtp.NewPorts(10000, 31000), limits: l, served: make(chan error, 1), ended: map[string]ending{}}
	var err error
	if s.Trunk, err = sip.New(sip.Config{Listen: listen, Ports: s.ports, Logger: slog.New(slog.DiscardHandler),
		Trunks: func(context.Context) ([]parley.TrunkAccount, error) { return accounts, nil }}); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() { s.served <- s.Serve(ctx, s.answer) }()
	return s, nil
}

func (s *station) close() error {
	s.stop()
	return <-s.served
}

func (s *station) answer(ctx context.Context, o leg.Offer) {
	l, err := o.Answer(ctx, s.limits)
	if err != nil {
		return
	}
	for {
		if _, err = l.Read(ctx); err != nil {
			break
		}
	}
	e := ending{cause: parley.CallerHungUp, at: time.Now()}
	if gone, ok := err.(*leg.GoneError); ok {
		e.cause = gone.Cause
	}
	s.mu.Lock()
	s.ended[o.Ringing().ID] = e
	s.mu.Unlock()
}

// over is how the call ended, if it has.
func (s *station) over(id string) (ending, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.ended[id]
	return e, ok
}

// loopback is where callers of this process find the station.
func (s *station) loopback() netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), s.Addr().Port())
}

// heap is what is live, and what the goroutines' stacks take.
func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools hold goes with the second
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

// until polls.
func until(ctx context.Context, limit time.Duration, ok func() bool) bool {
	for end := time.Now().Add(limit); !ok(); {
		if time.Now().After(end) || !wait(ctx, 20*time.Millisecond) {
			return false
		}
	}
	return true
}
