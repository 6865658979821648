package sip

import (
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// FuzzRequest: whatever the parser lets through, looking at it does not panic, and what we take of it is clean.
func FuzzRequest(f *testing.F) {
	for _, s := range []string{
		"INVITE sip:%2B1555;x=y@h;a=b SIP/2.0\r\nVia: SIP/2.0/UDP 1.2.3.4:5;branch=z9hG4bKx;rport\r\nFrom: \"A\" <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n" +
			"Call-ID: 1\r\nCSeq: 1 INVITE\r\nContact: <sip:a@9.9.9.9:1>\r\nRecord-Route: <sip:p;lr>, <sip:q>\r\nX-A: b\r\nDiversion: <sip:x@y>\r\n" +
			"Authorization: Digest username=\"u\", realm=\"parley\", nonce=\"n\", uri=\"sip:c@d\", response=\"0\", nc=00000001, cnonce=\"c\", qop=auth\r\n" +
			"Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n",
		"OPTIONS tel:+1 SIP/2.0\r\nv: SIP/2.0/TCP [::1];branch=1\r\nf: tel:+1;tag=2\r\nt: <urn:x>\r\ni: a\r\nCSeq: 0 OPTIONS\r\n\r\n",
		"BYE sip: SIP/2.0\r\nVia:\r\nFrom: <>\r\nTo:\r\nCall-ID:\r\nCSeq: x\r\n\r\n",
	} {
		f.Add([]byte(s))
	}
	tr := unserved(Config{DemoUser: "demo", Trunks: list(parley.TrunkAccount{ID: "p", Username: "u", Password: "p"})})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := sip.ParseMessage(b)
		if err != nil {
			return
		}
		req, ok := m.(*sip.Request)
		if !ok {
			res := m.(*sip.Response)
			d := &dialog{}
			d.confirm(res)
			var ps proofs
			a, again := &parley.TrunkAccount{Username: "u", Password: "p"}, invitation(t, "a", "1.1.1.1:1")
			if ps.learn(a, res) == nil {
				ps.sign(a, again)
			}
			return
		}
		req.SetSource("192.0.2.1:5060")
		req.SetTransport("UDP")
		if !echoable(req) || !wellFormed(req) {
			return
		}
		tr.admit(t.Context(), req)
		_, _ = offered(req)
		r := ringing(req, "")
		for k, v := range r.Headers {
			if !clean(k) || !clean(v) {
				t.Errorf("header %q: %q", k, v)
			}
		}
		if !clean(r.From) || !clean(r.To) || !clean(r.FromName) {
			t.Errorf("ringing %+v", r)
		}
		tr.quit = t.Context()
		d := tr.accepted(req, "tag")
		defer d.depart()
		bye := d.next(sip.BYE)
		if safe(bye.StartLine(), bye) == nil && strings.Count(bye.String(), "\r\n\r\n") != 1 {
			t.Errorf("our request is not one: %q", bye.String())
		}
	})
}

// FuzzTarget: what is dialled comes out clean and to a host, or not at all.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"sip:bob@127.0.0.1:5060;transport=tcp", "+1555", "sip:[::1]:5", "sip:a%0d%0ab@h", "sip:a@h?X=y", "a#b c"} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, to, from string) {
		account := &parley.TrunkAccount{Host: "pbx.example.org", Username: from}
		for _, c := range []leg.Call{{To: to, From: from}, {To: to, From: from, Trunk: account}} {
			if u, err := target(c); err == nil && (!clean(u.String()) || u.Host == "" || u.Headers != nil) {
				t.Errorf("target %q: %q", to, u.String())
			}
			if u, err := origin(c); err == nil && !clean(u.String()) {
				t.Errorf("origin %q: %q", from, u.String())
			}
		}
	})
}

// FuzzHostPort: a host is one, or an error.
func FuzzHostPort(f *testing.F) {
	for _, s := range []string{"h", "h:1", "[::1]:5060", "::1", "sip:h:5;lr", "[", "]:", ":1", "h:99999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if u, err := parseHostPort(s); err == nil && !strings.HasPrefix(s, "sip:") && (u.Host == "" || u.Port < 0 || u.Port > 65535) {
			t.Errorf("%q: %+v", s, u)
		}
	})
}

// FuzzUser: escaping and back is what it was.
func FuzzUser(f *testing.F) {
	f.Add("+1555#9")
	f.Add("a%41\xff b")
	f.Fuzz(func(t *testing.T, s string) {
		_ = unescape(s)
		if !clean(s) || strings.Contains(s, "\t") {
			return
		}
		if got := unescape(userPart(s)); got != s {
			t.Errorf("%q became %q by %q", s, got, userPart(s))
		}
	})
}

func FuzzSipfrag(f *testing.F) {
	for _, s := range []string{"SIP/2.0 200 OK\r\n", "SIP/2.0 100", "sip/2.0 999 x", "", "\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if code := sipfrag(b); code != 0 && (code < 100 || code > 699) {
			t.Errorf("%q: %d", b, code)
		}
	})
}
