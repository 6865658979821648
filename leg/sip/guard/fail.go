package guard

import (
	"net/netip"
	"time"
)

// failuresMost in failuresIn make a block of blockFor.
const (
	failuresMost = 20
	failuresIn   = 10 * time.Second
	blockFor     = 10 * time.Minute
)

// seconds are kept one more than failuresIn: the current one has only begun, and any failuresIn must fit.
const seconds = int(failuresIn/time.Second) + 1

// fails counts failures by the second.
type fails struct {
	last uint32         // second of the latest failure
	in   [seconds]uint8 // by second modulo seconds; only those up to last are valid
}

func second(now instant) uint32 { return uint32(now / instant(time.Second)) }

// count is how many there were lately.
func (f *fails) count(now instant) (n int) {
	at := second(now)
	for i := range uint32(seconds) {
		if s := at - i; s <= f.last && at >= i && f.last-s < uint32(seconds) {
			n += int(f.in[s%uint32(seconds)])
		}
	}
	return n
}

// add takes note of one.
func (f *fails) add(now instant) {
	at := second(now)
	if at-f.last >= uint32(seconds) {
		f.in = [seconds]uint8{}
	} else {
		for s := f.last + 1; s <= at; s++ {
			f.in[s%uint32(seconds)] = 0
		}
	}
	f.last = at
	if i := at % uint32(seconds); f.in[i] < 255 {
		f.in[i]++
	}
}

// Failed tells that a source was refused, or sent what is no SIP. Who does it too often is blocked. It is not held against one that has
// proven itself: anybody can send that in its name.
func (g *Guard) Failed(from netip.Addr) { g.fail(from, true) }

// Guessed tells that a source answered a challenge that was made for it, and wrongly. That cannot be forged: it counts for all.
func (g *Guard) Guessed(from netip.Addr) { g.fail(from, false) }

func (g *Guard) fail(from netip.Addr, forgeable bool) {
	k, ok := keyOf(from)
	if !ok || g.Exempt(from) {
		return
	}
	if g.count(k, g.now(), forgeable) && g.cfg.Blocked != nil {
		g.cfg.Blocked(network(from), blockFor)
	}
}

// count takes note of a failure and reports whether it began a block.
func (g *Guard) count(k key, now instant, forgeable bool) bool {
	s := g.seen.set(k)
	s.lock()
	defer s.unlock()
	e := s.entry(k, now)
	if e.blocked > now || forgeable && e.proven > now {
		return false
	}
	if e.add(now); e.count(now) < failuresMost {
		return false
	}
	e.blocked, e.proven, e.fails = now.after(blockFor), 0, fails{}
	return true
}

// Blocked reports whether nothing of the source is looked at now.
func (g *Guard) Blocked(from netip.Addr) bool {
	k, ok := keyOf(from)
	if !ok || g.Exempt(from) {
		return false
	}
	s := g.seen.set(k)
	s.lock()
	defer s.unlock()
	e := s.find(k)
	return e != nil && e.blocked > g.now()
}

// network is what a source is counted by.
func network(ip netip.Addr) netip.Prefix {
	ip = ip.Unmap().WithZone("")
	bits := 32
	if ip.Is6() {
		bits = 64
	}
	p, _ := ip.Prefix(bits)
	return p
}
