package bench

import (
	"bytes"
	_ "embed"
	"math"

	"github.com/parley-voice/parley/audio"
)

//go:embed caller-8k.wav
var callerWAV []byte

const packet = 160 // samples, and bytes of µ-law, of 20 ms at 8 kHz

// An utterance is what every caller says, as it goes on the wire.
type utterance struct {
	frames      [][packet]byte
	first, last int // frames with speech
}

func newUtterance() (*utterance, error) {
	s, err := audio.ReadWAV(bytes.NewReader(callerWAV))
	if err != nil {
		return nil, err
	}
	u := &utterance{first: -1}
	pcm := s.Mono()
	for ; len(pcm) >= packet; pcm = pcm[packet:] {
		var f [packet]byte
		copy(f[:], audio.EncodeUlaw(nil, pcm[:packet]))
		if audio.RMS(pcm[:packet]) > energetic {
			if u.first < 0 {
				u.first = len(u.frames)
			}
			u.last = len(u.frames)
		}
		u.frames = append(u.frames, f)
	}
	return u, nil
}

// squares is the square of each µ-law byte's sample.
var squares = func() (t [256]float64) {
	for i := range t {
		s := float64(audio.DecodeUlaw(nil, []byte{byte(i)})[0])
		t[i] = s * s
	}
	return t
}()

// audible reports whether a µ-law payload has sound worth the name.
func audible(b []byte) bool {
	if len(b) == 0 {
		return false
	}
	var sum float64
	for _, x := range b {
		sum += squares[x]
	}
	return math.Sqrt(sum/float64(len(b))) > energetic
}
