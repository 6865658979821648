package sip

import (
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// next waits for a leg.
func next(t *testing.T, legs <-chan leg.Leg) leg.Leg {
	t.Helper()
	select {
	case l := <-legs:
		return l
	case <-time.After(patience):
		t.Fatal("no leg")
		return nil
	}
}

// event reads on to the next event of a kind; other kinds are let pass.
func event(t *testing.T, l leg.Leg, k leg.Kind) leg.Event {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	for {
		ev, err := l.Read(ctx)
		if err != nil {
			t.Fatalf("no event of kind %d: %v", k, err)
		}
		if ev.Kind == k {
			return ev
		}
	}
}

// ended reads to the end.
func ended(t *testing.T, l leg.Leg) error {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	for {
		if _, err := l.Read(ctx); err != nil {
			return err
		}
	}
}

func TestRinging(t *testing.T) {
	got := make(chan leg.Ringing, 1)
	tr := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) {
		got <- o.Ringing()
		_ = o.Reject(ctx, parley.Busy)
	})
	p := newPeer(t, tr)
	p.seq = 1
	p.target = tr.uri("%2B15551234567")
	p.send(p.request("INVITE", "", "X-Account: 42\r\nx-two: b\r\nX-Account: 43\r\nDiversion: <sip:d@x>\r\n"+
		"P-Asserted-Identity: <tel:+1555>\r\nUser-to-User: ab;encoding=hex\r\nHistory-info: <sip:h@x>;index=1\r\nSubject: no\r\n", p.sdp("")))
	r := <-got
	if r.ID != p.callID || r.From != "ann" || r.FromName != "Ann" || r.To != "+15551234567" || r.Trunk != "" || int(r.Source.Port()) != p.port() {
		t.Errorf("ringing %+v", r)
	}
	want := map[string]string{"X-Account": "42", "x-two": "b", "Diversion": "<sip:d@x>", "P-Asserted-Identity": "<tel:+1555>", "User-To-User": "ab;encoding=hex", "History-Info": "<sip:h@x>;index=1"}
	if len(r.Headers) != len(want) {
		t.Errorf("headers %v", r.Headers)
	}
	for k, v := range want {
		if r.Headers[k] != v {
			t.Errorf("header %s: %q", k, r.Headers[k])
		}
	}
	p.expect("SIP/2.0 180")
	if code, _ := p.final(); code != 486 {
		t.Errorf("status %d", code)
	}
}

func TestRejections(t *testing.T) {
	for cause, want := range map[parley.Cause]int{
		parley.Busy: 486, parley.Declined: 603, parley.Unreachable: 404, parley.NoAnswer: 480, parley.Configuration: 503, parley.Voicemail: 500,
	} {
		t.Run(string(cause), func(t *testing.T) {
			again := make(chan error, 2)
			tr := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) {
				_ = o.Reject(ctx, cause)
				again <- o.Reject(ctx, cause)
				_, err := o.Answer(ctx, leg.Limits{})
				again <- err
			})
			p := newPeer(t, tr)
			p.seq = 1
			branch := "z9hG4bKsame"
			p.send(p.request("INVITE", branch, "", p.sdp("")))
			code, m := p.final()
			if code != want {
				t.Errorf("status %d", code)
			}
			for range 2 {
				if !errors.Is(<-again, errAnswered) {
					t.Error("an offer is decided twice")
				}
			}
			p.totag = tagOf(header(m, "To"))
			p.send(p.request("ACK", branch, "", ""))
		})
	}
	tr := trunk(t, Config{}, func(context.Context, leg.Offer) {}) // the owner forgets
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "", p.sdp("")))
	if code, _ := p.final(); code != 480 {
		t.Errorf("status %d when the owner does nothing", code)
	}
}

// TestOwnerReturns: returning hangs up.
func TestOwnerReturns(t *testing.T) {
	tr := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) { _, _ = o.Answer(ctx, leg.Limits{}) })
	p := newPeer(t, tr)
	p.invite(true)
	p.respond(p.expect("BYE "), "200 OK", "", "")
}

