package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// two is an account with two hosts that are peers.
func two(t *testing.T) (a *parley.TrunkAccount, first, second *peer) {
	first, second = newPeer(t, nil), newPeer(t, nil)
	return &parley.TrunkAccount{
		ID: "t", Username: "u", Password: "p", Host: "127.0.0.1", Port: first.port(), BackupHosts: []string{fmt.Sprintf("127.0.0.1:%d", second.port())},
	}, first, second
}

// quiet fails when something comes.
func (p *peer) quiet(what string) {
	p.t.Helper()
	m := p.read(30 * time.Millisecond)
	for p.pracks[m] {
		m = p.read(30 * time.Millisecond)
	}
	if m != "" {
		p.t.Errorf("%s: got %.60q", what, m)
	}
}

// hangUp ends a placed leg properly.
func hangUp(t *testing.T, l leg.Leg, p *peer) string {
	t.Helper()
	go func() { _ = l.Hangup(context.Background(), parley.AgentEnded) }()
	bye := p.expect("BYE ")
	p.respond(bye, "200 OK", "", "")
	return bye
}

// TestFailover: what makes a call go by the next host, and that it is a new request of the same call.
func TestFailover(t *testing.T) {
	for name, refuse := range map[string]func(p *peer, inv string){
		"503":             func(p *peer, inv string) { p.respond(inv, "503 Service Unavailable", "", ""); p.expect("ACK ") },
		"408 at once":     func(p *peer, inv string) { p.respond(inv, "408 Request Timeout", "", ""); p.expect("ACK ") },
		"silence":         func(*peer, string) {},
		"a port shut off": nil,
	} {
		tr := trunk(t, Config{}, nil)
		a, p, q := two(t)
		if refuse == nil {
			_ = p.c.Close()
		}
		ch := dial(t, tr, q, leg.Call{To: "200", Trunk: a})
		var inv string
		if refuse != nil {
			inv = p.expect(fmt.Sprintf("INVITE sip:200@127.0.0.1:%d ", p.port()))
			refuse(p, inv)
		}
		again := q.expect(fmt.Sprintf("INVITE sip:200@127.0.0.1:%d ", q.port()))
		if inv != "" && (header(again, "Call-ID") != header(inv, "Call-ID") || tagOf(header(again, "From")) != tagOf(header(inv, "From")) ||
			header(again, "CSeq") == header(inv, "CSeq") || header(again, "Via") == header(inv, "Via")) {
			t.Errorf("%s: %s", name, again)
		}
		q.respond(again, "180 Ringing", "", "")
		q.respond(again, "200 OK", "", q.sdp(""))
		q.expect("ACK ")
		l := accepted(t, ch)
		ch = dial(t, tr, q, leg.Call{To: "201", Trunk: a}) // whoever did not answer is not asked first again
		inv = q.expect("INVITE sip:201@")
		q.respond(inv, "486 Busy Here", "", "")
		if r := rejected(t, ch); r.Cause != parley.Busy {
			t.Errorf("%s: %+v", name, r)
		}
		hangUp(t, l, q)
	}
}

// TestFailoverByTCP: a host that takes no connection is passed over.
func TestFailoverByTCP(t *testing.T) {
	shut, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = shut.Close()
	b := trunk(t, Config{}, answering(leg.Limits{}, make(chan leg.Leg, 1)))
	tr := trunk(t, Config{}, nil)
	l, err := tr.Dial(t.Context(), leg.Call{To: "200", Trunk: &parley.TrunkAccount{
		Host: "127.0.0.1", Port: shut.Addr().(*net.TCPAddr).Port, BackupHosts: []string{b.Addr().String()}, Transport: "tcp", Username: "u",
	}})
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Hangup(t.Context(), parley.AgentEnded)
}

