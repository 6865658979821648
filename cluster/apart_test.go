package cluster

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// TestTwoOfOneID: of two processes that have one id the first lets go and ends, and the second is not touched.
func TestTwoOfOneID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := newTable()
		run := func(name string, fenced *atomic.Int64) (ended chan error) {
			k := &Keeper{Store: seat{tab, "a", name}, Logger: slog.New(slog.DiscardHandler), Fenced: func(context.Context) { fenced.Add(1) }}
			if err := k.Store.Join(t.Context(), store.Node{}); err != nil {
				t.Fatal(err)
			}
			ended = make(chan error, 1)
			go func() { ended <- k.Run(t.Context()) }()
			return ended
		}
		var first, second atomic.Int64
		one := run("one", &first)
		time.Sleep(10 * Every)
		other := run("other", &second)
		time.Sleep(10 * Every)
		select {
		case err := <-one:
			if !errors.Is(err, store.ErrReplaced) || first.Load() != 1 {
				t.Errorf("%v, let go %d times", err, first.Load())
			}
		default:
			t.Error("it goes on")
		}
		tab.mu.Lock()
		defer tab.mu.Unlock()
		if tab.nodes["a"].Run != "other" || tab.nodes["a"].State != store.NodeUp || second.Load() != 0 || len(other) != 0 {
			t.Errorf("%+v, let go %d times", tab.nodes["a"], second.Load())
		}
	})
}

// TestDatabaseLost: a node that has lost only the database keeps its calls, for it is heard, but not its duty, which nobody does twice;
// it takes no calls until it is back.
func TestDatabaseLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tab := newTable()
		a := enter(t, tab, "a")
		a.stop()
		a.Keeper.Store = &switchable{s: seat{tab, "a", ""}}
		if err := a.Store.Join(t.Context(), store.Node{}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- a.Run(ctx) }()
		synctest.Wait()
		b := enter(t, tab, "b")
		b.stop()
		b.Alive = func(string) bool { return true }
		if err := b.Store.Join(t.Context(), store.Node{}); err != nil {
			t.Fatal(err)
		}
		over := make(chan error, 1)
		go func() { over <- b.Run(ctx) }()
		time.Sleep(5 * Every)
		if a.doing.Load() != 1 || a.Apart() {
			t.Fatalf("%d do the duty", a.doing.Load())
		}
		thaw := freeze(tab, a)
		time.Sleep(2 * LostAfter)
		synctest.Wait()
		if a.doing.Load() != 0 || b.doing.Load() != 1 || !a.Apart() || b.Apart() || len(tab.dead()) != 0 {
			t.Errorf("%d and %d do the duty; ended were the calls of %v", a.doing.Load(), b.doing.Load(), tab.dead())
		}
		thaw()
		time.Sleep(time.Minute)
		if a.doing.Load()+b.doing.Load() != 1 || a.Apart() || a.fenced.Load() != 0 || tab.atOnce() != 1 {
			t.Errorf("%d and %d do the duty, %d at once, let go %d times", a.doing.Load(), b.doing.Load(), tab.atOnce(), a.fenced.Load())
		}
		cancel()
		if err := errors.Join(<-ended, <-over); err != nil {
			t.Error(err)
		}
	})
}

// TestToldAgain: the end of calls that could not be told is told later, of those that are left; and what is owed from the start, too.
func TestToldAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex // guards what follows
		var told, tried []string
		away := true
		k := &Keeper{Store: seat{newTable(), "a", ""}, Logger: slog.New(slog.DiscardHandler), Owed: []parley.Call{{ID: "1"}, {ID: "2"}},
			Lost: func(_ context.Context, calls []parley.Call) (left []parley.Call) {
				mu.Lock()
				defer mu.Unlock()
				for _, c := range calls {
					if tried = append(tried, c.ID); away && c.ID == "1" {
						left = append(left, c)
					} else {
						told = append(told, c.ID)
					}
				}
				return left
			}}
		if err := k.Store.Join(t.Context(), store.Node{}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- k.Run(ctx) }()
		time.Sleep(time.Minute)
		mu.Lock()
		if len(told) != 1 || told[0] != "2" || len(tried) < 4 {
			t.Errorf("told of %v after %v", told, tried)
		}
		away = false
		mu.Unlock()
		time.Sleep(buryLatest)
		synctest.Wait()
		mu.Lock()
		if len(told) != 2 || told[1] != "1" {
			t.Errorf("told of %v", told)
		}
		mu.Unlock()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
