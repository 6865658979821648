package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

const (
	shakeFor    = 10 * time.Second // for the TLS handshake
	messageFor  = 30 * time.Second // from the first byte of a message to its last
	idleFor     = 30 * time.Second // a stranger's silence
	knownFor    = 10 * time.Minute // silence before Known is asked again
	farewellFor = 200 * time.Millisecond
	stallFor    = 5 * time.Second // a far end that does not read
)

// conn is one connection by TCP or TLS. What it reads is whole messages that Check lets pass; the others it answers. Two goroutines of
// sipgo use it: one reads, any may write.
type conn struct {
	net.Conn
	s       *Sockets
	hop     hop  // by which Connect finds it
	dialled bool // by us
	friend  bool // was known when it came
	origin  origin
	local   netip.AddrPort
	ready   chan struct{} // closed at the first Read: sipgo has it in its pool
	reading bool
	f       framer
	used    int          // bytes of f.buf that were handed out last
	began   time.Time    // of a message that is not whole yet
	active  atomic.Int64 // when the last message came or went, in Unix nanoseconds
	spoke   atomic.Bool  // a whole message came
	once    sync.Once    // for Close
}

func newConn(s *Sockets, raw net.Conn, h hop, dialled bool) *conn {
	c := &conn{Conn: raw, s: s, hop: h, dialled: dialled, ready: make(chan struct{})}
	c.origin = origin{network: "tcp", text: h.to.String()}
	if a, ok := raw.LocalAddr().(*net.TCPAddr); ok {
		c.local = unmapped(a.AddrPort())
	}
	c.touch()
	return c
}

func (c *conn) touch() { c.active.Store(time.Now().UnixNano()) }

// silent is for how long no message came or went.
func (c *conn) silent() time.Duration { return time.Since(time.Unix(0, c.active.Load())) }

// RemoteAddr carries the message that was read last, see Filter.
func (c *conn) RemoteAddr() net.Addr { return &c.origin }

// Read returns when there is a message for the parser.
func (c *conn) Read(b []byte) (int, error) {
	if !c.reading {
		c.reading = true
		close(c.ready)
		if err := c.shake(); err != nil {
			return 0, err
		}
	}
	for {
		c.f.drop(c.used)
		c.used = 0
		if err := c.pong(c.f.pings()); err != nil {
			return 0, err
		}
		size, bad := c.f.next()
		if bad != nil {
			return 0, c.lost(bad)
		}
		if c.f.most() > datagramMost && !c.trusted() { // a stranger's is as large as by UDP
			return 0, c.lost(tooLarge)
		}
		if size == 0 {
			if err := c.fill(); err != nil {
				return 0, err
			}
			continue
		}
		c.used, c.began = size, time.Time{}
		if message := c.message(c.f.buf[:size]); message != nil {
			c.origin.message = message
			b[0] = '.'
			return 1, nil
		}
	}
}

// message gives what may be parsed of a whole one, nil: it is dealt with.
func (c *conn) message(raw []byte) []byte {
	if !c.s.admit(c.hop.to.Addr(), len(raw)) {
		return nil
	}
	c.touch()
	c.spoke.Store(true)
	message, r := Check(raw, true)
	c.s.seen(time.Now(), c.hop.network, c.local, c.hop.to, false, raw)
	if r == nil {
		return message
	}
	c.s.failed(c.hop.to.Addr())
	if answer, _ := r.reply(raw, c.hop.to); answer != nil {
		_, _ = c.Write(answer)
	}
	return nil
}

// lost answers what spoilt the stream and ends it, but not before what came in order is answered.
func (c *conn) lost(r *Refusal) error {
	time.Sleep(Settling)
	if !c.s.admit(c.hop.to.Addr(), len(c.f.buf)) {
		return io.EOF
	}
	c.s.failed(c.hop.to.Addr())
	if answer, _ := r.reply(c.f.buf, c.hop.to); answer != nil {
		c.s.seen(time.Now(), c.hop.network, c.local, c.hop.to, false, c.f.buf)
		_, _ = c.Write(answer)
	}
	return io.EOF
}

func (c *conn) pong(pings int) error {
	if pings == 0 {
		return nil
	}
	if c.trusted() {
		c.touch()
	}
	_, err := c.Write([]byte("\r\n")) // one for all that came at once
	return err
}

// trusted connections may be silent: those we made, and those of trunks and calls.
func (c *conn) trusted() bool { return c.dialled || c.s.known(c.hop.to.Addr()) }

// fill reads more, for as long as the far end may take.
func (c *conn) fill() error {
	if c.f.begun() && c.began.IsZero() {
		c.began = time.Now()
	}
	for {
		until := time.Unix(0, c.active.Load()).Add(idleFor)
		if !c.began.IsZero() {
			until = c.began.Add(messageFor)
		} else if silent := c.silent(); silent >= idleFor {
			switch known := c.s.known(c.hop.to.Addr()); {
			case known:
				until = time.Now().Add(knownFor)
			case c.dialled && silent < knownFor:
				until = until.Add(knownFor - idleFor)
			default:
				return os.ErrDeadlineExceeded
			}
		}
		if err := c.SetReadDeadline(until); err != nil {
			return err
		}
		n, err := c.Conn.Read(c.f.room())
		c.f.buf = c.f.buf[:len(c.f.buf)+n]
		switch {
		case c.s.deaf.Load():
			return net.ErrClosed
		case n > 0:
			return nil // an error comes again
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case !c.began.IsZero():
			_ = c.lost(notWhole)
			return err
		}
	}
}

// shake makes the TLS handshake of a connection that came in.
func (c *conn) shake() error {
	t, ok := c.Conn.(*tls.Conn)
	if !ok || c.dialled {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), shakeFor)
	defer cancel()
	return t.HandshakeContext(ctx)
}

// Write sends one whole message. A far end that does not read stalls its own messages for stallFor, no longer; of a message that went
// only in part the rest cannot follow, so the connection ends.
func (c *conn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(stallFor)); err != nil {
		return 0, err
	}
	at := time.Now() // before it: the answer may be here before Write returns
	n, err := c.Conn.Write(b)
	if err != nil {
		_ = c.Close()
		return n, err
	}
	if len(b) > 4 { // no ping or pong
		c.touch()
		c.s.seen(at, c.hop.network, c.local, c.hop.to, true, b)
	}
	return n, nil
}

func (c *conn) Close() (err error) {
	c.once.Do(func() {
		c.s.forgo(c)
		if t, ok := c.Conn.(*tls.Conn); ok { // its farewell could wait for a far end that does not read
			timer := time.AfterFunc(farewellFor, func() { _ = t.NetConn().Close() })
			defer timer.Stop()
		}
		err = c.Conn.Close()
	})
	return err
}
