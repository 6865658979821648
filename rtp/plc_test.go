package rtp

import (
	"math"
	"math/rand/v2"
	"testing"
)

// vowel is a voice-like sound: harmonics of a pitch that wanders a little, falling off by 6 dB an octave.
func vowel(hz float64, n int) []int16 {
	pcm := make([]int16, n)
	phase := 0.0
	for i := range pcm {
		phase += hz * (1 + 0.02*math.Sin(float64(i)/3000)) / clock
		v := 0.0
		for k := 1.0; k*hz < 3400; k++ {
			v += math.Sin(2*math.Pi*k*phase) / k
		}
		pcm[i] = int16(6000 * v)
	}
	return pcm
}

func energy(pcm []int16) (e float64) {
	for _, v := range pcm {
		e += float64(v) * float64(v)
	}
	return e
}

// lossy runs pcm through a concealer with 20 ms lost now and then, and gives the error where it was lost.
func lossy(pcm []int16, lost func(frame int) bool) (mistake, was float64) {
	var c concealer
	for i := 0; i+slot <= len(pcm); i += slot {
		part := make([]int16, slot)
		if !lost(i / slot) {
			copy(part, pcm[i:])
			c.heard(part)
			continue
		}
		c.conceal(part)
		was += energy(pcm[i : i+slot])
		for k := range part {
			part[k] -= pcm[i+k]
		}
		mistake += energy(part)
	}
	return mistake, was
}

func TestConcealedVoiceIsLikeTheVoice(t *testing.T) {
	for _, hz := range []float64{75, 110, 150, 195, 260, 330} {
		rng := rand.New(rand.NewPCG(11, 11))
		mistake, was := lossy(vowel(hz, 10*clock), func(i int) bool { return i > 10 && rng.IntN(20) == 0 })
		if was == 0 {
			t.Fatal("nothing was lost")
		}
		if gain := 10 * math.Log10(was/mistake); gain < 4 { // silence in its place is 0 dB
			t.Errorf("%v Hz: %.1f dB better than silence", hz, gain)
		}
	}
}

func TestConcealmentMakesNoClick(t *testing.T) {
	for _, hz := range []float64{75, 110, 150, 195} {
		pcm := vowel(hz, clock)
		steepest := 0
		for i := 1; i < len(pcm); i++ {
			steepest = max(steepest, step(pcm[i-1], pcm[i]))
		}
		var c concealer
		var out []int16
		for i := 0; i < len(pcm); i += slot {
			part := make([]int16, slot)
			if copy(part, pcm[i:i+slot]); i/slot%9 == 5 {
				c.conceal(part)
			} else {
				c.heard(part)
			}
			out = append(out, part...)
		}
		for i := 1; i < len(out); i++ {
			if s := step(out[i-1], out[i]); s > steepest*3/2 {
				t.Errorf("%v Hz: a step of %d at %d, the voice's steepest is %d", hz, s, i, steepest)
				break
			}
		}
	}
}

func TestGrowingSoundIsNotCut(t *testing.T) {
	for phase := range 16 {
		pcm := make([]int16, 800)
		for i := range pcm {
			pcm[i] = int16(float64(i) * 25 * math.Sin(2*math.Pi*(70*float64(i)/clock+float64(phase)/16)))
		}
		natural := 2 * math.Pi * 70 / clock * 800 * 25
		var c concealer
		c.heard(pcm)
		part := make([]int16, slot)
		c.conceal(part)
		if s := step(pcm[799], part[0]); float64(s) > 1.5*natural {
			t.Errorf("phase %d/16: a step of %d where the loss begins, the sound's are %.0f", phase, s, natural)
		}
	}
}

func step(a, b int16) int { return max(int(a)-int(b), int(b)-int(a)) }

func TestConcealmentOfNothingIsSilence(t *testing.T) {
	var c concealer
	part := make([]int16, slot)
	for range 5 {
		c.conceal(part)
		if energy(part) != 0 {
			t.Fatal("sound out of nothing")
		}
	}
}

func TestMuteEndsTheSoundSoon(t *testing.T) {
	var c concealer
	c.heard(vowel(150, 800))
	c.mute()
	part := make([]int16, slot)
	c.conceal(part)
	if energy(part[rejoin:]) != 0 {
		t.Error("sound goes on after it was said to end")
	}
}

func TestConcealerStaysInRange(t *testing.T) {
	rng := rand.New(rand.NewPCG(12, 12))
	var c concealer
	part := make([]int16, 80)
	for range 3000 {
		for i := range part {
			part[i] = int16(rng.IntN(2)*65535 - 32768) // as loud and wild as can be
		}
		if rng.IntN(3) == 0 {
			c.conceal(part)
		} else {
			c.heard(part[:rng.IntN(81)])
		}
		if c.lost < 0 || c.lost > fadeLoss || c.at >= pitchMost {
			t.Fatalf("lost %d, at %d of %d", c.lost, c.at, c.pitch)
		}
	}
}

func BenchmarkConceal(b *testing.B) {
	var c concealer
	pcm, part := vowel(150, clock), make([]int16, slot)
	b.ReportAllocs()
	for b.Loop() {
		copy(part, pcm[:slot])
		c.heard(part)
		c.conceal(part)
	}
}
