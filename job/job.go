// Package job runs durable work on the store: dialling, post-call actions, whatever must happen though the process ends. A job
// is a row, written in the same transaction as what caused it (store.DB.PlaceCall), so there is never one without the other.
//
// The queue is our own, not River: River's SQLite driver calls itself early, wants one connection for the whole database and ran
// a scheduled job late when it was tried, and dialling needs a promise that general queues do not give: at most once. An attempt is
// recorded and on the disk before the work begins; if the process dies in between, the job is in doubt, and its Doubt
// function is told instead of its Run.
//
// Goroutines: per kind one that looks for due jobs and one that extends leases, and one for each job that runs. Queue.Run
// starts them and returns when all have ended.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/parley-voice/parley/store"
)

// Store is the table of jobs. *store.DB is one.
type Store interface {
	ClaimJobs(ctx context.Context, c store.Claim) ([]store.Job, error)
	NextJob(ctx context.Context, kind string) (at time.Time, ok bool, err error)
	KeepJobs(ctx context.Context, owner string, ids []string, lease time.Duration) error
	FinishJob(ctx context.Context, owner, id string, again time.Time, failed error) error
	AbandonJobs(ctx context.Context, owner string) error
	PurgeJobs(ctx context.Context, before time.Time) error
	JobsAdded() <-chan struct{}
}

// A Job is one attempt at a piece of work.
type Job struct {
	ID      string
	Kind    string
	Subject string // the call it is about
	Payload json.RawMessage
	Attempt int // from 1
}

// A Result is what came of an attempt. The zero value: it is done.
type Result struct {
	Err   error         // it failed; with Retry zero for good
	Retry time.Duration // make another attempt after so long, whether Err or not
}

// Done is the Result of work that succeeded.
var Done = Result{}

// Failed is the Result of work that is not to be tried again.
func Failed(err error) Result { return Result{Err: err} }

// Again is the Result of work that is to be tried again after a while; err may be nil, when it was only too early. A job with
// Once obeys it, too: who returns it knows that nothing was done.
func Again(after time.Duration, err error) Result {
	return Result{Err: err, Retry: max(after, time.Millisecond)}
}

// A Kind is a sort of work and how it is done.
type Kind struct {
	Name   string
	AtOnce int           // jobs at once; 0 is 4
	Lease  time.Duration // how long a job of a process that died is left alone; extended while it runs; 0 is 30 s
	// Room is how many more jobs may be begun here now; while there is none it is asked again every second. nil: any number.
	Room func() int
	// Run does the work. ctx ends with the queue: return soon after. A panic is a failure for good.
	Run func(ctx context.Context, j Job) Result
	// Doubt is told of a job written with Once whose attempt began and never reported: the work may be done, half done or not
	// begun, and is not run again. It is told again until it returns nil; the job is then dead, and kept.
	Doubt func(ctx context.Context, j Job) error
}

var errDoubt = errors.New("an attempt began and never reported; it is not made again")

const (
	defaultWorkers = 4
	defaultLease   = 30 * time.Second
	lookEvery      = time.Hour   // when nothing wakes a kind and nothing is due
	errorWait      = time.Second // after the store failed
	holdWait       = time.Second // while no job is to be begun
	purgeEvery     = time.Hour
	keepDone       = 7 * 24 * time.Hour // how long a job that is done is remembered, and its DedupeKey with it
	finishWait     = 5 * time.Second    // for the store to take the result of a job while the process ends
)

// Options of a Queue.
type Options struct {
	Owner  string // names this process among those that share a database, and again after a restart; "" is "local"
	Logger *slog.Logger
}

// A Queue runs jobs.
type Queue struct {
	store Store
	kinds []Kind
	owner string
	log   *slog.Logger
}

// New makes a queue for the kinds. Two of one name, or one without Run, is a programming error and panics.
func New(s Store, o Options, kinds ...Kind) *Queue {
	q := &Queue{store: s, owner: o.Owner, log: o.Logger}
	if q.owner == "" {
		q.owner = "local"
	}
	if q.log == nil {
		q.log = slog.Default()
	}
	seen := map[string]bool{}
	for _, k := range kinds {
		if k.Run == nil || k.Name == "" || seen[k.Name] {
			panic(fmt.Sprintf("job: kind %q has no Run or is there twice", k.Name))
		}
		seen[k.Name] = true
		if k.AtOnce <= 0 {
			k.AtOnce = defaultWorkers
		}
		if k.Doubt == nil {
			k.Doubt = func(context.Context, Job) error { return nil }
		}
		if k.Lease <= 0 {
			k.Lease = defaultLease
		}
		q.kinds = append(q.kinds, k)
	}
	return q
}
