package sip

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// number is that of a CSeq.
func number(t *testing.T, m string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.Fields(header(m, "CSeq"))[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// provisional answers reliably.
func (p *peer) provisional(inv, status string, rseq int, sdp string) {
	p.respond(inv, status, fmt.Sprintf("Require: 100rel\r\nRSeq: %d\r\n", rseq), sdp)
}

// pracked expects the PRACK of that RSeq and accepts it.
func (p *peer) pracked(t *testing.T, inv string, rseq, cseq int) {
	t.Helper()
	m := p.expect("PRACK ")
	for p.pracks[m] {
		m = p.expect("PRACK ")
	}
	if p.pracks == nil {
		p.pracks = map[string]bool{}
	}
	p.pracks[m] = true
	if want := fmt.Sprintf("%d %d INVITE", rseq, number(t, inv)); header(m, "RAck") != want || number(t, m) != cseq {
		t.Errorf("RAck %q, CSeq %q, not %q and %d", header(m, "RAck"), header(m, "CSeq"), want, cseq)
	}
	if !strings.HasPrefix(m, fmt.Sprintf("PRACK sip:bob@127.0.0.1:%d ", p.port())) || tagOf(header(m, "To")) != p.tag {
		t.Errorf("%s", m)
	}
	p.respond(m, "200 OK", "", "")
}

// TestReliable: each reliable answer gets one PRACK, in their order; the ACK has the INVITE's number, what follows the next one; and
// a 200 that describes nothing means what was described before.
func TestReliable(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	codes := make(chan int, 16)
	ch := dial(t, tr, p, leg.Call{Progress: func(pr leg.Progress) { codes <- pr.Code }})
	inv := p.expect("INVITE ")
	n := number(t, inv)
	p.provisional(inv, "183 Session Progress", 4711, p.sdp(""))
	p.pracked(t, inv, 4711, n+1)
	p.provisional(inv, "183 Session Progress", 4711, p.sdp("")) // as if the PRACK was late
	p.provisional(inv, "180 Ringing", 4713, "")                 // one that must wait for 4712
	p.quiet("a repeated answer, or one out of turn")
	p.provisional(inv, "180 Ringing", 4712, "")
	p.pracked(t, inv, 4712, n+2)
	p.provisional(inv, "180 Ringing", 4713, "")
	p.pracked(t, inv, 4713, n+3)
	p.respond(inv, "200 OK", "", "")
	ack := p.expect("ACK ")
	if number(t, ack) != n {
		t.Errorf("ACK with CSeq %q, INVITE %q", header(ack, "CSeq"), header(inv, "CSeq"))
	}
	l := accepted(t, ch)
	if bye := hangUp(t, l, p); number(t, bye) != n+4 {
		t.Errorf("BYE with CSeq %q", header(bye, "CSeq"))
	}
	for _, want := range []int{183, 180, 180} {
		if got := <-codes; got != want {
			t.Errorf("progress %d, not %d", got, want)
		}
	}
	if len(codes) > 0 {
		t.Errorf("progress %d more times", len(codes))
	}
}

// TestReliableChallenged: a PRACK is signed when it is asked to be.
func TestReliableChallenged(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{To: "1", Trunk: &parley.TrunkAccount{Host: "127.0.0.1", Port: p.port(), Username: "u", Password: "p"}})
	inv := p.expect("INVITE ")
	p.provisional(inv, "183 Session Progress", 1, p.sdp(""))
	m := p.expect("PRACK ")
	p.respond(m, "407 Proxy Authentication Required", "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n", "")
	again := p.anew("PRACK", m)
	if header(again, "Proxy-Authorization") == "" || header(again, "RAck") != header(m, "RAck") {
		t.Errorf("%s", again)
	}
	p.respond(again, "200 OK", "", "")
	p.respond(inv, "200 OK", "", p.sdp(""))
	if ack := p.expect("ACK "); number(t, ack) != number(t, inv) {
		t.Errorf("%s", ack)
	}
	hangUp(t, accepted(t, ch), p)
}

// TestEarlySessions: what came while it rang stands in for a 200 without a session, in whatever kind of answer; without either there
// is no call.
func TestEarlySessions(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	for name, c := range map[string]struct {
		early func(p *peer, inv string)
		final string
		ok    bool
	}{
		"unreliable, then none": {func(p *peer, inv string) { p.respond(inv, "183 Session Progress", "", p.sdp("")) }, "", true},
		"none at all":           {func(p *peer, inv string) { p.respond(inv, "180 Ringing", "", "") }, "", false},
		"first and last":        {func(p *peer, inv string) { p.respond(inv, "183 Session Progress", "", p.sdp("")) }, peerSDP, true},
		"nonsense, then none": {func(p *peer, inv string) {
			p.respond(inv, "183 Session Progress", "", strings.Replace(p.sdp(""), "AVP 0 101", "AVP 77", 1))
		}, "", false},
	} {
		p := newPeer(t, nil)
		ch := dial(t, tr, p, leg.Call{})
		inv := p.expect("INVITE ")
		c.early(p, inv)
		time.Sleep(20 * time.Millisecond) // sipgo keeps no order
		if c.final != "" {
			c.final = p.sdp("")
		}
		p.respond(inv, "200 OK", "", c.final)
		p.expect("ACK ")
		if c.ok {
			hangUp(t, accepted(t, ch), p)
			continue
		}
		p.respond(p.expect("BYE "), "200 OK", "", "")
		if r := rejected(t, ch); r.Cause != parley.Unreachable || r.Code != 200 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestForkedEarly: each branch that rings has numbers of its own; of those that answer late after all each is hung up on with the
// number that is its turn.
func TestForkedEarly(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{})
	inv := p.expect("INVITE ")
	n := number(t, inv)
	for _, tag := range []string{"desk", "mobile"} {
		p.tag = tag
		p.provisional(inv, "183 Session Progress", 9, p.sdp(""))
		p.pracked(t, inv, 9, n+1)
	}
	p.respond(inv, "200 OK", "", "")
	p.expect("ACK ")
	l := accepted(t, ch)
	p.tag = "desk"
	p.respond(inv, "200 OK", "", "")
	if ack := p.expect("ACK "); tagOf(header(ack, "To")) != "desk" {
		t.Errorf("%s", ack)
	}
	bye := p.expect("BYE ")
	if tagOf(header(bye, "To")) != "desk" || number(t, bye) != n+2 {
		t.Errorf("%s", bye)
	}
	p.respond(bye, "200 OK", "", "")
	if bye := hangUp(t, l, p); tagOf(header(bye, "To")) != "mobile" || number(t, bye) != n+2 {
		t.Errorf("%s", bye)
	}
}

// TestManyBranches: a far end that makes up branches is not followed in all of them.
func TestManyBranches(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{RingTimeout: 400 * time.Millisecond})
	inv := p.expect("INVITE ")
	tags := map[string]bool{}
	for i := range 4 * forksMost {
		p.tag = fmt.Sprintf("fork%d", i)
		p.provisional(inv, "180 Ringing", 1, "")
		for m := p.read(2 * time.Millisecond); m != ""; m = p.read(2 * time.Millisecond) {
			if strings.HasPrefix(m, "PRACK ") {
				tags[tagOf(header(m, "To"))] = true
				p.respond(m, "200 OK", "", "")
			}
		}
	}
	if n := len(tags); n == 0 || n > forksMost {
		t.Errorf("PRACKs to %d branches", n)
	}
	p.respond(p.expect("CANCEL "), "200 OK", "", "")
	p.respond(inv, "487 Request Terminated", "", "")
	if r := rejected(t, ch); r.Cause != parley.NoAnswer {
		t.Errorf("%+v", r)
	}
	for end := time.Now().Add(patience); dialogs(tr) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d dialogs are left", dialogs(tr))
		}
	}
}

