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
	troughs  = 0.5  // how much less alike it is half way, at least: low noise is alike at any short distance
	glide    = 0.2  // the share by which a voice's period changes in 20 ms
	leaps    = 0.4  // what a frame counts whose period is further from the one before
	first    = 0.85 // and one before which there was none

	faint      = 12.0 // dB below the loudest of late: no voice
	vowelBelow = 6.0  // and none is further below it than that without being doubtful: it is what is loudest in speech
	bangBelow  = 4.0  // dB below what was loudest without a period: what rings after a bang, as a cough does
	banged     = 1.0  // and so far below it a voice may be
	sinking    = 0.2  // dB a frame, of the loudest
	wellOver   = 5.0  // dB above the loudest of late: it is not the place
	lasting    = 0.87 // of the evidence, after a frame
	isVoice    = 1.5  // clear frames that are somebody who speaks, and no grunt
	mostVoice  = 3.0  // what is kept of it: that is forgotten within a tenth of a second
	distinct   = 0.5  // evidence of a frame that is the caller's voice, if it is not alone
	apart      = 50   // frames without a voice that part one utterance from the next
)

// A measure says how much of a voice a frame is: at the first figure none, at the second all.
type measure struct {
	alike [2]float64 // two periods
	over  [2]float64 // dB above the place
}

var (
	// amidNoise has the loudest tenth of a second of the place to exceed.
	amidNoise = measure{[2]float64{0.42, 0.68}, [2]float64{0, 4}}
	// amidVoices has the place's loudest frame to exceed: periods tell nothing where others speak.
	amidVoices = measure{[2]float64{0, half}, [2]float64{-0.6, 2.8}}
)

// A voice finds the human voice in sound: periods between 70 and 400 Hz. It works at 4 kHz, below 1 kHz, where a voice has
// its strongest harmonics on any line. The zero value is ready.
type voice struct {
	tail    [3]float32 // of the frame before
	x1, y1  float32    // high-pass at 65 Hz
	s1, s2  float32    // smoothing
	low     [lowKept]float32
	loudest float64 // dB, of late; 0: nothing was heard yet
	bang    float64 // and of what had no period
	lag     int     // period of the newest frame; 0: it has none
	sum     float64 // evidence of the last frames, the older the less
	recent  uint32  // a bit per frame, newest lowest: distinct
	run     int     // distinct frames since it was silent for a second
	silent  int     // frames since
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
func (v *voice) frame(m *measure, db, over float64, alike float32, lag int) {
	if v.loudest == 0 {
		v.loudest, v.bang = db, audio.Silence
	}
	v.loudest = max(v.loudest-sinking, db)
	v.bang -= sinking
	if lag == 0 {
		v.bang = max(v.bang, db)
	}
	e := within(float64(alike), m.alike[0], m.alike[1]) * within(over, m.over[0], m.over[1]) * within(db-v.loudest, -faint, -vowelBelow) * within(db-v.bang, -bangBelow, -banged)
	switch {
	case v.lag == 0:
		e *= first
	case lag > 0 && leapt(lag, v.lag):
		e *= leaps
	}
	v.lag = lag
	v.sum = min(v.sum*lasting+e, mostVoice)
	v.recent <<= 1
	if e >= distinct {
		v.recent |= 1
		v.run, v.silent = v.run+1, 0
	} else if v.silent++; v.silent == apart {
		v.run = 0
	}
}

// leapt reports whether a period is no neighbour of the one before. Of a high voice two are as alike as one.
func leapt(lag, before int) bool {
	a, b := float64(lag), float64(before)
	near := func(a, b float64) bool { return math.Abs(a-b) <= glide*b }
	return !near(a, b) && !near(2*a, b) && !near(a, 2*b)
}

// within is 0 at least and below, 1 at most and above.
func within(x, least, most float64) float64 { return min(max((x-least)/(most-least), 0), 1) }

// speaks reports whether there is a voice: more than a grunt.
func (v *voice) speaks() bool { return v.sum >= isVoice }

// newest reports whether the newest frame is of a voice.
func (v *voice) newest() bool { return v.recent&1 == 1 && bits.OnesCount32(v.recent&15) >= 2 }
