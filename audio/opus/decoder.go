package opus

import (
	"fmt"
	"sync"

	"github.com/thesyncim/gopus"
)

// decoders are those of calls that have ended: a Reset makes them as new.
var decoders sync.Pool

// A Decoder makes 16 kHz mono sound of Opus packets of any mode, bandwidth and number of channels. Not safe for concurrent use. It
// owns 260 KB until Close: make it when Opus has been agreed, not before.
type Decoder struct{ state *state }

type state struct {
	dec     *gopus.Decoder
	pcm     [maxSamples]int16
	float   [Rate * 3 / 50]float32
	decoded bool // a packet has been
}

// NewDecoder gives a decoder for a new stream.
func NewDecoder() (*Decoder, error) {
	if s, ok := decoders.Get().(*state); ok {
		return &Decoder{s}, nil
	}
	dec, err := gopus.NewDecoder(gopus.DecoderConfig{SampleRate: Rate, Channels: 1, MaxPacketSamples: maxSamples})
	if err != nil {
		return nil, fmt.Errorf("opus decoder: %w", err)
	}
	return &Decoder{&state{dec: dec}}, nil
}

// Decode appends the sound of packet b to dst: Samples(b) of them. What is no packet (ErrPacket) leaves dst and the decoder as
// they were.
func (d *Decoder) Decode(dst []int16, b []byte) ([]int16, error) {
	n, err := Samples(b)
	if err != nil {
		return dst, err
	}
	s := d.state
	if s == nil {
		return dst, ErrClosed
	}
	got, err := s.dec.DecodeInt16(b, s.pcm[:n])
	if err != nil {
		return dst, fmt.Errorf("decode opus: %w", err)
	}
	if got != n {
		return dst, fmt.Errorf("decode opus: %d samples of a packet of %d", got, n)
	}
	s.decoded = true
	return append(dst, s.pcm[:n]...), nil
}

// Conceal appends n samples in place of what was lost: what was heard goes on and fades away. The codec goes by 2.5 ms: an n
// between is rounded up inside and cut.
func (d *Decoder) Conceal(dst []int16, n int) []int16 {
	const atOnce = Rate / 50
	s := d.state
	for n > 0 && s != nil {
		k := min(n, atOnce)
		pcm := s.pcm[:(k+quantum-1)/quantum*quantum]
		if got, err := s.dec.DecodeInt16(nil, pcm); err != nil || got != len(pcm) {
			clear(pcm)
		}
		dst = append(dst, pcm[:k]...)
		n -= k
	}
	return dst
}

// Recover appends the n samples of the lost packet that came before b, from the redundancy that b may carry of it (in-band
// FEC); where it carries none they are concealed. b itself is still to be decoded.
func (d *Decoder) Recover(dst []int16, b []byte, n int) []int16 {
	s := d.state
	if s == nil {
		return dst
	}
	if _, err := Samples(b); err != nil || !s.decoded || n != frameSamples(b[0]) || n > len(s.float) || !gopus.PacketHasLBRR(b) {
		return d.Conceal(dst, n)
	}
	pcm := s.float[:n]
	if got, err := s.dec.DecodeWithFEC(b, pcm, true); err != nil || got != n {
		return d.Conceal(dst, n)
	}
	for _, v := range pcm {
		dst = append(dst, int16(max(-32768, min(32767, v*32768))))
	}
	return dst
}

// Close gives the decoder's memory to the next call's.
func (d *Decoder) Close() {
	if s := d.state; s != nil {
		d.state = nil
		s.renew()
		decoders.Put(s)
	}
}

func (s *state) renew() {
	s.dec.Reset()
	s.decoded = false
}
