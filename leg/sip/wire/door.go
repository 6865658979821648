package wire

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	connsMost     = 4096 // connections at once
	connsPerHost  = 50   // of them from one address
	connsLoopback = 256  // from one of our own
)

// door is a listener for sipgo: connections that came in and were admitted, and those we made.
type door struct {
	s       *Sockets
	network string       // TCP, TLS
	l       net.Listener // nil: nobody comes in
	server  *tls.Config
	conns   chan *conn
	quit    chan struct{}
	begin   sync.Once
	end     sync.Once
}

func newDoor(s *Sockets, network string, l net.Listener, server *tls.Config) *door {
	return &door{s: s, network: network, l: l, server: server, conns: make(chan *conn), quit: make(chan struct{})}
}

// Accept implements net.Listener.
func (d *door) Accept() (net.Conn, error) {
	d.begin.Do(func() {
		if d.l != nil {
			d.s.joins.Go(d.accept)
		}
	})
	select {
	case c := <-d.conns:
		return c, nil
	case <-d.quit:
		return nil, net.ErrClosed
	}
}

// Addr implements net.Listener.
func (d *door) Addr() net.Addr {
	if d.l == nil {
		return d.s.udp.LocalAddr() // sipgo wants one
	}
	return d.l.Addr()
}

// Close implements net.Listener.
func (d *door) Close() (err error) {
	d.end.Do(func() {
		close(d.quit)
		if d.l != nil {
			err = d.l.Close()
		}
	})
	return err
}

func (d *door) accept() {
	for {
		raw, err := d.l.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			time.Sleep(10 * time.Millisecond) // out of file descriptors: callers that are there go on
			continue
		}
		from := unmapped(raw.RemoteAddr().(*net.TCPAddr).AddrPort())
		c := d.admit(raw, from)
		if c == nil {
			_ = raw.Close()
			continue
		}
		if !d.pass(c, nil) {
			_ = c.Close()
		}
	}
}

func (d *door) admit(raw net.Conn, from netip.AddrPort) *conn {
	if !d.s.admit(from.Addr(), 0) || !d.s.vacancy(from.Addr()) {
		return nil
	}
	if d.server != nil {
		raw = tls.Server(raw, d.server)
	}
	return d.s.take(newConn(d.s, raw, hop{network: d.network, to: from}, false))
}

// pass hands the connection to sipgo; false: nobody takes it.
func (d *door) pass(c *conn, done <-chan struct{}) bool {
	select {
	case d.conns <- c:
		return true
	case <-d.quit:
	case <-done:
	}
	return false
}

// vacancy reports whether one more connection from there is allowed. Some PBXs open one for each call and close none: when an address
// has all it may have, its longest silent one makes room.
func (s *Sockets) vacancy(from netip.Addr) bool {
	most := connsPerHost
	if from.IsLoopback() {
		most = connsLoopback
	}
	s.mu.Lock()
	var oldest *conn
	if len(s.open) < connsMost && s.from[from] >= most {
		for c := range s.open {
			if c.hop.to.Addr() == from && !c.dialled && c.silent() >= idleFor && (oldest == nil || c.silent() > oldest.silent()) {
				oldest = c
			}
		}
	}
	free := len(s.open) < connsMost && s.from[from] < most
	s.mu.Unlock()
	if oldest != nil {
		_ = oldest.Close()
	}
	return free || oldest != nil
}

// take counts the connection; nil: the sockets are closed.
func (s *Sockets) take(c *conn) *conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.open[c] = struct{}{}
	s.to[c.hop] = c
	if !c.dialled {
		s.from[c.hop.to.Addr()]++
	}
	return c
}

// forgo forgets a connection that ends.
func (s *Sockets) forgo(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[c]; !ok {
		return
	}
	delete(s.open, c)
	if s.to[c.hop] == c {
		delete(s.to, c.hop)
	}
	if a := c.hop.to.Addr(); !c.dialled {
		if s.from[a]--; s.from[a] == 0 {
			delete(s.from, a)
		}
	}
}
