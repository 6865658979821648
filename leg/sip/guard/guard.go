// Package guard keeps strangers from hurting us: it says before anything is parsed whether a message is looked at, remembers who
// failed too often, and how many bytes may go to an address that has proven nothing. What comes by UDP may be forged, so all of
// it works with a memory of fixed size, and what one address does is not held against another. It does no I/O, starts no
// goroutine and has no timer; all of it is safe from any goroutine and allocates nothing.
package guard

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// What a source may send, in messages a second and at once. One of more than pieceSize bytes counts as several.
const (
	strangerRate, strangerBurst = 50, 200    // each
	provenRate, provenBurst     = 500, 1_000 // each
	strangersRate               = 500        // all together: at 0.1 ms a refusal a twentieth of a core
	strangersBurst              = 1_000
	pieceSize                   = 4096
)

// Config says whom a Guard lets be.
type Config struct {
	// Exempt are addresses that are never blocked nor slowed down: those of our trunks. It is asked for each message and must be
	// fast. nil: none.
	Exempt func(netip.Addr) bool
	// Loopback makes that an address like any other, to try all this out on one machine; otherwise it is exempt.
	Loopback bool
	// Blocked is told of each source that is blocked, once a block. IPv6 sources are blocked by /64. nil: nobody is.
	Blocked func(from netip.Prefix, d time.Duration)
}

// Guard decides about strangers.
type Guard struct {
	cfg       Config
	began     time.Time
	strangers atomic.Int64 // when the budget of all strangers will be whole again, see bucket
	seen      table
}

// New makes a Guard; it takes 4 MiB, whatever happens.
func New(c Config) *Guard {
	g := &Guard{cfg: c, began: time.Now()}
	g.seen.init()
	return g
}

// now is the time since the Guard was made: cheaper to tell than the time of day, and never set back.
func (g *Guard) now() instant { return instant(time.Since(g.began)) }

// instant is a time in nanoseconds since the Guard was made.
type instant int64

func (i instant) after(d time.Duration) instant { return i + instant(d) }

// Exempt reports whether the address is one of Config.Exempt, or loopback.
func (g *Guard) Exempt(ip netip.Addr) bool {
	ip = ip.Unmap()
	return ip.IsLoopback() && !g.cfg.Loopback || g.cfg.Exempt != nil && g.cfg.Exempt(ip)
}

// Admit takes note of a message of that many bytes and reports whether to look at it. False for who is blocked, sends too
// much, or is a stranger while all strangers together do.
func (g *Guard) Admit(from netip.Addr, size int) bool {
	if g.Exempt(from) {
		return true
	}
	k, ok := keyOf(from)
	if !ok {
		return false
	}
	now, cost := g.now(), int64(1+max(size, 0)/pieceSize)
	s := g.seen.set(k)
	s.lock()
	defer s.unlock()
	e := s.find(k)
	rate, burst := int64(strangerRate), int64(strangerBurst)
	var due instant
	if e != nil {
		if e.blocked > now {
			return false
		}
		if e.proven > now {
			rate, burst = provenRate, provenBurst
		}
		due = e.due
	}
	if due, ok = bucket(due, now, cost, rate, burst); !ok {
		return false
	}
	if rate == strangerRate && !g.afford(now, cost) {
		return false // and leaves no trace: a flood of forged sources pushes nobody out of the table
	}
	if e == nil {
		e = s.insert(k, now)
	}
	e.due = due
	e.credit = uint32(min(int64(e.credit)+int64(max(size, 0)), creditMost))
	return true
}

// bucket takes from a token bucket that is known by the time it will be full again (the generic cell rate algorithm): it gives
// that time as it is thereafter, or false when there is too little in it.
func bucket(full, now instant, n, rate, burst int64) (instant, bool) {
	each := int64(time.Second) / rate
	full = max(full, now) + instant(n*each)
	return full, int64(full-now) <= burst*each
}

// afford takes from the budget of all strangers.
func (g *Guard) afford(now instant, n int64) bool {
	for {
		was := g.strangers.Load()
		full, ok := bucket(instant(was), now, n, strangersRate, strangersBurst)
		if !ok {
			return false
		}
		if g.strangers.CompareAndSwap(was, int64(full)) {
			return true
		}
	}
}
