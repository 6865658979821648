package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/parley-voice/parley/leg"
)

const (
	lineWait  = 3 * time.Second // for the database to say whether a line is free
	linesBack = time.Second     // how often those that could not be given back are given back again
)

// lineBook takes the lines of accounts that all nodes share. While the database is away each node counts for itself.
type lineBook struct {
	db interface {
		TakeLine(ctx context.Context, account string, most int, back ...string) (id string, err error)
		GiveLines(ctx context.Context, ids []string) error
	}
	log   *slog.Logger
	freed chan struct{} // has a value when there is something to give back

	mu   sync.Mutex // guards back
	back []string   // to be given back
}

// shared is how a door takes lines; nil, when this process is the only one.
func (b *lineBook) shared() leg.Lines {
	if b == nil {
		return nil
	}
	return b.take
}

// take is a leg.Lines.
func (b *lineBook) take(account string, most int) (release func(), ok bool) {
	ctx, done := context.WithTimeout(context.Background(), lineWait)
	defer done()
	back := b.returned()
	id, err := b.db.TakeLine(ctx, account, most, back...)
	if err != nil {
		b.log.Error("lines are counted by this node alone", "connection", account, "error", err)
		if id != "" { // its commit may have been carried out all the same
			back = append(back, id)
		}
		b.give(back...)
		return func() {}, true
	}
	return func() { b.give(id) }, id != ""
}

func (b *lineBook) returned() (ids []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ids, b.back = b.back, nil
	return ids
}

func (b *lineBook) give(ids ...string) {
	b.mu.Lock()
	b.back = append(b.back, ids...)
	b.mu.Unlock()
	select {
	case b.freed <- struct{}{}:
	default:
	}
}

// Run gives lines back until ctx is done; then the node leaves, and has none.
func (b *lineBook) Run(ctx context.Context) error {
	for {
		select {
		case <-b.freed:
		case <-ctx.Done():
			return nil
		}
		ids := b.returned()
		if len(ids) == 0 {
			continue
		}
		asked, done := context.WithTimeout(ctx, lineWait)
		err := b.db.GiveLines(asked, ids)
		done()
		if err == nil {
			continue
		}
		select {
		case <-time.After(linesBack):
		case <-ctx.Done():
		}
		b.give(ids...)
	}
}
