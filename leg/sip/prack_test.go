package sip

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// slow is an owner who answers when he is told to.
func slow(pick <-chan struct{}, legs chan<- leg.Leg) func(context.Context, leg.Offer) {
	take := answering(leg.Limits{}, legs)
	return func(ctx context.Context, o leg.Offer) {
		select {
		case <-pick:
			take(ctx, o)
		case <-ctx.Done():
		}
	}
}

// TestReliableRinging: a caller who requires it gets a 180 that is repeated until his PRACK, and then the 200 under the INVITE's number.
func TestReliableRinging(t *testing.T) {
	pick, legs := make(chan struct{}), make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, slow(pick, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "z9hG4bKrel", "Require: 100rel\r\n", p.sdp("")))
	ring := p.expect("SIP/2.0 180")
	rseq, err := strconv.Atoi(header(ring, "RSeq"))
	if err != nil || rseq < 1 || header(ring, "Require") != "100rel" || header(ring, "Contact") == "" {
		t.Fatalf("180: %s", ring)
	}
	if again := p.expect("SIP/2.0 180"); again != ring {
		t.Errorf("repeated otherwise: %s", again)
	}
	p.totag = tagOf(header(ring, "To"))
	for _, c := range []struct {
		rack string
		want int
	}{
		{"", 481}, {"x 1 INVITE", 481}, {fmt.Sprintf("%d 1 INVITE", rseq+1), 481}, {fmt.Sprintf("%d 2 INVITE", rseq), 481},
		{fmt.Sprintf("%d 1 BYE", rseq), 481}, {fmt.Sprintf("%d 1 INVITE", rseq), 200}, {fmt.Sprintf("%d 1 INVITE", rseq), 481},
	} {
		p.seq++
		p.send(p.request("PRACK", "", "RAck: "+c.rack+"\r\n", ""))
		if code, m := p.final(); code != c.want || !strings.HasSuffix(header(m, "CSeq"), "PRACK") {
			t.Errorf("RAck %q: %s", c.rack, m)
		}
	}
	for m := p.read(50 * time.Millisecond); m != ""; m = p.read(50 * time.Millisecond) {
		if strings.HasPrefix(m, "SIP/2.0 180") && header(m, "RSeq") == "" {
			t.Errorf("after the PRACK: %s", m)
		}
	}
	close(pick)
	code, ok := p.final()
	if code != 200 || header(ok, "CSeq") != "1 INVITE" || header(ok, "Supported") != supported || !strings.Contains(header(ok, "Allow"), "PRACK") {
		t.Errorf("200: %s", ok)
	}
	last := p.seq
	p.seq = 1
	p.send(p.request("ACK", "", "", ""))
	p.seq = last
	l := next(t, legs)
	time.Sleep(800 * time.Millisecond) // more than 64·T1
	if err := l.Mark(1); err != nil {
		t.Errorf("the ACK with the INVITE's number was not seen: %v", err)
	}
	if code, _ := p.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %d", code)
	}
}

// TestNoPRACK: a caller who never acknowledges is refused, and his owner told.
func TestNoPRACK(t *testing.T) {
	over := make(chan error, 1)
	tr := trunk(t, Config{}, func(ctx context.Context, _ leg.Offer) {
		<-ctx.Done()
		over <- context.Cause(ctx)
	})
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "Require: 100rel\r\n", p.sdp("")))
	rings := 0
	for {
		m := p.expect("SIP/2.0 ")
		if strings.HasPrefix(m, "SIP/2.0 180") {
			rings++
			continue
		}
		if m[8] != '1' {
			if !strings.HasPrefix(m, "SIP/2.0 504") {
				t.Errorf("refused with %s", m)
			}
			break
		}
	}
	if rings < 3 { // 10, 20, 40 … ms, for 640 ms
		t.Errorf("180 sent %d times", rings)
	}
	if err := <-over; !errors.Is(err, errNoPRACK) {
		t.Errorf("the owner learns %v", err)
	}
	if dialogs(tr) != 0 {
		t.Error("the dialog stays")
	}
}

// TestReliableWithoutAnOffer: our offer would have to stand in the first reliable answer, so that is the 200.
func TestReliableWithoutAnOffer(t *testing.T) {
	pick, legs := make(chan struct{}), make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, slow(pick, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "Require: 100rel\r\n", ""))
	if m := p.expect("SIP/2.0 "); !strings.HasPrefix(m, "SIP/2.0 100") || header(m, "RSeq") != "" {
		t.Errorf("first came %s", m)
	}
	close(pick)
	ok := p.expect("SIP/2.0 ")
	if !strings.HasPrefix(ok, "SIP/2.0 200") || !strings.Contains(ok, "m=audio") {
		t.Errorf("then %s", ok)
	}
	p.totag = tagOf(header(ok, "To"))
	p.send(p.request("ACK", "", "", p.sdp("")))
	next(t, legs)
	p.ask("BYE", "", "")
}

// TestReliableAndPickedUpAtOnce: the 200 does not wait for the PRACK, whose number ends no wait for the ACK.
func TestReliableAndPickedUpAtOnce(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "Require: 100rel\r\n", p.sdp("")))
	ring := p.expect("SIP/2.0 180")
	ok := p.expect("SIP/2.0 200")
	p.totag = tagOf(header(ok, "To"))
	p.seq = 2
	p.send(p.request("PRACK", "", "RAck: "+header(ring, "RSeq")+" 1 INVITE\r\n", ""))
	pracked, repeated := false, 0
	for !pracked || repeated == 0 {
		m := p.expect("SIP/2.0 200")
		if header(m, "CSeq") == "2 PRACK" {
			pracked = true
		} else if pracked {
			repeated++
		}
	}
	p.seq = 1
	p.send(p.request("ACK", "", "", ""))
	p.seq = 2
	next(t, legs)
	p.ask("BYE", "", "")
}

