// Package webhook tells the outside what happens on calls: it follows the event log, signs and delivers. It reads what calls
// leave behind and cannot reach into one.
//
// What is to be delivered is a row in the store, written together with how far the log was read, so nothing is lost when
// the process ends, and after a crash something may be sent twice: receivers know it by its webhook-id. The rows are the
// queue and the delivery log in one. Events of one call go to a webhook in order; one that fails holds the next back for 5 s at most, then
// sequence tells the order. Every webhook has attempts of its own, so a slow receiver delays nobody else. One process per
// database delivers at a time, asks before each attempt whether it still is the one, and where it has read to is written by comparing; what others wrote down to be sent once more it finds within lookEvery.
//
// Goroutines: one reads the log, one decides what is sent when, and one for each attempt. Run starts them and waits for them.
package webhook

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/store"
)

// Sender makes requests. *fetch.Client is one.
type Sender interface {
	Do(ctx context.Context, r fetch.Request) (*fetch.Response, error)
}

// Options of a Courier.
type Options struct {
	DB     *store.DB
	Sender Sender
	// RecordingURL signs the address of a call's recording anew for each attempt. nil: the one in the event is sent.
	RecordingURL func(callID string) string
	// Attempted is told the state of a delivery after each attempt; nil: nobody is.
	Attempted func(state string)
	// Mine says whether it is still this process that delivers, and is asked before each attempt. nil: there is no other.
	Mine   func(ctx context.Context) (bool, error)
	Logger *slog.Logger
}

// A Courier delivers events to webhooks.
type Courier struct {
	Options
	added chan batch
	here  atomic.Bool  // Run runs
	read  atomic.Int64 // position of the last event that was read and whose deliveries are written
}

// A batch is new deliveries, written already.
type batch struct {
	deliveries []store.Delivery
	again      bool // asked for once more, out of order
}

// ladder is how long to wait before each attempt, counted from the end of the one before.
var ladder = []time.Duration{
	0, 5 * time.Second, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour,
	5 * time.Hour, 10 * time.Hour, 14 * time.Hour, 20 * time.Hour, 24 * time.Hour,
}

const (
	jitter     = 0.1             // a wait is up to so much shorter
	maxRetry   = 24 * time.Hour  // the longest Retry-After that is obeyed
	hold       = 5 * time.Second // how long an event holds the next of its call back
	maxFlying  = 16              // attempts to one webhook at once
	maxQueued  = 1000            // deliveries to one webhook in memory; the rest wait in the store
	tailBatch  = 500             // events read at once
	cursorName = "webhook"
	errorWait  = time.Second // after the store failed
	keepFor    = 30 * 24 * time.Hour
	landWait   = 3 * time.Second // for attempts that are being made when the courier is to stop
	drainLook  = 20 * time.Millisecond
	lookEvery  = 5 * time.Second // for deliveries that another process wrote down
)

// New makes a courier.
func New(o Options) *Courier {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return &Courier{Options: o, added: make(chan batch, 64)}
}

// Run delivers until ctx is done and every attempt has returned, which has landWait for it; then all that was read and told stands in
// the store. store.ErrMoved: another process delivers.
func (d *Courier) Run(ctx context.Context) error {
	s := &sorter{d: d, boxes: map[string]*outbox{}, reports: make(chan report)}
	if err := s.load(ctx); err != nil {
		return fmt.Errorf("starting webhooks: %w", err)
	}
	at, err := d.DB.Cursor(ctx, cursorName)
	if err != nil {
		return fmt.Errorf("starting webhooks: %w", err)
	}
	d.read.Store(at)
	d.here.Store(true)
	defer d.here.Store(false)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() { s.run(ctx) })
	wg.Go(func() { err = d.tail(ctx, at); cancel() })
	wg.Wait()
	return err
}

// Runs reports whether it is this process that delivers.
func (d *Courier) Runs() bool { return d.here.Load() }

// Drain waits until whatever is in the log has had its first attempt, or ctx is done: for a server that stops, and whose last
// calls have just ended. Run must go on meanwhile. What does not get so far is sent after the next start.
func (d *Courier) Drain(ctx context.Context) error {
	if err := d.DB.Log().Flush(ctx); err != nil {
		return err
	}
	last, err := d.DB.Log().Last(ctx)
	if err != nil {
		return err
	}
	look := time.NewTicker(drainLook)
	defer look.Stop()
	for {
		if d.read.Load() >= last {
			rows, err := d.DB.OutstandingWebhooks(ctx)
			if err != nil || !slices.ContainsFunc(rows, func(o store.Outstanding) bool { return o.Fresh > 0 }) {
				return err
			}
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Redeliver sends an event once more, with the same webhook-id, as a delivery of its own. Unknown: parley.NotFound.
func (d *Courier) Redeliver(ctx context.Context, env, id string) (store.Delivery, error) {
	old, err := d.DB.Delivery(ctx, env, id)
	if err != nil {
		return store.Delivery{}, err
	}
	again := []store.Delivery{{EnvironmentID: old.EnvironmentID, WebhookID: old.WebhookID, CallID: old.CallID,
		EventID: old.EventID, EventType: old.EventType, Position: old.Position}}
	if err := d.DB.Deliver(ctx, again); err != nil {
		return store.Delivery{}, err
	}
	if !d.here.Load() {
		return again[0], nil
	}
	select {
	case d.added <- batch{again, true}:
	case <-ctx.Done(): // it is in the store, and found there at the next start
	}
	return again[0], nil
}
