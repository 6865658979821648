package webhook

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// TestFrozen: a process that stood still while another took its place does not make the attempts that it still has in memory, the first ones
// and the repeated, and writes nothing of them. One that cannot learn whose they are waits, and makes them once it can.
func TestFrozen(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		w.call("d", store.Doc{"id": id})
		var holder atomic.Int32 // who delivers; negative: that is not known
		holder.Store(1)
		run := func(who int32) (stop func()) {
			c := New(Options{DB: w.db, Sender: w, Logger: slog.New(slog.DiscardHandler), Mine: func(context.Context) (bool, error) {
				if holder.Load() < 0 {
					return false, errors.New("the database is away")
				}
				return holder.Load() == who, nil
			}})
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan error)
			go func() { done <- c.Run(ctx) }()
			return func() {
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
		w.answer(there, status(500))
		stop := run(1)
		w.say("c", parley.EventMessage, nil)
		time.Sleep(time.Second)
		holder.Store(2) // and the first has both in memory
		w.answer(there, nil)
		w.say("d", parley.EventMessage, nil)
		time.Sleep(time.Minute)
		if n := len(w.got(there)); n != 1 {
			t.Errorf("%d requests: it made those of another", n)
		}
		for _, d := range w.deliveries() {
			if d.State != store.Pending || d.CallID == "d" && d.Attempts > 0 || d.Attempts > 1 {
				t.Errorf("it wrote %+v", d)
			}
		}
		stop()
		holder.Store(-1)
		stop = run(2)
		time.Sleep(time.Minute)
		if n := len(w.got(there)); n != 1 {
			t.Errorf("%d requests by one that does not know", n)
		}
		stop()
		holder.Store(2)
		defer run(2)()
		time.Sleep(time.Minute)
		if n := len(w.got(there)); n != 3 {
			t.Errorf("%d requests, not one that failed and two that were taken", n)
		}
	})
}
