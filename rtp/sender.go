package rtp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/rtp/srtp"
)

// pause is for how long Send was not called before the timestamp follows the time that went by. A clock that only stood for a
// moment makes up for the ticks it missed, and they bring the timestamp along.
const pause = time.Second

// A sender is a stream's way out.
type sender struct {
	mu        sync.Mutex // guards all below, and keeps packets in order on the wire
	conn      Wire
	tap       *tap // of the receiver, too
	closed    bool
	agreed    Agreed
	to        netip.AddrPort
	ssrc      uint32
	sequence  uint16
	timestamp uint32    // of the next sample that is not sent yet
	last      time.Time // of the last tick
	marker    bool      // on the next packet: it is the first of a talkspurt
	voice     encoder
	digits    digitWriter
	tone      *audio.Tone                 // of the digit that is sent as sound
	dial      func(pcm []int16, rate int) // s.overwrite, bound once
	seal      lock
	packet    [headerLen + mostPayload + srtp.Overhead]byte
	first     uint16 // sequence number
	sent      uint64 // packets
	octets    uint64 // of payload
}

func newSender(conn Wire) *sender {
	s := &sender{
		conn: conn, ssrc: rand.Uint32(), sequence: uint16(rand.Uint32()), timestamp: rand.Uint32(), marker: true,
	}
	s.first = s.sequence
	s.voice.down = audio.NewResampler(audio.Rate, clock)
	s.dial = s.overwrite
	return s
}

// agree takes what offer and answer came to; moved when the far end names another address.
func (s *sender) agree(a Agreed) (moved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if moved = a.Remote != s.agreed.Remote; moved {
		s.to = a.Remote
	}
	was := s.voice.codec.units()
	s.timestamp += uint32(s.voice.set(a.Codec, a.Ptime)) * was
	if keys, _, ok := a.Secure.keys(); ok {
		s.encrypt(keys)
	} else if a.Secure == nil || s.agreed.Secure == nil || a.Secure.Fingerprint != s.agreed.Secure.Fingerprint {
		s.seal = lock{}
	}
	s.agreed = a
	return moved
}

// lock takes the keys of a handshake.
func (s *sender) lock(k srtp.Keys) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.encrypt(k)
}

// encrypt encrypts with keys from now; mu is held. A context begins with a source of its own: no two packets may have keys, source and
// number in common (RFC 3711 §9.1).
func (s *sender) encrypt(k srtp.Keys) {
	if s.seal.set(k) && s.sent > 0 {
		s.ssrc, s.sequence = rand.Uint32(), uint16(rand.Uint32())
		s.first = s.sequence
	}
}

// open tells whether sound may be sent: it is wanted, there is where to, and the keys that have been agreed on.
func (s *sender) open() bool {
	return s.agreed.Codec != 0 && s.agreed.Send && s.to.IsValid() && (s.agreed.Secure == nil || s.seal.Context != nil)
}

func (s *sender) ready() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open()
}

// follow sends to where the far end's packets come from.
func (s *sender) follow(a netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = a
}

// send takes 20 ms and puts on the wire what is due.
func (s *sender) send(f *audio.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.catchUp(time.Now())
	if !s.open() {
		s.pass(s.voice.drop() + slot)
		s.marker = true
		return nil
	}
	if s.digits.queue != "" && s.agreed.DTMFType != 0 {
		return errors.Join(s.sound(true), s.event())
	}
	var over func([]int16, int)
	if s.digits.queue != "" {
		over = s.dial
	}
	s.voice.write(f, over)
	return s.sound(false)
}

// pass moves the timestamp on by n samples at 8 kHz.
func (s *sender) pass(n int) { s.timestamp += uint32(n) * s.voice.codec.units() }

// catchUp moves the timestamp over a time in which nothing was asked to be sent.
func (s *sender) catchUp(now time.Time) {
	if away := now.Sub(s.last); !s.last.IsZero() && away > pause {
		s.pass(int(away/audio.FrameDur-1) * slot)
		s.marker = true
	}
	s.last = now
}

