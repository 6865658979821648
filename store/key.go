package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// A Role is what an API key may do.
type Role string

const (
	Operator Role = "operator" // the whole server: every environment and its keys
	Admin    Role = "admin"    // its environment, with its keys and settings
	Member   Role = "member"   // everything else in its environment
)

// An APIKey is what the store knows of a key: never the key.
type APIKey struct {
	ID, EnvironmentID string
	Prefix            string // what may be shown
	Label             string
	Role              Role // "" is Member
	Created           time.Time
	LastUsed          time.Time // to the minute; zero: never
}

type keyRow struct {
	bun.BaseModel `bun:"table:api_keys"`
	ID            string `bun:",pk"`
	EnvironmentID string
	Prefix        string
	Hash          string // hex
	CreatedAt     int64
	Label         string
	Role          Role
	LastUsed      int64
}

var keyColumns = map[string]column{
	"id": {"id", text}, "environment_id": {"environment_id", text}, "prefix": {"prefix", text}, "label": {"label", text}, "role": {"role", text},
	"created_at": {"created_at", moment}, "last_used": {"last_used", moment},
}

func (r keyRow) key() APIKey {
	return APIKey{ID: r.ID, EnvironmentID: r.EnvironmentID, Prefix: r.Prefix, Label: r.Label, Role: r.Role,
		Created: fromMicros(r.CreatedAt), LastUsed: fromMicros(r.LastUsed)}
}

// CreateKey stores the hash of a key of an environment; ID and Created are set. A hash that is already there keeps its row, which
// is returned. Unknown environment: parley.NotFound.
func (d *DB) CreateKey(ctx context.Context, k APIKey, hash [32]byte) (APIKey, error) {
	if k.Role == "" {
		k.Role = Member
	}
	if k.Role != Operator && k.Role != Admin && k.Role != Member {
		return APIKey{}, parley.Invalid("role", "role must be operator, admin or member")
	}
	row := keyRow{ID: newID(), EnvironmentID: clean(k.EnvironmentID), Prefix: clean(k.Prefix), Hash: hex.EncodeToString(hash[:]),
		CreatedAt: now(), Label: clean(k.Label), Role: k.Role}
	err := d.tx(ctx, func(tx bun.Tx) error {
		there, err := tx.NewSelect().Model((*environmentRow)(nil)).Where("id = ?", row.EnvironmentID).Exists(ctx)
		if err != nil {
			return err
		}
		if !there {
			return parley.NotFound("environment")
		}
		if _, err = tx.NewInsert().Model(&row).On("CONFLICT (hash) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		return tx.NewSelect().Model(&row).Where("hash = ?", row.Hash).Scan(ctx)
	})
	if err != nil {
		return APIKey{}, wrap(err, "storing an API key")
	}
	return row.key(), nil
}

// LookupKey finds the environment a key belongs to and marks the key as used; unknown: parley.NotFound.
func (d *DB) LookupKey(ctx context.Context, hash [32]byte) (APIKey, error) {
	var row keyRow
	if err := d.r.NewSelect().Model(&row).Where("hash = ?", hex.EncodeToString(hash[:])).Scan(ctx); err != nil {
		return APIKey{}, absent(err, "API key")
	}
	d.used.mark(ctx, d, row)
	return row.key(), nil
}

// usedEvery is how exactly it is known when a key was used.
const usedEvery = time.Minute

// lastUses is when this process wrote down the use of a key.
type lastUses struct {
	mu sync.Mutex // guards at
	at map[string]int64
}

// mark writes down that a key was used, at most once in usedEvery. That it could not be written stops nobody.
func (u *lastUses) mark(ctx context.Context, d *DB, row keyRow) {
	at := now()
	u.mu.Lock()
	fresh := at-max(row.LastUsed, u.at[row.ID]) < usedEvery.Microseconds()
	if !fresh {
		if u.at == nil || len(u.at) > maxCounted {
			u.at = map[string]int64{}
		}
		u.at[row.ID] = at
	}
	u.mu.Unlock()
	if fresh {
		return
	}
	if _, err := d.w.NewRaw("UPDATE api_keys SET last_used = ? WHERE id = ?", at, row.ID).Exec(ctx); err != nil && ctx.Err() == nil {
		slog.Warn("when a key was used could not be written", "key", row.ID, "error", err)
	}
}

// Keys lists the keys of an environment ("" is all), oldest first unless a sort_column is given. Fields to sort and filter by: id,
// environment_id, prefix, label, role, created_at, last_used.
func (d *DB) Keys(ctx context.Context, env string, p Page) (List[APIKey], error) {
	scope, args := "TRUE", []any(nil)
	if env != "" {
		scope, args = "environment_id = ?", []any{clean(env)}
	}
	rows, x, err := list[keyRow](ctx, d, shelf{table: "api_keys", columns: keyColumns}, scope, args, p)
	if err != nil {
		return List[APIKey]{}, wrap(err, "listing API keys")
	}
	l := List[APIKey]{Items: make([]APIKey, len(rows)), Total: x.total, HasMore: x.more, Estimated: x.estimated}
	for i, r := range rows {
		l.Items[i] = r.key()
	}
	return l, nil
}

// Key reads one; env "" is any. Unknown: parley.NotFound.
func (d *DB) Key(ctx context.Context, env, id string) (APIKey, error) {
	var row keyRow
	err := d.find(ctx, d.r, &row, env, id, "API key")
	return row.key(), err
}

// DeleteKey revokes a key at once and returns what it was; env "" is any. Unknown: parley.NotFound; the last operator key: 409.
func (d *DB) DeleteKey(ctx context.Context, env, id string) (APIKey, error) {
	var row keyRow
	err := d.tx(ctx, func(tx bun.Tx) error {
		if err := d.find(ctx, tx, &row, env, id, "API key"); err != nil {
			return err
		}
		if err := d.keepOperator(ctx, tx, "id = ?", row.ID); err != nil {
			return err
		}
		_, err := tx.NewDelete().Model(&row).WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return APIKey{}, wrap(err, "deleting an API key")
	}
	return row.key(), nil
}

// keepOperator refuses when the keys that a condition chooses are the last ones that may do everything.
func (d *DB) keepOperator(ctx context.Context, tx bun.Tx, going string, arg any) error {
	var rows []keyRow
	if err := d.forUpdate(tx.NewSelect().Model(&rows).Where("role = ?", Operator).OrderExpr("id")).Scan(ctx); err != nil {
		return err
	}
	n, err := tx.NewSelect().Model((*keyRow)(nil)).Where("role = ?", Operator).Where(going, arg).Count(ctx)
	if err != nil {
		return fmt.Errorf("counting operator keys: %w", err)
	}
	if n > 0 && int(n) == len(rows) {
		return &parley.Error{Status: 409, Code: "last_operator", Field: "id",
			Message: "id: this is the last key with the role operator: make another one first"}
	}
	return nil
}
