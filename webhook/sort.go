package webhook

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/parley-voice/parley/store"
)

// A sorter decides what is sent when. All of it belongs to one goroutine; attempts report back.
type sorter struct {
	d       *Courier
	boxes   map[string]*outbox // by webhook
	reports chan report
	flights sync.WaitGroup
	flying  context.Context // of attempts: done landWait after that of run
}

// An outbox is what one webhook has to be told.
type outbox struct {
	id     string
	queue  []store.Delivery // not tried yet, in order
	more   bool             // the store has others that were not tried yet, after last
	last   store.Delivery   // the last one queued
	held   map[string]held  // by call id
	known  map[string]bool  // delivery ids that are queued or flying
	flying int              // attempts that are being made
	retry  time.Time        // when to look for deliveries to be tried again, zero: there are none
}

// held keeps the events of a call back while an earlier one is not through.
type held struct {
	by    string // delivery id
	until time.Time
}

// A report is what came of an attempt.
type report struct {
	store.Delivery
	gone bool // the webhook wants no more
}

// load finds what an earlier run, or another process, left to be done.
func (s *sorter) load(ctx context.Context) error {
	rows, err := s.d.DB.OutstandingWebhooks(ctx)
	for _, r := range rows {
		b := s.box(r.WebhookID)
		if b.retry.IsZero() {
			b.retry = r.Retry
		}
		if r.Fresh > len(b.known) {
			b.more, b.last = true, store.Delivery{} // from the first: what is sent again is out of order
		}
	}
	return err
}

func (s *sorter) box(id string) *outbox {
	b := s.boxes[id]
	if b == nil {
		b = &outbox{id: id, held: map[string]held{}, known: map[string]bool{}}
		s.boxes[id] = b
	}
	return b
}

func (s *sorter) run(ctx context.Context) {
	var cut context.CancelFunc
	s.flying, cut = context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	defer s.flights.Wait()
	purge := time.NewTicker(time.Hour)
	defer purge.Stop()
	var others <-chan time.Time
	if s.d.DB.Shared() {
		look := time.NewTicker(lookEvery)
		defer look.Stop()
		others = look.C
	}
	for {
		due := s.pump(ctx)
		t := time.NewTimer(due)
		select {
		case l := <-s.d.added:
			for _, n := range l.deliveries {
				s.box(n.WebhookID).add(n, l.again)
			}
		case r := <-s.reports:
			s.settle(r)
		case <-purge.C:
			if err := s.d.DB.PurgeDeliveries(ctx, time.Now().Add(-keepFor)); err != nil {
				s.d.Logger.Error("forgetting old deliveries", "error", err)
			}
		case <-others:
			if err := s.load(ctx); err != nil {
				s.failed(ctx, err)
			}
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			time.AfterFunc(landWait, cut)
			return
		}
		t.Stop()
	}
}

// add queues a new delivery; a full queue leaves it to the store, where refill finds it, but for one that is sent again: that
// one is out of order there.
func (b *outbox) add(n store.Delivery, again bool) {
	switch {
	case again:
		b.enqueue(n)
	case n.Position < b.last.Position || n.Position == b.last.Position && n.ID <= b.last.ID: // refill was quicker
	case b.more || len(b.queue) >= maxQueued:
		b.more = true
	default:
		b.last = n
		b.enqueue(n)
	}
}

func (b *outbox) enqueue(n store.Delivery) {
	if !b.known[n.ID] {
		b.known[n.ID] = true
		b.queue = append(b.queue, n)
	}
}

// settle takes what came of an attempt.
func (s *sorter) settle(r report) {
	b := s.box(r.WebhookID)
	delete(b.known, r.ID)
	b.flying--
	if r.State != store.Pending && b.held[r.CallID].by == r.ID {
		delete(b.held, r.CallID)
	}
	if r.gone {
		for _, n := range b.queue {
			delete(b.known, n.ID)
		}
		b.queue, b.more, b.retry = nil, false, time.Time{}
		return
	}
	if r.State == store.Pending && (b.retry.IsZero() || r.NextAt.Before(b.retry)) {
		b.retry = r.NextAt
	}
}

// pump starts all attempts that may start now and says when to look again.
func (s *sorter) pump(ctx context.Context) time.Duration {
	now := time.Now()
	next := now.Add(time.Hour)
	for id, b := range s.boxes {
		for call, h := range b.held {
			if !h.until.After(now) {
				delete(b.held, call)
			}
		}
		s.first(ctx, b, now)
		s.again(ctx, b, now)
		if b.more && len(b.queue) <= maxQueued/2 {
			s.refill(ctx, b)
			s.first(ctx, b, now)
		}
		if len(b.queue) > 0 {
			for _, h := range b.held {
				next = earlier(next, h.until)
			}
		}
		if b.more && len(b.queue) == 0 && b.flying == 0 {
			next = earlier(next, now.Add(errorWait)) // the store failed
		}
		if !b.retry.IsZero() && b.flying < maxFlying {
			next = earlier(next, b.retry)
		}
		if len(b.queue)+b.flying+len(b.held) == 0 && !b.more && b.retry.IsZero() {
			delete(s.boxes, id)
		}
	}
	return max(next.Sub(now), 0)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// first makes first attempts, of each call in order.
func (s *sorter) first(ctx context.Context, b *outbox, now time.Time) {
	kept := b.queue[:0]
	for i, n := range b.queue {
		if b.flying >= maxFlying {
			kept = append(kept, b.queue[i:]...)
			break
		}
		if _, wait := b.held[n.CallID]; wait {
			kept = append(kept, n)
			continue
		}
		b.held[n.CallID] = held{n.ID, now.Add(hold)}
		s.launch(ctx, b, n)
	}
	clear(b.queue[len(kept):])
	b.queue = kept
}

// again makes further attempts at what failed before, longest due first.
func (s *sorter) again(ctx context.Context, b *outbox, now time.Time) {
	free := maxFlying - b.flying
	if b.retry.IsZero() || b.retry.After(now) || free <= 0 {
		return
	}
	all, err := s.d.DB.DueDeliveries(ctx, b.id, time.UnixMicro(math.MaxInt64), b.flying+free+1)
	if err != nil {
		s.failed(ctx, err)
		b.retry = now.Add(errorWait)
		return
	}
	b.retry = time.Time{}
	for _, n := range all {
		if b.known[n.ID] {
			continue
		}
		if n.NextAt.After(now) || b.flying >= maxFlying {
			b.retry = n.NextAt
			return
		}
		s.launch(ctx, b, n)
	}
}

func (s *sorter) refill(ctx context.Context, b *outbox) {
	rows, err := s.d.DB.FreshDeliveries(ctx, b.id, b.last.Position, b.last.ID, maxQueued)
	if err != nil {
		s.failed(ctx, err)
		return
	}
	b.more = len(rows) == maxQueued
	for _, n := range rows {
		b.last = n
		b.enqueue(n)
	}
}

func (s *sorter) failed(ctx context.Context, err error) {
	if ctx.Err() == nil {
		s.d.Logger.Error("reading deliveries", "error", err)
	}
}

func (s *sorter) launch(ctx context.Context, b *outbox, n store.Delivery) {
	b.known[n.ID] = true
	b.flying++
	s.flights.Go(func() {
		r := s.d.attempt(s.flying, n)
		select {
		case s.reports <- r:
		case <-ctx.Done():
		}
	})
}
