package turn

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

// shaped is n frames of what gives the sample at t seconds.
func shaped(n int, at func(t float64, r *rand.Rand) float64) []audio.Frame {
	r := rand.New(rand.NewPCG(3, 4))
	fs := make([]audio.Frame, n)
	for i := range n * audio.Samples {
		fs[i/audio.Samples][i%audio.Samples] = int16(max(-32768, min(32767, at(float64(i)/audio.Rate, r))))
	}
	return fs
}

func voiceAt(hz, loud float64) func(float64, *rand.Rand) float64 {
	return func(t float64, r *rand.Rand) (v float64) {
		for k := 1; k <= 6; k++ {
			v += loud * math.Sin(2*math.Pi*hz*float64(k)*t+float64(k*k)) / math.Sqrt(float64(k))
		}
		return v + 5*r.NormFloat64()
	}
}

func TestVoiced(t *testing.T) {
	noise := func(t float64, r *rand.Rand) float64 { return 1500 * r.NormFloat64() }
	for _, tc := range []struct {
		name string
		at   func(float64, *rand.Rand) float64
		want bool
	}{
		{"a deep voice", voiceAt(85, 1500), true},
		{"a man", voiceAt(120, 1500), true},
		{"a woman", voiceAt(210, 1500), true},
		{"a child", voiceAt(320, 1500), true},
		{"breath", noise, false},
		{"a tone", func(t float64, _ *rand.Rand) float64 { return 4000 * math.Sin(2*math.Pi*1000*t) }, false},
		{"ringback", func(t float64, _ *rand.Rand) float64 { return 4000 * math.Sin(2*math.Pi*440*t) }, false},
		{"nothing", func(float64, *rand.Rand) float64 { return 0 }, false},
	} {
		var v voice
		n, is := 0, 0
		for _, f := range shaped(50, tc.at) {
			v.take(&f)
			if alike, _ := v.period(); n >= 5 && alike > half {
				is++
			}
			n++
		}
		if tc.want && is < 40 || !tc.want && is > 4 {
			t.Errorf("%s: %d of 45 frames are voice", tc.name, is)
		}
	}
}

// TestNoiseDoesNotPause: loud and long, but no voice.
func TestNoiseDoesNotPause(t *testing.T) {
	sc := newScene(Options{})
	sc.d.Agent(Busy)
	for _, f := range shaped(60, func(t float64, r *rand.Rand) float64 { return 3000 * r.NormFloat64() * math.Sin(math.Pi*t/1.2) }) {
		sc.now += audio.FrameDur
		sc.got(sc.d.Frame(&f, sc.now))
		sc.tick()
	}
	sc.want(t)
}

// syllables is a voice that comes and goes as if it spoke, each time differently.
func syllables(seed uint64, n int, loud float64) []audio.Frame {
	r := rand.New(rand.NewPCG(seed, 1))
	var next, until, hz, vol float64
	return shaped(n, func(t float64, _ *rand.Rand) (v float64) {
		if t >= next {
			until = t + 0.08 + 0.2*r.Float64()
			next = until + 0.02 + 0.15*r.Float64()
			hz, vol = 100+60*r.Float64(), loud*(0.4+0.6*r.Float64())
		}
		if t > until {
			return 0
		}
		return voiceAt(hz, vol)(t, r)
	})
}

// TestEcho: the agent's own voice, later and quieter, does not pause it; the caller's over it does.
func TestEcho(t *testing.T) {
	for _, delay := range []int{2, 8, 20} { // frames
		far := syllables(uint64(delay), 400, 5000)
		near := syllables(99, 400, 5000)
		sc := newScene(Options{})
		sc.d.Agent(Busy)
		var f audio.Frame
		for i := range far {
			sc.now += audio.FrameDur
			sc.d.Played(&far[i], sc.now)
			f = audio.Frame{}
			if i >= delay {
				f.Mix(&far[i-delay], 0.1)
			}
			if i >= 300 {
				f.Mix(&near[i], 1)
			}
			sc.got(sc.d.Frame(&f, sc.now))
			sc.tick()
			if i == 299 && len(sc.signals) > 0 {
				t.Errorf("an echo after %d ms: %+v at %v", delay*20, sc.signals, sc.at)
				sc.signals = nil
			}
		}
		if len(sc.signals) == 0 || sc.signals[0].Kind != Pause {
			t.Errorf("the caller over an echo after %d ms was not heard: %+v", delay*20, sc.signals)
		}
	}
}

