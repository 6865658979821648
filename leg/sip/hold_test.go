package sip

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

func holding(a *parley.TrunkAccount) { a.Media.Hold = parley.HoldReinvite }

// parked answers a call of a far end that is told of holds.
func parked(t *testing.T, l leg.Limits) (*peer, leg.Leg) {
	t.Helper()
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, pbx(holding), answering(l, legs))
	p := newPeer(t, tr)
	p.timed("Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n")
	return p, next(t, legs)
}

// put begins a hold, or ends it.
func put(t *testing.T, l leg.Leg, on bool) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- l.(leg.Holding).Hold(t.Context(), on) }()
	return done
}

func agreed(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		t.Fatal("Hold does not return")
		return nil
	}
}

func version(m string) string {
	_, o, _ := strings.Cut(m, "o=- ")
	return strings.Fields(o)[1]
}

// TestHoldIsTold: by a re-INVITE, and so is its end; nothing is told twice, the session's timer goes on, and what the far end asks meanwhile is
// answered as one who holds.
func TestHoldIsTold(t *testing.T) {
	p, l := parked(t, leg.Limits{})
	done := put(t, l, true)
	inv := p.expect("INVITE ")
	if !strings.Contains(inv, "a=sendonly") || header(inv, "Session-Expires") != "600;refresher=uac" {
		t.Errorf("told by %s", inv)
	}
	p.respond(inv, "200 OK", "Session-Expires: 600;refresher=uac\r\nRequire: timer\r\n", p.sdp("a=recvonly\r\n"))
	p.expect("ACK ")
	if err := agreed(t, done); err != nil {
		t.Error(err)
	}
	if err := agreed(t, put(t, l, true)); err != nil {
		t.Error(err)
	}
	if code, m := p.ask("INVITE", "", p.sdp("")); code != 200 || !strings.Contains(m, "a=sendonly") {
		t.Errorf("a re-INVITE of theirs: %s", m)
	}
	if err := l.Play(t.Context(), audio.Frame{}); err != nil {
		t.Error(err)
	}
	if err := l.Mark(1); err != nil {
		t.Error(err)
	}
	event(t, l, leg.Marked) // what is played goes out: they hear music
	done = put(t, l, false)
	back := p.expect("INVITE ")
	if !strings.Contains(back, "a=sendrecv") || version(back) == version(inv) {
		t.Errorf("its end is told by %s", back)
	}
	p.respond(back, "200 OK", "", p.sdp(""))
	p.expect("ACK ")
	if err := agreed(t, done); err != nil {
		t.Error(err)
	}
	c := l.(*call).dialog()
	c.mu.Lock()
	if c.timer.every != 0 {
		t.Errorf("a 2xx without a timer leaves %v", c.timer.timing)
	}
	c.mu.Unlock()
	p.ask("BYE", "", "")
}

// TestHoldMeetsAnother change of the session: it is told again.
func TestHoldMeetsAnother(t *testing.T) {
	p, l := parked(t, leg.Limits{})
	done := put(t, l, true)
	inv := p.expect("INVITE ")
	p.respond(inv, "491 Request Pending", "", "")
	again := p.anew("INVITE", inv)
	if !strings.Contains(again, "a=sendonly") {
		t.Errorf("told again by %s", again)
	}
	p.respond(again, "200 OK", "", p.sdp("a=recvonly\r\n"))
	if err := agreed(t, done); err != nil {
		t.Error(err)
	}
	p.ask("BYE", "", "")
}

// TestHoldIsRefused: the session is what it was.
func TestHoldIsRefused(t *testing.T) {
	p, l := parked(t, leg.Limits{})
	done := put(t, l, true)
	p.respond(p.expect("INVITE "), "488 Not Acceptable Here", "", "")
	if err := agreed(t, done); err == nil || !strings.Contains(err.Error(), "488") {
		t.Errorf("refused: %v", err)
	}
	if l.(*call).parked.on.Load() {
		t.Error("it counts as held")
	}
	if code, m := p.ask("INVITE", "", p.sdp("")); code != 200 || !strings.Contains(m, "a=sendrecv") {
		t.Errorf("a re-INVITE of theirs: %s", m)
	}
	done = put(t, l, true)
	inv := p.expect("INVITE ")
	p.respond(inv, "200 OK", "", p.sdp("a=recvonly\r\n"))
	if err := agreed(t, done); err != nil {
		t.Error(err)
	}
	done = put(t, l, false)
	p.respond(p.anew("INVITE", inv), "488 Not Acceptable Here", "", "")
	if err := agreed(t, done); err == nil {
		t.Error("its end was refused, and nobody says so")
	}
	if code, m := p.ask("INVITE", "", p.sdp("")); code != 200 || !strings.Contains(m, "a=sendonly") {
		t.Errorf("a re-INVITE of theirs while they are held: %s", m)
	}
	p.ask("BYE", "", "")
}

// TestHeldMayBeSilent: who is told to be on hold sends nothing for longer than the media timeout, answers when asked whether the call still is, and has its time
// again when it is back.
func TestHeldMayBeSilent(t *testing.T) {
	p, l := parked(t, leg.Limits{MediaTimeout: 500 * time.Millisecond})
	done := put(t, l, true)
	inv := p.expect("INVITE ")
	p.respond(inv, "200 OK", "", p.sdp("a=recvonly\r\n"))
	if err := agreed(t, done); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		p.respond(p.expect("OPTIONS "), "200 OK", "", "")
	}
	done = put(t, l, false)
	p.respond(p.anew("INVITE", inv), "200 OK", "", p.sdp(""))
	if err := agreed(t, done); err != nil {
		t.Fatal(err)
	}
	if c := cause(t, l); c != parley.MediaTimeout {
		t.Errorf("back and silent it ends by %q", c)
	}
}

// TestHoldIsNotTold where the account does not say so, where there is none, and when the call is over.
func TestHoldIsNotTold(t *testing.T) {
	for _, c := range []Config{{}, pbx(func(*parley.TrunkAccount) {})} {
		legs := make(chan leg.Leg, 1)
		tr := trunk(t, c, answering(leg.Limits{}, legs))
		p := newPeer(t, tr)
		p.invite(true)
		l := next(t, legs)
		if err := agreed(t, put(t, l, true)); !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("Hold: %v", err)
		}
		p.ask("BYE", "", "")
	}
	p, l := parked(t, leg.Limits{})
	p.ask("BYE", "", "")
	_ = ended(t, l)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	if err := l.(leg.Holding).Hold(ctx, true); err == nil {
		t.Error("who has hung up is told of a hold")
	}
}
