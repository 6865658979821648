package turns

import (
	"math"
	"math/rand/v2"

	"github.com/parley-voice/parley/audio"
)

// others are the voices of the babble and the television, which say nothing that is in an item.
func others() []order {
	var out []order
	for i, v := range []string{"flite/kal16", "espeak/en-us+f2", "espeak/en-gb+m7", "flite/rms"} {
		for _, t := range murmurs[i : i+2] {
			out = append(out, order{v, "en", t})
		}
	}
	return out
}

var murmurs = []string{
	"and the weather for the weekend looks rather mixed, with showers in the north and some sunshine further south",
	"the committee will meet again on thursday to discuss the new budget, which has been delayed for several weeks",
	"he passes to the left, a long ball across the field, and that is a corner for the visitors",
	"we left the house at about nine and drove along the coast until we found a small village with a harbour",
	"prices rose by two percent in the last quarter, said a spokesman for the central bank this morning",
}

// murmur is a voice of those that never stops, or several at once.
func murmur(s *store, all []order, voices int, seed uint64, n int) []float64 {
	out := make([]float64, n)
	rng := rand.New(rand.NewPCG(seed, 3))
	for v := range voices {
		at := -rng.IntN(3 * audio.Rate)
		for i := v*2 + int(seed%5); at < n; i++ {
			o := all[i%len(all)]
			p, err := s.get(o.voice, o.text)
			if err != nil {
				break
			}
			for k, x := range p.pcm {
				if j := at + k; j >= 0 && j < n {
					out[j] += float64(x)
				}
			}
			at += len(p.pcm) + rng.IntN(audio.Rate/2)
		}
	}
	return out
}

// ambience is n samples of a place, of any loudness.
func ambience(s *store, kind string, seed uint64, n int) []float64 {
	rng := rand.New(rand.NewPCG(seed, 7))
	switch kind {
	case "babble":
		return murmur(s, others(), 4, seed, n)
	case "street":
		return street(rng, n)
	case "canteen":
		return canteen(s, rng, seed, n)
	case "car":
		return car(rng, n)
	case "rain":
		return rain(rng, n)
	case "fan":
		return fan(rng, n)
	case "keyboard":
		return keyboard(rng, n)
	}
	return office(rng, n)
}

// pink is noise that falls by 3 dB an octave: three poles.
func pink(rng *rand.Rand) func() float64 {
	var a, b, c float64
	return func() float64 {
		w := rng.Float64()*2 - 1
		a = 0.99765*a + w*0.0990460
		b = 0.96300*b + w*0.2965164
		c = 0.57000*c + w*1.0526913
		return a + b + c + w*0.1848
	}
}

// office is air conditioning with mains hum.
func office(rng *rand.Rand, n int) []float64 {
	p := pink(rng)
	out := make([]float64, n)
	for i := range out {
		t := float64(i) / audio.Rate
		out[i] = p() + 0.4*math.Sin(2*math.Pi*100*t) + 0.2*math.Sin(2*math.Pi*300*t)
	}
	return out
}

// street is traffic that passes.
func street(rng *rand.Rand, n int) []float64 {
	p := pink(rng)
	out := make([]float64, n)
	rate, phase := 0.15+0.2*rng.Float64(), rng.Float64()*7
	var low float64
	for i := range out {
		t := float64(i) / audio.Rate
		swell := 0.6 + 0.4*math.Sin(2*math.Pi*rate*t+phase)
		low += 0.25 * (p() - low)
		out[i] = low * swell
	}
	return out
}

// keyboard is strokes in bursts over a little air.
func keyboard(rng *rand.Rand, n int) []float64 {
	p := pink(rng)
	out := make([]float64, n)
	for i := range out {
		out[i] = 0.05 * p()
	}
	for at := rng.IntN(audio.Rate); at < n; {
		stroke(rng, out[at:], 3)
		at += audio.Rate*60/1000 + rng.IntN(audio.Rate*160/1000)
		if rng.IntN(12) == 0 {
			at += rng.IntN(audio.Rate)
		}
	}
	return out
}

// stroke is a short knock with a ring.
func stroke(rng *rand.Rand, out []float64, loud float64) {
	hz := 1200 + 1800*rng.Float64()
	n := min(len(out), audio.Rate*25/1000)
	for i := range n {
		t := float64(i) / audio.Rate
		out[i] += loud * math.Exp(-t*180) * (math.Sin(2*math.Pi*hz*t) + rng.Float64() - 0.5)
	}
}

// power is the mean square of what is there.
func power(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v * v
	}
	return sum / max(1, float64(len(x)))
}
