package opus

import (
	"fmt"

	"github.com/thesyncim/gopus"
)

const (
	bitrate    = 24000 // bit/s at most, variable: wideband speech by SILK
	complexity = 1     // 76 µs a frame where 2 takes 100 and 5 takes 136
	lossForFEC = 2     // percent of the far end's packets lost, from which redundancy is worth its bits
	maxPacket  = 1275  // bytes of a frame, RFC 6716 §3.4 [R2]: far more than 60 ms at this rate
)

// An Encoder makes Opus packets of 16 kHz mono sound. Not safe for concurrent use. It owns 160 KB until Close: make it when
// Opus has been agreed, not before. Encoders are not kept for the next call: the library's Reset leaves a trace of the sound in
// them.
type Encoder struct {
	enc     *gopus.Encoder
	samples int // of a packet, as enc knows it
	fec     bool
	packet  [maxPacket]byte
}

// NewEncoder makes an encoder for a new stream (30 µs).
func NewEncoder() (*Encoder, error) {
	enc, err := gopus.NewEncoder(gopus.EncoderConfig{SampleRate: Rate, Channels: 1, Application: gopus.ApplicationVoIP})
	if err != nil {
		return nil, fmt.Errorf("opus encoder: %w", err)
	}
	enc.SetDTX(false)
	for _, err := range []error{
		enc.SetBitrate(bitrate), enc.SetComplexity(complexity), enc.SetSignal(gopus.SignalVoice), enc.SetLSBDepth(16),
		enc.SetBandwidth(gopus.BandwidthWideband), // the library would lower it to pay for redundancy
	} {
		if err != nil {
			return nil, fmt.Errorf("opus encoder: %w", err)
		}
	}
	return &Encoder{enc: enc}, nil
}

// Encode appends to dst the packet of pcm, which is 10, 20, 40 or 60 ms.
func (e *Encoder) Encode(dst []byte, pcm []int16) ([]byte, error) {
	if e.enc == nil {
		return dst, ErrClosed
	}
	if len(pcm) != e.samples {
		switch len(pcm) {
		case Rate / 100, Rate / 50, Rate / 25, Rate * 3 / 50:
		default:
			return dst, fmt.Errorf("opus: a packet of %d samples: not 10, 20, 40 or 60 ms", len(pcm))
		}
		if err := e.enc.SetFrameSize(len(pcm)); err != nil {
			return dst, fmt.Errorf("opus: a packet of %d samples: %w", len(pcm), err)
		}
		e.samples = len(pcm)
	}
	n, err := e.enc.EncodeInt16(pcm, e.packet[:])
	if err != nil {
		return dst, fmt.Errorf("encode opus: %w", err)
	}
	return append(dst, e.packet[:n]...), nil
}

// Lost tells the encoder the share of its packets, in percent, that the far end loses (RTCP). From 2 on a packet carries the one
// before it once more at a lower rate (in-band FEC, RFC 6716 §2.1.7), at the cost of 5 allocations and some 10 µs a frame in the
// library, which a line without losses is spared.
func (e *Encoder) Lost(percent int) {
	if e.enc == nil {
		return
	}
	percent = max(0, min(percent, 100))
	if fec := percent >= lossForFEC; fec != e.fec {
		e.enc.SetFEC(fec)
		e.fec = fec
	}
	_ = e.enc.SetPacketLoss(percent) // refuses nothing between 0 and 100
}

// Close lets go of the encoder's memory.
func (e *Encoder) Close() { e.enc = nil }
