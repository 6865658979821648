package sip

import (
	"errors"
	"net/netip"
	"strconv"
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

func TestNextHop(t *testing.T) {
	tr := &Trunk{}
	for _, c := range []struct{ uri, network, want string }{
		{"sip:a@192.0.2.1", "", "UDP 192.0.2.1:5060"},
		{"sip:a@192.0.2.1:5070", "udp", "UDP 192.0.2.1:5070"},
		{"sip:a@192.0.2.1;transport=tcp", "udp", "TCP 192.0.2.1:5060"},
		{"sip:a@192.0.2.1", "TCP", "TCP 192.0.2.1:5060"},
		{"sip:a@[2001:db8::1]:9", "", "UDP [2001:db8::1]:9"},
		{"sip:a@localhost:9", "", "UDP 127.0.0.1:9"},
		{"sip:a@LocalHost.:9", "", "UDP 127.0.0.1:9"},
		{"sip:a@192.0.2.1;transport=tls", "", "TLS 192.0.2.1:5061"},
		{"sip:a@192.0.2.1:5070", "tls", "TLS 192.0.2.1:5070"},
		{"sips:a@192.0.2.1", "", "TLS 192.0.2.1:5061"},
		{"sips:a@192.0.2.1;transport=tcp", "", "TLS 192.0.2.1:5061"},
		{"sips:a@192.0.2.1;transport=udp", "", ""},
		{"sip:a@192.0.2.1;transport=ws", "", ""},
	} {
		var u sip.Uri
		if err := sip.ParseUri(c.uri, &u); err != nil {
			t.Fatal(err)
		}
		h, err := tr.nextHop(t.Context(), &u, c.network, nil)
		got := h.network + " " + h.addr.String()
		if c.want == "" {
			if !errors.Is(err, errTransport) {
				t.Errorf("%s: %v", c.uri, err)
			}
		} else if err != nil || got != c.want {
			t.Errorf("%s: %s %v, not %s", c.uri, got, err, c.want)
		}
	}
}

// TestWay: behind NAT the far end is where its packets come from; elsewhere its Contact and routes are believed.
func TestWay(t *testing.T) {
	for _, c := range []struct{ name, target, route, peer, network, want string }{
		{"its Contact", "sip:a@198.51.100.1:5080", "", "198.51.100.1:5060", "UDP", "198.51.100.1:5080"},
		{"a Contact elsewhere", "sip:a@198.51.100.2", "", "198.51.100.1:5060", "UDP", "198.51.100.2:5060"},
		{"a private Contact from outside", "sip:a@192.168.1.9:5060", "", "198.51.100.1:33000", "UDP", "198.51.100.1:33000"},
		{"a private Contact from inside", "sip:a@192.168.1.9:5060", "", "192.168.1.1:5060", "UDP", "192.168.1.9:5060"},
		{"a Contact of no use", "sip:a@0.0.0.0", "", "198.51.100.1:5060", "UDP", "198.51.100.1:5060"},
		{"by TCP", "sip:a@198.51.100.2;transport=tcp", "", "198.51.100.1:33000", "TCP", "198.51.100.1:33000"},
		{"a route", "sip:a@10.0.0.1", "sip:203.0.113.1;lr", "198.51.100.1:5060", "UDP", "203.0.113.1:5060"},
	} {
		d := &dialog{t: &Trunk{}, peer: hop{network: c.network, addr: netip.MustParseAddrPort(c.peer)}}
		if err := sip.ParseUri(c.target, &d.target); err != nil {
			t.Fatal(err)
		}
		if c.route != "" {
			d.routes = make([]sip.Uri, 1)
			_ = sip.ParseUri(c.route, &d.routes[0])
		}
		if h, err := d.way(t.Context()); err != nil || h.addr.String() != c.want {
			t.Errorf("%s: %v %v, not %s", c.name, h, err, c.want)
		}
	}
}

func TestAdvertised(t *testing.T) {
	tr := &Trunk{cfg: Config{PublicIP: netip.MustParseAddr("203.0.113.5")}}
	if got := tr.advertised(netip.MustParseAddr("127.0.0.1")); got.String() != "127.0.0.1" {
		t.Errorf("to loopback: %v", got)
	}
	if got := tr.advertised(netip.MustParseAddr("8.8.8.8")); got.String() != "203.0.113.5" {
		t.Errorf("to outside: %v", got)
	}
	tr.cfg.PublicIP = netip.Addr{}
	for range 2 {
		if got := tr.advertised(netip.MustParseAddr("127.0.0.1")); got.String() != "127.0.0.1" {
			t.Errorf("to loopback without a public address: %v", got)
		}
	}
}

// TestStrictRouter: a first route without lr takes the place of the target (RFC 3261 §12.2.1.1).
func TestStrictRouter(t *testing.T) {
	d := &dialog{}
	_ = sip.ParseUri("sip:a@192.0.2.9", &d.target)
	d.routes = make([]sip.Uri, 2)
	_ = sip.ParseUri("sip:strict.example", &d.routes[0])
	_ = sip.ParseUri("sip:loose.example;lr", &d.routes[1])
	req := d.next(sip.BYE)
	rs := req.GetHeaders("Route")
	if req.Recipient.Host != "strict.example" || len(rs) != 2 || rs[0].Value() != "<sip:loose.example;lr>" || rs[1].Value() != "<sip:a@192.0.2.9>" {
		t.Errorf("%s", req.String())
	}
}

func TestParseHostPort(t *testing.T) {
	for s, want := range map[string]string{
		"pbx.example.org": "pbx.example.org 0", "pbx:5080": "pbx 5080", "192.0.2.1": "192.0.2.1 0", "[2001:db8::1]:7": "2001:db8::1 7",
		"2001:db8::1": "2001:db8::1 0", "sip:proxy:5;lr": "proxy 5", "": "", "a b": "", "h:x": "", "h:70000": "", "[": "", ":5": "",
	} {
		u, err := parseHostPort(s)
		got := ""
		if err == nil {
			got = u.Host + " " + strconv.Itoa(u.Port)
		}
		if got != want {
			t.Errorf("%q: %q, not %q", s, got, want)
		}
	}
}

func TestCodecs(t *testing.T) {
	if got := codecs(&parley.TrunkAccount{Media: parley.TrunkMedia{Codecs: []string{"pcma", "speex", "opus", "PCMU"}}}); len(got) != 3 || got[0].String() != "PCMA" {
		t.Errorf("%v", got)
	}
	if codecs(nil) != nil {
		t.Error("no account names codecs")
	}
}

func TestTransportNotCarried(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	_, err := tr.Dial(t.Context(), leg.Call{To: "1", Trunk: &parley.TrunkAccount{Host: "127.0.0.1", Transport: "ws", Username: "u"}})
	var r *leg.Rejected
	if !errors.As(err, &r) || r.Cause != parley.Configuration || !errors.Is(err, errTransport) {
		t.Error(err)
	}
}
