package providertest

import (
	"context"
	"errors"
	"io"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/tts"
)

// Speaking is a vendor's synthesizer before the suite. Those that are an io.Closer are closed.
type Speaking struct {
	Open    func(t testing.TB) tts.Synthesizer
	Failing func(t testing.TB, f Fault) tts.Synthesizer // the first connection or request meets the fault; nil: there is no wire
	Pieces  []string                                    // of one reply; nil: the suite's own
	Options tts.Options
}

// Test runs the suite.
func (h Speaking) Test(t *testing.T) {
	if h.Pieces == nil {
		h.Pieces = []string{"Well, ", "that is good news. ", " ", "Shall I call you back at nine? "}
	}
	t.Run("all is spoken", h.all)
	t.Run("nothing to speak", h.nothing)
	t.Run("first sound before the last piece", h.early)
	t.Run("reply after reply", h.again)
	t.Run("cancel", h.cancel)
	t.Run("interrupted, then on", h.interrupted)
	if h.Failing == nil {
		return
	}
	for f := range Typed {
		t.Run("fault "+string(f), func(t *testing.T) {
			Leaks(t, func() {
				s := h.Failing(t, f)
				defer closeIt(s)
				checkTyped(t, f, h.speak(t, s, h.Pieces).err)
			})
		})
	}
	for _, f := range append([]Fault{Refuse, Unauthorized, RateLimited, Broken, CutJSON, Garbage, Close}, Untimely...) {
		t.Run("next takes over from "+string(f), func(t *testing.T) { h.fallback(t, f) })
	}
}

func closeIt(s tts.Synthesizer) {
	if c, ok := s.(io.Closer); ok {
		c.Close()
	}
}

type spoken struct {
	text   string
	frames int
	loud   int
	notice string
	vendor string
	err    error
}

func send1(pieces []string) <-chan string {
	in := make(chan string, len(pieces))
	for _, p := range pieces {
		in <- p
	}
	close(in)
	return in
}

func (s *spoken) take(c tts.Chunk, err error) {
	if err != nil {
		s.err = err
		return
	}
	s.frames++
	s.text += c.Text
	if c.Frame != (audio.Frame{}) {
		s.loud++
	}
	if c.Notice != "" {
		s.notice = c.Notice
	}
	if c.Vendor != "" {
		s.vendor = c.Vendor
	}
}

func (h Speaking) speak(t *testing.T, syn tts.Synthesizer, pieces []string) (s spoken) {
	t.Helper()
	within(t, deadline, "speaking", func() {
		for c, err := range syn.Speak(context.Background(), send1(pieces), h.Options) {
			if s.err != nil {
				t.Error("a chunk after the error")
			}
			s.take(c, err)
		}
	})
	return s
}

func (h Speaking) all(t *testing.T) {
	Leaks(t, func() {
		s := h.Open(t)
		defer closeIt(s)
		h.check(t, h.speak(t, s, h.Pieces))
	})
}

func (h Speaking) check(t *testing.T, got spoken) {
	t.Helper()
	if got.err != nil {
		t.Fatal(got.err)
	}
	if want := strings.Join(h.Pieces, ""); got.text != want {
		t.Errorf("spoke %q, want %q", got.text, want)
	}
	if got.loud < 5 {
		t.Errorf("%d frames of %d have sound", got.loud, got.frames)
	}
}

func (h Speaking) nothing(t *testing.T) {
	s := h.Open(t)
	defer closeIt(s)
	if got := h.speak(t, s, nil); got.err != nil || got.frames > 0 || got.text != "" {
		t.Errorf("nothing gave %+v", got)
	}
}

// early: sound comes while the reply is still being written.
func (h Speaking) early(t *testing.T) {
	Leaks(t, func() {
		s := h.Open(t)
		defer closeIt(s)
		in := make(chan string, len(h.Pieces))
		in <- h.Pieces[0]
		var got spoken
		open := true
		within(t, deadline, "the first sound", func() {
			for c, err := range s.Speak(context.Background(), in, h.Options) {
				got.take(c, err)
				if open {
					open = false
					for _, p := range h.Pieces[1:] {
						in <- p
					}
					close(in)
				}
			}
		})
		h.check(t, got)
	})
}

func (h Speaking) again(t *testing.T) {
	Leaks(t, func() {
		s := h.Open(t)
		defer closeIt(s)
		for range 3 {
			h.check(t, h.speak(t, s, h.Pieces))
		}
	})
}

func (h Speaking) cancel(t *testing.T) {
	Leaks(t, func() {
		s := h.Open(t)
		defer closeIt(s)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		in := make(chan string, 1)
		in <- h.Pieces[0] // and no more: the stream waits
		time.AfterFunc(100*time.Millisecond, cancel)
		var got error
		within(t, 1100*time.Millisecond, "a cancelled reply", func() {
			for _, err := range s.Speak(ctx, in, h.Options) {
				if err != nil {
					got = err
				}
			}
		})
		if !errors.Is(got, context.Canceled) {
			t.Errorf("a cancelled reply ended with %v", got)
		}
	})
}

// interrupted: after a reply that was cut off the next is whole, and has nothing of the one before.
func (h Speaking) interrupted(t *testing.T) {
	Leaks(t, func() {
		s := h.Open(t)
		defer closeIt(s)
		for range 3 {
			within(t, deadline, "leaving the loop", func() {
				for _, err := range s.Speak(context.Background(), send1([]string{"This is a long sentence that nobody will hear to its end."}), h.Options) {
					if err != nil {
						t.Error(err)
					}
					break
				}
			})
			want := h.speak(t, s, h.Pieces)
			h.check(t, want)
			if got := h.speak(t, s, h.Pieces); got.frames != want.frames {
				t.Errorf("%d frames after an interruption, %d without", want.frames, got.frames)
			}
		}
	})
}

// fallback: whatever the vendor does, all is spoken once.
func (h Speaking) fallback(t *testing.T, f Fault) {
	Leaks(t, func() {
		first := h.Failing(t, f)
		next := tts.Func(func(_ context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
			return func(yield func(tts.Chunk, error) bool) {
				for p := range text {
					c := tts.Chunk{Text: p}
					c.Frame[0] = 9000
					if !yield(c, nil) {
						return
					}
				}
			}
		})
		s := tts.Fallback(
			tts.Vendor{Name: t.Name(), Synthesizer: first, FirstSound: 150 * time.Millisecond, Stall: 150 * time.Millisecond},
			tts.Vendor{Name: t.Name() + " next", Synthesizer: next})
		defer closeIt(s)
		got := h.speak(t, s, h.Pieces)
		if got.err != nil {
			t.Fatal(got.err)
		}
		if want := strings.Join(h.Pieces, ""); got.text != want {
			t.Errorf("spoke %q, want %q", got.text, want)
		}
		if got.vendor != t.Name()+" next" || got.notice == "" {
			t.Errorf("vendor %q, notice %q", got.vendor, got.notice)
		}
	})
}
