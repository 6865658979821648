package g722

// An Encoder makes G.722 of 16 kHz sound. Not safe for concurrent use.
type Encoder struct {
	low, high band
	past      [taps - 2]int32 // the last samples, for the filter
}

// NewEncoder starts an encoder.
func NewEncoder() *Encoder {
	return &Encoder{low: band{scale: lowScale}, high: band{scale: highScale}}
}

// Encode appends one byte for every two samples of pcm to dst. The number of samples is even; an odd one's last is left out.
func (e *Encoder) Encode(dst []byte, pcm []int16) []byte {
	var x [taps - 2 + block]int32
	for len(pcm) > 1 {
		n := min(len(pcm)&^1, block)
		copy(x[:], e.past[:])
		for i, s := range pcm[:n] {
			x[taps-2+i] = int32(s)
		}
		pcm = pcm[n:]
		for i := 0; i < n; i += 2 {
			w := (*[taps]int32)(x[i:])
			var even, odd int32
			for k, c := range qmf {
				even += c * w[2*k]
				odd += c * w[taps-1-2*k]
			}
			dst = append(dst, e.encodeHigh((odd-even)>>14)<<6|e.encodeLow((odd+even)>>14))
		}
		copy(e.past[:], x[n:])
	}
	return dst
}

// encodeLow gives the 6 bits of the lower band's next sample (SUBTRA, QUANTL; then block 3 and 4).
func (e *Encoder) encodeLow(x int32) byte {
	n := &e.low
	diff := saturate(x - n.predicted)
	size := diff
	if diff < 0 {
		size = ^diff
	}
	// The first level that is above size: level*scale>>12 > size.
	above := (size + 1) << 12
	lo, hi := 1, len(levels6)
	for lo < hi {
		if mid := (lo + hi) / 2; levels6[mid]*n.scale >= above {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	code := byte(62 - lo) // 61 next to zero, 32 for the farthest
	if diff < 0 {
		if code = byte(34 - lo); lo < 3 { // 31 … 4, and 63, 62 next to zero: no code has four zeros on top
			code = byte(64 - lo)
		}
	}
	n.learn(n.scale * outputs4[code>>2] >> 15)
	n.adapt(weights4[code>>2], lowLimit, lowOctave)
	return code
}

// encodeHigh gives the 2 bits of the upper band's next sample.
func (e *Encoder) encodeHigh(x int32) byte {
	n := &e.high
	diff := saturate(x - n.predicted)
	code, size := byte(3), diff
	if diff < 0 {
		code, size = 1, ^diff
	}
	if size >= level2*n.scale>>12 {
		code--
	}
	n.learn(n.scale * outputs2[code] >> 15)
	n.adapt(weights2[code], highLimit, highOctave)
	return code
}
