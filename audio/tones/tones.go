// Package tones finds the tones of the telephone network in sound: beeps, busy and ringing tones, special information tones, fax. It
// starts no goroutine and allocates nothing per frame.
package tones

import (
	"math"
	"slices"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/spectrum"
)

const (
	window  = 1024                         // samples: 64 ms
	step    = float64(audio.Rate) / window // Hz
	lowest  = 300                          // Hz: below are hum and the first harmonics of voices
	highest = 3000                         // Hz
	lobe    = 2                            // bins to each side that belong to a peak
	pure    = 0.90                         // of what stands out of the noise lies in one peak, or two
	weak    = 0.06                         // of the stronger peak: a weaker one is no second tone
	amid    = 0.5                          // of what stands out, where there is other sound, too
	amidAt  = 0.5                          // of the stronger peak, of which the next may have no more there
	amidFor = 6                            // frames that agree make a tone there
	turns   = 3.0                          // Hz by which its pitch may differ from frame to frame, by its phase: voices glide more
	glides  = 5.0                          // and in all
	stands  = 16                           // times the usual power of its bins, or it is of a voice that talks all the time
	usually = 0.985                        // memory of it, of a frame: 1.3 s
	near    = 9.0                          // Hz: the same tone
	even    = 4.0                          // dB: as loud as before
	beeps   = 345.0                        // Hz: a tone alone is no lower
	quiet   = -48.0                        // dBFS: no tone below
	least   = 4                            // frames that agree make a tone
	lost    = 2                            // frames of another end it
	covered = 4                            // frames of none: a click may lie over it
	centre  = 40 * time.Millisecond        // how much older than its newest sample a window is, by its weight
)

// pairs are the tones of two frequencies that networks have: dial, ringing (US, UK), busy. Voices hold other harmonics for a while.
var pairs = [...][2]float64{{350, 440}, {440, 480}, {400, 450}, {480, 620}}

var hann = func() (w [window]float32) {
	for i := range w {
		w[i] = float32(0.5 - 0.5*math.Cos(2*math.Pi*(float64(i)+0.5)/window))
	}
	return w
}()

// A Tone is one or two frequencies that were held for a while.
type Tone struct {
	Hz, Second float64 // the lower and the higher; Second is 0 for one alone
	Level      float64 // dBFS
	Start, End time.Duration
	Amid       bool // there was other sound at the same time
}

// Dur is how long it was held.
func (t Tone) Dur() time.Duration { return t.End - t.Start }

// Is reports whether it is these frequencies, within so many Hz; second is 0 for one alone.
func (t Tone) Is(hz, second, within float64) bool {
	return math.Abs(t.Hz-hz) <= within && math.Abs(t.Second-second) <= within
}

// A Finder listens to one side of a call. It belongs to one goroutine.
type Finder struct {
	past   [window]float32
	room   [window]float32
	spec   *spectrum.Spectrum
	powers []float32   // of the bins looked at
	before []complex64 // those, of the frame before
	mixed  []float32   // the powers, out of their order
	from   int

	now             Tone // being held; Hz is 0 when none is
	agreed          int  // frames that agree on it
	clear           int  // of them those with nothing else
	gone            int  // frames since it was last there
	steady          float64
	peaks           [3]int    // bins, of the frame before
	usual           []float32 // power of the bins
	phased          float64   // Hz of the tone by its phase, in the frame before
	turned          float64   // and in this
	lowest, highest float64   // of the tone so far
}

// New makes a finder.
func New() *Finder {
	from, to := int(math.Ceil(lowest/step)), int(highest/step)
	return &Finder{spec: spectrum.New(window), from: from, powers: make([]float32, to-from), mixed: make([]float32, to-from), before: make([]complex64, to-from), usual: make([]float32, to-from)}
}

