package sip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// TestHeadersOut: what an operator may need to see goes out under its proper name, and whose place the call takes.
func TestHeadersOut(t *testing.T) {
	got := make(chan leg.Ringing, 1)
	b := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) {
		got <- o.Ringing()
		_ = o.Reject(ctx, parley.Declined)
	})
	a := trunk(t, Config{}, nil)
	headers := map[string]string{
		"x-Tag": "7", "diversion": "<sip:+15550001111@carrier.example>;reason=unconditional",
		"P-ASSERTED-IDENTITY": "<tel:+15550002222>", "User-to-User": "0045;encoding=hex",
	}
	_, _ = a.Dial(t.Context(), leg.Call{To: b.uri("bob"), Headers: headers})
	in := (<-got).Headers
	for name, want := range map[string]string{
		"x-Tag": "7", "Diversion": headers["diversion"], "P-Asserted-Identity": headers["P-ASSERTED-IDENTITY"], "User-To-User": headers["User-to-User"],
	} {
		if in[name] != want {
			t.Errorf("%s: %q, not %q", name, in[name], want)
		}
	}
	p := newPeer(t, nil)
	ch := dial(t, a, p, leg.Call{Replaces: "id-1@x;to-tag=a;from-tag=b"})
	inv := p.expect("INVITE ")
	if header(inv, "Replaces") != "id-1@x;to-tag=a;from-tag=b" || header(inv, "Require") != "replaces" {
		t.Errorf("INVITE %s", inv)
	}
	p.respond(inv, "481 Call/Transaction Does Not Exist", "", "")
	rejected(t, ch)
	for _, bad := range []leg.Call{
		{Headers: map[string]string{"Diversion": "a\r\nVia: x"}}, {Headers: map[string]string{"Call-Info": "<http://x>"}}, {Headers: map[string]string{"From": "x"}},
		{Headers: map[string]string{"History-Info": "<sip:h@x>;index=1"}},
		{Replaces: "x"}, {Replaces: "id;to-tag=a;from-tag=b\r\nX-Evil: 1"},
	} {
		bad.To = fmt.Sprintf("sip:bob@127.0.0.1:%d", p.port())
		var no *leg.Rejected
		if _, err := a.Dial(t.Context(), bad); !errors.As(err, &no) || no.Cause != parley.Configuration {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

func TestListed(t *testing.T) {
	req := sip.NewRequest(sip.INVITE, sip.Uri{})
	for _, h := range []string{"Supported: 100rel , ,timer", "k: replaces", "Require:", "Allow: INVITE,UPDATE"} {
		name, value, _ := strings.Cut(h, ":")
		req.AppendHeader(sip.NewHeader(name, strings.TrimSpace(value)))
	}
	if got := listed(req, "Supported"); !slices.Equal(got, []string{"100rel", "timer", "replaces"}) {
		t.Errorf("Supported %q", got)
	}
	if got := listed(req, "Require"); got != nil {
		t.Errorf("Require %q", got)
	}
	if !lists(req, "Supported", "TIMER") || lists(req, "Supported", "time") || !lists(req, "Allow", "update") || field(req, "Event") != "" {
		t.Error("what is listed is not found, or what is not is")
	}
}
