package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// ReconcileCalls ends what a crash left open, at start, before any call is taken and before jobs run. It returns the calls
// it ended, as they are now, so that their end can be told, and with them those that had ended without that:
//   - in progress: node_lost, at the time of the last event that is known of it;
//   - outbound, and a dial was attempted of which nothing came back, or no dial is waiting at all: unknown;
//   - inbound that was never picked up: node_lost.
//
// Outbound calls whose dial still waits, and those in the queue, are left alone. Requests with an idempotency key that were
// cut short may be begun again at once.
func (d *DB) ReconcileCalls(ctx context.Context) ([]parley.Call, error) {
	var lost []parley.Call
	freed := false
	err := d.tx(ctx, func(tx bun.Tx) error {
		if err := d.overtake(ctx, tx); err != nil {
			return err
		}
		var rows []callRow
		err := selectCalls(tx, &rows).Where("status IN ?", bun.Tuple([]parley.Status{parley.NotStarted, parley.InProgress})).
			Where("NOT queued").
			Where("NOT (status = ? AND is_outgoing AND EXISTS (SELECT 1 FROM jobs WHERE subject = call_row.id AND state = ?))", parley.NotStarted, ready).
			OrderExpr("created_at, id").Scan(ctx)
		if err != nil {
			return err
		}
		for _, row := range rows {
			end, err := lastSign(ctx, tx, row)
			if err != nil {
				return err
			}
			freed = true
			_, err = d.changeCall(ctx, tx, row, func(c *parley.Call) error {
				c.Cause, c.ErrorMessage = parley.NodeLost, "the server stopped while the call ran"
				if c.Status == parley.NotStarted && c.IsOutgoing {
					c.Cause, c.ErrorMessage = parley.Unknown, "the server stopped while it dialled; the call is not dialled again"
				}
				c.Status, c.End = c.Cause.Status(), end
				return nil
			})
			if err != nil {
				return err
			}
		}
		if lost, err = d.untold(ctx, tx); err != nil {
			return err
		}
		_, err = tx.NewRaw("UPDATE answers SET owner = '' WHERE status = 0 AND owner <> ?", d.run).Exec(ctx)
		return err
	})
	if freed {
		signal(d.slots)
	}
	return lost, wrap(err, "ending the calls of an earlier run")
}

// overtake waits for what a process that was killed has on its way: PostgreSQL carries out a COMMIT that has reached it though
// nobody waits for the answer any more. Until the transaction ends nothing else is written.
func (d *DB) overtake(ctx context.Context, tx bun.Tx) error {
	if !d.pg {
		return nil // with the process its transactions are gone
	}
	_, err := tx.NewRaw("LOCK TABLE calls, jobs, waiting, events, untold, deliveries, cursors, answers IN SHARE ROW EXCLUSIVE MODE").Exec(ctx)
	return err
}

// lastSign is when a call was last heard of.
func lastSign(ctx context.Context, tx bun.IDB, row callRow) (time.Time, error) {
	var at int64
	err := tx.NewSelect().Model((*eventRow)(nil)).ColumnExpr("COALESCE(MAX(at), 0)").Where("call_id = ?", row.ID).Scan(ctx, &at)
	return fromMicros(max(at, row.CreatedAt, row.StartAt)), err
}
