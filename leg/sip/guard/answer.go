package guard

import (
	"net/netip"
	"time"
)

const (
	creditMost = 16 << 10  // bytes that may be owed to an address
	provenFor  = time.Hour // from the last proof
)

// Proven tells that whoever sends from the address also gets what is sent there: it answered a challenge of ours, or named a tag
// that we made for it, or it is on the other end of a TCP connection.
func (g *Guard) Proven(ip netip.Addr) {
	k, ok := keyOf(ip)
	if !ok || g.Exempt(ip) {
		return
	}
	now := g.now()
	s := g.seen.set(k)
	s.lock()
	defer s.unlock()
	e := s.entry(k, now)
	e.proven = now.after(provenFor)
}

// MayAnswer reports whether an answer of that many bytes may go to an address by UDP, and takes note of it: to one that has
// proven nothing never more goes in all than came from it, so that a forged source gets no more of us than of the forger. received
// are bytes from there that Admit was not told of. An answer that may not go is owed: with what comes next it may.
func (g *Guard) MayAnswer(to netip.AddrPort, received, answer int) bool {
	ip := to.Addr()
	if g.Exempt(ip) {
		return true
	}
	k, ok := keyOf(ip)
	if !ok {
		return false
	}
	now := g.now()
	s := g.seen.set(k)
	s.lock()
	defer s.unlock()
	e := s.find(k)
	switch {
	case e == nil: // pushed out, or never there
		return received >= answer
	case e.blocked > now:
		return false
	case e.proven > now:
		return true
	}
	credit := int64(e.credit) + int64(max(received, 0))
	ok = credit >= int64(answer)
	if ok {
		credit -= int64(max(answer, 0))
	}
	e.credit = uint32(min(credit, creditMost))
	return ok
}
