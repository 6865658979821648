package store

import (
	"context"
	"time"
)

// Depth is how much waits.
type Depth struct {
	Calls  int64 // in the queue
	Jobs   int64 // ready, or waiting for their time
	Unread int64 // positions of the event log that webhooks have not been read from

	CallsDue time.Time // when the first of the calls was due; zero: there is none
	JobsDue  time.Time // and the first of the jobs
}

// Depth counts what waits, of all environments.
func (d *DB) Depth(ctx context.Context) (n Depth, err error) {
	var row struct{ Calls, Jobs, Unread, CallsDue, JobsDue int64 }
	err = d.r.NewRaw(`SELECT (SELECT COUNT(*) FROM waiting) AS calls, (SELECT COUNT(*) FROM jobs WHERE state = 'ready') AS jobs,
		(SELECT COALESCE(MAX(position), 0) FROM events) - (SELECT COALESCE(MAX(position), 0) FROM cursors WHERE name = 'webhook') AS unread,
		(SELECT COALESCE(MIN(due_at), 0) FROM waiting) AS calls_due, (SELECT COALESCE(MIN(run_at), 0) FROM jobs WHERE state = 'ready') AS jobs_due`).Scan(ctx, &row)
	n = Depth{Calls: row.Calls, Jobs: row.Jobs, Unread: max(0, row.Unread), CallsDue: fromMicros(row.CallsDue), JobsDue: fromMicros(row.JobsDue)}
	return n, wrap(err, "counting what waits")
}
