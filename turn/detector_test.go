package turn

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

const ms = time.Millisecond

// A scene tells a detector what happens, frame by frame, and notes what it decides.
type scene struct {
	d       *Detector
	s       *sound
	now     time.Duration
	signals []Signal
	at      []time.Duration
	follow  bool // the agent does as it is told: idle after a barge-in, busy after the end of a turn
}

func newScene(o Options) *scene {
	sc := &scene{d: New(o), s: newSound(10)}
	sc.quiet(time.Second)
	return sc
}

func (sc *scene) got(s Signal) {
	if s.Kind == None {
		return
	}
	sc.signals, sc.at = append(sc.signals, s), append(sc.at, sc.now)
	if sc.follow {
		switch s.Kind {
		case BargeIn:
			sc.d.Agent(Idle)
		case TurnEnd:
			sc.d.Agent(Busy)
		}
	}
}

func (sc *scene) tick() {
	for range 10 {
		if at, ok := sc.d.Due(); !ok || at > sc.now {
			return
		}
		sc.got(sc.d.Tick(sc.now))
	}
	panic("Tick does not do away with what is due")
}

func (sc *scene) frames(d time.Duration, voice float64) *scene {
	for range int(d / audio.FrameDur) {
		sc.now += audio.FrameDur
		sc.got(sc.d.Frame(sc.s.frame(voice), sc.now))
		sc.tick()
	}
	return sc
}

func (sc *scene) quiet(d time.Duration) *scene  { return sc.frames(d, 0) }
func (sc *scene) speaks(d time.Duration) *scene { return sc.frames(d, 3000) }

func (sc *scene) heard(w Words) *scene {
	sc.got(sc.d.Heard(w, sc.now))
	sc.tick()
	return sc
}

func (sc *scene) partial(text string) *scene { return sc.heard(Words{Text: text}) }
func (sc *scene) final(text string) *scene   { return sc.heard(Words{Text: text, Final: true}) }
func (sc *scene) end(text string) *scene     { return sc.heard(Words{Text: text, Final: true, End: true}) }

// want are the kinds so far.
func (sc *scene) want(t *testing.T, kinds ...Kind) {
	t.Helper()
	got := make([]Kind, len(sc.signals))
	for i, s := range sc.signals {
		got[i] = s.Kind
	}
	if fmt.Sprint(got) != fmt.Sprint(kinds) {
		t.Errorf("decided %v, want %v (%+v)", got, kinds, sc.signals)
	}
}

// ended is the wait between the end of the sound and the last TurnEnd; fails when there was none.
func (sc *scene) ended(t *testing.T) (time.Duration, Signal) {
	t.Helper()
	for i := len(sc.signals) - 1; i >= 0; i-- {
		if s := sc.signals[i]; s.Kind == TurnEnd {
			return sc.at[i] - s.SpeechEnd, s
		}
	}
	t.Fatalf("no turn ended: %+v", sc.signals)
	return 0, Signal{}
}

