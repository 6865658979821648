package audio

import "math"

// A Tone is the sum of one or two sines; it goes on in phase from call to call. The zero value is silence.
// Not safe for concurrent use.
type Tone struct {
	step, phase [2]float64 // of a full turn
	amplitude   float64    // of each sine
}

// Sine is a tone of one frequency at rate Hz; level is its peak in dBFS.
func Sine(hz float64, rate int, level float64) *Tone {
	return &Tone{step: [2]float64{hz / float64(rate)}, amplitude: amplitude(level)}
}

// Pair is a tone of two frequencies at rate Hz; level is the peak of each in dBFS.
func Pair(hz1, hz2 float64, rate int, level float64) *Tone {
	return &Tone{step: [2]float64{hz1 / float64(rate), hz2 / float64(rate)}, amplitude: amplitude(level)}
}

func amplitude(db float64) float64 { return 32767 * math.Pow(10, min(db, 0)/20) }

// Fill overwrites pcm with the next samples of the tone.
func (t *Tone) Fill(pcm []int16) {
	for i := range pcm {
		v := 0.0
		for k := range t.step {
			if t.step[k] == 0 {
				continue
			}
			v += math.Sin(2 * math.Pi * t.phase[k])
			t.phase[k] += t.step[k]
			t.phase[k] -= math.Floor(t.phase[k])
		}
		pcm[i] = int16(max(-32768, min(32767, math.Round(v*t.amplitude))))
	}
}

// Frequencies of the DTMF keypad (ITU-T Q.23), rows and columns of dtmfKeys.
var (
	dtmfRows    = [4]float64{697, 770, 852, 941}
	dtmfColumns = [4]float64{1209, 1336, 1477, 1633}
)

const dtmfKeys = "123A456B789C*0#D"

// DTMF is the tone pair of a key (0-9 * # A-D) at rate Hz, each −9 dBFS; ok is false for another character.
func DTMF(digit byte, rate int) (t *Tone, ok bool) {
	for i := range len(dtmfKeys) {
		if dtmfKeys[i] == digit {
			return Pair(dtmfRows[i/4], dtmfColumns[i%4], rate, -9), true
		}
	}
	return nil, false
}

// Goertzel is the share of pcm's energy that lies at hz, 0 to 1: 1 for a pure sine of that frequency, next to nothing for
// one that is further away than rate/len(pcm).
func Goertzel(pcm []int16, hz float64, rate int) float64 {
	power, total := goertzel(pcm, hz, rate)
	if total == 0 {
		return 0
	}
	return min(1, power/total)
}

// goertzel gives the energy at hz and the whole energy, on one scale.
func goertzel(pcm []int16, hz float64, rate int) (power, total float64) {
	if len(pcm) == 0 {
		return 0, 0
	}
	c := 2 * math.Cos(2*math.Pi*hz/float64(rate))
	var s1, s2 float64
	for _, s := range pcm {
		v := float64(s)
		total += v * v
		s1, s2 = v+c*s1-s2, s1
	}
	return (s1*s1 + s2*s2 - c*s1*s2) * 2 / float64(len(pcm)), total
}

// FindDTMF names the key whose tone pair pcm holds, 0 when it holds none. pcm should be 20 to 50 ms at rate Hz.
func FindDTMF(pcm []int16, rate int) byte {
	var total float64
	strongest := func(bank *[4]float64) (at int, share float64) {
		for i, hz := range bank {
			p, all := goertzel(pcm, hz, rate)
			if total = all; all > 0 && p/all > share {
				at, share = i, p/all
			}
		}
		return at, share
	}
	r, row := strongest(&dtmfRows)
	c, column := strongest(&dtmfColumns)
	const (
		least = 0.15 // share of each tone: allows 6 dB of twist
		both  = 0.8  // share of the two together: speech spreads wider
		quiet = 1e4  // mean square, −50 dBFS
	)
	if total < quiet*float64(len(pcm)) || row < least || column < least || row+column < both {
		return 0
	}
	return dtmfKeys[r*4+c]
}
