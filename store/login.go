package store

import (
	"context"
	"encoding/hex"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

type loginRow struct {
	bun.BaseModel `bun:"table:logins"`
	Hash          string `bun:",pk"` // hex
	KeyID         string
	ExpiresAt     int64
}

// OpenLogin lets whoever holds what hash is of act as a key until then, and drops the logins of everybody that are over. Unknown key:
// parley.NotFound.
func (d *DB) OpenLogin(ctx context.Context, keyID string, hash [32]byte, until time.Time) error {
	row := loginRow{Hash: hex.EncodeToString(hash[:]), KeyID: clean(keyID), ExpiresAt: until.UnixMicro()}
	err := d.tx(ctx, func(tx bun.Tx) error {
		if _, err := tx.NewDelete().Model((*loginRow)(nil)).Where("expires_at <= ?", now()).Exec(ctx); err != nil {
			return err
		}
		there, err := tx.NewSelect().Model((*keyRow)(nil)).Where("id = ?", row.KeyID).Exists(ctx)
		if err != nil {
			return err
		}
		if !there {
			return parley.NotFound("API key")
		}
		_, err = tx.NewInsert().Model(&row).Exec(ctx)
		return err
	})
	return wrap(err, "opening a login")
}

// Login finds the key that a login acts as, and until when, and marks the key as used; unknown or over: parley.NotFound.
func (d *DB) Login(ctx context.Context, hash [32]byte) (APIKey, time.Time, error) {
	var row struct {
		keyRow    `bun:",extend"`
		ExpiresAt int64
	}
	err := d.r.NewRaw("SELECT k.*, l.expires_at FROM logins AS l JOIN api_keys AS k ON k.id = l.key_id WHERE l.hash = ? AND l.expires_at > ?",
		hex.EncodeToString(hash[:]), now()).Scan(ctx, &row)
	if err != nil {
		return APIKey{}, time.Time{}, absent(err, "login")
	}
	d.used.mark(ctx, d, row.keyRow)
	return row.key(), fromMicros(row.ExpiresAt), nil
}

// CloseLogin ends a login at once; one that is not there is no error.
func (d *DB) CloseLogin(ctx context.Context, hash [32]byte) error {
	_, err := d.w.NewDelete().Model((*loginRow)(nil)).Where("hash = ?", hex.EncodeToString(hash[:])).Exec(ctx)
	return wrap(err, "closing a login")
}
