//go:build e2e

package e2e

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// A bare telephone sends datagrams faster than any real one: what crosses on the wire can be made to cross here.
type bare struct {
	t      *testing.T
	conn   net.Conn
	id     string
	target string
}

func newBare(t *testing.T, s *server, n int) *bare {
	t.Helper()
	c, err := net.Dial("udp4", s.sip)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &bare{t: t, conn: c, id: fmt.Sprintf("race-%d-%d", n, time.Now().UnixNano()), target: "sip:demo@" + s.sip}
}

func (b *bare) send(method, to string, seq int, branch string) {
	b.t.Helper()
	body, kind := "", ""
	if method == "INVITE" {
		kind = "Content-Type: application/sdp\r\n"
		body = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 23999 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
	}
	_, err := fmt.Fprintf(b.conn, "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%s\r\nMax-Forwards: 70\r\nFrom: <sip:race@127.0.0.1>;tag=%s\r\n"+
		"To: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\nContact: <sip:race@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, b.target, b.conn.LocalAddr(), b.id, branch, b.id, to, b.id, seq, method, b.conn.LocalAddr(), kind, len(body), body)
	if err != nil {
		b.t.Fatal(err)
	}
}

// final waits for a final response to a request.
func (b *bare) final(cseq string) (code int, to string) {
	b.t.Helper()
	b.conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 65535)
	for {
		n, err := b.conn.Read(buf)
		if err != nil {
			b.t.Fatalf("no answer to %s: %v", cseq, err)
		}
		m := string(buf[:n])
		if !strings.Contains(m, "CSeq: "+cseq+"\r\n") {
			continue
		}
		fmt.Sscanf(m, "SIP/2.0 %d", &code)
		if code < 200 {
			continue
		}
		_, to, _ = strings.Cut(m, "\r\nTo: ")
		to, _, _ = strings.Cut(to, "\r\n")
		return code, to
	}
}

// TestInviteTwice: two INVITEs of one transaction, one right behind the other, are one call.
func TestInviteTwice(t *testing.T) {
	s := serve(t)
	b := newBare(t, s, 0)
	b.send("INVITE", "<"+b.target+">", 1, "i")
	b.send("INVITE", "<"+b.target+">", 1, "i")
	code, to := b.final("1 INVITE")
	if code != 200 {
		t.Fatalf("answered %d", code)
	}
	b.send("ACK", to, 1, "a")
	time.Sleep(500 * time.Millisecond)
	b.send("BYE", to, 2, "b")
	if code, _ := b.final("2 BYE"); code != 200 {
		t.Errorf("BYE: %d", code)
	}
	s.ended(10 * time.Second) // of exactly one call
	s.quiet()
}

// TestCancelRace: a CANCEL right behind its INVITE either wins, or comes too late and the call is there to be hung up.
func TestCancelRace(t *testing.T) {
	s := serve(t)
	for n := range 10 {
		b := newBare(t, s, n)
		b.send("INVITE", "<"+b.target+">", 1, "i")
		time.Sleep(time.Duration(n) * 300 * time.Microsecond)
		b.send("CANCEL", "<"+b.target+">", 1, "i")
		code, to := b.final("1 INVITE")
		switch code {
		case 487:
			b.send("ACK", to, 1, "i")
		case 200:
			b.send("ACK", to, 1, "a")
			b.send("BYE", to, 2, "b")
			if code, _ := b.final("2 BYE"); code != 200 && code != 481 {
				t.Errorf("BYE: %d", code)
			}
		default:
			t.Errorf("the INVITE ends with %d", code)
		}
	}
	s.quiet()
}
