package rtp

import (
	"net/netip"
	"testing"
	"time"
)

var (
	named    = netip.MustParseAddrPort("192.0.2.1:4000")
	natted   = netip.MustParseAddrPort("203.0.113.9:61234")
	stranger = netip.MustParseAddrPort("198.51.100.66:5555")
)

// A knock is every 20 ms.
var knock = time.Now()

func admit(s *source, from netip.AddrPort, p *Packet) (ours, news bool) {
	knock = knock.Add(20 * ms)
	return s.admit(knock, from, p)
}

// knocks sends n packets in a row from an address and tells how many were taken.
func knocks(s *source, from netip.AddrPort, ssrc uint32, sequence uint16, n int) (taken int) {
	for i := range n {
		if ours, _ := admit(s, from, &Packet{SSRC: ssrc, Sequence: sequence + uint16(i)}); ours {
			taken++
		}
	}
	return taken
}

func TestNamedAddressIsBelievedAtOnce(t *testing.T) {
	s := source{named: named}
	if ours, news := admit(&s, named, &Packet{}); !ours || !news {
		t.Errorf("ours %v, news %v", ours, news)
	}
	if ours, news := admit(&s, named, &Packet{Sequence: 1}); !ours || news {
		t.Errorf("again: ours %v, news %v", ours, news)
	}
	if n := knocks(&s, stranger, 9, 0, 100); n != 0 {
		t.Errorf("a stranger got %d packets in", n)
	}
}

func TestSourceIsLearntOnceAndHolds(t *testing.T) {
	for _, sdp := range []netip.AddrPort{named, {}} {
		s := source{named: sdp}
		need := learnAfter
		if sdp.IsValid() {
			need = int(learnFar/(20*ms)) + 1 // it is another machine's
		}
		if n := knocks(&s, natted, 1, 65534, 15); n != 15-need+1 { // over the wrap
			t.Errorf("%d of 15 taken", n)
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
		admit(&s, natted, &Packet{SSRC: 1, Sequence: uint16(i)})
		admit(&s, stranger, &Packet{SSRC: 1, Sequence: uint16(i)})
		admit(&s, stranger, &Packet{SSRC: uint32(i), Sequence: uint16(i + 1)})
		admit(&s, stranger, &Packet{SSRC: uint32(i), Sequence: uint16(i + 9)})
	}
	if s.learnt.IsValid() {
		t.Errorf("learnt %v", s.learnt)
	}
}

func TestNamedAddressTakesTheLearntOnesPlace(t *testing.T) {
	s := source{named: named}
	knocks(&s, natted, 1, 0, 60)
	if n := knocks(&s, named, 2, 0, 5); n != 3 || s.learnt != named {
		t.Errorf("%d of 5 taken, learnt %v", n, s.learnt)
	}
	s = source{named: named}
	if knocks(&s, natted, 1, 0, 15); s.learnt != natted {
		t.Fatalf("learnt %v", s.learnt)
	}
	if n := knocks(&s, named, 2, 0, 5); n != 5 || s.learnt != named {
		t.Errorf("%d of 5 taken from a far end that has just begun, learnt %v", n, s.learnt)
	}
}

func TestNewSDPIsLearntAnew(t *testing.T) {
	s := source{named: named}
	knocks(&s, natted, 1, 0, 15)
	s.name(named, netip.Addr{})
	if s.learnt != natted {
		t.Error("the same SDP again made it forget")
	}
	s.name(stranger, netip.Addr{})
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
	s.name(named, netip.Addr{})
	knocks(&s, stranger, 1, 10, 8)
	if n := knocks(&s, natted, 7, 100, 20); n != 20-10 || s.learnt != natted {
		t.Errorf("%d of 20 taken, learnt %v", n, s.learnt)
	}
	if n := knocks(&s, stranger, 1, 18, 10); n != 0 {
		t.Errorf("the old address came back with %d packets", n)
	}
	s = source{named: named}
	s.name(netip.AddrPort{}, netip.Addr{}) // a hold of the old kind
	knocks(&s, named, 1, 0, 10)
	s.name(named, netip.Addr{})
	knocks(&s, named, 1, 10, 1)
	if n := knocks(&s, natted, 7, 100, 20); n != 0 {
		t.Errorf("the address that is named again gave way to %d packets", n)
	}
	s = source{named: stranger}
	knocks(&s, stranger, 1, 0, 10)
	s.name(named, netip.Addr{})
	knocks(&s, stranger, 1, 10, learnAfter+stragglers)
	if n := knocks(&s, natted, 7, 100, 10); n != 0 {
		t.Errorf("%d packets beside a far end that stayed where it was", n)
	}
}

func TestNearAndFar(t *testing.T) {
	other := netip.AddrPortFrom(named.Addr(), 4999)
	s := source{named: named}
	for i := range 30 { // one that sends from elsewhere without end does not keep the far end's other port out
		admit(&s, stranger, &Packet{SSRC: uint32(i)})
		if ours, _ := admit(&s, other, &Packet{SSRC: 1, Sequence: uint16(i)}); ours != (i >= 2) {
			t.Errorf("packet %d: ours %v", i, ours)
		}
	}
	s = source{peer: natted.Addr()} // no address in the SDP: the signalling's machine is near
	if n := knocks(&s, stranger, 1, 0, 10); n != 0 {
		t.Errorf("%d of 10 taken from elsewhere", n)
	}
	if n := knocks(&s, natted, 1, 0, 10); n != 10-learnAfter+1 {
		t.Errorf("%d of 10 taken", n)
	}
}

// A spray over all ports, before and after the far end has begun: 1000 packets a second, in sequence, from its own machine and
// from another, while the far end sends its 50.
func TestSpray(t *testing.T) {
	for name, from := range map[string]netip.AddrPort{"near": netip.AddrPortFrom(named.Addr(), 4999), "far": stranger} {
		for begins := range 40 { // ms after the spray
			s, now := source{named: named}, time.Now()
			before, after := 0, 0
			for i := range 3000 {
				now = now.Add(ms)
				if i >= begins && (i-begins)%20 == 0 {
					if ours, _ := s.admit(now, named, &Packet{SSRC: 1, Sequence: uint16(i / 20)}); !ours {
						t.Fatalf("%s, begins at %d: the far end is not heard at %d ms", name, begins, i)
					}
				}
				ours, _ := s.admit(now, from, &Packet{SSRC: 2, Sequence: uint16(i)})
				switch {
				case ours && s.learnt == named:
					after++
				case ours:
					before++
				}
			}
			if before > 5 || after != 0 {
				t.Errorf("%s, begins at %d ms: %d foreign packets taken before the source was locked, %d after", name, begins, before, after)
			}
		}
	}
}