// Frame hears 20 ms that ended at now; ended is a tone that is over, ok that there is one.
func (f *Finder) Frame(x *audio.Frame, now time.Duration) (ended Tone, ok bool) {
	copy(f.past[:], f.past[audio.Samples:])
	for i, s := range x {
		f.past[window-audio.Samples+i] = float32(s) / 32768
	}
	for i, w := range hann {
		f.room[i] = f.past[i] * w
	}
	f.spec.Forward(f.room[:])
	t, there := f.look()
	copy(f.before, f.spec.At[f.from:])
	for i, p := range f.powers {
		f.usual[i] = usually*f.usual[i] + (1-usually)*p
	}
	at := now - centre
	same := there && f.now.Hz > 0 && math.Abs(t.Hz-f.now.Hz) < near && math.Abs(t.Second-f.now.Second) < near
	even := same && (!f.sure() || math.Abs(t.Level-f.now.Level) < even)
	if t.Amid {
		low, high := min(f.turned, f.lowest), max(f.turned, f.highest)
		if f.agreed == 1 {
			low, high = f.turned, f.turned
		}
		even = even && (f.agreed == 1 || math.Abs(f.turned-f.phased) < turns && high-low < glides)
		f.lowest, f.highest = low, high
	}
	f.phased = f.turned
	switch {
	case even:
		if !f.sure() {
			f.now.Level = max(f.now.Level, t.Level)
		}
		f.agreed++
		f.gone = 0
		if !t.Amid {
			f.clear++
		}
		f.now.Amid = f.clear < least
		f.now.End = at + audio.FrameDur/2
		return Tone{}, false
	case f.now.Hz > 0 && f.agreed >= least && (f.gone < lost-1 || f.gone < covered-1 && (!there || t.Amid)):
		f.gone++
		return Tone{}, false
	}
	ended, ok = f.now, f.sure()
	f.now, f.agreed, f.clear, f.gone = Tone{}, 0, 0, 0
	if there {
		if f.now, f.agreed = t, 1; !t.Amid {
			f.clear = 1
		}
		f.now.Start, f.now.End = at-audio.FrameDur/2, at+audio.FrameDur/2
	}
	return ended, ok
}

// sure reports whether enough frames agree on a tone.
func (f *Finder) sure() bool {
	return f.agreed >= amidFor || f.clear >= least
}

// Held is the tone that is being held; false when none is.
func (f *Finder) Held() (Tone, bool) { return f.now, f.sure() }

// Begun reports whether there may be a tone, though it is not sure yet.
func (f *Finder) Begun() bool { return f.now.Hz > 0 && (f.agreed > 1 || f.sure()) }

// Steady is how much of the sound's peaks stay where they are, of late, 0 to 1: music holds its notes, voices glide.
func (f *Finder) Steady() float64 { return f.steady }

// look finds the one or two peaks in which all that stands out of the noise lies.
func (f *Finder) look() (t Tone, ok bool) {
	for i := range f.powers {
		f.powers[i] = f.spec.Power(f.from + i)
	}
	copy(f.mixed, f.powers)
	floor := 3 * middle(f.mixed)
	var sum float32
	for _, p := range f.powers {
		sum += max(p-floor, 0)
	}
	level := decibels(sum)
	f.notes(floor, level)
	if level < quiet {
		return Tone{}, false
	}
	first, inFirst := f.peak(floor, -1)
	second, inSecond := f.peak(floor, first)
	if inFirst+inSecond >= pure*sum && inSecond >= weak*inFirst {
		t = Tone{Hz: f.hz(min(first, second)), Second: f.hz(max(first, second)), Level: level}
		for _, p := range pairs {
			if t.Is(p[0], p[1], near) {
				return t, true
			}
		}
	}
	t = Tone{Hz: f.hz(first), Level: level}
	f.turned = f.phase(first, t.Hz)
	switch {
	case t.Hz < beeps:
	case inFirst >= pure*sum && inSecond < weak*inFirst:
		return t, true
	case inFirst >= amid*sum && inSecond < amidAt*inFirst && (math.Abs(t.Hz-f.now.Hz) < near || inFirst > stands*f.lobe(f.usual, first)):
		t.Amid, t.Level = true, decibels(inFirst)
		return t, t.Level >= quiet
	}
	return t, false
}

