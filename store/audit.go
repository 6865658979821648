package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/uptrace/bun"
)

// An AuditEntry says who acted on a running call, and what came of it.
type AuditEntry struct {
	ID            string
	EnvironmentID string
	CallID        string
	Key           string            // the visible beginning of the API key
	Act           string            // say, listen, take_over, …
	Details       map[string]string // what with; nothing once the call's text has been erased
	Status        int               // of the answer, as HTTP has it; 0: it was being done when the server was killed, or is
	Code          string            // of a refusal
	At            time.Time
}

type auditRow struct {
	bun.BaseModel `bun:"table:audit"`
	ID            string `bun:",pk"`
	EnvironmentID string
	CallID        string
	KeyPrefix     string
	Act           string
	Details       string // a JSON object
	Status        int64
	Code          string
	CreatedAt     int64
}

var auditShelf = shelf{table: "audit", columns: map[string]column{
	"id": {"id", text}, "call_id": {"call_id", text}, "key": {"key_prefix", text}, "act": {"act", text}, "status": {"status", whole}, "code": {"code", text},
	"created_at": {"created_at", moment},
}, indexed: map[string][]string{"call_id": nil}}

func (r auditRow) entry() (AuditEntry, error) {
	e := AuditEntry{ID: r.ID, EnvironmentID: r.EnvironmentID, CallID: r.CallID, Key: r.KeyPrefix, Act: r.Act, Status: int(r.Status), Code: r.Code, At: fromMicros(r.CreatedAt)}
	if err := json.Unmarshal([]byte(r.Details), &e.Details); err != nil {
		return e, fmt.Errorf("an audit entry cannot be read: %w", err)
	}
	return e, nil
}

// Audit writes down what is about to be done to a call, and gives its id. ID and At are set.
func (d *DB) Audit(ctx context.Context, e AuditEntry) (id string, err error) {
	details := make(map[string]string, len(e.Details))
	for k, v := range e.Details {
		details[clean(k)] = clean(v)
	}
	b, err := json.Marshal(details)
	if err != nil {
		return "", fmt.Errorf("writing an audit entry: %w", err)
	}
	row := auditRow{ID: newID(), EnvironmentID: clean(e.EnvironmentID), CallID: clean(e.CallID), KeyPrefix: clean(e.Key), Act: clean(e.Act), Details: string(b), CreatedAt: now()}
	_, err = d.w.NewInsert().Model(&row).Exec(ctx)
	return row.ID, wrap(err, "writing an audit entry")
}

// Audited writes down what came of it.
func (d *DB) Audited(ctx context.Context, id string, status int, code string) error {
	_, err := d.w.NewRaw("UPDATE audit SET status = ?, code = ? WHERE id = ?", status, clean(code), id).Exec(ctx)
	return wrap(err, "writing an audit entry")
}

// AuditEntries lists them, oldest first unless a sort_column is given. Fields to sort and filter by: id, call_id, key, act, status, code, created_at.
func (d *DB) AuditEntries(ctx context.Context, env string, p Page) (List[AuditEntry], error) {
	rows, x, err := list[auditRow](ctx, d, auditShelf, "environment_id = ?", []any{clean(env)}, p)
	if err != nil {
		return List[AuditEntry]{}, wrap(err, "reading the audit")
	}
	l := List[AuditEntry]{Items: make([]AuditEntry, len(rows)), Total: x.total, HasMore: x.more, Estimated: x.estimated}
	for i, r := range rows {
		if l.Items[i], err = r.entry(); err != nil {
			return l, err
		}
	}
	return l, nil
}
