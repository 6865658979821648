package relay

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"
)

// patience is how long a test waits for what must come.
const patience = 10 * time.Second

func socket(t *testing.T) (*net.UDPConn, netip.AddrPort) {
	t.Helper()
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, c.LocalAddr().(*net.UDPAddr).AddrPort()
}

func open(t *testing.T, c Config) *Relay {
	t.Helper()
	r, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Close)
	return r
}

// numbers reads n packets and returns what they hold, and the sender of the last.
func numbers(t *testing.T, c *net.UDPConn, n int) (got []uint32, from netip.AddrPort) {
	t.Helper()
	var buf [64]byte
	for range n {
		_ = c.SetReadDeadline(time.Now().Add(patience))
		k, addr, err := c.ReadFromUDPAddrPort(buf[:])
		if err != nil || k != 4 {
			t.Fatalf("after %v: %d bytes, %v", got, k, err)
		}
		got, from = append(got, binary.BigEndian.Uint32(buf[:])), addr
	}
	return got, from
}

func send(t *testing.T, c *net.UDPConn, to netip.AddrPort, numbers ...uint32) {
	t.Helper()
	for _, n := range numbers {
		if _, err := c.WriteToUDPAddrPort(binary.BigEndian.AppendUint32(nil, n), to); err != nil {
			t.Fatal(err)
		}
	}
}

// TestBothWays: each end sees the relay and not the other; an end that was not named is learnt.
func TestBothWays(t *testing.T) {
	a, aAddr := socket(t)
	b, _ := socket(t)
	r := open(t, Config{A: aAddr})
	send(t, b, r.ForB(), 1, 2, 3)
	if got, from := numbers(t, a, 3); !slices.Equal(got, []uint32{1, 2, 3}) || from != r.ForA() {
		t.Errorf("%v from %v", got, from)
	}
	send(t, a, r.ForA(), 4, 5)
	if got, from := numbers(t, b, 2); !slices.Equal(got, []uint32{4, 5}) || from != r.ForB() {
		t.Errorf("%v from %v", got, from)
	}
	if x, y := r.BToA(), r.AToB(); x != (Counts{Passed: 3}) || y != (Counts{Passed: 2}) {
		t.Errorf("%+v %+v", x, y)
	}
}

// TestAsScheduled: what is lost and doubled is what the path with that seed says.
func TestAsScheduled(t *testing.T) {
	const n = 300
	l := Link{Loss: 0.2, Duplicate: 0.1}
	var want []uint32
	for i, due := range run(l, 9, n) {
		for range due {
			want = append(want, uint32(i))
		}
	}
	a, aAddr := socket(t)
	b, bAddr := socket(t)
	r := open(t, Config{A: aAddr, B: bAddr, AToB: l, Seed: 9})
	var got []uint32
	next := 0
	for i := range uint32(n) {
		send(t, a, r.ForA(), i)
		k := 0
		for ; next+k < len(want) && want[next+k] == i; k++ {
		}
		next += k
		some, _ := numbers(t, b, k)
		got = append(got, some...)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v\nnot\n%v", got, want)
	}
	if c := r.AToB(); c.Passed+c.Lost != n || c.Passed+c.Doubled != uint64(len(want)) {
		t.Errorf("%+v", c)
	}
}

// TestLate: a packet waits its delay, and one that is held is overtaken.
func TestLate(t *testing.T) {
	a, aAddr := socket(t)
	b, bAddr := socket(t)
	r := open(t, Config{A: aAddr, B: bAddr, AToB: Link{Delay: 80 * time.Millisecond}, BToA: Link{Reorder: 0.5, Held: 50 * time.Millisecond}, Seed: 3})
	began := time.Now()
	send(t, a, r.ForA(), 1)
	if numbers(t, b, 1); time.Since(began) < 80*time.Millisecond {
		t.Errorf("it came after %v", time.Since(began))
	}
	all := []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}
	send(t, b, r.ForB(), all...)
	got, _ := numbers(t, a, len(all))
	if slices.IsSorted(got) {
		t.Errorf("nobody was overtaken: %v", got)
	}
	if slices.Sort(got); !slices.Equal(got, all) {
		t.Errorf("%v", got)
	}
}

// TestClose: both ports are free again, and no goroutine is left.
func TestClose(t *testing.T) {
	before := runtime.NumGoroutine()
	a, aAddr := socket(t)
	r := open(t, Config{A: aAddr, AToB: Link{Delay: time.Hour}})
	send(t, a, r.ForA(), 1)
	addr := r.ForA()
	r.Close()
	r.Close()
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(addr))
	if err != nil {
		t.Error(err)
	} else {
		c.Close()
	}
	for over := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(over) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
	_ = a.SetReadDeadline(time.Now())
	if _, _, err := a.ReadFromUDP(make([]byte, 8)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}
