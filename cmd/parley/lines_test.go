package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A ledger keeps count of lines, and may be away.
type ledger struct {
	mu   sync.Mutex
	away bool
	used []string
	n    int
}

func (c *ledger) TakeLine(ctx context.Context, account string, most int, back ...string) (string, error) {
	if err := c.GiveLines(ctx, back); err != nil {
		return "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.used) >= most {
		return "", nil
	}
	c.n++
	id := account + string(rune('0'+c.n))
	c.used = append(c.used, id)
	return id, nil
}

func (c *ledger) GiveLines(_ context.Context, ids []string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.away {
		return errors.New("away")
	}
	c.used = slices.DeleteFunc(c.used, func(id string) bool { return slices.Contains(ids, id) })
	return nil
}

func (c *ledger) set(away bool) { c.mu.Lock(); defer c.mu.Unlock(); c.away = away }
func (c *ledger) inUse() int    { c.mu.Lock(); defer c.mu.Unlock(); return len(c.used) }

// TestLineBook: a line is given back though the database was away when its call ended, and while it is away calls are not refused.
func TestLineBook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &ledger{}
		b := &lineBook{db: c, log: slog.New(slog.DiscardHandler), freed: make(chan struct{}, 1)}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- b.Run(ctx) }()
		first, ok := b.take("t", 2)
		second, ok2 := b.take("t", 2)
		if _, ok3 := b.take("t", 2); !ok || !ok2 || ok3 {
			t.Fatal(ok, ok2, ok3)
		}
		c.set(true)
		first()
		time.Sleep(10 * linesBack)
		if alone, ok := b.take("t", 2); !ok {
			t.Error("refused while nobody keeps count")
		} else {
			alone()
		}
		c.set(false)
		time.Sleep(2 * linesBack)
		if n := c.inUse(); n != 1 {
			t.Errorf("%d are in use", n)
		}
		second()
		synctest.Wait()
		if n := c.inUse(); n != 0 {
			t.Errorf("%d are in use", n)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
