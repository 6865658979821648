package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// ReconcileCalls ends what a crash left open, at start, before any call is taken and before jobs run: calls of this node's earlier
// lives, and those that are no living node's. It returns the calls it ended, as they are now, so that their end can be told, and
// with them those that had ended without that:
//   - in progress: node_lost, at the time of the last event that is known of it;
//   - outbound, and a dial was attempted of which nothing came back, or no dial is waiting at all: unknown;
//   - inbound that was never picked up: node_lost.
//
// Outbound calls whose dial still waits, and those in the queue, are left alone. Requests with an idempotency key that were
// cut short may be begun again at once.
func (d *DB) ReconcileCalls(ctx context.Context) ([]parley.Call, error) {
	var lost []parley.Call
	err := d.tx(ctx, func(tx bun.Tx) (err error) {
		if lost, err = d.endOf(ctx, tx, widow{"NOT IN (SELECT id FROM nodes WHERE state <> 'gone' AND id <> ?)", d.node, true}); err != nil {
			return err
		}
		_, err = tx.NewRaw("UPDATE answers SET owner = '' WHERE status = 0 AND owner <> ? AND owner NOT IN (SELECT run FROM nodes WHERE state <> ?)", d.run, NodeGone).Exec(ctx)
		return err
	})
	if len(lost) > 0 {
		d.slotsFreed()
	}
	return lost, wrap(err, "ending the calls of an earlier run")
}

// A widow says whose calls are to be ended: of nodes for which what is asked of their id holds.
type widow struct {
	is   string // a condition with one place
	node string // what is in it
	all  bool   // calls whose dial is nobody's, too: not while others may be writing one
}

// endOf ends the open calls of nodes, and returns them with those whose end these had written down and not told of. All of them are
// this node's to tell from now on.
func (d *DB) endOf(ctx context.Context, tx bun.Tx, w widow) ([]parley.Call, error) {
	dial := "EXISTS (SELECT 1 FROM jobs WHERE subject = call_row.id AND state = ? AND owner " + w.is + ")"
	if w.all {
		dial = "NOT EXISTS (SELECT 1 FROM jobs WHERE subject = call_row.id AND state = ? AND NOT (owner " + w.is + "))"
	}
	var rows []callRow
	// Locked: who was cut off may write an end of its own as soon as it is back.
	err := d.forUpdate(selectCalls(tx, &rows)).Where("NOT queued").
		Where("(status = ? AND node "+w.is+" OR status = ? AND "+dial+")", parley.InProgress, w.node, parley.NotStarted, running, w.node).
		Where("NOT (status = ? AND is_outgoing AND EXISTS (SELECT 1 FROM jobs WHERE subject = call_row.id AND state = ?))", parley.NotStarted, ready).
		OrderExpr("created_at, id").Scan(ctx)
	if err != nil {
		return nil, err
	}
	var ids []string
	if err = tx.NewRaw("SELECT call_id FROM untold WHERE node "+w.is, w.node).Scan(ctx, &ids); err != nil {
		return nil, err
	}
	for _, row := range rows {
		end, err := lastSign(ctx, tx, row)
		if err != nil {
			return nil, err
		}
		_, err = d.changeCall(ctx, tx, row, func(c *parley.Call) error {
			c.Cause, c.ErrorMessage = parley.NodeLost, "the server stopped while the call ran"
			if c.Status == parley.NotStarted && c.IsOutgoing {
				c.Cause, c.ErrorMessage = parley.Unknown, "the server stopped while it dialled; the call is not dialled again"
			}
			c.Status, c.End = c.Cause.Status(), end
			return nil
		})
		if err != nil {
			return nil, err
		}
		ids = append(ids, row.ID)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	if _, err = tx.NewRaw("UPDATE untold SET node = ? WHERE call_id IN ?", d.node, bun.Tuple(ids)).Exec(ctx); err != nil {
		return nil, err
	}
	return d.untold(ctx, tx, ids)
}

// lastSign is when a call was last heard of.
func lastSign(ctx context.Context, tx bun.IDB, row callRow) (time.Time, error) {
	var at int64
	err := tx.NewSelect().Model((*eventRow)(nil)).ColumnExpr("COALESCE(MAX(at), 0)").Where("call_id = ?", row.ID).Scan(ctx, &at)
	return fromMicros(max(at, row.CreatedAt, row.StartAt)), err
}
