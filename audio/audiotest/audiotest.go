// Package audiotest makes sound to test with, and compares it. It starts no goroutine.
package audiotest

import (
	"math"
	"time"

	"github.com/parley-voice/parley/audio/babble"
)

// Rate of everything here, in Hz.
const Rate = babble.Rate

// NewVoice starts the voice of a seed.
func NewVoice(seed uint64) *babble.Voice { return babble.New(seed) }

// Speak gives so much of the voice of a seed.
func Speak(seed uint64, d time.Duration) []int16 {
	pcm := make([]int16, int(d*Rate/time.Second))
	NewVoice(seed).Fill(pcm)
	return pcm
}

// SNR is how far in dB what came out of a codec differs from what went in, at the delay (0 to most samples) and the gain at
// which it differs least.
func SNR(in, out []int16, most int) (snr float64, delay int) {
	snr = math.Inf(-1)
	for d := 0; d <= most; d++ {
		var signal, cross, power float64
		n := min(len(in), len(out)-d)
		for i := range n {
			x, y := float64(in[i]), float64(out[i+d])
			signal += x * x
			cross += x * y
			power += y * y
		}
		if power == 0 {
			continue
		}
		noise := signal - cross*cross/power
		if s := 10 * math.Log10(signal/max(noise, 1)); s > snr {
			snr, delay = s, d
		}
	}
	return snr, delay
}
