package turn

import (
	"math"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// hum speaks for d with a pitch that goes from one frequency to another, and falls silent. It gives the contour.
func hum(p *prosody, d time.Duration, pitch func(t float64) float64) contour {
	var f audio.Frame
	phase := 0.0
	n := int(d / audio.FrameDur)
	for i := range n {
		for k := range f {
			t := float64(i*audio.Samples+k) / float64(n*audio.Samples)
			phase += 2 * math.Pi * pitch(t) / audio.Rate
			v := 0.0
			for h := 2.0; h < 8; h++ { // the telephone takes the fundamental
				v += 2000 * math.Sin(h*phase) / h
			}
			if pitch(t) == 0 {
				v = 0
			}
			f[k] = int16(v)
		}
		p.frame(&f, true)
	}
	for range 20 {
		p.frame(&audio.Frame{}, false)
	}
	return p.contour
}

func TestContour(t *testing.T) {
	glide := func(from, to float64) func(float64) float64 {
		return func(t float64) float64 { return from + (to-from)*t }
	}
	for name, tc := range map[string]struct {
		pitch func(float64) float64
		want  contour
	}{
		"a man's fall":     {glide(130, 80), falling},
		"a woman's fall":   {glide(250, 150), falling},
		"a rise":           {glide(120, 200), lifted},
		"level throughout": {glide(140, 140), unclear},
		"a drawl": {func(t float64) float64 {
			if t > 0.36 && t < 0.46 {
				return 0
			}
			return 160
		}, drawn},
	} {
		if got := hum(&prosody{}, 600*time.Millisecond, tc.pitch); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
}

// TestNoiseHasNoContour: what has no pitch says nothing.
func TestNoiseHasNoContour(t *testing.T) {
	var p prosody
	s := newSound(800)
	for range 50 {
		p.frame(s.frame(0), true)
	}
	for range 20 {
		if p.frame(&audio.Frame{}, false) {
			t.Fatal("noise has a melody")
		}
	}
}

// TestMelodyIsWorthLessThanWords: no melody makes half a sentence whole, nor the other way round.
func TestMelodyIsWorthLessThanWords(t *testing.T) {
	for _, c := range []contour{unclear, falling, lifted, drawn} {
		p := prosody{contour: c}
		for score := 0.0; score <= 1; score += 0.05 {
			if f := p.factor(score); f < 0.85 || f > 1.25 || score < enough && f < 1 {
				t.Errorf("contour %d, score %.2f: factor %v", c, score, f)
			}
			if w := p.weigh(score); w < 0 || w > 1 || math.Abs(w-score) > 0.11 {
				t.Errorf("contour %d, score %.2f: %v", c, score, w)
			}
		}
	}
}

func BenchmarkProsody(b *testing.B) {
	var p prosody
	s := newSound(10)
	loud, soft := s.frame(3000), s.frame(0)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		f, active := loud, true
		if n++; n%50 > 25 {
			f, active = soft, false
		}
		p.frame(f, active)
	}
}
