package bench

import (
	"strings"
	"testing"
)

const ok200 = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:5;branch=z9hG4bK1\r\nfrom: <sip:a@b>;tag=1\r\nTo: \"x;y\" <sip:c@d>;tag=2\r\n" +
	"CALL-ID: abc\r\nCSeq: 1 INVITE\r\nContact: <sip:c@127.0.0.1:5062;transport=udp>\r\nContent-Length: 9\r\n\r\n" +
	"v=0\r\nc=IN IP4 127.0.0.9\r\nm=audio 4000 RTP/AVP 0\r\nCSeq: 7 X\r\n"

func TestMessage(t *testing.T) {
	if status(ok200) != 200 || status("INVITE sip:x SIP/2.0\r\n") != 0 || status("SIP/2.0 x") != 0 || status("SIP/2.0 999 x") != 0 {
		t.Error("status")
	}
	if header(ok200, "call-id") != "abc" || header(ok200, "CSeq") != "1 INVITE" || header(ok200, "None") != "" {
		t.Error("header")
	}
	if got := address(header(ok200, "Contact")); got != "sip:c@127.0.0.1:5062;transport=udp" {
		t.Errorf("contact %q", got)
	}
	if got := address("sip:c@d;tag=3"); got != "sip:c@d" {
		t.Errorf("address %q", got)
	}
	a, err := mediaAddress(ok200)
	if err != nil || a.String() != "127.0.0.9:4000" {
		t.Errorf("sound to %v, %v", a, err)
	}
	if _, err := mediaAddress(strings.Replace(ok200, "4000", "0", 1)); err == nil {
		t.Error("port 0 is taken")
	}
	r := string(reply("BYE sip:a SIP/2.0\r\nVia: one\r\nvia: two\r\nFrom: f\r\nTo: t\r\nCall-ID: i\r\nCSeq: 5 BYE\r\nX-Secret: s\r\n\r\nbody", "200 OK"))
	if r != "SIP/2.0 200 OK\r\nVia: one\r\nvia: two\r\nFrom: f\r\nTo: t\r\nCall-ID: i\r\nCSeq: 5 BYE\r\nContent-Length: 0\r\n\r\n" {
		t.Errorf("reply %q", r)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(ok200)
	f.Add("BYE sip:a SIP/2.0\r\nVia: one\r\n\r\n")
	f.Fuzz(func(t *testing.T, m string) {
		if c := status(m); c != 0 && (c < 100 || c > 699) {
			t.Fatalf("status %d", c)
		}
		address(header(m, "Contact"))
		if a, err := mediaAddress(m); err == nil && !a.IsValid() {
			t.Fatal("an address that is none")
		}
		if r := string(reply(m, "200 OK")); status(r) != 200 {
			t.Fatalf("reply %q", r)
		}
	})
}