// TestRetransmittedInvite: however often it comes, it is one call.
func TestRetransmittedInvite(t *testing.T) {
	var offers atomic.Int32
	legs := make(chan leg.Leg, 4)
	hold := make(chan struct{})
	take := answering(leg.Limits{}, legs)
	tr := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) {
		offers.Add(1)
		<-hold
		take(ctx, o)
	})
	p := newPeer(t, tr)
	p.seq = 1
	m := p.request("INVITE", "z9hG4bKretrans", "", p.sdp(""))
	p.send(m)
	first := p.expect("SIP/2.0 180")
	p.send(m)
	if again := p.expect("SIP/2.0 180"); header(again, "To") != header(first, "To") {
		t.Error("the repeated 180 is another one")
	}
	close(hold)
	ok := p.expect("SIP/2.0 200")
	p.send(m)
	p.totag = tagOf(header(ok, "To"))
	p.send(p.request("ACK", "", "", ""))
	l := next(t, legs)
	if code, _ := p.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %d", code)
	}
	if err := ended(t, l); !errors.Is(err, io.EOF) || offers.Load() != 1 {
		t.Errorf("%v after %d offers", err, offers.Load())
	}
}

// TestNoACK: the 200 is repeated, then the call is given up with a BYE.
func TestNoACK(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(false)
	l := next(t, legs)
	oks := 0
	for {
		m := p.read(patience)
		if strings.HasPrefix(m, "SIP/2.0 200") {
			oks++
		}
		if strings.HasPrefix(m, "BYE ") {
			p.respond(m, "200 OK", "", "")
			break
		}
		if m == "" {
			t.Fatal("no BYE")
		}
	}
	if oks < 5 { // T1 10 ms, T2 80 ms, for 640 ms
		t.Errorf("200 repeated %d times", oks)
	}
	var g *leg.GoneError
	if err := ended(t, l); !errors.As(err, &g) || g.Cause != parley.Unreachable {
		t.Errorf("ended with %v", err)
	}
}

// TestByeWaitsForACK: we hang up at once, but say so only after the ACK.
func TestByeWaitsForACK(t *testing.T) {
	tr := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) {
		l, err := o.Answer(ctx, leg.Limits{})
		if err == nil {
			_ = l.Hangup(ctx, parley.AgentEnded)
		}
	})
	p := newPeer(t, tr)
	p.invite(false)
	for range 3 {
		if m := p.read(patience); !strings.HasPrefix(m, "SIP/2.0 200") {
			t.Fatalf("got %.40q before the ACK", m)
		}
	}
	p.send(p.request("ACK", "", "", ""))
	p.respond(p.expect("BYE "), "200 OK", "", "")
}

// TestACKWithTheInvitesBranch: some stacks give the ACK of a 200 the branch of the INVITE.
func TestACKWithTheInvitesBranch(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "z9hG4bKone", "", p.sdp("")))
	_, ok := p.final()
	p.totag = tagOf(header(ok, "To"))
	p.send(p.request("ACK", "z9hG4bKone", "", ""))
	l := next(t, legs)
	time.Sleep(800 * time.Millisecond) // more than 64·T1
	if err := l.Mark(1); err != nil {
		t.Errorf("the call is over: %v", err)
	}
	p.ask("BYE", "", "")
}

