package store

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/uptrace/bun"
)

// A Job is durable work; package job runs it.
type Job struct {
	ID        string          // set when empty
	Kind      string          // whose work it is
	Subject   string          // the call it is about, "" when none
	DedupeKey string          // of several jobs of one kind and key the first is kept; "" is unlike any other
	Payload   json.RawMessage // what the work needs
	RunAt     time.Time       // not before; zero is now
	Once      bool            // at most once: an attempt of which nothing came back is never made again
	Attempts  int             // begun so far
	LastError string

	node string // that is to do it, see dispatchFor; "": any
}

// States of a job.
const (
	ready   = "ready"
	running = "running"
	done    = "done"
	dead    = "dead"
)

type jobRow struct {
	bun.BaseModel `bun:"table:jobs"`
	ID            string `bun:",pk"`
	Kind          string
	Subject       string
	DedupeKey     string
	Payload       string
	State         string
	Once          bool
	RunAt         int64
	LeaseUntil    int64
	Owner         string
	Attempts      int
	LastError     string
	CreatedAt     int64
	Node          string
}

func (r jobRow) job() Job {
	return Job{ID: r.ID, Kind: r.Kind, Subject: r.Subject, DedupeKey: r.DedupeKey, Payload: json.RawMessage(r.Payload),
		RunAt: fromMicros(r.RunAt), Once: r.Once, Attempts: r.Attempts, LastError: r.LastError}
}

// Enqueue writes jobs, all or none. PlaceCall does it together with a call.
func (d *DB) Enqueue(ctx context.Context, jobs ...Job) error {
	if err := d.tx(ctx, func(tx bun.Tx) error { return insertJobs(ctx, tx, jobs) }); err != nil {
		return fmt.Errorf("writing jobs: %w", err)
	}
	d.jobsAdded()
	return nil
}

