package journal

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/audio/babble"
	"github.com/parley-voice/parley/audio/denoise"
	"github.com/parley-voice/parley/turn"
	"github.com/parley-voice/parley/turn/answer"
	"github.com/parley-voice/parley/turn/menu"
)

// sides are both sides of a call, as a recording has them.
type sides [2][]audio.Frame

func (s *sides) Caller(slot int64, f *audio.Frame) (bool, error) { return s.get(0, slot, f) }
func (s *sides) Agent(slot int64, f *audio.Frame) (bool, error)  { return s.get(1, slot, f) }

func (s *sides) get(side int, slot int64, f *audio.Frame) (bool, error) {
	*f = audio.Frame{}
	if slot < 0 || slot >= int64(len(s[side])) {
		return false, nil
	}
	*f = s[side][slot]
	return true, nil
}

// A call is a random one: it is told to detectors in the order in which a conversation would.
type call struct {
	r     *rand.Rand
	sound sides
	noise *denoise.Suppressor
	w     *Writer
	d     *Detector
	who   *Classifier
	from  time.Duration
	agent turn.Agent
	log   []Decision
}

var texts = []string{"yes", "uh-huh", "I would like to", "book a table for two please.", "stop", "no wait", "My number is 4 1 7", "leave a message after the tone", "hello?"}

func (c *call) play(frames int, o turn.Options) {
	speech := babble.Speak(7, time.Duration(frames)*audio.FrameDur)
	c.d = New(o, c.w, func(d Decision) { c.log = append(c.log, d) })
	base := time.Duration(len(c.sound[0])) * audio.FrameDur
	c.who, c.from = c.d.Who(answer.Options{Dynamic: true}, base), base
	for i := range frames {
		at := base + time.Duration(i)*audio.FrameDur
		now := at + audio.FrameDur + time.Duration(c.r.IntN(3e6))
		c.frame(speech[i*audio.Samples:], at, now)
		for due, ok := c.d.Due(); ok && due <= now; due, ok = c.d.Due() {
			c.d.Tick(now)
		}
		if c.r.IntN(12) == 0 {
			c.words(now + time.Millisecond)
		}
		if c.r.IntN(40) == 0 {
			c.agent = turn.Agent(c.r.IntN(3))
			c.d.Agent(c.agent)
		}
		if c.r.IntN(200) == 0 {
			c.d.Asked("May I have your account number?")
		}
		if c.r.IntN(300) == 0 {
			c.who, c.from = c.d.Who(answer.Options{WordsOnly: true}, now), now
		}
	}
	c.d.Flush()
}

func (c *call) frame(speech []int16, at, now time.Duration) {
	var near, far audio.Frame
	if c.r.IntN(200) > 100 || len(c.sound[0])/80%2 == 0 {
		copy(near[:], speech)
	}
	if c.agent == turn.Busy {
		copy(far[:], speech[len(speech)/2:])
	}
	c.sound[0], c.sound[1] = append(c.sound[0], near), append(c.sound[1], far)
	if c.r.IntN(50) > 0 { // what is lost on the way to the detector is lost in the journal
		c.d.Played(&far, at, now)
	}
	if c.noise != nil {
		c.noise.Frame(&near)
	}
	c.d.Frame(&near, at, now)
	c.who.Frame(&near, now-c.from)
}

func (c *call) words(now time.Duration) {
	text := texts[c.r.IntN(len(texts))]
	w := turn.Words{Text: text, Final: c.r.IntN(2) == 0, Started: c.r.IntN(5) == 0}
	w.End = w.Final && c.r.IntN(2) == 0
	c.who.Heard(answer.Words{Text: text, Final: w.Final}, now-c.from)
	c.d.Heard(w, now)
	if c.r.IntN(50) == 0 {
		c.who.Take(answer.Verdict{Class: answer.Hold, Confidence: 0.9, Evidence: []string{"so the model"}, At: now - c.from})
	}
}

func newCall(seed uint64, w io.Writer) *call {
	return &call{r: rand.New(rand.NewPCG(seed, 3)), w: NewWriter(w)}
}

