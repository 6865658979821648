package call

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// TestNoNewCalls: a node that takes no calls refuses those that come in, before anybody is asked about them, and keeps what it has.
func TestNoNewCalls(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		var drains atomic.Bool
		var taken atomic.Int32
		full := errors.New("it drains")
		b.Take = func() (func(), error) {
			if drains.Load() {
				return nil, full
			}
			taken.Add(1)
			return func() { taken.Add(-1) }, nil
		}
		_, _, first := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		drains.Store(true)
		p, o, done := b.ring(ctx, "desk")
		<-done
		b.rows.only(t)
		if o.rejected != parley.NodeLost {
			t.Errorf("rejected with %q", o.rejected)
		}
		p.Hangup()
		ids := b.Running()
		if len(ids) != 1 || b.Live() != 1 {
			t.Fatalf("running are %v", ids)
		}
		if err := b.End(ctx, ids[0]); err != nil {
			t.Error(err)
		}
		<-first
		if err := b.Dial(ctx, "none"); !errors.Is(err, full) || taken.Load() != 0 {
			t.Errorf("a call is dialled: %v; room is taken for %d", err, taken.Load())
		}
	})
}

// TestEndedByOthers: a call that others ended as its process' is hung up, and neither its row nor its last event is written again.
func TestEndedByOthers(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		_, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		id := b.rows.only(t).ID
		err := b.rows.UpdateCall(ctx, id, func(c *parley.Call) error {
			c.Status, c.Cause, c.End = parley.Failed, parley.NodeLost, time.Now()
			return nil
		})
		if err == nil {
			err = b.End(ctx, id)
		}
		if err != nil {
			t.Fatal(err)
		}
		<-done
		if c := b.rows.only(t); c.Cause != parley.NodeLost {
			t.Errorf("%+v", c)
		}
		if slices.Contains(b.book.types(), parley.EventEnded) {
			t.Error("its end is told twice")
		}
	})
}
