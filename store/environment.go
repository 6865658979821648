package store

import (
	"context"
	"database/sql"
	"encoding/json"
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
	Settings Settings
}

// Settings are what an environment may choose; the zero value is the default of each.
type Settings struct {
	TimeFormat    string `json:"time_format,omitempty"`      // of answers: iso8601 (default), epoch
	AudioDays     int    `json:"audio_days,omitempty"`       // recordings are erased so many days after the call's end; 0: never
	TextDays      int    `json:"text_days,omitempty"`        // so is all that was said and written; 0: never
	MP3AfterDays  int    `json:"mp3_after_days,omitempty"`   // then a WAV becomes an MP3; 0: never
	AutoDoNotCall bool   `json:"auto_do_not_call,omitempty"` // who asks not to be called again goes on the do-not-call list
}

// The bounds of an environment.
const (
	maxConcurrent = 100_000
	maxDays       = 36_500
)

func (e Environment) check() error {
	if e.MaxCalls < 0 || e.MaxCalls > maxConcurrent {
		return parley.Invalid("max_calls", fmt.Sprintf("max_calls must be between 0 (unlimited) and %d", maxConcurrent))
	}
	if f := e.Settings.TimeFormat; f != "" && f != "iso8601" && f != "epoch" {
		return parley.Invalid("settings.time_format", "settings.time_format must be iso8601 or epoch")
	}
	for _, days := range []struct {
		field string
		n     int
	}{{"audio_days", e.Settings.AudioDays}, {"text_days", e.Settings.TextDays}, {"mp3_after_days", e.Settings.MP3AfterDays}} {
		if days.n < 0 || days.n > maxDays {
			return parley.Invalid("settings."+days.field, fmt.Sprintf("settings.%s must be between 0 (never) and %d", days.field, maxDays))
		}
	}
	return nil
}

type environmentRow struct {
	bun.BaseModel `bun:"table:environments"`
	ID            string `bun:",pk"`
	Name          string
	MaxCalls      int
	CreatedAt     int64
	Settings      string
}

var environmentColumns = map[string]column{
	"id": {"id", text}, "name": {"name", text}, "max_calls": {"max_calls", whole}, "created_at": {"created_at", moment},
}

// set writes all but ID and Created into the row.
func (r *environmentRow) set(e Environment) error {
	if err := e.check(); err != nil {
		return err
	}
	b, err := json.Marshal(e.Settings)
	r.Name, r.MaxCalls, r.Settings = clean(e.Name), e.MaxCalls, string(b)
	return err
}

func (r environmentRow) environment() (Environment, error) {
	e := Environment{ID: r.ID, Name: r.Name, MaxCalls: r.MaxCalls, Created: fromMicros(r.CreatedAt)}
	if err := json.Unmarshal([]byte(r.Settings), &e.Settings); err != nil {
		return e, fmt.Errorf("stored environment %s: %w", r.ID, err)
	}
	return e, nil
}

// EnsureDefaultEnvironment returns the oldest environment; made says that there was none and that it was made now.
func (d *DB) EnsureDefaultEnvironment(ctx context.Context) (e Environment, made bool, err error) {
	err = d.tx(ctx, func(tx bun.Tx) error {
		row, err := oldestEnvironment(ctx, tx)
		if errors.Is(err, sql.ErrNoRows) {
			row, made = environmentRow{ID: newID(), Name: "default", CreatedAt: now(), Settings: "{}"}, true
			_, err = tx.NewInsert().Model(&row).Exec(ctx)
		}
		if err == nil {
			e, err = row.environment()
		}
		return err
	})
	if err != nil {
		return Environment{}, false, fmt.Errorf("default environment: %w", err)
	}
	return e, made, nil
}

func oldestEnvironment(ctx context.Context, db bun.IDB) (row environmentRow, err error) {
	err = db.NewSelect().Model(&row).OrderExpr("created_at, id").Limit(1).Scan(ctx)
	return row, err
}

// CreateEnvironment makes a tenant; ID and Created are set.
func (d *DB) CreateEnvironment(ctx context.Context, e Environment) (Environment, error) {
	row := environmentRow{ID: newID(), CreatedAt: now()}
	err := row.set(e)
	if err == nil {
		_, err = d.w.NewInsert().Model(&row).Exec(ctx)
	}
	if err != nil {
		return Environment{}, wrap(err, "creating an environment")
	}
	return row.environment()
}

