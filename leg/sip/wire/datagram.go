package wire

import (
	"errors"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
)

// ServeUDP reads until Close. sipgo remembers each source address for as long as one ServeUDP lasts; to bound that, against
// forged ones too, a new one takes over now and then. Transactions keep working: the socket stays the same.
func (s *Sockets) ServeUDP(l *sip.TransportLayer) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	var relay func(started chan struct{}) error
	relay = func(started chan struct{}) error {
		return l.ServeUDP(&forgetful{UDPConn: s.udp, s: s, started: started, relay: func(next chan struct{}) {
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

// forgetful is the socket, which after many changes of the source address sees to a successor and claims to be closed.
type forgetful struct {
	*net.UDPConn
	s       *Sockets
	last    netip.AddrPort
	text    string // of last
	changes int
	reading bool
	started chan struct{}       // closed at the first ReadFrom: sipgo sends by this socket from then on
	relay   func(chan struct{}) // starts the successor
}

// ReadFrom returns when there is a message for the parser. What is dropped allocates nothing.
func (f *forgetful) ReadFrom(b []byte) (int, net.Addr, error) {
	if !f.reading {
		f.reading = true
		close(f.started)
	}
	if f.changes >= f.s.forget {
		next := make(chan struct{})
		f.relay(next)
		<-next
		time.Sleep(Settling) // what was read last still finds this one
		return 0, nil, net.ErrClosed
	}
	for {
		n, from, err := f.ReadFromUDPAddrPort(f.s.buffer)
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return n, nil, err
			}
			time.Sleep(time.Millisecond) // an ICMP error of an earlier packet: not the end of the socket
			continue
		}
		if f.s.deaf.Load() {
			continue
		}
		from = unmapped(from)
		message := f.s.datagram(f.s.buffer[:n], from)
		if message == nil {
			continue
		}
		if from != f.last {
			f.last, f.text = from, from.String()
			f.changes++
		}
		b[0] = '.'
		return 1, &origin{"udp", f.text, message}, nil
	}
}

// datagram gives what may be parsed of one, nil: it is dealt with.
func (s *Sockets) datagram(b []byte, from netip.AddrPort) []byte {
	if !s.admit(from.Addr(), len(b)) {
		return nil
	}
	message, r := Check(b, false)
	if r == nil {
		s.seen(time.Now(), "UDP", s.addr, from, false, b)
		return message
	}
	if r.Code > 0 || r == stray {
		s.seen(time.Now(), "UDP", s.addr, from, false, b)
		s.failed(from.Addr())
	}
	answer, to := r.reply(b, from)
	if answer == nil || to.Port() == 0 || !s.mayAnswer(to, len(b), len(answer)) {
		return nil
	}
	at := time.Now()
	if _, err := s.udp.WriteToUDPAddrPort(answer, to); err == nil {
		s.seen(at, "UDP", s.addr, to, true, answer)
	}
	return nil
}

// mayAnswer: a refusal is never longer than what it refuses, unless somebody knows better.
func (s *Sockets) mayAnswer(to netip.AddrPort, received, answer int) bool {
	if s.cfg.MayAnswer == nil {
		return answer <= received || to.Addr().IsLoopback() || s.known(to.Addr())
	}
	return s.cfg.MayAnswer(to, 0, answer) // Admit has counted what was received
}

// WriteTo sends one message of the parser's making.
func (f *forgetful) WriteTo(b []byte, to net.Addr) (int, error) {
	at := time.Now() // before it: the answer may be here before WriteTo returns
	n, err := f.UDPConn.WriteTo(b, to)
	if err == nil && f.s.cfg.Seen != nil {
		if u, ok := to.(*net.UDPAddr); ok {
			f.s.seen(at, "UDP", f.s.addr, unmapped(u.AddrPort()), true, b)
		}
	}
	return n, err
}
