package turn

import (
	"math"
	"math/bits"

	"github.com/parley-voice/parley/audio"
)

const (
	lowRate   = audio.Rate / 4 // where pitch is looked for
	lowFrame  = audio.Samples / 4
	longLag   = lowRate / 70  // a period of the deepest voice
	shortLag  = lowRate / 400 // and of the highest
	shrill    = 4             // the shortest lag at which a sound is known to be higher than voices
	pitchSpan = 120           // samples compared: 30 ms
	lowKept   = pitchSpan + longLag

	periodic   = 0.6 // how alike two periods of a voice are
	likelier   = 0.93
	troughs    = 0.3 // and how much less alike it is half way: low noise is alike at any short distance
	vowelBelow = 6.0 // dB: the voice is what is loudest in speech, not what follows a bang
)

// A voice finds the human voice in sound: periods between 70 and 400 Hz. It works at 4 kHz, below 1 kHz, where a voice has
// its strongest harmonics on any line. The zero value is ready.
type voice struct {
	tail    [3]float32 // of the frame before
	x1, y1  float32    // high-pass at 65 Hz
	s1, s2  float32    // smoothing
	low     [lowKept]float32
	loudest float64 // dB, of late. It sinks from full scale by 20 dB a second: before the place is known little is a voice
	recent  uint32  // a bit per frame, newest lowest: voiced
}

// take keeps the frame at a quarter of the rate and gives its new samples.
func (v *voice) take(f *audio.Frame) []float32 {
	copy(v.low[:], v.low[lowFrame:])
	out := v.low[lowKept-lowFrame:]
	var x [3 + audio.Samples]float32
	copy(x[:3], v.tail[:])
	for i, s := range f {
		x[3+i] = float32(s)
	}
	copy(v.tail[:], x[audio.Samples:])
	for k := range out {
		p := x[4*k : 4*k+7 : 4*k+7]
		s := (p[0] + p[6] + 2*(p[1]+p[5]) + 3*(p[2]+p[4]) + 4*p[3]) / 16
		y := s - v.x1 + 0.9*v.y1
		if y < 1e-3 && y > -1e-3 { // not down to numbers that are slow
			y = 0
		}
		v.x1, v.y1 = s, y
		out[k] = (y + 2*v.s1 + v.s2) / 4
		v.s2, v.s1 = v.s1, y
	}
	return out
}

// voiced reports whether what was taken last sounds like a voice.
func (v *voice) voiced() bool {
	x := v.low[longLag:]
	var e0 float32
	for _, s := range x {
		e0 += s * s
	}
	if e0 < pitchSpan {
		return false
	}
	var r [longLag + 1]float32
	y := v.low[longLag-shrill : lowKept-shrill]
	var e float32
	for _, s := range y {
		e += s * s
	}
	for lag := shrill; lag <= longLag; lag++ {
		y = v.low[longLag-lag : lowKept-lag]
		y = y[:len(x)]
		var c float32
		for i, s := range x {
			c += s * y[i]
		}
		if p := e0 * e; p > 0 {
			r[lag] = c / float32(math.Sqrt(float64(p)))
		}
		if lag < longLag { // the next is one sample earlier
			last, first := y[pitchSpan-1], v.low[longLag-lag-1]
			e = max(e+first*first-last*last, 1)
		}
	}
	var best, high, least float32
	least = 1
	for lag := shrill; lag <= longLag; lag++ {
		switch {
		case lag < shortLag:
			if lag > shrill && r[lag] >= r[lag-1] && r[lag] >= r[lag+1] {
				high = max(high, r[lag])
			}
		case r[lag] > best && r[lag] >= r[lag-1] && (lag == longLag || r[lag] >= r[lag+1]):
			best = r[lag]
		}
		if best < periodic {
			least = min(least, r[lag])
		}
	}
	return best >= periodic && high < likelier*best && best-least >= troughs
}

// frame notes whether the newest frame, so loud, is voice.
func (v *voice) frame(db float64, is bool) {
	v.loudest = max(v.loudest-0.4, db)
	v.recent <<= 1
	if is && db > v.loudest-vowelBelow {
		v.recent |= 1
	}
}

// count is how many of the last so many frames are voice.
func (v *voice) count(of int) int { return bits.OnesCount32(v.recent & (1<<of - 1)) }
