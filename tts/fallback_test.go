package tts

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// actor is a synthesizer that speaks a word in a frame, and stops for its fault after some words.
type actor struct {
	words int           // spoken before the fault; negative: no fault
	fault error         // nil: silence from then on
	hush  time.Duration // between the frames of that silence; 0: not even frames
	quit  bool          // the stream just ends
	lag   time.Duration // before each word
	heard *[]string     // pieces received
}

func (a actor) Speak(ctx context.Context, text <-chan string, _ Options) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		said := 0
		for {
			if said == a.words {
				a.fail(ctx, yield)
				return
			}
			select {
			case p, ok := <-text:
				if !ok {
					return
				}
				if a.heard != nil {
					*a.heard = append(*a.heard, p)
				}
				for len(p) > 0 {
					if said == a.words {
						a.fail(ctx, yield)
						return
					}
					n := wordLen(p)
					time.Sleep(a.lag)
					if !yield(Chunk{Frame: noise, Text: p[:n]}, nil) {
						return
					}
					p = p[n:]
					said++
				}
			case <-ctx.Done():
				yield(Chunk{}, ctx.Err())
				return
			}
		}
	}
}

func (a actor) fail(ctx context.Context, yield func(Chunk, error) bool) {
	for a.hush > 0 && ctx.Err() == nil {
		time.Sleep(a.hush)
		if !yield(Chunk{}, nil) {
			return
		}
	}
	if a.fault == nil && !a.quit {
		<-ctx.Done()
		yield(Chunk{}, ctx.Err())
		return
	}
	if !a.quit {
		yield(Chunk{}, a.fault)
	}
}

var noise = audio.Frame{0: 5000}

func fault(code parley.VendorCode) error {
	return &parley.VendorError{Vendor: "bad", Code: code, Message: "no"}
}

// later gives pieces with a pause between them, and closes.
func later(ctx context.Context, pause time.Duration, pieces ...string) <-chan string {
	in := make(chan string)
	go func() {
		defer close(in)
		for _, p := range pieces {
			select {
			case in <- p:
			case <-ctx.Done():
				return
			}
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	}()
	return in
}

type outcome struct {
	text, vendor, notice string
	frames               int
	err                  error
}

func run(ctx context.Context, s Synthesizer, in <-chan string) (o outcome) {
	for c, err := range s.Speak(ctx, in, Options{}) {
		if err != nil {
			o.err = err
			continue
		}
		o.frames++
		o.text += c.Text
		if c.Vendor != "" {
			o.vendor = c.Vendor
		}
		if c.Notice != "" {
			o.notice = c.Notice
		}
	}
	return o
}

var pieces = []string{"Well, that ", "is good news. ", "Shall we?"}

// TestFaultMatrix: whatever goes wrong with the first voice, the second says the rest, and nothing twice.
func TestFaultMatrix(t *testing.T) {
	closedBreakers()
	for name, tc := range map[string]struct {
		first  actor
		within time.Duration
		rest   string // the first piece the next voice gets
	}{
		"refuse":              {actor{fault: fault(parley.VendorUnavailable)}, 0, "Well, that "},
		"401":                 {actor{fault: fault(parley.VendorUnauthorized)}, 0, "Well, that "},
		"429":                 {actor{fault: fault(parley.VendorRateLimited)}, 0, "Well, that "},
		"500":                 {actor{fault: fault(parley.VendorUnavailable)}, 0, "Well, that "},
		"no first byte":       {actor{}, firstSound, "Well, that "},
		"drip":                {actor{hush: 20 * time.Millisecond}, firstSound + 20*time.Millisecond, "Well, that "},
		"stall":               {actor{words: 1}, stallLimit, " that "},
		"stall after a piece": {actor{words: 2}, stallLimit, "is good news. "},
		"drip after sound":    {actor{words: 4, hush: 20 * time.Millisecond}, stallLimit + 20*time.Millisecond, " news. "},
		"cut":                 {actor{words: 3, fault: fault(parley.VendorBadOutput)}, 0, " good news. "},
		"close":               {actor{words: 5, quit: true}, 0, "Shall we?"},
		"close at once":       {actor{quit: true}, 0, "Well, that "},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var heard []string
				start := time.Now()
				s := Fallback(Vendor{Name: t.Name(), Synthesizer: tc.first}, Vendor{Name: "good " + name, Synthesizer: actor{words: -1, heard: &heard}})
				o := run(t.Context(), s, later(t.Context(), 0, pieces...))
				if o.err != nil {
					t.Fatal(o.err)
				}
				if took := time.Since(start); took > tc.within || took < tc.within-20*time.Millisecond {
					t.Errorf("took %s, want %s", took, tc.within)
				}
				if want := strings.Join(pieces, ""); o.text != want {
					t.Errorf("spoke %q, want %q", o.text, want)
				}
				if len(heard) == 0 || heard[0] != tc.rest {
					t.Errorf("the next was given %q, want %q first", heard, tc.rest)
				}
				if o.vendor != "good "+name || !strings.Contains(o.notice, t.Name()) {
					t.Errorf("vendor %q, notice %q", o.vendor, o.notice)
				}
			})
		})
	}
}

