package auth

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

var (
	here  = netip.MustParseAddr("192.0.2.1")
	there = netip.MustParseAddr("192.0.2.2")
)

func TestNonces(t *testing.T) {
	n, now := newNonces(), time.Now()
	a := n.issue(here, now)
	if a == n.issue(here, now) {
		t.Error("two nonces are the same")
	}
	flipped := []byte(a)
	flipped[3] ^= 1
	for _, c := range []struct {
		name  string
		nonce string
		from  netip.Addr
		at    time.Duration
		want  bool
	}{
		{"its own", a, here, 0, true},
		{"written as IPv6", a, netip.MustParseAddr("::ffff:192.0.2.1"), 0, true},
		{"nearly too old", a, here, nonceFor, true},
		{"too old", a, here, nonceFor + time.Second, false},
		{"from elsewhere", a, there, 0, false},
		{"from the future", n.issue(here, now.Add(time.Hour)), here, 0, false},
		{"made up", "abc", here, 0, false},
		{"none", "", here, 0, false},
		{"very long", strings.Repeat(a, 100), here, 0, false},
		{"as long, but no base64", strings.Repeat("!", len(a)), here, 0, false},
		{"of another process", newNonces().issue(here, now), here, 0, false},
		{"its seal changed", a[:len(a)-3] + "AAA", here, 0, false},
		{"its time changed", string(flipped), here, 0, false},
	} {
		if _, got := n.open(c.nonce, c.from, now.Add(c.at)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestNonceCounts(t *testing.T) {
	n, now := newNonces(), time.Now()
	open := func(s string) mark { m, _ := n.open(s, here, now); return m }
	a := open(n.issue(here, now))
	for i, c := range []struct {
		nc   uint32
		want bool
	}{{0, false}, {1, true}, {1, false}, {2, true}, {7, true}, {7, false}, {3, false}, {6, false}, {8, true}, {1<<32 - 1, true}, {1<<32 - 1, false}} {
		if got := n.use(a, c.nc, true, now); got != c.want {
			t.Errorf("%d: count %d: %v", i, c.nc, got)
		}
	}
	once := open(n.issue(here, now))
	if !n.use(once, 0, false, now) || n.use(once, 0, false, now) || n.use(once, 9, true, now) {
		t.Error("a nonce without qop is good once")
	}
	mixed := open(n.issue(here, now))
	if !n.use(mixed, 1, true, now) || !n.use(mixed, 0, false, now) || n.use(mixed, 2, true, now) {
		t.Error("without qop after one with")
	}
}

// TestNonceMemory: what is remembered is bounded, and when it is full it is rather the old nonces that are stale than the new
// ones.
func TestNonceMemory(t *testing.T) {
	n, now := newNonces(), time.Now()
	use := func(at time.Time) bool {
		m, ok := n.open(n.issue(here, at), here, at)
		return ok && n.use(m, 1, true, at)
	}
	first, _ := n.open(n.issue(here, now), here, now)
	n.use(first, 1, true, now)
	for i := range noncesMost - 1 {
		if !use(now.Add(time.Duration(i) * time.Microsecond)) {
			t.Fatal("a good nonce is refused")
		}
	}
	full := now.Add(time.Second)
	if use(full) || len(n.used) > noncesMost {
		t.Errorf("%d remembered", len(n.used))
	}
	if n.use(first, 2, true, full) {
		t.Error("one that is forgotten is good again")
	}
	if !use(full.Add(2*time.Millisecond)) || len(n.used) != 1 {
		t.Errorf("a new one is refused, %d remembered", len(n.used))
	}
	for range noncesMost - 1 {
		use(full.Add(3 * time.Millisecond))
	}
	later := full.Add(nonceFor + time.Minute)
	if !use(later) || len(n.used) != 1 {
		t.Errorf("%d remembered after all are old", len(n.used))
	}
}

// FuzzNonce: only what we issued is taken.
func FuzzNonce(f *testing.F) {
	n, now := newNonces(), time.Now()
	f.Add("")
	f.Add("AAAA")
	f.Add(strings.Repeat("A", 43))
	f.Fuzz(func(t *testing.T, s string) {
		if _, ok := n.open(s, here, now); ok {
			t.Errorf("%q is taken", s)
		}
	})
}
