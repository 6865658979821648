package sip

import (
	"context"
	"errors"
	"net/netip"
	"reflect"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/sip/register"
	"github.com/parley-voice/parley/leg/sip/route"
)

// TrunkState is how the far end of an account is doing.
type TrunkState struct {
	ID           string          // of the account
	Registration *register.State // nil: none is asked for
	Hops         []HopState      // as they were last asked, sorted by address; none while Health is off
}

// HopState is how one address of a far end is doing.
type HopState struct {
	route.Hop
	Up        bool
	Since     time.Time     // when Up last changed
	RoundTrip time.Duration // of the last OPTIONS that was answered
	Failure   error         // of the last one, nil when it was answered well
}

// lookEveryAccount is how often the accounts are looked at for what is to run.
const lookEveryAccount = 5 * time.Second

// lines are what runs for the accounts. The zero value is ready.
type lines struct {
	every time.Duration // 0: lookEveryAccount; only tests change it

	mu sync.Mutex // guards by
	by map[string]*line
}

// A line is what runs for one account while we serve: its registration, and its far end's pulse.
type line struct {
	t    *Trunk
	a    parley.TrunkAccount
	stop context.CancelFunc
	done chan struct{}
	reg  *register.Registration // nil: none

	failure error // why reg is nil though it is asked for
	lost    bool  // the host was not found; of watch alone

	mu   sync.Mutex // guards hops
	hops []HopState
}

// State is how the far ends of all accounts are doing that are registered at or asked, by id.
func (t *Trunk) State() []TrunkState {
	l := &t.out.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	states := make([]TrunkState, 0, len(l.by))
	for id, x := range l.by {
		s := TrunkState{ID: id}
		if x.reg != nil {
			r := x.reg.State()
			s.Registration = &r
		} else if x.failure != nil {
			s.Registration = &register.State{Failure: x.failure}
		}
		x.mu.Lock()
		s.Hops = slices.Clone(x.hops)
		x.mu.Unlock()
		states = append(states, s)
	}
	slices.SortFunc(states, func(a, b TrunkState) int { return compare(a.ID, b.ID) })
	return states
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// tend keeps a line running for each account that wants one, until ctx is done. What a line began it ends: see line.run.
func (t *Trunk) tend(ctx context.Context) {
	if t.accounts.load == nil || t.listening(ctx) != nil {
		return
	}
	period := lookEveryAccount
	if t.out.lines.every > 0 {
		period = t.out.lines.every
	}
	every := time.NewTicker(period)
	defer every.Stop()
	for {
		if accounts, err := t.accounts.get(ctx); err == nil { // else what runs goes on
			t.look(ctx, accounts)
		}
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
	}
}

// look starts lines of accounts that are new or have changed, and stops those of what is gone.
func (t *Trunk) look(ctx context.Context, accounts []account) {
	l := &t.out.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[string]*line{}
	}
	wanted := map[string]bool{}
	for i := range accounts {
		a := concern(accounts[i].TrunkAccount)
		if a.ID == "" || a.Host == "" || !a.Register.On && a.Health < 0 {
			continue
		}
		wanted[a.ID] = true
		old := l.by[a.ID]
		if old != nil && reflect.DeepEqual(old.a, a) {
			continue
		}
		x := t.newLine(a)
		lineCtx, stop := context.WithCancel(ctx)
		x.stop = stop
		l.by[a.ID] = x
		if old != nil {
			old.stop()
		}
		t.begin(func() { x.run(lineCtx, old) })
	}
	for id, x := range l.by {
		if !wanted[id] {
			x.stop()
			delete(l.by, id)
		}
	}
}

// concern is what of an account a line depends on.
func concern(a parley.TrunkAccount) parley.TrunkAccount {
	a.UserID, a.Media, a.AllowedAddresses, a.TrunkMoves, a.SessionExpires = "", parley.TrunkMedia{}, nil, parley.TrunkMoves{}, 0
	a.Limits, a.Policy = parley.TrunkLimits{}, parley.DialPolicy{}
	return a
}

var errNobody = errors.New("sip: an account that registers needs a username")

func (t *Trunk) newLine(a parley.TrunkAccount) *line {
	x := &line{t: t, a: a, done: make(chan struct{})}
	if !a.Register.On {
		return x
	}
	var aor sip.Uri
	if aor, x.failure = x.aor(); x.failure != nil {
		t.log.Error("sip: an account cannot be registered", "trunk", a.ID, "error", x.failure)
		return x
	}
	expires := a.Register.Expires
	if expires <= 0 {
		expires = parley.DefaultRegister
	}
	x.reg = register.New(register.Config{
		Line: x, AOR: aor, Expires: expires, Fixed: t.cfg.PublicIP.IsValid(), Changed: x.registered(),
	})
	return x
}

// run keeps the line until ctx is done. It begins when the one it takes the place of has ended: else that one would take back what
// this one has just registered.
func (l *line) run(ctx context.Context, old *line) {
	defer close(l.done)
	if old != nil {
		<-old.done
	}
	var both sync.WaitGroup
	if l.reg != nil {
		both.Go(func() { l.reg.Run(ctx) })
	}
	if l.a.Health >= 0 {
		both.Go(func() { l.watch(ctx) })
	}
	both.Wait()
}

// registered tells the log what becomes of the registration, and the trunk at what address the registrar sees us.
func (l *line) registered() func(register.State) {
	was, first := false, true
	return func(s register.State) {
		l.t.out.see(sight{s.Hop.Network, s.Hop.Addr.Addr()}, s.Seen)
		switch {
		case s.Failure != nil && (was || first):
			l.t.log.Warn("sip: a trunk is not registered", "trunk", l.a.ID, "code", s.Code, "until", s.Until, "error", s.Failure)
		case s.Failure == nil && !was:
			l.t.log.Info("sip: a trunk is registered", "trunk", l.a.ID, "hop", s.Hop.String(), "contact", s.Contact, "until", s.Until)
		}
		was, first = s.Failure == nil, false
	}
}

// registrar is the account that is registered at an address a call came from: one of that user where it can be told. "": none.
func (t *Trunk) registrar(from netip.Addr, user string) (id string) {
	l := &t.out.lines
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, x := range l.by {
		if x.reg == nil {
			continue
		}
		s := x.reg.State()
		if !s.Registered || s.Hop.Addr.Addr() != from && !x.has(from) {
			continue
		}
		if x.a.Username == user {
			return x.a.ID
		}
		if id == "" || x.a.ID < id {
			id = x.a.ID
		}
	}
	return id
}

// called is the number a call is for. By a registration it comes to the Contact we gave, whose user is our own name; what was
// dialled stands in To then.
func called(req *sip.Request, a *parley.TrunkAccount) string {
	to := user(&req.Recipient)
	if a == nil || !a.Register.On || to != a.Username {
		return to
	}
	if dialled := user(&req.To().Address); dialled != "" {
		return dialled
	}
	return to
}

// has reports whether an address is one of the far end's.
func (l *line) has(ip netip.Addr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.hops, func(h HopState) bool { return h.Addr.Addr() == ip })
}

// aor is who we are at the far end.
func (l *line) aor() (sip.Uri, error) {
	host, err := parseHostPort(l.a.Host)
	if err != nil {
		return sip.Uri{}, err
	}
	if l.a.Username == "" || !clean(l.a.Username) {
		return sip.Uri{}, errNobody
	}
	return sip.Uri{Scheme: "sip", User: userPart(l.a.Username), Host: host.Host}, nil
}
