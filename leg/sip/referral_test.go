package sip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// pbx is an account for loopback.
func pbx(change func(*parley.TrunkAccount)) Config {
	a := parley.TrunkAccount{ID: "pbx", Host: "pbx.example", AllowedAddresses: []string{netip.MustParseAddr("127.0.0.1").String()}}
	change(&a)
	return Config{Trunks: func(context.Context) ([]parley.TrunkAccount, error) { return []parley.TrunkAccount{a}, nil }}
}

func referring(a *parley.TrunkAccount) { a.AllowRefer = true }

// TestReferIsDeclined where the account does not allow it, and where there is none.
func TestReferIsDeclined(t *testing.T) {
	for _, c := range []Config{{}, pbx(func(*parley.TrunkAccount) {})} {
		legs := make(chan leg.Leg, 1)
		tr := trunk(t, c, answering(leg.Limits{}, legs))
		p := newPeer(t, tr)
		if ok := p.invite(true); strings.Contains(header(ok, "Allow"), "REFER") {
			t.Errorf("Allow: %s", header(ok, "Allow"))
		}
		next(t, legs)
		if code, m := p.ask("REFER", "Refer-To: <sip:201@127.0.0.1>\r\n", ""); code != 603 {
			t.Errorf("REFER: %s", m)
		}
		p.totag += "x"
		if code, m := p.ask("REFER", "Refer-To: <sip:201@127.0.0.1>\r\n", ""); code != 481 {
			t.Errorf("of no call: %s", m)
		}
		p.totag = strings.TrimSuffix(p.totag, "x")
		p.ask("BYE", "", "")
	}
}

// TestReferIn: the owner is told whom to call, the far end how it goes, and only then the BYE comes.
func TestReferIn(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, pbx(referring), answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	if ok := p.invite(true); !strings.Contains(header(ok, "Allow"), "REFER") {
		t.Errorf("Allow: %s", header(ok, "Allow"))
	}
	l := next(t, legs)
	for _, bad := range []string{"", "Refer-To: \r\n", "Refer-To: <sip:a@b>\r\nRefer-To: <sip:c@d>\r\n", "Refer-To: <sip:201@b;method=BYE>\r\n",
		"Refer-To: <mailto:a@b>\r\n", "Refer-To: <sip:b>\r\n", "Refer-To: <sip:a@b?Replaces=x>\r\n"} {
		if code, m := p.ask("REFER", bad, ""); code != 400 {
			t.Errorf("%q: %s", bad, m)
		}
	}
	for i, c := range []struct {
		to, headers   string
		want, replace string
		codes         []int
	}{
		{"<sip:201@pbx.example>", "", "201", "", []int{180, 486}},
		{"\"Bob\" <sip:+15550009999@127.0.0.1:5060;user=phone>", "", "+15550009999", "", []int{503}},
		{"<sip:+15550009999@127.0.0.1:5999>", "", "sip:+15550009999@127.0.0.1:5999", "", []int{503}},
		{"<sip:202@PBX.example:5061>", "", "202", "", []int{503}},
		{"sip:bob@elsewhere.example:5070", "", "sip:bob@elsewhere.example:5070", "", []int{404}},
		{"<tel:+15550009999>", "", "+15550009999", "", []int{404}},
		{"<sip:201@pbx.example?Replaces=" + url.QueryEscape("id-1@x;to-tag=a;from-tag=b") + ">", "", "201", "id-1@x;to-tag=a;from-tag=b", []int{200}},
	} {
		code, m := p.ask("REFER", "Refer-To: "+c.to+"\r\n"+c.headers, "")
		if code != 202 {
			t.Fatalf("%s: %s", c.to, m)
		}
		ev := event(t, l, leg.Referred)
		if ev.Referral.To != c.want || ev.Referral.Replaces != c.replace {
			t.Errorf("%s: %q replaces %q", c.to, ev.Referral.To, ev.Referral.Replaces)
		}
		n := p.expect("NOTIFY ")
		if (header(n, "Event") == "refer") != (i == 0) || !strings.HasPrefix(header(n, "Subscription-State"), "active") || !strings.HasSuffix(n, "\r\n\r\nSIP/2.0 100 Trying\r\n") {
			t.Errorf("first told %s", n)
		}
		if code, m := p.ask("REFER", "Refer-To: <sip:202@pbx.example>\r\n", ""); code != 491 {
			t.Errorf("two at once: %s", m)
		}
		p.respond(n, "200 OK", "", "")
		for _, code := range c.codes {
			ev.Referral.Report(code)
			n = p.anew("NOTIFY", n)
			state := "active"
			if code >= 200 {
				state = "terminated"
			}
			if !strings.HasPrefix(header(n, "Subscription-State"), state) || !strings.Contains(n, fmt.Sprintf("\r\n\r\nSIP/2.0 %d ", code)) {
				t.Errorf("told of %d by %s", code, n)
			}
			if code == 200 {
				go func() { _ = l.Hangup(context.Background(), parley.Transferred) }()
				if m := p.read(30 * time.Millisecond); strings.HasPrefix(m, "BYE") {
					t.Error("BYE before the NOTIFY is answered")
				}
			}
			p.respond(n, "200 OK", "", "")
		}
		for d := l.(*call).dialog(); ; time.Sleep(time.Millisecond) { // the answer is on its way to us
			d.mu.Lock()
			r := d.referral
			d.mu.Unlock()
			if r == nil {
				break
			}
		}
	}
	p.respond(p.expect("BYE "), "200 OK", "", "")
}