// TestNoFailover: a far end that has said anything of the call has said it; when all fail, the last says why.
func TestNoFailover(t *testing.T) {
	for _, status := range []string{"404 Not Found", "486 Busy Here", "500 Server Internal Error", "603 Decline"} {
		tr := trunk(t, Config{}, nil)
		a, p, q := two(t)
		ch := dial(t, tr, q, leg.Call{To: "200", Trunk: a})
		p.respond(p.expect("INVITE "), status, "", "")
		p.expect("ACK ")
		if r := rejected(t, ch); fmt.Sprint(r.Code) != status[:3] {
			t.Errorf("%s: %+v", status, r)
		}
		q.quiet(status)
	}
	tr := trunk(t, Config{}, nil)
	a, p, q := two(t)
	ch := dial(t, tr, q, leg.Call{To: "200", Trunk: a})
	inv := p.expect("INVITE ")
	p.respond(inv, "180 Ringing", "", "")
	time.Sleep(quietFor() + 20*time.Millisecond)
	q.quiet("a phone that rings for long")
	p.respond(inv, "503 Service Unavailable", "", "")
	q.respond(q.expect("INVITE "), "503 Service Unavailable", "", "")
	if r := rejected(t, ch); r.Cause != parley.Unreachable || r.Code != 503 {
		t.Errorf("all fail: %+v", r)
	}
}

// TestNeverTwoCalls: a host that was given up is cancelled when it wakes up, and hung up on when it answers.
func TestNeverTwoCalls(t *testing.T) {
	for _, late := range []string{"180 Ringing", "200 OK"} {
		tr := trunk(t, Config{}, nil)
		a, p, q := two(t)
		ch := dial(t, tr, q, leg.Call{To: "200", Trunk: a})
		old := p.expect("INVITE ")
		inv := q.expect("INVITE ")
		q.respond(inv, "200 OK", "", q.sdp(""))
		q.expect("ACK ")
		l := accepted(t, ch)
		if late == "200 OK" {
			p.respond(old, late, "", p.sdp(""))
			p.expect("ACK ")
			p.respond(p.expect("BYE "), "200 OK", "", "")
		} else {
			p.respond(old, late, "", "")
			cancel := p.expect("CANCEL ")
			if header(cancel, "Via") != header(old, "Via") {
				t.Errorf("CANCEL %s", cancel)
			}
			p.respond(cancel, "200 OK", "", "")
			p.respond(old, "487 Request Terminated", "", "")
			p.expect("ACK ")
		}
		if err := l.Mark(1); err != nil {
			t.Errorf("after %s: the call is over: %v", late, err)
		}
		hangUp(t, l, q)
	}
}

// TestRedirected: only to the same number at the same host, and once: who may be called was decided before.
func TestRedirected(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p, q := newPeer(t, nil), newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{})
	p.respond(p.expect("INVITE "), "302 Moved", fmt.Sprintf("Contact: <sip:bob@127.0.0.1:%d>\r\n", q.port()), "")
	p.expect("ACK ")
	inv := q.expect(fmt.Sprintf("INVITE sip:bob@127.0.0.1:%d ", q.port()))
	q.respond(inv, "302 Moved", fmt.Sprintf("Contact: <sip:bob@127.0.0.1:%d>\r\n", p.port()), "")
	if r := rejected(t, ch); r.Cause != parley.Unreachable || r.Code != 302 {
		t.Errorf("a second time: %+v", r)
	}
	for _, contact := range []string{"sip:carol@127.0.0.1", "sip:bob@192.0.2.1", "sip:bob@127.0.0.1;transport=ws", "tel:+1900"} {
		p := newPeer(t, nil)
		ch := dial(t, tr, p, leg.Call{})
		p.respond(p.expect("INVITE "), "302 Moved", "Contact: <"+contact+">\r\n", "")
		p.expect("ACK ")
		if r := rejected(t, ch); r.Cause != parley.Unreachable || r.Code != 302 {
			t.Errorf("%s: %+v", contact, r)
		}
		p.quiet(contact)
	}
}

// TestLongerSession: what a 422 asks for is asked for (RFC 4028 §7.3), as long as it goes up.
func TestLongerSession(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{})
	inv := p.expect("INVITE ")
	if header(inv, "Session-Expires") != "1800" || header(inv, "Min-SE") == "" || !strings.Contains(header(inv, "Supported"), "timer") || !strings.Contains(header(inv, "Supported"), "100rel") {
		t.Errorf("%s", inv)
	}
	p.respond(inv, "422 Session Interval Too Small", "Min-SE: 3600\r\n", "")
	p.expect("ACK ")
	inv = p.expect("INVITE ")
	if header(inv, "Session-Expires") != "3600" || header(inv, "Min-SE") != "3600" {
		t.Errorf("%s", inv)
	}
	p.respond(inv, "422 Session Interval Too Small", "Min-SE: 3600\r\n", "")
	if r := rejected(t, ch); r.Code != 422 {
		t.Errorf("%+v", r)
	}
	ch = dial(t, tr, p, leg.Call{To: "1", Trunk: &parley.TrunkAccount{Host: "127.0.0.1", Port: p.port(), Username: "u", TrunkTimers: parley.TrunkTimers{SessionExpires: -1}}})
	p.expect("ACK ")
	if inv = p.expect("INVITE "); header(inv, "Session-Expires") != "" {
		t.Errorf("%s", inv)
	}
	p.respond(inv, "486 Busy Here", "", "")
	rejected(t, ch)
}

