package turn

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// TestGlide: a voice whose pitch falls by a third in a fifth of a second is one all the same.
func TestGlide(t *testing.T) {
	for _, hz := range []float64{105, 180, 300} {
		phase, last := 0.0, 0.0
		var v voice
		is := 0
		for i, f := range shaped(12, func(t float64, _ *rand.Rand) (s float64) {
			phase += 2 * math.Pi * hz * (1 - t*1.5) * (t - last)
			last = t
			for k := 1; k <= 6; k++ {
				s += 2000 * math.Sin(float64(k)*phase)
			}
			return s
		}) {
			v.take(&f)
			if alike, _ := v.period(); i > 1 && alike > half {
				is++
			}
		}
		if is < 8 {
			t.Errorf("from %g Hz: %d of 10 frames are voice", hz, is)
		}
	}
}

// TestEvidence: how many frames are a voice, by how clear and how loud they are.
func TestEvidence(t *testing.T) {
	for _, tc := range []struct {
		name     string
		alike    float32
		over, db float64
		lag      func(i int) int
		want     int // frames until somebody speaks; 0: never
	}{
		{"clear and loud", 0.95, 30, -20, func(int) int { return 30 }, 2},
		{"not quite clear", 0.53, 30, -20, func(int) int { return 30 }, 5},
		{"barely above the place", 0.95, 1.8, -20, func(int) int { return 30 }, 5},
		{"far below what was loudest", 0.95, 30, -36, func(int) int { return 30 }, 0},
		{"a period that leaps", 0.95, 30, -20, func(i int) int { return 20 + 35*(i%2) }, 4},
		{"one or two periods of a high voice", 0.95, 30, -20, func(i int) int { return 20 + 21*(i%2) }, 2},
		{"no voice", 0, 30, -20, func(int) int { return 0 }, 0},
	} {
		v := voice{loudest: -20, bang: -60}
		got := 0
		for i := 1; i < 20 && got == 0; i++ {
			if v.frame(&amidNoise, tc.db, tc.over, tc.alike, tc.lag(i)); v.speaks() {
				got = i
			}
		}
		if got != tc.want {
			t.Errorf("%s: speaks after %d frames, want %d", tc.name, got, tc.want)
		}
	}
	v := voice{loudest: -20, bang: -60}
	for range 100 {
		v.frame(&amidNoise, -20, 30, 1, 30)
	}
	for range 25 {
		v.frame(&amidNoise, -70, 0, 0, 0)
	}
	if v.frame(&amidNoise, -20, 30, 1, 30); v.speaks() {
		t.Error("who spoke half a second ago is still believed")
	}
}

// TestBang: what rings after a louder bang, as a cough does, is no voice; a vowel after its consonant is.
func TestBang(t *testing.T) {
	for bang, want := range map[float64]bool{-12: false, -18: true, -40: true} {
		v := voice{}
		for range 20 {
			v.frame(&amidNoise, -70, 0, 0, 0)
		}
		for i := range 4 {
			v.frame(&amidNoise, bang-4*float64(i), 40, 0, 0)
		}
		got := false
		for range 6 {
			v.frame(&amidNoise, -20.5, 40, 0.9, 30)
			got = got || v.speaks()
		}
		if got != want {
			t.Errorf("after %g dB a voice of −20.5 dB is heard: %v", bang, got)
		}
	}
}

// TestCrowd: where others speak a voice has to be louder than all of them, and then is told as soon as elsewhere.
func TestCrowd(t *testing.T) {
	pauses := func(caller float64) int {
		sc := &scene{d: New(Options{}), s: newSound(10)}
		voices := [][]audio.Frame{syllables(1, 400, 900), syllables(2, 400, 900), syllables(3, 400, 900), syllables(4, 400, 900)}
		mine := syllables(5, 400, caller)
		n := 0
		for i := range 400 {
			if i == 150 {
				sc.d.Agent(Busy)
			}
			var f audio.Frame
			for _, v := range voices {
				f.Mix(&v[i], 1)
			}
			if i >= 300 {
				f.Mix(&mine[i], 1)
			}
			sc.now += audio.FrameDur
			if sc.d.Frame(&f, sc.now).Kind == Pause {
				n++
			}
			sc.d.Tick(sc.now)
			if i == 299 && !sc.d.near.crowd.talks() {
				t.Errorf("four who talk are no crowd: %+v", sc.d.near.crowd)
			}
		}
		return n
	}
	if n := pauses(0); n > 0 {
		t.Errorf("the crowd alone: %d pauses", n)
	}
	if n := pauses(8000); n == 0 {
		t.Error("a caller who is louder than the crowd is not heard")
	}
	sc := newScene(Options{})
	for _, f := range shaped(150, func(_ float64, r *rand.Rand) float64 { return 900 * r.NormFloat64() }) {
		sc.now += audio.FrameDur
		sc.d.Frame(&f, sc.now)
	}
	if sc.d.near.crowd.talks() {
		t.Errorf("noise is a crowd: %+v", sc.d.near.crowd)
	}
}

