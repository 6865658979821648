package rtp

import (
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/g722"
	"github.com/parley-voice/parley/audio/opus"
)

const (
	mostPtime   = 60 // ms
	mostTicks   = mostPtime * perMs
	mostPayload = 1275 // bytes: of an Opus frame at the most (RFC 6716 §3.4); G.711 and G.722 have 480
)

// An encoder gathers sound, 20 ms at a time, and cuts it into packets. What a codec needs is made at its first sound.
type encoder struct {
	codec Codec
	size  int           // samples at 8 kHz in a packet
	ready int           // samples at 8 kHz that wait to fill one
	waits time.Duration // from the last frame's coming until the packet is full that it begins in
	down  *audio.Resampler
	g722  *g722.Encoder
	opus  *opusEncoder
	pcm   [slot]int16            // 8 kHz
	bytes [mostTicks + slot]byte // of G.711 or G.722, a byte per sample at 8 kHz
}

type opusEncoder struct {
	*opus.Encoder
	pcm [2 * (mostTicks + slot)]int16 // 16 kHz
}

// set changes codec and packet time (ms, 0: 20). What waited under another codec is lost; its length is returned.
func (e *encoder) set(c Codec, ptime int) (lost int) {
	e.size = c.ptime(ptime, mostPtime) * perMs
	if c == e.codec {
		return 0
	}
	lost, e.ready, e.codec = e.ready, 0, c
	e.down.Reset()
	e.g722 = nil
	e.close()
	return lost
}

// write takes 20 ms; over is asked to write what else is to be heard into them, at a rate in Hz; nil: nothing.
func (e *encoder) write(f *audio.Frame, over func(pcm []int16, rate int)) {
	e.waits = max(0, time.Duration((e.size-e.ready-1)/slot)) * audio.FrameDur
	to := e.bytes[:e.ready]
	switch e.codec {
	case Opus:
		e.writeOpus(f, over)
	case G722:
		if e.g722 == nil {
			e.g722 = g722.NewEncoder()
		}
		if over == nil {
			e.g722.Encode(to, f[:])
		} else {
			wide := *f
			over(wide[:], audio.Rate)
			e.g722.Encode(to, wide[:])
		}
	default:
		pcm := e.down.Process(e.pcm[:0], f[:])
		if over != nil {
			over(pcm, clock)
		}
		if e.codec == PCMA {
			audio.EncodeAlaw(to, pcm)
		} else {
			audio.EncodeUlaw(to, pcm)
		}
	}
	e.ready += slot
}

func (e *encoder) writeOpus(f *audio.Frame, over func(pcm []int16, rate int)) {
	if e.opus == nil {
		enc, err := opus.NewEncoder()
		if err != nil { // of settings, which are constant
			return
		}
		e.opus = &opusEncoder{Encoder: enc}
	}
	pcm := e.opus.pcm[2*e.ready:][:audio.Samples]
	copy(pcm, f[:])
	if over != nil {
		over(pcm, audio.Rate)
	}
}

// next appends the payload of the next packet that is full, of n samples at 8 kHz; n is 0 when none is. With rest set a short one
// is cut, too.
func (e *encoder) next(dst []byte, rest bool) (payload []byte, n int) {
	n = e.size
	if e.ready < n {
		if n = e.ready; !rest || n == 0 {
			return nil, 0
		}
	}
	if e.codec == Opus {
		n = e.codec.ptime(n/perMs, mostPtime) * perMs // 30 ms are two packets
		payload = e.nextOpus(dst, n)
	} else {
		payload = append(dst, e.bytes[:n]...)
		copy(e.bytes[:], e.bytes[n:e.ready])
	}
	e.ready -= n
	return payload, n
}

func (e *encoder) nextOpus(dst []byte, n int) []byte {
	if e.opus == nil {
		return nil
	}
	payload, err := e.opus.Encode(dst, e.opus.pcm[:2*n])
	copy(e.opus.pcm[:], e.opus.pcm[2*n:2*e.ready])
	if err != nil {
		return nil
	}
	return payload
}

// drop forgets what waits and tells how long it was, in samples at 8 kHz.
func (e *encoder) drop() int {
	n := e.ready
	e.ready, e.waits = 0, 0
	return n
}

// lost tells the codec the share of packets that the far end loses.
func (e *encoder) lost(share float64) {
	if e.opus != nil {
		e.opus.Lost(int(share*100 + 0.5))
	}
}

func (e *encoder) close() {
	if e.opus != nil {
		e.opus.Close()
		e.opus = nil
	}
}
