package local

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/provider/local/sphinx"
)

// ear recognises a word for every half second of sound, as named.
type ear struct {
	words   []string
	samples int // of the utterance
	before  int
	open    bool
	fail    string // the call that goes wrong
	log     []string
}

func (e *ear) call(name string) error {
	if e.fail == name {
		return errors.New(name + " failed")
	}
	return nil
}

func (e *ear) Start() error {
	if e.open {
		return errors.New("started twice")
	}
	e.open, e.samples = true, 0
	e.log = append(e.log, "start")
	return e.call("start")
}

func (e *ear) Feed(pcm []int16) error {
	if !e.open {
		return errors.New("fed while closed")
	}
	e.samples += len(pcm)
	return e.call("feed")
}

func (e *ear) Finish() error {
	e.open = false
	e.log = append(e.log, "finish")
	e.before += e.samples
	return e.call("finish")
}

func (e *ear) Words() (out []sphinx.Word) {
	base := e.before
	if !e.open {
		base -= e.samples
	}
	at := time.Duration(base) * time.Second / 8000
	for i := range min(len(e.words), e.samples/4000) {
		out = append(out, sphinx.Word{Text: e.words[i], Start: at + time.Duration(i)*500*time.Millisecond, End: at + time.Duration(i+1)*500*time.Millisecond})
	}
	return out
}

// sounds is a caller: loud and quiet stretches in steps, over noise.
type sounds struct {
	rnd   *rand.Rand
	noise float64
	n     int
}

func (s *sounds) step(level float64) *[step]int16 {
	var pcm [step]int16
	for i := range pcm {
		x := s.noise*s.rnd.NormFloat64() + level*math.Sqrt2*math.Sin(2*math.Pi*500*float64(s.n)/8000)
		pcm[i] = int16(max(-32768, min(32767, x)))
		s.n++
	}
	return &pcm
}

func newSounds(noise float64) *sounds { return &sounds{rnd: rand.New(rand.NewPCG(1, 2)), noise: noise} }

