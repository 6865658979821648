package rtp

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/parley-voice/parley/rtp/srtp"
)

const (
	handshakeMost = 15 * time.Second
	flightsWait   = 16 // datagrams that may wait to be read; more are dropped, and sent again
)

// An association is a stream's DTLS: datagrams between its ports out of which the keys come.
type association struct {
	running sync.WaitGroup // handshakes

	mu     sync.Mutex // guards all below
	closed bool
	print  string // of the far end's certificate; "": there is none
	home   netip.Addr
	line   *datagrams     // of the handshake that runs
	agreed *srtp.Agreed   // once it is over
	to     netip.AddrPort // where the far end's last datagram came from

	failure error // why there are no keys
}

// agree begins a handshake, unless the one there was goes for this far end, too. One that is no longer wanted ends.
func (d *association) agree(s *Stream, a *Agreed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	print := ""
	if a.Secure != nil {
		print = a.Secure.Fingerprint
	}
	if d.home = a.Peer; a.Remote.IsValid() {
		d.home = a.Remote.Addr()
	}
	if print == d.print || d.closed {
		return
	}
	d.end()
	if d.print, d.agreed, d.to = print, nil, a.Remote; print == "" {
		return
	}
	line := newDatagrams(func(b []byte) { d.write(s.conn, b) })
	d.line = line
	d.running.Go(func() { d.run(s, line, print, a.Secure.Active) })
}

// run carries out one handshake.
func (d *association) run(s *Stream, line *datagrams, print string, active bool) {
	ctx, stop := context.WithTimeout(context.Background(), handshakeMost)
	defer stop()
	var agreed srtp.Agreed
	own, err := certificate()
	if err == nil {
		agreed, err = srtp.Handshake(ctx, line, own, print, active)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.line != line {
		return // ended, or another one is wanted
	}
	if d.line = nil; err != nil {
		d.failure = fmt.Errorf("rtp: no keys for the call: %w", err)
		_ = s.conn.SetReadDeadline(time.Unix(1, 0)) // Receive looks up
		return
	}
	d.agreed = &agreed
	s.in.unlock(agreed.Receive)
	s.out.lock(agreed.Send)
}

func (d *association) write(conn Wire, b []byte) {
	d.mu.Lock()
	to := d.to
	d.mu.Unlock()
	if to.IsValid() {
		_, _ = conn.WriteToUDPAddrPort(b, to) // lost, as far as DTLS is concerned
	}
}

// take takes a datagram from the far end's machine.
func (d *association) take(conn Wire, from netip.AddrPort, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.print == "" || d.home.IsValid() && from.Addr() != d.home {
		return
	}
	d.to = from
	switch {
	case d.line != nil:
		d.line.put(b)
	case d.agreed != nil:
		for _, again := range d.agreed.Repeat(b) {
			_, _ = conn.WriteToUDPAddrPort(again, from)
		}
	}
}

// end ends the handshake that runs; mu is held.
func (d *association) end() {
	if d.line != nil {
		_ = d.line.Close()
		d.line = nil
	}
}

// failed is why there will be no sound, nil while there may be.
func (d *association) failed() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.failure
}

func (d *association) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed = true
	d.end()
}

// isDTLS tells DTLS from RTP and RTCP on one port (RFC 7983 §7).
func isDTLS(b []byte) bool { return len(b) > 0 && b[0] >= 20 && b[0] <= 63 }

// datagrams are a net.Conn to the far end for the time of a handshake.
type datagrams struct {
	write func([]byte)
	in    chan []byte
	once  sync.Once
	done  chan struct{} // closed by Close

	mu       sync.Mutex // guards what follows
	deadline time.Time  // of Read
	moved    chan struct{}
}

func newDatagrams(write func([]byte)) *datagrams {
	return &datagrams{write: write, in: make(chan []byte, flightsWait), done: make(chan struct{}), moved: make(chan struct{})}
}

func (d *datagrams) put(b []byte) {
	select {
	case d.in <- slices.Clone(b):
	default:
	}
}

func (d *datagrams) Read(b []byte) (int, error) {
	for {
		d.mu.Lock()
		deadline, moved := d.deadline, d.moved
		d.mu.Unlock()
		var late <-chan time.Time
		if !deadline.IsZero() {
			left := time.Until(deadline)
			if left <= 0 {
				return 0, os.ErrDeadlineExceeded
			}
			timer := time.NewTimer(left)
			defer timer.Stop()
			late = timer.C
		}
		select {
		case got := <-d.in:
			return copy(b, got), nil
		case <-late:
			return 0, os.ErrDeadlineExceeded
		case <-d.done:
			return 0, net.ErrClosed
		case <-moved:
		}
	}
}

func (d *datagrams) Write(b []byte) (int, error) {
	select {
	case <-d.done:
		return 0, net.ErrClosed
	default:
	}
	d.write(b)
	return len(b), nil
}

func (d *datagrams) Close() error {
	d.once.Do(func() { close(d.done) })
	return nil
}

func (d *datagrams) SetReadDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deadline = t
	close(d.moved)
	d.moved = make(chan struct{})
	return nil
}

func (d *datagrams) SetDeadline(t time.Time) error    { return d.SetReadDeadline(t) }
func (d *datagrams) SetWriteDeadline(time.Time) error { return nil } // it never blocks
func (d *datagrams) LocalAddr() net.Addr              { return (*net.UDPAddr)(nil) }
func (d *datagrams) RemoteAddr() net.Addr             { return (*net.UDPAddr)(nil) }
