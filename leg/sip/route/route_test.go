package route

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func show(hops []Hop) string {
	var s []string
	for _, h := range hops {
		s = append(s, h.String())
	}
	return strings.Join(s, ", ")
}

// TestHops: what a name, a port and a transport lead to.
func TestHops(t *testing.T) {
	z := newZone(map[string][]string{
		"SRV _sip._udp.example.org":    {"20 0 5070 b.example.org", "10 0 5060 a.example.org", "30 0 5080 nowhere.example.org"},
		"SRV _sip._tcp.example.org":    {"1 1 5062 a.example.org"},
		"SRV _sips._tcp.example.org":   {"1 1 5063 a.example.org"},
		"A a.example.org":              {"192.0.2.1", "192.0.2.2"},
		"AAAA a.example.org":           {"2001:db8::1"},
		"A b.example.org":              {"192.0.2.9"},
		"A plain.example.org":          {"192.0.2.7"},
		"AAAA plain.example.org":       {"2001:db8::7"},
		"SRV _sip._tcp.tcp.example":    {"1 1 5099 b.example.org"},
		"A tcp.example":                {"192.0.2.50"},
		"AAAA six.example":             {"2001:db8::6"},
		"SRV _sip._udp.closed.example": {"0 0 0 ."},
		"A closed.example":             {"192.0.2.60"},
		"SRV _sip._udp.zero.example":   {"0 0 0 a.example.org"},
		"A zero.example":               {"192.0.2.61"},
		"SRV _sip._udp.here.example":   {"0 0 5064 localhost"},
	})
	r := &Resolver{DNS: z.resolver()}
	for _, c := range []struct {
		host    string
		port    int
		network string
		want    string
	}{
		{"192.0.2.1", 0, "", "UDP 192.0.2.1:5060"},
		{"192.0.2.1", 5070, "udp", "UDP 192.0.2.1:5070"},
		{"192.0.2.1", 0, "tls", "TLS 192.0.2.1:5061"},
		{"[2001:db8::1]", 9, "TCP", "TCP [2001:db8::1]:9"},
		{"2001:db8::1", 0, "", "UDP [2001:db8::1]:5060"},
		{"::ffff:192.0.2.1", 0, "", "UDP 192.0.2.1:5060"},
		{"localhost", 9, "", "UDP 127.0.0.1:9"},
		{"LocalHost.", 0, "tls", "TLS 127.0.0.1:5061"},
		{"example.org", 0, "udp", "UDP 192.0.2.1:5060, UDP 192.0.2.2:5060, UDP [2001:db8::1]:5060, UDP 192.0.2.9:5070"},
		{"EXAMPLE.org", 0, "", "UDP 192.0.2.1:5060, UDP 192.0.2.2:5060, UDP [2001:db8::1]:5060, UDP 192.0.2.9:5070"},
		{"example.org", 0, "tcp", "TCP 192.0.2.1:5062, TCP 192.0.2.2:5062, TCP [2001:db8::1]:5062"},
		{"example.org", 0, "tls", "TLS 192.0.2.1:5063, TLS 192.0.2.2:5063, TLS [2001:db8::1]:5063"},
		{"a.example.org", 5090, "tls", "TLS 192.0.2.1:5090, TLS 192.0.2.2:5090, TLS [2001:db8::1]:5090"}, // a port: no SRV
		{"plain.example.org", 0, "", "UDP 192.0.2.7:5060, UDP [2001:db8::7]:5060"},
		{"tcp.example", 0, "", "TCP 192.0.2.9:5099"}, // SRV says TCP only
		{"tcp.example", 0, "udp", "UDP 192.0.2.50:5060"},
		{"six.example", 0, "", "UDP [2001:db8::6]:5060"},
		{"zero.example", 0, "", "UDP 192.0.2.61:5060"},
		{"here.example", 0, "", "UDP 127.0.0.1:5064"},
		{"closed.example", 0, "udp", ""},
		{"nowhere.example.org", 0, "", ""},
		{"", 0, "", ""},
		{"a b", 0, "", ""},
		{"a\r\nb", 0, "", ""},
		{strings.Repeat("a", 300), 0, "", ""},
		{"192.0.2.1", 0, "ws", ""},
	} {
		hops, err := r.Hops(t.Context(), c.host, c.port, c.network)
		if got := show(hops); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s %d %s: %q %v, not %q", c.host, c.port, c.network, got, err, c.want)
		}
		for _, h := range hops {
			if want := strings.ToLower(strings.Trim(c.host, "[]")); h.Name != want && !strings.HasPrefix(c.host, "::ffff") {
				t.Errorf("%s: the certificate is to name %q", c.host, h.Name)
			}
		}
	}
	if _, err := r.Hops(t.Context(), "192.0.2.1", 0, "ws"); !errors.Is(err, ErrNetwork) {
		t.Errorf("ws: %v", err)
	}
	if n := z.queries("SRV _sip._udp.a.example.org"); n != 0 {
		t.Errorf("SRV was asked %d times in spite of a port", n)
	}
}

