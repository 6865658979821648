package llm

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
)

// play is a model that gives deltas at their times, then err; a delta that is nothing only takes time.
type play struct {
	after time.Duration
	delta Delta
	err   error
}

func script(steps ...play) Model {
	return Func(func(ctx context.Context, _ Request) iter.Seq2[Delta, error] {
		return func(yield func(Delta, error) bool) {
			for _, s := range steps {
				select {
				case <-time.After(s.after):
				case <-ctx.Done():
					yield(Delta{}, ctx.Err())
					return
				}
				if s.err != nil {
					yield(Delta{}, s.err)
					return
				}
				if !yield(s.delta, nil) {
					return
				}
			}
		}
	})
}

func fault(code parley.VendorCode) error {
	return &parley.VendorError{Vendor: "bad", Code: code, Message: "no"}
}

type outcome struct {
	text   string
	calls  []string
	vendor string
	notice string
	err    error
}

func run(ctx context.Context, m Model, r Request) (o outcome) {
	for d, err := range m.Chat(ctx, r) {
		if err != nil {
			o.err = err
			continue
		}
		o.text += d.Text
		if d.Call != nil {
			o.calls = append(o.calls, d.Call.Name)
		}
		if d.Vendor != "" {
			o.vendor = d.Vendor
		}
		if d.Notice != "" {
			o.notice = d.Notice
		}
	}
	return o
}

var ask = Request{Messages: []Message{{Role: User, Text: "Are you open?"}}}

func text(s string) Delta { return Delta{Text: s} }

func call(name string) Delta { return Delta{Call: &Call{ID: name, Name: name, Args: []byte("{}")}} }

// TestFaultMatrix: whatever goes wrong with the first vendor, the second finishes the turn, in bounded time.
func TestFaultMatrix(t *testing.T) {
	closedBreakers()
	forever := play{after: time.Hour}
	var drip []play
	for range 1000 {
		drip = append(drip, play{after: 100 * time.Millisecond})
	}
	for name, tc := range map[string]struct {
		steps  []play
		within time.Duration
		said   string
	}{
		"refuse":          {[]play{{err: fault(parley.VendorUnavailable)}}, 0, ""},
		"401":             {[]play{{err: fault(parley.VendorUnauthorized)}}, 0, ""},
		"429":             {[]play{{err: fault(parley.VendorRateLimited)}}, 0, ""},
		"500":             {[]play{{after: time.Second, err: fault(parley.VendorUnavailable)}}, time.Second, ""},
		"no first byte":   {[]play{forever}, firstOutput, ""},
		"drip":            {drip, firstOutput, ""},
		"stall":           {[]play{{delta: text("Yes, ")}, forever}, stallLimit, "Yes, "},
		"drip after text": {append([]play{{delta: text("Yes, ")}}, drip...), stallLimit, "Yes, "},
		"cut JSON":        {[]play{{delta: text("Yes, ")}, {err: fault(parley.VendorBadOutput)}}, 0, "Yes, "},
		"garbage":         {[]play{{err: fault(parley.VendorBadOutput)}}, 0, ""},
		"close":           {[]play{{delta: text("Yes, ")}, {err: fault(parley.VendorUnavailable)}}, 0, "Yes, "},
		"half the calls":  {[]play{{delta: call("transfer")}, {err: fault(parley.VendorUnavailable)}}, 0, ""},
		"calls, stall":    {[]play{{delta: call("transfer")}, forever}, stallLimit, ""},
		"empty":           {nil, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var got Request
				next := Func(func(_ context.Context, r Request) iter.Seq2[Delta, error] {
					got = r
					return script(play{delta: text("Yes, ")}, play{delta: text("until six.")}, play{delta: call("note")}).Chat(context.Background(), r)
				})
				start := time.Now()
				o := run(t.Context(), Fallback(Vendor{Name: t.Name(), Model: script(tc.steps...)}, Vendor{Name: "good " + name, Model: next}), ask)
				if o.err != nil {
					t.Fatal(o.err)
				}
				if took := time.Since(start); took != tc.within {
					t.Errorf("took %s, want %s", took, tc.within)
				}
				if o.text != "Yes, until six." {
					t.Errorf("said %q", o.text)
				}
				if strings.Join(o.calls, " ") != "note" {
					t.Errorf("called %q", o.calls)
				}
				if o.vendor != "good "+name || !strings.Contains(o.notice, t.Name()) {
					t.Errorf("vendor %q, notice %q", o.vendor, o.notice)
				}
				if tc.said == "" && len(got.Messages) != 1 {
					t.Errorf("the next was told %+v", got.Messages)
				}
				if tc.said != "" && (len(got.Messages) != 3 || got.Messages[1].Role != Assistant || got.Messages[1].Text != tc.said) {
					t.Errorf("the next was told %+v, want what was said", got.Messages)
				}
				if len(ask.Messages) != 1 {
					t.Error("the request was changed")
				}
			})
		})
	}
}

