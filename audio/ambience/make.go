package ambience

import (
	"math"
	"math/rand/v2"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
)

// A track is a sound in the making: a loop and the seam beyond it, full scale 1.
type track [length + seam]float64

type level struct{ dBFS float64 }

// loop adds the tracks up, at an RMS level, and closes the seam: what is beyond the end fades into the beginning.
func loop(l level, tracks ...*track) *[frames]audio.Frame {
	sum := tracks[0]
	for _, t := range tracks[1:] {
		for i := range sum {
			sum[i] += t[i]
		}
	}
	power := 0.0
	for i := range seam {
		x := float64(i) / seam * math.Pi / 2
		sum[i] = sum[i]*math.Sin(x) + sum[length+i]*math.Cos(x)
	}
	for _, x := range sum[:length] {
		power += x * x
	}
	gain := math.Pow(10, l.dBFS/20) / math.Sqrt(power/length)
	out := new([frames]audio.Frame)
	for i := range out {
		for j := range out[i] {
			x := gain * sum[i*audio.Samples+j]
			out[i][j] = int16(32767 * math.Tanh(x)) // a click is never a crack
		}
	}
	return out
}

func quieter(t *track, amplitude float64) *track {
	for i := range t {
		t[i] *= amplitude
	}
	return t
}

// keyboard is somebody who types in bursts: a key goes down with a click of two damped tones and noise, and up more quietly.
func keyboard(seed uint64, busy float64) *track {
	r, t := random(seed), new(track)
	for at := 0.3 * r.Float64() * audio.Rate; int(at) < len(t); {
		for range 3 + r.IntN(14) { // a burst
			strike(t, int(at), 0.7+0.3*r.Float64(), r)
			strike(t, int(at+(0.07+0.03*r.Float64())*audio.Rate), 0.25, r)
			at += (0.09 + 0.16*r.ExpFloat64()*0.6) * audio.Rate
		}
		at += (0.3 + 2.5*(1-busy)*r.ExpFloat64() + 0.6*r.Float64()) * audio.Rate
	}
	return t
}

func strike(t *track, at int, loud float64, r *rand.Rand) {
	low, high := 1400+500*r.Float64(), 3100+900*r.Float64()
	for i := range audio.Rate * 18 / 1000 {
		if at+i >= len(t) {
			return
		}
		x := float64(i) / audio.Rate
		t[at+i] += loud * (0.5*r.NormFloat64()*math.Exp(-x*420) +
			0.5*math.Sin(2*math.Pi*low*x)*math.Exp(-x*300) + 0.3*math.Sin(2*math.Pi*high*x)*math.Exp(-x*500))
	}
}

// room is air: noise without its heights, and a little hum of a fan.
func room(seed uint64, loud float64) *track {
	r, t, slow, low := random(seed), new(track), 0.0, 0.0
	for i := range t {
		slow = 0.985*slow + 0.12*r.NormFloat64()
		low += 0.12 * (slow - low)
		t[i] = loud * (0.30*low + 0.004*math.Sin(2*math.Pi*118*float64(i)/audio.Rate))
	}
	return t
}

// crowd is people who talk at some distance, in syllables that never are words, each with rests.
func crowd(seed uint64, people int) *track {
	t := new(track)
	pcm := make([]int16, audio.Rate/10)
	for p := range people {
		who, r := babble.New(seed*100+uint64(p)), random(seed*1000+uint64(p))
		near := 0.4 + 0.6*r.Float64()
		far, kept := 0.0, 0.25+0.35*r.Float64() // distance takes the heights
		for at := int(r.Float64() * 3 * audio.Rate); at < len(t); at += int((0.5 + 3*r.ExpFloat64()) * audio.Rate) {
			for end := at + int((1+3*r.Float64())*audio.Rate); at < min(end, len(t)); {
				who.Fill(pcm)
				for _, s := range pcm {
					far += kept * (float64(s)/32768 - far)
					if at < len(t) {
						t[at] += near * far
					}
					at++
				}
			}
		}
	}
	return t
}

// echoed is a sound in a room with walls.
func echoed(t *track) *track {
	for _, wall := range []struct {
		ms   int
		back float64
	}{{31, 0.35}, {57, 0.28}, {89, 0.2}} {
		d := wall.ms * audio.Rate / 1000
		for i := len(t) - 1; i >= d; i-- {
			t[i] += wall.back * t[i-d]
		}
	}
	return t
}

// phones is a telephone some rooms away that rings twice, in low notes, and is picked up.
func phones(seed uint64) *track {
	r, t := random(seed), new(track)
	for _, at := range []float64{3 + r.Float64(), 13 + 2*r.Float64()} {
		for ring := range 2 {
			from := int((at + 3*float64(ring)) * audio.Rate)
			for i := range audio.Rate * 8 / 10 {
				x := float64(i) / audio.Rate
				warble := 640.0
				if int(x*20)%2 == 1 {
					warble = 800
				}
				fade := math.Min(1, math.Min(x, 0.8-x)*40)
				if from+i < len(t) {
					t[from+i] += 0.12 * fade * math.Sin(2*math.Pi*warble*x)
				}
			}
		}
	}
	return t
}

func random(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0xa3b1e)) }
