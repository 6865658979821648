package store

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// TakeLine takes one of the lines of an account, of which all nodes together have most; "": all are in use. Before it looks, lines that
// this node gives back are free. An id with an error may have been taken, and is to be given back.
func (d *DB) TakeLine(ctx context.Context, account string, most int, back ...string) (id string, err error) {
	err = d.tx(ctx, func(tx bun.Tx) error {
		id = ""
		if err := giveLines(ctx, tx, back); err != nil {
			return err
		}
		if d.pg { // nobody else takes one until the transaction ends
			if _, err := tx.NewRaw("SELECT 1 FROM resources WHERE id = ? FOR NO KEY UPDATE", account).Exec(ctx); err != nil {
				return err
			}
		}
		var used int
		err := tx.NewRaw("SELECT COUNT(*) FROM lines WHERE account = ? AND run IN (SELECT run FROM nodes WHERE state <> ?)", account, NodeGone).Scan(ctx, &used)
		if err != nil || used >= most {
			return err
		}
		id = newID()
		_, err = tx.NewRaw("INSERT INTO lines (id, account, run) VALUES (?, ?, ?)", id, account, d.run).Exec(ctx)
		return err
	})
	if err != nil {
		return id, fmt.Errorf("taking a line of an account: %w", err)
	}
	return id, nil
}

// GiveLines gives lines back.
func (d *DB) GiveLines(ctx context.Context, ids []string) error {
	return wrap(giveLines(ctx, d.w, ids), "giving lines back")
}

func giveLines(ctx context.Context, db bun.IDB, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := db.NewRaw("DELETE FROM lines WHERE id IN ?", bun.Tuple(ids)).Exec(ctx)
	return err
}
