package google

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
)

func frame(n int) (f audio.Frame) {
	f[0] = int16(n)
	return f
}

// sentBy reads what a line sends, as the numbers of its frames, until its end or an error.
func sentBy(l *line) (frames []int, err error) {
	b, err := io.ReadAll(l)
	for len(b) > 0 {
		size := int(b[1])<<24 | int(b[2])<<16 | int(b[3])<<8 | int(b[4])
		num, kind, n := protowire.ConsumeTag(b[5:])
		sound, _ := protowire.ConsumeBytes(b[5+n:])
		if num != 2 || kind != protowire.BytesType || b[0] != 0 || len(sound)%640 != 0 {
			return frames, errors.New("a strange message")
		}
		for ; len(sound) > 0; sound = sound[640:] {
			frames = append(frames, int(sound[0])|int(sound[1])<<8)
		}
		b = b[5+size:]
	}
	return frames, err
}

func newLine(t *tape) *line {
	start, anew := t.rewind()
	return &line{tape: t, cancel: func() {}, opened: time.Now(), quiet: time.Hour, most: time.Hour, start: start, anew: anew,
		buf: make([]byte, headRoom+together*2*audio.Samples)}
}

func count(from, to int) (out []int) {
	for n := from; n < to; n++ {
		out = append(out, n)
	}
	return out
}

// TestTape: what a stream hears again that takes over from another.
func TestTape(t *testing.T) {
	for name, tc := range map[string]struct {
		frames, sent int // that came, and that a stream had when they were all there
		settled      int
		talking      bool
		want         int // the first it hears
	}{
		"nothing was heard":         {100, 0, 0, false, 0},
		"a little":                  {100, 100, 0, false, 0},
		"mere silence":              {1000, 1000, 0, false, 1000 - tapeQuiet},
		"words that are not final":  {1000, 1000, 300, true, 300},
		"words since the last":      {1000, 1000, 990, false, 990},
		"settled ahead of itself":   {1000, 400, 900, true, 400},
		"more than there is a tape": {5000, 5000, 0, true, 5000 - tapeMost},
		"nobody has heard it yet":   {5000, 0, 0, false, 5000 - tapeMost},
	} {
		tp := newTape()
		tp.speaks(tc.talking)
		for n := range tc.frames {
			f := frame(n)
			if n < tc.sent {
				tp.sent = n + 1
			}
			tp.push(&f)
			tp.sent = min(tp.next, max(tp.sent, tp.first))
			if n >= tc.sent {
				tp.sent = max(tc.sent, tp.first)
			}
		}
		tp.settle(tc.settled)
		tp.change(func() { tp.ended = true })
		l := newLine(tp)
		got, err := sentBy(l)
		if err != nil || !slices.Equal(got, count(tc.want, tc.frames)) || l.start != tc.want {
			t.Errorf("%s: %d frames from %v, clock from %d: %v; want from %d to %d", name, len(got), got[:min(1, len(got))], l.start, err, tc.want, tc.frames)
		}
	}
}

// TestClock: sound that was forgotten before a slow stream could send it moves what comes after.
func TestClock(t *testing.T) {
	tp := newTape()
	l := newLine(tp)
	push := func(from, to int) {
		for n := from; n < to; n++ {
			f := frame(n)
			tp.push(&f)
		}
	}
	push(0, 5)
	if err := l.fill(); err != nil || l.sent != 5 {
		t.Fatal(l.sent, err)
	}
	tp.speaks(true)
	push(5, 2000)
	tp.change(func() { tp.ended = true })
	l.head = nil
	got, err := sentBy(l)
	if err != nil || got[0] != 500 || l.at(100*time.Millisecond) != 10*time.Second {
		t.Errorf("went on with frame %d, Google's 100 ms are at %s: %v", got[0], l.at(100*time.Millisecond), err)
	}
	if end := l.at(time.Hour); end != 2000*audio.FrameDur {
		t.Errorf("the end is at %s", end)
	}
}

// TestGivesWay: when a stream does, and that the next one has a frame of its own first.
func TestGivesWay(t *testing.T) {
	for name, tc := range map[string]struct {
		age     time.Duration
		talking bool
		want    bool
	}{
		"young": {ageQuiet - time.Second, false, false}, "old": {ageQuiet, false, true}, "old, amid words": {ageQuiet, true, false},
		"too old": {ageMost, true, true},
	} {
		tp := newTape()
		l := newLine(tp)
		l.quiet, l.most = ageQuiet, ageMost
		f := frame(1)
		tp.push(&f)
		if l.opened = time.Now().Add(-tc.age); l.old() {
			t.Errorf("%s: gives way before it sent anything", name)
		}
		l.opened = time.Now()
		if err := l.fill(); err != nil {
			t.Fatal(err)
		}
		tp.talking = tc.talking
		l.opened = time.Now().Add(-tc.age)
		tp.mu.Lock()
		if got := l.old(); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
		tp.mu.Unlock()
	}
}

