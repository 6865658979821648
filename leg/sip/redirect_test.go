package sip

import (
	"fmt"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

func TestNodeURI(t *testing.T) {
	for _, s := range []string{"sip:203.0.113.7", "sip:203.0.113.7:5070", "sip:node-1.example.com:5060;transport=udp", "SIP:[2001:db8::1]:5060;transport=TCP", "sips:n1.example.com", "sip:n1.example.com;transport=tls"} {
		if _, err := NodeURI(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	for _, s := range []string{"", "203.0.113.7:5060", "tel:+14155550100", "http://n1", "sip:", "sip:demo@n1", "sip:n1;lr", "sip:n1;transport=udp;lr", "sip:n1;transport=ws", "sips:n1;transport=udp", "sip:n1?X-A=1",
		"sip:n1:99999", "sip:n1:5060\r\nX-A: 1", "sip:n1>,<sip:n2", "sip:n1 n2", "sip:n1\x00", "sip:" + strings.Repeat("n", 600)} {
		if u, err := NodeURI(s); err == nil {
			t.Errorf("%q is taken as %s", s, u.String())
		}
	}
}

// TestSentToAnotherNode: who follows redirects is sent to a node that takes calls, once; all others, and he where there is none, are refused.
func TestSentToAnotherNode(t *testing.T) {
	follows := func(a *parley.TrunkAccount) { a.FollowsRedirect = true }
	for what, c := range map[string]struct {
		account   func(*parley.TrunkAccount)
		elsewhere string
		target    string // in place of the agent's address; %d: our port
		contact   string // "": 503
	}{
		"followed":          {follows, "sip:192.0.2.9:5070;transport=udp", "", "<sip:agent@192.0.2.9:5070;transport=udp;parley-moved=1>"},
		"no transport":      {follows, "sip:n2.example.com", "", "<sip:agent@n2.example.com;parley-moved=1>"},
		"an escaped name":   {follows, "sip:192.0.2.9", "sip:a%%3e%%0d%%0ab@127.0.0.1:%d", "<sip:a%3E%250d%250ab@192.0.2.9;parley-moved=1>"}, // what would end the line stays escaped
		"a name to escape":  {follows, "sip:192.0.2.9", "sip:a%%3eb@127.0.0.1:%d", "<sip:a%3Eb@192.0.2.9;parley-moved=1>"},
		"name's parameters": {follows, "sip:192.0.2.9", "sip:+14155550100;npdi@127.0.0.1:%d;user=phone", "<sip:+14155550100@192.0.2.9;parley-moved=1>"},
		"moved once":        {follows, "sip:192.0.2.9", "sip:agent@127.0.0.1:%d;parley-moved=1", ""},
		"by a sips address": {follows, "sip:192.0.2.9", "sips:agent@127.0.0.1:%d", ""},
		"to a safe one":     {follows, "sip:192.0.2.9;transport=tls", "sips:agent@127.0.0.1:%d", "<sip:agent@192.0.2.9;transport=tls;parley-moved=1>"},
		"does not follow":   {func(*parley.TrunkAccount) {}, "sip:192.0.2.9", "", ""},
		"nobody has room":   {follows, "", "", ""},
		"no address":        {follows, "sip:n2\r\nX-A: 1", "", ""},
	} {
		conf := pbx(c.account)
		conf.Takes = func() bool { return false }
		conf.Elsewhere = func(fits func(string) bool) string {
			if !fits(c.elsewhere) {
				return ""
			}
			return c.elsewhere
		}
		tr := trunk(t, conf, answering(leg.Limits{}, make(chan leg.Leg, 1)))
		p := newPeer(t, tr)
		p.seq = 1
		if c.target != "" {
			p.target = fmt.Sprintf(c.target, tr.Addr().Port())
		}
		p.send(p.request("INVITE", "", "", p.sdp("")))
		code, m := p.final()
		switch {
		case c.contact == "" && (code != 503 || header(m, "Retry-After") == "" || header(m, "Contact") != ""):
			t.Errorf("%s: %s", what, m)
		case c.contact != "" && (code != 302 || header(m, "Contact") != c.contact):
			t.Errorf("%s: not to %s: %s", what, c.contact, m)
		}
		p.send(p.request("OPTIONS", "", "", ""))
		if code, m := p.final(); code != 503 {
			t.Errorf("%s: OPTIONS says where calls may go: %s", what, m)
		}
	}
}
