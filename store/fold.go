package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// How what calls add to the overview gets there. The transaction that changes a call writes a row of news, which waits for nobody; rows are
// added up here, foldAtOnce in a transaction, by one process at a time, in whatever order: sums are the same. That is done foldWait after there
// are some, and before an overview is read.
const (
	foldAtOnce = 500
	foldWait   = time.Second
	foldRetry  = 5 * time.Second
	foldMost   = time.Second // that a reader spends on it; what is left is told as pending
)

// foldLock is the advisory lock of whoever folds on PostgreSQL.
const foldLock = 0x7061726c6576

// cells are the lengths, in seconds, of the spans of time that calls are added up for. Whoever reads puts a span together of days and, at
// its ends, quarters: midnight is at a quarter of an hour in every time zone.
const (
	quarter  = 15 * 60
	wholeDay = 24 * 60 * 60
)

// folding is the goroutine that adds up.
type folding struct {
	wake chan struct{}
	wg   sync.WaitGroup
	stop context.CancelFunc
}

func (d *DB) startFolding() {
	ctx, stop := context.WithCancel(context.Background())
	d.folding = &folding{wake: make(chan struct{}, 1), stop: stop}
	signal(d.folding.wake) // what an earlier run has left
	d.folding.wg.Go(func() { d.foldAll(ctx) })
}

func (f *folding) close() {
	f.stop()
	f.wg.Wait()
}