// TestIdle: without sound there is no stream, and none again until there is.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		tp, in := newTape(), make(chan audio.Frame)
		go tp.run(ctx, in)
		in <- frame(0)
		l := newLine(tp)
		began := time.Now()
		if got, err := sentBy(l); err != nil || len(got) != 1 || time.Since(began) != idleAfter {
			t.Errorf("%v after %s: %v", got, time.Since(began), err)
		}
		l.late.Stop()
		tp.settle(1 << 40)
		tp.rewind()
		time.AfterFunc(time.Minute, func() { in <- frame(1) })
		if !tp.more() || time.Since(began) != idleAfter+time.Minute {
			t.Errorf("woke after %s", time.Since(began))
		}
		next := newLine(tp)
		time.AfterFunc(time.Second, func() { close(in) })
		got, err := sentBy(next)
		next.late.Stop()
		if err != nil || !slices.Equal(got, []int{1}) || next.start != 1 {
			t.Errorf("%v from %d: %v", got, next.start, err)
		}
		tp.settle(1 << 40)
		if tp.rewind(); tp.more() {
			t.Error("more after the end")
		}
	})
}

// TestTake: what Google says, after the example in its reference, and what becomes of it.
func TestTake(t *testing.T) {
	type rs = []result
	interim := func(text string) result { return result{text: text} }
	final := func(text string) result { return result{text: text, final: true, end: time.Second} }
	for name, tc := range map[string]struct {
		in   []response
		want string // partials, finals with a full stop, / for their end, ! for Started
	}{
		"the reference's example": {[]response{{results: rs{interim("tube")}}, {results: rs{interim("to be a")}}, {results: rs{interim("to be"), interim(" or not to be")}},
			{results: rs{final("to be or not to be")}}, {results: rs{interim(" that's")}}, {results: rs{interim(" that is"), interim(" the question")}}, {results: rs{final(" that is the question")}}},
			"tube | to be a | to be or not to be | to be or not to be./ | that's | that is the question | that is the question./"},
		"activity":               {[]response{{event: 2}, {results: rs{interim("hi")}}, {event: 3}, {results: rs{final("hi")}}}, "! | hi | hi./"},
		"activity ends after":    {[]response{{event: 2}, {results: rs{interim("hi")}}, {results: rs{final("hi")}}, {event: 3}}, "! | hi | hi. | /"},
		"goes on speaking":       {[]response{{event: 2}, {results: rs{interim("hi")}}, {event: 3}, {event: 2}, {results: rs{final("hi")}}, {event: 3}}, "! | hi | ! | hi. | /"},
		"noise":                  {[]response{{event: 2}, {event: 3}, {event: 1}, {event: 4}}, "!"},
		"a final alone":          {[]response{{results: rs{final("hi")}}}, "hi | hi./"},
		"a final and what's on":  {[]response{{results: rs{final("hi"), interim(" so")}}}, "hi | hi./ | so"},
		"a final without words":  {[]response{{results: rs{interim("hi")}}, {results: rs{final("")}}, {results: rs{final(" ")}}}, "hi | hi./"},
		"the same again":         {[]response{{results: rs{interim("hi")}}, {results: rs{interim("hi")}}, {}}, "hi"},
		"words that never ended": {[]response{{results: rs{final("so")}}, {results: rs{interim("hi")}}, {event: 99}}, "so | so./ | hi"},
	} {
		r := results{place: func(d time.Duration) time.Duration { return d }}
		var got []string
		for i := range tc.in {
			events, _ := r.take(&tc.in[i])
			for _, e := range events {
				text := e.Text
				if e.Started {
					text = "!"
				}
				if e.Final {
					text += "."
				}
				if e.End {
					text += "/"
				}
				got = append(got, text)
			}
		}
		if strings.Join(got, " | ") != tc.want {
			t.Errorf("%s: %q, want %s", name, got, tc.want)
		}
	}
	r := results{place: func(d time.Duration) time.Duration { return d }}
	r.take(&response{results: rs{interim("hi")}})
	if e := r.rest(); len(e) != 1 || !e[0].Final || !e[0].End || e[0].Text != "hi" || r.rest() != nil {
		t.Errorf("left %+v", e)
	}
}