// TestEndpointing holds SPEC §4: what silence ends a turn. The caller speaks at 150 words a minute.
func TestEndpointing(t *testing.T) {
	const question, open, leading = "could you tell me when the shop opens on a Sunday", "the red one we saw", "I would like to come to"
	for _, tc := range []struct {
		name   string
		o      Options
		text   string
		vendor bool // its end event comes with the final, 100 ms after the sound
		want   time.Duration
		why    Why
	}{
		{"sensitive, the vendor's word", Options{EndpointingSensitivity: "sensitive"}, question, true, 100 * ms, ByVendor},
		{"sensitive, the vendor's word on half a sentence", Options{EndpointingSensitivity: "sensitive"}, open, true, 100 * ms, ByVendor},
		{"sensitive, finished", Options{EndpointingSensitivity: "sensitive"}, "That is all.", false, 250 * ms, ByFinished},
		{"sensitive, finished without a mark", Options{EndpointingSensitivity: "sensitive"}, question, false, 250 * ms, ByFinished},
		{"sensitive, unfinished", Options{EndpointingSensitivity: "sensitive"}, open, false, 600 * ms, BySilence},
		{"auto, a question", Options{}, question, false, 350 * ms, ByFinished},
		{"auto, finished", Options{}, "we had to send it to the old address", false, 500 * ms, ByFinished},
		{"auto, unfinished", Options{EndpointingSensitivity: "auto"}, open, false, 1180 * ms, BySilence},
		{"auto, the vendor's word", Options{}, "we had to send it to the old address", true, 400 * ms, ByFinished},
		{"auto, the vendor's word on half a sentence", Options{}, open, true, 1180 * ms, BySilence},
		{"auto, last words", Options{}, "could you tell me what your opening hours are please", false, 350 * ms, ByFinished},
		{"auto, a full stop", Options{}, "I bought it in March.", false, 350 * ms, ByFinished},
		{"auto, a full stop after an object", Options{}, "I bought a lamp.", false, 500 * ms, ByFinished},
		{"auto, a full stop after an object and the vendor's word", Options{}, "I bought a lamp.", true, 350 * ms, ByFinished},
		{"auto, a full stop after a verb", Options{}, "The doctor prescribed.", true, 1080 * ms, BySilence},
		{"auto, it leads on", Options{}, leading, false, 2020 * ms, BySilence},
		{"auto, it leads on in spite of a full stop", Options{}, "My name is.", true, 2020 * ms, BySilence},
		{"auto, time is asked for", Options{}, "Let me see.", true, 2180 * ms, BySilence},
		{"relaxed, it leads on", Options{EndpointingSensitivity: "relaxed"}, leading, false, 2500 * ms, BySilence},
		{"sensitive, it leads on", Options{EndpointingSensitivity: "sensitive"}, leading, false, 1080 * ms, BySilence},
		{"relaxed, finished", Options{EndpointingSensitivity: "relaxed"}, question, false, 1000 * ms, ByFinished},
		{"relaxed, unfinished", Options{EndpointingSensitivity: "relaxed"}, open, false, 2000 * ms, BySilence},
		{"relaxed, the vendor's word", Options{EndpointingSensitivity: "relaxed"}, question, true, 1000 * ms, ByFinished},
		{"twice the speed", Options{Speed: 2}, open, false, 600 * ms, BySilence},
		{"half the speed", Options{Speed: 0.5}, question, false, 700 * ms, ByFinished},
		{"a speed out of bounds", Options{Speed: 100}, open, false, 600 * ms, BySilence},
		{"dynamic, finished", Options{Dynamic: true, DynamicMinWait: 0.2, DynamicMaxSilence: 3}, "That is all.", false, 200 * ms, ByFinished},
		{"dynamic, unfinished", Options{Dynamic: true, DynamicMinWait: 0.2, DynamicMaxSilence: 3}, leading, false, 2468 * ms, BySilence},
	} {
		t.Run(tc.name, func(t *testing.T) {
			sc := newScene(tc.o)
			began := sc.now
			sc.speaks(2 * time.Second)
			if tc.text == question {
				sc.speaks(2 * time.Second) // 11 words
			}
			spoke := sc.now
			sc.quiet(100 * ms).heard(Words{Text: tc.text, Final: true, End: tc.vendor}).quiet(4 * time.Second)
			sc.want(t, TurnEnd)
			wait, s := sc.ended(t)
			if wait < tc.want-audio.FrameDur || wait > tc.want+audio.FrameDur {
				t.Errorf("waited %s, want %s", wait, tc.want)
			}
			if s.Why != tc.why || s.Text != tc.text {
				t.Errorf("%q because %s, want %s", s.Text, s.Why, tc.why)
			}
			if s.SpeechEnd < spoke || s.SpeechEnd > spoke+audio.FrameDur || s.Start < began || s.Start > began+60*ms || s.WordsAt != spoke+100*ms {
				t.Errorf("from %s to %s, words at %s; it was from %s to %s", s.Start, s.SpeechEnd, s.WordsAt, began, spoke)
			}
		})
	}
}

// TestSilenceCountsFromTheSound: a final that comes late does not make the wait longer.
func TestSilenceCountsFromTheSound(t *testing.T) {
	sc := newScene(Options{}).speaks(2 * time.Second).quiet(400 * ms).final("That is all.").quiet(2 * time.Second)
	if wait, _ := sc.ended(t); wait > 520*ms {
		t.Errorf("waited %s", wait)
	}
	sc = newScene(Options{}).speaks(2 * time.Second).quiet(800 * ms).final("That is all.").quiet(2 * time.Second)
	if wait, _ := sc.ended(t); wait < 780*ms || wait > 800*ms {
		t.Errorf("words that came after the wait were waited on: %s", wait)
	}
}

