package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// A call's row is over a moment before the log tells of it. Table untold holds the call meanwhile, and which node is to tell: written with the row, and
// removed with the event that tells of the ending.

func tellsEnd(t parley.EventType) bool {
	return t == parley.EventEnded || t == parley.EventDidNotConnect
}

func over(s parley.Status) bool { return s == parley.Ended || s == parley.Failed }

func (d *DB) toTell(ctx context.Context, tx bun.IDB, callID string) error {
	_, err := tx.NewRaw("INSERT INTO untold (call_id, node) VALUES (?, ?) ON CONFLICT DO NOTHING", callID, d.node).Exec(ctx)
	return err
}

// told takes the calls off whose ending is among events that are being written; what is to be done after them is written with those events.
func told(ctx context.Context, tx bun.IDB, rows []eventRow) error {
	var calls []string
	for _, r := range rows {
		if tellsEnd(r.Type) {
			calls = append(calls, r.CallID)
		}
	}
	if len(calls) == 0 {
		return nil
	}
	if _, err := tx.NewRaw("DELETE FROM untold WHERE call_id IN ?", bun.Tuple(calls)).Exec(ctx); err != nil {
		return err
	}
	return afterwards(ctx, tx, calls)
}

// untold are those of some calls whose ending was written down and not told of.
func (d *DB) untold(ctx context.Context, tx bun.IDB, ids []string) (calls []parley.Call, err error) {
	var rows []callRow
	if err = selectCalls(tx, &rows).Where("id IN (SELECT call_id FROM untold WHERE call_id IN ?)", bun.Tuple(ids)).OrderExpr("created_at, id").Scan(ctx); err != nil {
		return nil, err
	}
	for _, row := range rows {
		c, err := row.call(d)
		if err != nil {
			return nil, err
		}
		calls = append(calls, c)
	}
	return calls, nil
}
