package sip

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// TestFormOfNumbers: how the numbers called and called from stand in an INVITE, and which header says who calls.
func TestFormOfNumbers(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	for name, row := range map[string]struct {
		a        parley.TrunkAccount
		from, to string
		headers  map[string]string
		uri      string            // user of the Request-URI and To
		want     map[string]string // headers
	}{
		"as they are": {parley.TrunkAccount{Username: "u"}, "+14155550100", "+493012345678", nil, "+493012345678",
			map[string]string{"From": "<sip:+14155550100@127.0.0.1>", "P-Asserted-Identity": "", "Remote-Party-ID": ""}},
		"plain": {parley.TrunkAccount{Policy: parley.DialPolicy{Form: parley.DialForm{Numbers: parley.NumbersPlain}}}, "+14155550100", "+493012345678", nil, "493012345678",
			map[string]string{"From": "<sip:14155550100@127.0.0.1>"}},
		"national": {parley.TrunkAccount{Policy: parley.DialPolicy{Form: parley.DialForm{Numbers: parley.NumbersNational, Home: "DE"}}}, "+493012345678", "+442071838750", nil, "00442071838750",
			map[string]string{"From": "<sip:03012345678@127.0.0.1>"}},
		"asserted": {parley.TrunkAccount{Username: "100", Policy: parley.DialPolicy{Form: parley.DialForm{CallerID: parley.CallerIDAsserted}}}, "+14155550100", "201", nil, "201",
			map[string]string{"From": "<sip:100@127.0.0.1>", "P-Asserted-Identity": "<sip:+14155550100@127.0.0.1>", "Remote-Party-ID": ""}},
		"remote party, plain": {parley.TrunkAccount{Username: "100", Policy: parley.DialPolicy{Form: parley.DialForm{Numbers: parley.NumbersPlain, CallerID: parley.CallerIDRemoteParty}}},
			"+14155550100", "+493012345678", nil, "493012345678",
			map[string]string{"From": "<sip:100@127.0.0.1>", "P-Asserted-Identity": "", "Remote-Party-ID": "<sip:14155550100@127.0.0.1>;party=calling;screen=yes;privacy=off"}},
		"asserted by the caller": {parley.TrunkAccount{Username: "100", Policy: parley.DialPolicy{Form: parley.DialForm{CallerID: parley.CallerIDAsserted}}}, "+14155550100", "201",
			map[string]string{"P-Asserted-Identity": "<tel:+1>"}, "201", map[string]string{"P-Asserted-Identity": "<tel:+1>"}},
		"nobody calls": {parley.TrunkAccount{Username: "100", Policy: parley.DialPolicy{Form: parley.DialForm{CallerID: parley.CallerIDAsserted}}}, "", "201", nil, "201",
			map[string]string{"From": "<sip:100@127.0.0.1>", "P-Asserted-Identity": ""}},
		"without a username": {parley.TrunkAccount{Policy: parley.DialPolicy{Form: parley.DialForm{CallerID: parley.CallerIDAsserted}}}, "+14155550100", "201", nil, "201",
			map[string]string{"From": "<sip:+14155550100@127.0.0.1>", "P-Asserted-Identity": "<sip:+14155550100@127.0.0.1>"}},
	} {
		p := newPeer(t, nil)
		row.a.Host, row.a.Port = "127.0.0.1", p.port()
		ch := dial(t, tr, p, leg.Call{From: row.from, To: row.to, Trunk: &row.a, Headers: row.headers})
		m := p.expect("INVITE ")
		if want := fmt.Sprintf("INVITE sip:%s@127.0.0.1:%d SIP/2.0", row.uri, p.port()); !strings.HasPrefix(m, want) {
			t.Errorf("%s: %s, want %s", name, strings.SplitN(m, "\r\n", 2)[0], want)
		}
		if to := header(m, "To"); !strings.HasPrefix(to, "<sip:"+row.uri+"@") {
			t.Errorf("%s: To %s", name, to)
		}
		for h, want := range row.want {
			if got := header(m, h); !strings.HasPrefix(got, want) || want == "" && got != "" {
				t.Errorf("%s: %s: %q, want %q", name, h, got, want)
			}
		}
		if n := strings.Count(m, "P-Asserted-Identity:"); n > 1 {
			t.Errorf("%s: %d identities", name, n)
		}
		p.respond(m, "486 Busy Here", "", "")
		<-ch
	}
}

// TestFormOfCallers: who calls in is told in E.164 form, by a trunk that writes numbers in another; the number called is told as it came.
func TestFormOfCallers(t *testing.T) {
	for _, row := range []struct{ form, home, from, want string }{
		{"", "", "03012345678", "03012345678"},
		{parley.NumbersPlain, "", "493012345678", "+493012345678"},
		{parley.NumbersNational, "DE", "03012345678", "+493012345678"},
		{parley.NumbersNational, "DE", "201", "201"},
	} {
		rang := make(chan leg.Ringing, 1)
		a := parley.TrunkAccount{ID: "x", AllowedAddresses: []string{"127.0.0.1"}, Policy: parley.DialPolicy{Form: parley.DialForm{Numbers: row.form, Home: row.home}}}
		tr := trunk(t, Config{Trunks: list(a)}, func(ctx context.Context, o leg.Offer) {
			rang <- o.Ringing()
			_ = o.Reject(ctx, parley.Busy)
		})
		p := newPeer(t, tr)
		p.target = tr.uri("03012340000")
		p.send(strings.Replace(p.request("INVITE", "", "", p.sdp("")), "sip:ann@127.0.0.1>;tag", "sip:"+row.from+"@127.0.0.1>;tag", 1))
		p.final()
		if r := <-rang; r.From != row.want || r.To != "03012340000" || r.Trunk != "x" {
			t.Errorf("%+v: %+v", row, r)
		}
	}
}