var dials = []turn.Options{{}, {EndpointingSensitivity: "sensitive", InterruptSensitivity: "high"},
	{Language: "de", Dynamic: true, DynamicMinWait: 0.2, DynamicMaxSilence: 3}, {EndpointingSensitivity: "relaxed", Speed: 1.5, MinVolume: 2}}

// TestReplay: what was decided is decided again, with suppressed noise and across conversations of one call, too.
func TestReplay(t *testing.T) {
	decisions := 0
	for seed := range uint64(12) {
		var b bytes.Buffer
		c := newCall(seed, &b)
		for n := range 2 {
			if seed%3 == 2 {
				c.noise, c.w.Suppress = denoise.New(60), 60
			}
			c.play(1500, dials[(int(seed)+n)%len(dials)])
		}
		if err := c.w.Close(); err != nil {
			t.Fatal(err)
		}
		decisions += len(c.log)
		r, err := Play(bytes.NewReader(b.Bytes()), &c.sound)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Differs) > 0 || r.Cut || r.Frames != len(c.sound[0]) {
			t.Errorf("seed %d: differs in %v, cut %v, %d frames", seed, r.Differs, r.Cut, r.Frames)
		}
		if !reflect.DeepEqual(r.Decisions, c.log) {
			t.Errorf("seed %d: %d decisions, and %d were made", seed, len(r.Decisions), len(c.log))
		}
	}
	if decisions < 500 {
		t.Errorf("only %d decisions: the calls are too tame", decisions)
	}
}

// TestOtherSound: a recording that is not what was heard is noticed, to the second.
func TestOtherSound(t *testing.T) {
	var b bytes.Buffer
	c := newCall(1, &b)
	c.play(1000, turn.Options{})
	c.w.Close()
	c.sound[0][420][7]++
	c.sound[1] = c.sound[1][:len(c.sound[1])-3]
	r, err := Play(&b, &c.sound)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Differs) == 0 || r.Differs[0].From > 8500*time.Millisecond || r.Differs[0].To < 8420*time.Millisecond || r.Differs[0].To > 9200*time.Millisecond {
		t.Errorf("differs in %v", r.Differs)
	}
}

// TestCutShort: the journal of a server that was killed is good up to there.
func TestCutShort(t *testing.T) {
	var b bytes.Buffer
	c := newCall(4, &b)
	c.play(500, turn.Options{})
	c.w.Close()
	whole, err := Play(bytes.NewReader(b.Bytes()), &c.sound)
	if err != nil {
		t.Fatal(err)
	}
	cuts := 0
	for n := b.Len() - 1; n > 200; n -= 97 {
		r, err := Play(bytes.NewReader(b.Bytes()[:n]), &c.sound)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if r.Cut {
			cuts++
		}
		if len(r.Decisions) > len(whole.Decisions) || len(r.Decisions) > 0 && !reflect.DeepEqual(r.Decisions, whole.Decisions[:len(r.Decisions)]) {
			t.Fatalf("%d bytes: other decisions", n)
		}
	}
	if cuts == 0 {
		t.Error("no cut was noticed")
	}
}

