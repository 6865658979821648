// Package g722 is ITU-T G.722 (09/2012) at 64 kbit/s (mode 1): 16 kHz sound split into two bands of 8 kHz, each coded by an
// adaptive predictor and quantiser, 6 bits for the lower and 2 for the upper. One byte stands for two samples. In RTP its clock
// is said to run at 8 kHz (RFC 3551 §4.5.2): that is the stream's business.
//
// The names of the recommendation's blocks (RECONS, UPPOL2, …) stand where they are carried out. The package starts no goroutine
// and allocates nothing per frame.
package g722

// Samples at 16 kHz that are filtered at once: 20 ms.
const block = 320

// qmf are the filter's coefficients (table 4): of 24 every other one, h0, h2, …; they are symmetrical, so that the same ones
// backwards are those between.
const taps = 24

var qmf = [taps / 2]int32{3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11}

// Lower band: decision levels (table 7), their codes by sign (table 8), the quantiser's outputs by 6 and by 4 bits (tables 9,
// 14), scale factor multipliers (table 10) by the upper 4 bits of the code (table 11).
var (
	levels6 = [30]int32{
		0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650,
		714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919,
	}
	outputs6 = [64]int32{
		-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576, -7856,
		-7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040, -728,
		24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456,
		4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136,
	}
	outputs4 = [16]int32{0, -20456, -12896, -8968, -6288, -4240, -2584, -1200, 20456, 12896, 8968, 6288, 4240, 2584, 1200, 0}
	weights4 = [16]int32{-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60}
)

// Upper band: outputs by 2 bits (table 15), multipliers (table 12) by code (table 13), and the one decision level.
var (
	outputs2 = [4]int32{-7408, -1616, 7408, 1616}
	weights2 = [4]int32{798, -214, 798, -214}
)

const level2 = 564

// powers are 2^(i/32) in units of 1/2048, for the scale factor's way back from its logarithm (table 17).
var powers = [32]int32{
	2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834,
	2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008,
}

// A band is what encoder and decoder know alike of one band: the predictor (two poles, six zeros) and the quantiser's scale.
type band struct {
	predicted int32    // s: the next sample, by poles and zeros
	byZeros   int32    // sz: the zeros' part of it
	a         [2]int32 // poles, of the last and the last but one reconstructed sample
	b         [6]int32 // zeros, of the six last differences
	r         int32    // the last reconstructed sample
	p         [2]int32 // the last two differences as the zeros saw them
	d         [6]int32 // the last six differences
	log       int32    // nb: the scale's logarithm, 2048 a doubling
	scale     int32    // det
}

const (
	lowScale, highScale   = 32, 8 // the first
	lowLimit, highLimit   = 18432, 22528
	lowOctave, highOctave = 8, 10
)

// adapt moves the scale by a multiplier (LOGSCL and SCALEL, LOGSCH and SCALEH).
func (n *band) adapt(weight, limit, octave int32) {
	n.log = min(max(n.log*127>>7+weight, 0), limit)
	v, shift := powers[n.log>>6&31], octave-n.log>>11
	if shift < 0 {
		v <<= -shift
	} else {
		v >>= shift
	}
	n.scale = v << 2
}

// learn takes the quantised difference of the sample that was predicted, and predicts the next (block 4 of the recommendation).
func (n *band) learn(diff int32) {
	r := saturate(n.predicted + diff) // RECONS
	p := saturate(n.byZeros + diff)   // PARREC

	// UPPOL2
	w := saturate(n.a[0] << 2)
	if differ(p, n.p[0]) == 0 {
		w = min(-w, 32767)
	}
	w = w>>7 + 128 - 256*differ(p, n.p[1])
	a2 := min(max(w+n.a[1]*32512>>15, -12288), 12288)
	// UPPOL1
	most := 15360 - a2
	a1 := saturate(192 - 384*differ(p, n.p[0]) + n.a[0]*32640>>15)
	a1 = min(max(a1, -most), most)
	// UPZERO, DELAYA and FILTEZ: each zero is moved, its difference grows older and is filtered.
	step := int32(128)
	if diff == 0 {
		step = 0
	}
	zeros, newer := int32(0), diff
	for i, d := range n.d {
		b := saturate(step - 2*step*differ(d, diff) + n.b[i]*32640>>15)
		n.b[i] = b
		zeros += b * saturate(2*newer) >> 15
		n.d[i], newer = newer, d
	}
	n.byZeros = saturate(zeros)
	// FILTEP and PREDIC
	poles := saturate(a1*saturate(2*r)>>15 + a2*saturate(2*n.r)>>15)
	n.predicted = saturate(poles + n.byZeros)
	n.a, n.r = [2]int32{a1, a2}, r
	n.p = [2]int32{p, n.p[0]}
}

// differ is 1 when one of x and y is negative and the other is not.
func differ(x, y int32) int32 { return int32(uint32(x^y) >> 31) }

func saturate(v int32) int32 { return min(max(v, -32768), 32767) }
