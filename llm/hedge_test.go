package llm

import (
	"context"
	"errors"
	"iter"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
)

// watched counts how often a model is asked, and how often it is cancelled before its end.
func watched(m Model, asked, cancelled *int) Model {
	return Func(func(ctx context.Context, r Request) iter.Seq2[Delta, error] {
		return func(yield func(Delta, error) bool) {
			*asked++
			whole := true
			for d, err := range m.Chat(ctx, r) {
				if whole = err == nil && yield(d, nil); !whole {
					if err != nil && ctx.Err() == nil {
						yield(d, err)
					}
					break
				}
			}
			if !whole && ctx.Err() != nil {
				*cancelled++
			}
		}
	})
}

func tokens(in int) Delta { return Delta{Usage: &Usage{In: in}} }

// TestHedge: the next is asked beside a slow one; whoever is useful first answers, alone.
func TestHedge(t *testing.T) {
	closedBreakers()
	const hedge = 500 * time.Millisecond
	forever := play{after: time.Hour}
	for name, c := range map[string]struct {
		first, second       []play
		text, calls, vendor string
		took                time.Duration
		failed              string
		asked, lost1, lost2 int // the second was asked; the first, the second were cancelled
		in                  int // tokens
		err                 parley.VendorCode
	}{
		"quick": {first: []play{{after: 400 * time.Millisecond, delta: text("a")}}, second: []play{{delta: text("b")}},
			text: "a", vendor: "1", took: 400 * time.Millisecond},
		"slow": {first: []play{{delta: tokens(7)}, {after: time.Second, delta: text("a")}}, second: []play{{delta: tokens(5)}, {after: 200 * time.Millisecond, delta: text("b")}, {delta: text("c")}},
			text: "bc", vendor: "2", took: 700 * time.Millisecond, failed: "1: slow", asked: 1, lost1: 1, in: 12},
		"slow, but sooner": {first: []play{{after: 600 * time.Millisecond, delta: text("a")}, {after: 300 * time.Millisecond, delta: text("b")}},
			second: []play{{delta: tokens(5)}, {after: 400 * time.Millisecond, delta: text("x")}}, text: "ab", vendor: "1", took: 900 * time.Millisecond, asked: 1, lost2: 1, in: 5},
		"tools once": {first: []play{{after: time.Second, delta: call("book")}}, second: []play{{after: 100 * time.Millisecond, delta: call("book")}},
			calls: "book", vendor: "2", took: 600 * time.Millisecond, failed: "1: slow", asked: 1, lost1: 1},
		"the first fails": {first: []play{{after: 600 * time.Millisecond, err: fault(parley.VendorUnavailable)}}, second: []play{{after: 300 * time.Millisecond, delta: text("b")}},
			text: "b", vendor: "2", took: 800 * time.Millisecond, failed: "1: unavailable", asked: 1},
		"the second fails": {first: []play{{after: 700 * time.Millisecond, delta: text("a")}}, second: []play{{err: fault(parley.VendorRefused)}},
			text: "a", vendor: "1", took: 700 * time.Millisecond, failed: "2: refused", asked: 1},
		"the first is empty": {first: []play{{after: 600 * time.Millisecond}}, second: []play{{after: 300 * time.Millisecond, delta: text("b")}},
			text: "b", vendor: "2", took: 800 * time.Millisecond, failed: "1: empty", asked: 1},
		"it fails before": {first: []play{{after: 100 * time.Millisecond, err: fault(parley.VendorUnavailable)}}, second: []play{{after: 300 * time.Millisecond, delta: text("b")}},
			text: "b", vendor: "2", took: 400 * time.Millisecond, failed: "1: unavailable", asked: 1},
		"neither": {first: []play{forever}, second: []play{forever}, took: hedge + lastOutput, failed: "2: timeout; 1: timeout", asked: 1, lost1: 1, lost2: 1, err: parley.VendorTimeout},
		"both fail": {first: []play{{after: 800 * time.Millisecond, err: fault(parley.VendorUnavailable)}}, second: []play{{after: 100 * time.Millisecond, err: fault(parley.VendorRefused)}},
			took: 800 * time.Millisecond, failed: "2: refused; 1: unavailable", asked: 1, err: parley.VendorUnavailable},
		"it stalls later": {first: []play{{after: 800 * time.Millisecond, delta: text("x")}}, second: []play{{delta: text("One ")}, {after: time.Hour}},
			text: "One ", vendor: "2", took: hedge + lastStall, failed: "1: slow; 2: timeout", asked: 1, lost1: 1, lost2: 1, err: parley.VendorTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var asked1, asked2, lost1, lost2 int
				m := Fallback(Vendor{Name: "1", Breaker: t.Name() + "1", Hedge: hedge, Model: watched(script(c.first...), &asked1, &lost1)},
					Vendor{Name: "2", Breaker: t.Name() + "2", Hedge: hedge, Model: watched(script(c.second...), &asked2, &lost2)})
				start := time.Now()
				var text, calls, vendor string
				var failed parley.Failures
				var last error
				in := 0
				for d, err := range m.Chat(t.Context(), ask) {
					last = err
					text += d.Text
					failed = append(failed, d.Failed...)
					if d.Call != nil {
						calls += d.Call.Name
					}
					if d.Usage != nil {
						in += d.Usage.In
					}
					if d.Vendor != "" {
						vendor = d.Vendor
					}
				}
				took := time.Since(start)
				if last != nil { // whoever was told of before is not told of again
					failed = append(failed, parley.FailuresOf(last)...)
				}
				var v *parley.VendorError
				if (c.err != "") != errors.As(last, &v) || c.err != "" && v.Code != c.err {
					t.Errorf("ended with %v, want %q", last, c.err)
				}
				if text != c.text || calls != c.calls || vendor != c.vendor || took != c.took || failed.String() != c.failed || in != c.in {
					t.Errorf("%q, calls %q, by %q, after %s, failed %q, %d tokens; want %q, %q, %q, %s, %q, %d", text, calls, vendor, took, failed, in,
						c.text, c.calls, c.vendor, c.took, c.failed, c.in)
				}
				if asked1 != 1 || asked2 != c.asked || lost1 != c.lost1 || lost2 != c.lost2 {
					t.Errorf("asked %d and %d, cancelled %d and %d", asked1, asked2, lost1, lost2)
				}
			})
		})
	}
}

