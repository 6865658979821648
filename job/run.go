package job

import (
	"context"
	"fmt"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/parley-voice/parley/store"
)

// Run takes and runs jobs until ctx is done and the last one that runs has returned. Attempts that this owner began in an
// earlier life are given up first: they run again, or are in doubt. One process per owner.
func (q *Queue) Run(ctx context.Context) error {
	if err := q.store.AbandonJobs(ctx, q.owner); err != nil {
		return fmt.Errorf("starting the job queue: %w", err)
	}
	var wg sync.WaitGroup
	wakes := make([]chan struct{}, len(q.kinds))
	for i, k := range q.kinds {
		l := &line{q: q, kind: k, wake: make(chan struct{}, 1), running: map[string]struct{}{}}
		wakes[i] = l.wake
		wg.Go(func() { l.run(ctx) })
	}
	purge := time.NewTicker(purgeEvery)
	defer purge.Stop()
	for {
		select {
		case <-q.store.JobsAdded():
			for _, w := range wakes {
				wake(w)
			}
		case <-purge.C:
			if err := q.store.PurgeJobs(ctx, time.Now().Add(-keepDone)); err != nil {
				q.log.Error("forgetting old jobs", "error", err)
			}
		case <-ctx.Done():
			wg.Wait()
			return nil
		}
	}
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// A line is one kind at work.
type line struct {
	q    *Queue
	kind Kind
	wake chan struct{} // look for jobs now

	mu      sync.Mutex          // guards running
	running map[string]struct{} // ids
	jobs    sync.WaitGroup
}

func (l *line) free() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.kind.AtOnce - len(l.running)
}

// room is free, as far as there is room for what is to be begun.
func (l *line) room() int {
	if l.kind.Room == nil {
		return l.free()
	}
	return min(l.free(), l.kind.Room())
}

func (l *line) held() bool { return l.kind.Room != nil && l.kind.Room() <= 0 }

// run looks for due jobs whenever it is woken, one ends, or the next is due.
func (l *line) run(ctx context.Context) {
	var keeper sync.WaitGroup
	defer keeper.Wait()
	leases, stop := context.WithCancel(context.WithoutCancel(ctx)) // jobs that still run keep theirs
	defer stop()
	keeper.Go(func() { l.keep(leases) })
	defer l.jobs.Wait()
	for ctx.Err() == nil {
		wait := lookEvery
		if err := l.begin(ctx); err != nil {
			if ctx.Err() != nil {
				return
			}
			l.q.log.Error("job queue", "kind", l.kind.Name, "error", err)
			wait = errorWait
		} else if l.held() {
			wait = holdWait
		} else if l.free() > 0 {
			at, ok, err := l.q.store.NextJob(ctx, l.kind.Name)
			if err == nil && ok {
				wait = min(wait, max(time.Until(at), time.Millisecond))
			}
		}
		t := time.NewTimer(wait)
		select {
		case <-l.wake:
		case <-t.C:
		case <-ctx.Done():
		}
		t.Stop()
	}
}

// begin starts as many due jobs as there are free workers, those in doubt first.
func (l *line) begin(ctx context.Context) error {
	for _, doubt := range []bool{true, false} {
		n := l.free()
		if !doubt {
			n = l.room()
		}
		if n <= 0 {
			return nil
		}
		jobs, err := l.q.store.ClaimJobs(ctx, store.Claim{Owner: l.q.owner, Kind: l.kind.Name, Limit: n, Lease: l.kind.Lease, Doubt: doubt})
		if err != nil {
			return err
		}
		run := l.kind.Run
		if doubt {
			run = func(ctx context.Context, j Job) Result { return Failed(l.kind.Doubt(ctx, j)) }
		}
		for _, j := range jobs {
			l.start(ctx, j, run, doubt)
		}
	}
	return nil
}

func (l *line) start(ctx context.Context, j store.Job, run func(context.Context, Job) Result, doubt bool) {
	l.mu.Lock()
	_, here := l.running[j.ID] // its lease ended because the store could not be reached, but it runs
	l.running[j.ID] = struct{}{}
	l.mu.Unlock()
	if here {
		return
	}
	l.jobs.Go(func() {
		defer wake(l.wake)
		defer func() {
			l.mu.Lock()
			delete(l.running, j.ID)
			l.mu.Unlock()
		}()
		r := guarded(ctx, Job{ID: j.ID, Kind: j.Kind, Subject: j.Subject, Payload: j.Payload, Attempt: j.Attempts}, run)
		l.finish(ctx, j, r, doubt)
	})
}

// guarded runs the work; a panic in it is a failure for good. Work that was taken while the queue ended is given back.
func guarded(ctx context.Context, j Job, run func(context.Context, Job) Result) (r Result) {
	if ctx.Err() != nil {
		return Again(0, nil)
	}
	defer func() {
		if p := recover(); p != nil {
			r = Failed(fmt.Errorf("panic: %v\n%s", p, debug.Stack()))
		}
	}()
	return run(ctx, j)
}

// finish writes what came of an attempt, also while the queue ends.
func (l *line) finish(ctx context.Context, j store.Job, r Result, doubt bool) {
	var again time.Time
	if r.Retry > 0 {
		again = time.Now().Add(r.Retry)
	}
	switch {
	case doubt && (r.Err != nil || r.Retry > 0):
		// It stays as it is, running under a lease: in doubt again when that ends.
		l.q.log.Error("job in doubt", "kind", j.Kind, "job", j.ID, "subject", j.Subject, "error", r.Err)
		return
	case doubt:
		r.Err = errDoubt
	case r.Err != nil:
		l.q.log.Warn("job failed", "kind", j.Kind, "job", j.ID, "subject", j.Subject, "attempt", j.Attempts, "again", again, "error", r.Err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishWait)
	defer cancel()
	if err := l.q.store.FinishJob(ctx, l.q.owner, j.ID, again, r.Err); err != nil {
		l.q.log.Error("job ended, but that could not be written", "kind", j.Kind, "job", j.ID, "error", err)
	}
}

// keep extends the leases of what runs until ctx is done.
func (l *line) keep(ctx context.Context) {
	t := time.NewTicker(l.kind.Lease / 3)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		l.mu.Lock()
		ids := slices.Collect(maps.Keys(l.running))
		l.mu.Unlock()
		if err := l.q.store.KeepJobs(ctx, l.q.owner, ids, l.kind.Lease); err != nil && ctx.Err() == nil {
			l.q.log.Error("extending the leases of jobs", "kind", l.kind.Name, "error", err)
		}
	}
}
