package sip

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

func TestSignal(t *testing.T) {
	for _, c := range []struct {
		body  string
		plain bool
		want  byte
	}{
		{"Signal=5\r\nDuration=160\r\n", false, '5'}, {"Signal= 5\nDuration=160\n", false, '5'}, {"duration=1\r\nSIGNAL = #", false, '#'},
		{"Signal=10\r\n", false, '*'}, {"Signal=11\r\n", false, '#'}, {"Signal=a", false, 'A'}, {"5", true, '5'}, {"*\r\n", true, '*'},
		{"Signal=7", true, '7'}, {"5", false, 0}, {"Signal=16", false, 0}, {"Signal=", false, 0}, {"", true, 0}, {"flash", true, 0}, {"Signal=!", false, 0},
	} {
		if got, ok := signal(c.body, c.plain); got != c.want || ok != (c.want != 0) {
			t.Errorf("%q: %q, %v", c.body, got, ok)
		}
	}
}

func FuzzSignal(f *testing.F) {
	f.Add("Signal=5\r\nDuration=160\r\n", false)
	f.Add("*", true)
	f.Fuzz(func(t *testing.T, body string, plain bool) {
		if d, ok := signal(body, plain); ok && !leg.Digits(string(d)) {
			t.Errorf("%q is a digit", d)
		}
	})
}

// TestInfo: digits come as digits, other bodies are refused, none at all is a question.
func TestInfo(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	p.invite(true)
	l := next(t, legs)
	info := func(kind, body string) (int, string) {
		p.seq++
		p.send(strings.Replace(p.request("INFO", "", "", body), "application/sdp", kind, 1))
		return p.final()
	}
	for _, c := range []struct {
		kind, body string
		want       int
	}{
		{"application/dtmf-relay", "Signal=5\r\nDuration=160\r\n", 200}, {"application/dtmf", "#", 200}, {"application/DTMF-Relay; x=y", "Signal=A", 200},
		{"application/dtmf-relay", "Signal=hello", 400}, {"application/media_control+xml", "<x/>", 415}, {"text/plain", "", 200},
	} {
		code, m := info(c.kind, c.body)
		if code != c.want {
			t.Errorf("%s %q: %s", c.kind, c.body, m)
		}
		if code == 415 && !strings.Contains(header(m, "Accept"), "application/dtmf-relay") {
			t.Errorf("Accept %q", header(m, "Accept"))
		}
	}
	for _, want := range "5#A" {
		if ev := event(t, l, leg.DTMF); rune(ev.Digit) != want {
			t.Errorf("digit %q, not %q", ev.Digit, want)
		}
	}
	p.ask("BYE", "", "")
}

// TestSendInfo: an account that wants digits by INFO gets them so, one after the other, and sound after them waits.
func TestSendInfo(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	accounts := func(context.Context) ([]parley.TrunkAccount, error) {
		return []parley.TrunkAccount{{ID: "pbx", AllowedAddresses: []string{netip.MustParseAddr("127.0.0.1").String()}, Media: parley.TrunkMedia{DTMF: parley.DTMFInfo}}}, nil
	}
	tr := trunk(t, Config{Trunks: accounts}, answering(leg.Limits{}, legs))
	p := newPeer(t, tr)
	media, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer media.Close()
	p.seq = 1
	p.send(p.request("INVITE", "", "", strings.Replace(p.sdp(""), "40000", strconv.Itoa(media.LocalAddr().(*net.UDPAddr).Port), 1)))
	_, ok := p.final()
	p.totag = tagOf(header(ok, "To"))
	p.send(p.request("ACK", "", "", ""))
	l := next(t, legs)
	if err := l.SendDTMF(t.Context(), "1#"); err != nil {
		t.Fatal(err)
	}
	if err := l.Mark(7); err != nil {
		t.Fatal(err)
	}
	last := ""
	for _, want := range []string{"Signal=1\r\n", "Signal=#\r\n"} {
		m := p.anew("INFO", last)
		if header(m, "Content-Type") != "application/dtmf-relay" || !strings.Contains(m, want) {
			t.Errorf("INFO %s", m)
		}
		p.respond(m, "200 OK", "", "")
		last = m
	}
	if ev := event(t, l, leg.Marked); ev.Mark != 7 {
		t.Errorf("mark %d", ev.Mark)
	}
	if err := l.SendDTMF(t.Context(), "5"); err != nil { // not taken: it goes with the sound
		t.Fatal(err)
	}
	p.respond(p.anew("INFO", last), "415 Unsupported Media Type", "", "")
	_ = media.SetReadDeadline(time.Now().Add(patience))
	for buf := make([]byte, 1500); ; {
		n, err := media.Read(buf)
		if err != nil {
			t.Fatalf("the digit is lost: %v", err)
		}
		if n > 12 && buf[1]&0x7f == 101 && buf[12] == 5 {
			break
		}
	}
	go func() { _ = l.Hangup(context.Background(), parley.AgentEnded) }()
	p.respond(p.expect("BYE "), "200 OK", "", "")
}
