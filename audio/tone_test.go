package audio

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestToneIsFound(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		for _, hz := range []float64{200, 440, 1000, 3000} {
			pcm := make([]int16, rate/10)
			Sine(hz, rate, -12).Fill(pcm)
			if share := Goertzel(pcm, hz, rate); share < 0.99 {
				t.Errorf("%v Hz at %d: found %.3f of it", hz, rate, share)
			}
			for _, other := range []float64{hz - 60, hz + 60, hz * 1.3} {
				if share := Goertzel(pcm, other, rate); share > 0.06 {
					t.Errorf("%v Hz at %d: %.3f of it taken for %v Hz", hz, rate, share, other)
				}
			}
		}
	}
}

func TestToneLevelAndPhase(t *testing.T) {
	one, two := make([]int16, 1600), make([]int16, 1600)
	Sine(441, 16000, -6).Fill(one)
	tone := Sine(441, 16000, -6)
	for i := 0; i < len(two); i += 100 {
		tone.Fill(two[i : i+100])
	}
	if !slices.Equal(one, two) {
		t.Error("a tone made in pieces is another")
	}
	if db := DBFS(one); math.Abs(db+9.03) > 0.1 { // peak −6, RMS 3 below
		t.Errorf("level %.2f dBFS", db)
	}
	var silent Tone
	silent.Fill(two)
	if RMS(two) != 0 {
		t.Error("the zero tone is heard")
	}
}

func TestGoertzelOfNothing(t *testing.T) {
	if got := Goertzel(nil, 440, 8000); got != 0 {
		t.Errorf("nothing holds %v", got)
	}
	if got := Goertzel(make([]int16, 160), 440, 8000); got != 0 {
		t.Errorf("silence holds %v", got)
	}
}

func TestEveryDigitIsFound(t *testing.T) {
	for _, rate := range []int{8000, 16000} {
		for _, key := range []byte("0123456789*#ABCD") {
			tone, ok := DTMF(key, rate)
			if !ok {
				t.Fatalf("no tone for %c", key)
			}
			pcm := make([]int16, rate/25)
			tone.Fill(pcm)
			if got := FindDTMF(pcm, rate); got != key {
				t.Errorf("%c at %d Hz was found as %q", key, rate, got)
			}
			line := DecodeUlaw(nil, EncodeUlaw(nil, pcm))
			if got := FindDTMF(line, rate); got != key {
				t.Errorf("%c at %d Hz through µ-law was found as %q", key, rate, got)
			}
		}
	}
	if _, ok := DTMF('x', 8000); ok {
		t.Error("x has a tone")
	}
}

func TestNoDigitWhereNoneIs(t *testing.T) {
	pcm := make([]int16, 320)
	if got := FindDTMF(pcm, 8000); got != 0 {
		t.Errorf("%c in silence", got)
	}
	for _, hz := range []float64{697, 1209, 1000, 350} {
		Sine(hz, 8000, -6).Fill(pcm)
		if got := FindDTMF(pcm, 8000); got != 0 {
			t.Errorf("%c in a sine of %v Hz", got, hz)
		}
	}
	Pair(350, 440, 8000, -9).Fill(pcm) // dial tone
	if got := FindDTMF(pcm, 8000); got != 0 {
		t.Errorf("%c in a dial tone", got)
	}
	rng := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		for i := range pcm {
			pcm[i] = int16(rng.IntN(20000) - 10000)
		}
		if got := FindDTMF(pcm, 8000); got != 0 {
			t.Fatalf("%c in noise", got)
		}
	}
}

func TestLevels(t *testing.T) {
	if got := RMS([]int16{100, -100, 100, -100}); got != 100 {
		t.Errorf("RMS %v", got)
	}
	if got := RMS([]int16{-32768, -32768}); got != 32768 {
		t.Errorf("RMS of the loudest %v", got)
	}
	if got := DBFS(nil); got != Silence {
		t.Errorf("nothing is at %v dBFS", got)
	}
	if got := ToDB(0.5); math.Abs(got+6.02) > 0.01 {
		t.Errorf("half is %v dB", got)
	}
	var f, g Frame
	f[0], g[0], f[1], g[1], f[2], g[2] = 100, 50, 32000, 32000, -32000, -32000
	if f.DBFS() < -50 || g.RMS() == 0 {
		t.Error("a frame has no level")
	}
	f.Mix(&g, 0.5)
	if f[0] != 125 || f[1] != 32767 || f[2] != -32768 {
		t.Errorf("mixed to %v", f[:3])
	}
}

func TestFramerCutsAnything(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	in := make([]int16, 10*Samples+77)
	for i := range in {
		in[i] = int16(rng.Uint32())
	}
	var c Framer
	var out []int16
	keep := func(f *Frame) { out = append(out, f[:]...) }
	for rest := in; len(rest) > 0; {
		n := min(len(rest), rng.IntN(900))
		c.Write(rest[:n], keep)
		rest = rest[n:]
	}
	if len(out) != 10*Samples || c.Pending() != 77 {
		t.Fatalf("%d samples out, %d pending", len(out), c.Pending())
	}
	c.Flush(keep)
	if !slices.Equal(out[:len(in)], in) || RMS(out[len(in):]) != 0 || len(out) != 11*Samples {
		t.Error("the stream was changed")
	}
	c.Flush(keep)
	if len(out) != 11*Samples {
		t.Error("an empty framer flushed")
	}
	c.Write(in[:5], keep)
	c.Reset()
	if c.Pending() != 0 {
		t.Error("Reset left samples")
	}
}

func TestFramesOfAnotherRate(t *testing.T) {
	pcm := make([]int16, 4410) // 100 ms
	Sine(500, 44100, -6).Fill(pcm)
	frames := Frames(pcm, 44100)
	if len(frames) != 5 {
		t.Fatalf("%d frames of 100 ms", len(frames))
	}
	for i := range frames[1:] {
		if share := Goertzel(frames[i+1][:], 500, Rate); share < 0.95 {
			t.Errorf("frame %d holds %.2f of the tone", i+1, share)
		}
	}
}

func BenchmarkFindDTMF(b *testing.B) {
	pcm := make([]int16, 320)
	tone, _ := DTMF('5', 16000)
	tone.Fill(pcm)
	b.ReportAllocs()
	for b.Loop() {
		if FindDTMF(pcm, 16000) != '5' {
			b.Fatal("lost")
		}
	}
}
