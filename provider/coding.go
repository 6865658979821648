package provider

import "github.com/parley-voice/parley/audio"

// A Coding is how frames are written for one stream of a vendor that hears: linear, as they are, or µ-law.
type Coding struct {
	Rate int // Hz
	Size int // bytes of a frame

	down *audio.Resampler // nil: linear
	pcm  []int16
}

// NewCoding writes linear 16-bit little-endian, 16 kHz; or, with ulaw, G.711 µ-law, 8 kHz, for uplinks that are short of room: a quarter of
// the sound's bytes, for 4 dB more noise where the caller's own sound is G.711 already, and half of the band where it is not.
func NewCoding(ulaw bool) *Coding {
	if !ulaw {
		return &Coding{Rate: audio.Rate, Size: 2 * audio.Samples}
	}
	return &Coding{Rate: audio.Rate / 2, Size: audio.Samples / 2, down: audio.NewResampler(audio.Rate, audio.Rate/2), pcm: make([]int16, 0, audio.Samples)}
}

// Write writes the n-th frame of a message. It allocates nothing.
func (c *Coding) Write(wire []byte, n int, f *audio.Frame) {
	wire = wire[n*c.Size : (n+1)*c.Size]
	if c.down == nil {
		Linear16(wire, f)
		return
	}
	c.pcm = c.down.Process(c.pcm[:0], f[:])
	audio.EncodeUlaw(wire[:0], c.pcm)
}

// Silence fills what is left of a message of which n frames are written.
func (c *Coding) Silence(wire []byte, n int) {
	var quiet byte
	if c.down != nil {
		quiet = 0xff
	}
	for i := n * c.Size; i < len(wire); i++ {
		wire[i] = quiet
	}
}
