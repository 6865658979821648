package rtp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
)

// mostReadErrors in a row end Receive: the socket is beyond help.
const mostReadErrors = 100

// Config is where a stream listens.
type Config struct {
	Local netip.Addr // not valid: all of IPv4
	Ports *Ports     // nil: any free port
}

// A Stream is one RTP session over UDP: coded sound and RFC 4733 events on the wire, encrypted or not, 16 kHz frames inside. Its
// owner runs Receive in a goroutine, and calls Tick and Send every 20 ms. All methods are safe for concurrent use.
//
// It sends to the address in the SDP until it has learnt where the far end's packets really come from (symmetric RTP), then
// there. RTCP goes by the same port where the far end agrees to that, else by the one above.
type Stream struct {
	conn  Wire
	port  int
	ports *Ports
	in    receiver
	out   *sender
	rtcp  *reporter
	dtls  association
	once  sync.Once // Close
}

// Open binds a port. Nothing is sent or taken before Start. ErrNoPorts: the range is used up.
func Open(c Config) (*Stream, error) {
	var conn *net.UDPConn
	var err error
	if c.Ports != nil {
		conn, err = c.Ports.bind(c.Local)
	} else if conn, err = listen(c.Local, 0); err != nil {
		err = fmt.Errorf("opening an RTP port: %w", err)
	}
	if err != nil {
		return nil, err
	}
	at := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s := on(conn, at)
	s.ports, s.port = c.Ports, int(at.Port())
	s.rtcp = newReporter(listenAbove(c.Local, s.port))
	return s, nil
}

// A Wire carries a stream's datagrams. *net.UDPConn is one. Close ends a Read with net.ErrClosed; a deadline that is over ends it, too.
type Wire interface {
	ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error)
	WriteToUDPAddrPort(b []byte, to netip.AddrPort) (int, error)
	SetReadDeadline(t time.Time) error
	Close() error
}

// OpenOn makes a stream on a wire that somebody else has opened; Close closes it. All of the stream goes by it: the far end must agree to
// RTCP on the same port. local is what a Tap is told.
func OpenOn(w Wire, local netip.AddrPort) *Stream {
	s := on(w, local)
	s.rtcp = newReporter(nil)
	return s
}

func on(w Wire, local netip.AddrPort) *Stream {
	s := &Stream{conn: w, in: receiver{buffer: newJitter()}}
	s.out = newSender(w)
	s.out.tap = &tap{local: local}
	s.in.tap = s.out.tap
	return s
}

// LocalPort is the port to write in the SDP.
func (s *Stream) LocalPort() int { return s.port }

// Start begins the time line: At 0 is now.
func (s *Stream) Start(a Agreed) {
	moved := s.out.agree(a)
	s.in.agree(a)
	s.rtcp.agree(time.Now(), a, moved)
	s.dtls.agree(s, &a)
}

// Update takes what a re-INVITE came to. A far end that names another address is learnt anew.
func (s *Stream) Update(a Agreed) { s.Start(a) }

// Receive reads packets until Close, then returns nil; an error when nothing will come any more: the socket is beyond help, or a
// handshake has failed. It calls emit for what came in order; emit may also be called by
// Tick, but never by both at once, and must neither block nor call a method of the stream but Send and SendDigits.
func (s *Stream) Receive(emit func(Received)) error {
	defer s.dtls.running.Wait()
	var control sync.WaitGroup
	defer control.Wait()
	if odd := s.rtcp.odd; odd != nil {
		control.Go(s.readControl)
		defer odd.Close() // before its reader is waited for
	}
	var buf [maxPacket]byte
	for bad := 0; ; {
		n, from, err := s.conn.ReadFromUDPAddrPort(buf[:])
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			if err := s.dtls.failed(); err != nil {
				return err
			}
			if bad++; bad >= mostReadErrors {
				return fmt.Errorf("receiving RTP: %w", err)
			}
			continue
		}
		bad = 0
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		switch b := buf[:n]; {
		case isDTLS(b):
			s.dtls.take(s.conn, from, b)
		case isRTCP(b):
			s.hearControl(time.Now(), from, b)
		default:
			if learnt := s.in.take(time.Now(), from, b, emit); learnt.IsValid() {
				s.out.follow(learnt)
			}
		}
	}
}

// Tick keeps the time line in step with the clock: gaps whose time is over are concealed, and when nothing comes at all its
// slots are filled, by concealment for 60 ms and then by silence. About every 5 s it sends RTCP. Call it every 20 ms.
func (s *Stream) Tick(now time.Time, emit func(Received)) {
	s.in.tick(now, emit)
	if s.rtcp.isDue(now) {
		s.report(false)
	}
}

// Send puts one frame on the wire, or the part of a digit that is sent in its place. Call it every 20 ms; after a pause the
// timestamp goes on by the time that went by. While the far end holds us, or has no address yet, nothing is sent. An error is
// ErrClosed or the network's; after the latter the next Send may well succeed.
func (s *Stream) Send(f *audio.Frame) error { return s.out.send(f) }

// Ready tells whether Send reaches the far end: there is where to, and the keys are there that have been agreed on.
func (s *Stream) Ready() bool { return s.out.ready() }

// Waits is how long the frame that was sent last waits for its packet to be full: packets may be longer than a frame.
func (s *Stream) Waits() time.Duration { return s.out.waiting() }

// SendDigits queues digits (0-9 * # A-D) to be sent by Send: 100 ms each and 60 ms between, as events, or as tones when the
// far end takes no events. ErrBadDigit: none of them is sent. ErrDigits: 64 are waiting.
func (s *Stream) SendDigits(digits string) error { return s.out.addDigits(digits) }

// SendingDigits tells whether Send still has digits to send.
func (s *Stream) SendingDigits() bool { return s.out.dialling() }

// Quiet is how long nothing valid has come from the far end, counted from Start or from the end of its last hold at most.
func (s *Stream) Quiet(now time.Time) time.Duration { return s.in.quiet(now) }

// Stats counts since Open.
func (s *Stream) Stats() Stats {
	st := s.in.stats()
	s.out.figures(&st)
	s.rtcp.figures(&st)
	return st
}

// Close frees the ports; Receive returns. The far end is told by an RTCP BYE.
func (s *Stream) Close() error {
	err := net.ErrClosed
	s.once.Do(func() {
		if s.Stats().Sent > 0 {
			s.report(true)
		}
		s.dtls.close()
		err = s.conn.Close()
		if s.rtcp.odd != nil {
			_ = s.rtcp.odd.Close()
		}
		s.in.close()
		s.out.close()
		if s.ports != nil {
			s.ports.release(s.port)
		}
	})
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