func TestCancel(t *testing.T) {
	over := make(chan error, 2)
	tr := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) {
		<-ctx.Done()
		over <- context.Cause(ctx)
		_, err := o.Answer(ctx, leg.Limits{})
		over <- err
	})
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "z9hG4bKcancel", "", p.sdp("")))
	tag := tagOf(header(p.expect("SIP/2.0 180"), "To"))
	p.send(p.request("CANCEL", "z9hG4bKcancel", "", ""))
	codes := map[string]string{}
	for range 2 {
		_, m := p.final()
		codes[header(m, "CSeq")] = m[8:11]
		if tagOf(header(m, "To")) != tag { // RFC 3261 §8.2.6.2, §9.2
			t.Errorf("another tag: %s", m)
		}
	}
	if codes["1 CANCEL"] != "200" || codes["1 INVITE"] != "487" {
		t.Errorf("answers %v", codes)
	}
	for range 2 {
		if err := <-over; !errors.Is(err, errGivenUp) {
			t.Errorf("the owner learns %v", err)
		}
	}
	p.send(p.request("ACK", "z9hG4bKcancel", "", ""))
	if dialogs(tr) != 0 {
		t.Error("the dialog stays")
	}
}

// TestCancelRace: whoever wins, both sides agree on it, and the loser leaves nothing behind.
func TestCancelRace(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	failed := make(chan error, 1)
	tr := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) {
		l, err := o.Answer(ctx, leg.Limits{})
		if err != nil {
			failed <- err
			return
		}
		legs <- l
		<-l.(*call).stopped
	})
	won := [2]int{}
	for i := range 60 {
		p := newPeer(t, tr)
		p.seq = 1
		var wg sync.WaitGroup
		wg.Go(func() { p.send(p.request("INVITE", "z9hG4bKrace", "", p.sdp(""))) })
		time.Sleep(time.Duration(i%6) * 50 * time.Microsecond)
		p.send(p.request("CANCEL", "z9hG4bKrace", "", ""))
		wg.Wait()
		code := 0
		for code == 0 {
			m := p.expect("SIP/2.0 ")
			if header(m, "CSeq") == "1 INVITE" && m[8] != '1' {
				p.totag = tagOf(header(m, "To"))
				code = int(m[8]-'0')*100 + int(m[9]-'0')*10 + int(m[10]-'0')
			}
		}
		switch code {
		case 200:
			won[0]++
			p.send(p.request("ACK", "", "", ""))
			l := next(t, legs)
			if c, _ := p.ask("BYE", "", ""); c != 200 {
				// the answer to our CANCEL may still be on its way
				if c, _ = p.final(); c != 200 {
					t.Fatalf("BYE: %d", c)
				}
			}
			if err := ended(t, l); !errors.Is(err, io.EOF) {
				t.Fatalf("ended with %v", err)
			}
		case 487:
			won[1]++
			p.send(p.request("ACK", "z9hG4bKrace", "", ""))
			select {
			case err := <-failed:
				if !errors.Is(err, errGivenUp) {
					t.Fatalf("owner: %v", err)
				}
			case <-time.After(time.Millisecond): // the offer never reached him
			}
		default:
			t.Fatalf("status %d", code)
		}
	}
	t.Logf("answered %d, cancelled %d", won[0], won[1])
}

func TestStrayRequests(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, tr)
	for _, c := range []struct {
		method, totag string
		want          int
	}{
		{"OPTIONS", "", 200}, {"BYE", "x", 481}, {"INVITE", "x", 481}, {"UPDATE", "x", 481}, {"NOTIFY", "x", 481}, {"CANCEL", "", 481},
		{"MESSAGE", "", 405}, {"SUBSCRIBE", "", 405}, {"PUBLISH", "", 405}, {"FROBNICATE", "", 501}, {"INFO", "x", 481}, {"PRACK", "x", 481}, {"REGISTER", "", 405}, {"BYE", "", 481},
	} {
		p.totag = c.totag
		p.seq++
		p.send(p.request(c.method, "", "", ""))
		code, m := p.final()
		if code != c.want {
			t.Errorf("%s: %d, not %d", c.method, code, c.want)
		}
		if (code == 405 || c.method == "OPTIONS") && !strings.Contains(header(m, "Allow"), "INVITE") {
			t.Errorf("%s: Allow %q", c.method, header(m, "Allow"))
		}
		if c.method == "INVITE" {
			p.send(p.request("ACK", strings.TrimPrefix(header(m, "Via"), "x"), "", ""))
		}
	}
	p.totag = "nobody"
	p.send(p.request("ACK", "", "", "")) // is not answered
	p.totag = ""
	p.send(p.request("OPTIONS", "", "", ""))
	if m := p.read(patience); !strings.HasPrefix(m, "SIP/2.0 200") || header(m, "CSeq") != header(p.request("OPTIONS", "", "", ""), "CSeq") {
		t.Errorf("got %.60q", m)
	}
	if n := dialogs(tr); n != 0 {
		t.Errorf("%d dialogs", n)
	}
}

