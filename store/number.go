package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

type numberRow struct {
	bun.BaseModel     `bun:"table:numbers"`
	ID                string `bun:",pk"`
	EnvironmentID     string
	Number            string
	Label             string
	Description       string
	TelephonyProvider string
	Active            bool
	OutboundOnly      bool
	InboundAgent      string
	Reserve           int
	Doc               string
	CreatedAt         int64
	UpdatedAt         int64
	LastCallAt        int64 // of a pool's calls, and of those that its pacing counts
	FreeAt            int64 // by its pacing
}

var numberColumns = map[string]column{
	"id": {"id", text}, "number": {"number", text}, "label": {"label", text}, "description": {"description", text},
	"telephony_provider": {"telephony_provider", text}, "active": {"active", yesNo}, "outbound_only": {"outbound_only", yesNo},
	"inbound_agent": {"inbound_agent", text}, "created_at": {"created_at", moment}, "updated_at": {"updated_at", moment},
}

func (r *numberRow) set(ctx context.Context, d *DB, tx bun.IDB, doc Doc) error {
	doc["id"], doc["user_id"] = r.ID, r.EnvironmentID
	if _, ok := doc["active"]; !ok {
		doc["active"] = true
	}
	if doc["inbound_agent"] != nil {
		id, ok := doc["inbound_agent"].(string)
		if !ok {
			return parley.Invalid("inbound_agent", "inbound_agent must be an agent's id")
		}
		if _, err := d.agentRow(ctx, tx, r.EnvironmentID, id); err != nil {
			return named(err, "inbound_agent")
		}
	}
	sealed, err := d.seal(doc, r.EnvironmentID, r.ID)
	if err != nil {
		return err
	}
	r.Doc, r.Label, r.Description = sealed, str(doc, "label"), str(doc, "description")
	r.TelephonyProvider, r.InboundAgent, r.UpdatedAt = str(doc, "telephony_provider"), str(doc, "inbound_agent"), now()
	r.Reserve = reserve(doc)
	r.Active, _ = doc["active"].(bool)
	r.OutboundOnly, _ = doc["outbound_only"].(bool)
	return nil
}

// LinkNumber makes a number known. number is E.164 or the user part that a PBX sends, as the caller has checked it;
// inbound_agent an agent's id, id one of the caller's; without it one is made. What jobs say is done about it is written with it. Linked
// already: 409 exists; with the operator's account in another environment: 409 taken.
func (d *DB) LinkNumber(ctx context.Context, env string, doc Doc, jobs ...Job) (Doc, error) {
	var made Doc
	err := d.tx(ctx, func(tx bun.Tx) error {
		if err := d.hold(ctx, tx, env); err != nil {
			return err
		}
		given, err := restore(doc, nil, "")
		if err != nil {
			return err
		}
		made = given.(Doc)
		row := numberRow{ID: cmp.Or(str(made, "id"), newID()), EnvironmentID: env, Number: str(made, "number"), CreatedAt: now()}
		if row.Number == "" {
			return parley.Invalid("number", "number is missing")
		}
		if err = row.set(ctx, d, tx, made); err != nil {
			return err
		}
		if err = d.alone(ctx, tx, row, str(made, "telephony_account_connection")); err != nil {
			return err
		}
		res, err := tx.NewInsert().Model(&row).On("CONFLICT (environment_id, number) DO NOTHING").Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := res.RowsAffected(); n == 0 {
			return &parley.Error{Status: 409, Code: "exists", Field: "number", Message: "number " + row.Number + " is linked already"}
		}
		if err = d.tagged(ctx, tx, &row); err == nil {
			err = d.roused(ctx, tx, env)
		}
		if err != nil {
			return err
		}
		return insertJobs(ctx, tx, jobs)
	})
	if err != nil {
		return nil, wrap(err, "linking a number")
	}
	d.slotsFreed()
	if len(jobs) > 0 {
		d.jobsAdded()
	}
	return masked(made, false), nil
}

// Number reads a number; ref is its id or the number itself. Unknown: parley.NotFound.
func (d *DB) Number(ctx context.Context, env, ref string) (Doc, error) {
	row, err := d.numberRow(ctx, d.r, env, ref)
	if err != nil {
		return nil, err
	}
	doc, err := d.unseal(row.Doc, row.EnvironmentID, row.ID)
	if err != nil {
		return nil, err
	}
	return masked(doc, false), nil
}

func (d *DB) numberRow(ctx context.Context, db bun.IDB, env, ref string) (row numberRow, err error) {
	q := db.NewSelect().Model(&row).Where("environment_id = ? AND (id = ? OR number = ?)", clean(env), clean(ref), clean(ref)).Limit(1)
	if _, inTx := db.(bun.Tx); inTx {
		q = d.forUpdate(q)
	}
	if err = q.Scan(ctx); err != nil {
		return row, absent(err, "number")
	}
	return row, nil
}

