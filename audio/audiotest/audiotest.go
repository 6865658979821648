// Package audiotest compares what went into a codec with what came out. It starts no goroutine.
package audiotest

import "math"

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