func TestBadInvites(t *testing.T) {
	tr := trunk(t, Config{}, func(_ context.Context, o leg.Offer) { t.Errorf("offered: %+v", o.Ringing()) })
	p := newPeer(t, tr)
	for _, c := range []struct {
		name, headers, body string
		want                int
	}{
		{"an extension we lack", "Require: precondition\r\n", p.sdp(""), 420},
		{"not a session", "", "hello", 400},
	} {
		p.seq++
		p.callID += "x"
		p.send(p.request("INVITE", "", c.headers, c.body))
		if code, m := p.final(); code != c.want {
			t.Errorf("%s: %s", c.name, m)
		}
	}
	p.seq++
	p.send(strings.Replace(p.request("INVITE", "", "", p.sdp("")), "application/sdp", "text/plain", 1))
	if code, _ := p.final(); code != 415 {
		t.Errorf("text/plain: %d", code)
	}
	p.send(strings.Replace(p.request("INVITE", "", "", p.sdp("")), "Contact: ", "X-Contact: ", 1))
	if code, _ := p.final(); code != 400 {
		t.Errorf("no Contact: %d", code)
	}
}

// TestNoCodecInCommon: the owner picks up, but nothing can be agreed on.
func TestNoCodecInCommon(t *testing.T) {
	failed := make(chan error, 1)
	tr := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) {
		_, err := o.Answer(ctx, leg.Limits{})
		failed <- err
	})
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "", strings.NewReplacer("AVP 0 101", "AVP 18", "a=rtpmap:0 PCMU", "a=rtpmap:18 G729").Replace(p.sdp(""))))
	if code, _ := p.final(); code != 488 {
		t.Errorf("status %d", code)
	}
	if <-failed == nil {
		t.Error("Answer succeeded")
	}
}

// TestLateOffer: an INVITE without a session gets our offer in the 200, and answers it in the ACK.
func TestLateOffer(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "", ""))
	_, ok := p.final()
	if !strings.Contains(ok, "m=audio") {
		t.Fatalf("no offer in %s", ok)
	}
	p.totag = tagOf(header(ok, "To"))
	p.send(p.request("ACK", "", "", p.sdp("")))
	l := next(t, legs)
	if code, _ := p.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %d", code)
	}
	if err := ended(t, l); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

func TestHoldAndResume(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	first := p.invite(true)
	l := next(t, legs)
	for _, method := range []string{"INVITE", "UPDATE"} {
		code, m := p.ask(method, "", p.sdp("a=sendonly\r\n"))
		if code != 200 || !strings.Contains(m, "a=recvonly") {
			t.Errorf("%s hold: %s", method, m)
		}
		event(t, l, leg.Held)
		code, m = p.ask(method, "", p.sdp(""))
		if code != 200 || strings.Contains(m, "a=recvonly") {
			t.Errorf("%s resume: %s", method, m)
		}
		event(t, l, leg.Resumed)
		version := func(m string) string { return strings.Fields(m[strings.Index(m, "o="):])[2] }
		if version(m) == version(first) {
			t.Errorf("%s: a new description without a new version", method)
		}
	}
	if code, m := p.ask("UPDATE", "", ""); code != 200 || strings.Contains(m, "m=audio") {
		t.Errorf("UPDATE without a session: %s", m)
	}
	if code, m := p.ask("INVITE", "", ""); code != 200 || !strings.Contains(m, "m=audio") {
		t.Errorf("re-INVITE without a session: %s", m)
	}
	if code, m := p.ask("INVITE", "", strings.Replace(p.sdp(""), "AVP 0 101", "AVP 96", 1)); code != 488 {
		t.Errorf("re-INVITE to nothing: %s", m)
	}
	p.seq -= 3
	if code, _ := p.ask("UPDATE", "", ""); code != 500 {
		t.Errorf("an old CSeq: %d", code)
	}
	p.seq += 5
	if code, _ := p.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %d", code)
	}
	for dialogs(tr) > 0 { // the leg takes its leave
		time.Sleep(time.Millisecond)
	}
	if code, _ := p.ask("BYE", "", ""); code != 481 {
		t.Errorf("a late BYE: %d", code)
	}
}