// TestWaitingForWordsIsNoFault: a model that takes its time between pieces, and a consumer that takes its time with
// frames, are not the voice's fault.
func TestWaitingForWordsIsNoFault(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		s := Fallback(Vendor{Name: t.Name(), Synthesizer: actor{words: -1}})
		got := ""
		for c, err := range s.Speak(t.Context(), later(t.Context(), time.Minute, pieces...), Options{}) {
			if err != nil {
				t.Fatal(err)
			}
			got += c.Text
			time.Sleep(time.Minute)
		}
		if got != strings.Join(pieces, "") {
			t.Errorf("spoke %q", got)
		}
	})
}

// TestSlowButSteady: sound that keeps coming is no stall, however long the reply.
func TestSlowButSteady(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		long := strings.Repeat("word ", 50)
		o := run(t.Context(), Fallback(Vendor{Name: t.Name(), Synthesizer: actor{words: -1, lag: 2 * time.Second}}), later(t.Context(), 0, long))
		if o.err != nil || o.text != long {
			t.Errorf("%+v", o)
		}
	})
}

func TestAllFail(t *testing.T) {
	closedBreakers()
	o := run(t.Context(), Fallback(
		Vendor{Name: t.Name(), Synthesizer: actor{words: 1, fault: fault(parley.VendorUnavailable)}},
		Vendor{Name: t.Name() + "2", Synthesizer: actor{words: 1, fault: fault(parley.VendorRefused)}}), later(t.Context(), 0, pieces...))
	var v *parley.VendorError
	if !errors.As(o.err, &v) || v.Code != parley.VendorRefused || o.text != "Well, that " {
		t.Errorf("%+v", o)
	}
	if o := run(t.Context(), Fallback(), later(t.Context(), 0, "x")); !errors.As(o.err, &v) {
		t.Errorf("nobody gave %v", o.err)
	}
}

// TestLoneVoice: a connection that was lost is tried again, from the cut word.
func TestLoneVoice(t *testing.T) {
	closedBreakers()
	tries := 0
	s := Func(func(ctx context.Context, text <-chan string, o Options) iter.Seq2[Chunk, error] {
		if tries++; tries == 1 {
			return actor{words: 3, fault: fault(parley.VendorUnavailable)}.Speak(ctx, text, o)
		}
		return actor{words: -1}.Speak(ctx, text, o)
	})
	if o := run(t.Context(), Fallback(Vendor{Name: t.Name(), Synthesizer: s}), later(t.Context(), 0, pieces...)); o.err != nil || o.text != strings.Join(pieces, "") || tries != 2 {
		t.Errorf("%d tries, %+v", tries, o)
	}
}

// TestLastIsWaitedForLonger: with nobody left to speak, a late word beats none; but not for ever.
func TestLastIsWaitedForLonger(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		if o := run(t.Context(), Fallback(Vendor{Name: t.Name(), Synthesizer: actor{words: -1, lag: 4 * time.Second}}), later(t.Context(), 0, "Hello")); o.text != "Hello" {
			t.Errorf("alone: %+v", o)
		}
		start := time.Now()
		o := run(t.Context(), Fallback(Vendor{Name: t.Name() + "1", Synthesizer: actor{}}, Vendor{Name: t.Name() + "2", Synthesizer: actor{}}), later(t.Context(), 0, "Hello"))
		var v *parley.VendorError
		if took := time.Since(start); !errors.As(o.err, &v) || v.Code != parley.VendorTimeout || took != firstSound+lastSound {
			t.Errorf("gave up after %s with %v", took, o.err)
		}
	})
}

