package sip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/icholy/digest"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// dialled is what became of a Dial.
type dialled struct {
	l   leg.Leg
	err error
}

// dial calls the peer in the background.
func dial(t *testing.T, tr *Trunk, p *peer, c leg.Call) <-chan dialled {
	if c.To == "" {
		c.To = fmt.Sprintf("sip:bob@127.0.0.1:%d", p.port())
	}
	ch := make(chan dialled, 1)
	go func() {
		l, err := tr.Dial(t.Context(), c)
		ch <- dialled{l, err}
	}()
	return ch
}

func rejected(t *testing.T, ch <-chan dialled) *leg.Rejected {
	t.Helper()
	select {
	case d := <-ch:
		var r *leg.Rejected
		if !errors.As(d.err, &r) {
			t.Fatalf("dial: %v, %v", d.l, d.err)
		}
		return r
	case <-time.After(patience):
		t.Fatal("Dial does not return")
		return nil
	}
}

func accepted(t *testing.T, ch <-chan dialled) leg.Leg {
	t.Helper()
	select {
	case d := <-ch:
		if d.err != nil {
			t.Fatalf("dial: %v", d.err)
		}
		return d.l
	case <-time.After(patience):
		t.Fatal("Dial does not return")
		return nil
	}
}

// TestPlaced: what an INVITE of ours says, progress, and a BYE of the far end.
func TestPlaced(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	seen := make(chan leg.Progress, 32)
	ch := dial(t, tr, p, leg.Call{
		ID: "call-1", From: "+15550001111", Headers: map[string]string{"X-Campaign": "spring"},
		Progress: func(pr leg.Progress) { seen <- pr },
	})
	inv := p.expect("INVITE ")
	for name, want := range map[string]string{
		"X-Campaign": "spring", "X-Parley-Call-ID": "call-1", "Max-Forwards": "70", "User-Agent": "Parley",
		"Contact": "<sip:+15550001111@" + tr.Addr().String() + ">", "Content-Type": "application/sdp",
	} {
		if got := header(inv, name); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
	if from := header(inv, "From"); !strings.HasPrefix(from, "<sip:+15550001111@127.0.0.1>;tag=") {
		t.Errorf("From %q", from)
	}
	p.respond(inv, "100 Trying", "", "")
	for range 12 { // far more than sipgo's own dialog would bear
		p.respond(inv, "180 Ringing", "", "")
	}
	p.respond(inv, "183 Session Progress", "", "")
	for both := map[int]bool{}; !both[180] || !both[183]; { // in either order: sipgo keeps none
		select {
		case pr := <-seen:
			both[pr.Code] = true
			if pr.ID != header(inv, "Call-ID") {
				t.Errorf("progress %+v", pr)
			}
		case <-time.After(patience):
			t.Fatalf("progress %v", both)
		}
	}
	p.respond(inv, "200 OK", "", p.sdp(""))
	ack := p.expect("ACK ")
	if header(ack, "CSeq") != strings.Replace(header(inv, "CSeq"), "INVITE", "ACK", 1) || header(ack, "Via") == header(inv, "Via") {
		t.Errorf("ACK %s", ack)
	}
	l := accepted(t, ch)
	if id := l.(leg.Identified); id.ID() != header(inv, "Call-ID") || id.Metadata()["call_id"] != id.ID() || id.Metadata()["type"] == "" {
		t.Errorf("identity %q %v", id.ID(), id.Metadata())
	}
	p.respond(inv, "200 OK", "", p.sdp("")) // as if the ACK was lost
	p.expect("ACK ")
	p.callID, p.totag, p.target = header(inv, "Call-ID"), tagOf(header(inv, "From")), strings.Trim(header(inv, "Contact"), "<>")
	if code, _ := p.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %d", code)
	}
	if err := ended(t, l); !errors.Is(err, io.EOF) {
		t.Errorf("ended with %v", err)
	}
}

