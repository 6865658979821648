package turns

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/parley-voice/parley/audio"
)

// soundOf makes what is no speech: [cough], [click], [tone:1000:0.4] and others. Its loudness is that of speech.
func soundOf(name string, seed uint64) ([]float64, error) {
	rng := rand.New(rand.NewPCG(seed, 11))
	f := strings.Split(name, ":")
	arg := func(i int, or float64) float64 {
		if i < len(f) {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				return v
			}
		}
		return or
	}
	switch f[0] {
	case "cough":
		return cough(rng, 1+rng.IntN(3)), nil
	case "sneeze":
		return append(hiss(rng, 0.25, 900, 0.3), burst(rng, 0.35, 2600, 1)...), nil
	case "breath":
		return hiss(rng, 0.5+0.5*rng.Float64(), 1100, 0.25), nil
	case "sigh":
		return hiss(rng, 0.9+0.6*rng.Float64(), 700, 0.4), nil
	case "click":
		return knocks(rng, 1+rng.IntN(3), 0.12), nil
	case "knock":
		return knocks(rng, 3+rng.IntN(2), 0.22), nil
	case "rustle":
		return rustle(rng), nil
	case "door":
		return burst(rng, 0.25, 220, 1.3), nil
	case "bark":
		return bark(rng), nil
	case "throat", "sniff", "dishes", "horn", "steps", "zip":
		return rarer(f[0], rng), nil
	case "tone":
		return tone(arg(1, 1000), 0, arg(2, 0.4)), nil
	case "pair":
		return tone(arg(1, 440), arg(2, 480), arg(3, 1)), nil
	case "music":
		return music(rng, arg(1, 5)), nil
	case "quiet":
		return make([]float64, int(arg(1, 1)*audio.Rate)), nil
	case "fax":
		return faxV21(rng, arg(1, 2)), nil
	}
	return nil, fmt.Errorf("there is no sound %q", name)
}

const speechPeak = 8000.0

// resonance colours noise by one formant.
type resonance struct{ a, b, c, y1, y2 float64 }

func tuned(hz, width float64) *resonance {
	r := &resonance{c: -math.Exp(-2 * math.Pi * width / audio.Rate)}
	r.b = 2 * math.Exp(-math.Pi*width/audio.Rate) * math.Cos(2*math.Pi*hz/audio.Rate)
	r.a = 1 - r.b - r.c
	return r
}

func (r *resonance) next(x float64) float64 {
	y := r.a*x + r.b*r.y1 + r.c*r.y2
	r.y1, r.y2 = y, r.y1
	return y
}

// burst begins at once and dies away.
func burst(rng *rand.Rand, secs, hz, loud float64) []float64 {
	out := make([]float64, int(secs*audio.Rate))
	r := tuned(hz, hz/2)
	for i := range out {
		t := float64(i) / audio.Rate
		env := math.Min(1, t/0.008) * math.Exp(-t*5/secs)
		out[i] = speechPeak * loud * env * (1.5*r.next(rng.Float64()*2-1) + 0.15*(rng.Float64()-0.5))
	}
	return out
}

// hiss swells and fades.
func hiss(rng *rand.Rand, secs, hz, loud float64) []float64 {
	out := make([]float64, int(secs*audio.Rate))
	r := tuned(hz, hz*1.2)
	for i := range out {
		env := math.Sin(math.Pi * float64(i) / float64(len(out)))
		out[i] = speechPeak * loud * env * env * r.next(rng.Float64()*2-1)
	}
	return out
}

// cough is a burst, then a short voiced grunt, some times over.
func cough(rng *rand.Rand, n int) []float64 {
	var out []float64
	for range n {
		out = append(out, burst(rng, 0.13+0.08*rng.Float64(), 1000+500*rng.Float64(), 1.6)...)
		grunt := make([]float64, int((0.08+0.1*rng.Float64())*audio.Rate))
		r, hz := tuned(600, 200), 110+60*rng.Float64()
		phase := 0.0
		for i := range grunt {
			phase += hz * (1 + 0.15*(rng.Float64()-0.5)) / audio.Rate
			pulse := 0.0
			if phase >= 1 {
				phase--
				pulse = 12
			}
			grunt[i] = speechPeak * 0.5 * r.next(pulse+rng.Float64()-0.5) * (1 - float64(i)/float64(len(grunt)))
		}
		out = append(out, grunt...)
		out = append(out, make([]float64, int((0.1+0.2*rng.Float64())*audio.Rate))...)
	}
	return out
}

