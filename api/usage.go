package api

import (
	"context"
	"math"
	"time"
)

// usageStore adds up what calls used.
type usageStore interface {
	MinutesUsed(ctx context.Context, env string, from, to time.Time) (float64, error)
	overviewStore
	nodeStore
}

// usage is the minutes of this month. Known clients read both numbers as whole, and compare them: no limit is the largest one.
func (a *API) usage(r *request) (any, error) {
	now := time.Now().UTC()
	month := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	minutes, err := a.Store.MinutesUsed(r.Context(), r.env, month, now)
	if err != nil {
		return nil, err
	}
	return map[string]any{"user_id": r.env, "plan_type": "plan_unlimited", "monthly_usage_minutes": int64(math.Ceil(minutes)),
		"monthly_usage_limit_minutes": math.MaxInt32}, nil
}
