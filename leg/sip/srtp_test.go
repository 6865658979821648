package sip

import (
	"context"
	"net/netip"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// TestEncryptedCalls: what the account wants of SRTP is offered, and what the far end wants is taken, keys in the description only where
// nobody reads along.
func TestEncryptedCalls(t *testing.T) {
	tr := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) { // answers, and says how it travels
		l, err := o.Answer(ctx, leg.Limits{})
		if err != nil {
			return
		}
		_ = l.Hangup(ctx, parley.AgentEnded)
	})
	const key = "inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
	for _, c := range []struct {
		proto, attribute string
		code             int
		want             string
	}{
		{"RTP/SAVP", "a=crypto:4 AES_CM_128_HMAC_SHA1_80 " + key + "\r\n", 200, "a=crypto:4 AES_CM_128_HMAC_SHA1_80 inline:"},
		{"RTP/SAVP", "", 488, ""},
		{"RTP/AVP", "", 200, "m=audio"},
		{"UDP/TLS/RTP/SAVP", "a=setup:actpass\r\na=fingerprint:sha-256" + strings.Replace(strings.Repeat(":AB", 32), ":", " ", 1) + "\r\n", 200, "a=setup:active"},
	} {
		p := newPeer(t, tr)
		p.seq = 1
		p.send(p.request("INVITE", "", "", strings.Replace(p.sdp(c.attribute), "RTP/AVP", c.proto, 1)))
		if code, m := p.final(); code != c.code || !strings.Contains(m, c.want) || code == 200 && !strings.Contains(m, " "+c.proto+" ") {
			t.Errorf("%s: %d\n%s", c.proto, code, m)
		}
	}
}

func TestEncryptionOfferedByTheAccount(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	for srtp, want := range map[string]string{
		parley.SRTPOff: "RTP/AVP ", parley.SRTPOptional: "a=crypto:1 ", parley.SRTPRequired: "RTP/SAVP ",
	} {
		p := newPeer(t, nil)
		ch := dial(t, tr, p, leg.Call{To: "+4930123456", From: "+49301", Trunk: &parley.TrunkAccount{
			ID: "a", Host: "127.0.0.1", Port: p.port(), Media: parley.TrunkMedia{SRTP: srtp},
		}})
		inv := p.expect("INVITE ")
		if !strings.Contains(inv, want) || srtp == parley.SRTPOff && strings.Contains(inv, "crypto") {
			t.Errorf("%q:\n%s", srtp, inv)
		}
		p.respond(inv, "200 OK", "", p.sdp(""))
		p.expect("ACK ")
		if srtp == parley.SRTPRequired { // a plain answer is none
			p.respond(p.expect("BYE "), "200 OK", "", "")
			rejected(t, ch)
			continue
		}
		l := accepted(t, ch)
		if q := l.(leg.Measured).Quality(); q.Encrypted {
			t.Errorf("%q: %+v", srtp, q)
		}
		go func() { _ = l.Hangup(t.Context(), parley.AgentEnded) }()
		p.respond(p.expect("BYE "), "200 OK", "", "")
	}
}

func TestKeysGoWhereNobodyReadsAlong(t *testing.T) {
	for _, c := range []struct {
		network, addr string
		want          bool
	}{{"TLS", "192.0.2.1:5061", true}, {"UDP", "192.0.2.1:5060", false}, {"TCP", "192.0.2.1:5060", false}, {"UDP", "127.0.0.1:5060", true}} {
		if got := secret(hop{network: c.network, addr: netip.MustParseAddrPort(c.addr)}); got != c.want {
			t.Errorf("%s %s: %v", c.network, c.addr, got)
		}
	}
}