// TestWeights: within a priority each service comes first as often as its weight says; a lower priority never before a higher one.
func TestWeights(t *testing.T) {
	z := newZone(map[string][]string{
		"SRV _sip._udp.example.org": {"1 60 5061 a.example.org", "1 30 5062 a.example.org", "1 10 5063 a.example.org", "1 0 5064 a.example.org", "2 1000 5065 a.example.org"},
		"A a.example.org":           {"192.0.2.1"},
	})
	r := &Resolver{DNS: z.resolver()}
	const n = 5000
	first := map[uint16]int{}
	for range n {
		hops, err := r.Hops(t.Context(), "example.org", 0, "")
		if err != nil || len(hops) != 5 || hops[4].Addr.Port() != 5065 {
			t.Fatalf("%s %v", show(hops), err)
		}
		first[hops[0].Addr.Port()]++
	}
	for port, share := range map[uint16]float64{5061: 0.6, 5062: 0.3, 5063: 0.1, 5064: 0} {
		if got := float64(first[port]) / n; got < share-0.05 || got > share+0.05 {
			t.Errorf("port %d came first in %.3f of all, not %.1f", port, got, share)
		}
	}
	if q := z.queries("SRV _sip._udp.example.org"); q != 1 {
		t.Errorf("asked %d times", q)
	}
}

// TestRemembers: an answer is good for 30 s, a refusal for 5, and what was known is used while no name server answers.
func TestRemembers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rr := map[string][]string{"A a.example": {"192.0.2.1"}}
		z := newZone(rr)
		r := &Resolver{DNS: z.resolver()}
		ask := func(host, want string, queries int) {
			t.Helper()
			hops, err := r.Hops(t.Context(), host, 5060, "")
			if got := show(hops); got != want || (err != nil) != (want == "") {
				t.Errorf("%q %v, not %q", got, err, want)
			}
			if n := z.queries("A " + host); n != queries {
				t.Errorf("A %s was asked %d times, not %d", host, n, queries)
			}
		}
		ask("a.example", "UDP 192.0.2.1:5060", 1)
		time.Sleep(foundFor - time.Second)
		ask("a.example", "UDP 192.0.2.1:5060", 1)
		z.set(map[string][]string{"A a.example": {"192.0.2.2"}}, false)
		time.Sleep(2 * time.Second)
		ask("a.example", "UDP 192.0.2.2:5060", 2)

		ask("b.example", "", 1)
		ask("b.example", "", 1)
		time.Sleep(missedFor)
		z.set(map[string][]string{"A a.example": {"192.0.2.2"}, "A b.example": {"192.0.2.3"}}, false)
		ask("b.example", "UDP 192.0.2.3:5060", 2)

		z.set(rr, true)
		time.Sleep(foundFor)
		for range 3 {
			hops, err := r.Hops(t.Context(), "a.example", 5060, "")
			if err != nil || show(hops) != "UDP 192.0.2.2:5060" {
				t.Errorf("without a name server: %s %v", show(hops), err)
			}
		}
		time.Sleep(staleFor)
		if hops, err := r.Hops(t.Context(), "a.example", 5060, ""); err == nil {
			t.Errorf("after an hour without a name server: %s", show(hops))
		}
		z.set(map[string][]string{}, false)
		if hops, err := r.Hops(t.Context(), "b.example", 5060, ""); err == nil { // it is gone, and that was said
			t.Errorf("a name that is no more: %s", show(hops))
		}
	})
}

// TestNobodyToAsk: a caller that gives up leaves nothing behind that others would take for an answer.
func TestNobodyToAsk(t *testing.T) {
	z := newZone(map[string][]string{"A a.example": {"192.0.2.1"}})
	r := &Resolver{DNS: z.resolver()}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := r.Hops(ctx, "a.example", 1, ""); err == nil {
		t.Error("found by a caller who had given up")
	}
	if _, err := r.Hops(t.Context(), "a.example", 1, ""); err != nil {
		t.Error(err)
	}
}

// TestBounded: neither a zone with any number of records nor any number of names costs memory.
func TestBounded(t *testing.T) {
	var srv, a []string
	for i := range 200 {
		srv = append(srv, fmt.Sprintf("1 1 %d a.example", 6000+i))
		a = append(a, fmt.Sprintf("192.0.2.%d", i))
	}
	z := newZone(map[string][]string{"SRV _sip._udp.big.example": srv, "A a.example": a})
	r := &Resolver{DNS: z.resolver()}
	if hops, err := r.Hops(t.Context(), "big.example", 0, ""); err != nil || len(hops) != hopsMost {
		t.Errorf("%d hops, %v", len(hops), err)
	}
	for i := range namesMost + 10 {
		_, _ = r.Hops(t.Context(), fmt.Sprintf("n%d.localhost", i), 1, "")
		r.remember(Target{Host: fmt.Sprint(i)}, found{})
	}
	if n := len(r.known); n > namesMost {
		t.Errorf("%d names", n)
	}
}