func TestBroken(t *testing.T) {
	later, _ := json.Marshal(begin{Format: format + 1})
	w := NewWriter(io.Discard)
	w.record(opBegin, 0)
	w.text(later)
	for name, b := range map[string][]byte{"nothing": {}, "another file": []byte("RIFF1234"), "no beginning": {opTick | sameTime}, "a later format": w.buf, "long": {opBegin | sameTime, 0xff, 0xff, 0xff, 0xff, 0x7f}} {
		if _, err := Play(bytes.NewReader(b), &sides{}); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

type full struct{ n int }

func (f *full) Write(p []byte) (int, error) {
	if f.n++; f.n > 2 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

// TestFullDisk: the call goes on, and Close says so.
func TestFullDisk(t *testing.T) {
	f := &full{}
	c := newCall(5, f)
	c.play(3000, turn.Options{})
	if err := c.w.Close(); err == nil || f.n != 3 || len(c.log) == 0 {
		t.Errorf("%v after %d writes, %d decisions", err, f.n, len(c.log))
	}
}

// TestNobodyWrites: without a writer and without a listener it is the detector itself.
func TestNobodyWrites(t *testing.T) {
	d := New(turn.Options{EndpointingSensitivity: "sensitive"}, nil, nil)
	d.Agent(turn.Busy)
	d.Asked("Well?")
	if s := d.Heard(turn.Words{Text: "stop that now", Final: true, End: true}, time.Second); s.Kind != turn.BargeIn {
		t.Errorf("decided %v", s)
	}
	if _, ok := d.Flush(); !ok {
		t.Error("nothing was left")
	}
	d.Who(answer.Options{}, 0).Heard(answer.Words{Text: "hello"}, 1)
	var w *Writer
	if w.Close() != nil {
		t.Error("nobody cannot close")
	}
}

// TestEverythingIsWritten: what a detector or a classifier can be told goes through the journal. A method that only reads is named here;
// any other must be written down, or a call is not replayed as it was.
func TestEverythingIsWritten(t *testing.T) {
	for of, k := range map[reflect.Type]struct {
		wrapped reflect.Type
		reads   []string
	}{
		reflect.TypeFor[*turn.Detector]():     {reflect.TypeFor[*Detector](), []string{"Due", "Pending", "LastSpeech", "Likely", "Said", "Speech", "Thinking"}},
		reflect.TypeFor[*answer.Classifier](): {reflect.TypeFor[*Classifier](), []string{"Verdict", "Waits", "Leave"}},
		reflect.TypeFor[*menu.Guide]():        {reflect.TypeFor[*Guide](), []string{"Active", "Path", "Due"}},
	} {
		for i := range of.NumMethod() {
			m := of.Method(i)
			own, _ := k.wrapped.MethodByName(m.Name)
			file, _ := runtime.FuncForPC(own.Func.Pointer()).FileLine(own.Func.Pointer())
			if !slices.Contains(k.reads, m.Name) && filepath.Base(file) != "detector.go" && filepath.Base(file) != "guide.go" {
				t.Errorf("%s.%s is told past the journal", of, m.Name)
			}
		}
	}
}

// TestSize: what a minute of a call takes that is heard and answered on time, a word every half second.
func TestSize(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	d := New(turn.Options{}, w, nil)
	r := rand.New(rand.NewPCG(1, 1))
	var f audio.Frame
	for i := range 3000 {
		at := time.Duration(i) * audio.FrameDur
		now := at + audio.FrameDur + time.Duration(r.ExpFloat64()*1e5)
		d.Played(&f, at, now)
		d.Frame(&f, at, now)
		if i%25 == 0 {
			d.Heard(turn.Words{Text: "I would like to book a table for two people on Friday"[:5+i%50]}, now+5*time.Millisecond)
		}
	}
	w.Close()
	if b.Len() > 24<<10 {
		t.Errorf("%d bytes a minute", b.Len())
	}
	t.Logf("%d bytes a minute", b.Len())
}

func TestFrameAllocatesNothing(t *testing.T) {
	d := New(turn.Options{}, NewWriter(io.Discard), nil)
	f := audio.Frame{1, 2, 3}
	at := time.Duration(0)
	if n := testing.AllocsPerRun(2000, func() {
		at += audio.FrameDur
		d.Played(&f, at, at)
		d.Frame(&f, at, at+12345)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFrame(b *testing.B) {
	w := NewWriter(io.Discard)
	f := audio.Frame{1, 2, 3}
	at := time.Duration(0)
	b.ReportAllocs()
	for b.Loop() {
		at += audio.FrameDur
		w.sound(opPlayed, 1, &f, at, at)
		w.sound(opFrame, 0, &f, at, at)
	}
}

func FuzzPlay(f *testing.F) {
	var b bytes.Buffer
	c := newCall(2, &b)
	c.play(60, turn.Options{})
	c.w.Close()
	f.Add(b.Bytes())
	f.Add([]byte{opBegin | sameTime, 2, '{', '}'})
	f.Fuzz(func(t *testing.T, in []byte) {
		for _, play := range []func() (*Replay, error){
			func() (*Replay, error) { return Play(bytes.NewReader(in), &c.sound) },
			func() (*Replay, error) {
				return WouldBe(bytes.NewReader(in), &c.sound, func(o *turn.Options) { o.EndpointingSensitivity = "relaxed" })
			},
		} {
			if r, err := play(); err == nil && r == nil {
				t.Error("neither a replay nor an error")
			}
		}
	})
}