// TestHangsUpAtOnce: a far end whose BYE comes with its 200 is heard.
func TestHangsUpAtOnce(t *testing.T) {
	for range 20 {
		tr := trunk(t, Config{}, nil)
		p := newPeer(t, nil)
		ch := dial(t, tr, p, leg.Call{})
		inv := p.expect("INVITE ")
		p.callID, p.totag, p.target, p.seq = header(inv, "Call-ID"), tagOf(header(inv, "From")), strings.Trim(header(inv, "Contact"), "<>"), 1
		p.respond(inv, "200 OK", "", p.sdp(""))
		p.expect("ACK ")
		p.send(p.request("BYE", "", "", ""))
		if code, m := p.final(); code != 200 {
			t.Fatalf("BYE: %s", m)
		}
		l := accepted(t, ch)
		ended(t, l)
	}
}

// TestCallsAtOnce: one more than the account may have is refused at once, and there is room again when one is over.
func TestCallsAtOnce(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	a := &parley.TrunkAccount{ID: "t", Host: "127.0.0.1", Port: p.port(), Username: "u", Limits: parley.TrunkLimits{Calls: 1}}
	for range 3 {
		ch := dial(t, tr, p, leg.Call{To: "1", Trunk: a})
		inv := p.expect("INVITE ")
		_, err := tr.Dial(t.Context(), leg.Call{To: "2", Trunk: a})
		if r := new(leg.Rejected); !errors.As(err, &r) || r.Cause != parley.Unreachable || !errors.Is(err, leg.ErrLimit) {
			t.Errorf("one more: %v", err)
		}
		p.respond(inv, "486 Busy Here", "", "")
		p.expect("ACK ")
		rejected(t, ch)
		ch = dial(t, tr, p, leg.Call{To: "3", Trunk: a})
		p.respond(p.expect("INVITE sip:3@"), "200 OK", "", p.sdp(""))
		p.expect("ACK ")
		l := accepted(t, ch)
		if _, err := tr.Dial(t.Context(), leg.Call{To: "2", Trunk: a}); !errors.Is(err, leg.ErrLimit) {
			t.Errorf("one more: %v", err)
		}
		hangUp(t, l, p)
		for end := time.Now().Add(patience); dialogs(tr) > 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		}
	}
	if leave, ok := tr.out.limits.Enter(a); !ok {
		t.Error("a call that is over is counted")
	} else {
		leave()
	}
}

// TestFailoverToOtherFamily: the offer for a host of the other IP family names an address of that family.
func TestFailoverToOtherFamily(t *testing.T) {
	c, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("no IPv6 here")
	}
	defer func() { _ = c.Close() }()
	ports := rtp.NewPorts(42800, 42802)
	tr := trunk(t, Config{Listen: "[::]:0", Ports: ports}, nil)
	four := newPeer(t, nil)
	six := &peer{t: t, c: c, tag: "six"}
	ch := dial(t, tr, four, leg.Call{To: "200", Trunk: &parley.TrunkAccount{
		Host: "127.0.0.1", Port: four.port(), BackupHosts: []string{c.LocalAddr().String()}, Username: "u",
	}})
	inv := four.expect("INVITE ")
	if !strings.Contains(inv, "c=IN IP4 127.0.0.1") {
		t.Errorf("%s", inv)
	}
	four.respond(inv, "503 Service Unavailable", "", "")
	inv = six.expect("INVITE ")
	if !strings.HasPrefix(inv, fmt.Sprintf("INVITE sip:200@[::1]:%d ", six.port())) || !strings.Contains(inv, "c=IN IP6 ::1") || !strings.Contains(header(inv, "Contact"), "@[::1]:") {
		t.Errorf("%s", inv)
	}
	six.respond(inv, "486 Busy Here", "", "")
	if r := rejected(t, ch); r.Cause != parley.Busy {
		t.Errorf("%+v", r)
	}
	if n := ports.InUse(); n != 0 {
		t.Errorf("%d ports in use", n)
	}
}
