package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// A waitingRow is a call in the queue. Whoever takes it out holds the call's row first.
type waitingRow struct {
	bun.BaseModel `bun:"table:waiting"`
	CallID        string `bun:",pk"`
	EnvironmentID string
	DueAt         int64
	NotAfter      int64
	Jobs          string
	Pool          string // whose number it waits for, too; "": it has one
	Since         int64  // DueAt, before its pool had none free
}

// wait puts a new call into the queue.
func wait(ctx context.Context, tx bun.Tx, c parley.Call, jobs []Job) error {
	b, err := json.Marshal(jobs)
	if err != nil {
		return err
	}
	due := max(micros(c.Created), micros(c.NotBefore))
	row := waitingRow{CallID: c.ID, EnvironmentID: c.UserID, DueAt: due, NotAfter: micros(c.NotAfter), Jobs: string(b), Pool: poolOf(c), Since: due}
	_, err = tx.NewInsert().Model(&row).Exec(ctx)
	return err
}

// Admitted is what Admit did.
type Admitted struct {
	Next    time.Time     // when to look again, if SlotsFreed says nothing before; zero: there is nothing to wait for
	Expired []parley.Call // ended: their time passed (expired), or their number must no longer be called (cancelled)
	Let     int           // how many calls may be dialled now
}

// admitAtOnce is how many calls one transaction lets go or ends: others want to write, too.
const admitAtOnce = 20

// Admit lets queued calls go whose time has come, the one that was due first of all, as far as their environment has slots: their
// jobs are written in the same transaction. It ends those whose time has passed and those whose number is on the do-not-call list;
// that their end is told is the caller's work. An error comes with what was done before it.
func (d *DB) Admit(ctx context.Context) (a Admitted, err error) {
	defer func() {
		if a.Let > 0 {
			d.jobsAdded()
		}
	}()
	if err = d.expire(ctx, &a); err != nil {
		return a, wrap(err, "ending calls whose time has passed")
	}
	var envs []string
	err = d.r.NewRaw("SELECT id FROM environments AS e WHERE EXISTS (SELECT 1 FROM waiting WHERE environment_id = e.id AND due_at <= ?) ORDER BY id", now()).Scan(ctx, &envs)
	if err != nil {
		return a, fmt.Errorf("reading the queue: %w", err)
	}
	for _, env := range envs {
		for more := true; more; {
			if more, err = d.letGo(ctx, env, &a); err != nil {
				return a, wrap(err, "letting queued calls go")
			}
		}
	}
	a.Next, err = d.nextWaiting(ctx)
	return a, err
}

// expire ends the calls that waited too long.
func (d *DB) expire(ctx context.Context, a *Admitted) error {
	for {
		var ended []parley.Call
		n := 0
		err := d.tx(ctx, func(tx bun.Tx) error {
			ended = nil
			var rows []waitingRow
			err := tx.NewSelect().Model(&rows).Where("not_after > 0 AND not_after <= ?", now()).OrderExpr("not_after, call_id").Limit(admitAtOnce).Scan(ctx)
			n = len(rows)
			for _, w := range rows {
				if err == nil {
					err = d.endWaiting(ctx, tx, w, parley.Expired, "not_after passed before the call could be dialled", &ended)
				}
			}
			return err
		})
		if err != nil {
			return err
		}
		a.Expired = append(a.Expired, ended...)
		if n < admitAtOnce {
			return nil
		}
	}
}

// endWaiting ends a queued call and adds it to those that were ended.
func (d *DB) endWaiting(ctx context.Context, tx bun.Tx, w waitingRow, cause parley.Cause, why string, ended *[]parley.Call) error {
	row, err := d.queuedCall(ctx, tx, w)
	if err != nil || row == nil {
		return err
	}
	_, err = d.changeCall(ctx, tx, *row, func(c *parley.Call) error {
		c.Queued, c.Status, c.Cause, c.ErrorMessage, c.End = false, cause.Status(), cause, why, time.Now().UTC()
		*ended = append(*ended, *c)
		return nil
	})
	return err
}

