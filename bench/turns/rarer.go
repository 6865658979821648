package turns

import (
	"math"
	"math/rand/v2"

	"github.com/parley-voice/parley/audio"
)

// Places and sounds of the held-out part, which no other has.

// strangers are the voices of the canteen.
func strangers() []order {
	said := []string{
		"so I told him he could keep the ladder until the end of the month if he brings it back clean",
		"they have changed the timetable again and now the last bus goes at ten past eleven",
		"you put the onions in first and let them go soft before anything else goes into the pan",
		"it was the year that the river froze and all the children walked across to the other side",
	}
	var out []order
	for i, v := range []string{"espeak/en-us+Gene", "espeak/en-gb+adam", "festival/kal_diphone", "espeak/en-us+ed"} {
		out = append(out, order{v, "en", said[i]}, order{v, "en", said[(i+1)%len(said)]})
	}
	return out
}

// canteen is three who talk amid dishes.
func canteen(s *store, rng *rand.Rand, seed uint64, n int) []float64 {
	out := murmur(s, strangers(), 3, seed, n)
	loud := 4 * math.Sqrt(power(out))
	for at := rng.IntN(audio.Rate); at < n; at += audio.Rate/3 + rng.IntN(2*audio.Rate) {
		clink(rng, out[at:], loud)
	}
	return out
}

// car is an engine below a road.
func car(rng *rand.Rand, n int) []float64 {
	p := pink(rng)
	out := make([]float64, n)
	hz, phase, low := 28+14*rng.Float64(), 0.0, 0.0
	for i := range out {
		t := float64(i) / audio.Rate
		phase += hz * (1 + 0.08*math.Sin(0.9*t)) / audio.Rate
		engine := 0.0
		for k := 1.0; k <= 6; k++ {
			engine += math.Sin(2*math.Pi*k*phase) / k
		}
		low += 0.15 * (p() - low)
		out[i] = low + 0.5*engine
	}
	return out
}

// rain is drops on a roof.
func rain(rng *rand.Rand, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = 0.2 * (rng.Float64()*2 - 1)
	}
	for at := 0; at < n; at += 20 + rng.IntN(700) {
		loud, fall := 0.3+rng.Float64(), 300+600*rng.Float64()
		for i := range min(n-at, audio.Rate/50) {
			out[at+i] += loud * math.Exp(-fall*float64(i)/audio.Rate) * (rng.Float64()*2 - 1)
		}
	}
	return out
}

// fan is blades that beat the air.
func fan(rng *rand.Rand, n int) []float64 {
	p := pink(rng)
	out := make([]float64, n)
	hz := 60 + 60*rng.Float64()
	for i := range out {
		t := float64(i) / audio.Rate
		out[i] = p()*(1+0.4*math.Sin(2*math.Pi*hz*t/5)) + 0.3*math.Sin(2*math.Pi*hz*t)
	}
	return out
}

// clink is a plate on another: tones that are no harmonics of each other.
func clink(rng *rand.Rand, out []float64, loud float64) {
	base := 1500 + 900*rng.Float64()
	for i := range min(len(out), audio.Rate/8) {
		t := float64(i) / audio.Rate
		for k, r := range [...]float64{1, 1.61, 2.27} {
			out[i] += loud * math.Exp(-t*float64(30+20*k)) * math.Sin(2*math.Pi*base*r*t) / 3
		}
	}
}

// rarer is a sound that is no speech.
func rarer(name string, rng *rand.Rand) []float64 {
	switch name {
	case "throat": // a rough voice below a hiss
		out := hiss(rng, 0.35+0.2*rng.Float64(), 800, 1.2)
		r, phase, hz := tuned(500, 250), 0.0, 70+40*rng.Float64()
		for i := range out {
			pulse := 0.0
			if phase += hz * (1 + 0.5*(rng.Float64()-0.5)) / audio.Rate; phase >= 1 {
				phase, pulse = 0, 6+8*rng.Float64()
			}
			out[i] += speechPeak * 0.3 * r.next(pulse+3*(rng.Float64()-0.5)) * math.Sin(math.Pi*float64(i)/float64(len(out)))
		}
		return out
	case "sniff":
		return hiss(rng, 0.2+0.15*rng.Float64(), 2200, 0.5)
	case "dishes":
		out := make([]float64, audio.Rate)
		for at := 0; at < len(out); at += audio.Rate/10 + rng.IntN(audio.Rate/4) {
			clink(rng, out[at:], speechPeak*(0.3+0.7*rng.Float64()))
		}
		return out
	case "horn":
		return tone(390+40*rng.Float64(), 490+40*rng.Float64(), 0.3+0.5*rng.Float64())
	case "steps":
		out := make([]float64, 2*audio.Rate)
		for at := 0; at < len(out); at += audio.Rate*45/100 + rng.IntN(audio.Rate/10) {
			for i, x := range burst(rng, 0.09, 180, 0.8) {
				if at+i < len(out) {
					out[at+i] += x
				}
			}
		}
		return out
	}
	out := hiss(rng, 0.4, 1800, 0.5) // a zip: its teeth, faster and faster
	for i := range out {
		t := float64(i) / audio.Rate
		out[i] *= 1 + math.Sin(2*math.Pi*(60*t+120*t*t))
	}
	return out
}