// TestReferWithoutNews: who wants no NOTIFY gets none (RFC 4488).
func TestReferWithoutNews(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, pbx(referring), answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(true)
	l := next(t, legs)
	if code, m := p.ask("REFER", "r: <sip:201@pbx.example>\r\nRefer-Sub: false\r\n", ""); code != 202 || header(m, "Refer-Sub") != "false" {
		t.Errorf("REFER: %s", m)
	}
	ev := event(t, l, leg.Referred)
	ev.Referral.Report(200)
	if m := p.read(50 * time.Millisecond); strings.HasPrefix(m, "NOTIFY") {
		t.Errorf("told all the same: %s", m)
	}
	p.ask("BYE", "", "")
	ev.Referral.Report(503)
}

// TestReplaced: the leg goes on in another dialog, by the same port; the old one ends.
func TestReplaced(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	offers := make(chan string, 4)
	take := answering(leg.Limits{}, legs)
	tr := trunk(t, pbx(referring), func(ctx context.Context, o leg.Offer) {
		offers <- o.Ringing().ID
		take(ctx, o)
	})
	first, second, third := newPeer(t, tr), newPeer(t, tr), newPeer(t, tr)
	before := first.invite(true)
	l := next(t, legs)
	replaces := func(p *peer, more string) string {
		return fmt.Sprintf("Require: replaces\r\nReplaces: %s;to-tag=%s;from-tag=%s%s\r\n", p.callID, p.totag, p.tag, more)
	}
	for _, c := range []struct {
		headers, body string
		want          int
	}{
		{"Replaces: nonsense\r\n", second.sdp(""), 400},
		{replaces(first, "") + replaces(first, ""), second.sdp(""), 400},
		{strings.Replace(replaces(first, ""), "to-tag=", "to-tag=x", 1), second.sdp(""), 481},
		{strings.Replace(replaces(first, ""), "from-tag=", "from-tag=x", 1), second.sdp(""), 481},
		{replaces(first, ";early-only"), second.sdp(""), 486},
		{replaces(first, ""), strings.Replace(second.sdp(""), "AVP 0 101", "AVP 96", 1), 488},
	} {
		second.seq++
		second.send(second.request("INVITE", "", c.headers, c.body))
		if code, m := second.final(); code != c.want {
			t.Errorf("%q: %s", c.headers, m)
		}
	}
	if code, m := second.ask("OPTIONS", replaces(first, ""), ""); code != 400 {
		t.Errorf("OPTIONS: %s", m)
	}
	port := func(m string) string {
		_, m, _ = strings.Cut(m, "m=audio ")
		n, _, _ := strings.Cut(m, " ")
		return n
	}
	_, ok := second.timed(replaces(first, ""))
	if port(ok) != port(before) || port(ok) == "" {
		t.Errorf("another port: %s", ok)
	}
	first.respond(first.expect("BYE "), "200 OK", "", "")
	if code, m := second.ask("INVITE", "", second.sdp("a=sendonly\r\n")); code != 200 {
		t.Errorf("hold: %s", m)
	}
	event(t, l, leg.Held)
	third.seq = 1 // answers in its ACK
	third.send(third.request("INVITE", "", replaces(second, ""), ""))
	_, ok = third.final()
	if port(ok) != port(before) {
		t.Errorf("another port: %s", ok)
	}
	third.totag = tagOf(header(ok, "To"))
	third.send(third.request("ACK", "", "", third.sdp("")))
	event(t, l, leg.Resumed)
	second.respond(second.expect("BYE "), "200 OK", "", "")
	if l.(leg.Identified).ID() != first.callID {
		t.Errorf("the leg is %q now", l.(leg.Identified).ID())
	}
	go func() { _ = l.Hangup(context.Background(), parley.AgentEnded) }()
	third.respond(third.expect("BYE "), "200 OK", "", "")
	if err := ended(t, l); !errors.Is(err, io.EOF) {
		t.Errorf("ended by %v", err)
	}
	if len(offers) != 1 {
		t.Errorf("%d calls", len(offers))
	}
	for end := time.Now().Add(patience); dialogs(tr) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d dialogs stay", dialogs(tr))
		}
	}
}

