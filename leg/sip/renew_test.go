package sip

import (
	"strings"
	"testing"

	"github.com/parley-voice/parley/leg"
)

// TestNoDowngrade: what we offer of an encrypted call, refreshed or asked for, is encrypted by the same means.
func TestNoDowngrade(t *testing.T) {
	const key = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	print := " sha-256 " + strings.TrimSuffix(strings.Repeat("AB:", 32), ":")
	for _, c := range []struct{ proto, attribute, want, not string }{
		{"RTP/SAVP", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 " + key + "\r\n", "a=crypto:", "a=fingerprint"},
		{"UDP/TLS/RTP/SAVP", "a=setup:actpass\r\na=fingerprint:" + strings.TrimSpace(print) + "\r\n", "a=fingerprint", "a=crypto"},
		{"RTP/AVP", "", "a=sendrecv", "SAVP"},
	} {
		legs := make(chan leg.Leg, 1)
		tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
		p := newPeer(t, tr)
		sdp := strings.Replace(p.sdp(c.attribute), "RTP/AVP", c.proto, 1)
		p.seq = 1
		p.send(p.request("INVITE", "", "Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n", sdp))
		code, ok := p.final()
		if code != 200 {
			t.Errorf("%s: %s", c.proto, ok)
			continue
		}
		p.totag = tagOf(header(ok, "To"))
		p.send(p.request("ACK", "", "", ""))
		l := next(t, legs)
		p.seq++
		p.send(p.request("INVITE", "", "Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n", ""))
		_, asked := p.final()
		p.send(p.request("ACK", "", "", sdp))
		due(l)
		inv := p.expect("INVITE ")
		for _, m := range []string{asked, inv} {
			if !strings.Contains(m, " "+c.proto+" ") || !strings.Contains(m, c.want) || strings.Contains(m, c.not) {
				t.Errorf("%s: offered %s", c.proto, m)
			}
		}
		p.respond(inv, "200 OK", "", sdp)
		p.expect("ACK ")
		p.ask("BYE", "", "")
	}
}