// TestAll: several hosts, each once; one that cannot be found stands in nobody's way.
func TestAll(t *testing.T) {
	z := newZone(map[string][]string{"A a.example": {"192.0.2.1"}, "A b.example": {"192.0.2.2"}})
	r := &Resolver{DNS: z.resolver()}
	hops, err := r.All(t.Context(), Target{"gone.example", 0, ""}, Target{"b.example", 0, "tcp"}, Target{"a.example", 5070, ""}, Target{"b.example", 0, "tcp"})
	if want := "TCP 192.0.2.2:5060, UDP 192.0.2.1:5070"; err != nil || show(hops) != want {
		t.Errorf("%s %v, not %s", show(hops), err, want)
	}
	if _, err := r.All(t.Context(), Target{"gone.example", 0, ""}, Target{"192.0.2.1", 0, "ws"}); err == nil || !strings.Contains(err.Error(), "gone.example") {
		t.Errorf("none found: %v", err)
	}
	if _, err := r.All(t.Context()); err == nil {
		t.Error("no host was found")
	}
}

// TestHealth: hops that are down come last, are never dropped, and get their turn again.
func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h Health
		a, b, c := Hop{"UDP", netip.MustParseAddrPort("192.0.2.1:5060"), "x"}, Hop{"UDP", netip.MustParseAddrPort("192.0.2.2:5060"), "x"}, Hop{"TCP", netip.MustParseAddrPort("192.0.2.1:5060"), "x"}
		all := []Hop{a, b, c}
		is := func(want ...Hop) {
			t.Helper()
			if got := h.Order(all); !slices.Equal(got, want) {
				t.Errorf("%s, not %s", show(got), show(want))
			}
		}
		is(a, b, c)
		h.Report(a, false)
		is(b, c, a)
		time.Sleep(time.Second)
		h.Report(b, false)
		is(c, a, b)
		if h.Up(a) || !h.Up(c) {
			t.Error("up is down")
		}
		h.Report(a, true)
		is(a, c, b)
		h.Report(c, false)
		h.Report(a, false)
		if len(h.Order(all)) != 3 {
			t.Error("a hop was dropped")
		}
		time.Sleep(downFor)
		is(a, b, c)
		for i := range downMost + 10 {
			h.Report(Hop{"UDP", netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 1), ""}, false)
		}
		if len(h.down) > downMost {
			t.Errorf("%d hops", len(h.down))
		}
	})
}

func TestParseHostPort(t *testing.T) {
	for s, want := range map[string]string{
		"pbx.example.org": "pbx.example.org 0", "pbx:5080": "pbx 5080", "192.0.2.1": "192.0.2.1 0", "192.0.2.1:9": "192.0.2.1 9",
		"[2001:db8::1]:7": "2001:db8::1 7", "[2001:db8::1]": "2001:db8::1 0", "2001:db8::1": "2001:db8::1 0", "my_pbx": "my_pbx 0",
		"": "", "a b": "", "h:x": "", "h:70000": "", "h:0": "", "[": "", ":5": "", "[::1]x": "", "[::1": "", "[a]:5": "", "h:5:6": "", "a\r\nb": "",
		"fe80::1%eth0": "", "[192.0.2.1]:5": "", "h;x=y": "", "h:": "", "ü.example": "",
	} {
		host, port, err := ParseHostPort(s)
		got := ""
		if err == nil {
			got = fmt.Sprint(host, " ", port)
		}
		if got != want {
			t.Errorf("%q: %q, not %q", s, got, want)
		}
	}
}

func FuzzParseHostPort(f *testing.F) {
	for _, s := range []string{"pbx:5080", "[2001:db8::1]:7", "[", "]:", "a:b:c", "%", "[]:1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		host, port, err := ParseHostPort(s)
		if err == nil && (port < 0 || port > 65535 || !Hostname(host) || strings.ContainsAny(host, "\r\n <>@;\"")) {
			t.Errorf("%q: %q %d", s, host, port)
		}
	})
}

// BenchmarkHops is one look into what is known.
func BenchmarkHops(b *testing.B) {
	z := newZone(map[string][]string{"SRV _sip._udp.example.org": {"1 60 5061 a.example.org", "1 30 5062 a.example.org"}, "A a.example.org": {"192.0.2.1"}})
	r := &Resolver{DNS: z.resolver()}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Hops(b.Context(), "example.org", 0, "UDP"); err != nil {
			b.Fatal(err)
		}
	}
}