// sound sends the packets that are full; with rest set, all there is.
func (s *sender) sound(rest bool) (err error) {
	for {
		// The payload is written behind the header's place: Append then finds it where it belongs.
		payload, n := s.voice.next(s.packet[headerLen:headerLen], rest)
		if n == 0 {
			return err
		}
		if payload != nil {
			err = s.write(&Packet{PayloadType: s.agreed.PayloadType, Marker: s.marker, Timestamp: s.timestamp, Payload: payload})
			s.marker = false
		}
		s.pass(n)
	}
}

// event sends the packet of a digit that stands in place of 20 ms of sound.
func (s *sender) event() error {
	p := Packet{PayloadType: s.agreed.DTMFType}
	units := max(1, s.agreed.DTMFClock/clock)
	p.Payload, p.Timestamp, p.Marker = s.digits.event(s.packet[headerLen:headerLen], s.timestamp, units)
	s.digits.next()
	s.marker = true
	s.pass(slot)
	return s.write(&p)
}

func (s *sender) write(p *Packet) error {
	p.Sequence, p.SSRC = s.sequence, s.ssrc
	s.sequence++
	s.sent++
	s.octets += uint64(len(p.Payload))
	b := p.Append(s.packet[:0])
	s.tap.show(true, s.to, b)
	if s.agreed.Secure != nil {
		var err error
		if b, err = s.seal.Seal(b[:0], b); err != nil {
			return fmt.Errorf("sending RTP: %w", err)
		}
	}
	if _, err := s.conn.WriteToUDPAddrPort(b, s.to); err != nil {
		if errors.Is(err, net.ErrClosed) {
			return ErrClosed
		}
		return fmt.Errorf("sending RTP: %w", err)
	}
	return nil
}

// overwrite puts the tones of the digit at hand into pcm: the far end takes no events.
func (s *sender) overwrite(pcm []int16, rate int) {
	if s.digits.tick == 0 {
		s.tone, _ = audio.DTMF(s.digits.queue[0], rate)
	}
	if s.digits.tick < digitTicks {
		s.tone.Fill(pcm)
	} else {
		clear(pcm)
	}
	s.digits.next()
}

func (s *sender) addDigits(digits string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.digits.add(digits)
}

func (s *sender) waiting() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.voice.waits
}

func (s *sender) dialling() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.digits.queue != ""
}

// figures puts ours into the stream's.
func (s *sender) figures(st *Stats) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.Sent, st.Codec, st.Encrypted = s.sent, s.agreed.Codec, s.agreed.Secure != nil && s.seal.Context != nil
}

// identity is what reports on us go by: our source, its first sequence number, and its clock in Hz.
func (s *sender) identity() (ssrc uint32, first uint16, rate int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ssrc, s.first, s.voice.codec.rate()
}

// info is what our reports say of us.
func (s *sender) info() (ssrc uint32, i info) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ssrc, info{timestamp: s.timestamp, packets: uint32(s.sent), octets: uint32(s.octets)}
}

// lost takes the share of our packets that the far end has lost of late.
func (s *sender) lost(share float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.voice.lost(share)
}

// sendControl puts RTCP on the wire, by the port that it has.
func (s *sender) sendControl(b []byte, r *reporter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := r.to(&s.agreed, s.to)
	if s.closed || !to.IsValid() || s.agreed.Secure != nil && s.seal.Context == nil {
		return
	}
	if s.agreed.Secure != nil {
		var err error
		if b, err = s.seal.SealRTCP(b[:0], b); err != nil {
			return
		}
	}
	conn := s.conn
	if r.odd != nil && !s.agreed.RTCPMux {
		conn = r.odd
	}
	_, _ = conn.WriteToUDPAddrPort(b, to) // the next report makes up for it
}

// close gives back what the codec holds.
func (s *sender) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.voice.close()
}
