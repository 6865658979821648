package stream

import (
	"net"
	"net/netip"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// far stands for the carrier, which has no address that RTP would know (RFC 5737 §3).
var far = netip.MustParseAddrPort("192.0.2.1:9")

const (
	header = 12         // bytes of an RTP packet's without extensions
	perMs  = 8          // ticks of the RTP clock
	astray = 40 * perMs // a timestamp so far from where the sound before it ends is believed
	ssrc   = 1          // there is one source
)

// A wire is the websocket as an rtp.Stream reads and writes it: packets made of media messages, and media messages of packets.
// Messages of other kinds are told to the stream on the way.
type wire struct {
	s      *Stream
	closed atomic.Bool

	begun     bool // all below belongs to the reader
	chunk     int64
	timestamp uint32 // where the sound of that chunk ends
	length    uint32 // of that sound
	msg       message

	sound []byte // of the packet being written; the clock's
}

// ReadFromUDPAddrPort implements rtp.Wire.
func (w *wire) ReadFromUDPAddrPort(b []byte) (int, netip.AddrPort, error) {
	for {
		text, err := w.s.socket.Read()
		if err != nil {
			if !w.closed.Load() {
				w.s.broken()
			}
			return 0, far, net.ErrClosed
		}
		if !w.msg.parse(text) {
			continue
		}
		if string(w.msg.event) == "media" {
			if n := w.packet(b); n > 0 {
				return n, far, nil
			}
			continue
		}
		w.s.told(&w.msg)
	}
}

// packet makes an RTP packet of a media message; 0: there is no sound of the far end's in it.
func (w *wire) packet(b []byte) int {
	if t := string(w.msg.track); t != "" && t != "inbound" {
		return 0
	}
	n := w.msg.sound(b[header:])
	if n == 0 {
		return 0
	}
	chunk, ok := number(w.msg.chunk)
	if !ok {
		chunk = w.chunk + 1
	}
	length := w.s.ticks(n)
	if !w.begun {
		w.begun, w.chunk, w.length = true, chunk-1, length
		if ms, ok := number(w.msg.at); ok {
			w.timestamp = uint32(ms * perMs)
		}
	}
	// Timestamps in ms stray from the sound: the count of it goes before them, unless they tell of a gap.
	at := w.timestamp + uint32(chunk-w.chunk-1)*w.length
	if ms, ok := number(w.msg.at); ok {
		if said := uint32(ms * perMs); int32(said-at) > astray || int32(at-said) > astray {
			at = said
		}
	}
	if chunk > w.chunk {
		w.chunk, w.timestamp, w.length = chunk, at+length, length
	}
	units := w.s.units()
	p := rtp.Packet{PayloadType: w.s.heard.PayloadType(), Sequence: uint16(chunk), Timestamp: at * units, SSRC: ssrc}
	return len(p.Append(b[:0])) + n
}

// WriteToUDPAddrPort implements rtp.Wire: the clock's goroutine puts sound into the outbox. What finds no room is lost.
func (w *wire) WriteToUDPAddrPort(b []byte, _ netip.AddrPort) (int, error) {
	if len(b) > header && b[1]&0x7f == w.s.codec.PayloadType() { // nobody here wants RTCP
		w.sound = b[header:]
		w.s.out.put(w.s.run.writeMedia)
	}
	return len(b), nil
}

// SetReadDeadline implements rtp.Wire; nothing here has one.
func (w *wire) SetReadDeadline(time.Time) error { return nil }

// Close implements rtp.Wire.
func (w *wire) Close() error {
	w.closed.Store(true)
	w.s.socket.Close()
	return nil
}

// ticks is how long sound that came is, in samples at 8 kHz. Opus is paced by its timestamps.
func (s *Stream) ticks(n int) uint32 {
	if s.heard == rtp.Opus {
		return 20 * perMs
	}
	return uint32(n)
}

// units are the ticks of the codec's RTP clock in a sample at 8 kHz.
func (s *Stream) units() uint32 {
	if s.heard == rtp.Opus {
		return 6 // RFC 7587 §4.1
	}
	return 1
}

// told takes what the carrier says besides sound.
func (s *Stream) told(m *message) {
	switch string(m.event) {
	case "mark":
		if name, ok := number(m.mark); ok {
			s.echoed(uint64(name))
		}
	case "dtmf":
		if len(m.digit) == 1 {
			s.Press(m.digit[0])
		}
	case "stop":
		s.Leave("")
	}
}

// Press tells of a digit that the far end pressed. Others than those on a keypad are passed over.
func (s *Stream) Press(digit byte) {
	if digit >= 'a' && digit <= 'd' {
		digit -= 'a' - 'A'
	}
	if !leg.Digits(string(digit)) {
		return
	}
	s.Tell(leg.Event{Kind: leg.DTMF, Digit: digit})
}
