package tones

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
)

// line is sound over a G.711 line, with noise at a level in dBFS.
type line struct {
	f    *Finder
	r    *rand.Rand
	at   time.Duration
	down *audio.Resampler
	up   *audio.Resampler
	hiss float64
	got  []Tone
}

func newLine(hiss float64) *line {
	return &line{f: New(), r: rand.New(rand.NewPCG(1, 2)), down: audio.NewResampler(16000, 8000), up: audio.NewResampler(8000, 16000),
		hiss: 32768 * math.Pow(10, hiss/20)}
}

func (l *line) frames(d time.Duration, fill func([]int16)) {
	for range int(d / audio.FrameDur) {
		var f audio.Frame
		if fill != nil {
			fill(f[:])
		}
		for i := range f {
			f[i] = int16(max(-32768, min(32767, float64(f[i])+l.hiss*l.r.NormFloat64())))
		}
		var g audio.Frame
		copy(g[:], l.up.Process(nil, audio.DecodeUlaw(nil, audio.EncodeUlaw(nil, l.down.Process(nil, f[:])))))
		l.at += audio.FrameDur
		if t, ok := l.f.Frame(&g, l.at); ok {
			l.got = append(l.got, t)
		}
	}
}

// TestBeeps of every pitch, length, loudness and on noisy lines are found where they are, and nothing else is.
func TestBeeps(t *testing.T) {
	for _, hz := range []float64{425, 440, 620, 850, 1000, 1100, 1400, 2000, 2100} {
		for _, d := range []time.Duration{200, 500, 1000} {
			for _, c := range []struct{ level, hiss float64 }{{-6, -90}, {-18, -60}, {-24, -34}} {
				t.Run(fmt.Sprintf("%gHz/%dms/%g", hz, d, c.level), func(t *testing.T) {
					l := newLine(c.hiss)
					d := d * time.Millisecond
					l.frames(600*time.Millisecond, nil)
					l.frames(d, audio.Sine(hz, audio.Rate, c.level).Fill)
					l.frames(400*time.Millisecond, nil)
					if len(l.got) != 1 {
						t.Fatalf("found %+v", l.got)
					}
					got := l.got[0]
					off := got.Start - 600*time.Millisecond
					late := got.End - 600*time.Millisecond - d
					if !got.Is(hz, 0, 12) || off.Abs() > 40*time.Millisecond || late.Abs() > 40*time.Millisecond || math.Abs(got.Level-c.level+3) > 3 {
						t.Errorf("found %+v, %s and %s off", got, off, late)
					}
				})
			}
		}
	}
}

// TestBeepsAmid: a beep is found where several people talk or something clatters, and voices alone are no beeps there either.
func TestBeepsAmid(t *testing.T) {
	crowd := func(voices int) func([]int16) {
		var all []*babble.Voice
		for i := range voices {
			all = append(all, babble.New(uint64(40+i)))
		}
		return func(pcm []int16) {
			var x, y audio.Frame
			for _, v := range all {
				v.Fill(y[:])
				x.Mix(&y, 0.12)
			}
			copy(pcm, x[:])
		}
	}
	n := 0
	clatter := func(pcm []int16) {
		for i := range pcm {
			if n++; n%3500 < 60 {
				pcm[i] = int16((n * 7919 % 16000) - 8000)
			}
		}
	}
	for name, place := range map[string]func([]int16){"crowd": crowd(5), "clatter": clatter} {
		for _, hz := range []float64{620, 1000, 1400, 2000} {
			l := newLine(-60)
			l.frames(2*time.Second, place)
			before := len(l.got)
			tone := audio.Sine(hz, audio.Rate, -18)
			l.frames(240*time.Millisecond, func(pcm []int16) {
				var x, y audio.Frame
				place(x[:])
				tone.Fill(y[:])
				x.Mix(&y, 1)
				copy(pcm, x[:])
			})
			l.frames(500*time.Millisecond, place)
			found := false
			for _, got := range l.got[before:] {
				late := got.End - 2240*time.Millisecond
				found = found || got.Is(hz, 0, 12) && got.Dur() >= 120*time.Millisecond && late.Abs() <= 60*time.Millisecond
			}
			if !found {
				t.Errorf("%g Hz amid a %s: found %+v", hz, name, l.got)
			}
		}
	}
	l := newLine(-60)
	l.frames(60*time.Second, crowd(5))
	long := 0
	for _, tone := range l.got {
		if tone.Dur() >= 160*time.Millisecond && tone.Hz > 420 {
			long++
		}
	}
	if long > 2 {
		t.Errorf("a crowd beeps %d times: %+v", long, l.got)
	}
}