// TestPlace: who begins to speak is not the place, the quietest moment of a turn is, and what it was like before fades.
func TestPlace(t *testing.T) {
	var p place
	feed := func(db float64, d time.Duration) {
		for range d / audio.FrameDur {
			p.frame(db)
		}
	}
	if !math.IsInf(p.before().smooth, -1) {
		p.frame(-60)
		if !math.IsInf(p.before().smooth, -1) {
			t.Errorf("after one frame it is said to be %v", p.before().smooth)
		}
	}
	feed(-60, 2*time.Second)
	feed(-20, 380*ms)
	if got := p.before().smooth; got != -60 {
		t.Errorf("380 ms of speech made the place %v", got)
	}
	feed(-20, time.Second)
	if got := p.before().smooth; got < -21 {
		t.Errorf("what has lasted a second is not the place: %v", got)
	}
	p.forget(blocks, false)
	if got := p.before().smooth; got != -60 {
		t.Errorf("after a turn the place is %v", got)
	}
	feed(-40, 10*time.Second)
	if got := p.before().smooth; got != -40 {
		t.Errorf("the place is %v", got)
	}
	feed(-30, time.Second)
	feed(-20, time.Second)
	p.forget(6, true)
	if got := p.before().smooth; got < -30.1 || got > -29.9 {
		t.Errorf("before the caller's second it was −30 dB, now %v", got)
	}
}

// TestNoEcho: what is far louder than the line has been while the agent spoke is not its echo, however much alike.
func TestNoEcho(t *testing.T) {
	paused := func(quiet int) bool {
		far := syllables(7, 300, 5000)
		sc := newScene(Options{})
		sc.d.Agent(Busy)
		for i := range far {
			var f audio.Frame
			if i >= quiet {
				f.Mix(&far[i-8], 0.2)
			}
			sc.now += audio.FrameDur
			sc.d.Played(&far[i], sc.now)
			sc.got(sc.d.Frame(&f, sc.now))
			sc.tick()
		}
		return len(sc.signals) > 0
	}
	if !paused(150) {
		t.Error("three seconds without an echo, and then one is believed")
	}
	if paused(8) {
		t.Error("an echo from the beginning silences the agent")
	}
}

func TestRemnant(t *testing.T) {
	for code, words := range map[string]struct{ yes, no []string }{
		"en": {[]string{"it", "it it", "sense", "course", "makes", "yes it", "got"}, []string{"of", "no", "way no", "stop", "enough", "I", "it is wrong", "yes please", "go on please", "it it it it", ""}},
		"nl": {[]string{"begrijp", "ik"}, []string{"nee", "genoeg", "wacht"}},
		"es": {[]string{"acuerdo", "supuesto"}, []string{"no", "basta", "espere"}},
		"ja": {nil, []string{"待って"}},
	} {
		for _, w := range words.yes {
			if !languages[code].remnant(w) {
				t.Errorf("%s: %q is left of a sign of listening", code, w)
			}
		}
		for _, w := range words.no {
			if languages[code].remnant(w) {
				t.Errorf("%s: %q is not", code, w)
			}
		}
	}
	sc := newScene(Options{})
	sc.d.Agent(Busy)
	sc.speaks(300*ms).partial("it").quiet(100*ms).final("It.").quiet(4*time.Second).want(t, Pause, Resume, Backchannel)
	sc = newScene(Options{InterruptSensitivity: "high"})
	sc.d.Agent(Busy)
	sc.partial("it").want(t, BargeIn)
}

// TestDoubtLasts: while the sound goes on words may yet become a sign of listening.
func TestDoubtLasts(t *testing.T) {
	sc := newScene(Options{})
	sc.d.Agent(Busy)
	sc.speaks(300 * ms).partial("of")
	sc.frames(600*ms, 2000).want(t, Pause)
	sc.partial("of course").quiet(100*ms).final("Of course.").quiet(3*time.Second).want(t, Pause, Resume, Backchannel)
}
