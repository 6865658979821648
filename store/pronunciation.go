package store

import (
	"context"
	"fmt"
)

// maxPronunciations is how many words of an environment are known to its voices: the newest.
const maxPronunciations = 5000

var pronunciationColumns = map[string]column{
	"id": {"id", text}, "word": {"label", text}, "language": {"type", text}, "description": {"description", text},
	"created_at": {"created_at", moment}, "updated_at": {"updated_at", moment},
}

// Dictionary reads the pronunciations of an environment, the newest first, 5,000 at most.
func (d *DB) Dictionary(ctx context.Context, env string) ([]Doc, error) {
	var rows []resourceRow
	err := d.r.NewSelect().Model(&rows).Where("environment_id = ? AND kind = ?", clean(env), Pronunciations).
		OrderExpr("created_at DESC, id DESC").Limit(maxPronunciations).Scan(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the pronunciations: %w", err)
	}
	return d.unsealAll(rows)
}
