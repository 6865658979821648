package store

import (
	"context"
	"fmt"
	"time"
)

// MinutesUsed is how long the calls of an environment that were answered from one time until before another were, in minutes. Those
// that still run do not count yet.
func (d *DB) MinutesUsed(ctx context.Context, env string, from, to time.Time) (float64, error) {
	var us int64
	err := d.r.NewRaw("SELECT CAST(COALESCE(SUM(end_at - start_at), 0) AS BIGINT) FROM calls WHERE environment_id = ? AND start_at >= ? AND start_at < ? AND start_at > 0 AND end_at > start_at",
		clean(env), micros(from), micros(to)).Scan(ctx, &us)
	if err != nil {
		return 0, fmt.Errorf("counting minutes: %w", err)
	}
	return (time.Duration(us) * time.Microsecond).Minutes(), nil
}
