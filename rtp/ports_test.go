package rtp

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// freeRange finds 2n ports from an even one on of which most should be free.
func freeRange(t *testing.T, n int) (lo, hi int) {
	t.Helper()
	c, err := listen(loopback, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	lo = min(c.LocalAddr().(*net.UDPAddr).Port&^1, 65000)
	return lo, lo + 2*n - 1
}

func TestPortsAreEvenAndHandedOutOnce(t *testing.T) {
	p := NewPorts(40001, 40021) // an odd start, an odd end
	seen := map[int]bool{}
	for {
		port, ok := p.take()
		if !ok {
			break
		}
		if port%2 != 0 || port < 40001 || port+1 > 40021 || seen[port] {
			t.Errorf("port %d, seen before: %v", port, seen[port])
		}
		seen[port] = true
	}
	if len(seen) != 10 || p.InUse() != 10 {
		t.Errorf("%d ports, %d in use", len(seen), p.InUse())
	}
	p.release(40010)
	p.release(40010)
	if p.InUse() != 9 {
		t.Errorf("%d in use after one came back twice", p.InUse())
	}
	if port, ok := p.take(); !ok || port != 40010 {
		t.Errorf("the free port is 40010, not %d", port)
	}
}

func TestPortsRestBeforeTheirNextCall(t *testing.T) {
	p := NewPorts(40000, 40019)
	first, _ := p.take()
	p.release(first)
	for range 9 {
		if port, _ := p.take(); port == first {
			t.Error("a port came back at once")
		}
	}
}

func TestEmptyRangesHaveNoPorts(t *testing.T) {
	for _, r := range [][2]int{{0, 0}, {5, 4}, {40000, 40000}, {-10, -1}, {70000, 80000}, {65535, 65535}} {
		if _, err := Open(Config{Local: loopback, Ports: NewPorts(r[0], r[1])}); !errors.Is(err, ErrNoPorts) {
			t.Errorf("%v: %v", r, err)
		}
	}
}

func TestOpenPassesOverTakenPortsAndGivesBack(t *testing.T) {
	lo, hi := freeRange(t, 8)
	ports := NewPorts(lo, hi)
	var streams []*Stream
	used := map[int]bool{}
	for {
		s, err := Open(Config{Local: loopback, Ports: ports})
		if errors.Is(err, ErrNoPorts) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if used[s.LocalPort()] {
			t.Errorf("port %d twice", s.LocalPort())
		}
		used[s.LocalPort()] = true
		streams = append(streams, s)
	}
	if len(streams) == 0 || ports.InUse() != len(streams) {
		t.Fatalf("%d streams, %d ports in use", len(streams), ports.InUse())
	}
	// another program, so to speak, sits on one of them
	one := NewPorts(streams[0].LocalPort(), streams[0].LocalPort()+1)
	if _, err := Open(Config{Local: loopback, Ports: one}); !errors.Is(err, ErrNoPorts) || one.InUse() != 0 {
		t.Errorf("%v, %d in use", err, one.InUse())
	}
	for _, s := range streams {
		s.Close()
		s.Close()
	}
	if ports.InUse() != 0 {
		t.Errorf("%d ports in use after all", ports.InUse())
	}
}

func TestOpenSaysWhatIsWrongWithTheAddress(t *testing.T) {
	lo, hi := freeRange(t, 8)
	ports := NewPorts(lo, hi)
	for _, p := range []*Ports{ports, nil} {
		if _, err := Open(Config{Local: netip.MustParseAddr("192.0.2.1"), Ports: p}); err == nil || errors.Is(err, ErrNoPorts) {
			t.Errorf("an address that is not ours: %v", err)
		}
	}
	if ports.InUse() != 0 {
		t.Errorf("%d in use", ports.InUse())
	}
}

func TestPortsFromManyGoroutines(t *testing.T) {
	p := NewPorts(40000, 40199)
	var wg sync.WaitGroup
	var mu sync.Mutex
	held := map[int]bool{}
	for range 8 {
		wg.Go(func() {
			for range 200 {
				port, ok := p.take()
				if !ok {
					continue
				}
				mu.Lock()
				if held[port] {
					t.Errorf("port %d twice", port)
				}
				held[port] = true
				mu.Unlock()
				mu.Lock()
				delete(held, port)
				mu.Unlock()
				p.release(port)
			}
		})
	}
	wg.Wait()
	if p.InUse() != 0 {
		t.Errorf("%d in use", p.InUse())
	}
}
