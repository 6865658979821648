package wire

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// piped is a connection whose far end is in the test's hand.
func piped(cfg Config, dialled bool) (c *conn, far net.Conn) {
	s := &Sockets{cfg: cfg, open: map[*conn]struct{}{}, to: map[hop]*conn{}, from: map[netip.Addr]int{}}
	near, far := net.Pipe()
	return s.take(newConn(s, near, hop{network: "TCP", to: netip.MustParseAddrPort("192.0.2.1:5060")}, dialled)), far
}

// reads hands out what the connection reads, until it ends.
func reads(c *conn) (messages <-chan string, ended <-chan error) {
	ms, end := make(chan string, 100), make(chan error, 1)
	go func() {
		b := make([]byte, 16)
		for {
			n, err := c.Read(b)
			if err != nil {
				_ = c.Close()
				end <- err
				return
			}
			if n != 1 || b[0] == 0 {
				end <- errors.New("not the sign of a message")
				return
			}
			ms <- string(c.origin.message)
		}
	}()
	return ms, end
}

// TestStrangerIsSilent: 30 s, then the connection ends; pings do not help a stranger.
func TestStrangerIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Minute) // who writes sees that the connection is over
		c, far := piped(Config{}, false)
		start := time.Now()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		go func() {
			for {
				time.Sleep(10 * time.Second)
				if _, err := far.Write([]byte("\r\n\r\n")); err != nil {
					return
				}
			}
		}()
		_, ended := reads(c)
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != idleFor {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if len(c.s.open)+len(c.s.to)+len(c.s.from) > 0 {
			t.Error("it is not forgotten")
		}
	})
}

// TestFriendIsSilent: a trunk's connection, or that of a live call, stays for as long as it is one.
func TestFriendIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Minute) // who writes sees that the connection is over
		start := time.Now()
		known := func(a netip.Addr) bool { return a == netip.MustParseAddr("192.0.2.1") && time.Since(start) < time.Hour }
		c, far := piped(Config{Known: known}, false)
		messages, ended := reads(c)
		time.Sleep(20 * time.Minute)
		_, _ = far.Write([]byte(options("")))
		if m := <-messages; m != options("") {
			t.Errorf("%q", m)
		}
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) < time.Hour || time.Since(start) > time.Hour+knownFor {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestOursIsSilent: one we made ends after 10 min without a message or a ping of ours, when it is no trunk's any more.
func TestOursIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Minute)
		c, far := piped(Config{}, true)
		go func() { _, _ = io.Copy(io.Discard, far) }()
		_, ended := reads(c)
		time.Sleep(9 * time.Minute)
		if err := c.s.KeepAlive("tcp", c.hop.to); err != nil {
			t.Error(err)
		}
		start := time.Now()
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != knownFor {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestLargeMessages: a stranger's may be as large as by UDP, a trunk's larger.
func TestLargeMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Minute)
		large := strings.Replace(options(""), "Content-Length: 0", "Content-Length: 70000", 1) + strings.Repeat("b", 70000)
		for _, known := range []bool{false, true} {
			c, far := piped(Config{Known: func(netip.Addr) bool { return known }}, false)
			var heard bytes.Buffer
			over := make(chan struct{})
			go func() { _, _ = io.Copy(&heard, far); close(over) }()
			messages, ended := reads(c)
			go func() { _, _ = far.Write([]byte(large)) }()
			select {
			case m := <-messages:
				if !known || m != large {
					t.Errorf("known %v: %d bytes", known, len(m))
				}
				_ = far.Close()
			case err := <-ended:
				<-over
				if known || err != io.EOF || !strings.HasPrefix(heard.String(), "SIP/2.0 513 ") {
					t.Errorf("known %v: %v, heard %q", known, err, heard.String())
				}
			}
		}
	})
}