func TestPace(t *testing.T) {
	wait := func(wpm float64) time.Duration {
		sc := newScene(Options{})
		words := strings.TrimSpace(strings.Repeat("word ", 12))
		for range 6 {
			sc.speaks(time.Duration(12 / wpm * float64(time.Minute))).quiet(100 * ms).final(words).quiet(3 * time.Second)
		}
		w, _ := sc.ended(t)
		return w
	}
	slow, plain, fast := wait(90), wait(150), wait(230)
	if !(slow > plain+150*ms && plain > fast+80*ms) {
		t.Errorf("slow callers wait %s, others %s, fast ones %s", slow, plain, fast)
	}
	if racing := wait(900); racing < 300*ms {
		t.Errorf("a burst of words leaves a wait of %s", racing)
	}
}

func TestSeveralSegmentsAreOneTurn(t *testing.T) {
	sc := newScene(Options{}).speaks(time.Second).final("I would like").speaks(time.Second).partial("a table").
		partial("a table for two").final("a table for two please").quiet(3 * time.Second)
	sc.want(t, TurnEnd)
	if _, s := sc.ended(t); s.Text != "I would like a table for two please" {
		t.Errorf("text %q", s.Text)
	}
}

// TestSpeechGoesOn: sound after the words keeps the turn open, though not noise for ever.
func TestSpeechGoesOn(t *testing.T) {
	sc := newScene(Options{}).speaks(time.Second).final("That is all.").speaks(1500 * ms).quiet(100 * ms)
	sc.want(t)
	sc.quiet(time.Second)
	sc.want(t, TurnEnd)
	sc = newScene(Options{}).speaks(time.Second).final("That is all.")
	sc.speaks(6 * time.Second)
	sc.want(t, TurnEnd)
}

// TestRising: speech that seems to begin again just when the turn would end puts the end off, once and shortly.
func TestRising(t *testing.T) {
	sc := newScene(Options{}).speaks(2 * time.Second).final("It is the blue one.").quiet(480 * ms)
	sc.speaks(20 * ms) // it rings on into a second frame: speech has not begun
	sc.want(t)
	sc.quiet(20 * ms)
	sc.want(t)
	sc.quiet(100 * ms)
	sc.want(t, TurnEnd)
	sc = newScene(Options{}).speaks(2 * time.Second).final("It is the blue one.").quiet(460 * ms)
	sc.speaks(500 * ms) // it does begin
	sc.want(t)
}

func TestNeverFinal(t *testing.T) {
	sc := newScene(Options{}).speaks(time.Second).partial("when are you open").quiet(3 * time.Second)
	sc.want(t, TurnEnd)
	wait, s := sc.ended(t)
	if wait != 900*ms || s.Why != ByPatience {
		t.Errorf("waited %s because %s", wait, s.Why)
	}
	// Its final comes late, and says no more than that.
	sc.follow = true
	sc.d.Agent(Busy)
	sc.final("When are you open?").quiet(2 * time.Second)
	sc.want(t, TurnEnd)
	// It never comes, and the caller's next words begin like the last.
	sc = newScene(Options{}).speaks(time.Second).partial("yes").quiet(4 * time.Second).speaks(time.Second).final("yes please").quiet(2 * time.Second)
	sc.want(t, TurnEnd, TurnEnd)
	if s := sc.signals[1]; s.Text != "yes please" {
		t.Errorf("the next turn is %q", s.Text)
	}
	// Or it does say more.
	sc = newScene(Options{}).speaks(time.Second).partial("when are you").quiet(3 * time.Second)
	sc.d.Agent(Busy)
	sc.final("when are you open")
	sc.want(t, TurnEnd, BargeIn)
	if s := sc.signals[1]; s.Text != "open" {
		t.Errorf("what is new is %q", s.Text)
	}
}

func TestPauseAndResume(t *testing.T) {
	sc := newScene(Options{})
	sc.d.Agent(Busy)
	began := sc.now
	sc.speaks(240 * ms)
	sc.want(t, Pause)
	if took := sc.at[0] - began; took > 240*ms {
		t.Errorf("paused after %s, 240 ms is the most", took)
	}
	fell := sc.now
	sc.quiet(2 * time.Second)
	sc.want(t, Pause, Resume)
	if took := sc.at[1] - fell; took < 400*ms || took > 420*ms {
		t.Errorf("resumed after %s of silence", took)
	}
}

func TestPauseHoldsWhileTheCallerSounds(t *testing.T) {
	sc := newScene(Options{})
	sc.d.Agent(Busy)
	sc.speaks(5 * time.Second)
	sc.want(t, Pause)
	sc.speaks(10 * time.Second)
	sc.want(t, Pause, Resume) // it is noise
	sc.quiet(2 * time.Second)
	sc.want(t, Pause, Resume)
}

