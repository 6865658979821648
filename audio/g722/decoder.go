package g722

// A Decoder makes 16 kHz sound of G.722. Any bytes are a stream; after lost ones it finds back by itself. Not safe for
// concurrent use.
type Decoder struct {
	low, high band
	past      [taps - 2]int32 // sums and differences of the last samples, for the filter
}

// NewDecoder starts a decoder.
func NewDecoder() *Decoder {
	return &Decoder{low: band{scale: lowScale}, high: band{scale: highScale}}
}

// Decode appends two samples for every byte of b to dst.
func (d *Decoder) Decode(dst []int16, b []byte) []int16 {
	var x [taps - 2 + block]int32
	for len(b) > 0 {
		n := min(len(b), block/2)
		copy(x[:], d.past[:])
		for i, code := range b[:n] {
			low, high := d.decodeLow(code&63), d.decodeHigh(code>>6)
			x[taps-2+2*i], x[taps-1+2*i] = low+high, low-high
		}
		b = b[n:]
		for i := range n {
			w := (*[taps]int32)(x[2*i:])
			var first, second int32
			for k, c := range qmf {
				second += c * w[2*k]
				first += c * w[taps-1-2*k]
			}
			dst = append(dst, int16(saturate(first>>11)), int16(saturate(second>>11)))
		}
		copy(d.past[:], x[2*n:])
	}
	return dst
}

// decodeLow gives the lower band's sample; its predictor learns from the upper 4 of the 6 bits only, as the encoder's (blocks
// 5L, 6L).
func (d *Decoder) decodeLow(code byte) int32 {
	n := &d.low
	out := limit(n.predicted + n.scale*outputs6[code]>>15)
	n.learn(n.scale * outputs4[code>>2] >> 15)
	n.adapt(weights4[code>>2], lowLimit, lowOctave)
	return out
}

func (d *Decoder) decodeHigh(code byte) int32 {
	n := &d.high
	diff := n.scale * outputs2[code] >> 15
	out := limit(n.predicted + diff)
	n.learn(diff)
	n.adapt(weights2[code], highLimit, highOctave)
	return out
}

// limit holds a band's sample to 15 bits (LIMIT).
func limit(v int32) int32 { return min(max(v, -16384), 16383) }