// TestSlowMessage: what has begun must be whole in 30 s, from whomever, however it trickles.
func TestSlowMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Minute) // who writes sees that the connection is over
		c, far := piped(Config{Known: func(netip.Addr) bool { return true }}, true)
		messages, ended := reads(c)
		time.Sleep(time.Minute)
		start := time.Now()
		go func() {
			for _, b := range []byte(options("")) {
				time.Sleep(100 * time.Millisecond)
				if _, err := far.Write([]byte{b}); err != nil {
					return
				}
			}
		}()
		if <-messages; time.Since(start) > messageFor {
			t.Errorf("whole after %v", time.Since(start))
		}
		time.Sleep(time.Minute)
		start = time.Now()
		go func() {
			for _, b := range []byte(options("")) {
				if _, err := far.Write([]byte{b}); err != nil {
					return
				}
				time.Sleep(time.Second)
			}
		}()
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != messageFor+Settling {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// TestBodyNeverCame: who is told of a body that does not come is answered in the end (RFC 4475 §3.1.2.2, by TCP).
func TestBodyNeverCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Minute)
		c, far := piped(Config{}, false)
		var heard bytes.Buffer
		over := make(chan struct{})
		go func() { _, _ = io.Copy(&heard, far); close(over) }()
		_, ended := reads(c)
		_, _ = far.Write([]byte(with("Content-Length", "Content-Length: 9")))
		<-ended
		<-over
		if !strings.HasPrefix(heard.String(), "SIP/2.0 400 "+notWhole.Reason) {
			t.Errorf("heard %q", heard.String())
		}
	})
}

// TestFarEndDoesNotRead: our writing stalls for 5 s, then the connection is over.
func TestFarEndDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Minute) // who writes sees that the connection is over
		c, _ := piped(Config{}, true)
		_, ended := reads(c)
		start := time.Now()
		if _, err := c.Write([]byte(options(""))); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != stallFor {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		if err := <-ended; err == nil {
			t.Error("it goes on")
		}
	})
}

// TestAnsweredOnTheSpot: pings get pongs, what Check refuses gets its answer and the next message is read all the same; what spoils the
// stream is answered and ends it. Trace sees all of it as it was.
func TestAnsweredOnTheSpot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Minute) // who writes sees that the connection is over
		var saw []string
		failed := 0
		c, far := piped(Config{Failed: func(netip.Addr) { failed++ }, Seen: func(s Seen) {
			way := "in "
			if s.Out {
				way = "out "
			}
			saw = append(saw, way+string(s.Message[:11]))
		}}, false)
		var heard bytes.Buffer
		over := make(chan struct{})
		go func() { _, _ = io.Copy(&heard, far); close(over) }()
		messages, ended := reads(c)
		bad := strings.Replace(options(""), "<sip:c@d>", "nobody", 1)
		_, _ = far.Write([]byte("\r\n\r\n" + options("") + bad + "\r\n" + strings.ReplaceAll(bad, "OPTIONS", "ACK") + options("")))
		for range 2 {
			if m := <-messages; m != options("") {
				t.Errorf("%q", m)
			}
		}
		_, _ = far.Write([]byte(with("Content-Length", "X: y")))
		if err := <-ended; err != io.EOF {
			t.Error(err)
		}
		<-over
		got := heard.String()
		if !strings.HasPrefix(got, "\r\nSIP/2.0 400 Bad To\r\n") || strings.Count(got, "SIP/2.0 400") != 2 || !strings.Contains(got, "SIP/2.0 400 No Content-Length\r\n") {
			t.Errorf("heard %q", got)
		}
		want := "in OPTIONS sip|in OPTIONS sip|out SIP/2.0 400|in ACK sip:a@b|in OPTIONS sip|in OPTIONS sip|out SIP/2.0 400"
		if s := strings.Join(saw, "|"); s != want || failed != 3 {
			t.Errorf("%d failed, seen %s", failed, s)
		}
	})
}

// TestNotAdmitted: what is not admitted is neither read nor answered, and does not keep the connection.
func TestNotAdmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(time.Minute) // who writes sees that the connection is over
		start := time.Now()
		c, far := piped(Config{Admit: func(netip.Addr, int) bool { return false }}, false)
		messages, ended := reads(c)
		go func() {
			for {
				time.Sleep(3 * time.Second)
				if _, err := far.Write([]byte(options("") + with("To", "To:"))); err != nil {
					return
				}
			}
		}()
		select {
		case m := <-messages:
			t.Errorf("%q", m)
		case <-ended:
		}
		if time.Since(start) != idleFor {
			t.Errorf("after %v", time.Since(start))
		}
	})
}

// TestSentBeforeItIsAnswered: a message is seen as of when its writing began, however long that takes: what answers it comes after it.
func TestSentBeforeItIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var at time.Time
		c, far := piped(Config{Seen: func(s Seen) { at = s.At }}, false)
		go func() {
			time.Sleep(time.Second)
			_, _ = far.Read(make([]byte, 4096))
		}()
		if _, err := c.Write([]byte(options(""))); err != nil {
			t.Fatal(err)
		}
		if !at.Equal(began) {
			t.Errorf("seen %s after its writing began", at.Sub(began))
		}
		_ = c.Close()
		_ = far.Close()
	})
}
