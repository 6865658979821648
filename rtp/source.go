package rtp

import (
	"net/netip"
	"time"
)

const (
	// An address that the SDP did not name must send so many packets in a row, of one SSRC, and for so long, to be believed: a far
	// end that sends at all is heard by then. One on another machine than the far end's must go on for longer.
	learnAfter = 3
	learnNear  = 40 * time.Millisecond
	learnFar   = 200 * time.Millisecond

	// provisional is for how long an address that was learnt gives way to the first packet from the one that the SDP names.
	provisional = time.Second

	// stragglers is how many packets may still come from where the far end was before its SDP named another address.
	stragglers = 100
)

// A source decides whose packets are the far end's: those from the address of its SDP, or, since that may be behind a NAT,
// from the first other address that sends consistently. Once learnt it holds, until the SDP names another address; only the
// address in the SDP can still take its place, by the same proof. Just after a new SDP, anyone can take it from the old address.
type source struct {
	named    netip.AddrPort // by the SDP; may be not valid
	peer     netip.Addr     // of the signalling; may be not valid
	learnt   netip.AddrPort // not valid: not yet
	learntAt time.Time
	old      netip.AddrPort // learnt before the last SDP; not valid: no longer of interest
	olds     int            // packets learnt from there since
	near     candidate      // on the far end's machine, as far as that is known
	far      candidate      // elsewhere: cannot get in the way of one that is near
}

// A candidate is an address on its way to be believed.
type candidate struct {
	from  netip.AddrPort
	ssrc  uint32
	next  uint16
	run   int       // packets in a row
	since time.Time // the first of them
}

// name takes a new SDP, and where its signalling came from.
func (s *source) name(a netip.AddrPort, peer netip.Addr) {
	s.peer = peer
	if a == s.named {
		return
	}
	*s = source{named: a, peer: peer, old: s.learnt}
	if s.old == a {
		s.old = netip.AddrPort{}
	}
}

// admit tells whether a packet is the far end's, and whether its address is news.
func (s *source) admit(now time.Time, from netip.AddrPort, p *Packet) (ours, news bool) {
	if from == s.learnt {
		if from == s.old {
			s.settle()
		}
		return true, false
	}
	if s.learnt.IsValid() && s.learnt != s.old && from != s.named {
		return false, false
	}
	if from == s.named && (!s.learnt.IsValid() || now.Sub(s.learntAt) < provisional) {
		s.learn(now, from)
		return true, true
	}
	c, proof := &s.near, learnNear
	if home := s.home(); home.IsValid() && from.Addr() != home {
		c, proof = &s.far, learnFar
	}
	if c.step(now, from, p); c.run < learnAfter || now.Sub(c.since) < proof {
		return false, false
	}
	s.learn(now, from)
	return true, true
}

// home is the machine that the far end is thought to be on.
func (s *source) home() netip.Addr {
	if s.named.IsValid() {
		return s.named.Addr()
	}
	return s.peer
}

// learn believes an address. Whoever can authenticate its packets needs no other proof.
func (s *source) learn(now time.Time, from netip.AddrPort) {
	s.learnt, s.learntAt = from, now
	s.near, s.far = candidate{}, candidate{}
}

func (c *candidate) step(now time.Time, from netip.AddrPort, p *Packet) {
	if c.from == from && c.ssrc == p.SSRC && c.next == p.Sequence {
		c.run++
	} else {
		*c = candidate{from: from, ssrc: p.SSRC, run: 1, since: now}
	}
	c.next = p.Sequence + 1
}

// settle counts a packet from the old address: too many for stragglers mean that the far end stayed there.
func (s *source) settle() {
	if s.olds++; s.olds >= stragglers {
		s.old = netip.AddrPort{}
	}
}
