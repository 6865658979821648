// Package register keeps a far end's registrar told where we are (RFC 3261 §10): refreshed in time, over several registrars, with
// an address that is seen through NAT, and taken back in the end. It sends by a Line it is given. Goroutines: none of its own, Run
// is for one.
package register

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg/sip/route"
)

const (
	firstPause = time.Second // after a failure; twice as long after each further one (RFC 5626 §4.5)
	longest    = 5 * time.Minute
	refusedFor = time.Minute      // at least, when the registrar has understood and does not want us: others ban who insists
	keepAlive  = 25 * time.Second // below the 30 s after which the hastiest NATs forget (RFC 5626 §4.4.2)
	impatience = 5 * time.Second  // for one registrar while there is another
	farewell   = 2 * time.Second
	hopsMost   = 8                // tried in one round
	shortest   = time.Second      // between two refreshes, whatever is granted
	expiresMax = 24 * time.Hour   // asked for or believed
	retryMax   = 10 * time.Minute // of a Retry-After
)

// A Line is how a registration reaches the world.
type Line interface {
	// Hops are the ways to the registrar, in the order to be tried.
	Hops(ctx context.Context) ([]route.Hop, error)
	// Registrar is the Request-URI by that hop: a domain, no user.
	Registrar(h route.Hop) sip.Uri
	// Send adds a Via and waits for the final answer. The request is the Line's from then on.
	Send(ctx context.Context, req *sip.Request, h route.Hop) (*sip.Response, error)
	// Contact is our address as that hop would reach it, as far as we know without asking; without a port where we do not listen.
	Contact(h route.Hop) sip.Uri
	// KeepAlive sends what keeps a NAT on the way open. An error: the connection is gone.
	KeepAlive(h route.Hop) error
	// Report says whether a hop answers.
	Report(h route.Hop, up bool)
	// Proofs are answers to challenges, none learned yet.
	Proofs() Proofs
}

// Proofs answer challenges.
type Proofs interface {
	Learn(res *sip.Response) error // an error: there is no other answer to give
	Sign(req *sip.Request)
}

// Config is one registration.
type Config struct {
	Line
	AOR     sip.Uri       // address of record, in From and To
	Expires time.Duration // asked for
	Fixed   bool          // a Contact with a port stays, whatever address the registrar sees
	Changed func(State)   // may be nil; called by Run after each attempt, must not block
}

// State is what became of a registration.
type State struct {
	Registered bool           // the registrar knows us, as far as we can tell
	Since      time.Time      // when Registered last changed
	Until      time.Time      // what was granted last ends
	Hop        route.Hop      // who granted it
	Contact    string         // that was registered
	Seen       netip.AddrPort // our address as the registrar saw it; not valid while it was the one we gave
	Failure    error          // of the last attempt
	Code       int            // its status, 0 when nothing answered
}

// A Registration is one AOR at one registrar, which may have several hops.
type Registration struct {
	c      Config
	callID string
	tag    string
	renew  chan struct{}

	// Of Run alone:
	seq     uint32
	expires time.Duration
	proofs  Proofs
	proven  route.Hop      // whose challenges proofs answer
	seen    netip.AddrPort // by hop proven
	bound   *binding
	moved   bool // bound's hop is not to be preferred

	mu    sync.Mutex // guards state
	state State
}

// A binding is what a registrar has granted.
type binding struct {
	hop     route.Hop
	contact sip.Uri
}

// New makes a registration that Run keeps.
func New(c Config) *Registration {
	r := &Registration{
		c: c, callID: sip.GenerateTagN(24) + "@parley", tag: sip.GenerateTagN(16), renew: make(chan struct{}, 1),
		seq: rand.Uint32() & 0x7fff, expires: min(max(c.Expires, shortest), expiresMax), proofs: c.Line.Proofs(),
	}
	r.state.Since = time.Now()
	return r
}

// State is how it stands. Safe from any goroutine.
func (r *Registration) State() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.state
	if s.Registered && !time.Now().Before(s.Until) {
		s.Registered, s.Since = false, s.Until
	}
	return s
}

// Renew registers anew at once, at whoever is first now: the hop we are bound to has died. Safe from any goroutine.
func (r *Registration) Renew() {
	select {
	case r.renew <- struct{}{}:
	default:
	}
}

