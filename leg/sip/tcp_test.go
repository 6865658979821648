package sip

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// streamed is a peer by TCP: a connection, and a listener its Contact names.
type streamed struct {
	*peer
	conn net.Conn
	in   *bufio.Reader
	l    net.Listener
}

func newStreamed(t *testing.T, tr *Trunk) *streamed {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &streamed{peer: newPeer(t, tr), l: l}
	s.target += ";transport=tcp"
	s.connect(tr.Addr().String())
	t.Cleanup(func() { _ = l.Close(); _ = s.conn.Close() })
	return s
}

func (s *streamed) connect(to string) {
	s.t.Helper()
	conn, err := net.Dial("tcp4", to)
	if err != nil {
		s.t.Fatal(err)
	}
	s.use(conn)
}

func (s *streamed) use(conn net.Conn) {
	s.conn, s.in = conn, bufio.NewReader(conn)
	_ = conn.SetDeadline(time.Now().Add(patience))
}

// write makes a UDP request of the peer's one by TCP.
func (s *streamed) write(m string) string {
	m = strings.Replace(m, "SIP/2.0/UDP", "SIP/2.0/TCP", 1)
	return strings.Replace(m, fmt.Sprintf("Contact: <sip:ann@127.0.0.1:%d>", s.port()), "Contact: <sip:ann@"+s.l.Addr().String()+";transport=tcp>", 1)
}

// message reads one, framed by its Content-Length.
func (s *streamed) message() (string, error) {
	var b strings.Builder
	size := 0
	for {
		line, err := s.in.ReadString('\n')
		if err != nil {
			return b.String(), err
		}
		if line == "\r\n" && b.Len() == 0 {
			continue // a keep-alive
		}
		b.WriteString(line)
		if n, ok := strings.CutPrefix(line, "Content-Length: "); ok {
			size, _ = strconv.Atoi(strings.TrimSpace(n))
		}
		if line == "\r\n" {
			break
		}
	}
	body := make([]byte, size)
	_, err := io.ReadFull(s.in, body)
	return b.String() + string(body), err
}

// await reads until a message begins with what.
func (s *streamed) await(what string) string {
	s.t.Helper()
	for {
		m, err := s.message()
		if err != nil {
			s.t.Fatalf("never got %q: %v", what, err)
		}
		if strings.HasPrefix(m, what) {
			return m
		}
	}
}

func (s *streamed) put(m string) {
	s.t.Helper()
	if _, err := io.WriteString(s.conn, m); err != nil {
		s.t.Fatal(err)
	}
}

// TestTCPFraming: a message may come byte by byte, several in one piece, with keep-alives between them (RFC 3261 §18.3, §7.5).
func TestTCPFraming(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	s := newStreamed(t, tr)
	s.seq = 1
	invite := s.write(s.request("INVITE", "", "", s.sdp("")))
	for i := 0; i < len(invite); i += 97 {
		s.put(invite[i:min(i+97, len(invite))])
		time.Sleep(time.Millisecond)
	}
	s.totag = tagOf(header(s.await("SIP/2.0 200"), "To"))
	l := next(t, legs)
	ack := s.write(s.request("ACK", "", "", ""))
	s.seq++
	first := s.write(s.request("UPDATE", "", "", s.sdp("a=sendonly\r\n")))
	s.put("\r\n\r\n" + ack + first + "\r\n\r\n")
	m := s.await("SIP/2.0 200")
	for header(m, "CSeq") == "1 INVITE" { // again, for the ACK was slow
		m = s.await("SIP/2.0 200")
	}
	if !strings.Contains(m, "a=recvonly") || header(m, "CSeq") != "2 UPDATE" {
		t.Errorf("UPDATE: %s", m)
	}
	event(t, l, leg.Held)
	s.seq++
	s.put(s.write(s.request("BYE", "", "", "")))
	s.await("SIP/2.0 200")
	if err := ended(t, l); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// TestTCPHostile: what cannot be framed costs the one connection, at most; others go on.
func TestTCPHostile(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	good := newStreamed(t, tr)
	for name, m := range map[string]string{
		"an endless line":      strings.Repeat("A", 300_000),
		"endless headers":      "OPTIONS sip:a SIP/2.0\r\n" + strings.Repeat("X-A: b\r\n", 40_000),
		"a body without end":   "OPTIONS sip:a SIP/2.0\r\nContent-Length: 4000000000\r\n\r\n" + strings.Repeat("b", 300_000),
		"a negative length":    "OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
		"a length of no sense": "OPTIONS sip:a SIP/2.0\r\nContent-Length: 9999999999999999999999\r\n\r\n",
		"another protocol":     "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"zeros":                strings.Repeat("\x00", 100_000),
	} {
		c, err := net.Dial("tcp4", tr.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_ = c.SetDeadline(time.Now().Add(patience))
		_, _ = io.WriteString(c, m) // it may be cut off on the way
		good.seq++
		good.put(good.write(good.request("OPTIONS", "", "", "")))
		if got := header(good.await("SIP/2.0 200"), "CSeq"); got != fmt.Sprintf("%d OPTIONS", good.seq) {
			t.Errorf("after %s: CSeq %s", name, got)
		}
		_ = c.Close()
	}
}

// TestTCPConnectionLost: the connection a call came in by is gone; its Contact leads to the far end all the same.
func TestTCPConnectionLost(t *testing.T) {
	legs := make(chan leg.Leg, 1)
	tr := trunk(t, Config{}, answering(leg.Limits{}, legs))
	s := newStreamed(t, tr)
	s.seq = 1
	s.put(s.write(s.request("INVITE", "", "", s.sdp(""))))
	s.totag = tagOf(header(s.await("SIP/2.0 200"), "To"))
	s.put(s.write(s.request("ACK", "", "", "")))
	l := next(t, legs)
	_ = s.conn.Close()
	go func() { _ = l.Hangup(context.Background(), parley.AgentEnded) }()
	conn, err := s.l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s.use(conn)
	bye := s.await("BYE ")
	if !strings.HasPrefix(bye, "BYE sip:ann@"+s.l.Addr().String()) {
		t.Errorf("%.80q", bye)
	}
}