func TestRefusals(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	for status, want := range map[string]parley.Cause{
		"486 Busy": parley.Busy, "600 Busy": parley.Busy, "603 Decline": parley.Declined, "404 No": parley.Unreachable,
		"480 Away": parley.NoAnswer, "408 Timeout": parley.NoAnswer, "503 Later": parley.Unreachable, "302 Moved": parley.Unreachable,
		"488 No": parley.Unreachable, "401 Who": parley.Configuration,
	} {
		p := newPeer(t, nil)
		ch := dial(t, tr, p, leg.Call{})
		inv := p.expect("INVITE ")
		p.respond(inv, status, "Contact: <sip:bob@192.0.2.9>\r\n", "")
		p.expect("ACK ")
		if r := rejected(t, ch); r.Cause != want || fmt.Sprint(r.Code) != status[:3] {
			t.Errorf("%s: %+v", status, r)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil) // never answers
	if r := rejected(t, dial(t, tr, p, leg.Call{})); r.Cause != parley.Unreachable || r.Code != 0 {
		t.Errorf("%+v", r)
	}
}

// TestRingTimeout: the call is cancelled; a 200 that crosses the CANCEL is acknowledged and ended.
func TestRingTimeout(t *testing.T) {
	for _, late := range []bool{false, true} {
		tr := trunk(t, Config{}, nil)
		p := newPeer(t, nil)
		ch := dial(t, tr, p, leg.Call{RingTimeout: 50 * time.Millisecond})
		inv := p.expect("INVITE ")
		p.respond(inv, "180 Ringing", "", "")
		cancel := p.expect("CANCEL ")
		for _, name := range []string{"Via", "From", "Call-ID", "To"} {
			if header(cancel, name) != header(inv, name) {
				t.Errorf("CANCEL: %s %q, INVITE: %q", name, header(cancel, name), header(inv, name))
			}
		}
		if strings.Fields(cancel)[1] != strings.Fields(inv)[1] || header(cancel, "CSeq") != strings.Replace(header(inv, "CSeq"), "INVITE", "CANCEL", 1) {
			t.Errorf("CANCEL %s", cancel)
		}
		if r := rejected(t, ch); r.Cause != parley.NoAnswer {
			t.Errorf("%+v", r)
		}
		p.respond(cancel, "200 OK", "", "")
		if late {
			p.respond(inv, "200 OK", "", p.sdp(""))
			p.expect("ACK ")
			p.respond(p.expect("BYE "), "200 OK", "", "")
		} else {
			p.respond(inv, "487 Request Terminated", "", "")
			p.expect("ACK ")
		}
	}
}

// TestCancelWaitsForProvisional: nothing is cancelled that has shown no sign of life (RFC 3261 §9.1).
func TestCancelWaitsForProvisional(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ctx, stop := context.WithCancel(t.Context())
	ch := make(chan dialled, 1)
	go func() {
		l, err := tr.Dial(ctx, leg.Call{To: fmt.Sprintf("sip:bob@127.0.0.1:%d", p.port())})
		ch <- dialled{l, err}
	}()
	inv := p.expect("INVITE ")
	stop()
	if r := rejected(t, ch); r.Cause != parley.Cancelled {
		t.Errorf("%+v", r)
	}
	for range 3 {
		if m := p.read(patience); !strings.HasPrefix(m, "INVITE ") {
			t.Fatalf("got %.40q", m)
		}
	}
	p.respond(inv, "180 Ringing", "", "")
	p.respond(p.expect("CANCEL "), "200 OK", "", "")
	p.respond(inv, "487 Request Terminated", "", "")
}

// TestFork: a second 200 from another phone is acknowledged and ended; the call stays with the first.
func TestFork(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{})
	inv := p.expect("INVITE ")
	p.respond(inv, "200 OK", "", p.sdp(""))
	first := p.expect("ACK ")
	l := accepted(t, ch)
	p.tag = "other"
	p.respond(inv, "200 OK", "", p.sdp(""))
	if ack := p.expect("ACK "); tagOf(header(ack, "To")) != "other" || tagOf(header(first, "To")) == "other" {
		t.Errorf("ACK to %q", header(ack, "To"))
	}
	bye := p.expect("BYE ")
	if tagOf(header(bye, "To")) != "other" {
		t.Errorf("BYE to %q", header(bye, "To"))
	}
	p.respond(bye, "200 OK", "", "")
	p.respond(inv, "200 OK", "", p.sdp(""))
	p.expect("ACK ")
	if err := l.Mark(1); err != nil {
		t.Errorf("the first call is over: %v", err)
	}
	go func() { _ = l.Hangup(context.Background(), parley.AgentEnded) }()
	p.respond(p.expect("BYE "), "200 OK", "", "")
}

