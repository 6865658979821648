package hold

import (
	"math"

	"github.com/parley-voice/parley/audio"
)

const (
	beat    = audio.Rate * 5 / 8 // samples: 96 beats a minute
	beats   = 4                  // of a bar
	bars    = 8
	length  = bars * beats * beat
	frames  = length / audio.Samples
	ringOut = 4 * audio.Rate // samples after which a note is gone
	loud    = -27.0          // RMS in dBFS: below speech, which it may have to stand beside
)

// telephone is where its band begins, in Hz: what is below is played more softly.
const telephone = 300

// chords, one a bar, as semitones above middle C: the bass, and the four notes above it.
var chords = [bars][5]int{
	{-12, 4, 7, 11, 14}, // C
	{-15, 4, 7, 12, 16}, // A minor
	{-19, 5, 9, 12, 16}, // F
	{-17, 5, 7, 11, 14}, // G
	{-20, 4, 7, 11, 14}, // E minor
	{-15, 4, 7, 12, 16}, // A minor
	{-10, 5, 9, 12, 17}, // D minor
	{-17, 2, 5, 11, 14}, // G
}

// figure is which note of its chord each eighth of a bar plucks.
var figure = [2 * beats]int{1, 2, 3, 4, 3, 2, 4, 3}

// tune is a line above, by beats: semitones above middle C, and for how many beats. 0 beats: a rest of one.
var tune = [bars][][2]int{
	{{19, 2}, {16, 2}},
	{{21, 3}, {19, 1}},
	{{17, 2}, {16, 2}},
	{{14, 4}},
	{{16, 2}, {19, 2}},
	{{24, 3}, {23, 1}},
	{{21, 2}, {17, 2}},
	{{19, 3}, {0, 0}},
}

// compose makes the loop. Notes that ring beyond its end ring into its beginning.
func compose() *[frames]audio.Frame {
	t := make([]float64, length)
	for bar, chord := range chords {
		at := bar * beats * beat
		pluck(t, at, chord[0], 0.34, 2.2)
		pluck(t, at+2*beat, chord[0]+12, 0.2, 1.2)
		for i, n := range figure {
			pluck(t, at+i*beat/2, chord[n], 0.26, 0.9)
		}
		for _, n := range chord[1:] {
			swell(t, at, beats*beat, n, 0.05)
		}
		for _, n := range tune[bar] {
			if n[1] > 0 {
				pluck(t, at, n[0], 0.34, 0.7*float64(n[1]))
			}
			at += max(1, n[1]) * beat
		}
	}
	power := 0.0
	for _, x := range t {
		power += x * x
	}
	gain := math.Pow(10, loud/20) / math.Sqrt(power/length)
	out := new([frames]audio.Frame)
	for i, x := range t {
		out[i/audio.Samples][i%audio.Samples] = int16(math.Round(32767 * math.Tanh(gain*x)))
	}
	return out
}

func pitch(semitones int) float64 { return 261.6256 * math.Pow(2, float64(semitones)/12) }

// pluck is a soft string: its overtones fade sooner than it does. What is too low for a telephone is heard by them.
func pluck(t []float64, at, semitones int, loud, seconds float64) {
	hz := pitch(semitones)
	for k := 1; k <= 4 && hz*float64(k) < 3400; k++ {
		over := float64(k)
		fade := math.Exp(-over / (seconds * 0.45 * audio.Rate))
		level := loud / (over * math.Sqrt(over)) * math.Min(1, hz*over/telephone)
		sine, a := newSine(hz*over), level
		for i := range ringOut {
			attack := math.Min(1, float64(i)/(0.006*audio.Rate))
			t[(at+i)%length] += a * attack * sine.next()
			if a *= fade; a < 2e-4 {
				break
			}
		}
	}
}

// swell is a tone that comes and goes under a bar, and a little into the next.
func swell(t []float64, at, long, semitones int, loud float64) {
	whole := long + beat
	sine, slow, shape := newSine(pitch(semitones)), newSine(4.6), newSine(float64(audio.Rate)/2/float64(whole))
	for i := range whole {
		t[(at+i)%length] += loud * shape.next() * (1 + 0.12*slow.next()) * sine.next()
	}
}

// A sine is made sample by sample: each follows from the two before.
type sine struct{ twice, now, before float64 }

func newSine(hz float64) sine {
	step := 2 * math.Pi * hz / audio.Rate
	return sine{twice: 2 * math.Cos(step), before: -math.Sin(step)}
}

func (s *sine) next() float64 {
	out := s.now
	s.now, s.before = s.twice*s.now-s.before, s.now
	return out
}
