package store

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/uptrace/bun"
)

// gists are the fields by which those of a kind are found that have no label.
var gists = map[Kind]string{Prompts: "content", Webhooks: "url"}

// gistBatch is how many rows are brought up to date in one transaction.
const gistBatch = 200

// columnsOf are what the documents of a kind are searched by.
func columnsOf(k Kind) map[string]column {
	if k == Pronunciations {
		return pronunciationColumns
	}
	if gist := gists[k]; gist != "" {
		all := maps.Clone(resourceColumns)
		all[gist] = column{"gist", text}
		return all
	}
	return resourceColumns
}

// freshGists brings those gists up to date that a page asks for, where the row was written since by an older node, which knows of none: it
// leaves gist_at as it was.
func (d *DB) freshGists(ctx context.Context, env string, k Kind, p Page) error {
	field := gists[k]
	if field == "" || p.SortColumn != field && !slices.ContainsFunc(p.Filters, func(f Filter) bool { return f.Field == field }) {
		return nil
	}
	for {
		var rows []resourceRow
		err := d.r.NewSelect().Model(&rows).Column("id", "doc", "updated_at").Where("environment_id = ? AND kind = ? AND gist_at <> updated_at", env, k).
			OrderExpr("id").Limit(gistBatch).Scan(ctx) // in order: nodes that do so at once wait for each other, and do not lock each other out
		if err == nil && len(rows) > 0 {
			err = d.tx(ctx, func(tx bun.Tx) error { return regist(ctx, tx, field, rows) })
		}
		if err != nil {
			return fmt.Errorf("reading what %s say that an older node wrote: %w", k, err)
		}
		if len(rows) < gistBatch {
			return nil
		}
	}
}

func regist(ctx context.Context, tx bun.Tx, field string, rows []resourceRow) error {
	for _, r := range rows {
		var doc Doc
		if err := json.Unmarshal([]byte(r.Doc), &doc); err != nil {
			return fmt.Errorf("stored document %s: %w", r.ID, err)
		}
		if _, err := tx.NewRaw("UPDATE resources SET gist = ?, gist_at = updated_at WHERE id = ? AND updated_at = ?", str(doc, field), r.ID, r.UpdatedAt).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