// middle is the value that would stand in the middle if x were sorted; it changes the order of x, no more than it must.
func middle(x []float32) float32 {
	k := len(x) / 2
	for low, high := 0, len(x)-1; low < high; {
		pivot := x[(low+high)/2]
		i, j := low, high
		for i <= j {
			for x[i] < pivot {
				i++
			}
			for x[j] > pivot {
				j--
			}
			if i <= j {
				x[i], x[j] = x[j], x[i]
				i++
				j--
			}
		}
		switch {
		case k <= j:
			high = j
		case k >= i:
			low = i
		default:
			return x[k]
		}
	}
	return x[k]
}

// lobe is the sum of what belongs to a peak.
func (f *Finder) lobe(powers []float32, at int) (sum float32) {
	for _, p := range powers[max(at-lobe, 0):min(at+lobe+1, len(powers))] {
		sum += p
	}
	return sum
}

// phase is the frequency near hz by which a bin has turned since the frame before: of a tone that is held it is always the same.
func (f *Finder) phase(at int, hz float64) float64 {
	if at < 0 {
		return 0
	}
	const turn = float64(audio.Rate) / audio.Samples // Hz of one turn a frame
	now, was := f.spec.At[f.from+at], f.before[at]
	re, im := real(now)*real(was)+imag(now)*imag(was), imag(now)*real(was)-real(now)*imag(was)
	part := math.Atan2(float64(im), float64(re)) / (2 * math.Pi)
	return (math.Round(hz/turn-part) + part) * turn
}

// decibels is the level of a sine whose peak has that power.
func decibels(power float32) float64 {
	return audio.ToDB(math.Sqrt(float64(power)) * 2 / window * math.Sqrt(4.0/3)) // a sine's RMS is 3 dB below
}

// peak is the strongest bin that does not belong to other's, and what stands out in its lobe.
func (f *Finder) peak(floor float32, other int) (at int, power float32) {
	at = -1
	for i, p := range f.powers {
		if (other < 0 || i < other-lobe || i > other+lobe) && p > floor && (at < 0 || p > f.powers[at]) {
			at = i
		}
	}
	if at < 0 {
		return at, 0
	}
	for i := max(at-lobe, 0); i <= min(at+lobe, len(f.powers)-1); i++ {
		if other < 0 || i < other-lobe || i > other+lobe {
			power += max(f.powers[i]-floor, 0)
		}
	}
	return at, power
}

// hz is the frequency of a peak, between its bin and the neighbours.
func (f *Finder) hz(at int) float64 {
	k := f.from + at
	left, mid, right := math.Sqrt(float64(f.spec.Power(k-1))), math.Sqrt(float64(f.spec.Power(k))), math.Sqrt(float64(f.spec.Power(k+1)))
	d := 0.0
	if right > left { // by the ratio of a Hann window's two highest
		r := right / (mid + 1e-20)
		d = (2*r - 1) / (1 + r)
	} else {
		r := left / (mid + 1e-20)
		d = -(2*r - 1) / (1 + r)
	}
	return (float64(k) + min(max(d, -0.5), 0.5)) * step
}

// notes follows how many of the three strongest peaks stay.
func (f *Finder) notes(floor float32, level float64) {
	const memory = 0.97 // of a frame: 0.7 s
	if level < quiet {
		f.peaks = [3]int{}
		f.steady *= memory
		return
	}
	var now [3]int
	stayed := 0
	for n := range now {
		at := -1
		for i := 1; i+1 < len(f.powers); i++ {
			p := f.powers[i]
			if p > floor && p >= f.powers[i-1] && p > f.powers[i+1] && (at < 0 || p > f.powers[at]) && !slices.Contains(now[:n], i) {
				at = i
			}
		}
		if at < 0 {
			break
		}
		now[n] = at
		for _, was := range f.peaks {
			if was > 0 && at >= was-1 && at <= was+1 {
				stayed++
				break
			}
		}
	}
	f.peaks = now
	f.steady = memory*f.steady + (1-memory)*float64(stayed)/3
}