// Numbers lists numbers; inbound_agent is an id. Fields to sort and filter by: id, number, label, description,
// telephony_provider, active, outbound_only, inbound_agent, created_at, updated_at.
func (d *DB) Numbers(ctx context.Context, env string, p Page) (List[Doc], error) {
	rows, x, err := list[numberRow](ctx, d, shelf{table: "numbers", columns: numberColumns, indexed: map[string][]string{"number": nil}}, "environment_id = ?", []any{clean(env)}, p)
	if err != nil {
		return List[Doc]{}, wrap(err, "listing numbers")
	}
	l := List[Doc]{Items: make([]Doc, len(rows)), Total: x.total, HasMore: x.more, Estimated: x.estimated}
	for i, r := range rows {
		doc, err := d.unseal(r.Doc, r.EnvironmentID, r.ID)
		if err != nil {
			return List[Doc]{}, err
		}
		l.Items[i] = masked(doc, false)
	}
	return l, nil
}

// UpdateNumber lays patch over a number; null on inbound_agent detaches. The number itself does not change.
func (d *DB) UpdateNumber(ctx context.Context, env, ref string, patch Doc) (Doc, error) {
	var doc Doc
	err := d.tx(ctx, func(tx bun.Tx) error {
		if err := d.hold(ctx, tx, env); parley.IsNotFound(err) {
			return parley.NotFound("number")
		} else if err != nil {
			return err
		}
		row, err := d.numberRow(ctx, tx, env, ref)
		if err != nil {
			return err
		}
		old, err := d.unseal(row.Doc, row.EnvironmentID, row.ID)
		if err != nil {
			return err
		}
		if doc, err = merge(old, patch); err != nil {
			return err
		}
		doc["number"] = row.Number
		if to := str(doc, "telephony_account_connection"); to != str(old, "telephony_account_connection") {
			if err = d.alone(ctx, tx, row, to); err != nil {
				return err
			}
		}
		if err = row.set(ctx, d, tx, doc); err != nil {
			return err
		}
		if _, err = tx.NewUpdate().Model(&row).WherePK().Exec(ctx); err != nil {
			return err
		}
		if err = d.tagged(ctx, tx, &row); err != nil {
			return err
		}
		return d.roused(ctx, tx, row.EnvironmentID)
	})
	if err != nil {
		return nil, wrap(err, "updating a number")
	}
	d.slotsFreed()
	return masked(doc, false), nil
}

// UnlinkNumber forgets a number and returns what it was.
func (d *DB) UnlinkNumber(ctx context.Context, env, ref string) (Doc, error) {
	var doc Doc
	err := d.tx(ctx, func(tx bun.Tx) error {
		row, err := d.numberRow(ctx, tx, env, ref)
		if err != nil {
			return err
		}
		if doc, err = d.unseal(row.Doc, row.EnvironmentID, row.ID); err != nil {
			return err
		}
		for _, table := range []string{"number_tags", "number_calls"} {
			if _, err = tx.NewRaw("DELETE FROM ? WHERE number_id = ?", bun.Ident(table), row.ID).Exec(ctx); err != nil {
				return err
			}
		}
		_, err = tx.NewDelete().Model(&row).WherePK().Exec(ctx)
		return err
	})
	if err != nil {
		return nil, wrap(err, "unlinking a number")
	}
	return masked(doc, false), nil
}

// LookupNumber finds the number that was dialled: as linked or, when it is digits or + and digits, with or without the +.
// env "" is any; of several the one linked first. Unknown: parley.NotFound.
func (d *DB) LookupNumber(ctx context.Context, env, dialled string) (parley.Number, error) {
	dialled = clean(dialled)
	other := "+" + dialled
	if rest, ok := strings.CutPrefix(dialled, "+"); ok {
		other = rest
	}
	var rows []numberRow
	q := d.r.NewSelect().Model(&rows).Where("number IN (?, ?)", dialled, other).OrderExpr("created_at, id").Limit(50)
	if env != "" {
		q.Where("environment_id = ?", clean(env))
	}
	if err := q.Scan(ctx); err != nil {
		return parley.Number{}, fmt.Errorf("looking a number up: %w", err)
	}
	for _, want := range []string{dialled, other} {
		for _, r := range rows {
			if r.Number == want {
				return r.number(), nil
			}
		}
	}
	return parley.Number{}, parley.NotFound("number")
}

// reserve is what a number's config says of slots that outbound calls leave free.
func reserve(doc Doc) int {
	config, _ := doc["config"].(map[string]any)
	n, _ := number(config["inbound_reserve"])
	return int(min(max(n, 0), maxConcurrent))
}

func (r numberRow) number() parley.Number {
	n := parley.Number{ID: r.ID, UserID: r.EnvironmentID, Number: r.Number, Active: r.Active, OutboundOnly: r.OutboundOnly,
		Label: r.Label, InboundAgent: r.InboundAgent, Reserve: r.Reserve}
	var doc struct {
		Config struct {
			Fallback any `json:"fallback_number"`
		} `json:"config"`
		Example map[string]any `json:"example_context"`
	}
	if json.Unmarshal([]byte(r.Doc), &doc) == nil {
		fallback, _ := doc.Config.Fallback.(string)
		n.Fallback = clean(fallback)
		n.Example = flat(doc.Example)
	}
	return n
}

// flat are the values that can be variables, as text.
func flat(values map[string]any) map[string]string {
	var out map[string]string
	for k, v := range values {
		switch v.(type) {
		case string, float64, bool:
			if out == nil {
				out = map[string]string{}
			}
			out[k] = fmt.Sprint(v)
		}
	}
	return out
}
