package rtp

import (
	"net/netip"
	"testing"
)

var (
	named    = netip.MustParseAddrPort("192.0.2.1:4000")
	natted   = netip.MustParseAddrPort("203.0.113.9:61234")
	stranger = netip.MustParseAddrPort("198.51.100.66:5555")
)

// knocks sends n packets in a row from an address and tells how many were taken.
func knocks(s *source, from netip.AddrPort, ssrc uint32, sequence uint16, n int) (taken int) {
	for i := range n {
		if ours, _ := s.admit(from, &Packet{SSRC: ssrc, Sequence: sequence + uint16(i)}); ours {
			taken++
		}
	}
	return taken
}

func TestNamedAddressIsBelievedAtOnce(t *testing.T) {
	s := source{named: named}
	if ours, news := s.admit(named, &Packet{}); !ours || !news {
		t.Errorf("ours %v, news %v", ours, news)
	}
	if ours, news := s.admit(named, &Packet{Sequence: 1}); !ours || news {
		t.Errorf("again: ours %v, news %v", ours, news)
	}
	if n := knocks(&s, stranger, 9, 0, 100); n != 0 {
		t.Errorf("a stranger got %d packets in", n)
	}
}

func TestSourceIsLearntOnceAndHolds(t *testing.T) {
	for _, sdp := range []netip.AddrPort{named, {}} {
		s := source{named: sdp}
		if n := knocks(&s, natted, 1, 65534, 5); n != 5-learnAfter+1 { // over the wrap
			t.Errorf("%d of 5 taken", n)
		}
		if s.learnt != natted {
			t.Errorf("learnt %v", s.learnt)
		}
		if n := knocks(&s, stranger, 1, 3, 100); n != 0 {
			t.Errorf("a stranger got %d packets in", n)
		}
		if n := knocks(&s, natted, 2, 500, 3); n != 3 {
			t.Errorf("a new SSRC from the learnt address: %d of 3 taken", n)
		}
	}
}

func TestSourceMustBeConsistent(t *testing.T) {
	s := source{named: named}
	for i := range 50 { // two addresses in turn, or one that sends anything
		s.admit(natted, &Packet{SSRC: 1, Sequence: uint16(i)})
		s.admit(stranger, &Packet{SSRC: 1, Sequence: uint16(i)})
		s.admit(stranger, &Packet{SSRC: uint32(i), Sequence: uint16(i + 1)})
		s.admit(stranger, &Packet{SSRC: uint32(i), Sequence: uint16(i + 9)})
	}
	if s.learnt.IsValid() {
		t.Errorf("learnt %v", s.learnt)
	}
}

func TestNamedAddressTakesTheLearntOnesPlace(t *testing.T) {
	s := source{named: named}
	knocks(&s, stranger, 1, 0, 3)
	if n := knocks(&s, named, 2, 0, 5); n != 3 || s.learnt != named {
		t.Errorf("%d of 5 taken, learnt %v", n, s.learnt)
	}
}

func TestNewSDPIsLearntAnew(t *testing.T) {
	s := source{named: named}
	knocks(&s, natted, 1, 0, 3)
	s.name(named)
	if s.learnt != natted {
		t.Error("the same SDP again made it forget")
	}
	s.name(stranger)
	if n := knocks(&s, stranger, 5, 5, 2); n != 2 || s.learnt != stranger {
		t.Errorf("%d of 2 taken, learnt %v", n, s.learnt)
	}
	if n := knocks(&s, natted, 1, 3, 5); n != 0 {
		t.Errorf("the old address got %d packets in", n)
	}
}

// TestStragglersOfTheOldAddress: what is still on its way when the SDP names another address does not lock out a far end behind
// NAT, which never sends from the address named. Whoever goes on sending from the old one is believed in the end.
func TestStragglersOfTheOldAddress(t *testing.T) {
	s := source{named: stranger}
	knocks(&s, stranger, 1, 0, 10)
	s.name(named)
	knocks(&s, stranger, 1, 10, 8)
	if n := knocks(&s, natted, 7, 100, 10); n != 10-learnAfter+1 || s.learnt != natted {
		t.Errorf("%d of 10 taken, learnt %v", n, s.learnt)
	}
	if n := knocks(&s, stranger, 1, 18, 10); n != 0 {
		t.Errorf("the old address came back with %d packets", n)
	}
	s = source{named: named}
	s.name(netip.AddrPort{}) // a hold of the old kind
	knocks(&s, named, 1, 0, 10)
	s.name(named)
	knocks(&s, named, 1, 10, 1)
	if n := knocks(&s, natted, 7, 100, 10); n != 0 {
		t.Errorf("the address that is named again gave way to %d packets", n)
	}
	s = source{named: stranger}
	knocks(&s, stranger, 1, 0, 10)
	s.name(named)
	knocks(&s, stranger, 1, 10, learnAfter+stragglers)
	if n := knocks(&s, natted, 7, 100, 10); n != 0 {
		t.Errorf("%d packets beside a far end that stayed where it was", n)
	}
}
