package audio

import "math"

// Between 8 and 16 kHz every call is resampled twice per frame. A half-band filter does it at a third of the price: every
// other tap is nothing, the middle one is 1 (so going up, half the samples are the input's own).
const halfTaps = 32 // that are not 0 or 1

var halfband = func() (h [halfTaps]float32) {
	sum := 0.0
	var exact [halfTaps]float64
	for i := range exact {
		t := float64(i-halfTaps/2) + 0.5 // in samples of the lower rate
		w := t / (halfTaps / 2)
		exact[i] = sinc(t) * bessel0(kaiserBeta*math.Sqrt(1-w*w))
		sum += exact[i]
	}
	for i, v := range exact {
		h[i] = float32(v / sum) // unity at DC
	}
	return h
}()

// oddDelay is by how many odd inputs the one that meets the middle tap is older than the newest even input.
const oddDelay = halfTaps / 2

// double appends the n samples behind buf's history at twice the rate.
func (r *Resampler) double(dst []int16, n int) []int16 {
	at := len(dst)
	dst = grow(dst, 2*n)
	out := dst[at:]
	for i := range n {
		x := r.buf[i : i+halfTaps]
		out[2*i] = int16(x[halfTaps/2-1])
		out[2*i+1] = round16(dot(halfband[:], x))
	}
	copy(r.buf[:halfTaps-1], r.buf[n:])
	return dst
}

// halve appends one sample for every even input of src, the first of the stream being even. Even and odd inputs are kept
// apart: those meet the taps, these the middle one alone.
func (r *Resampler) halve(dst, src []int16) []int16 {
	even, odd := r.buf[halfTaps-1:], r.odd[oddDelay:]
	phase, evens, odds := r.phase, 0, 0
	for _, s := range src {
		if r.phase == 0 {
			even[evens] = float32(s)
			evens++
		} else {
			odd[odds] = float32(s)
			odds++
		}
		r.phase ^= 1
	}
	at := len(dst)
	dst = grow(dst, evens)
	out := dst[at:]
	for i := range out {
		out[i] = round16((dot(halfband[:], r.buf[i:i+halfTaps]) + r.odd[phase+i]) / 2)
	}
	copy(r.buf[:halfTaps-1], r.buf[evens:])
	copy(r.odd[:oddDelay], r.odd[odds:])
	return dst
}
