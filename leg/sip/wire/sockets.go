package wire

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"
)

// Config is where to listen and whom to ask. Only Listen is required; every function may be nil and must not block.
type Config struct {
	Listen    string      // host:port for UDP and TCP alike; port 0 takes any that is free for both
	ListenTLS string      // host:port; "": connections by TLS are only made, not taken
	TLS       *tls.Config // of the server; required with ListenTLS

	Admit     func(from netip.Addr, size int) bool               // asked before a message is looked at, and with 0 before a connection is taken
	Known     func(netip.Addr) bool                              // a trunk's or a live call's: its connections may be silent
	MayAnswer func(to netip.AddrPort, received, answer int) bool // asked before a refusal is answered by UDP
	Failed    func(netip.Addr)                                   // told of malformed messages
	Seen      func(Seen)                                         // told of every whole message in and out
}

// Seen is one message on the wire.
type Seen struct {
	At            time.Time
	Network       string // UDP, TCP, TLS
	Local, Remote netip.AddrPort
	Out           bool
	Message       []byte // valid during the call
}

// Sockets are the UDP socket and the TCP and TLS connections, with their listeners, of one trunk.
type Sockets struct {
	cfg    Config
	addr   netip.AddrPort
	udp    *net.UDPConn
	tcp    *door
	tls    *door
	deaf   atomic.Bool // what comes in is dropped
	forget int         // changes of source address, see ServeUDP
	buffer []byte      // of whoever reads UDP

	mu      sync.Mutex // guards all below
	open    map[*conn]struct{}
	to      map[hop]*conn      // the open ones, by where they lead
	from    map[netip.Addr]int // how many of them came in from that house
	dialled map[hop]*dial
	closed  bool
	joins   sync.WaitGroup // who accepts and dials
}

const (
	udpBuffer = 4 << 20 // bytes, for bursts of call set-ups
	udpForget = 20_000  // changes of source address before sipgo's memory of them is emptied
)

// Settling is how long messages that were read last may take to be handled. sipgo neither counts nor joins its goroutines, and
// one that wants to answer on a socket that is gone opens another, which nobody would ever close.
const Settling = 20 * time.Millisecond

// Open takes the addresses. Nothing is read before Serve….
func Open(c Config) (*Sockets, error) {
	s := &Sockets{cfg: c, forget: udpForget, buffer: make([]byte, datagramMost+1), open: map[*conn]struct{}{},
		to: map[hop]*conn{}, from: map[netip.Addr]int{}, dialled: map[hop]*dial{}}
	l, err := s.listen()
	if err != nil {
		return nil, err
	}
	s.tcp, s.tls = newDoor(s, "TCP", l, nil), newDoor(s, "TLS", nil, nil)
	if c.ListenTLS == "" {
		return s, nil
	}
	if c.TLS == nil {
		s.Close()
		return nil, fmt.Errorf("ListenTLS %q without a certificate", c.ListenTLS)
	}
	if l, err = net.Listen("tcp", c.ListenTLS); err != nil {
		s.Close()
		return nil, err
	}
	server := c.TLS.Clone()
	server.MinVersion = max(server.MinVersion, tls.VersionTLS12)
	s.tls = newDoor(s, "TLS", l, server)
	return s, nil
}

func (s *Sockets) listen() (net.Listener, error) {
	var err error
	for range 20 { // with port 0 the port UDP gets may be taken for TCP
		var u *net.UDPAddr
		if u, err = net.ResolveUDPAddr("udp", s.cfg.Listen); err != nil {
			return nil, err
		}
		if s.udp, err = net.ListenUDP("udp", u); err != nil {
			return nil, err
		}
		s.addr = s.udp.LocalAddr().(*net.UDPAddr).AddrPort()
		var l net.Listener
		if l, err = net.Listen("tcp", s.udp.LocalAddr().String()); err == nil {
			_ = s.udp.SetReadBuffer(udpBuffer)
			return l, nil
		}
		_ = s.udp.Close()
		if u.Port != 0 {
			return nil, err
		}
	}
	return nil, err
}

// Addr is where UDP and TCP are listened to; not valid of no Sockets.
func (s *Sockets) Addr() netip.AddrPort {
	if s == nil {
		return netip.AddrPort{}
	}
	return s.addr
}

// AddrTLS is where TLS is listened to; not valid without Config.ListenTLS.
func (s *Sockets) AddrTLS() netip.AddrPort {
	if s == nil || s.tls.l == nil {
		return netip.AddrPort{}
	}
	return s.tls.l.Addr().(*net.TCPAddr).AddrPort()
}

// Local is the UDP socket as sip.Request.Laddr names it.
func (s *Sockets) Local() sip.Addr {
	a := s.udp.LocalAddr().(*net.UDPAddr)
	return sip.Addr{IP: a.IP, Port: a.Port}
}

// ServeTCP reads until Close the connections that come in, and those Connect makes.
func (s *Sockets) ServeTCP(l *sip.TransportLayer) error { return l.ServeTCP(s.tcp) }

// ServeTLS is ServeTCP for TLS. Without Config.ListenTLS there are only those Connect makes.
func (s *Sockets) ServeTLS(l *sip.TransportLayer) error { return l.ServeTLS(s.tls) }

// Drain has whatever comes in dropped from now on, and waits until what came before is handled.
func (s *Sockets) Drain() {
	s.deaf.Store(true)
	time.Sleep(Settling)
}

// Close gives the addresses back; each Serve… returns.
func (s *Sockets) Close() {
	_ = s.udp.Close()
	_ = s.tcp.Close()
	_ = s.tls.Close()
}

// Wait closes every connection, and returns when nobody accepts or dials any more.
func (s *Sockets) Wait() {
	s.mu.Lock()
	s.closed = true
	all := make([]*conn, 0, len(s.open))
	for c := range s.open {
		all = append(all, c)
	}
	s.mu.Unlock()
	for _, c := range all {
		_ = c.Close()
	}
	s.joins.Wait()
}

func (s *Sockets) admit(from netip.Addr, size int) bool {
	return s.cfg.Admit == nil || s.cfg.Admit(from, size)
}

func (s *Sockets) known(a netip.Addr) bool { return s.cfg.Known != nil && s.cfg.Known(a) }

func (s *Sockets) failed(a netip.Addr) {
	if s.cfg.Failed != nil {
		s.cfg.Failed(a)
	}
}

func (s *Sockets) seen(at time.Time, network string, local, remote netip.AddrPort, out bool, message []byte) {
	if s.cfg.Seen != nil {
		s.cfg.Seen(Seen{at, network, local, remote, out, message})
	}
}

func unmapped(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }
