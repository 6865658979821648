package turn

import (
	"math"

	"github.com/parley-voice/parley/audio"
)

const (
	stepsOf     = 4   // in a frame: 5 ms each
	echoSpan    = 48  // steps compared: 240 ms
	echoLongest = 100 // steps: an echo comes back within half a second
	farKept     = echoSpan + echoLongest
	alike       = 0.75 // correlation of two envelopes of which one is the echo of the other
	echoLoss    = 5.0  // dB that an echo is below what was played, at least
	overEcho    = 6.0  // dB above what an echo would be: somebody else speaks
	mayBeEcho   = 0.53 // how alike periods are at most that may be an echo's
	dynamics    = 25.0 // dB of an envelope that count: what is lower drowns in the line's noise
	audibleFar  = -55.0
	proven      = 12 // frames that must agree before the echo's way is known
	mostProof   = 50
	unheard     = 25 // frames without word of what is played: nothing is known of it
	mostFar     = 150
	enoughFar   = 60 // frames in which the agent could be heard: the place has its echo in it, if there is one
)

// An envelope is the loudness of sound in steps of 5 ms, newest last, in dB: below 1 kHz, and in all.
type envelope[T [echoSpan]float32 | [farKept]float32] struct{ low, all T }

// An echo tells the agent's own voice that comes back from the caller: delayed by a loudspeaker and a network, and quieter.
// It compares envelopes, which rooms and codecs leave as they are, and learns the delay and the loss.
type echo struct {
	v      voice // of what is played: only its low samples
	near   envelope[[echoSpan]float32]
	far    envelope[[farKept]float32]
	silent int   // frames since the last Played, no more counted than needed
	out    place // how loud the agent is
	hush   int   // frames since it could be heard
	none   bool  // it has been heard for long enough to know that the line gives no echo, unless there is some proof of one
	aloud  int   // frames of the last three seconds in which it could be heard, about
	begun  bool
	delay  int     // steps, of the way that is known
	loss   float32 // dB, near − far
	proof  int     // frames that agreed
}

func (e *echo) begin() {
	if e.begun {
		return
	}
	e.begun = true
	for i := range e.far.low {
		e.far.low[i], e.far.all[i] = audio.Silence, audio.Silence
	}
	for i := range e.near.low {
		e.near.low[i], e.near.all[i] = audio.Silence, audio.Silence
	}
}

// played takes 20 ms of the agent.
func (e *echo) played(f *audio.Frame) {
	e.begin()
	e.silent = 0
	e.level(f)
	shift(e.far.low[:], e.far.all[:], f, e.v.take(f))
}

// level follows how loud the agent is.
func (e *echo) level(f *audio.Frame) {
	db := loudness(f)
	e.out.frame(db)
	e.aloud = max(0, e.aloud-1)
	e.hush++
	if db > audibleFar {
		e.hush = 0
		e.aloud = min(e.aloud+2, mostFar)
		e.none = e.none || e.aloud >= enoughFar
	}
}

// quiet reports whether nothing of the agent can be coming back.
func (e *echo) quiet() bool { return e.silent >= unheard || e.hush >= unheard }

// tooLoud reports whether sound, so much louder than the place has been, is more than an echo that the place has had in it could be.
func (e *echo) tooLoud(over float64) bool {
	return e.aloud >= enoughFar && over > overEcho+max(0, e.out.lately()-e.out.before().smooth)
}

// heard takes 20 ms of the caller, and their low samples.
func (e *echo) heard(f *audio.Frame, low []float32) {
	e.begin()
	if e.silent < unheard {
		if e.silent++; e.silent == unheard {
			*e = echo{near: e.near, out: e.out, begun: true, silent: unheard, none: e.none, delay: e.delay, loss: e.loss, proof: e.proof}
			for i := range e.far.low {
				e.far.low[i], e.far.all[i] = audio.Silence, audio.Silence
			}
		}
	}
	shift(e.near.low[:], e.near.all[:], f, low)
}

// speaking reports whether the agent could be heard in the last half second.
func (e *echo) speaking() bool {
	if !e.begun {
		return false
	}
	for i := 0; i < farKept; i += 2 {
		if e.far.all[i] > audibleFar {
			return true
		}
	}
	return false
}

// leaves is how alike the newest frame's periods count as, which are so alike: not at all if it is an echo, and less where it may yet be one.
func (e *echo) leaves(alike float32) float32 {
	switch {
	case e.is():
		return 0
	case (e.proof >= proven/2 || !e.none) && e.speaking():
		return min(alike, mayBeEcho)
	}
	return alike
}

