package guard

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

func ip(s string) netip.Addr { return netip.MustParseAddr(s) }

func at(s string) netip.AddrPort { return netip.AddrPortFrom(ip(s), 5060) }

// forged is one of very many addresses.
func forged(i int) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], 0x0b000000+uint32(i)*2654435761>>4)
	return netip.AddrFrom4(b)
}

// admitted sends n messages in equal steps of d and counts those that were looked at.
func admitted(g *Guard, from func(i int) netip.Addr, n int, d time.Duration) (ok int) {
	for i := range n {
		if g.Admit(from(i), 400) {
			ok++
		}
		time.Sleep(d / time.Duration(n))
	}
	return ok
}

func only(a netip.Addr) func(int) netip.Addr { return func(int) netip.Addr { return a } }

func TestOneSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{Exempt: func(a netip.Addr) bool { return a == ip("203.0.113.7") }})
		for name, c := range map[string]struct {
			from   string
			rate   int // messages a second for 10 s
			lo, hi int // of them looked at
		}{
			"a phone":                      {"192.0.2.1", 5, 50, 50},
			"a flood":                      {"192.0.2.2", 2000, strangerBurst + 9*strangerRate, strangerBurst + 11*strangerRate},
			"a flood by IPv6":              {"2001:db8::1", 2000, strangerBurst + 9*strangerRate, strangerBurst + 11*strangerRate},
			"a flood of a trunk":           {"203.0.113.7", 2000, 20000, 20000},
			"a trunk written as IPv6":      {"::ffff:203.0.113.7", 2000, 20000, 20000},
			"a flood from loopback":        {"127.0.0.1", 2000, 20000, 20000},
			"loopback of IPv6":             {"::1", 2000, 20000, 20000},
			"nobody":                       {"0.0.0.0", 5, 0, 0},
			"nobody by IPv6":               {"::", 5, 0, 0},
			"a multicast address":          {"239.1.1.1", 5, 0, 0},
			"a multicast address by IPv6":  {"ff02::1", 5, 0, 0},
			"an address that begins empty": {"::5", 5, 50, 50},
		} {
			if n := admitted(g, only(ip(c.from)), c.rate*10, 10*time.Second); n < c.lo || n > c.hi {
				t.Errorf("%s: %d of %d, not %d to %d", name, n, c.rate*10, c.lo, c.hi)
			}
			time.Sleep(time.Minute)
		}
		if g.Admit(netip.Addr{}, 1) {
			t.Error("no address at all")
		}
	})
}

// TestProvenSource: a site with many calls is not taken for a flood once it has proven itself.
func TestProvenSource(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{})
		a := ip("192.0.2.1")
		g.Proven(a)
		if n := admitted(g, only(a), 4000, 10*time.Second); n != 4000 {
			t.Errorf("%d of 4000 at 400 a second", n)
		}
		if n := admitted(g, only(a), 100_000, 10*time.Second); n > provenBurst+11*provenRate {
			t.Errorf("%d at 10,000 a second", n)
		}
		time.Sleep(provenFor)
		if n := admitted(g, only(a), 4000, 10*time.Second); n > strangerBurst+11*strangerRate {
			t.Errorf("%d of 4000 when the proof is old", n)
		}
	})
}

// TestForgedSources: however many addresses a flood comes from, what is looked at is bounded, and who was known before is still heard.
func TestForgedSources(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{})
		phone := ip("198.51.100.1")
		g.Proven(phone)
		heard, flood := 0, 0
		const n = 20_000
		for i := range n {
			if g.Admit(forged(i), 400) {
				flood++
			}
			if i%200 == 0 && g.Admit(phone, 400) {
				heard++
			}
			time.Sleep(10 * time.Second / n)
		}
		if flood > strangersBurst+11*strangersRate {
			t.Errorf("%d of the flood are looked at", flood)
		}
		if heard != n/200 {
			t.Errorf("a known source is heard %d times of %d", heard, n/200)
		}
		time.Sleep(10 * time.Second)
		if !g.Admit(ip("198.51.100.2"), 400) {
			t.Error("a stranger is not heard after the flood")
		}
	})
}

