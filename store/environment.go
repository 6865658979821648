package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// An Environment is a tenant.
type Environment struct {
	ID       string
	Name     string
	MaxCalls int // concurrent calls, 0 is unlimited
	Created  time.Time
}

type environmentRow struct {
	bun.BaseModel `bun:"table:environments"`
	ID            string `bun:",pk"`
	Name          string
	MaxCalls      int
	CreatedAt     int64
}

func (r environmentRow) environment() Environment {
	return Environment{ID: r.ID, Name: r.Name, MaxCalls: r.MaxCalls, Created: fromMicros(r.CreatedAt)}
}

// An APIKey is what the store knows of a key: never the key.
type APIKey struct {
	ID, EnvironmentID string
	Prefix            string // what may be shown
	Created           time.Time
}

type keyRow struct {
	bun.BaseModel `bun:"table:api_keys"`
	ID            string `bun:",pk"`
	EnvironmentID string
	Prefix        string
	Hash          string // hex
	CreatedAt     int64
}

func (r keyRow) key() APIKey {
	return APIKey{ID: r.ID, EnvironmentID: r.EnvironmentID, Prefix: r.Prefix, Created: fromMicros(r.CreatedAt)}
}

// EnsureDefaultEnvironment returns the oldest environment; made says that there was none and that it was made now.
func (d *DB) EnsureDefaultEnvironment(ctx context.Context) (e Environment, made bool, err error) {
	err = d.tx(ctx, func(tx bun.Tx) error {
		var row environmentRow
		err := tx.NewSelect().Model(&row).OrderExpr("created_at, id").Limit(1).Scan(ctx)
		if errors.Is(err, sql.ErrNoRows) {
			row, made = environmentRow{ID: newID(), Name: "default", CreatedAt: now()}, true
			_, err = tx.NewInsert().Model(&row).Exec(ctx)
		}
		e = row.environment()
		return err
	})
	if err != nil {
		return Environment{}, false, fmt.Errorf("default environment: %w", err)
	}
	return e, made, nil
}

// CreateEnvironment makes a tenant.
func (d *DB) CreateEnvironment(ctx context.Context, name string, maxCalls int) (Environment, error) {
	row := environmentRow{ID: newID(), Name: clean(name), MaxCalls: maxCalls, CreatedAt: now()}
	if _, err := d.w.NewInsert().Model(&row).Exec(ctx); err != nil {
		return Environment{}, fmt.Errorf("creating an environment: %w", err)
	}
	return row.environment(), nil
}

// Environment reads a tenant; unknown: parley.NotFound.
func (d *DB) Environment(ctx context.Context, id string) (Environment, error) {
	var row environmentRow
	if err := d.r.NewSelect().Model(&row).Where("id = ?", clean(id)).Scan(ctx); err != nil {
		return Environment{}, absent(err, "environment")
	}
	return row.environment(), nil
}

// CreateKey stores the hash of a key of an environment; a hash that is already there keeps its row and its environment,
// and its id is returned.
func (d *DB) CreateKey(ctx context.Context, env, prefix string, hash [32]byte) (id string, err error) {
	row := keyRow{ID: newID(), EnvironmentID: env, Prefix: clean(prefix), Hash: hex.EncodeToString(hash[:]), CreatedAt: now()}
	if _, err = d.w.NewInsert().Model(&row).On("CONFLICT (hash) DO NOTHING").Exec(ctx); err != nil {
		return "", fmt.Errorf("storing an API key: %w", err)
	}
	k, err := d.LookupKey(ctx, hash)
	return k.ID, err
}

// LookupKey finds the environment a key belongs to; unknown: parley.NotFound.
func (d *DB) LookupKey(ctx context.Context, hash [32]byte) (APIKey, error) {
	var row keyRow
	if err := d.r.NewSelect().Model(&row).Where("hash = ?", hex.EncodeToString(hash[:])).Scan(ctx); err != nil {
		return APIKey{}, absent(err, "API key")
	}
	return row.key(), nil
}

// Keys lists the keys of an environment, oldest first.
func (d *DB) Keys(ctx context.Context, env string) ([]APIKey, error) {
	var rows []keyRow
	if err := d.r.NewSelect().Model(&rows).Where("environment_id = ?", clean(env)).OrderExpr("created_at, id").Scan(ctx); err != nil {
		return nil, fmt.Errorf("listing API keys: %w", err)
	}
	keys := make([]APIKey, len(rows))
	for i, r := range rows {
		keys[i] = r.key()
	}
	return keys, nil
}

// DeleteKey revokes a key at once; unknown: parley.NotFound.
func (d *DB) DeleteKey(ctx context.Context, env, id string) error {
	res, err := d.w.NewDelete().Model((*keyRow)(nil)).Where("id = ? AND environment_id = ?", clean(id), clean(env)).Exec(ctx)
	if err != nil {
		return fmt.Errorf("deleting an API key: %w", err)
	}
	if n, _ := res.RowsAffected(); n == 0 {
		return parley.NotFound("API key")
	}
	return nil
}

// absent turns "no rows" into a NotFound of that name and wraps everything else.
func absent(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return parley.NotFound(what)
	}
	return fmt.Errorf("reading %s: %w", what, err)
}
