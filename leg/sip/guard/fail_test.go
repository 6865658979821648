package guard

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// blocks makes a Guard that writes down whom it blocks and when.
func blocks(exempt ...string) (*Guard, *[]string) {
	var log []string
	began := time.Now()
	return New(Config{
		Exempt: func(a netip.Addr) bool { return slices.Contains(exempt, a.String()) },
		Blocked: func(p netip.Prefix, d time.Duration) {
			log = append(log, fmt.Sprintf("%v at %v for %v", p, time.Since(began), d))
		},
	}), &log
}

func TestFailures(t *testing.T) {
	for _, c := range []struct {
		name    string
		n       int
		every   time.Duration
		blocked bool
	}{
		{"twenty at once", 20, 0, true},
		{"nineteen at once", 19, 0, false},
		{"twenty in ten seconds", 20, 520 * time.Millisecond, true},
		{"twenty in just under ten seconds", 20, 526 * time.Millisecond, true},
		{"one a second for an hour", 3600, time.Second, false},
		{"nineteen in eleven seconds, for a minute", 100, 600 * time.Millisecond, false},
	} {
		for _, offset := range []time.Duration{0, 300 * time.Millisecond, 999 * time.Millisecond, 77 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				g, log := blocks()
				a := ip("192.0.2.1")
				time.Sleep(offset)
				for range c.n {
					g.Failed(a)
					time.Sleep(c.every)
				}
				if g.Blocked(a) != c.blocked || g.Admit(a, 100) == c.blocked || len(*log) == 1 != c.blocked {
					t.Errorf("%s, begun at %v: blocked %v", c.name, offset, *log)
				}
			})
		}
	}
}

// TestBlock lasts ten minutes, is told once, and then the source begins anew.
func TestBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, log := blocks()
		a := ip("192.0.2.1")
		for range 3 * failuresMost {
			g.Failed(a)
		}
		for range int(blockFor / time.Second) {
			if g.Admit(a, 100) || !g.Blocked(a) {
				t.Fatal("heard while blocked")
			}
			g.Failed(a)
			time.Sleep(time.Second)
		}
		if !g.Admit(a, 100) || g.Blocked(a) {
			t.Error("blocked for good")
		}
		if fmt.Sprint(*log) != "[192.0.2.1/32 at 0s for 10m0s]" {
			t.Errorf("told %v", *log)
		}
		for range failuresMost - 1 {
			g.Failed(a)
		}
		if g.Blocked(a) {
			t.Error("failures of before count")
		}
		if g.Failed(a); !g.Blocked(a) || len(*log) != 2 {
			t.Errorf("told %v", *log)
		}
	})
}

// TestNeverBlocked: loopback, our trunks, and those who have proven themselves by what others can send in their name.
func TestNeverBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, log := blocks("203.0.113.7")
		g.Proven(ip("192.0.2.1"))
		for _, a := range []string{"127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1", "203.0.113.7", "::ffff:203.0.113.7", "192.0.2.1"} {
			for range 100 {
				g.Failed(ip(a))
			}
			if g.Blocked(ip(a)) || !g.Admit(ip(a), 100) {
				t.Errorf("%s is blocked", a)
			}
		}
		g.Failed(netip.Addr{})
		g.Failed(ip("::"))
		if len(*log) != 0 {
			t.Errorf("told %v", *log)
		}
		for range failuresMost {
			g.Guessed(ip("192.0.2.1"))
			g.Guessed(ip("127.0.0.1"))
		}
		if !g.Blocked(ip("192.0.2.1")) || g.Blocked(ip("127.0.0.1")) {
			t.Error("passwords can be guessed from an address that has proven itself")
		}
	})
}

// TestBlockOutlastsFloods: neither a flood of forged sources nor one of forged failures pushes a block out of the table, for as long
// as it lasts.
func TestBlockOutlastsFloods(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, _ := blocks()
		a := ip("192.0.2.1")
		for range failuresMost {
			g.Failed(a)
		}
		const n = 1_000_000 // 2,000 a second, nearly
		for i := range n {
			if x := forged(i / 3); g.Admit(x, 100) {
				g.Failed(x)
			}
			time.Sleep(blockFor / (n + 1000))
		}
		if !g.Blocked(a) {
			t.Error("the block is forgotten")
		}
	})
}

// TestWhoIsForgottenFirst: in a full set the one that is worth least goes.
func TestWhoIsForgottenFirst(t *testing.T) {
	now := instant(time.Hour)
	var s set
	for i := range s.sources {
		s.sources[i] = source{key: key{0, uint64(i + 1)}, blocked: now + 100}
	}
	s.sources[2].blocked, s.sources[2].proven = 0, now+5
	s.sources[3].blocked, s.sources[3].fails = 0, fails{}
	s.sources[3].add(now)
	s.sources[4].blocked, s.sources[4].due = 0, now+9
	s.sources[5].blocked, s.sources[5].due = 0, now+8
	s.sources[6].blocked, s.sources[6].due = 0, now-8
	s.sources[7].blocked = now + 50
	for i, want := range []int{6, 5, 4, 3, 2, 7} {
		k := key{9, uint64(i)}
		e := s.insert(k, now)
		if e != &s.sources[want] || s.find(k) != e || e.worth(now) != nothing {
			t.Fatalf("%d: not %d was forgotten: %+v", i, want, s.sources)
		}
		e.blocked = now + 1000
	}
}

func TestSeconds(t *testing.T) {
	var f fails
	for i, c := range []struct {
		at   time.Duration
		want int
	}{{0, 1}, {time.Second, 2}, {9 * time.Second, 3}, {10 * time.Second, 4}, {11 * time.Second, 4}, {12 * time.Second, 4}, {time.Hour, 1}, {time.Hour + time.Second, 2}} {
		if f.add(instant(c.at)); f.count(instant(c.at)) != c.want {
			t.Errorf("%d: %d at %v, not %d", i, f.count(instant(c.at)), c.at, c.want)
		}
	}
	if n := f.count(instant(2 * time.Hour)); n != 0 {
		t.Errorf("%d an hour later", n)
	}
	for range 1000 {
		f.add(instant(3 * time.Hour))
	}
	if n := f.count(instant(3 * time.Hour)); n != 255 {
		t.Errorf("%d of 1000", n)
	}
}