func TestSlowConsumerIsNoStall(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		m := Fallback(Vendor{Name: t.Name(), Model: script(play{delta: text("a")}, play{delta: text("b")})})
		got := ""
		for d, err := range m.Chat(t.Context(), ask) {
			if err != nil {
				t.Fatal(err)
			}
			got += d.Text
			time.Sleep(time.Minute) // sound is being spoken
		}
		if got != "ab" {
			t.Errorf("said %q", got)
		}
	})
}

func TestAllFail(t *testing.T) {
	closedBreakers()
	o := run(t.Context(), Fallback(
		Vendor{Name: t.Name() + "1", Model: script(play{err: fault(parley.VendorUnavailable)})},
		Vendor{Name: t.Name() + "2", Model: script(play{err: fault(parley.VendorUnauthorized)})}), ask)
	var v *parley.VendorError
	if !errors.As(o.err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("ended with %v, want the last error", o.err)
	}
	if o := run(t.Context(), Fallback(), ask); !errors.As(o.err, &v) {
		t.Errorf("nobody gave %v", o.err)
	}
}

// TestLoneVendor: a lost connection is tried again at once; a refused key is not.
func TestLoneVendor(t *testing.T) {
	closedBreakers()
	for code, want := range map[parley.VendorCode]int{parley.VendorUnavailable: 2, parley.VendorBadOutput: 2, parley.VendorUnauthorized: 1, parley.VendorTimeout: 1} {
		tries := 0
		m := Func(func(context.Context, Request) iter.Seq2[Delta, error] {
			tries++
			return script(play{delta: text("Yes, ")}, play{err: fault(code)}).Chat(t.Context(), ask)
		})
		if o := run(t.Context(), Fallback(Vendor{Name: t.Name() + string(code), Model: m}), ask); o.err == nil || o.text != "Yes, " {
			t.Errorf("%s: %+v", code, o)
		}
		if tries != want {
			t.Errorf("%s: %d tries, want %d", code, tries, want)
		}
	}
}

// TestLastIsWaitedForLonger: with nobody left to ask, a late answer beats none; but not for ever.
func TestLastIsWaitedForLonger(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		late := script(play{after: 6 * time.Second, delta: text("Sorry, yes.")})
		if o := run(t.Context(), Fallback(Vendor{Name: t.Name(), Model: late}), ask); o.text != "Sorry, yes." {
			t.Errorf("alone: %+v", o)
		}
		never := script(play{after: time.Hour})
		start := time.Now()
		o := run(t.Context(), Fallback(Vendor{Name: t.Name() + "1", Model: never}, Vendor{Name: t.Name() + "2", Model: never}), ask)
		var v *parley.VendorError
		if took := time.Since(start); !errors.As(o.err, &v) || v.Code != parley.VendorTimeout || took != firstOutput+lastOutput {
			t.Errorf("gave up after %s with %v", took, o.err)
		}
	})
}

func TestEmptyAnswerOfTheLastIsAnAnswer(t *testing.T) {
	closedBreakers()
	if o := run(t.Context(), Fallback(Vendor{Name: t.Name(), Model: script()}), ask); o.err != nil || o.text != "" {
		t.Errorf("%+v", o)
	}
}