// TestSlowIsNoFailure: a vendor that is hedged every time is asked every time.
func TestSlowIsNoFailure(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		asked, lost := 0, 0
		m := Fallback(Vendor{Name: t.Name(), Hedge: 100 * time.Millisecond, Model: watched(script(play{after: time.Second, delta: text("a")}), &asked, &lost)},
			Vendor{Name: t.Name() + "2", Model: script(play{delta: text("b")})})
		for range 6 {
			run(t.Context(), m, ask)
		}
		if asked != 6 || lost != 6 {
			t.Errorf("asked %d times, cancelled %d times", asked, lost)
		}
	})
}

// TestHedgeEndsWithItsTurn: an interruption ends both, and so does a consumer that goes away.
func TestHedgeEndsWithItsTurn(t *testing.T) {
	closedBreakers()
	synctest.Test(t, func(t *testing.T) {
		var asked, lost [2]int // each of a goroutine's own
		hangs := [2]Model{}
		for i := range hangs {
			hangs[i] = watched(script(play{after: time.Hour}), &asked[i], &lost[i])
		}
		m := Fallback(Vendor{Name: t.Name(), Hedge: 100 * time.Millisecond, Model: hangs[0]}, Vendor{Name: t.Name() + "2", Model: hangs[1]})
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if o := run(ctx, m, ask); !errors.Is(o.err, context.Canceled) || asked != [2]int{1, 1} || lost != asked {
			t.Errorf("%v, asked %v, cancelled %v", o.err, asked, lost)
		}
		if !breakers.Of(t.Name()).Allow() || !breakers.Of(t.Name()+"2").Allow() {
			t.Error("an interruption counts as a failure")
		}
		talk := script(play{after: 200 * time.Millisecond, delta: text("a")}, play{after: time.Hour})
		for range Fallback(Vendor{Name: "a", Hedge: 100 * time.Millisecond, Model: talk}, Vendor{Name: "b", Model: hangs[1]}).Chat(t.Context(), ask) {
			break
		}
	})
}

// TestBusyIsASignOfLife: a tool call that is being written is waited for, but not for ever.
func TestBusyIsASignOfLife(t *testing.T) {
	closedBreakers()
	var steps []play
	for range 20 {
		steps = append(steps, play{after: 200 * time.Millisecond, delta: Delta{Busy: true}})
	}
	second := Vendor{Name: "2", Model: script(play{delta: text("b")})}
	synctest.Test(t, func(t *testing.T) {
		m := Fallback(Vendor{Name: t.Name(), Model: script(append(steps, play{delta: call("book")})...)}, second)
		if o := run(t.Context(), m, ask); len(o.calls) != 1 || o.text != "" {
			t.Errorf("%+v", o)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var busy []play
		for range 100 {
			busy = append(busy, steps...)
		}
		start := time.Now()
		m := Fallback(Vendor{Name: t.Name() + "2", Model: script(busy...)}, second)
		if o := run(t.Context(), m, ask); o.text != "b" || time.Since(start) > busyLimit+stallLimit {
			t.Errorf("%+v after %s", o, time.Since(start))
		}
	})
}