// is reports whether the newest frame is an echo.
func (e *echo) is() bool {
	if !e.speaking() {
		return false
	}
	r, delay, loss := e.match()
	same := r >= alike && loss <= -echoLoss
	known := e.proof >= proven
	near := delay >= e.delay-2 && delay <= e.delay+2
	switch {
	case same && (near || e.proof == 0):
		e.loss += (loss - e.loss) / float32(min(e.proof, 20)+1)
		e.proof = min(e.proof+1, mostProof)
		e.delay = delay
	case same && !known:
		e.proof -= 2
		e.proof = max(e.proof, 0)
	case same:
		e.proof--
	}
	if same {
		return true
	}
	return known && e.newest() <= e.expected()+overEcho
}

// newest is the loudness of the newest frame.
func (e *echo) newest() float32 {
	m := float32(audio.Silence)
	for _, v := range e.near.all[echoSpan-stepsOf:] {
		m = max(m, v)
	}
	return m
}

// expected is how loud the echo of what was played is now, by the way that is known.
func (e *echo) expected() float32 {
	at := farKept - stepsOf - e.delay
	m := float32(audio.Silence)
	for _, v := range e.far.all[max(0, at-2*stepsOf):min(farKept, at+2*stepsOf)] {
		m = max(m, v)
	}
	return m + e.loss
}

// match finds the delay at which what was played is most like what is heard.
func (e *echo) match() (best float32, delay int, loss float32) {
	var n envelope[[echoSpan]float32]
	n.low, n.all = e.near.low, e.near.all
	levelled(n.low[:])
	levelled(n.all[:])
	var f envelope[[farKept]float32]
	f.low, f.all = e.far.low, e.far.all
	top := peak(f.all[:])
	clip(f.low[:], max(peak(f.low[:]), audibleFar)-dynamics)
	clip(f.all[:], max(top, audibleFar)-dynamics)
	nl, na := energy(n.low[:]), energy(n.all[:])
	for d := 0; d <= echoLongest; d++ {
		at := echoLongest - d
		r := (like(n.low[:], f.low[at:], nl) + like(n.all[:], f.all[at:], na)) / 2
		if r > best {
			best, delay = r, d
		}
	}
	at := echoLongest - delay
	return best, delay, peak(e.near.all[:]) - peak(e.far.all[at:at+echoSpan])
}

// levelled clips an envelope at its dynamics and takes its mean away.
func levelled(x []float32) {
	clip(x, peak(x)-dynamics)
	var sum float32
	for _, v := range x {
		sum += v
	}
	sum /= float32(len(x))
	for i := range x {
		x[i] -= sum
	}
}

func peak(x []float32) float32 {
	m := float32(math.Inf(-1))
	for _, v := range x {
		m = max(m, v)
	}
	return m
}

func clip(x []float32, least float32) {
	for i, v := range x {
		x[i] = max(v, least)
	}
}

func energy(x []float32) (e float32) {
	for _, v := range x {
		e += v * v
	}
	return e
}

// like is the correlation of n, without mean and of energy en, with f.
func like(n, f []float32, en float32) float32 {
	f = f[:len(n)]
	var sum, square, both float32
	for i, v := range n {
		w := f[i]
		sum += w
		square += w * w
		both += v * w
	}
	ef := square - sum*sum/float32(len(n))
	if ef < 100 || en < 100 { // flat: alike to everything
		return 0
	}
	return both / float32(math.Sqrt(float64(en*ef)))
}

// shift adds a frame's steps to an envelope.
func shift(low, all []float32, f *audio.Frame, lowSound []float32) {
	copy(low, low[stepsOf:])
	copy(all, all[stepsOf:])
	for i := range stepsOf {
		var a, l float32
		const n = audio.Samples / stepsOf
		for _, s := range f[i*n : (i+1)*n] {
			a += float32(s) * float32(s)
		}
		for _, s := range lowSound[i*lowFrame/stepsOf : (i+1)*lowFrame/stepsOf] {
			l += s * s
		}
		all[len(all)-stepsOf+i] = decibels(a / n)
		low[len(low)-stepsOf+i] = decibels(l / (lowFrame / stepsOf))
	}
}

// loudness of a frame, in dB of full scale.
func loudness(f *audio.Frame) float64 {
	var sum float32
	for _, s := range f {
		sum += float32(s) * float32(s)
	}
	return float64(decibels(sum / audio.Samples))
}

// decibels of full scale of a mean square.
func decibels(ms float32) float32 {
	return float32(max(audio.Silence, 10*math.Log10(float64(ms)/(32768*32768)+1e-12)))
}
