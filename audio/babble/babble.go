// Package babble is people talking without words: as hard on codecs and tone finders as speech, and as good for the noise of a room, made anew
// from a number wherever it is needed. It starts no goroutine.
package babble

import (
	"math"
	"math/rand/v2"
	"time"
)

// Rate of everything here, in Hz.
const Rate = 16000

// vowels by the frequencies of their first four formants, in Hz.
var vowels = [...][4]float64{
	{730, 1090, 2440, 3400}, {270, 2290, 3010, 3700}, {300, 870, 2240, 3300}, {530, 1840, 2480, 3500},
	{570, 840, 2410, 3300}, {660, 1720, 2410, 3500}, {440, 1020, 2240, 3300}, {490, 1350, 1690, 3200},
}

// A resonator is a formant: two poles at a frequency, of a bandwidth.
type resonator struct{ a, b, c, y1, y2 float64 }

func (r *resonator) tune(hz, width float64) {
	r.c = -math.Exp(-2 * math.Pi * width / Rate)
	r.b = 2 * math.Exp(-math.Pi*width/Rate) * math.Cos(2*math.Pi*hz/Rate)
	r.a = 1 - r.b - r.c
}

func (r *resonator) next(x float64) float64 {
	y := r.a*x + r.b*r.y1 + r.c*r.y2
	r.y1, r.y2 = y, r.y1
	return y
}

// A Voice babbles: syllables of a hiss and a gliding vowel at a gliding pitch, with pauses; no two seeds alike. Its loudest is
// near −6 dBFS.
type Voice struct {
	rng      *rand.Rand
	tract    [4]resonator
	from, to [4]float64
	pitch    [2]float64 // Hz, at the syllable's start and end
	phase    float64
	hiss     float64 // the last of it, for its colour
	air      float64 // the last of what the glottis let through: the lips give its change
	loud     float64
	at       int // samples into the syllable
	noise    int // samples of it that hiss
	voiced   int // after those, that sound
	pause    int // and that are silent
}

// New starts the voice of a seed.
func New(seed uint64) *Voice {
	v := &Voice{rng: rand.New(rand.NewPCG(seed, 0x5eed))}
	v.to = vowels[v.rng.IntN(len(vowels))]
	v.pitch[1] = 90 + 140*v.rng.Float64()
	v.syllable()
	return v
}

func (v *Voice) syllable() {
	v.at = 0
	v.noise = v.rng.IntN(Rate * 90 / 1000)
	v.voiced = Rate*80/1000 + v.rng.IntN(Rate*220/1000)
	v.pause = v.rng.IntN(Rate * 60 / 1000)
	if v.rng.IntN(6) == 0 {
		v.pause += v.rng.IntN(Rate / 2)
	}
	v.from, v.to = v.to, vowels[v.rng.IntN(len(vowels))]
	v.pitch[0] = v.pitch[1]
	v.pitch[1] = min(260, max(80, v.pitch[1]*(0.8+0.4*v.rng.Float64())))
	v.loud = 0.3 + 0.7*v.rng.Float64()
}

// Fill overwrites pcm with what the voice says next.
func (v *Voice) Fill(pcm []int16) {
	for i := range pcm {
		pcm[i] = int16(max(-32768, min(32767, math.Round(v.next()*16000))))
	}
}

func (v *Voice) next() float64 {
	defer func() {
		if v.at++; v.at >= v.noise+v.voiced+v.pause {
			v.syllable()
		}
	}()
	breath := v.rng.NormFloat64()
	hiss := breath - 0.9*v.hiss
	v.hiss = breath
	var source float64
	switch at := v.at - v.noise; {
	case at < 0:
		return hiss * 0.06 * v.loud * math.Sin(math.Pi*float64(v.at)/float64(v.noise))
	case at < v.voiced:
		t := float64(at) / float64(v.voiced)
		if at%40 == 0 {
			for k := range v.tract {
				v.tract[k].tune(v.from[k]+(v.to[k]-v.from[k])*t, 60+40*float64(k))
			}
		}
		v.phase += (v.pitch[0] + (v.pitch[1]-v.pitch[0])*t) / Rate
		v.phase -= math.Floor(v.phase)
		if v.phase < 0.6 { // the glottis opens slowly and shuts at once
			source = v.phase * v.phase * (0.6 - v.phase) * 200
		}
		source, v.air = source-v.air, source
		source = (source + 0.02*breath) * v.loud * math.Sqrt(math.Sin(math.Pi*t))
	}
	for k := range v.tract {
		source = v.tract[k].next(source)
	}
	return math.Tanh(source)
}

// Speak gives so much of the voice of a seed.
func Speak(seed uint64, d time.Duration) []int16 {
	pcm := make([]int16, int(d*Rate/time.Second))
	New(seed).Fill(pcm)
	return pcm
}