func TestCancelledTurnAsksNobodyElse(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		second := Func(func(context.Context, Request) iter.Seq2[Delta, error] {
			t.Error("the second was asked")
			return script().Chat(ctx, ask)
		})
		o := run(ctx, Fallback(Vendor{Name: t.Name(), Model: script(play{after: time.Hour})}, Vendor{Name: "x", Model: second}), ask)
		if !errors.Is(o.err, context.Canceled) {
			t.Errorf("ended with %v", o.err)
		}
		if !breakers.Of(t.Name()).Allow() {
			t.Error("a cancelled turn counts as the vendor's failure")
		}
	})
}

// TestBreaker: a vendor that keeps failing is not asked first any more, and is again once it has healed.
func TestBreaker(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		broken, asked := true, 0
		first := Func(func(ctx context.Context, r Request) iter.Seq2[Delta, error] {
			asked++
			if broken {
				return script(play{err: fault(parley.VendorUnavailable)}).Chat(ctx, r)
			}
			return script(play{delta: text("first")}).Chat(ctx, r)
		})
		m := Fallback(Vendor{Name: t.Name(), Model: first}, Vendor{Name: t.Name() + "2", Model: script(play{delta: text("second")})})
		for range 5 {
			if o := run(t.Context(), m, ask); o.text != "second" || o.notice == "" {
				t.Fatalf("%+v", o)
			}
		}
		if asked != 3 {
			t.Errorf("asked %d times, want 3", asked)
		}
		broken = false
		time.Sleep(11 * time.Second)
		for range 3 {
			if o := run(t.Context(), m, ask); o.text != "first" {
				t.Fatalf("healed: %+v", o)
			}
		}
	})
}

// TestShunnedVendorIsTheLastResort: with the breaker open and all others failing it is asked all the same.
func TestShunnedVendorIsTheLastResort(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		for range 3 {
			breakers.Of(t.Name()).Failed()
		}
		m := Fallback(Vendor{Name: t.Name(), Model: script(play{delta: text("first")})}, Vendor{Name: t.Name() + "2", Model: script(play{err: fault(parley.VendorRefused)})})
		if o := run(t.Context(), m, ask); o.text != "first" {
			t.Errorf("%+v", o)
		}
	})
}

func TestLeavingTheLoop(t *testing.T) {
	closedBreakers()
	m := Fallback(Vendor{Name: t.Name(), Model: script(play{delta: text("a")}, play{delta: text("b")})}, Vendor{Name: "x", Model: script(play{delta: text("never")})})
	for d := range m.Chat(t.Context(), ask) {
		if d.Text != "a" {
			t.Errorf("got %q", d.Text)
		}
		break
	}
}

type warmed struct {
	Model
	n *int
}

func (w warmed) Warm(context.Context) error { *w.n++; return nil }

func TestWarm(t *testing.T) {
	closedBreakers()
	n := 0
	m := Fallback(Vendor{Model: warmed{script(), &n}}, Vendor{Model: warmed{script(), &n}})
	if err := m.(interface{ Warm(context.Context) error }).Warm(t.Context()); err != nil || n != 1 {
		t.Errorf("%d warmed, %v", n, err)
	}
	if err := Fallback(Vendor{Model: script()}).(interface{ Warm(context.Context) error }).Warm(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEcho(t *testing.T) {
	closedBreakers()
	for _, tc := range []struct {
		said string
		in   []string
		want string
	}{
		{"", []string{"Hello"}, "Hello"},
		{"Yes, we ", []string{"Yes, ", "we are open"}, "are open"},
		{"Yes, we ", []string{" Yes, we a", "re"}, "are"},
		{"Yes, we ", []string{"are open"}, "are open"},
		{"Yes, we ", []string{"Yes", " indeed"}, "Yes indeed"},
		{"Yes, we are", []string{"Yes, we are"}, ""},
		{"Yes, we are", []string{"Yes, we ar"}, ""},
		{"Yes, we are open until six", []string{"Yes"}, "Yes"},
	} {
		e := echo{said: tc.said}
		got := ""
		for _, s := range tc.in {
			got += e.pass(s)
		}
		got += e.rest()
		if got != tc.want {
			t.Errorf("after %q, %q gives %q, want %q", tc.said, tc.in, got, tc.want)
		}
	}
}

// closedBreakers forgets what earlier tests did to vendors of the same names.
func closedBreakers() { breakers = parley.Breakers{} }