// TestRoutes: ACK and BYE follow the Record-Route, last proxy first, to the Contact of the 200.
func TestRoutes(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p, proxy := newPeer(t, nil), newPeer(t, tr)
	ch := dial(t, tr, p, leg.Call{})
	inv := p.expect("INVITE ")
	rr := fmt.Sprintf("Record-Route: <sip:10.9.9.9;lr>\r\nRecord-Route: <sip:127.0.0.1:%d;lr>\r\nContact: <sip:bob@192.0.2.7:5099>\r\n", proxy.port())
	p.respond(inv, "200 OK", rr, p.sdp(""))
	ack := proxy.expect("ACK sip:bob@192.0.2.7:5099 ")
	if want := fmt.Sprintf("<sip:127.0.0.1:%d;lr>", proxy.port()); header(ack, "Route") != want {
		t.Errorf("first Route %q, not %q", header(ack, "Route"), want)
	}
	l := accepted(t, ch)
	_ = l.Hangup(t.Context(), parley.AgentEnded)
	bye := proxy.expect("BYE sip:bob@192.0.2.7:5099 ")
	if strings.Index(bye, "10.9.9.9") < strings.Index(bye, fmt.Sprint(proxy.port(), ";lr")) {
		t.Errorf("routes of %s", bye)
	}
	proxy.respond(bye, "200 OK", "", "")
}

// TestBadAnswer: a 200 whose session cannot be is ended properly.
func TestBadAnswer(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{})
	inv := p.expect("INVITE ")
	p.respond(inv, "200 OK", "", strings.Replace(p.sdp(""), "AVP 0 101", "AVP 18", 1))
	p.expect("ACK ")
	p.respond(p.expect("BYE "), "200 OK", "", "")
	if r := rejected(t, ch); r.Cause != parley.Unreachable {
		t.Errorf("%+v", r)
	}
}

// TestTrunkAccount: request URI, From and way of a call through an account.
func TestTrunkAccount(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	a := &parley.TrunkAccount{Host: "pbx.example.org", Username: "line1", OutboundProxy: fmt.Sprintf("127.0.0.1:%d", p.port())}
	ch := dial(t, tr, p, leg.Call{To: "+1555#1", Trunk: a})
	inv := p.expect("INVITE sip:+1555%231@pbx.example.org ")
	if from := header(inv, "From"); !strings.HasPrefix(from, "<sip:line1@pbx.example.org>") {
		t.Errorf("From %q", from)
	}
	if route := header(inv, "Route"); !strings.Contains(route, fmt.Sprint(p.port())) || !strings.Contains(route, ";lr") {
		t.Errorf("Route %q", route)
	}
	p.respond(inv, "404 Not Found", "", "")
	rejected(t, ch)
	a = &parley.TrunkAccount{Host: "127.0.0.1", Port: p.port(), Username: "line1"}
	ch = dial(t, tr, p, leg.Call{To: "200", From: "sip:me@other.example", Trunk: a})
	inv = p.expect(fmt.Sprintf("INVITE sip:200@127.0.0.1:%d ", p.port()))
	if from := header(inv, "From"); !strings.HasPrefix(from, "<sip:me@other.example>") {
		t.Errorf("From %q", from)
	}
	p.respond(inv, "404 Not Found", "", "")
	rejected(t, ch)
}

