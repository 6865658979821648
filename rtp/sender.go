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
)

// pause is for how long Send was not called before the timestamp follows the time that went by. A clock that only stood for a
// moment makes up for the ticks it missed, and they bring the timestamp along.
const pause = time.Second

// A sender is a stream's way out.
type sender struct {
	mu        sync.Mutex // guards all below, and keeps packets in order on the wire
	agreed    Agreed
	to        netip.AddrPort
	ssrc      uint32
	sequence  uint16
	timestamp uint32
	last      time.Time // of the last tick
	marker    bool      // on the next packet: it is the first of a talkspurt
	digits    digitWriter
	tone      *audio.Tone // of the digit that is sent as sound
	down      *audio.Resampler
	pcm       [slot]int16
	packet    [headerLen + slot]byte
	sent      uint64
}

func newSender() *sender {
	return &sender{
		ssrc: rand.Uint32(), sequence: uint16(rand.Uint32()), timestamp: rand.Uint32(), marker: true,
		down: audio.NewResampler(audio.Rate, clock),
	}
}

// agree takes what offer and answer came to.
func (s *sender) agree(a Agreed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if a.Remote != s.agreed.Remote {
		s.to = a.Remote
	}
	s.agreed = a
}

// follow sends to where the far end's packets come from.
func (s *sender) follow(a netip.AddrPort) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = a
}

// send puts 20 ms on the wire.
func (s *sender) send(conn *net.UDPConn, f *audio.Frame) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp(time.Now())
	b := s.next(f)
	s.timestamp += slot
	if b == nil {
		s.marker = true
		return nil
	}
	s.sequence++
	s.sent++
	if _, err := conn.WriteToUDPAddrPort(b, s.to); err != nil {
		if errors.Is(err, net.ErrClosed) {
			return ErrClosed
		}
		return fmt.Errorf("sending RTP: %w", err)
	}
	return nil
}

// catchUp moves the timestamp over a time in which nothing was asked to be sent.
func (s *sender) catchUp(now time.Time) {
	if away := now.Sub(s.last); !s.last.IsZero() && away > pause {
		s.timestamp += uint32(away/audio.FrameDur-1) * slot
		s.marker = true
	}
	s.last = now
}

// next is the packet of this tick, nil for none.
func (s *sender) next(f *audio.Frame) []byte {
	if s.agreed.Codec == 0 || !s.agreed.Send || !s.to.IsValid() {
		return nil
	}
	p := Packet{
		PayloadType: s.agreed.PayloadType, Marker: s.marker,
		Sequence: s.sequence, Timestamp: s.timestamp, SSRC: s.ssrc,
	}
	// The payload is written behind the header's place first: Append then finds it where it belongs.
	room := s.packet[headerLen:headerLen]
	if s.digits.queue != "" && s.agreed.DTMFType != 0 {
		p.PayloadType = s.agreed.DTMFType
		p.Payload, p.Timestamp, p.Marker = s.digits.event(room, s.timestamp)
		s.digits.next()
		s.marker = true
	} else {
		pcm := s.down.Process(s.pcm[:0], f[:])
		if s.digits.queue != "" {
			s.dial(pcm)
		}
		if s.agreed.Codec == PCMA {
			p.Payload = audio.EncodeAlaw(room, pcm)
		} else {
			p.Payload = audio.EncodeUlaw(room, pcm)
		}
		s.marker = false
	}
	return p.Append(s.packet[:0])
}

// dial overwrites pcm with the tones of the digit at hand: the far end takes no events.
func (s *sender) dial(pcm []int16) {
	if s.digits.tick == 0 {
		s.tone, _ = audio.DTMF(s.digits.queue[0], clock)
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

func (s *sender) dialling() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.digits.queue != ""
}

func (s *sender) count() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sent
}