// TestNoStammer: a noise every second pauses the agent once: then it is known for what the place sounds like. What is louder
// pauses it all the same, and so does anything once the noise is over.
func TestNoStammer(t *testing.T) {
	sc := newScene(Options{})
	sc.d.Agent(Busy)
	for range 6 {
		sc.speaks(300 * ms).quiet(700 * ms)
	}
	sc.want(t, Pause, Resume)
	sc.signals = nil
	sc.frames(300*ms, 8000).quiet(time.Second)
	sc.want(t, Pause, Resume)
	sc.quiet(10 * time.Second)
	sc.signals = nil
	sc.speaks(300 * ms).quiet(time.Second)
	sc.want(t, Pause, Resume)
}

func TestNoPause(t *testing.T) {
	for _, a := range []Agent{Idle, Insists} {
		sc := newScene(Options{})
		sc.d.Agent(a)
		sc.speaks(500 * ms).quiet(time.Second)
		sc.want(t)
	}
	sc := newScene(Options{}) // it has its word, which does not stop the agent: one pause, and no other
	sc.d.Agent(Busy)
	sc.speaks(60*ms).partial("uh-huh").speaks(300*ms).quiet(time.Second).want(t, Pause, Resume)
	sc = newScene(Options{}) // a click
	sc.d.Agent(Busy)
	sc.speaks(20 * ms).quiet(time.Second)
	sc.want(t)
	sc = newScene(Options{}) // a vowel
	sc.d.Agent(Busy)
	sc.speaks(40 * ms).quiet(time.Second)
	sc.want(t, Pause, Resume)
}

func TestBargeIn(t *testing.T) {
	for _, tc := range []struct {
		sensitivity, text string
		stops             bool
	}{
		{"low", "stop", true},
		{"low", "no, wait", true},
		{"low", "no", true},
		{"low", "yeah but when", true},
		{"low", "okay", false},
		{"low", "Uh-huh. Right, right.", false},
		{"low", "Mmmmmm", false},
		{"", "I see, all right", false},
		{"", "I see a problem", true},
		{"low", "...", false},
		{"high", "okay", true},
		{"high", "uh", true},
	} {
		sc := newScene(Options{InterruptSensitivity: tc.sensitivity})
		sc.d.Agent(Busy)
		sc.partial(tc.text)
		if got := len(sc.signals) > 0 && sc.signals[0].Kind == BargeIn; got != tc.stops {
			t.Errorf("%s: %q stops the agent: %v", tc.sensitivity, tc.text, got)
		}
	}
	sc := newScene(Options{})
	sc.d.Agent(Insists)
	sc.end("stop now")
	for _, s := range sc.signals {
		if s.Kind == BargeIn {
			t.Error("an agent that insists was interrupted")
		}
	}
}

func TestBargeInThenTurnEnd(t *testing.T) {
	sc := newScene(Options{EndpointingSensitivity: "sensitive"})
	sc.follow = true
	sc.d.Agent(Busy)
	sc.speaks(300 * ms).partial("wait").speaks(300 * ms).partial("wait a moment").quiet(200 * ms).end("wait a moment please")
	sc.want(t, Pause, BargeIn, TurnEnd)
	if _, s := sc.ended(t); s.Text != "wait a moment please" {
		t.Errorf("text %q", s.Text)
	}
}

func TestBackchannel(t *testing.T) {
	sc := newScene(Options{})
	sc.d.Agent(Busy)
	sc.speaks(300 * ms).quiet(200 * ms).final("uh-huh").quiet(3 * time.Second)
	sc.want(t, Pause, Resume, Backchannel)
	if s := sc.signals[2]; s.Text != "uh-huh" {
		t.Errorf("text %q", s.Text)
	}
	// Over the agent's last words it is an answer.
	sc = newScene(Options{})
	sc.d.Agent(Busy)
	sc.d.Asked("Shall I book it?")
	sc.speaks(300 * ms).quiet(200 * ms).end("yes").quiet(100 * ms)
	sc.d.Agent(Idle)
	sc.quiet(500 * ms)
	sc.want(t, Pause, TurnEnd)
}

func TestFlush(t *testing.T) {
	sc := newScene(Options{}).speaks(time.Second).partial("I wanted to")
	s, ok := sc.d.Flush()
	if !ok || s.Text != "I wanted to" || s.SpeechEnd != sc.now || s.Start != time.Second+20*ms && s.Start != time.Second {
		t.Errorf("%+v %v", s, ok)
	}
	if _, ok := sc.d.Flush(); ok || sc.d.Pending() {
		t.Error("it was not forgotten")
	}
}

