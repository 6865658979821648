package sip

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// TestGrant: RFC 4028 §9, table 2.
func TestGrant(t *testing.T) {
	ours, theirs := true, false
	for _, c := range []struct {
		name    string
		headers []string
		wish    time.Duration // of the account
		was     timing
		want    timing
		code    int
	}{
		{"nothing known", nil, 0, timing{}, timing{}, 0},
		{"known, not asked", []string{"Supported: timer"}, 0, timing{}, timing{1800 * time.Second, theirs}, 0},
		{"known by its short name", []string{"k: 100rel,timer"}, 0, timing{}, timing{1800 * time.Second, theirs}, 0},
		{"known, not wanted", []string{"Supported: timer"}, -1, timing{}, timing{}, 0},
		{"asked, not wanted", []string{"Supported: timer", "Session-Expires: 600"}, -1, timing{}, timing{600 * time.Second, theirs}, 0},
		{"shorter than ours", []string{"Supported: timer", "Session-Expires: 600"}, 0, timing{}, timing{600 * time.Second, theirs}, 0},
		{"longer than ours", []string{"Supported: timer", "x: 7200"}, 0, timing{}, timing{1800 * time.Second, theirs}, 0},
		{"longer, and must be", []string{"Supported: timer", "Session-Expires: 7200", "Min-SE: 3600"}, 0, timing{}, timing{3600 * time.Second, theirs}, 0},
		{"we are asked to", []string{"Supported: timer", "Session-Expires: 600;refresher=uas"}, 0, timing{}, timing{600 * time.Second, ours}, 0},
		{"it wants to", []string{"Require: timer", "Session-Expires: 600 ; Refresher = UAC"}, 0, timing{}, timing{600 * time.Second, theirs}, 0},
		{"a proxy asked", []string{"Session-Expires: 600"}, 0, timing{}, timing{600 * time.Second, ours}, 0},
		{"a proxy asked for little", []string{"Session-Expires: 1"}, 0, timing{}, timing{shortest, ours}, 0},
		{"too short", []string{"Supported: timer", "Session-Expires: 1"}, 0, timing{}, timing{}, 422},
		{"ours stays ours", []string{"Supported: timer", "Session-Expires: 600"}, 0, timing{600 * time.Second, ours}, timing{600 * time.Second, ours}, 0},
		{"least only", []string{"Supported: timer", "Min-SE: 3600"}, 0, timing{}, timing{3600 * time.Second, theirs}, 0},
		{"no number", []string{"Supported: timer", "Session-Expires: many"}, 0, timing{}, timing{1800 * time.Second, theirs}, 0},
		{"too large a number", []string{"Supported: timer", "Session-Expires: 99999999999999999999"}, 0, timing{}, timing{1800 * time.Second, theirs}, 0},
		{"for years", []string{"Supported: timer", "Session-Expires: 4000000000"}, -1, timing{}, timing{intervalMost, theirs}, 0},
	} {
		req := sip.NewRequest(sip.INVITE, sip.Uri{})
		for _, h := range c.headers {
			name, value, _ := strings.Cut(h, ": ")
			req.AppendHeader(sip.NewHeader(name, value))
		}
		d := &dialog{account: &parley.TrunkAccount{TrunkTimers: parley.TrunkTimers{SessionExpires: c.wish}}}
		d.timer.timing = c.was
		got, no := d.grant(req)
		code := 0
		if no != nil {
			code = no.code
		}
		if got != c.want || code != c.code {
			t.Errorf("%s: %v, %d; want %v, %d", c.name, got, code, c.want, c.code)
		}
	}
}

// timed calls with those headers and gives the 200.
func (p *peer) timed(headers string) (int, string) {
	p.t.Helper()
	p.seq++
	p.send(p.request("INVITE", "", headers, p.sdp("")))
	code, ok := p.final()
	if code == 200 {
		p.totag = tagOf(header(ok, "To"))
		p.send(p.request("ACK", "", "", ""))
	}
	return code, ok
}

func cause(t *testing.T, l leg.Leg) parley.Cause {
	t.Helper()
	var g *leg.GoneError
	if err := ended(t, l); errors.As(err, &g) {
		return g.Cause
	}
	return ""
}

// TestNotRefreshed: a far end that promised to and does not has gone.
func TestNotRefreshed(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	if code, m := p.timed("Supported: timer\r\nSession-Expires: 1\r\n"); code != 422 || header(m, "Min-SE") != "2" {
		t.Errorf("too short: %s", m)
	}
	start := time.Now()
	_, ok := p.timed("Supported: timer\r\nSession-Expires: 3\r\n")
	if header(ok, "Session-Expires") != "3;refresher=uac" || header(ok, "Require") != "timer" {
		t.Errorf("granted: %s", ok)
	}
	l := next(t, legs)
	if code, m := p.ask("UPDATE", "Supported: timer\r\nSession-Expires: 3;refresher=uac\r\n", ""); code != 200 || header(m, "Session-Expires") != "3;refresher=uac" {
		t.Errorf("UPDATE: %s", m)
	}
	if code, m := p.ask("INVITE", "Supported: timer\r\nSession-Expires: 1\r\n", p.sdp("")); code != 422 {
		t.Errorf("re-INVITE: %s", m)
	}
	bye := p.expect("BYE ")
	if d := time.Since(start); d < time.Second {
		t.Errorf("given up after %v", d)
	}
	p.respond(bye, "200 OK", "", "")
	if c := cause(t, l); c != parley.Unreachable {
		t.Errorf("ended by %q", c)
	}
}

