package store

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// alone keeps a number of the shared account to one environment: whoever has it there may call from it, have its calls, and give it back. An order
// that came to nothing (carrier_status failed) holds none.
func (d *DB) alone(ctx context.Context, tx bun.Tx, row numberRow, connection string) error {
	if shared, err := isShared(ctx, tx, connection); err != nil || !shared {
		return err
	}
	if d.pg { // another environment may be writing the same; SQLite has one writer
		if _, err := tx.NewRaw("SELECT pg_advisory_xact_lock(hashtext(?))", row.Number).Exec(ctx); err != nil {
			return err
		}
	}
	var others []numberRow
	if err := tx.NewSelect().Model(&others).Where("number = ? AND environment_id <> ?", row.Number, row.EnvironmentID).Scan(ctx); err != nil {
		return err
	}
	for i := range others {
		p := others[i].pooled()
		if p.Status == "failed" {
			continue
		}
		if shared, err := isShared(ctx, tx, p.Connection); err != nil {
			return err
		} else if shared {
			return &parley.Error{Status: 409, Code: "taken", Field: "phone_number", Message: "phone_number: " + row.Number + " is not to be had: it belongs to somebody else, or is being bought"}
		}
	}
	return nil
}

func isShared(ctx context.Context, tx bun.Tx, connection string) (bool, error) {
	if connection == "" {
		return false, nil
	}
	return tx.NewSelect().Model((*resourceRow)(nil)).Where("id = ? AND kind = ? AND type = ?", connection, AccountConnections, parley.OperatorsTwilio).Exists(ctx)
}