func TestVendorWithoutWords(t *testing.T) {
	sc := newScene(Options{EndpointingSensitivity: "sensitive"})
	sc.heard(Words{End: true}).heard(Words{Final: true}).heard(Words{Started: true}).quiet(2 * time.Second)
	sc.want(t)
	sc.speaks(time.Second).final("That is it.").heard(Words{End: true}) // an end that comes by itself
	sc.want(t, TurnEnd)
	if _, s := sc.ended(t); s.Why != ByVendor {
		t.Errorf("because %s", s.Why)
	}
}

func TestFrameAllocatesNothing(t *testing.T) {
	d := New(Options{})
	d.Agent(Busy)
	d.Heard(Words{Text: "well, I think"}, 0)
	d.Agent(Idle)
	s := newSound(10)
	loud, soft := s.frame(3000), s.frame(0)
	now := time.Duration(0)
	n := 0
	if got := testing.AllocsPerRun(1000, func() {
		now += audio.FrameDur
		f := soft
		if n++; n%100 < 50 {
			f = loud
		}
		d.Frame(f, now)
		d.Due()
	}); got != 0 {
		t.Errorf("%v allocations per frame", got)
	}
}

// TestRandom tells detectors anything in any order: time stands still or goes on, what is due can be done, and every turn
// that ends has words.
func TestRandom(t *testing.T) {
	texts := []string{"", "yes", "stop that", "I would like to", "Thank you.", "um", "…", "42"}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 7))
		o := Options{Language: []string{"en", "de", "ja", "xx", ""}[r.IntN(5)], EndpointingSensitivity: []string{"", "sensitive", "relaxed"}[r.IntN(3)],
			InterruptSensitivity: []string{"", "high"}[r.IntN(2)], Dynamic: r.IntN(2) == 0, DynamicMinWait: r.Float64() * 3, DynamicMaxSilence: r.Float64() * 3,
			Speed: r.Float64() * 3}
		sc := newScene(o)
		for range 60 {
			switch r.IntN(6) {
			case 0:
				sc.speaks(time.Duration(r.IntN(600)) * ms)
			case 1:
				sc.quiet(time.Duration(r.IntN(900)) * ms)
			case 2, 3:
				sc.heard(Words{Text: texts[r.IntN(len(texts))], Final: r.IntN(2) == 0, End: r.IntN(3) == 0, Started: r.IntN(9) == 0})
			case 4:
				sc.d.Agent(Agent(r.IntN(3)))
			}
		}
		sc.d.Agent(Idle)
		sc.quiet(15 * time.Second)
		if at, ok := sc.d.Due(); ok || sc.d.Pending() {
			t.Fatalf("seed %d: something is still due at %s", seed, at)
		}
		for _, s := range sc.signals {
			if (s.Kind == TurnEnd || s.Kind == Backchannel) && (s.Text == "" || s.Start > s.SpeechEnd) {
				t.Fatalf("seed %d: %+v", seed, s)
			}
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	d := New(Options{})
	d.Agent(Busy)
	f := newSound(10).frame(3000)
	now := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		now += audio.FrameDur
		d.Frame(f, now)
		d.Due()
	}
}

// Sound that came long before the words, such as music, is not how the turn began; words that come late, all at once, had it all.
func TestStartIsThatOfTheWords(t *testing.T) {
	sc := newScene(Options{EndpointingSensitivity: "sensitive"})
	sc.speaks(60 * time.Second).heard(Words{Text: "hello"}).quiet(100 * ms).heard(Words{Text: "hello there", Final: true, End: true}).quiet(2 * time.Second)
	if s := sc.signals[len(sc.signals)-1]; s.Kind != TurnEnd || s.Start != 57*time.Second {
		t.Errorf("after a minute of music it begins at %v: %+v", s.Start, s)
	}
	sc = newScene(Options{EndpointingSensitivity: "sensitive"})
	sc.speaks(20 * time.Second).quiet(time.Second).heard(Words{Text: strings.Repeat("word ", 40), Final: true, End: true}).quiet(2 * time.Second)
	if s := sc.signals[len(sc.signals)-1]; s.Kind != TurnEnd || s.Start > 1200*ms {
		t.Errorf("all that was spoken of begins at %v: %+v", s.Start, s)
	}
}