func insertJobs(ctx context.Context, tx bun.IDB, jobs []Job) error {
	for _, j := range jobs {
		if j.ID == "" {
			j.ID = newID()
		}
		if j.DedupeKey == "" {
			j.DedupeKey = j.ID
		}
		if len(j.Payload) == 0 {
			j.Payload = json.RawMessage("{}")
		}
		row := jobRow{ID: j.ID, Kind: j.Kind, Subject: clean(j.Subject), DedupeKey: clean(j.DedupeKey), Payload: string(j.Payload),
			State: ready, Once: j.Once, RunAt: micros(j.RunAt), CreatedAt: now(), Node: j.node}
		if row.RunAt == 0 {
			row.RunAt = row.CreatedAt
		}
		if _, err := tx.NewInsert().Model(&row).On("CONFLICT (kind, dedupe_key) DO NOTHING").Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// JobsAdded has a value after this process wrote jobs. It is for one reader.
func (d *DB) JobsAdded() <-chan struct{} { return d.jobs }

// A Claim asks for jobs to run.
type Claim struct {
	Owner string // who will run them
	Kind  string
	Limit int
	Lease time.Duration // how long nobody else takes them
	Doubt bool          // take Once jobs that were begun and of which nothing came back, instead of due ones
}

// ClaimJobs begins jobs that are due, oldest first: each attempt is counted and on the disk before it returns. A job whose
// lease ended while it ran is due again, unless it is Once: then it is in doubt. A node that lives keeps its jobs whatever its
// leases say: the database may have been away. One for which another node was chosen is left to it for dispatchFor.
func (d *DB) ClaimJobs(ctx context.Context, c Claim) ([]Job, error) {
	const lapsed = "state = 'running' AND lease_until < ? AND owner NOT IN (SELECT id FROM nodes WHERE state <> 'gone' AND id <> ?)"
	due := "((state = 'ready' AND run_at <= ? AND (node IN ('', ?) OR run_at <= ? OR node NOT IN (SELECT id FROM nodes WHERE state = 'up'))) OR (" + lapsed + " AND NOT once))"
	at := now()
	args := []any{running, time.Now().Add(c.Lease).UnixMicro(), c.Owner, c.Kind, at, c.Owner, at - dispatchFor.Microseconds(), at, c.Owner, c.Limit}
	if c.Doubt {
		due = "(" + lapsed + " AND once)"
		args = slices.Delete(args, 4, 7)
	}
	skip := ""
	if d.pg {
		skip = " FOR UPDATE SKIP LOCKED"
	}
	var rows []jobRow
	err := d.synced(ctx, func(tx bun.Tx) error {
		return tx.NewRaw("UPDATE jobs SET state = ?, lease_until = ?, owner = ?, attempts = attempts + 1 WHERE id IN (SELECT id FROM jobs WHERE kind = ? AND "+
			due+" ORDER BY run_at, id LIMIT ?"+skip+") RETURNING *", args...).Scan(ctx, &rows)
	})
	if err != nil {
		return nil, fmt.Errorf("claiming jobs: %w", err)
	}
	slices.SortFunc(rows, func(a, b jobRow) int { return cmp.Or(cmp.Compare(a.RunAt, b.RunAt), cmp.Compare(a.ID, b.ID)) })
	jobs := make([]Job, len(rows))
	for i, r := range rows {
		jobs[i] = r.job()
	}
	return jobs, nil
}

// othersEvery is how often to look for what other processes wrote. Only a PostgreSQL database has other processes.
const othersEvery = 5 * time.Second

// NextJob is when to look for jobs of a kind again, if JobsAdded says nothing before: when the earliest is due or its lease ends.
// false: there is none to wait for.
func (d *DB) NextJob(ctx context.Context, kind string) (time.Time, bool, error) {
	var at int64
	err := d.r.NewRaw("SELECT COALESCE(MIN(at), 0) FROM (SELECT MIN(run_at) AS at FROM jobs WHERE kind = ? AND state = 'ready' AND node IN ('', ?) "+
		"UNION ALL SELECT MIN(run_at) + ? FROM jobs WHERE kind = ? AND state = 'ready' AND node NOT IN ('', ?) "+
		"UNION ALL SELECT MIN(lease_until) FROM jobs WHERE kind = ? AND state = 'running' AND owner NOT IN (SELECT id FROM nodes WHERE state <> 'gone' AND id <> ?)) AS t", kind, d.node, dispatchFor.Microseconds(), kind, d.node, kind, d.node).Scan(ctx, &at)
	if err != nil {
		return time.Time{}, false, fmt.Errorf("looking for jobs: %w", err)
	}
	if look := time.Now().Add(othersEvery); d.pg && (at == 0 || fromMicros(at).After(look)) {
		return look, true, nil
	}
	return fromMicros(at), at > 0, nil
}

// KeepJobs moves the end of the leases of jobs that still run.
func (d *DB) KeepJobs(ctx context.Context, owner string, ids []string, lease time.Duration) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := d.w.NewRaw("UPDATE jobs SET lease_until = ? WHERE state = 'running' AND owner = ? AND id IN ?",
		time.Now().Add(lease).UnixMicro(), owner, bun.Tuple(ids)).Exec(ctx)
	return wrap(err, "extending leases")
}

// FinishJob ends an attempt: again is when to make the next, zero for never. An err that is nil means that the work is done; with
// an error and no next attempt the job is dead, and kept for people to look at.
func (d *DB) FinishJob(ctx context.Context, owner, id string, again time.Time, failed error) error {
	state, text := done, ""
	if failed != nil {
		state, text = dead, clean(failed.Error())
	}
	if !again.IsZero() {
		state = ready
	}
	_, err := d.w.NewRaw("UPDATE jobs SET state = ?, run_at = CASE WHEN ? > 0 THEN ? ELSE run_at END, lease_until = 0, owner = '', last_error = ? "+
		"WHERE id = ? AND state = 'running' AND owner = ?", state, micros(again), micros(again), text, id, owner).Exec(ctx)
	return wrap(err, "ending a job")
}

// CancelJobs removes the jobs of a kind about a subject that have not begun and says how many there were.
func (d *DB) CancelJobs(ctx context.Context, kind, subject string) (int, error) {
	res, err := d.w.NewRaw("DELETE FROM jobs WHERE kind = ? AND subject = ? AND state = 'ready'", kind, clean(subject)).Exec(ctx)
	if err != nil {
		return 0, fmt.Errorf("cancelling jobs: %w", err)
	}
	n, err := res.RowsAffected()
	return int(n), err
}

// AbandonJobs ends the leases that owner held in an earlier life, at start, before it claims any.
func (d *DB) AbandonJobs(ctx context.Context, owner string) error {
	_, err := d.w.NewRaw("UPDATE jobs SET lease_until = 1 WHERE state = 'running' AND owner = ?", owner).Exec(ctx)
	return wrap(err, "ending old leases")
}

// PurgeJobs forgets jobs that were done before a time, with what made them unique.
func (d *DB) PurgeJobs(ctx context.Context, before time.Time) error {
	_, err := d.w.NewRaw("DELETE FROM jobs WHERE state = 'done' AND created_at < ?", before.UnixMicro()).Exec(ctx)
	return wrap(err, "forgetting jobs")
}
