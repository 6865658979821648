package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// A DoNotCall is a number that an environment must not call.
type DoNotCall struct {
	ID, EnvironmentID string
	Number            string // as calls name it: E.164 or a sip: address
	Reason            string
	CallID            string // on which it was asked for, "" when on none
	Created           time.Time
}

type doNotCallRow struct {
	bun.BaseModel `bun:"table:do_not_call"`
	ID            string `bun:",pk"`
	EnvironmentID string
	Number        string
	Reason        string
	CallID        string
	CreatedAt     int64
}

var doNotCallColumns = map[string]column{
	"id": {"id", text}, "number": {"number", text}, "reason": {"reason", text}, "call_id": {"call_id", text}, "created_at": {"created_at", moment},
}

var doNotCallShelf = shelf{table: "do_not_call", columns: doNotCallColumns, indexed: map[string][]string{"number": nil}}

func (r doNotCallRow) entry() DoNotCall {
	return DoNotCall{ID: r.ID, EnvironmentID: r.EnvironmentID, Number: r.Number, Reason: r.Reason, CallID: r.CallID, Created: fromMicros(r.CreatedAt)}
}

// AddDoNotCall puts a number on the list; ID and Created are set. One that is there already stays as it is, and is returned.
func (d *DB) AddDoNotCall(ctx context.Context, n DoNotCall) (DoNotCall, error) {
	row := doNotCallRow{ID: newID(), EnvironmentID: clean(n.EnvironmentID), Number: clean(n.Number), Reason: clean(n.Reason), CallID: clean(n.CallID), CreatedAt: now()}
	if row.Number == "" {
		return DoNotCall{}, parley.Invalid("number", "number is missing")
	}
	err := d.tx(ctx, func(tx bun.Tx) error {
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (environment_id, number) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
		return tx.NewSelect().Model(&row).Where("environment_id = ? AND number = ?", row.EnvironmentID, row.Number).Scan(ctx)
	})
	if err != nil {
		return DoNotCall{}, wrap(err, "writing the do-not-call list")
	}
	return row.entry(), nil
}

// DoNotCallList lists what must not be called, oldest first unless a sort_column is given. Fields to sort and filter by: id, number,
// reason, call_id, created_at.
func (d *DB) DoNotCallList(ctx context.Context, env string, p Page) (List[DoNotCall], error) {
	rows, x, err := list[doNotCallRow](ctx, d, doNotCallShelf, "environment_id = ?", []any{clean(env)}, p)
	if err != nil {
		return List[DoNotCall]{}, wrap(err, "reading the do-not-call list")
	}
	l := List[DoNotCall]{Items: make([]DoNotCall, len(rows)), Total: x.total, HasMore: x.more, Estimated: x.estimated}
	for i, r := range rows {
		l.Items[i] = r.entry()
	}
	return l, nil
}

// RemoveDoNotCall takes an entry off the list and returns what it was; ref is its id or its number. Unknown: parley.NotFound.
func (d *DB) RemoveDoNotCall(ctx context.Context, env, ref string) (DoNotCall, error) {
	var row doNotCallRow
	err := d.tx(ctx, func(tx bun.Tx) error {
		q := tx.NewSelect().Model(&row).Where("environment_id = ? AND (id = ? OR number = ?)", clean(env), clean(ref), clean(ref)).Limit(1)
		if err := d.forUpdate(q).Scan(ctx); err != nil {
			return absent(err, "number")
		}
		_, err := tx.NewDelete().Model(&row).WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return DoNotCall{}, wrap(err, "writing the do-not-call list")
	}
	return row.entry(), nil
}

// MayCall refuses a number that is on the do-not-call list: 403 do_not_call.
func (d *DB) MayCall(ctx context.Context, env, number string) error {
	return mayCall(ctx, d.r, env, number)
}

func mayCall(ctx context.Context, db bun.IDB, env, number string) error {
	listed, err := db.NewSelect().Model((*doNotCallRow)(nil)).Where("environment_id = ? AND number = ?", clean(env), clean(number)).Exists(ctx)
	if err != nil {
		return wrap(err, "reading the do-not-call list")
	}
	if listed {
		return &parley.Error{Status: 403, Code: "do_not_call", Field: "to_number",
			Message: "to_number is on this environment's do-not-call list: take it off there to call it"}
	}
	return nil
}
