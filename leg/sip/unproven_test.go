package sip

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/leg"
)

// TestNothingIsSentToAThirdParty: sound goes to another machine than the caller's only once he has shown, by his ACK, that he is no
// forged source.
func TestNothingIsSentToAThirdParty(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	third, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 2), Port: 40000})
	if err != nil {
		t.Skip("no second address here: ", err)
	}
	defer third.Close()
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "", strings.Replace(p.sdp(""), "c=IN IP4 127.0.0.1", "c=IN IP4 127.0.0.2", 1)))
	code, ok := p.final()
	if code != 200 {
		t.Fatalf("INVITE: %s", ok)
	}
	p.totag = tagOf(header(ok, "To"))
	l := next(t, legs)
	for range 5 {
		event(t, l, leg.Played)
	}
	buf := make([]byte, 1500)
	_ = third.SetReadDeadline(time.Now().Add(time.Millisecond))
	if n, err := third.Read(buf); err == nil {
		t.Errorf("%d bytes before the ACK", n)
	}
	p.send(p.request("ACK", "", "", ""))
	_ = third.SetReadDeadline(time.Now().Add(patience))
	if _, err := third.Read(buf); err != nil {
		t.Errorf("nothing after it: %v", err)
	}
	p.ask("BYE", "", "")
}
