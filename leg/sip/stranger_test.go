package sip

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// TestRefusedOnce: who has not proven himself gets one answer to each packet, and leaves nothing behind: a forged source is
// not flooded with repetitions (RFC 3261 §26.3.2.4).
func TestRefusedOnce(t *testing.T) {
	for name, account := range map[string]parley.TrunkAccount{
		"401": {ID: "x", Username: "u", Password: "p"},
		"403": {ID: "x", AllowedAddresses: []string{"192.0.2.1"}},
	} {
		tr := trunk(t, Config{Trunks: list(account)}, nil)
		p := newPeer(t, tr)
		p.seq = 1
		invite := p.request("INVITE", "z9hG4bKonce", "", p.sdp(""))
		for range 2 { // a repeated one is answered anew
			p.send(invite)
			if m := p.read(patience); !strings.HasPrefix(m, "SIP/2.0 "+name) {
				t.Errorf("%s: got %.40q", name, m)
			}
			if m := p.read(150 * time.Millisecond); m != "" { // 15 T1
				t.Errorf("%s: repeated %.40q", name, m)
			}
		}
		p.send(p.request("ACK", "z9hG4bKonce", "", ""))
		for i := 0; ; i++ { // while the ACK is looked at, it is taken for the INVITE
			p.send(p.request("CANCEL", "z9hG4bKonce", "", ""))
			m := p.read(patience)
			if strings.HasPrefix(m, "SIP/2.0 481") {
				break
			} else if i == 5 {
				t.Errorf("%s: the INVITE is still known: %.40q", name, m)
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// TestStraysLeaveNothing: a request outside of any dialog is forgotten with its answer, and its repetition answered by the same tag all the
// same. Were it remembered, the second answer would name the first caller.
func TestStraysLeaveNothing(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, tr)
	for _, method := range []string{"OPTIONS", "MESSAGE", "BYE"} {
		p.seq++
		m := p.request(method, "", "", "")
		p.send(m)
		_, first := p.final()
		known := true
		for i := 0; known && i < 5; i++ { // it is forgotten just after the answer; were it not, then for 64·T1
			time.Sleep(10 * time.Millisecond)
			p.send(strings.Replace(m, "\"Ann\"", "\"Bea\"", 1))
			_, again := p.final()
			known = !strings.Contains(header(again, "From"), "Bea")
			if tag := tagOf(header(again, "To")); tag == "" || tag != tagOf(header(first, "To")) {
				t.Errorf("%s: tags %q and %q", method, tagOf(header(first, "To")), tag)
			}
		}
		if known {
			t.Errorf("%s is remembered", method)
		}
	}
}

// TestRefusalsSayWhatWouldDo: RFC 3261 §21.4.13 and §8.2.2.3.
func TestRefusalsSayWhatWouldDo(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(strings.Replace(p.request("INVITE", "", "", p.sdp("")), "application/sdp", "text/plain", 1))
	if code, m := p.final(); code != 415 || header(m, "Accept") != "application/sdp" {
		t.Errorf("415: %s", m)
	}
	p.callID, p.seq = p.callID+"x", 2
	p.send(p.request("INVITE", "", "Require: 100rel, precondition\r\nRequire: timer, gruu\r\n", p.sdp("")))
	if code, m := p.final(); code != 420 || header(m, "Unsupported") != "precondition, gruu" || tagOf(header(m, "To")) == "" {
		t.Errorf("420: %s", m)
	}
	p.callID += "x"
	p.invite(true)
	next(t, legs)
	for _, method := range []string{"INVITE", "UPDATE"} {
		p.seq++
		p.send(strings.Replace(p.request(method, "", "", p.sdp("")), "application/sdp", "text/plain", 1))
		if code, m := p.final(); code != 415 || header(m, "Accept") != "application/sdp" {
			t.Errorf("%s within: %s", method, m)
		}
	}
	if code, m := p.ask("INVITE", "Require: gruu\r\n", p.sdp("")); code != 420 || header(m, "Unsupported") != "gruu" {
		t.Errorf("re-INVITE: %s", m)
	}
}

// TestOptionsInDialog: PBXs ask by OPTIONS whether a call still is (RFC 3261 §12.2.2).
func TestOptionsInDialog(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(true)
	next(t, legs)
	if code, m := p.ask("OPTIONS", "", ""); code != 200 || !strings.Contains(header(m, "Allow"), "INVITE") {
		t.Errorf("of a call that is: %s", m)
	}
	if code, _ := p.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %d", code)
	}
	for dialogs(tr) > 0 {
		time.Sleep(time.Millisecond)
	}
	if code, m := p.ask("OPTIONS", "", ""); code != 481 {
		t.Errorf("of one that is over: %s", m)
	}
}

// TestLongHold: a far end that sends nothing while it holds has its media timeout anew when it comes back.
func TestLongHold(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	const timeout = 400 * time.Millisecond
	tr := trunk(t, Config{}, answering(leg.Limits{MediaTimeout: timeout}, legs))
	p := newPeer(t, tr)
	p.invite(true)
	l := next(t, legs)
	if code, m := p.ask("INVITE", "", p.sdp("a=inactive\r\n")); code != 200 || !strings.Contains(m, "a=inactive") {
		t.Fatalf("hold: %s", m)
	}
	event(t, l, leg.Held)
	time.Sleep(timeout + timeout/4)
	if code, m := p.ask("INVITE", "", p.sdp("")); code != 200 {
		t.Fatalf("resume: %s", m)
	}
	event(t, l, leg.Resumed)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	frames := 0
	for { // nothing comes now either: it ends, but not at once
		ev, err := l.Read(ctx)
		if err != nil {
			break
		}
		if ev.Kind == leg.Played {
			frames++
		}
	}
	if frames < 10 {
		t.Errorf("it lasted for %d frames more", frames)
	}
}

// TestRefusedReinviteChangesNothing: the target is refreshed by what is accepted only (RFC 3261 §12.2).
func TestRefusedReinviteChangesNothing(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(true)
	l := next(t, legs)
	for _, method := range []string{"INVITE", "UPDATE"} {
		p.seq++
		m := p.request(method, "", "", strings.Replace(p.sdp(""), "AVP 0 101", "AVP 96", 1))
		p.send(strings.Replace(m, "Contact: <sip:ann@", "Contact: <sip:elsewhere@", 1))
		if code, m := p.final(); code != 488 {
			t.Fatalf("%s: %s", method, m)
		}
	}
	go func() { _ = l.Hangup(context.Background(), parley.AgentEnded) }()
	if bye := p.expect("BYE "); !strings.HasPrefix(bye, "BYE sip:ann@") {
		t.Errorf("%.60q", bye)
	}
}