// foldAll adds up whatever there is, slowly: never more than half of the time, so that calls are not held up.
func (d *DB) foldAll(ctx context.Context) {
	for {
		select {
		case <-d.folding.wake:
		case <-ctx.Done():
			return
		}
		wait := foldWait
		for n := 1; n > 0; {
			if !sleep(ctx, wait) {
				return
			}
			began := time.Now()
			var err error
			if n, err = d.fold(ctx, "", foldAtOnce); err == nil && n == 0 {
				n, err = d.lookAtEarlier(ctx, foldAtOnce)
			}
			if err != nil && ctx.Err() == nil {
				slog.Warn("adding up calls; it is tried again", "error", err)
				n, wait = 1, foldRetry
				continue
			}
			wait = time.Since(began)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// A cellKey is one cell of one agent, or of all.
type cellKey struct {
	env, agent string
	cell, at   int64
}

type kindKey struct {
	outgoing bool
	cause    parley.Cause
}

// A heap is news, added up.
type heap map[cellKey]*pile

type pile struct {
	counts    map[kindKey]*Counts
	latencies latencies
}

func (h heap) add(env string, t *tally, sign int64) error {
	agents := []string{""}
	if t.Agent != "" {
		agents = append(agents, t.Agent)
	}
	own := latencies{}
	if err := decodeLatencies(t.Latencies, own.of); err != nil {
		return err
	}
	for _, agent := range agents {
		for _, cell := range []int64{quarter, wholeDay} {
			k := cellKey{env, agent, cell, t.Made - t.Made%(cell*1e6)}
			p := h[k]
			if p == nil {
				p = &pile{map[kindKey]*Counts{}, latencies{}}
				h[k] = p
			}
			kind := kindKey{t.Outgoing, t.Cause}
			if p.counts[kind] == nil {
				p.counts[kind] = &Counts{}
			}
			p.counts[kind].Add(t.Counts, sign)
			p.latencies.add(own, sign)
		}
	}
	return nil
}

// fold adds up the news of an environment, "" being any, most rows of it, and says how many there were.
func (d *DB) fold(ctx context.Context, env string, most int) (n int, err error) {
	if there, err := d.news(ctx, env, 1); err != nil || there == 0 {
		return 0, err
	}
	err = d.tx(ctx, func(tx bun.Tx) error {
		if d.pg {
			if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(?)", foldLock).Exec(ctx); err != nil {
				return err
			}
		}
		var rows []newsRow
		q := tx.NewSelect().Model(&rows).OrderExpr("environment_id, id").Limit(int64(most))
		if env != "" {
			q.Where("environment_id = ?", env)
		}
		if d.pg {
			q.For("UPDATE SKIP LOCKED") // of a call that is being changed
		}
		if err := q.Scan(ctx); err != nil {
			return err
		}
		n = len(rows)
		h, err := d.gather(ctx, tx, rows)
		if err != nil || n == 0 {
			return err
		}
		for k, p := range h {
			if err := keepPile(ctx, tx, k, p); err != nil {
				return err
			}
		}
		ids := make([]string, n)
		for i, r := range rows {
			ids[i] = r.ID
		}
		_, err = tx.NewRaw("DELETE FROM overview_news WHERE id IN ?", bun.Tuple(ids)).Exec(ctx)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("adding up calls: %w", err)
	}
	return n, nil
}

// news is how many rows of it there are, most at most.
func (d *DB) news(ctx context.Context, env string, most int) (n int, err error) {
	where, args := "TRUE", []any{}
	if env != "" {
		where, args = "environment_id = ?", append(args, env)
	}
	err = d.r.NewRaw("SELECT COUNT(*) FROM (SELECT 1 FROM overview_news WHERE "+where+" LIMIT ?) AS t", append(args, most)...).Scan(ctx, &n)
	return n, err
}

// gather adds up rows of news. What cannot be read is left out, and logged: it must not hold up all others for ever.
func (d *DB) gather(ctx context.Context, tx bun.Tx, rows []newsRow) (heap, error) {
	h := heap{}
	var whole []string
	add := func(call, env string, t *tally, sign int64, err error) {
		if err == nil && t != nil {
			err = h.add(env, t, sign)
		}
		if err != nil {
			slog.Error("a call is missing in the overview", "call", call, "error", err)
		}
	}
	for _, r := range rows {
		if r.Sign == 0 {
			whole = append(whole, r.CallID)
			continue
		}
		var t tally
		err := json.Unmarshal([]byte(r.Doc), &t)
		add(r.CallID, r.EnvironmentID, &t, r.Sign, err)
	}
	if len(whole) > 0 {
		var calls []callRow
		if err := tx.NewSelect().Model(&calls).Where("id IN ?", bun.Tuple(whole)).Scan(ctx); err != nil {
			return nil, err
		}
		for i := range calls {
			t, err := calls[i].tally()
			add(calls[i].ID, calls[i].EnvironmentID, t, 1, err)
		}
	}
	return h, nil
}

// keepPile adds a pile to what is kept of its cell. What comes to nothing is not kept.
func keepPile(ctx context.Context, tx bun.Tx, k cellKey, p *pile) error {
	const cell = " WHERE environment_id = ? AND agent_id = ? AND cell = ? AND at = ?"
	where := []any{k.env, k.agent, k.cell, k.at}
	args, less, set := []any{}, false, make([]string, len(countColumns))
	for kind, c := range p.counts {
		args = append(append(args, where...), kind.outgoing, kind.cause)
		for _, n := range c.each() {
			args = append(args, *n)
		}
		less = less || c.Calls <= 0
	}
	for i, c := range countColumns {
		set[i] = c + " = t." + c + " + excluded." + c
	}
	one := "(?" + strings.Repeat(", ?", 5+len(countColumns)) + ")"
	_, err := tx.NewRaw("INSERT INTO overview_counts AS t (environment_id, agent_id, cell, at, is_outgoing, cause, "+strings.Join(countColumns, ", ")+") VALUES "+
		one+strings.Repeat(", "+one, len(p.counts)-1)+" ON CONFLICT (environment_id, agent_id, cell, at, is_outgoing, cause) DO UPDATE SET "+strings.Join(set, ", "), args...).Exec(ctx)
	if err == nil && less {
		_, err = tx.NewRaw("DELETE FROM overview_counts"+cell+" AND calls = 0", where...).Exec(ctx)
	}
	if err != nil || len(p.latencies) == 0 {
		return err
	}
	var kept struct{ Heard, Vendors string }
	if err = tx.NewRaw("SELECT heard, vendors FROM overview_latency"+cell, where...).Scan(ctx, &kept); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if err = errors.Join(decodeLatencies(kept.Heard, p.latencies.of), decodeLatencies(kept.Vendors, p.latencies.of)); err != nil {
		return err
	}
	heard := latencies{allHeard: p.latencies.of(allHeard)}
	delete(p.latencies, allHeard)
	kept.Heard, kept.Vendors = heard.encode(), p.latencies.encode()
	if kept.Heard == "" {
		_, err = tx.NewRaw("DELETE FROM overview_latency"+cell, where...).Exec(ctx)
		return err
	}
	_, err = tx.NewRaw("INSERT INTO overview_latency (environment_id, agent_id, cell, at, heard, vendors) VALUES (?, ?, ?, ?, ?, ?) "+
		"ON CONFLICT (environment_id, agent_id, cell, at) DO UPDATE SET heard = excluded.heard, vendors = excluded.vendors", append(where, kept.Heard, kept.Vendors)...).Exec(ctx)
	return err
}