// TestReinviteImpliesACK: a re-INVITE that overtakes the ACK says as much as the ACK.
func TestReinviteImpliesACK(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(false)
	l := next(t, legs)
	p.seq++
	p.send(p.request("INVITE", "", "", p.sdp("")))
	for {
		if m := p.expect("SIP/2.0 200"); header(m, "CSeq") == "2 INVITE" {
			break
		}
	}
	p.send(p.request("ACK", "", "", ""))
	time.Sleep(800 * time.Millisecond)
	if err := l.Mark(1); err != nil {
		t.Errorf("the call is over: %v", err)
	}
	p.ask("BYE", "", "")
}

// TestTargetRefresh: our BYE goes where the far end said last.
func TestTargetRefresh(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p, moved := newPeer(t, tr), newPeer(t, tr)
	p.invite(true)
	l := next(t, legs)
	p.seq++
	p.send(strings.Replace(p.request("UPDATE", "", "", ""), "Contact: <sip:ann@127.0.0.1:", "Contact: <sip:ann@127.0.0.1:0", 1))
	p.final()
	p.seq++
	m := p.request("UPDATE", "", "", "")
	m = strings.Replace(m, header(m, "Contact"), header(moved.request("X", "", "", ""), "Contact"), 1)
	p.send(m)
	p.final()
	_ = l.Hangup(t.Context(), parley.AgentEnded)
	moved.respond(moved.expect("BYE "), "200 OK", "", "")
}

// TestByeWhileRinging ends the ringing.
func TestByeWhileRinging(t *testing.T) {
	over := make(chan error, 1)
	tr := trunk(t, Config{}, func(ctx context.Context, _ leg.Offer) {
		<-ctx.Done()
		over <- context.Cause(ctx)
	})
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "", p.sdp("")))
	p.totag = tagOf(header(p.expect("SIP/2.0 180"), "To"))
	p.seq++
	p.send(p.request("BYE", "", "", ""))
	p.expect("SIP/2.0 200")
	p.expect("SIP/2.0 487")
	if err := <-over; !errors.Is(err, errGivenUp) {
		t.Errorf("the owner learns %v", err)
	}
}

// TestNoPortToAnswerFrom: 503 while all ports are taken, for a re-INVITE none is needed, and after a BYE calls come in again.
func TestNoPortToAnswerFrom(t *testing.T) {
	legs := make(chan leg.Leg, 2)
	tr := trunk(t, Config{Ports: rtp.NewPorts(42710, 42712)}, answering(leg.Limits{}, legs))
	for range 3 {
		first, second := newPeer(t, tr), newPeer(t, tr)
		first.invite(true)
		next(t, legs)
		second.seq = 1
		second.send(second.request("INVITE", "", "", second.sdp("")))
		if code, m := second.final(); code != 503 {
			t.Errorf("without a port: %s", m)
		}
		if code, m := first.ask("INVITE", "", first.sdp("")); code != 200 {
			t.Errorf("re-INVITE: %s", m)
		}
		if code, _ := first.ask("BYE", "", ""); code != 200 {
			t.Errorf("BYE: %d", code)
		}
		for tr.cfg.Ports.InUse() > 0 {
			time.Sleep(time.Millisecond)
		}
	}
}