// TestSettled: how much sound a response makes final.
func TestSettled(t *testing.T) {
	r := results{place: func(d time.Duration) time.Duration { return min(d, 10*time.Second) + time.Minute }}
	for _, tc := range []struct {
		one  result
		want time.Duration
	}{
		{result{text: "a"}, 0},
		{result{text: "a", final: true, end: time.Second}, 61 * time.Second},
		{result{text: "a", final: true, end: time.Second, words: []stt.Word{{Text: "a", End: 2 * time.Second}}}, 62 * time.Second},
		{result{text: "a", final: true}, 70 * time.Second},
		{result{final: true, end: 3 * time.Second}, 63 * time.Second},
	} {
		if _, got := r.take(&response{results: []result{tc.one}}); got != tc.want {
			t.Errorf("%+v settles %s, want %s", tc.one, got, tc.want)
		}
	}
}

func FuzzResponse(f *testing.F) {
	word := appendText(appendBytes(appendBytes(nil, 1, []byte{8, 1}), 2, []byte{8, 2, 16, 5}), 3, "hi")
	alternative := appendBytes(appendText(nil, 1, "hi"), 3, word)
	f.Add(appendBytes(nil, 2, append(appendBytes(nil, 1, alternative), 16, 1)))
	f.Add(appendBytes(nil, 1, append([]byte{8, 11}, appendText(nil, 2, "out of range")...)))
	f.Add([]byte{32, 2, 66, 2, 8, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseResponse(b)
		if err != nil {
			return
		}
		rs := results{place: func(d time.Duration) time.Duration { return d }}
		at := time.Duration(0)
		for range 2 {
			events, settled := rs.take(&r)
			if settled < 0 || settled > day+time.Hour {
				t.Errorf("settled %s", settled)
			}
			for _, e := range events {
				if e.Final && e.Text == "" {
					t.Errorf("a final without words: %+v", e)
				}
				if !e.Final {
					continue
				}
				for _, w := range e.Words {
					if w.Start < at || w.End < w.Start {
						t.Errorf("word %+v after %s", w, at)
					}
					at = w.End
				}
			}
		}
	})
}

// TestFrameAllocatesNothing: a frame's way to the wire, 50 times a second in every call.
func TestFrameAllocatesNothing(t *testing.T) {
	tp := newTape()
	l, f, p := newLine(tp), frame(9000), make([]byte, 4096)
	if n := testing.AllocsPerRun(1000, func() {
		tp.push(&f)
		if n, err := l.Read(p); n < 640 || err != nil {
			t.Error(n, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// BenchmarkFrame is a frame's way to its message.
func BenchmarkFrame(b *testing.B) {
	tp := newTape()
	l, f, p := newLine(tp), frame(9000), make([]byte, 4096)
	b.ReportAllocs()
	for b.Loop() {
		tp.push(&f)
		l.Read(p)
	}
}

// BenchmarkHearing measures, against the fake, from a response's first byte to its event: what our plumbing adds. The kernel's part and the
// fake's own are in it.
func BenchmarkHearing(b *testing.B) {
	g := providertest.NewGoogle(b)
	tr := transcriber(b, g, "")
	var took []time.Duration
	for b.Loop() {
		in := make(chan audio.Frame)
		go func() {
			defer close(in)
			for _, f := range providertest.Spoken("one two three") {
				in <- f
			}
		}()
		for e, err := range tr.Transcribe(b.Context(), in, stt.Options{}) {
			if err != nil {
				b.Fatal(err)
			}
			if e.Final {
				took = append(took, time.Since(g.Sounded()))
			}
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
}

// TestLiveHearing hears what Google speaks.
func TestLiveHearing(t *testing.T) {
	key, speaks := os.Getenv("GOOGLE_STT_API_KEY"), os.Getenv("GOOGLE_TTS_API_KEY")
	if key == "" {
		key = os.Getenv("GOOGLE_API_KEY")
	}
	if !*live || key == "" {
		t.Skip("-live and GOOGLE_API_KEY or GOOGLE_STT_API_KEY not given")
	}
	if speaks == "" {
		speaks = key
	}
	v, err := NewVoice(provider.Access{Key: speaks}, nil)
	if err != nil {
		t.Fatal(err)
	}
	sound := providertest.Say(t, v, "My name is Alice, and I live in London.")
	tr, err := NewTranscriber(provider.Access{Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := providertest.Hear(t, tr, sound, 20*time.Millisecond, stt.Options{Language: "en", Keywords: map[string]float64{"Alice": 5}}); !strings.Contains(got, "london") {
		t.Errorf("heard %q", got)
	}
}