// queuedCall holds the row of a call that is in the queue; nil: it has just left it.
func (d *DB) queuedCall(ctx context.Context, tx bun.Tx, w waitingRow) (*callRow, error) {
	row, err := d.callRow(ctx, tx, "", w.CallID)
	if err == nil && row.Queued && row.Status == parley.NotStarted {
		return &row, nil
	}
	if err != nil && !parley.IsNotFound(err) {
		return nil, err
	}
	_, err = tx.NewDelete().Model(&w).WherePK().Exec(ctx)
	return nil, err
}

// letGo takes up to admitAtOnce due calls of an environment out of the queue; more: there may be others with room for them.
func (d *DB) letGo(ctx context.Context, env string, a *Admitted) (more bool, err error) {
	var ended []parley.Call
	let := 0
	err = d.tx(ctx, func(tx bun.Tx) error {
		ended, let = nil, 0
		r, err := d.room(ctx, tx, env)
		if err != nil {
			return err
		}
		most := min(r.free(true), admitAtOnce)
		if most == 0 {
			return nil
		}
		var rows []waitingRow
		err = tx.NewSelect().Model(&rows).Where("environment_id = ? AND due_at <= ?", env, now()).OrderExpr("due_at, since, call_id").Limit(int64(most)).Scan(ctx)
		if err != nil {
			return err
		}
		more = len(rows) == most
		if slices.ContainsFunc(rows, func(w waitingRow) bool { return w.Pool != "" }) { // before any call is held: pick holds it, too
			if err = d.hold(ctx, tx, env); err != nil {
				return err
			}
		}
		busy := map[string]bool{}
		for _, w := range rows {
			if busy[w.Pool] {
				continue
			}
			went, err := d.admit(ctx, tx, w, &ended)
			if errors.Is(err, errBusy) {
				busy[w.Pool], err = true, nil
			}
			if err != nil {
				return err
			}
			if went {
				let++
			}
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	a.Let += let
	a.Expired = append(a.Expired, ended...)
	return more, nil
}

// admit lets one call go: from here on it holds a slot and its jobs are due.
func (d *DB) admit(ctx context.Context, tx bun.Tx, w waitingRow, ended *[]parley.Call) (went bool, err error) {
	row, err := d.queuedCall(ctx, tx, w)
	if err != nil || row == nil {
		return false, err
	}
	if err = mayCall(ctx, tx, row.EnvironmentID, row.ToNumber); err != nil {
		if refused, ok := err.(*parley.Error); ok {
			return false, d.endWaiting(ctx, tx, w, parley.Cancelled, refused.Message, ended)
		}
		return false, err
	}
	var jobs []Job
	if err = json.Unmarshal([]byte(w.Jobs), &jobs); err != nil {
		return false, fmt.Errorf("stored jobs of call %s: %w", w.CallID, err)
	}
	var free time.Time
	_, err = d.changeCall(ctx, tx, *row, func(c *parley.Call) (err error) {
		if c.Queued = false; c.Pool != nil {
			free, err = d.pick(ctx, tx, c)
		}
		return err
	})
	var none *parley.Error
	switch {
	case errors.Is(err, errBusy):
		return false, cmp.Or(d.postponed(ctx, tx, w, free), err)
	case errors.As(err, &none) && none.Field == "from_tag":
		return false, d.endWaiting(ctx, tx, w, parley.Configuration, none.Message, ended)
	case err != nil:
		return false, err
	}
	return true, insertJobs(ctx, tx, d.dispatch(jobs))
}

// nextWaiting is when the next queued call is due or too late. Those that are due and wait for a slot are not meant.
func (d *DB) nextWaiting(ctx context.Context) (time.Time, error) {
	at := now()
	var due, late int64
	err := d.r.NewRaw("SELECT COALESCE((SELECT MIN(due_at) FROM waiting WHERE due_at > ?), 0), COALESCE((SELECT MIN(not_after) FROM waiting WHERE not_after > 0), 0)", at).Scan(ctx, &due, &late)
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the queue: %w", err)
	}
	next := due
	if next == 0 || late > 0 && late < next {
		next = late
	}
	if d.pg {
		others, err := d.r.NewSelect().Model((*waitingRow)(nil)).Exists(ctx)
		if look := time.Now().Add(othersEvery); err == nil && others && (next == 0 || fromMicros(next).After(look)) {
			return look, nil // another process may end a call, or free a slot by dying
		}
	}
	return fromMicros(next), nil
}
