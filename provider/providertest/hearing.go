package providertest

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/stt"
)

const deadline = 20 * time.Second // of one subtest; nothing should come near it

// Hearing is a vendor's transcriber before the suite.
type Hearing struct {
	Open    func(t testing.TB) stt.Transcriber          // a new one, connected to what hears rightly
	Failing func(t testing.TB, f Fault) stt.Transcriber // the first connection meets the fault; nil: there is no wire
	Sound   []audio.Frame                               // of two utterances at least; nil: Spoken(Want)
	Want    string                                      // words that the finals must hold, in order; "" for the fakes' own
	Pace    time.Duration                               // between frames; 0: as fast as they are taken
	Options stt.Options
}

// Test runs the suite.
func (h Hearing) Test(t *testing.T) {
	h.Want = cmp.Or(h.Want, "one two three four five")
	if h.Sound == nil {
		h.Sound = append(append(Spoken("one two three"), Silence(10)...), Spoken("four five")...)
	}
	t.Run("partials then finals", h.finals)
	t.Run("the sound ends in a word", h.abrupt)
	t.Run("silence makes no words", h.silence)
	t.Run("cancel", h.cancel)
	t.Run("the loop ends", h.breaks)
	if h.Failing == nil {
		return
	}
	for f := range Typed {
		t.Run("fault "+string(f), func(t *testing.T) { h.typed(t, f) })
	}
	for _, f := range []Fault{Refuse, Broken, RateLimited, CutJSON, Close} {
		t.Run("survives "+string(f), func(t *testing.T) { h.survives(t, f) })
	}
}

// feed gives frames at the suite's pace, and closes.
func (h Hearing) feed(ctx context.Context, frames []audio.Frame, end bool) <-chan audio.Frame {
	in := make(chan audio.Frame)
	go func() {
		for _, f := range frames {
			select {
			case in <- f:
			case <-ctx.Done():
				return
			}
			time.Sleep(h.Pace)
		}
		if end {
			close(in)
		}
	}()
	return in
}

// heard runs a stream to its end.
func (h Hearing) heard(t *testing.T, tr stt.Transcriber, frames []audio.Frame) (events []stt.Event, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	within(t, deadline, "hearing", func() {
		for e, er := range tr.Transcribe(ctx, h.feed(ctx, frames, true), h.Options) {
			if er != nil {
				err = er
				continue // an error ends the stream: another turn of the loop is a fault of the vendor's
			}
			if err != nil {
				t.Error("an event after the error")
			}
			events = append(events, e)
		}
	})
	return events, err
}

func finals(events []stt.Event) string {
	var out []string
	for _, e := range events {
		if e.Final {
			out = append(out, e.Text)
		}
	}
	return strings.ToLower(strings.Join(out, " "))
}

func (h Hearing) check(t *testing.T, events []stt.Event) {
	t.Helper()
	got := " " + finals(events) + " "
	rest := got
	for _, w := range strings.Fields(h.Want) {
		i := strings.Index(rest, w)
		if i < 0 {
			t.Fatalf("finals %q lack %q in its place", got, w)
		}
		rest = rest[i+len(w):]
		if strings.Count(got, w) > strings.Count(h.Want, w) {
			t.Errorf("finals %q have %q more than once", got, w)
		}
	}
}

func (h Hearing) finals(t *testing.T) {
	Leaks(t, func() {
		events, err := h.heard(t, h.Open(t), h.Sound)
		if err != nil {
			t.Fatal(err)
		}
		h.check(t, events)
		partial := false
		var last time.Duration
		for _, e := range events {
			if e.Final && !partial {
				t.Errorf("final %q without a partial before it", e.Text)
			}
			if e.Text != "" {
				partial = !e.Final
			}
			for _, w := range e.Words {
				if w.End < w.Start || w.Start < 0 {
					t.Errorf("word %+v ends before it begins", w)
				}
			}
			if n := len(e.Words); e.Final && n > 0 {
				if e.Words[0].Start < last {
					t.Errorf("final %q begins at %s, before %s", e.Text, e.Words[0].Start, last)
				}
				last = e.Words[n-1].End
			}
		}
	})
}

// abrupt: words that were being spoken when the sound ended are told, too.
func (h Hearing) abrupt(t *testing.T) {
	frames := h.Sound
	for len(frames) > 0 && frames[len(frames)-1] == (audio.Frame{}) {
		frames = frames[:len(frames)-1]
	}
	events, err := h.heard(t, h.Open(t), frames)
	if err != nil {
		t.Fatal(err)
	}
	h.check(t, events)
}

func (h Hearing) silence(t *testing.T) {
	events, err := h.heard(t, h.Open(t), Silence(60))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if e.Text != "" {
			t.Errorf("silence made %q", e.Text)
		}
	}
}

// cancel: the stream ends within a second, with the context's error, and leaves nothing.
func (h Hearing) cancel(t *testing.T) {
	Leaks(t, func() {
		tr := h.Open(t)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		in := h.feed(ctx, Silence(20), false)
		time.AfterFunc(100*time.Millisecond, cancel)
		var got error
		within(t, 1100*time.Millisecond, "a cancelled stream", func() {
			for _, err := range tr.Transcribe(ctx, in, h.Options) {
				if err != nil {
					got = err
				}
			}
		})
		if !errors.Is(got, context.Canceled) {
			t.Errorf("a cancelled stream ended with %v", got)
		}
	})
}

// breaks: leaving the loop at the first event is the whole shutdown protocol.
func (h Hearing) breaks(t *testing.T) {
	Leaks(t, func() {
		tr := h.Open(t)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		in := h.feed(ctx, h.Sound, false)
		within(t, deadline, "leaving the loop", func() {
			for _, err := range tr.Transcribe(ctx, in, h.Options) {
				if err != nil {
					t.Error(err)
				}
				break
			}
		})
	})
}

func (h Hearing) typed(t *testing.T, f Fault) {
	Leaks(t, func() {
		_, err := h.heard(t, h.Failing(t, f), h.Sound)
		checkTyped(t, f, err)
	})
}

// survives: one vendor behind Fallback, its first connection lost; no word is.
func (h Hearing) survives(t *testing.T, f Fault) {
	Leaks(t, func() {
		tr := stt.Fallback(stt.Vendor{Name: t.Name(), Transcriber: h.Failing(t, f)})
		slow := h
		slow.Pace = max(h.Pace, time.Millisecond)
		events, err := slow.heard(t, tr, h.Sound)
		if err != nil {
			t.Fatal(err)
		}
		h.check(t, events)
	})
}