// Environment reads a tenant; unknown: parley.NotFound.
func (d *DB) Environment(ctx context.Context, id string) (Environment, error) {
	var row environmentRow
	if err := d.find(ctx, d.r, &row, "", id, "environment"); err != nil {
		return Environment{}, err
	}
	return row.environment()
}

// Environments lists tenants, oldest first unless a sort_column is given. Fields to sort and filter by: id, name, max_calls, created_at.
func (d *DB) Environments(ctx context.Context, p Page) (List[Environment], error) {
	rows, x, err := list[environmentRow](ctx, d, shelf{table: "environments", columns: environmentColumns}, "TRUE", nil, p)
	if err != nil {
		return List[Environment]{}, wrap(err, "listing environments")
	}
	l := List[Environment]{Items: make([]Environment, len(rows)), Total: x.total, HasMore: x.more, Estimated: x.estimated}
	for i, r := range rows {
		if l.Items[i], err = r.environment(); err != nil {
			return List[Environment]{}, err
		}
	}
	return l, nil
}

// UpdateEnvironment changes a tenant: it is read, change is called, and it is written, with nobody in between. ID and Created
// stay. A maximum below what runs ends no call. Unknown: parley.NotFound.
func (d *DB) UpdateEnvironment(ctx context.Context, id string, change func(*Environment) error) (e Environment, err error) {
	err = d.tx(ctx, func(tx bun.Tx) error {
		var row environmentRow
		if err := d.find(ctx, tx, &row, "", id, "environment"); err != nil {
			return err
		}
		if e, err = row.environment(); err != nil {
			return err
		}
		if err = change(&e); err != nil {
			return err
		}
		if err = row.set(e); err != nil {
			return err
		}
		if _, err = tx.NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
			return err
		}
		e, err = row.environment()
		return err
	})
	if err != nil {
		return Environment{}, wrap(err, "updating an environment")
	}
	d.slotsFreed()
	return e, nil
}

// DeleteEnvironment removes a tenant, its keys and its do-not-call list. While it has calls, agents, numbers or sub-resources:
// 409 in_use. The oldest environment, and the one that holds the server's last operator key, stay.
func (d *DB) DeleteEnvironment(ctx context.Context, id string) (e Environment, err error) {
	err = d.tx(ctx, func(tx bun.Tx) error {
		var row environmentRow
		if err := d.find(ctx, tx, &row, "", id, "environment"); err != nil {
			return err
		}
		oldest, err := oldestEnvironment(ctx, tx)
		if err != nil {
			return err
		}
		if oldest.ID == row.ID {
			return &parley.Error{Status: 409, Code: "in_use", Field: "id", Message: "id: the server's first environment cannot be deleted"}
		}
		for _, t := range []struct{ table, what string }{{"calls", "calls"}, {"numbers", "numbers"}, {"agents", "agents"}, {"resources", "prompts, actions, voices, webhooks or connections"}} {
			there, err := tx.NewSelect().TableExpr("?", bun.Ident(t.table)).Where("environment_id = ?", row.ID).Exists(ctx)
			if err != nil {
				return err
			}
			if there {
				return &parley.Error{Status: 409, Code: "in_use", Field: "id", Message: "id: the environment still has " + t.what + ": delete them first"}
			}
		}
		if err := d.keepOperator(ctx, tx, "environment_id = ?", row.ID); err != nil {
			return err
		}
		for _, table := range []string{"api_keys", "do_not_call", "memories", "documents", "libraries", "audit", "overview_counts", "overview_latency", "overview_news", "answers", "deliveries"} {
			if _, err = tx.NewRaw("DELETE FROM ? WHERE environment_id = ?", bun.Ident(table), row.ID).Exec(ctx); err != nil {
				return err
			}
		}
		if _, err = tx.NewDelete().Model(&row).WherePK().Exec(ctx); err != nil {
			return err
		}
		e, err = row.environment()
		return err
	})
	if err != nil {
		return Environment{}, wrap(err, "deleting an environment")
	}
	return e, nil
}

// absent turns "no rows" into a NotFound of that name and wraps everything else.
func absent(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return parley.NotFound(what)
	}
	return fmt.Errorf("reading %s: %w", what, err)
}
