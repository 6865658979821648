package stt

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// word is a frame that an ear hears as its number; frames of nothing are silence.
func word(n int) (f audio.Frame) {
	for i := range f {
		f[i] = int16(n * 1000)
	}
	return f
}

func number(f *audio.Frame) int { return (int(f[0]) + 500) / 1000 }

// ear is a transcriber: every loud frame is a word, and three silent ones after words make them final.
type ear struct {
	fails []error // of each connection, the last for all after it; nil: does not fail
	after int     // frames until it fails
	times bool    // words are timed
	conns *int
	took  *int // frames of the last connection
}

func (e ear) Transcribe(ctx context.Context, in <-chan audio.Frame, _ Options) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		n := *e.conns
		*e.conns++
		var fail error
		if len(e.fails) > 0 {
			fail = e.fails[min(n, len(e.fails)-1)]
		}
		var said []Word
		quiet := 0
		text := func() string {
			var s []string
			for _, w := range said {
				s = append(s, w.Text)
			}
			return strings.Join(s, " ")
		}
		for at := 0; ; at++ {
			if fail != nil && at == e.after {
				if errors.Is(fail, errQuiet) {
					return
				}
				yield(Event{}, fail)
				return
			}
			var f audio.Frame
			select {
			case x, ok := <-in:
				if !ok {
					if len(said) > 0 {
						yield(e.event(text(), said, true), nil)
					}
					return
				}
				f = x
			case <-ctx.Done():
				yield(Event{}, ctx.Err())
				return
			}
			if e.took != nil {
				*e.took = at + 1
			}
			if k := number(&f); k > 0 {
				quiet = 0
				said = append(said, Word{fmt.Sprint(k), time.Duration(at) * audio.FrameDur, time.Duration(at+1) * audio.FrameDur})
				if !yield(e.event(text(), said, false), nil) {
					return
				}
				continue
			}
			if quiet++; quiet == 12 && len(said) > 0 {
				if !yield(e.event(text(), said, true), nil) {
					return
				}
				said = nil
			}
		}
	}
}

func (e ear) event(text string, said []Word, final bool) Event {
	ev := Event{Text: text, Final: final, End: final}
	if e.times {
		ev.Words = slices.Clone(said)
	}
	return ev
}

var errQuiet = errors.New("just ends")

func fault(code parley.VendorCode) error {
	return &parley.VendorError{Vendor: "bad", Code: code, Message: "no"}
}

// spoken is one utterance after the other, with silence between, at the pace of speech.
func spoken(ctx context.Context, utterances ...[]int) <-chan audio.Frame {
	in := make(chan audio.Frame)
	go func() {
		defer close(in)
		put := func(f audio.Frame) {
			select {
			case in <- f:
			case <-ctx.Done():
			}
			select {
			case <-time.After(audio.FrameDur):
			case <-ctx.Done():
			}
		}
		for _, u := range utterances {
			for _, w := range u {
				put(word(w))
				put(audio.Frame{})
			}
			for range 20 {
				put(audio.Frame{})
			}
		}
	}()
	return in
}

type outcome struct {
	finals  []string
	words   []Word
	vendors []string
	notices []string
	err     error
}

func run(ctx context.Context, t Transcriber, in <-chan audio.Frame) (o outcome) {
	for e, err := range t.Transcribe(ctx, in, Options{}) {
		if err != nil {
			o.err = err
			continue
		}
		if e.Final {
			o.finals = append(o.finals, e.Text)
			o.words = append(o.words, e.Words...)
		}
		if e.Notice != "" {
			o.notices = append(o.notices, e.Notice)
			if e.Text != "" {
				o.err = errors.New("a notice with text")
			}
		}
		if len(o.vendors) == 0 || o.vendors[len(o.vendors)-1] != e.Vendor {
			o.vendors = append(o.vendors, e.Vendor)
		}
	}
	return o
}

var utterances = [][]int{{1, 2, 3}, {4, 5, 6, 7}, {8, 9}}

const want = "1 2 3|4 5 6 7|8 9"

// TestFaultMatrix: wherever the first vendor fails, and however, the finals are the same as if it had not.
func TestFaultMatrix(t *testing.T) {
	closedBreakers()
	for name, err := range map[string]error{
		"refuse": fault(parley.VendorUnavailable), "401": fault(parley.VendorUnauthorized), "429": fault(parley.VendorRateLimited),
		"garbage": fault(parley.VendorBadOutput), "close": errQuiet, "no type": errors.New("something"),
	} {
		for _, after := range []int{0, 1, 4, 25, 30, 36, 77} {
			for _, times := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s after %d, timed %v", name, after, times), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						var a, b int
						s := Fallback(Vendor{Name: t.Name(), Transcriber: ear{fails: []error{err}, after: after, times: times, conns: &a}},
							Vendor{Name: "good", Transcriber: ear{times: times, conns: &b}})
						o := run(t.Context(), s, spoken(t.Context(), utterances...))
						if o.err != nil {
							t.Fatal(o.err)
						}
						if got := strings.Join(o.finals, "|"); got != want {
							t.Errorf("heard %q, want %q", got, want)
						}
						// one that had worked is given more chances, unless it is hopeless
						if hopeless(err) && after < 36 || after == 0 {
							if b != 1 || o.vendors[len(o.vendors)-1] != "good" || len(o.notices) != 1 || !strings.Contains(o.notices[0], t.Name()) {
								t.Errorf("%d connections to the second, vendors %q, notices %q", b, o.vendors, o.notices)
							}
						}
						checkTimes(t, o.words, times)
					})
				})
			}
		}
	}
}