// TestProof: our answers to challenges are what a server works out for itself, for INVITE and BYE, 401 and 407.
func TestProof(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	for _, c := range []struct{ status, ask, answer, params string }{
		{"401 Unauthorized", "WWW-Authenticate", "Authorization", `, qop="auth, auth-int", algorithm=MD5`},
		{"407 Proxy Authentication Required", "Proxy-Authenticate", "Proxy-Authorization", `, qop="auth", algorithm=SHA-256, opaque="o"`},
		{"401 Unauthorized", "WWW-Authenticate", "Authorization", ``}, // RFC 2069: without qop
	} {
		p := newPeer(t, nil)
		a := &parley.TrunkAccount{Host: "127.0.0.1", Port: p.port(), Username: "u", AuthUsername: "auth u", Password: "p\"w"}
		ch := dial(t, tr, p, leg.Call{To: "200", Trunk: a})
		check := func(m, first string) {
			t.Helper()
			cred, err := digest.ParseCredentials(header(m, c.answer))
			if err != nil {
				t.Fatalf("%s: %v in %s", c.answer, err, m)
			}
			chal, _ := digest.ParseChallenge(`Digest realm="r", nonce="n1"` + c.params)
			for i := range chal.QOP {
				chal.QOP[i] = strings.TrimSpace(chal.QOP[i])
			}
			want, err := digest.Digest(chal, digest.Options{
				Method: strings.Fields(m)[0], URI: strings.Fields(m)[1], Username: "auth u", Password: "p\"w", Cnonce: cred.Cnonce, Count: cred.Nc,
			})
			if err != nil || cred.Response != want.Response || cred.Username != "auth u" || cred.Realm != "r" {
				t.Errorf("%s: %+v, want response %s (%v)", strings.Fields(m)[0], cred, want.Response, err)
			}
			if header(m, "CSeq") == header(first, "CSeq") || header(m, "Call-ID") != header(first, "Call-ID") ||
				tagOf(header(m, "From")) != tagOf(header(first, "From")) || header(m, "Via") == header(first, "Via") {
				t.Errorf("the second is no new request of the same call: %s", m)
			}
		}
		challenge := c.ask + `: Digest realm="other", nonce="x", algorithm=AKAv1-MD5` + "\r\n" + c.ask + `: Digest realm="r", nonce="n1"` + c.params + "\r\n"
		first := p.expect("INVITE ")
		p.respond(first, c.status, challenge, "")
		p.expect("ACK ")
		second := p.expect("INVITE ")
		check(second, first)
		p.respond(second, "200 OK", "", p.sdp(""))
		if ack := p.expect("ACK "); header(ack, c.answer) != header(second, c.answer) {
			t.Error("the ACK has other credentials")
		}
		l := accepted(t, ch)
		_ = l.Hangup(t.Context(), parley.AgentEnded)
		bye := p.expect("BYE ")
		p.respond(bye, c.status, challenge, "")
		again := p.expect("BYE ")
		for header(again, "CSeq") == header(bye, "CSeq") {
			again = p.expect("BYE ")
		}
		check(again, bye)
		p.respond(again, "200 OK", "", "")
	}
}

// TestWrongPassword: refused credentials are not sent again; a stale nonce is.
func TestWrongPassword(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	a := &parley.TrunkAccount{Host: "127.0.0.1", Port: p.port(), Username: "u", Password: "wrong"}
	ch := dial(t, tr, p, leg.Call{To: "200", Trunk: a})
	for i, extra := range []string{"", ", stale=true", ""} {
		inv := p.expect("INVITE ")
		if (header(inv, "Authorization") != "") != (i > 0) {
			t.Errorf("attempt %d: Authorization %q", i, header(inv, "Authorization"))
		}
		p.respond(inv, "401 Unauthorized", fmt.Sprintf("WWW-Authenticate: Digest realm=\"r\", nonce=\"n%d\"%s\r\n", i, extra), "")
		p.expect("ACK ")
	}
	if r := rejected(t, ch); r.Cause != parley.Configuration || r.Code != 401 {
		t.Errorf("%+v", r)
	}
	a.Realm = "mine"
	ch = dial(t, tr, p, leg.Call{To: "200", Trunk: a})
	p.respond(p.expect("INVITE "), "401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\"\r\n", "")
	if r := rejected(t, ch); r.Code != 401 {
		t.Errorf("a foreign realm: %+v", r)
	}
}

