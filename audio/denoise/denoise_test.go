package denoise

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
)

// noises by name: what stands in a caller's background. Each fills a frame at about −30 dBFS.
var noises = map[string]func() func(*audio.Frame){
	"hiss": func() func(*audio.Frame) {
		r := rand.New(rand.NewPCG(1, 2))
		return func(f *audio.Frame) {
			for i := range f {
				f[i] = int16(1000 * r.NormFloat64())
			}
		}
	},
	"fan": func() func(*audio.Frame) {
		r, last, phase := rand.New(rand.NewPCG(3, 4)), 0.0, 0.0
		return func(f *audio.Frame) {
			for i := range f {
				last = 0.97*last + 230*r.NormFloat64()
				phase += 2 * math.Pi * 118 / audio.Rate
				f[i] = int16(last + 300*math.Sin(phase))
			}
		}
	},
}

// scene is a voice with silences, and the same with noise on it at the SNR in dB.
func scene(noise func(*audio.Frame), snr float64, frames int) (clean, noisy []audio.Frame) {
	v, r := babble.New(7), rand.New(rand.NewPCG(8, 9))
	clean, noisy = make([]audio.Frame, frames), make([]audio.Frame, frames)
	background := make([]audio.Frame, frames)
	var loud, quiet float64
	for i := range clean {
		if i%150 >= 50 { // a second of silence, two of speech
			v.Fill(clean[i][:])
			loud += math.Pow(clean[i].RMS(), 2)
		}
		for j := range clean[i] { // a quiet line, −66 dBFS
			clean[i][j] += int16(16 * r.NormFloat64())
		}
		noise(&background[i])
		quiet += math.Pow(background[i].RMS(), 2)
	}
	loud, quiet = loud/float64(frames)*1.5, quiet/float64(frames)
	gain := float32(math.Sqrt(loud / quiet / math.Pow(10, snr/10)))
	for i := range clean {
		noisy[i] = clean[i]
		noisy[i].Mix(&background[i], gain)
	}
	return clean, noisy
}

func run(s *Suppressor, frames []audio.Frame) []audio.Frame {
	out := make([]audio.Frame, len(frames))
	for i, f := range frames {
		s.Frame(&f)
		out[i] = f
	}
	return out
}

// segmental is the mean SNR of frames with speech, within −10 and 35 dB, and what is left of the noise in those without, in dB.
func segmental(clean, out []audio.Frame) (snr, rest float64) {
	flat := func(fs []audio.Frame) (x []float64) {
		for _, f := range fs {
			for _, s := range f {
				x = append(x, float64(s))
			}
		}
		return x
	}
	c, o := flat(clean), flat(out)
	n, m := 0, 0
	var left float64
	for i := 100; i < len(clean)-1; i++ {
		at := i * audio.Samples
		var signal, wrong float64
		for j := range audio.Samples {
			d := o[at+j+over] - c[at+j]
			signal += c[at+j] * c[at+j]
			wrong += d * d
		}
		if signal > audio.Samples*1e4 {
			snr += min(max(10*math.Log10(signal/(wrong+1)), -10), 35)
			n++
		} else if i%150 > 10 && i%150 < 48 {
			left += wrong / audio.Samples
			m++
		}
	}
	return snr / float64(n), 10 * math.Log10(left/float64(m)/32768/32768+1e-12)
}

// TestTakesNoiseOut: what is left is nearer to the voice than what came in, and pauses are quieter by most of what level asks.
func TestTakesNoiseOut(t *testing.T) {
	for name, noise := range noises {
		for _, snr := range []float64{15, 10, 5, 0} {
			clean, noisy := scene(noise(), snr, 1500)
			delayed := run(New(0), noisy)
			before, loud := segmental(clean, delayed)
			after, quiet := segmental(clean, run(New(100), noisy))
			t.Logf("%s at %2.0f dB: segmental SNR %.1f → %.1f dB, pauses %.1f → %.1f dBFS", name, snr, before, after, loud, quiet)
			if after < before || snr <= 5 && after < before+2 || quiet > loud-12 {
				t.Errorf("%s at %2.0f dB: segmental SNR %.1f → %.1f dB, pauses %.1f → %.1f dBFS", name, snr, before, after, loud, quiet)
			}
		}
	}
}

// TestLeavesCleanSpeech: without noise, and at level 0, what comes out is what went in.
func TestLeavesCleanSpeech(t *testing.T) {
	clean, noisy := scene(noises["hiss"](), 5, 600)
	if snr, _ := segmental(clean, run(New(100), clean)); snr < 22 {
		t.Errorf("a clean voice comes out at %.1f dB", snr)
	}
	if snr, _ := segmental(noisy, run(New(0), noisy)); snr < 34 {
		t.Errorf("level 0 changes the sound: %.1f dB", snr)
	}
}

// TestLevels: more is quieter.
func TestLevels(t *testing.T) {
	clean, noisy := scene(noises["fan"](), 10, 600)
	last := math.Inf(1)
	for _, level := range []float64{0, 25, 50, 75, 100} {
		_, rest := segmental(clean, run(New(level), noisy))
		if rest > last-3 && level > 0 {
			t.Errorf("level %.0f leaves %.1f dBFS, the one before %.1f", level, rest, last)
		}
		last = rest
	}
}

// TestHostileFrames: loudest square waves, digital silence and single clicks neither overflow nor stay.
func TestHostileFrames(t *testing.T) {
	s := New(100)
	var square, none, click audio.Frame
	for i := range square {
		square[i] = 32767
		if i/7%2 == 1 {
			square[i] = -32768
		}
	}
	click[5] = 32767
	for _, f := range []audio.Frame{square, square, none, click, none, square, none, none} {
		s.Frame(&f)
	}
	f := none
	s.Frame(&f)
	if f != none {
		t.Errorf("silence after silence is %v", f.RMS())
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s := New(50)
	_, noisy := scene(noises["hiss"](), 5, 10)
	if n := testing.AllocsPerRun(100, func() { f := noisy[9]; s.Frame(&f) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func TestTables(t *testing.T) {
	for x := 1e-4; x < 20; x *= 1.3 {
		if got, want := float64(lift(float32(x))), math.Exp(exponentialIntegral(x)/2); math.Abs(got-want) > 0.02*want {
			t.Errorf("lift(%g) is %g, want %g", x, got, want)
		}
	}
	if e := exponentialIntegral(1); math.Abs(e-0.2193839) > 1e-6 {
		t.Errorf("E1(1) is %v", e)
	}
	for g := 0.01; g < 1; g *= 1.2 {
		if got, want := float64(root(float32(g), 0.5)), math.Sqrt(g); math.Abs(got-want) > 0.03*want {
			t.Errorf("the root of %g is %g", g, got)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	s := New(50)
	_, noisy := scene(noises["fan"](), 5, 50)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		f := noisy[i%50]
		s.Frame(&f)
	}
}
