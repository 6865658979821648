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
	connsPerHost  = 50   // of them from one address, of IPv6 from one /64
	connsLoopback = 256  // from one of our own, but of those that said nothing yet as many as from any
)

// door is a listener for sipgo: connections that came in and were admitted, and those we made.
type door struct {
	s       *Sockets
	network string       // TCP, TLS
	l       net.Listener // nil: nobody comes in
	server  *tls.Config
	conns   chan *conn
	quit    chan struct{}
	vain    time.Time // when the acceptor waited in vain last
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

// patient is vacancy after a moment for those who read: of many connections that come at once some may have said something that is not
// read yet. When that was in vain once, the next ones are not waited for.
func (d *door) patient(from netip.Addr, friend bool) bool {
	if d.s.vacancy(from, friend) {
		return true
	}
	if time.Since(d.vain) < 10*Settling {
		return false
	}
	time.Sleep(Settling)
	if d.s.vacancy(from, friend) {
		return true
	}
	d.vain = time.Now()
	return false
}

func (d *door) admit(raw net.Conn, from netip.AddrPort) *conn {
	if !d.s.admit(from.Addr(), 0) {
		return nil
	}
	friend := d.s.known(from.Addr())
	if !d.patient(from.Addr(), friend) {
		return nil
	}
	if d.server != nil {
		raw = tls.Server(raw, d.server)
	}
	c := newConn(d.s, raw, hop{network: d.network, to: from}, false)
	c.friend = friend
	return d.s.take(c)
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
// has all it may have, its longest silent one makes room. When there are no more at all, a stranger makes room for who is known.
func (s *Sockets) vacancy(from netip.Addr, friend bool) bool {
	s.mu.Lock()
	full, all := len(s.open) >= connsMost, s.from[house(from)] >= connsPerHost
	if all && from.IsLoopback() {
		all = s.from[from] >= connsLoopback || s.mute(from) >= connsPerHost
	}
	var out *conn
	if all || full && friend {
		for c := range s.open {
			yields := !c.dialled && (!all || c.silent() >= idleFor && house(c.hop.to.Addr()) == house(from)) && (all || !c.friend)
			if yields && (out == nil || c.silent() > out.silent()) {
				out = c
			}
		}
	}
	s.mu.Unlock()
	if out != nil {
		_ = out.Close()
	}
	return out != nil || !all && !full
}

// mute counts the connections from there that said nothing yet; mu is held.
func (s *Sockets) mute(from netip.Addr) (n int) {
	for c := range s.open {
		if !c.dialled && c.hop.to.Addr() == from && !c.spoke.Load() {
			n++
		}
	}
	return n
}

// house is whom an address belongs to: IPv6 is given out by the /64.
func house(a netip.Addr) netip.Addr {
	if a.Is4() || a.IsLoopback() {
		return a
	}
	p, _ := a.Prefix(64)
	return p.Addr()
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
		s.from[house(c.hop.to.Addr())]++
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
	if a := house(c.hop.to.Addr()); !c.dialled {
		if s.from[a]--; s.from[a] == 0 {
			delete(s.from, a)
		}
	}
}