// TestReplacesRinging: a call that is not answered yet is not to be taken over (RFC 3891 §3), nor is one of another account.
func TestReplacesRinging(t *testing.T) {
	pick, legs := make(chan struct{}), make(chan leg.Leg, 1)
	accounts := []parley.TrunkAccount{{ID: "one", AllowedAddresses: []string{"127.0.0.1"}}, {ID: "another", AllowedAddresses: []string{"127.0.0.2"}}}
	tr := trunk(t, Config{Trunks: list(accounts...)}, slow(pick, legs))
	p, rival, thief := newPeer(t, tr), newPeer(t, tr), newPeer(t, tr)
	_ = thief.c.Close()
	var err error
	if thief.c, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2)}); err != nil {
		t.Skip("no second address here: ", err)
	}
	t.Cleanup(func() { _ = thief.c.Close() })
	p.seq = 1
	p.send(p.request("INVITE", "", "", p.sdp("")))
	p.totag = tagOf(header(p.expect("SIP/2.0 180"), "To"))
	headers := fmt.Sprintf("Replaces: %s;to-tag=%s;from-tag=%s\r\n", p.callID, p.totag, p.tag)
	if code, m := rival.timed(headers); code != 481 {
		t.Errorf("while it rings: %s", m)
	}
	close(pick)
	p.expect("SIP/2.0 200")
	p.send(p.request("ACK", "", "", ""))
	next(t, legs)
	if code, m := thief.timed(headers); code != 481 {
		t.Errorf("of another account: %s", m)
	}
	p.ask("BYE", "", "")
}

func FuzzReplaces(f *testing.F) {
	f.Add("98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff;early-only")
	f.Add(";to-tag=;from-tag=")
	f.Fuzz(func(t *testing.T, s string) {
		if r, err := parseReplaces(s); err == nil && (r.callID == "" || r.to == "" || r.from == "" || !clean(s)) {
			t.Errorf("%q: %+v", s, r)
		}
	})
}