// TestNothingUnsafeLeaves: what could break out of a header is refused, and not one packet is sent.
func TestNothingUnsafeLeaves(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	sip := fmt.Sprintf("sip:bob@127.0.0.1:%d", p.port())
	account := &parley.TrunkAccount{Host: "127.0.0.1", Port: p.port(), Username: "u"}
	for _, c := range []leg.Call{
		{To: sip + "\r\nX-Evil: 1"},
		{To: sip + ";a=b\nX-Evil: 1"},
		{To: "sip:a\x00b@127.0.0.1"},
		{To: sip + ">;x=<"},
		{To: "sip:"}, {To: "+1555"}, {To: ""},
		{To: "1\r\nX: y", Trunk: account},
		{To: "", Trunk: account},
		{To: "1", Trunk: &parley.TrunkAccount{Host: "a b\r\n"}},
		{To: "1", Trunk: &parley.TrunkAccount{Host: "127.0.0.1", OutboundProxy: "x\r\ny"}},
		{To: sip, From: "a\r\nX-Evil: 1"},
		{To: sip, From: "a\"b"},
		{To: sip, Headers: map[string]string{"X-A": "1\r\nVia: x"}},
		{To: sip, Headers: map[string]string{"X-A\r\nVia": "1"}},
		{To: sip, Headers: map[string]string{"Via": "1"}},
		{To: sip, Headers: map[string]string{"X-": "1"}},
		{To: sip, Headers: map[string]string{"X-Long": strings.Repeat("a", headerValueMost+1)}},
		{To: sip, ID: "a\r\nb"},
		{To: sip + ";transport=tls"}, {To: "sips:bob@127.0.0.1"},
	} {
		if l, err := tr.Dial(t.Context(), c); err == nil {
			_ = l.Hangup(t.Context(), parley.AgentEnded)
			t.Errorf("%q was dialled", c.To)
		} else if r := new(leg.Rejected); !errors.As(err, &r) {
			t.Errorf("%q: %v is no refusal", c.To, err)
		}
	}
	if m := p.read(50 * time.Millisecond); m != "" {
		t.Errorf("sent %q", m)
	}
}

func TestRefer(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	for _, c := range []struct {
		answer, notify string
		ok             bool
		is             error
	}{
		{"202 Accepted", "SIP/2.0 200 OK", true, nil},
		{"202 Accepted", "SIP/2.0 486 Busy", false, errReferFailed},
		{"202 Accepted", "bye", true, nil},
		{"202 Accepted", "early", true, nil},
		{"202 Accepted", "no news", true, nil},
		{"202 Accepted", "over", false, errReferFailed},
		{"405 Method Not Allowed", "", false, errors.ErrUnsupported},
		{"501 Not Implemented", "", false, errors.ErrUnsupported},
		{"480 No", "", false, errReferFailed},
	} {
		p := newPeer(t, nil)
		ch := dial(t, tr, p, leg.Call{From: "a"})
		inv := p.expect("INVITE ")
		p.respond(inv, "200 OK", "", p.sdp(""))
		p.expect("ACK ")
		l := accepted(t, ch)
		done := make(chan error, 1)
		go func() { done <- l.Refer(t.Context(), "+1555") }()
		ref := p.expect("REFER ")
		if to := header(ref, "Refer-To"); to != "<sip:+1555@127.0.0.1>" {
			t.Errorf("Refer-To %q", to)
		}
		headers := ""
		if c.notify == "no news" {
			headers = "Refer-Sub: false\r\n"
		}
		if c.notify != "early" {
			p.respond(ref, c.answer, headers, "")
		}
		p.callID, p.totag, p.target = header(inv, "Call-ID"), tagOf(header(inv, "From")), strings.Trim(header(inv, "Contact"), "<>")
		switch c.notify {
		case "", "no news":
		case "bye":
			p.ask("BYE", "", "")
		case "early": // before the REFER is answered
			if code, _ := p.ask("NOTIFY", "Event: refer\r\nSubscription-State: terminated\r\n", "SIP/2.0 200 OK\r\n"); code != 200 {
				t.Errorf("NOTIFY: %d", code)
			}
			p.respond(ref, c.answer, "", "")
		case "over":
			if code, _ := p.ask("NOTIFY", "o: refer\r\nSubscription-State: terminated;reason=timeout\r\n", "SIP/2.0 100 Trying\r\n"); code != 200 {
				t.Errorf("NOTIFY: %d", code)
			}
		default:
			if code, _ := p.ask("NOTIFY", "Event: presence\r\n", ""); code != 489 {
				t.Errorf("another event: %d", code)
			}
			for _, frag := range []string{"SIP/2.0 100 Trying", c.notify} {
				if code, _ := p.ask("NOTIFY", "Event: refer;id=2\r\nSubscription-State: active\r\n", frag+"\r\n"); code != 200 {
					t.Errorf("NOTIFY: %d", code)
				}
			}
		}
		err := <-done
		if (err == nil) != c.ok || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s, %s: %v", c.answer, c.notify, err)
		}
		go func() { _ = l.Hangup(context.Background(), parley.AgentEnded) }()
		if c.notify != "bye" {
			p.respond(p.expect("BYE "), "200 OK", "", "")
		}
	}
}