// TestUpdateWhileItRings: an UPDATE with a session is answered once our offer has its reliable answer, and counts from the start.
func TestUpdateWhileItRings(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{})
	inv := p.expect("INVITE ")
	p.callID, p.totag, p.target = header(inv, "Call-ID"), tagOf(header(inv, "From")), strings.Trim(header(inv, "Contact"), "<>")
	if code, _ := p.ask("UPDATE", "", p.sdp("")); code != 481 {
		t.Errorf("before anything rang: %d", code)
	}
	p.respond(inv, "180 Ringing", "", "")
	time.Sleep(20 * time.Millisecond)
	if code, _ := p.ask("UPDATE", "", p.sdp("")); code != 491 {
		t.Errorf("before our offer was answered: %d", code)
	}
	if code, _ := p.ask("OPTIONS", "", ""); code != 200 {
		t.Errorf("OPTIONS: %d", code)
	}
	p.provisional(inv, "183 Session Progress", 1, p.sdp(""))
	p.pracked(t, inv, 1, number(t, inv)+1)
	code, m := p.ask("UPDATE", "", p.sdp("a=sendonly\r\n"))
	if code != 200 || !strings.Contains(m, "a=recvonly") {
		t.Errorf("UPDATE: %s", m)
	}
	if code, _ := p.ask("UPDATE", "", strings.Replace(p.sdp(""), "AVP 0 101", "AVP 77", 1)); code != 488 {
		t.Errorf("an UPDATE of no use: %d", code)
	}
	p.respond(inv, "200 OK", "", p.sdp("")) // what is old by now
	p.expect("ACK ")
	l := accepted(t, ch)
	if !l.(*call).held.Load() {
		t.Error("the UPDATE is forgotten")
	}
	if code, _ := p.ask("UPDATE", "", p.sdp("")); code != 200 {
		t.Errorf("UPDATE of the call: %d", code)
	}
	event(t, l, leg.Resumed)
	if code, _ := p.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %d", code)
	}
	if err := ended(t, l); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// TestOddAnswers: provisional answers that are none of ours, or half of one, do no harm.
func TestOddAnswers(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{})
	inv := p.expect("INVITE ")
	for _, h := range []string{
		"Require: 100rel\r\n", "Require: 100rel\r\nRSeq: 0\r\n", "Require: 100rel\r\nRSeq: -1\r\n", "Require: 100rel\r\nRSeq: 99999999999\r\n",
		"Require: 100rel\r\nRSeq: x\r\n", "RSeq: 1\r\n", "Require: precondition\r\nRSeq: 1\r\n", "Contact: nonsense\r\n",
	} {
		p.respond(inv, "183 Session Progress", h, "nonsense")
	}
	p.quiet("no reliable answer")
	p.respond(inv, "200 OK", "", p.sdp(""))
	p.expect("ACK ")
	hangUp(t, accepted(t, ch), p)
}