func (s *sounds) into(t *testing.T, seg *segmenter, steps int, level float64) {
	t.Helper()
	for range steps {
		if err := seg.frame(s.step(level)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSegments(t *testing.T) {
	e := &ear{words: []string{"what", "time", "is", "it"}}
	var told []result
	seg := &segmenter{rec: e, tell: func(r result) error { told = append(told, r); return nil }}
	s := newSounds(20)
	s.into(t, seg, 50, 0)     // 1 s
	s.into(t, seg, 100, 4000) // 2 s
	s.into(t, seg, 50, 0)
	s.into(t, seg, 60, 4000)
	s.into(t, seg, 50, 0)
	var finals []result
	partials := 0
	for i, r := range told {
		switch {
		case r.Final:
			finals = append(finals, r)
			if !r.End {
				t.Error("silence is no end")
			}
		case r.Started:
			if len(finals) == 0 && i != 0 {
				t.Error("started late")
			}
		case r.Text != "":
			partials++
			if strings.HasPrefix("what time is it", r.Text) == false {
				t.Errorf("partial %q", r.Text)
			}
		}
	}
	if len(finals) != 2 || finals[0].Text != "what time is it" || partials < 5 {
		t.Fatalf("finals %+v, %d partials", finals, partials)
	}
	first, second := finals[0].Words, finals[1].Words
	if at := first[0].Start; at < 700*time.Millisecond || at > 1100*time.Millisecond {
		t.Errorf("the first word is at %s, it was said at 1 s", at)
	}
	if at := second[0].Start; at < 3700*time.Millisecond || at > 4200*time.Millisecond {
		t.Errorf("the second utterance is at %s, it was said at 4 s", at)
	}
	if got := strings.Join(e.log, " "); got != "start finish start finish" {
		t.Errorf("recogniser: %s", got)
	}
}

func TestSilenceAndNoiseSayNothing(t *testing.T) {
	for _, noise := range []float64{0, 1, 30, 300} {
		e := &ear{words: []string{"hello"}}
		n := 0
		seg := &segmenter{rec: e, tell: func(r result) error {
			if r.Text != "" {
				n++
			}
			return nil
		}}
		s := newSounds(noise)
		s.into(t, seg, 1500, 0) // 30 s
		if err := seg.end(true); err != nil || n > 0 || e.before > 8000 {
			t.Errorf("noise of %g: %d texts, %d samples recognised, %v", noise, n, e.before, err)
		}
	}
}

func TestSpeechOverNoise(t *testing.T) {
	e := &ear{words: []string{"hello"}}
	var finals int
	seg := &segmenter{rec: e, tell: func(r result) error {
		if r.Final {
			finals++
		}
		return nil
	}}
	s := newSounds(300)
	s.into(t, seg, 100, 0)
	s.into(t, seg, 50, 3000)
	s.into(t, seg, 100, 0)
	if finals != 1 {
		t.Errorf("%d finals over noise at 20 dB, want 1", finals)
	}
}

func TestShortWordHasItsPartial(t *testing.T) {
	e := &ear{words: []string{"yes"}}
	var told []result
	seg := &segmenter{rec: e, tell: func(r result) error { told = append(told, r); return nil }}
	s := newSounds(5)
	s.into(t, seg, 20, 0)
	s.into(t, seg, 8, 4000)
	if err := seg.end(true); err != nil { // the call ends in the word
		t.Fatal(err)
	}
	e.samples = 4000
	texts := 0
	for _, r := range told {
		if r.Text != "" {
			texts++
		}
	}
	if texts != 0 && texts != 2 {
		t.Errorf("told %+v", told)
	}
}

func TestNoiseWordsAreDropped(t *testing.T) {
	word := func(s string, ms int) timedWord { return timedWord{Text: s, End: time.Duration(ms) * time.Millisecond} }
	for _, c := range []struct {
		words []timedWord
		noise bool
	}{
		{nil, true}, {[]timedWord{word("the", 120)}, true}, {[]timedWord{word("a", 50), word("the", 100)}, true},
		{[]timedWord{word("yes", 120)}, false}, {[]timedWord{word("no", 90)}, false}, {[]timedWord{word("the", 900)}, false},
		{[]timedWord{word("in", 100), word("the", 100), word("a", 100)}, false},
	} {
		if got := onlyNoise(c.words); got != c.noise {
			t.Errorf("%+v: noise is %v", c.words, got)
		}
	}
}

func TestEndlessSpeech(t *testing.T) {
	e := &ear{words: []string{"on", "and"}}
	finals := 0
	seg := &segmenter{rec: e, tell: func(r result) error {
		if r.Final {
			finals++
			if r.End {
				t.Error("someone who speaks on has not ended")
			}
		}
		return nil
	}}
	s := newSounds(5)
	for i := range 2500 { // 50 s that the floor cannot settle in
		if err := seg.frame(s.step(4000 * float64(i%10/8^1))); err != nil {
			t.Fatal(err)
		}
		if seg.fed-seg.spent > longest+preroll {
			t.Fatal("an utterance without bounds")
		}
	}
	if finals < 2 {
		t.Errorf("%d finals in 50 s of speech", finals)
	}
}

func TestRecogniserFails(t *testing.T) {
	for _, call := range []string{"start", "feed", "finish"} {
		seg := &segmenter{rec: &ear{fail: call}, tell: func(result) error { return nil }}
		s := newSounds(5)
		var err error
		for i := 0; i < 200 && err == nil; i++ {
			level := 0.0
			if i > 20 && i < 80 {
				level = 4000
			}
			err = seg.frame(s.step(level))
		}
		if err == nil || !strings.Contains(err.Error(), call) {
			t.Errorf("%s: %v", call, err)
		}
	}
	lost := errors.New("nobody listens")
	seg := &segmenter{rec: &ear{}, tell: func(result) error { return lost }}
	s := newSounds(5)
	var err error
	for i := 0; i < 100 && err == nil; i++ {
		err = seg.frame(s.step(4000))
	}
	if !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
}

func TestFrameAllocatesNothing(t *testing.T) {
	s := newSounds(20)
	quiet, loud := s.step(0), s.step(4000)
	var v vad
	if n := testing.AllocsPerRun(100, func() { v.frame(quiet); v.frame(loud) }); n != 0 {
		t.Errorf("the vad allocates %g times a frame", n)
	}
	seg := &segmenter{rec: &ear{}, tell: func(result) error { return nil }}
	if n := testing.AllocsPerRun(100, func() {
		if err := seg.frame(quiet); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("silence allocates %g times a frame", n)
	}
}
