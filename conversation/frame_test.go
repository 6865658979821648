package conversation

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/turn/journal"
)

// endless is a leg that gives one frame after the other.
type endless struct {
	idleLeg
	e leg.Event
	n int
}

func (l *endless) Read(context.Context) (leg.Event, error) {
	l.n++
	l.e.At += audio.FrameDur / 2
	l.e.Kind = leg.Audio
	if l.n%2 == 0 {
		l.e.Kind = leg.Played
	}
	return l.e, nil
}

// perFrame is what a frame costs from Read to the decision, without the hand-over between goroutines.
func perFrame(voice bool) func() {
	l := &endless{}
	c := newLoop(l, Setup{CallID: "call", Idle: Idle{After: time.Hour, Ask: true}, Keeping: Keeping{Journal: journal.NewWriter(io.Discard), Discretion: &Discretion{}}})
	frames := legtest.Tone(300, time.Second, 8000)
	ctx := context.Background()
	n := 0
	return func() {
		n++
		l.e.Frame = audio.Frame{}
		if voice && n%100 < 50 {
			l.e.Frame = frames[n%50]
		}
		e, err := c.ear.read(ctx, c)
		if err != nil {
			panic(err)
		}
		select {
		case <-c.ear.frames:
		default:
		}
		c.event(ctx, &e)
		c.due(ctx)
	}
}

func TestFrameAllocatesNothing(t *testing.T) {
	for _, voice := range []bool{false, true} {
		f := perFrame(voice)
		if n := testing.AllocsPerRun(1000, f); n != 0 {
			t.Errorf("voice %v: %v allocations per frame", voice, n)
		}
	}
}

func BenchmarkFrame(b *testing.B) {
	for name, voice := range map[string]bool{"silence": false, "speech": true} {
		b.Run(name, func(b *testing.B) {
			f := perFrame(voice)
			b.ReportAllocs()
			for b.Loop() {
				f()
			}
		})
	}
}

func TestSlowTranscriberLosesTheOldest(t *testing.T) {
	h := ear{frames: make(chan audio.Frame, 3)}
	for i := range 5 {
		h.feed(&audio.Frame{int16(i)})
	}
	if h.fed != 5 || h.lost != 2 {
		t.Errorf("fed %d, lost %d", h.fed, h.lost)
	}
	for want := int16(2); want < 5; want++ {
		if f := <-h.frames; f[0] != want {
			t.Errorf("frame %d, want %d", f[0], want)
		}
	}
}

func TestClockSetsItself(t *testing.T) {
	began := time.Now()
	c := clock{origin: began}
	c.tell(5 * time.Second) // Run began five seconds after the answer
	if got := c.now(); got < 5*time.Second {
		t.Errorf("%s since answer", got)
	}
	c.tell(time.Second) // a late frame changes nothing
	if got := c.now(); got < 5*time.Second {
		t.Errorf("%s since answer after a late frame", got)
	}
	if c.of(time.Time{}) != 0 || c.of(began) < 5*time.Second {
		t.Error("a moment is in the wrong place")
	}
}

func TestPhrasesOfEveryLanguage(t *testing.T) {
	for _, code := range []string{"en", "es", "de", "hi", "pt", "fr", "nl", "id", "it", "ja", "ko"} {
		p, ok := spoken[code]
		if !ok || p.sorry == "" || p.farewell == "" || len(p.present) == 0 || p.pressed == "" || p.sorry == p.farewell {
			t.Errorf("%s: %+v", code, p)
		}
	}
	if phrasesOf("xx").sorry != spoken["en"].sorry {
		t.Error("an unknown language is not taken as en")
	}
}

func TestHistoryGoesOn(t *testing.T) {
	h := &History{Turns: []parley.Turn{{ID: "t1"}, {ID: "t2"}}}
	c := newLoop(&endless{}, Setup{History: h})
	c.human("again", 0, time.Second)
	if got := h.Turns[2].ID; got != "t3" {
		t.Errorf("the next turn of a history is %s", got)
	}
}

func TestGate(t *testing.T) {
	loud, quiet := audio.Frame{}, audio.Frame{}
	for i := range loud {
		loud[i], quiet[i] = 4000, 1000
	}
	h := ear{frames: make(chan audio.Frame, 1), gate: gate{least: 0.06}}
	passed := func(f *audio.Frame) bool {
		h.feed(f)
		got := <-h.frames
		if got != *f && got != silence {
			t.Fatal("a frame was changed")
		}
		return got == *f
	}
	if passed(&quiet) {
		t.Error("a quiet frame passed")
	}
	if !passed(&loud) {
		t.Error("a loud frame did not")
	}
	for i := range gateHold {
		if !passed(&quiet) {
			t.Fatalf("the end of a word was cut off after %d frames", i)
		}
	}
	for range 2 {
		if passed(&quiet) {
			t.Error("the gate stays open")
		}
	}
	h.gate = gate{}
	if !passed(&quiet) {
		t.Error("without min_volume a quiet frame must pass")
	}
	if n := testing.AllocsPerRun(100, func() { h.gate.least = 0.06; h.feed(&quiet); <-h.frames }); n != 0 {
		t.Errorf("%g allocations a frame", n)
	}
}
