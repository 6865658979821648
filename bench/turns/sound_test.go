package turns

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/turn"
)

// The noise is as loud as the label says, and the same each time.
func TestStageIsAsLabelled(t *testing.T) {
	st := &store{dir: t.TempDir(), had: map[string]*said{}}
	voice := make([]int16, audio.Rate)
	for i := range voice {
		voice[i] = int16(6000 * math.Sin(float64(i)*0.2))
	}
	if err := st.put("v/x", "hello there", &said{Words: spread("hello there", time.Second), pcm: voice}); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"office", "street", "keyboard"} {
		for _, snr := range []float64{15, 5} {
			it := Item{Class: Finished, Voice: "v/x", Noise: kind, SNR: snr, Seed: 42, Parts: []Part{{Say: "hello there", Text: "hello there"}}}
			noisy, err := stage(st, &it)
			if err != nil {
				t.Fatal(err)
			}
			again, _ := stage(st, &it)
			it.Noise = ""
			clean, _ := stage(st, &it)
			var loud, noise float64
			for i := range clean.near {
				if noisy.near[i] != again.near[i] {
					t.Fatalf("%s: sample %d is another the second time", kind, i)
				}
				d := float64(noisy.near[i]) - float64(clean.near[i])
				noise += d * d / float64(len(clean.near))
			}
			from, to := samples(clean.begin()), samples(clean.end())
			for _, x := range clean.near[from:to] {
				loud += float64(x) * float64(x) / float64(to-from)
			}
			if got := 10 * math.Log10(loud/noise); math.Abs(got-snr) > 6 { // a voice on a noisy line is no quieter than −26 dBFS
				t.Errorf("%s at %g dB is at %.1f dB", kind, snr, got)
			}
		}
	}
}

func TestWire(t *testing.T) {
	w := newWire(1, 0)
	s := audio.Sine(1000, audio.Rate, -12)
	var f audio.Frame
	for range 5 {
		s.Fill(f[:])
		w.carry(&f)
	}
	if got := audio.Goertzel(f[:], 1000, audio.Rate); got < 0.95 {
		t.Errorf("%.2f of a tone came through", got)
	}
	lossy := newWire(1, 100)
	for range 6 {
		s.Fill(f[:])
		lossy.carry(&f)
	}
	if got := f.RMS(); got > 50 {
		t.Errorf("a line that loses all has %.0f of sound", got)
	}
}

// What a detector decides is counted as it should be.
func TestJudged(t *testing.T) {
	span := func(from, to int) Span {
		return Span{time.Duration(from) * time.Millisecond, time.Duration(to) * time.Millisecond}
	}
	ms := time.Millisecond
	for _, c := range []struct {
		class  Class
		ends   []time.Duration
		stops  []time.Duration
		pauses []Span
		want   Outcome
		noise  bool
	}{
		{Finished, nil, nil, nil, NoEnd, false},
		{Finished, []time.Duration{2500 * ms}, nil, nil, OneTurn, false},
		{Unfinished, []time.Duration{1500 * ms}, nil, nil, CutOff, false},
		{Backchannel, nil, nil, nil, WentOn, false},
		{Backchannel, nil, nil, []Span{span(1100, 1900)}, Paused, false},
		{Backchannel, nil, []time.Duration{1400 * ms}, nil, Stopped, false},
		{Sounds, nil, nil, []Span{span(200, 600)}, WentOn, true},
		{Sounds, nil, nil, []Span{span(3000, 3400)}, WentOn, true},
		{Interruption, nil, []time.Duration{1200 * ms}, nil, Stopped, false},
		{Interruption, nil, []time.Duration{3800 * ms}, nil, TooLate, false},
	} {
		var r Result
		v := &driver{it: &Item{Class: c.class}, sc: &scene{near: make([]int16, 6*audio.Rate), spans: []Span{span(1000, 2000)}}, res: &r,
			floor: c.class != Finished && c.class != Unfinished, ends: c.ends, stops: c.stops, pauses: c.pauses, d: turn.New(turn.Options{})}
		v.judge()
		if r.Outcome != c.want || r.Ambient != c.noise {
			t.Errorf("%s with ends %v, stops %v, pauses %v: %q, noise %v", c.class, c.ends, c.stops, c.pauses, r.Outcome, r.Ambient)
		}
	}
}

func TestSounds(t *testing.T) {
	for _, name := range []string{"cough", "sneeze", "breath", "sigh", "click", "knock", "rustle", "door", "bark", "tone:1000:0.5", "pair:440:480:1", "music:2", "fax:1"} {
		x, err := soundOf(name, 3)
		if err != nil || len(x) < audio.Rate/20 || power(x) < 100 {
			t.Errorf("%s: %d samples of power %.0f, %v", name, len(x), power(x), err)
		}
	}
	if _, err := soundOf("trumpet", 1); err == nil {
		t.Error("there is a trumpet")
	}
}

// People take their time, and each item's is the same each time.
func TestPickUp(t *testing.T) {
	for class, half := range map[Class]time.Duration{"human": 800 * time.Millisecond, "voicemail": 600 * time.Millisecond} {
		var all []time.Duration
		for seed := range uint64(2000) {
			it := Item{Class: class, Answer: true, Seed: seed * 7919}
			d := pickUp(&it)
			if d != pickUp(&it) || d < 40*time.Millisecond || d > 5*time.Second {
				t.Fatalf("%s, seed %d: %v", class, seed, d)
			}
			all = append(all, d)
		}
		if p50 := percentile(all, 0.5); p50 < half*9/10 || p50 > half*11/10 {
			t.Errorf("half of all %s have begun after %v", class, p50)
		}
		if p95 := percentile(all, 0.95); p95 < 2*half || p95 > 4*half {
			t.Errorf("19 of 20 %s have begun after %v", class, p95)
		}
	}
}

// A voice that nobody has installed is absent, and one with no pitch an error.
func TestByPython(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for _, v := range []string{"pico/en-GB", "pico/en-GB+118", "openjtalk/mei-5"} {
		if _, err := synthesize(t.Context(), order{v, "en", "hello"}); !errors.Is(err, errAbsent) {
			t.Errorf("%s: %v", v, err)
		}
	}
	for _, v := range []string{"pico/en-GB+high", "openjtalk/mei-x"} {
		if _, err := synthesize(t.Context(), order{v, "en", "hello"}); err == nil || errors.Is(err, errAbsent) {
			t.Errorf("%s: %v", v, err)
		}
	}
}
