// Package denoise takes steady noise out of a caller's sound: fans, traffic, hiss. It estimates what of each band is noise by the
// minima of the last seconds, and weighs each band by the log-spectral amplitude estimator of Ephraim and Malah (1985), with the
// noise estimate controlled by minima (Cohen and Berdugo, 2002). No goroutine, and nothing is allocated per frame.
package denoise

import (
	"math"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/spectrum"
)

const (
	size = 256        // samples of a window
	bins = size/2 + 1 // of its spectrum
	hop  = 160        // samples: 10 ms, half a frame
	over = size - hop // samples that a window shares with the next
	// Delay is how much later sound comes out than it went in.
	Delay = audio.FrameDur * over / audio.Samples
)

// Estimation, per hop of 10 ms. Powers are of samples at full scale 1.
const (
	smooth    = 0.8   // of the power that minima are taken of
	searching = 120   // hops: minima are of the last one to two times that
	present   = 4.5   // power that far over the minimum holds speech
	likely    = 0.3   // weight of the likelihood before
	noiseMemo = 0.92  // of the noise estimate where there is no speech
	bias      = 1.6   // what noise is over its own minima, on average
	mostNoise = 3.5   // an estimate so far over the minimum is none
	prior     = 0.97  // weight of the hop before in the a priori SNR
	leastSNR  = 0.004 // −24 dB
	quiet     = 1e-9  // power of a band that nobody hears
)

// deepest is the attenuation of what is nothing but noise at level 100, in dB.
const deepest = 24.0

// rise is the beginning of the window, and its end backwards; between them it is 1. Where two overlap their squares add up to 1.
var rise = func() (w [over]float32) {
	for i := range w {
		w[i] = float32(math.Sin(math.Pi / 2 * (float64(i) + 0.5) / over))
	}
	return w
}()

// A Suppressor is one caller's. It belongs to one goroutine.
type Suppressor struct {
	share float32       // of the attenuation that is carried out
	least float32       // amplitude gain
	past  [over]float32 // the newest of what came in
	tail  [over]float32 // of the window before, to be added to
	room  [size]float32
	spec  *spectrum.Spectrum
	bands [bins]band
	hops  int
}

// A band is 62 Hz of the spectrum.
type band struct {
	power    float32 // smoothed
	least    float32 // minimum of the power of late
	next     float32 // and the one that replaces it
	speech   float32 // 0–1: how likely it holds speech
	noise    float32
	estimate float32 // gain² × SNR of the hop before: what was speech of it
}

// New makes a suppressor. level is the share of attenuation, 0–100: at 100 noise goes down by 24 dB, at 50 by 12.
func New(level float64) *Suppressor {
	share := min(max(level, 0), 100) / 100
	return &Suppressor{spec: spectrum.New(size), share: float32(share), least: float32(math.Pow(10, -deepest/20))}
}

// Frame replaces f by what is left of it without the noise, Delay later. Digital silence teaches it nothing: it is what a leg fills gaps with.
func (s *Suppressor) Frame(f *audio.Frame) {
	known := *f != audio.Frame{}
	for at := 0; at < audio.Samples; at += hop {
		s.step((*[hop]int16)(f[at:at+hop]), known)
	}
}

func (s *Suppressor) step(pcm *[hop]int16, known bool) {
	x := &s.room
	copy(x[:over], s.past[:])
	for i, v := range pcm {
		x[over+i] = float32(v) / 32768
	}
	copy(s.past[:], x[hop:])
	for i, w := range rise {
		x[i] *= w
		x[size-1-i] *= w
	}
	s.spec.Forward(x[:])
	if known {
		s.learn()
	}
	s.weigh()
	s.spec.Back(x[:])
	for i, w := range rise {
		x[i] = x[i]*w + s.tail[i]
		s.tail[i] = x[hop+i] * rise[over-1-i]
	}
	for i := range pcm {
		pcm[i] = clip(32768 * x[i])
	}
}

// learn follows the noise in each band.
func (s *Suppressor) learn() {
	turn := s.hops > 0 && s.hops%searching == 0
	first := s.hops == 0
	s.hops++
	before := s.spec.Power(0)
	here := before
	for k := range s.bands {
		after := here
		if k < bins-1 {
			after = s.spec.Power(k + 1)
		}
		around := 0.25*before + 0.5*here + 0.25*after
		b := &s.bands[k]
		if first {
			b.power, b.least, b.next, b.noise = around, around, around, min(here, 100*quiet)
		}
		b.power = smooth*b.power + (1-smooth)*around
		b.least, b.next = min(b.least, b.power), min(b.next, b.power)
		if turn {
			b.least, b.next = b.next, b.power
		}
		holds := float32(0)
		if b.power > present*b.least+quiet {
			holds = 1
		}
		b.speech = likely*b.speech + (1-likely)*holds
		memo := noiseMemo + (1-noiseMemo)*b.speech
		b.noise = min(memo*b.noise+(1-memo)*here, mostNoise*bias*b.least)
		b.noise = max(b.noise, quiet)
		before, here = here, after
	}
}

// weigh takes from each band what is likely noise.
func (s *Suppressor) weigh() {
	for k := range s.bands {
		b := &s.bands[k]
		post := s.spec.Power(k) / max(b.noise, quiet)
		snr := max(prior*b.estimate+(1-prior)*max(post-1, 0), leastSNR)
		wiener := snr / (1 + snr)
		g := min(wiener*lift(wiener*post), 1)
		b.estimate = g * g * post
		g = max(g, s.least)
		if s.share < 1 {
			g = root(g, s.share)
		}
		s.spec.At[k] *= complex(g, 0)
	}
}

func clip(x float32) int16 {
	return int16(max(-32768, min(32767, math.Round(float64(x)))))
}
