package webhook

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/store"
)

func drain(w *world, c *Courier, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	return c.Drain(ctx)
}

// TestDrain: what was said just before the stop has been told when Drain returns.
func TestDrain(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		w.answer(there, func(hit) (*fetch.Response, error) {
			time.Sleep(100 * time.Millisecond)
			return &fetch.Response{Status: 200}, nil
		})
		c, stop := w.start()
		defer stop()
		for range 5 {
			w.db.Log().Append(parley.NewEvent("c", parley.EventMessage, nil)) // not flushed
		}
		w.db.Log().Append(parley.NewEvent("c", parley.EventEnded, nil))
		if err := drain(w, c, 5*time.Second); err != nil {
			t.Fatal(err)
		}
		hits := w.got(there)
		if len(hits) != 6 || hits[5].body["type"] != string(parley.EventEnded) {
			t.Errorf("%d requests", len(hits))
		}
		if err := drain(w, c, time.Second); err != nil {
			t.Errorf("with nothing to tell: %v", err)
		}
	})
}

// TestDrainDoesNotWaitForRetries: a receiver that fails has had its first attempt.
func TestDrainDoesNotWaitForRetries(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		w.answer(there, status(500))
		c, stop := w.start()
		defer stop()
		w.db.Log().Append(parley.NewEvent("c", parley.EventEnded, nil))
		if err := drain(w, c, time.Second); err != nil {
			t.Error(err)
		}
		if n := len(w.got(there)); n != 1 {
			t.Errorf("%d requests", n)
		}
	})
}

// TestDrainIsBounded: a receiver that hangs does not keep the server from stopping, and is told after the next start.
func TestDrainIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, w *world) {
		id, _ := w.hook(there, nil)
		w.call("c", store.Doc{"id": id})
		hang := make(chan struct{})
		w.answer(there, func(hit) (*fetch.Response, error) { <-hang; return nil, errors.New("hung") })
		c, stop := w.start()
		w.db.Log().Append(parley.NewEvent("c", parley.EventEnded, nil))
		began := time.Now()
		if err := drain(w, c, 2*time.Second); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 3*time.Second {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		time.AfterFunc(time.Second, func() { close(hang) })
		stop()
		w.answer(there, nil)
		_, stop = w.start()
		defer stop()
		time.Sleep(time.Minute)
		if n := len(w.got(there)); n != 2 {
			t.Errorf("%d requests", n)
		}
	})
}