// TestPairs: two tones at once are two.
func TestPairs(t *testing.T) {
	for _, hz := range [][2]float64{{480, 620}, {350, 440}} {
		l := newLine(-60)
		l.frames(500*time.Millisecond, nil)
		l.frames(500*time.Millisecond, audio.Pair(hz[0], hz[1], audio.Rate, -12).Fill)
		l.frames(500*time.Millisecond, nil)
		if len(l.got) != 1 || !l.got[0].Is(hz[0], hz[1], 15) {
			t.Errorf("%v: found %+v", hz, l.got)
		}
	}
}

// TestVoicesAreNoTones: in five minutes of people who talk a vowel is held like a tone now and then, none as long as a beep.
func TestVoicesAreNoTones(t *testing.T) {
	l := newLine(-60)
	for seed := range uint64(10) {
		v := babble.New(seed)
		l.frames(30*time.Second, v.Fill)
	}
	long := 0
	for _, tone := range l.got {
		if tone.Dur() >= 200*time.Millisecond {
			long++
		}
	}
	if long > 2 || len(l.got) > 120 {
		t.Errorf("%d tones, %d of them long: %+v", len(l.got), long, l.got)
	}
}

// TestSteady: chords stay, voices and noise do not.
func TestSteady(t *testing.T) {
	l := newLine(-60)
	for i := range 10 {
		a, b := audio.Pair(440*math.Pow(2, float64(i%5)/12), 660*math.Pow(2, float64(i%5)/12), audio.Rate, -15), audio.Sine(880, audio.Rate, -20)
		l.frames(400*time.Millisecond, func(pcm []int16) {
			var x, y audio.Frame
			a.Fill(x[:])
			b.Fill(y[:])
			x.Mix(&y, 1)
			copy(pcm, x[:])
		})
	}
	music := l.f.Steady()
	l = newLine(-60)
	l.frames(4*time.Second, babble.New(1).Fill)
	voice := l.f.Steady()
	l = newLine(-25)
	l.frames(4*time.Second, nil)
	hiss := l.f.Steady()
	if music < 0.7 || voice > 0.75 || hiss > 0.3 {
		t.Errorf("music %.2f, a voice %.2f, hiss %.2f", music, voice, hiss)
	}
}

func TestHeld(t *testing.T) {
	l := newLine(-60)
	l.frames(300*time.Millisecond, nil)
	if _, ok := l.f.Held(); ok {
		t.Error("a tone in silence")
	}
	l.frames(200*time.Millisecond, audio.Sine(1000, audio.Rate, -12).Fill)
	if tone, ok := l.f.Held(); !ok || !tone.Is(1000, 0, 10) {
		t.Errorf("held %+v", tone)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	f, x := New(), audio.Frame{}
	audio.Sine(700, audio.Rate, -12).Fill(x[:])
	if n := testing.AllocsPerRun(100, func() { f.Frame(&x, 0) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	f, x := New(), audio.Frame{}
	babble.New(3).Fill(x[:])
	for b.Loop() {
		f.Frame(&x, 0)
	}
}

// TestMiddle: it is what a sorted copy has there, whatever the order and however many are equal.
func TestMiddle(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		x := make([]float32, 1+dice.IntN(200))
		many := 1 + dice.IntN(300)
		for i := range x {
			x[i] = float32(dice.IntN(many))
		}
		switch dice.IntN(4) {
		case 0:
			slices.Sort(x)
		case 1:
			slices.Sort(x)
			slices.Reverse(x)
		}
		sorted := slices.Sorted(slices.Values(x))
		if got := middle(x); got != sorted[len(x)/2] {
			t.Fatalf("%v, not %v, in the middle of %v", got, sorted[len(x)/2], sorted)
		}
	}
}