// TestCancelOfReliableRinging: the repetitions end with the call, and the 487 is what is repeated.
func TestCancelOfReliableRinging(t *testing.T) {
	tr := trunk(t, Config{}, func(ctx context.Context, _ leg.Offer) { <-ctx.Done() })
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "z9hG4bKrc", "Require: 100rel\r\n", p.sdp("")))
	p.expect("SIP/2.0 180")
	p.send(p.request("CANCEL", "z9hG4bKrc", "", ""))
	p.expect("SIP/2.0 487")
	p.expect("SIP/2.0 487")
	for range 3 {
		if m := p.read(patience); !strings.HasPrefix(m, "SIP/2.0 487") {
			t.Errorf("got %.40q", m)
		}
	}
}

// TestUpdateWhileRinging: RFC 3311 §5.2.
func TestUpdateWhileRinging(t *testing.T) {
	pick, legs := make(chan struct{}), make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, slow(pick, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "", p.sdp("")))
	p.totag = tagOf(header(p.expect("SIP/2.0 180"), "To"))
	for _, c := range []struct {
		method, body string
		want         int
	}{{"UPDATE", p.sdp(""), 500}, {"UPDATE", "", 200}, {"INVITE", p.sdp(""), 500}} {
		code, m := p.ask(c.method, "", c.body)
		if code != c.want {
			t.Errorf("%s: %s", c.method, m)
		}
		if after, err := strconv.Atoi(header(m, "Retry-After")); code == 500 && (err != nil || after < 0 || after > 10) {
			t.Errorf("%s: Retry-After %q", c.method, header(m, "Retry-After"))
		}
	}
	close(pick)
	p.expect("SIP/2.0 200")
	last := p.seq
	p.seq = 1
	p.send(p.request("ACK", "", "", ""))
	p.seq = last
	next(t, legs)
	if code, m := p.ask("UPDATE", "", p.sdp("a=sendonly\r\n")); code != 200 || !strings.Contains(m, "a=recvonly") {
		t.Errorf("UPDATE of the call: %s", m)
	}
	p.ask("BYE", "", "")
}

// TestOfferBeforeTheAnswer: as long as our offer is not answered no other is taken.
func TestOfferBeforeTheAnswer(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "", ""))
	p.totag = tagOf(header(p.expect("SIP/2.0 200"), "To"))
	for _, method := range []string{"UPDATE", "INVITE"} {
		p.seq++
		branch := "z9hG4bKoba" + method
		p.send(p.request(method, branch, "", p.sdp("")))
		p.expect("SIP/2.0 491")
		if method == "INVITE" {
			p.send(p.request("ACK", branch, "", ""))
		}
	}
	last := p.seq
	p.seq = 1
	p.send(p.request("ACK", "", "", p.sdp("")))
	p.seq = last
	next(t, legs)
	if code, m := p.ask("INVITE", "", p.sdp("")); code != 200 {
		t.Errorf("re-INVITE: %s", m)
	}
	p.ask("BYE", "", "")
}

// TestMultipart: a session among other parts is found; a body that need not be understood is passed over.
func TestMultipart(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	mixed := "--b1\r\nContent-Type: application/isup;version=itu-t92+\r\nContent-Disposition: signal;handling=optional\r\n\r\n\x01\x02\x03\r\n" +
		"--b1\r\nContent-Type: application/sdp\r\n\r\n" + p.sdp("") + "\r\n--b1--\r\n"
	for _, c := range []struct {
		name, kind, headers, body string
		want                      int
	}{
		{"mixed", `multipart/mixed;boundary="b1"`, "", mixed, 200},
		{"no session in it", "multipart/mixed;boundary=b1", "", "--b1\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b1--\r\n", 415},
		{"no boundary", "multipart/mixed", "", mixed, 415},
		{"encoded", "application/sdp", "Content-Encoding: gzip\r\n", p.sdp(""), 415},
		{"not encoded", "application/sdp", "Content-Encoding: identity\r\n", p.sdp(""), 200},
		{"not needed", "application/pidf+xml", "Content-Disposition: session;handling=optional\r\n", "<x/>", 200},
		{"needed", "application/pidf+xml", "", "<x/>", 415},
	} {
		p := newPeer(t, tr)
		p.seq = 1
		m := strings.Replace(p.request("INVITE", "", c.headers, c.body), "Content-Type: application/sdp", "Content-Type: "+c.kind, 1)
		p.send(m)
		code, res := p.final()
		if code != c.want {
			t.Errorf("%s: %s", c.name, res)
		}
		if code == 415 && header(res, "Accept")+header(res, "Accept-Encoding") == "" {
			t.Errorf("%s: what would do? %s", c.name, res)
		}
		if code != 200 {
			continue
		}
		p.totag = tagOf(header(res, "To"))
		answer := ""
		if c.name == "not needed" {
			answer = p.sdp("")
		}
		p.send(p.request("ACK", "", "", answer))
		_ = next(t, legs).Hangup(t.Context(), parley.AgentEnded)
		p.respond(p.expect("BYE "), "200 OK", "", "")
	}
}