// due has half the interval over.
func due(l leg.Leg) {
	c := l.(*call)
	c.dialog().mu.Lock()
	tm := c.dialog().timer.timing
	c.dialog().mu.Unlock()
	c.t.begin(func() { c.dialog().renew(c, tm) })
}

// TestWeRefresh: by UPDATE where that is allowed, until the far end knows nothing of the call any more.
func TestWeRefresh(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	_, ok := p.timed("Supported: timer\r\nSession-Expires: 600;refresher=uas\r\nAllow: INVITE, UPDATE\r\n")
	if header(ok, "Session-Expires") != "600;refresher=uas" {
		t.Errorf("granted: %s", ok)
	}
	l := next(t, legs)
	due(l)
	first := p.expect("UPDATE ")
	if header(first, "Session-Expires") != "600;refresher=uac" || header(first, "Supported") != supported || strings.Contains(first, "m=audio") {
		t.Errorf("refreshed by %s", first)
	}
	p.respond(first, "422 Session Interval Too Small", "Min-SE: 700\r\n", "")
	more := p.anew("UPDATE", first)
	if header(more, "Session-Expires") != "700;refresher=uac" {
		t.Errorf("after 422: %s", more)
	}
	p.respond(more, "200 OK", "Session-Expires: 2;refresher=uac\r\nRequire: timer\r\nAllow: INVITE, UPDATE\r\n", "")
	p.respond(p.anew("UPDATE", more), "481 Call/Transaction Does Not Exist", "", "")
	p.respond(p.expect("BYE "), "481 Call/Transaction Does Not Exist", "", "")
	if c := cause(t, l); c != parley.Unreachable {
		t.Errorf("ended by %q", c)
	}
}

// TestWeRefreshByInvite: with our session; the 2xx gets its ACK as often as it comes, and whoever else invites meanwhile waits.
func TestWeRefreshByInvite(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.timed("Supported: timer\r\nSession-Expires: 600;refresher=uas\r\n")
	l := next(t, legs)
	due(l)
	inv := p.expect("INVITE ")
	if !strings.Contains(inv, "m=audio") || header(inv, "Content-Type") != "application/sdp" {
		t.Errorf("refreshed by %s", inv)
	}
	for _, method := range []string{"INVITE", "UPDATE"} {
		p.seq++
		branch := "z9hG4bKglare" + method
		p.send(p.request(method, branch, "", p.sdp("")))
		p.expect("SIP/2.0 491")
		if method == "INVITE" {
			p.send(p.request("ACK", branch, "", ""))
		}
	}
	p.respond(inv, "491 Request Pending", "", "")
	again := p.anew("INVITE", inv)
	for range 2 {
		p.respond(again, "200 OK", fmt.Sprintf("Session-Expires: 60;refresher=uac\r\nContact: <sip:moved@127.0.0.1:%d>\r\n", p.port()), p.sdp("a=sendonly\r\n"))
		ack := p.expect("ACK sip:moved@")
		if strings.Fields(header(ack, "CSeq"))[0] != strings.Fields(header(again, "CSeq"))[0] {
			t.Errorf("ACK %s of %s", header(ack, "CSeq"), header(again, "CSeq"))
		}
	}
	event(t, l, leg.Held)
	if code, m := p.ask("INVITE", "", p.sdp("")); code != 200 || header(m, "Session-Expires") != "" {
		t.Errorf("a re-INVITE without a timer: %s", m)
	}
	event(t, l, leg.Resumed)
	p.ask("BYE", "", "")
}

// TestRefreshUnanswered: the far end is gone without a word.
func TestRefreshUnanswered(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{})
	inv := p.expect("INVITE ")
	p.respond(inv, "200 OK", "Session-Expires: 2\r\nRequire: timer\r\n", p.sdp(""))
	p.expect("ACK ")
	l := accepted(t, ch)
	l.(*call).dialog().keepTime(parsed(t, "SIP/2.0 200 OK\r\nSession-Expires: 2;refresher=uac\r\nAllow: UPDATE\r\n\r\n"))
	p.expect("UPDATE ")
	if c := cause(t, l); c != parley.Unreachable {
		t.Errorf("ended by %q", c)
	}
}

// parsed is a response whose headers matter.
func parsed(t *testing.T, s string) *sip.Response {
	t.Helper()
	res := sip.NewResponse(200, "OK")
	for _, line := range strings.Split(s, "\r\n")[1:] {
		if name, value, ok := strings.Cut(line, ": "); ok {
			res.AppendHeader(sip.NewHeader(name, value))
		}
	}
	return res
}
