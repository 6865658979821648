package sip

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

// TestBoundAddress: who listens on one address only is reached there, whatever address the route to the far end has.
func TestBoundAddress(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{Listen: "127.0.0.2:0"}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	ok := p.invite(true)
	next(t, legs)
	if c := header(ok, "Contact"); !strings.Contains(c, "@"+tr.Addr().String()) {
		t.Errorf("Contact %s, listening on %s", c, tr.Addr())
	}
}

// TestInsideAndOutside: addresses that are not routed in the Internet.
func TestInsideAndOutside(t *testing.T) {
	for s, want := range map[string]bool{
		"127.0.0.1": true, "10.1.2.3": true, "172.16.0.1": true, "192.168.0.1": true, "100.64.0.1": true, "100.127.255.255": true,
		"169.254.1.1": true, "fd00::1": true, "fe80::1": true, "::1": true,
		"100.63.0.1": false, "100.128.0.1": false, "8.8.8.8": false, "172.32.0.1": false, "2001:db8::1": false,
	} {
		if inside(netip.MustParseAddr(s)) != want {
			t.Errorf("%s: inside %v", s, !want)
		}
	}
	d := &dialog{t: &Trunk{}, peer: hop{network: "UDP", addr: netip.MustParseAddrPort("198.51.100.1:33000")}}
	_ = sip.ParseUri("sip:a@100.64.3.4:5060", &d.target)
	if h, _ := d.way(t.Context()); h != d.peer {
		t.Errorf("a Contact behind a carrier's NAT: %v", h)
	}
}

// TestFamilyOfPublicIP: the public address is no use to a far end of the other family.
func TestFamilyOfPublicIP(t *testing.T) {
	tr := &Trunk{cfg: Config{PublicIP: netip.MustParseAddr("203.0.113.5")}}
	six := netip.MustParseAddr("2001:db8::7")
	tr.out.known = map[netip.Addr]netip.Addr{six: netip.MustParseAddr("2001:db8::1")}
	if got := tr.advertised(six); got.Is4() {
		t.Errorf("%v told to %v", got, six)
	}
}

// TestIPv6: a call by IPv6 has sound both ways.
func TestIPv6(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	b := trunk(t, Config{Listen: "[::1]:0"}, answering(leg.Limits{}, legs))
	a := trunk(t, Config{Listen: "[::1]:0"}, nil)
	placed, err := a.Dial(t.Context(), leg.Call{From: "alice", To: b.uri("bob")})
	if err != nil {
		t.Fatal(err)
	}
	taken := next(t, legs)
	for hz, way := range map[float64][2]leg.Leg{500: {placed, taken}, 900: {taken, placed}} {
		ctx, stop := context.WithTimeout(t.Context(), patience)
		tone := audio.Sine(hz, audio.Rate, -6)
		for range 25 {
			var f audio.Frame
			tone.Fill(f[:])
			if err := way[0].Play(ctx, f); err != nil {
				t.Fatal(err)
			}
		}
		for heard := 0; heard < 10; {
			ev, err := way[1].Read(ctx)
			if err != nil {
				t.Fatalf("%v Hz is not heard: %v", hz, err)
			}
			if ev.Kind == leg.Audio && audio.Goertzel(ev.Frame[:], hz, audio.Rate) > 0.9 {
				heard++
			}
		}
		stop()
	}
	_ = placed.Hangup(t.Context(), parley.AgentEnded)
	if err := ended(t, taken); err == nil {
		t.Error("the BYE is lost")
	}
}

// TestMediaFamily: signalling by IPv4, sound by IPv6: our side is described in the family the offer names.
func TestMediaFamily(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "", strings.Replace(p.sdp(""), "c=IN IP4 127.0.0.1", "c=IN IP6 ::1", 1)))
	if _, m := p.final(); !strings.Contains(m, "c=IN IP6 ::1\r\n") {
		t.Errorf("answered %s", m)
	}
}

// TestTwoChallenges: a proxy on the way and the far end behind it ask for credentials, one after the other, and each of them
// gets its own (RFC 3261 §22.3).
func TestTwoChallenges(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{To: "200", Trunk: &parley.TrunkAccount{Host: "127.0.0.1", Port: p.port(), Username: "u", Password: "p"}})
	proxy := fmt.Sprintf("Proxy-Authenticate: Digest realm=%q, nonce=%q\r\n", "proxy", "n1")
	far := fmt.Sprintf("WWW-Authenticate: Digest realm=%q, nonce=%q\r\n", "far", "n2")
	both := func(m string) bool {
		return strings.Contains(header(m, "Proxy-Authorization"), `realm="proxy"`) && strings.Contains(header(m, "Authorization"), `realm="far"`)
	}
	first := p.expect("INVITE ")
	p.respond(first, "407 Proxy Authentication Required", proxy, "")
	second := p.anew("INVITE", first)
	p.respond(second, "401 Unauthorized", far, "")
	third := p.anew("INVITE", second)
	if !both(third) {
		t.Fatalf("not both: %s", third)
	}
	p.respond(third, "200 OK", "", p.sdp(""))
	if ack := p.expect("ACK "); !both(ack) {
		t.Errorf("not both: %s", ack)
	}
	l := accepted(t, ch)
	_ = l.Hangup(t.Context(), parley.AgentEnded)
	first = p.expect("BYE ")
	p.respond(first, "407 Proxy Authentication Required", proxy, "")
	second = p.anew("BYE", first)
	p.respond(second, "401 Unauthorized", far, "")
	if bye := p.anew("BYE", second); !both(bye) {
		t.Errorf("not both: %s", bye)
	} else {
		p.respond(bye, "200 OK", "", "")
	}
}
