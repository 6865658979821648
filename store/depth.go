package store

import "context"

// Depth is how much waits.
type Depth struct {
	Calls  int64 // in the queue
	Jobs   int64 // ready, or waiting for their time
	Unread int64 // positions of the event log that webhooks have not been read from
}

// Depth counts what waits, of all environments.
func (d *DB) Depth(ctx context.Context) (n Depth, err error) {
	err = d.r.NewRaw(`SELECT (SELECT COUNT(*) FROM waiting) AS calls, (SELECT COUNT(*) FROM jobs WHERE state = 'ready') AS jobs,
		(SELECT COALESCE(MAX(position), 0) FROM events) - (SELECT COALESCE(MAX(position), 0) FROM cursors WHERE name = 'webhook') AS unread`).Scan(ctx, &n)
	n.Unread = max(0, n.Unread)
	return n, wrap(err, "counting what waits")
}
