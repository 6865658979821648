package rtp

import "net/netip"

// learnAfter is how many packets in a row, of one SSRC, an address that the SDP did not name must send to be believed.
const learnAfter = 3

// stragglers is how many packets may still come from where the far end was before its SDP named another address.
const stragglers = 100

// A source decides whose packets are the far end's: those from the address of its SDP, or, since that may be behind a NAT,
// from the first other address that sends consistently. Once learnt it holds, until the SDP names another address; only the
// address in the SDP can still take its place, by the same proof. Just after a new SDP, anyone can take it from the old address.
type source struct {
	named     netip.AddrPort // by the SDP; may be not valid
	learnt    netip.AddrPort // not valid: not yet
	old       netip.AddrPort // learnt before the last SDP; not valid: no longer of interest
	olds      int            // packets learnt from there since
	candidate netip.AddrPort
	ssrc      uint32
	next      uint16
	run       int // packets in a row
}

// name takes a new SDP.
func (s *source) name(a netip.AddrPort) {
	if a == s.named {
		return
	}
	*s = source{named: a, old: s.learnt}
	if s.old == a {
		s.old = netip.AddrPort{}
	}
}

// admit tells whether a packet is the far end's, and whether its address is news.
func (s *source) admit(from netip.AddrPort, p *Packet) (ours, news bool) {
	if from == s.learnt {
		if from == s.old {
			s.settle()
		}
		return true, false
	}
	if s.learnt.IsValid() && s.learnt != s.old && from != s.named {
		return false, false
	}
	if s.candidate == from && s.ssrc == p.SSRC && s.next == p.Sequence {
		s.run++
	} else {
		s.candidate, s.ssrc, s.run = from, p.SSRC, 1
	}
	s.next = p.Sequence + 1
	if s.run < learnAfter && (from != s.named || s.learnt.IsValid()) {
		return false, false
	}
	s.learnt, s.candidate = from, netip.AddrPort{}
	return true, true
}

// settle counts a packet from the old address: too many for stragglers mean that the far end stayed there.
func (s *source) settle() {
	if s.olds++; s.olds >= stragglers {
		s.old = netip.AddrPort{}
	}
}