// TestLargeInvite: a request of more than 1300 bytes goes through by UDP.
func TestLargeInvite(t *testing.T) {
	got := make(chan leg.Ringing, 1)
	b := trunk(t, Config{}, func(ctx context.Context, o leg.Offer) {
		got <- o.Ringing()
		_ = o.Reject(ctx, parley.Declined)
	})
	a := trunk(t, Config{}, nil)
	headers := map[string]string{}
	for i := range 5 {
		headers[fmt.Sprintf("X-Large-%d", i)] = strings.Repeat("a", 1000)
	}
	_, err := a.Dial(t.Context(), leg.Call{To: b.uri("bob"), Headers: headers})
	var r *leg.Rejected
	if !errors.As(err, &r) || r.Code != 603 {
		t.Fatal(err)
	}
	if n := len((<-got).Headers); n != 5 {
		t.Errorf("%d headers arrived", n)
	}
}

// TestForksAreBounded: answers under ever new tags do not make us send without end.
func TestForksAreBounded(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	ch := dial(t, tr, p, leg.Call{})
	inv := p.expect("INVITE ")
	p.respond(inv, "200 OK", "", p.sdp(""))
	p.expect("ACK ")
	accepted(t, ch)
	byes := map[string]bool{}
	for i := range 4 * forksMost {
		p.tag = fmt.Sprintf("fork%d", i)
		p.respond(inv, "200 OK", "", p.sdp(""))
		for m := p.read(5 * time.Millisecond); m != ""; m = p.read(5 * time.Millisecond) {
			if strings.HasPrefix(m, "BYE ") {
				byes[tagOf(header(m, "To"))] = true
				p.respond(m, "200 OK", "", "")
			}
		}
	}
	if n := len(byes); n == 0 || n >= forksMost {
		t.Errorf("BYEs to %d branches", n)
	}
}

// TestNoPortToDialFrom: a call that finds no port fails; the port is there again when the other call is over.
func TestNoPortToDialFrom(t *testing.T) {
	tr := trunk(t, Config{Ports: rtp.NewPorts(42700, 42702)}, nil)
	p := newPeer(t, nil)
	for range 2 {
		ch := dial(t, tr, p, leg.Call{})
		inv := p.expect("INVITE ")
		if r := rejected(t, dial(t, tr, p, leg.Call{})); r.Cause != parley.Unreachable || r.Code != 0 {
			t.Errorf("%+v", r)
		}
		p.respond(inv, "486 Busy Here", "", "")
		p.expect("ACK ")
		rejected(t, ch)
	}
}