// TestLargeMessages cost more: parsing them does.
func TestLargeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Config{})
		n := 0
		for g.Admit(ip("192.0.2.1"), 65_000) {
			n++
		}
		if want := strangerBurst / (1 + 65_000/pieceSize); n != want {
			t.Errorf("%d, not %d", n, want)
		}
		if !g.Admit(ip("192.0.2.2"), -1) {
			t.Error("a length below 0")
		}
	})
}

// TestNetworksOfIPv6: whoever has a /64 has all of it.
func TestNetworksOfIPv6(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var blocks []netip.Prefix
		g := New(Config{Blocked: func(p netip.Prefix, _ time.Duration) { blocks = append(blocks, p) }})
		host := func(i int) netip.Addr {
			b := ip("2001:db8:1:2::").As16()
			binary.BigEndian.PutUint64(b[8:], uint64(i)*0x9e3779b97f4a7c15)
			return netip.AddrFrom16(b)
		}
		if n := admitted(g, host, 20_000, 10*time.Second); n > strangerBurst+11*strangerRate {
			t.Errorf("%d of one network", n)
		}
		for i := range failuresMost {
			g.Failed(host(i))
		}
		if !g.Blocked(host(99)) || g.Blocked(ip("2001:db8:1:3::1")) || len(blocks) != 1 || blocks[0] != netip.MustParsePrefix("2001:db8:1:2::/64") {
			t.Errorf("blocked %v", blocks)
		}
	})
}

// TestMemory: the table is as large as it is, and a flood neither allocates nor makes it grow.
func TestMemory(t *testing.T) {
	if n := unsafe.Sizeof(source{}); n > 64 {
		t.Errorf("a source takes %d bytes", n)
	}
	if n := unsafe.Sizeof(set{}) * sets; n > 5<<20 {
		t.Errorf("all take %d bytes", n)
	}
	g := New(Config{Exempt: func(netip.Addr) bool { return false }})
	i := 0
	for name, f := range map[string]func(netip.Addr){
		"Admit":     func(a netip.Addr) { g.Admit(a, 400) },
		"Failed":    g.Failed,
		"Guessed":   g.Guessed,
		"Proven":    g.Proven,
		"MayAnswer": func(a netip.Addr) { g.MayAnswer(netip.AddrPortFrom(a, 5060), 0, 100) },
		"Blocked":   func(a netip.Addr) { g.Blocked(a) },
	} {
		if n := testing.AllocsPerRun(1000, func() { i++; f(forged(i)) }); n != 0 {
			t.Errorf("%s allocates %v times", name, n)
		}
	}
}

// TestAtOnce: all of it from many goroutines.
func TestAtOnce(t *testing.T) {
	g := New(Config{Blocked: func(netip.Prefix, time.Duration) {}})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 5000 {
				a := forged(rand.IntN(100))
				g.Admit(a, rand.IntN(2000))
				g.Failed(a)
				g.Guessed(a)
				g.MayAnswer(netip.AddrPortFrom(a, 1), rand.IntN(500), rand.IntN(1000))
				g.Proven(forged(rand.IntN(100)))
				g.Blocked(a)
			}
		})
	}
	wg.Wait()
}

func BenchmarkAdmit(b *testing.B) {
	b.Run("one", func(b *testing.B) {
		g, a := New(Config{}), ip("192.0.2.1")
		b.ReportAllocs()
		for b.Loop() {
			g.Admit(a, 400)
		}
	})
	b.Run("forged", func(b *testing.B) {
		g, i := New(Config{}), 0
		b.ReportAllocs()
		for b.Loop() {
			i++
			g.Admit(forged(i), 400)
		}
	})
	b.Run("new", func(b *testing.B) { // each pushes out another
		g, i := New(Config{}), 0
		b.ReportAllocs()
		for b.Loop() {
			i++
			g.strangers.Store(0)
			g.Admit(forged(i), 400)
		}
	})
	b.Run("loopback", func(b *testing.B) {
		g, a := New(Config{}), ip("127.0.0.1")
		b.ReportAllocs()
		for b.Loop() {
			g.Admit(a, 400)
		}
	})
}
