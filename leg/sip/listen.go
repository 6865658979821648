package sip

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

func init() {
	// Requests with many headers and a body pass 1300 bytes (RFC 3261 §18.1.1 would have TCP tried then; hardly any PBX does). IP
	// fragments carry what is larger than the path.
	sip.UDPMTUSize = 65507
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
}

const (
	udpBuffer  = 4 << 20 // bytes, for bursts of call set-ups
	udpForget  = 20_000  // changes of source address before sipgo's memory of them is emptied
	paramsMost = 1024    // parameters in one message
	tcpMost    = 4096    // connections at once
	tcpPerHost = 256     // of them from one address
	tcpStall   = 5 * time.Second
)

// sockets are the UDP socket and TCP listener on one port.
type sockets struct {
	addr netip.AddrPort
	udp  *net.UDPConn
	tcp  *tcpListener
	deaf atomic.Bool // what comes in is dropped

	forget int // changes of source address, see readUDP
}

func (s *sockets) open(listen string) error {
	var err error
	for range 20 { // with port 0 the port UDP gets may be taken for TCP
		var u *net.UDPAddr
		if u, err = net.ResolveUDPAddr("udp", listen); err != nil {
			return err
		}
		if s.udp, err = net.ListenUDP("udp", u); err != nil {
			return err
		}
		s.addr = s.udp.LocalAddr().(*net.UDPAddr).AddrPort()
		var l net.Listener
		if l, err = net.Listen("tcp", s.udp.LocalAddr().String()); err == nil {
			_ = s.udp.SetReadBuffer(udpBuffer)
			s.tcp = &tcpListener{Listener: l, deaf: &s.deaf, open: map[*tcpConn]struct{}{}}
			return nil
		}
		_ = s.udp.Close()
		if u.Port != 0 {
			return err
		}
	}
	return err
}

// settling is how long messages that were read last may take to be handled. sipgo neither counts nor joins its goroutines, and
// one that wants to answer on a socket that is gone opens another, which nobody would ever close.
const settling = 20 * time.Millisecond

func (s *sockets) drain() {
	s.deaf.Store(true)
	time.Sleep(settling)
}

func (s *sockets) close() {
	_ = s.udp.Close()
	_ = s.tcp.Close()
}

// wait waits until every TCP connection is closed.
func (s *sockets) wait() {
	s.tcp.closeAll()
}

// readUDP reads until close. sipgo remembers each source address for as long as one ServeUDP lasts; to bound that, against
// forged ones too, a new one takes over now and then. Transactions keep working: the socket stays the same.
func (s *sockets) readUDP(l *sip.TransportLayer) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	var relay func(started chan struct{}) error
	relay = func(started chan struct{}) error {
		return l.ServeUDP(&forgetful{UDPConn: s.udp, most: s.forget, deaf: &s.deaf, started: started, relay: func(next chan struct{}) {
			wg.Go(func() { _ = relay(next) })
		}})
	}
	err := relay(make(chan struct{}))
	wg.Wait()
	if err == nil {
		err = net.ErrClosed
	}
	return err
}

func (s *sockets) readTCP(l *sip.TransportLayer) error { return l.ServeTCP(s.tcp) }

// forgetful is the socket, which after many changes of the source address sees to a successor and claims to be closed.
type forgetful struct {
	*net.UDPConn
	last    netip.AddrPort
	changes int
	most    int
	reading bool
	deaf    *atomic.Bool
	started chan struct{}       // closed at the first ReadFrom: sipgo sends by this socket from then on
	relay   func(chan struct{}) // starts the successor
}

func (f *forgetful) ReadFrom(b []byte) (int, net.Addr, error) {
	if !f.reading {
		f.reading = true
		close(f.started)
	}
	if f.changes >= f.most {
		next := make(chan struct{})
		f.relay(next)
		<-next
		time.Sleep(settling) // what was read last still finds this one
		return 0, nil, net.ErrClosed
	}
	for {
		n, from, err := f.ReadFromUDPAddrPort(b)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return n, nil, err
			}
			time.Sleep(time.Millisecond) // an ICMP error of an earlier packet: not the end of the socket
			continue
		}
		if f.deaf.Load() {
			continue
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		if from != f.last {
			f.last = from
			f.changes++
		}
		return n, net.UDPAddrFromAddrPort(from), nil
	}
}

// readFilter drops what cannot be SIP before it is parsed. It never returns an error: that would end sipgo's reader.
func readFilter(info sip.TransportReadProps, data []byte) ([]byte, error) {
	if bytes.Count(data, []byte(";"))+bytes.Count(data, []byte("&")) > paramsMost {
		return nil, nil // sipgo needs time with the square of them
	}
	if info.Transport != "UDP" {
		return data, nil // a piece of a stream
	}
	if len(data) < 20 || data[0] < 'A' || data[0] > 'Z' || bytes.IndexByte(data, 0) >= 0 {
		return nil, nil
	}
	return data, nil
}

// tcpListener bounds the connections, and closes them in the end.
type tcpListener struct {
	net.Listener
	deaf   *atomic.Bool
	mu     sync.Mutex // guards all below
	open   map[*tcpConn]struct{}
	closed bool
}

func (l *tcpListener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			var timeout net.Error
			if errors.Is(err, net.ErrClosed) || !errors.As(err, &timeout) {
				return nil, err
			}
			time.Sleep(10 * time.Millisecond) // out of file descriptors: callers that are there go on
			continue
		}
		if conn := l.admit(c); conn != nil {
			return conn, nil
		}
		_ = c.Close()
	}
}

func (l *tcpListener) admit(c net.Conn) *tcpConn {
	l.mu.Lock()
	defer l.mu.Unlock()
	host := c.RemoteAddr().(*net.TCPAddr).AddrPort().Addr()
	same := 0
	for o := range l.open {
		if o.host == host {
			same++
		}
	}
	if l.closed || len(l.open) >= tcpMost || same >= tcpPerHost {
		return nil
	}
	t := &tcpConn{Conn: c, l: l, host: host}
	l.open[t] = struct{}{}
	return t
}

func (l *tcpListener) closeAll() {
	l.mu.Lock()
	l.closed = true
	all := make([]*tcpConn, 0, len(l.open))
	for c := range l.open {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
}

// tcpConn is one connection that came in. A far end that does not read stalls its own messages for tcpStall, no longer.
type tcpConn struct {
	net.Conn
	l    *tcpListener
	host netip.Addr
}

func (c *tcpConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.l.deaf.Load() {
		return 0, net.ErrClosed
	}
	return n, err
}

func (c *tcpConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(tcpStall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *tcpConn) Close() error {
	c.l.mu.Lock()
	delete(c.l.open, c)
	c.l.mu.Unlock()
	return c.Conn.Close()
}
