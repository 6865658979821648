package sip

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg"
)

// TestLateOfferHolds: a re-INVITE without a session; what the ACK answers to our offer counts, and only that.
func TestLateOfferHolds(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(true)
	l := next(t, legs)
	late := func(answer string) {
		t.Helper()
		p.seq++
		p.send(p.request("INVITE", "", "", ""))
		if code, m := p.final(); code != 200 || !strings.Contains(m, "m=audio") {
			t.Fatalf("no offer: %s", m)
		}
		p.send(p.request("ACK", "", "", answer))
	}
	late(p.sdp("a=sendonly\r\n"))
	event(t, l, leg.Held)
	late("nonsense") // changes nothing
	late(p.sdp(""))
	event(t, l, leg.Resumed)
	if code, _ := p.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %d", code)
	}
}

// TestForgedRequests: who knows the Call-ID and our tag but not the far end's cannot end or change a call.
func TestForgedRequests(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(true)
	next(t, legs)
	forger := newPeer(t, tr)
	forger.callID, forger.totag, forger.seq = p.callID, p.totag, 100
	for _, method := range []string{"BYE", "INVITE", "UPDATE", "OPTIONS", "NOTIFY"} {
		if code, m := forger.ask(method, "", ""); code != 481 {
			t.Errorf("%s: %s", method, m)
		}
	}
	if code, m := p.ask("OPTIONS", "", ""); code != 200 { // its CSeq, too, is what it was
		t.Errorf("the call: %s", m)
	}
}

// TestCrossedByes: a BYE that crosses ours is answered, and is all the answer ours needs.
func TestCrossedByes(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(true)
	l := next(t, legs)
	hung := make(chan error, 1)
	go func() { hung <- l.Hangup(t.Context(), "") }()
	p.expect("BYE ")
	if code, m := p.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %s", m)
	}
	if err := <-hung; err != nil {
		t.Error(err)
	}
	for i := 0; dialogs(tr) > 0; i++ { // well before 64·T1
		if m := p.read(20 * time.Millisecond); m == "" && i > 20 {
			t.Fatal("the dialog waits for an answer to its own BYE")
		}
	}
}

func TestReferTo(t *testing.T) {
	d := &dialog{}
	d.remote.uri.Host = "pbx.example"
	for to, want := range map[string]string{
		"+15550001111": "sip:+15550001111@pbx.example", "200": "sip:200@pbx.example", "a#b": "sip:a%23b@pbx.example",
		"sip:x@192.0.2.1": "sip:x@192.0.2.1", "SIP:x@host;transport=tcp": "sip:x@host;transport=tcp",
		"": "", "a b": "", "sip:": "", "1\r\nX-Evil: 1": "", "sip:a@b>": "", strings.Repeat("1", identityMost+1): "",
	} {
		u, err := d.referTo(to)
		got := ""
		if err == nil {
			got = u.String()
		}
		if got != want {
			t.Errorf("%q: %q, not %q", to, got, want)
		}
	}
}

// TestUserRoundTrip: what is escaped to stand in a URI comes out the same; a control character stays escaped.
func TestUserRoundTrip(t *testing.T) {
	for _, s := range []string{"+1555", "Ann Lee", "a@b:c", "100%", "ünïcode", "#31#", "a/b?c", "\"<>\""} {
		e := userPart(s)
		var u sip.Uri
		if err := sip.ParseUri("sip:"+e+"@h", &u); err != nil || unescape(e) != s || u.Host != "h" || u.User != e {
			t.Errorf("%q: %q, %+v, %v", s, e, u, err)
		}
	}
	for in, want := range map[string]string{"%0d%0a": "%0d%0a", "%7F": "%7F", "%zz": "%zz", "%4": "%4", "%": "%", "%61%4A": "aJ"} {
		if got := unescape(in); got != want {
			t.Errorf("%q: %q, not %q", in, got, want)
		}
	}
}

// TestRecordRoutes reads several in one header, in the order they stand, and passes over what is none.
func TestRecordRoutes(t *testing.T) {
	m, err := sip.ParseMessage([]byte("INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx\r\nRecord-Route: <sip:p1;lr>, <sip:p2:5070;lr>\r\n" +
		"Record-Route: <sip:p3;lr>\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	var hosts []string
	for _, r := range recordRoutes(m) {
		hosts = append(hosts, r.HostPort())
	}
	if got := strings.Join(hosts, " "); !strings.HasPrefix(got, "p1") || !strings.Contains(got, "p2:5070") || !strings.Contains(got, "p3") {
		t.Errorf("routes %q", got)
	}
}

// TestOwnerIsToldText: what comes of a message to prompts, logs and the store is valid UTF-8 without control characters; a message
// that names someone otherwise is refused.
func TestOwnerIsToldText(t *testing.T) {
	req := invitation(t, "%80%ff1", "192.0.2.1:5060")
	req.From().Address.User, req.From().DisplayName = "a\xe9", "Ren\xe9"
	req.AppendHeader(sip.NewHeader("X-Name", "Ren\xe9"))
	r := ringing(req, "")
	for _, s := range []string{r.ID, r.From, r.To, r.FromName, r.Headers["X-Name"]} {
		if s == "" || !utf8.ValidString(s) || !clean(s) {
			t.Errorf("%q in %+v", s, r)
		}
	}
	if !wellFormed(req) {
		t.Error("the request is refused")
	}
	for _, spoil := range []func(*sip.Request){
		func(r *sip.Request) { r.Recipient.User = "a\x1a" },
		func(r *sip.Request) { r.From().Address.User = "a\x1b[2J" },
		func(r *sip.Request) { id := sip.CallIDHeader("1\xff"); r.ReplaceHeader(&id) },
	} {
		bad := invitation(t, "a", "192.0.2.1:5060")
		if !wellFormed(bad) {
			t.Fatal("the request is refused before it is spoilt")
		}
		if spoil(bad); wellFormed(bad) {
			t.Errorf("taken: %s", bad.String())
		}
	}
}

// TestVariablesHaveNames: what the parser takes for a header's name is one only when it is a token: a variable is shown and logged.
func TestVariablesHaveNames(t *testing.T) {
	req := invitation(t, "a", "192.0.2.1:5060")
	for _, name := range []string{"X-\nEvil", "X-a b", "X-a\x00", "X-\"", "X-", "X-Good"} {
		req.AppendHeader(sip.NewHeader(name, "v"))
	}
	if m := variables(req); len(m) != 1 || m["X-Good"] != "v" {
		t.Errorf("%q", m)
	}
}
