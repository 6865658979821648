package webhook

import (
	"context"
	"errors"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// idleStride is how many events nobody wants are passed before the cursor is written all the same.
const idleStride = 10_000

// maxKnown is how many calls' webhooks are remembered.
const maxKnown = 4096

// A follower turns events into deliveries.
type follower struct {
	d     *Courier
	calls map[string]*hook // by call id; of a stored webhook only id and env hold, nil: none
}

// tail follows the log from a position until ctx is done. An error: somebody else does.
func (d *Courier) tail(ctx context.Context, at int64) error {
	f := follower{d: d, calls: map[string]*hook{}}
	written := at
	for ctx.Err() == nil {
		next, deliveries, err := f.next(ctx, at)
		if err == nil && (len(deliveries) > 0 || next-written > idleStride) {
			if err = d.DB.Advance(ctx, cursorName, written, next, deliveries); err == nil {
				written = next
			}
		}
		if errors.Is(err, store.ErrMoved) {
			return err
		}
		if err != nil {
			if ctx.Err() == nil {
				d.Logger.Error("reading events for webhooks", "error", err)
				pause(ctx, errorWait)
			}
			continue
		}
		at = next
		d.read.Store(at)
		if len(deliveries) == 0 {
			continue
		}
		select {
		case d.added <- batch{deliveries, false}:
		case <-ctx.Done():
		}
	}
	if at == written {
		return nil
	}
	ctx, done := context.WithTimeout(context.WithoutCancel(ctx), landWait)
	defer done()
	if err := d.DB.Advance(ctx, cursorName, written, at, nil); err != nil {
		d.Logger.Warn("events that nobody wants are read once more by whoever delivers next", "error", err)
	}
	return nil
}

func pause(ctx context.Context, wait time.Duration) {
	select {
	case <-time.After(wait):
	case <-ctx.Done():
	}
}

// next reads the events after a position and finds who is to be told of them.
func (f *follower) next(ctx context.Context, at int64) (int64, []store.Delivery, error) {
	events, err := f.d.DB.Log().Tail(ctx, at, tailBatch)
	if err != nil {
		return at, nil, err
	}
	var deliveries []store.Delivery
	hooks := map[string]*hook{} // as they are now, by id
	for _, e := range events {
		at = e.Position
		if !e.Type.Webhookable() {
			continue
		}
		h, err := f.hook(ctx, hooks, e.CallID)
		if err != nil {
			return at, nil, err
		}
		if h == nil || !h.active || !h.subscriptions[e.Type] {
			continue
		}
		deliveries = append(deliveries, store.Delivery{EnvironmentID: h.env, WebhookID: h.id, CallID: e.CallID,
			EventID: e.ID, EventType: e.Type, Position: e.Position})
	}
	return at, deliveries, nil
}

// hook finds the webhook of a call, nil when it has none.
func (f *follower) hook(ctx context.Context, hooks map[string]*hook, callID string) (*hook, error) {
	h, known := f.calls[callID]
	if !known {
		var err error
		if h, err = f.d.ofCall(ctx, callID); err != nil && !parley.IsNotFound(err) {
			return nil, err
		}
		if len(f.calls) >= maxKnown {
			clear(f.calls)
		}
		f.calls[callID] = h
	}
	if h == nil || h.id == inline+callID {
		return h, nil
	}
	now, read := hooks[h.id]
	if !read {
		n, err := f.d.stored(ctx, h.env, h.id)
		if err == nil {
			now = &n
		} else if !parley.IsNotFound(err) {
			return nil, err
		}
		hooks[h.id] = now
	}
	return now, nil
}