// Run registers and refreshes until ctx is done, then takes the registration back. Once only.
func (r *Registration) Run(ctx context.Context) {
	for failures := 0; ; {
		granted, err := r.round(ctx)
		if ctx.Err() != nil {
			break
		}
		wait := refresh(granted)
		if err != nil {
			wait = pause(failures, err)
			failures++
		} else {
			failures = 0
		}
		r.tell(granted, err)
		r.rest(ctx, wait)
		if ctx.Err() != nil {
			break
		}
	}
	r.leave(ctx)
}

// round tries the hops, the one we are bound to first, until one grants it or says a clear no.
func (r *Registration) round(ctx context.Context) (granted time.Duration, err error) {
	hops, err := r.c.Hops(ctx)
	if err != nil {
		return 0, err
	}
	hops = slices.Clone(hops)
	if b := r.bound; b != nil && !r.moved {
		if i := slices.Index(hops, b.hop); i > 0 {
			hops = slices.Insert(slices.Delete(hops, i, i+1), 0, b.hop)
		}
	}
	hops = hops[:min(len(hops), hopsMost)]
	err = errors.New("register: there is no way to the registrar")
	for i, h := range hops {
		patience := impatience
		if i == len(hops)-1 {
			patience = 0
		}
		if granted, err = r.attempt(ctx, h, patience); err == nil {
			r.moved = false
			return granted, nil
		}
		var no *Refusal
		if ctx.Err() != nil || errors.As(err, &no) && no.final() {
			break
		}
	}
	return 0, err
}

// rest waits, or until something has happened to the way we are bound to.
func (r *Registration) rest(ctx context.Context, wait time.Duration) {
	due := time.NewTimer(wait)
	defer due.Stop()
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-due.C:
			return
		case <-r.renew:
			r.moved = true
			return
		case <-alive.C:
			if b := r.bound; b != nil && r.State().Registered && r.c.KeepAlive(b.hop) != nil {
				return
			}
		}
	}
}

// tell notes what a round came to.
func (r *Registration) tell(granted time.Duration, err error) {
	now := time.Now()
	r.mu.Lock()
	s := &r.state
	was := s.Registered
	if s.Registered && !now.Before(s.Until) {
		s.Registered, s.Since, was = false, s.Until, false
	}
	s.Failure, s.Code = err, 0
	if err == nil {
		s.Registered, s.Until, s.Hop, s.Contact, s.Seen = true, now.Add(granted), r.bound.hop, r.bound.contact.String(), r.seen
		s.Code = sip.StatusOK
	}
	var no *Refusal
	if errors.As(err, &no) {
		s.Code = no.Code
	}
	if s.Registered != was {
		s.Since = now
	}
	told := *s
	r.mu.Unlock()
	if r.c.Changed != nil {
		r.c.Changed(told)
	}
}

// leave takes back what was granted; nobody waits long for a registrar that does not answer.
func (r *Registration) leave(ctx context.Context) {
	if !r.State().Registered {
		return
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer stop()
	err := errors.New("register: nothing is bound")
	if r.bound != nil {
		_, err = r.exchange(ctx, r.bound.hop, &r.bound.contact, 0)
	}
	r.mu.Lock()
	r.state.Registered, r.state.Since, r.state.Failure = false, time.Now(), err
	r.mu.Unlock()
}

// refresh is when to ask again: in the last third, so that a lost round and the one after it still come in time.
func refresh(granted time.Duration) time.Duration {
	return max(shortest, time.Duration(float64(granted)*(0.66+0.1*rand.Float64())))
}

// pause is how long to wait after a failure: by chance between half and all of what doubles each time, so that not all come back
// at once to a registrar that has been away.
func pause(failures int, err error) time.Duration {
	d := min(firstPause<<min(failures, 16), longest)
	var no *Refusal
	if errors.As(err, &no) {
		if no.final() {
			d = max(d, refusedFor)
		}
		d = max(d, min(no.After, retryMax))
		if no.After > 0 {
			return d
		}
	}
	return d/2 + rand.N(d/2)
}

// A Refusal is a final answer that is none we can use.
type Refusal struct {
	Code   int
	Reason string
	After  time.Duration // of Retry-After
}

func (e *Refusal) Error() string { return fmt.Sprintf("register: refused: %d %s", e.Code, e.Reason) }

// final: another hop of the same registrar would say the same.
func (e *Refusal) final() bool {
	return e.Code < 500 && e.Code != 408 && e.Code != 430 || e.Code >= 600
}
