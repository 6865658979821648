package sip

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

const fax = "m=image 5000 udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"

// TestFaxIsDeclined: beside audio it is refused and the audio taken; alone it is refused and the call goes on.
func TestFaxIsDeclined(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "", p.sdp("")+fax))
	_, ok := p.final()
	if !strings.Contains(ok, "m=image 0 udptl t38") || strings.Contains(ok, "m=audio 0") {
		t.Errorf("200: %s", ok)
	}
	p.totag = tagOf(header(ok, "To"))
	p.send(p.request("ACK", "", "", ""))
	l := next(t, legs)
	for _, method := range []string{"INVITE", "UPDATE"} {
		if code, m := p.ask(method, "", p.sdp("")+fax); code != 200 || !strings.Contains(m, "m=image 0 udptl t38") {
			t.Errorf("%s beside audio: %s", method, m)
		}
		if code, m := p.ask(method, "", "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+fax); code != 488 {
			t.Errorf("%s alone: %s", method, m)
		}
		if code, m := p.ask(method, "", strings.Replace(p.sdp(""), "m=audio 40000", "m=audio 0", 1)+fax); code != 488 {
			t.Errorf("%s instead of audio: %s", method, m)
		}
	}
	if err := l.Mark(1); err != nil {
		t.Errorf("the call is over: %v", err)
	}
	event(t, l, leg.Marked)
	p.ask("BYE", "", "")
}

// TestAnotherCodecAndAddress: what is said after a re-INVITE goes where it says, as it says.
func TestAnotherCodecAndAddress(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(true)
	next(t, legs)
	for _, c := range []struct {
		pt   int
		name string
		late bool
	}{{8, "PCMA", false}, {0, "PCMU", true}} {
		media, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		defer media.Close()
		sdp := fmt.Sprintf("v=0\r\no=- 1 %d IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %d\r\na=rtpmap:%d %s/8000\r\n",
			c.pt+2, media.LocalAddr().(*net.UDPAddr).Port, c.pt, c.pt, c.name)
		if c.late {
			p.seq++
			p.send(p.request("INVITE", "", "", ""))
			if _, m := p.final(); !strings.Contains(m, "m=audio") {
				t.Errorf("no offer in %s", m)
			}
			p.send(p.request("ACK", "", "", sdp))
		} else if code, m := p.ask("INVITE", "", sdp); code != 200 || !strings.Contains(m, fmt.Sprintf("RTP/AVP %d\r\n", c.pt)) {
			t.Errorf("re-INVITE: %s", m)
		}
		buf := make([]byte, 1500)
		_ = media.SetReadDeadline(time.Now().Add(patience))
		n, err := media.Read(buf)
		if err != nil || n < 12 || int(buf[1]&0x7f) != c.pt {
			t.Errorf("%s: %d bytes, type %d, %v", c.name, n, buf[1]&0x7f, err)
		}
	}
	p.ask("BYE", "", "")
}

// TestMergedInvite: the second copy of an INVITE that came by two ways is no second call (RFC 3261 §8.2.2.2).
func TestMergedInvite(t *testing.T) {
	pick, legs := make(chan struct{}), make(chan leg.Leg, 2)
	tr := trunk(t, Config{}, slow(pick, legs))
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "z9hG4bKway1", "", p.sdp("")))
	p.expect("SIP/2.0 180")
	p.send(p.request("INVITE", "z9hG4bKway2", "", p.sdp("")))
	if m := p.expect("SIP/2.0 482"); !strings.Contains(header(m, "Via"), "way2") {
		t.Errorf("482: %s", m)
	}
	p.send(p.request("ACK", "z9hG4bKway2", "", ""))
	p.seq = 2 // another one of the same caller
	p.send(p.request("INVITE", "z9hG4bKway3", "", p.sdp("")))
	if m := p.expect("SIP/2.0 180"); header(m, "CSeq") != "2 INVITE" {
		t.Errorf("180: %s", m)
	}
	close(pick)
	for range 2 {
		go func() { _ = next(t, legs).Hangup(context.Background(), parley.AgentEnded) }()
	}
	ended := 0
	for ended < 2 {
		m := p.expect("")
		switch {
		case m == "":
			t.Fatal("nothing comes any more")
		case strings.HasPrefix(m, "SIP/2.0 200") && strings.HasSuffix(header(m, "CSeq"), "INVITE"):
			p.totag = tagOf(header(m, "To"))
			_, _ = fmt.Sscanf(header(m, "CSeq"), "%d", &p.seq)
			p.send(p.request("ACK", "", "", ""))
		case strings.HasPrefix(m, "BYE "):
			p.respond(m, "200 OK", "", "")
			ended++
		}
	}
}

// TestUnknownScheme: RFC 3261 §8.2.2.1.
func TestUnknownScheme(t *testing.T) {
	tr := trunk(t, Config{}, func(_ context.Context, o leg.Offer) { t.Errorf("offered: %+v", o.Ringing()) })
	p := newPeer(t, tr)
	for _, method := range []string{"INVITE", "OPTIONS"} {
		p.seq++
		p.target = "nobodyKnowsThisScheme:totallyopaquecontent"
		m := strings.Replace(p.request(method, "", "", ""), "To: <nobodyKnowsThisScheme:totallyopaquecontent>", "To: <sip:x@y>", 1)
		p.send(m)
		if code, m := p.final(); code != 416 {
			t.Errorf("%s: %s", method, m)
		}
	}
}