// checkTimes: the first words of the utterances are at frames 0, 26 and 54 of the stream, whoever heard them.
func checkTimes(t *testing.T, words []Word, times bool) {
	t.Helper()
	if !times {
		return
	}
	at := map[string]int{"1": 0, "4": 26, "8": 54}
	for _, w := range words {
		if n, ok := at[w.Text]; ok && w.Start != time.Duration(n)*audio.FrameDur {
			t.Errorf("word %s starts at %s, want frame %d", w.Text, w.Start, n)
		}
	}
}

// TestReconnect: one vendor that drops its connection again and again, but recovers, loses no word.
func TestReconnect(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		var conns int
		e := ear{fails: []error{fault(parley.VendorUnavailable), errQuiet, fault(parley.VendorBadOutput), nil}, after: 7, times: true, conns: &conns}
		o := run(t.Context(), Fallback(Vendor{Name: t.Name(), Transcriber: e}), spoken(t.Context(), utterances...))
		if got := strings.Join(o.finals, "|"); o.err != nil || got != want || conns != 4 {
			t.Errorf("heard %q by %d connections: %v", got, conns, o.err)
		}
		if len(o.notices) != 0 {
			t.Errorf("the vendor did not change: %q", o.notices)
		}
		checkTimes(t, o.words, true)
	})
}

// TestGivesUp: a vendor that never comes back ends the stream, in bounded time; a refused key at once.
func TestGivesUp(t *testing.T) {
	closedBreakers()
	for code, limit := range map[parley.VendorCode]time.Duration{parley.VendorUnavailable: 8 * time.Second, parley.VendorUnauthorized: 0} {
		synctest.Test(t, func(t *testing.T) {
			var conns int
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			start := time.Now()
			o := run(ctx, Fallback(Vendor{Name: t.Name(), Transcriber: ear{fails: []error{fault(code)}, conns: &conns}}), spoken(ctx, slices.Repeat(utterances, 50)...))
			var v *parley.VendorError
			if !errors.As(o.err, &v) || v.Code != code {
				t.Errorf("%s ended with %v", code, o.err)
			}
			if took := time.Since(start); took > limit {
				t.Errorf("%s took %s", code, took)
			}
		})
	}
}

// TestWorkedBefore: a vendor that had worked is connected to again before the next is tried.
func TestWorkedBefore(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		var a, b int
		s := Fallback(Vendor{Name: t.Name(), Transcriber: ear{fails: []error{errQuiet, nil}, after: 5, conns: &a}}, Vendor{Name: "second", Transcriber: ear{conns: &b}})
		o := run(t.Context(), s, spoken(t.Context(), utterances...))
		if got := strings.Join(o.finals, "|"); got != want || a != 2 || b != 0 {
			t.Errorf("heard %q by %d and %d connections", got, a, b)
		}
	})
}

// TestSlowDial: sound that comes while nobody is connected waits for them.
func TestSlowDial(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		var conns int
		slow := Func(func(ctx context.Context, in <-chan audio.Frame, o Options) iter.Seq2[Event, error] {
			time.Sleep(5 * time.Second)
			return ear{conns: &conns}.Transcribe(ctx, in, o)
		})
		o := run(t.Context(), Fallback(Vendor{Name: t.Name(), Transcriber: slow}), spoken(t.Context(), utterances...))
		if got := strings.Join(o.finals, "|"); got != want {
			t.Errorf("heard %q", got)
		}
	})
}

func TestCancel(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		var conns int
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		o := run(ctx, Fallback(Vendor{Name: t.Name(), Transcriber: ear{conns: &conns}}), spoken(ctx, slices.Repeat(utterances, 50)...))
		if !errors.Is(o.err, context.Canceled) {
			t.Errorf("ended with %v", o.err)
		}
	})
}

func TestLeavingTheLoop(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		var conns int
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		for range Fallback(Vendor{Name: t.Name(), Transcriber: ear{conns: &conns}}).Transcribe(ctx, spoken(ctx, utterances...), Options{}) {
			break
		}
	}) // a goroutine that stayed would deadlock the bubble
}

func TestNobody(t *testing.T) {
	closedBreakers()
	in := make(chan audio.Frame)
	close(in)
	var v *parley.VendorError
	if o := run(t.Context(), Fallback(), in); !errors.As(o.err, &v) {
		t.Errorf("nobody gave %v", o.err)
	}
}

func TestBreaker(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		var a, b int
		s := Fallback(Vendor{Name: t.Name(), Transcriber: ear{fails: []error{fault(parley.VendorUnauthorized)}, conns: &a}}, Vendor{Name: t.Name() + "2", Transcriber: ear{conns: &b}})
		for range 5 {
			if o := run(t.Context(), s, spoken(t.Context(), utterances...)); strings.Join(o.finals, "|") != want {
				t.Fatalf("%+v", o)
			}
		}
		if a != 3 && a != 4 { // a probe may fall due
			t.Errorf("the broken vendor was asked %d times", a)
		}
	})
}

// closedBreakers forgets what earlier tests did to vendors of the same names.
func closedBreakers() { breakers = parley.Breakers{} }
