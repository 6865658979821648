package store

import (
	"context"
	"testing"
	"time"

	"github.com/uptrace/bun"
)

// TestWhoStandsStillHoldsNobodyUp: a process that stops in the middle of a transaction, as one does that is stopped or cut off, holds what it has locked
// for a few seconds; meanwhile others who wait for it, by all connections they have, live and see who does.
func TestWhoStandsStillHoldsNobodyUp(t *testing.T) {
	a := postgres(t)
	b := two(t, a)
	stuck, err := a.w.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Rollback()
	if _, err := stuck.Exec("CREATE TABLE held (n int); LOCK TABLE nodes IN SHARE MODE; INSERT INTO settings (name, value) VALUES ('held', 'x')"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	began := time.Now()
	done := make(chan error, pgConns)
	for range pgConns {
		go func() {
			done <- b.tx(ctx, func(tx bun.Tx) error {
				_, err := tx.NewRaw("INSERT INTO settings (name, value) VALUES ('held', 'y') ON CONFLICT (name) DO UPDATE SET value = 'y'").Exec(ctx)
				return err
			})
		}()
	}
	for { // until all of b's connections wait
		var n int
		if err := a.pulse.NewRaw("SELECT COUNT(*) FROM pg_stat_activity WHERE application_name = ? AND wait_event_type = 'Lock'", appName(b.run)).Scan(ctx, &n); err != nil {
			t.Fatal(err)
		}
		if n == pgConns {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	looked := time.Now()
	if nodes, err := b.Nodes(ctx); err != nil || len(nodes) != 2 {
		t.Errorf("%v %v", nodes, err)
	}
	if took := time.Since(looked); took > idleTx/2 {
		t.Errorf("whose connections all wait sees the others after %v", took)
	}
	for range pgConns {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(began); took > 3*idleTx {
		t.Errorf("others went on after %v", took)
	}
	if err := b.Beat(ctx, NodeUp); err != nil {
		t.Error(err)
	}
}