// TestDoubt: a beginning that may yet be a backchannel silences the agent, and stops it only when it is none.
func TestDoubt(t *testing.T) {
	start := func() *scene {
		sc := newScene(Options{})
		sc.d.Agent(Busy)
		return sc.speaks(300 * ms)
	}
	start().partial("of").speaks(200*ms).partial("of course").quiet(100*ms).final("Of course.").quiet(3*time.Second).want(t, Pause, Resume, Backchannel)
	start().partial("yes I").speaks(300*ms).partial("yes I want").want(t, Pause, BargeIn)
	start().partial("yes I").quiet(4*time.Second).want(t, Pause, BargeIn, TurnEnd)
	start().final("of").want(t, Pause, BargeIn) // nothing will come after it
	start().partial("no").want(t, Pause, BargeIn)
	sc := newScene(Options{})
	sc.d.Agent(Busy)
	sc.partial("I").want(t, Pause) // the words came before the sound was known to be a voice
}

func TestMayListen(t *testing.T) {
	for code, words := range map[string]struct{ yes, no []string }{
		"en": {[]string{"yes I", "of", "that's", "okay makes", "uh"}, []string{"no", "wait", "stop", "yes but", "when", "of course but"}},
		"de": {[]string{"alles", "ich", "ja alles"}, []string{"nein", "stopp", "ja aber", "moment"}},
		"fr": {[]string{"je", "bien", "c'est"}, []string{"non", "attendez"}},
		"ja": {[]string{"そう", "はいそう", "わか"}, []string{"待って", "はいでも", "いいえ"}},
		"ko": {[]string{"알겠", "그렇"}, []string{"아니요", "잠깐"}},
	} {
		for _, w := range words.yes {
			if !languages[code].mayListen(w) {
				t.Errorf("%s: %q may become a backchannel", code, w)
			}
		}
		for _, w := range words.no {
			if languages[code].mayListen(w) {
				t.Errorf("%s: %q cannot become a backchannel", code, w)
			}
		}
	}
}

// TestAfar: words of a far voice do not stop the agent; who is known to speak so quietly does, and so does who insists.
func TestAfar(t *testing.T) {
	far := func(sc *scene) {
		sc.signals = nil
		sc.d.Agent(Busy)
		sc.frames(900*ms, 150).partial("bring me the keys").quiet(300 * ms).final("bring me the keys").quiet(4 * time.Second)
	}
	sc := newScene(Options{})
	far(sc)
	sc.want(t, Backchannel)
	for range 8 {
		far(sc)
	}
	if len(sc.signals) == 0 || sc.signals[0].Kind == Backchannel {
		t.Errorf("who goes on is not heard: %+v", sc.signals)
	}
	sc = newScene(Options{})
	sc.quiet(2*time.Second).frames(2*time.Second, 150).final("I would like to order two of them, please.").quiet(2 * time.Second)
	far(sc)
	if len(sc.signals) == 0 || sc.signals[0].Kind == Backchannel {
		t.Errorf("a quiet caller is not heard: %+v", sc.signals)
	}
}

func TestPlayedAllocatesNothing(t *testing.T) {
	d := New(Options{})
	d.Agent(Busy)
	far, near := syllables(1, 200, 5000), syllables(2, 200, 2000)
	n, now := 0, time.Duration(0)
	if got := testing.AllocsPerRun(500, func() {
		now += audio.FrameDur
		n = (n + 1) % 200
		d.Played(&far[n], now)
		d.Frame(&near[n], now)
		d.Due()
	}); got != 0 {
		t.Errorf("%v allocations per frame", got)
	}
}

func BenchmarkDoubleTalk(b *testing.B) {
	d := New(Options{})
	d.Agent(Busy)
	far, near := syllables(1, 200, 5000), syllables(2, 200, 2000)
	n, now := 0, time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		now += audio.FrameDur
		n = (n + 1) % 200
		d.Played(&far[n], now)
		d.Frame(&near[n], now)
	}
}
