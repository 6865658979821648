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
	pitchSpan = 60            // samples compared: 15 ms, lest a gliding voice be unlike itself
	lowKept   = pitchSpan + longLag

	half     = 0.5  // how alike two periods are of what is half a voice or less
	clear    = 0.65 // and of what is one
	likelier = 0.88
	troughs  = 0.5 // how much less alike it is half way, at least: low noise is alike at any short distance
	glide    = 0.3 // the share by which a voice's period changes in 20 ms; what leaps counts half

	vowelBelow = 6.0  // dB: the voice is what is loudest in speech, not what follows a bang
	faint      = 12.0 // and so far below it is none
	sinking    = 0.2  // dB a frame, of the loudest
	overPlace  = 2.0  // dB above the loudest of late: somebody may be speaking, not the place
	wellOver   = 5.0  // and there is no doubt
	lasting    = 0.93 // of the evidence, after a frame
	isVoice    = 2.8  // clear frames that are somebody who speaks, and no grunt
	mostVoice  = 4.0  // what is kept of it: that is forgotten within half a second
	distinct   = 0.5  // evidence of a frame that is the caller's voice, if it is not alone
)

// A voice finds the human voice in sound: periods between 70 and 400 Hz. It works at 4 kHz, below 1 kHz, where a voice has
// its strongest harmonics on any line. The zero value is ready.
type voice struct {
	tail    [3]float32 // of the frame before
	x1, y1  float32    // high-pass at 65 Hz
	s1, s2  float32    // smoothing
	low     [lowKept]float32
	loudest float64 // dB, of late; 0: nothing was heard yet
	lag     int     // period of the newest frame; 0: it has none
	sum     float64 // evidence of the last frames, the older the less
	recent  uint32  // a bit per frame, newest lowest: distinct
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

// period is how alike two periods of what was taken last are, and the samples of one; 0: it is no voice.
func (v *voice) period() (alike float32, samples int) {
	x := v.low[lowKept-pitchSpan:]
	var e0 float32
	for _, s := range x {
		e0 += s * s
	}
	if e0 < pitchSpan {
		return 0, 0
	}
	var r [longLag + 1]float32
	from := lowKept - pitchSpan - shrill
	y := v.low[from : from+pitchSpan]
	var e float32
	for _, s := range y {
		e += s * s
	}
	for lag := shrill; lag <= longLag; lag++ {
		from = lowKept - pitchSpan - lag
		y = v.low[from:]
		y = y[:len(x)]
		var c float32
		for i, s := range x {
			c += s * y[i]
		}
		if p := e0 * e; p > 0 {
			r[lag] = c / float32(math.Sqrt(float64(p)))
		}
		if lag < longLag { // the next is one sample earlier
			last, first := y[pitchSpan-1], v.low[from-1]
			e = max(e+first*first-last*last, 1)
		}
	}
	return peakOf(&r)
}

// peakOf finds the lag at which sound is most alike, if it is a voice's.
func peakOf(r *[longLag + 1]float32) (best float32, at int) {
	var high, least float32
	least = 1
	for lag := shrill; lag <= longLag; lag++ {
		switch {
		case lag < shortLag:
			if lag > shrill && r[lag] >= r[lag-1] && r[lag] >= r[lag+1] {
				high = max(high, r[lag])
			}
		case r[lag] > best && r[lag] >= r[lag-1] && (lag == longLag || r[lag] >= r[lag+1]):
			best, at = r[lag], lag
		}
		if best < half {
			least = min(least, r[lag])
		}
	}
	if best < half || high >= likelier*best || best-least < troughs {
		return 0, 0
	}
	return best, at
}

// frame takes the evidence of the newest frame: so loud, and so far above what the place gives; 0 of what cannot be the caller's.
func (v *voice) frame(db, over float64, alike float32, lag int) {
	if v.loudest == 0 {
		v.loudest = db
	}
	v.loudest = max(v.loudest-sinking, db)
	e := within(float64(alike), half, clear) * within(over, overPlace, wellOver) * within(db-v.loudest, -faint, -vowelBelow)
	if v.lag > 0 && math.Abs(float64(lag-v.lag)) > glide*float64(v.lag) {
		e /= 2
	}
	v.lag = lag
	v.sum = min(v.sum*lasting+e, mostVoice)
	v.recent <<= 1
	if e >= distinct {
		v.recent |= 1
	}
}

// within is 0 at least and below, 1 at most and above.
func within(x, least, most float64) float64 { return min(max((x-least)/(most-least), 0), 1) }

// speaks reports whether there is a voice: more than a grunt.
func (v *voice) speaks() bool { return v.sum >= isVoice }

// newest reports whether the newest frame is of a voice.
func (v *voice) newest() bool { return v.recent&1 == 1 && bits.OnesCount32(v.recent&15) >= 2 }