func bark(rng *rand.Rand) []float64 {
	var out []float64
	for range 2 + rng.IntN(2) {
		n := int((0.14 + 0.06*rng.Float64()) * audio.Rate)
		hz := 450 + 200*rng.Float64()
		for i := range n {
			t := float64(i) / audio.Rate
			env := math.Sin(math.Pi * float64(i) / float64(n))
			s := math.Sin(2*math.Pi*hz*t) + 0.6*math.Sin(4*math.Pi*hz*t) + 0.4*math.Sin(6*math.Pi*hz*t) + 0.3*(rng.Float64()-0.5)
			out = append(out, speechPeak*0.5*env*s)
		}
		out = append(out, make([]float64, int((0.2+0.3*rng.Float64())*audio.Rate))...)
	}
	return out
}

func knocks(rng *rand.Rand, n int, apart float64) []float64 {
	out := make([]float64, int(float64(n)*apart*audio.Rate)+audio.Rate/10)
	for k := range n {
		stroke(rng, out[int(float64(k)*apart*audio.Rate):], speechPeak)
	}
	return out
}

// rustle is a hand on the microphone: low noise in jerks.
func rustle(rng *rand.Rand) []float64 {
	p := pink(rng)
	out := make([]float64, int((0.6+0.6*rng.Float64())*audio.Rate))
	env := 0.0
	for i := range out {
		if i%800 == 0 {
			env = rng.Float64()
		}
		out[i] = speechPeak * 0.12 * env * p()
	}
	return out
}

func tone(hz1, hz2, secs float64) []float64 {
	out := make([]float64, int(secs*audio.Rate))
	for i := range out {
		t := 2 * math.Pi * float64(i) / audio.Rate
		out[i] = speechPeak * 0.5 * math.Sin(hz1*t)
		if hz2 > 0 {
			out[i] += speechPeak * 0.5 * math.Sin(hz2*t)
		}
	}
	return out
}

// music is chords and a tune, with a beat.
func music(rng *rand.Rand, secs float64) []float64 {
	out := make([]float64, int(secs*audio.Rate))
	beat := audio.Rate * (40 + rng.IntN(25)) / 100
	scale := []float64{261.6, 293.7, 329.6, 392, 440, 523.3, 587.3, 659.3}
	var tune float64
	var chord [3]float64
	for i := range out {
		if i%beat == 0 {
			tune = scale[rng.IntN(len(scale))] * 2
		}
		if i%(4*beat) == 0 {
			k := rng.IntN(4)
			chord = [3]float64{scale[k], scale[k+2], scale[k+4]}
		}
		t := float64(i) / audio.Rate
		env := math.Exp(-3 * float64(i%beat) / float64(beat))
		s := env * (math.Sin(2*math.Pi*tune*t) + 0.4*math.Sin(4*math.Pi*tune*t))
		for _, hz := range chord {
			s += 0.4*math.Sin(2*math.Pi*hz*t) + 0.15*math.Sin(6*math.Pi*hz*t)
		}
		out[i] = speechPeak * 0.35 * s
	}
	return out
}

// faxV21 is a fax machine's answer after its tone: 300 baud, 1650/1850 Hz (ITU-T V.21 channel 2).
func faxV21(rng *rand.Rand, secs float64) []float64 {
	out := make([]float64, int(secs*audio.Rate))
	hz, phase := 1650.0, 0.0
	for i := range out {
		if i%(audio.Rate/300) == 0 {
			hz = 1650 + 200*float64(rng.IntN(2))
		}
		phase += 2 * math.Pi * hz / audio.Rate
		out[i] = speechPeak * 0.5 * math.Sin(phase)
	}
	return out
}
