package sip

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// TestLinesInUse: an account with one line has no second call; one that takes the first's place needs none; afterwards it is free again.
func TestLinesInUse(t *testing.T) {
	legs := make(chan leg.Leg, 4)
	tr := trunk(t, pbx(func(a *parley.TrunkAccount) { a.Limits.Calls = 1 }), answering(leg.Limits{}, legs))
	for range 2 {
		first, second, third := newPeer(t, tr), newPeer(t, tr), newPeer(t, tr)
		first.invite(true)
		next(t, legs)
		if code, m := second.timed(""); code != 486 {
			t.Errorf("a second call: %s", m)
		}
		if code, m := third.timed("Replaces: " + first.callID + ";to-tag=" + first.totag + ";from-tag=" + first.tag + "\r\n"); code != 200 {
			t.Errorf("in the first's place: %s", m)
		}
		first.respond(first.expect("BYE "), "200 OK", "", "")
		if code, m := third.ask("BYE", "", ""); code != 200 {
			t.Errorf("BYE: %s", m)
		}
		for end := time.Now().Add(patience); dialogs(tr) > 0; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("dialogs stay")
			}
		}
	}
}

// TestOldCaller: one of RFC 2543 has no tag, and need not say where it is.
func TestOldCaller(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	old := func(m string) string {
		m = regexp.MustCompile(`(?m)^(Contact|Max-Forwards): .*\r\n`).ReplaceAllString(m, "")
		m = regexp.MustCompile(`;branch=[^;]*`).ReplaceAllString(m, "")
		return strings.Replace(m, ";tag="+p.tag, "", 1)
	}
	p.seq = 1
	p.send(old(p.request("INVITE", "1", "", p.sdp(""))))
	code, ok := p.final()
	if code != 200 {
		t.Fatalf("INVITE: %s", ok)
	}
	p.totag = tagOf(header(ok, "To"))
	p.send(old(p.request("ACK", "2", "", "")))
	l := next(t, legs)
	time.Sleep(800 * time.Millisecond) // more than 64·T1
	if err := l.Mark(1); err != nil {
		t.Errorf("the ACK was not seen: %v", err)
	}
	p.seq = 2
	p.send(old(p.request("BYE", "3", "", "")))
	if code, m := p.final(); code != 200 {
		t.Errorf("BYE: %s", m)
	}
	_ = ended(t, l)
}

// TestExtensionOutsideACall: RFC 3261 §8.2.2.3 holds for every method.
func TestExtensionOutsideACall(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("OPTIONS", "", "Require: nothingSupportsThis, nothingSupportsThisEither\r\n", ""))
	if code, m := p.final(); code != 420 || header(m, "Unsupported") != "nothingSupportsThis, nothingSupportsThisEither" {
		t.Errorf("OPTIONS: %s", m)
	}
}

// TestQuality: both ends counted the same packets.
func TestQuality(t *testing.T) {
	placed, taken := pair(t, "udp", leg.Limits{}, leg.Limits{})
	for range 50 {
		event(t, taken, leg.Audio)
	}
	_ = placed.Hangup(context.Background(), parley.AgentEnded)
	_ = ended(t, taken)
	q := taken.(leg.Measured).Quality()
	if q.Codec == "" || q.Received == 0 || q.Sent == 0 {
		t.Errorf("%+v", q)
	}
	if o := placed.(leg.Measured).Quality(); o.Codec != q.Codec || o.Sent < q.Received {
		t.Errorf("%+v and %+v", o, q)
	}
}