// TestErrorAfterTheLastWordIsNone: all was heard.
func TestErrorAfterTheLastWordIsNone(t *testing.T) {
	closedBreakers()
	o := run(t.Context(), Fallback(Vendor{Name: t.Name(), Synthesizer: Func(func(_ context.Context, text <-chan string, _ Options) iter.Seq2[Chunk, error] {
		return func(yield func(Chunk, error) bool) {
			for p := range text {
				yield(Chunk{Frame: noise, Text: p}, nil)
			}
			yield(Chunk{}, fault(parley.VendorUnavailable))
		}
	})}), later(t.Context(), 0, pieces...))
	if o.err != nil || o.text != strings.Join(pieces, "") {
		t.Errorf("%+v", o)
	}
}

func TestCancelledReply(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		o := run(ctx, Fallback(Vendor{Name: t.Name(), Synthesizer: actor{words: 1}}, Vendor{Name: "x", Synthesizer: actor{words: -1}}), later(ctx, 0, pieces...))
		if !errors.Is(o.err, context.Canceled) || o.text != "Well," {
			t.Errorf("%+v", o)
		}
		if !breakers.Of(t.Name()).Allow() {
			t.Error("a cancelled reply counts as the vendor's failure")
		}
	})
}

func TestLeavingTheLoop(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range Fallback(Vendor{Name: t.Name(), Synthesizer: actor{words: -1}}).Speak(ctx, later(ctx, time.Hour, pieces...), Options{}) {
			break
		}
	}) // a feeder that stayed would deadlock the bubble
}

func TestBreaker(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		var heard []string
		s := Fallback(Vendor{Name: t.Name(), Synthesizer: actor{heard: &heard, words: 0, fault: fault(parley.VendorUnavailable)}},
			Vendor{Name: t.Name() + "2", Synthesizer: actor{words: -1}})
		for i := range 5 {
			if o := run(t.Context(), s, later(t.Context(), 0, pieces...)); o.err != nil || o.vendor != t.Name()+"2" {
				t.Fatalf("%d: %+v", i, o)
			}
		}
		if breakers.Of(t.Name()).Allow() {
			t.Error("five failures did not open the breaker")
		}
	})
}

type closer struct {
	actor
	warmed, closed int
}

func (c *closer) Warm(context.Context) error { c.warmed++; return nil }
func (c *closer) Close() error               { c.closed++; return nil }

func TestWarmAndClose(t *testing.T) {
	closedBreakers()
	a, b := new(closer), new(closer)
	s := Fallback(Vendor{Synthesizer: a}, Vendor{Synthesizer: actor{}}, Vendor{Synthesizer: b})
	if err := s.(interface{ Warm(context.Context) error }).Warm(t.Context()); err != nil {
		t.Error(err)
	}
	if err := s.(interface{ Close() error }).Close(); err != nil {
		t.Error(err)
	}
	if a.warmed != 1 || b.warmed != 0 || a.closed != 1 || b.closed != 1 {
		t.Errorf("%+v %+v", a, b)
	}
}

// endless is a synthesizer that never comes to the last word.
type endless struct{}

func (endless) Speak(_ context.Context, text <-chan string, _ Options) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		<-text
		for yield(Chunk{Frame: noise}, nil) {
		}
	}
}

func TestFramesAllocateNothing(t *testing.T) {
	closedBreakers()
	in := make(chan string, 1)
	in <- "words without end"
	next, stop := iter.Pull2(Fallback(Vendor{Name: t.Name(), Synthesizer: endless{}}).Speak(t.Context(), in, Options{}))
	defer stop()
	for range 10 {
		next()
	}
	if n := testing.AllocsPerRun(200, func() { next() }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

// closedBreakers forgets what earlier tests did to vendors of the same names.
func closedBreakers() { breakers = parley.Breakers{} }
