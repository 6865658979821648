package job

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley/store"
)

var errNothing = errors.New("there is nothing to claim")

// TestKillPoints ends the process at each point in the life of a job and looks at what the next one does. What is at most once is never
// done twice, and what is not done for certain is in doubt; the rest is done at least once; nothing is forgotten.
func TestKillPoints(t *testing.T) {
	claim := func(ctx context.Context, d *store.DB) (store.Job, error) {
		l, err := d.ClaimJobs(ctx, store.Claim{Owner: "local", Kind: "work", Limit: 1, Lease: time.Hour})
		if err != nil || len(l) != 1 {
			return store.Job{}, errors.Join(errNothing, err)
		}
		return l[0], nil
	}
	type outcome struct{ done, doubts int }
	for name, c := range map[string]struct {
		until func(t *testing.T, d *store.DB, work func())
		once  outcome
		often outcome
	}{
		"before the job is written": {func(t *testing.T, d *store.DB, _ func()) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if err := d.Enqueue(ctx, store.Job{Kind: "work"}); err == nil {
				t.Error("written")
			}
		}, outcome{}, outcome{}},
		"before it is claimed": {func(*testing.T, *store.DB, func()) {}, outcome{done: 1}, outcome{done: 1}},
		"before the claim is committed": {func(t *testing.T, d *store.DB, _ func()) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			if _, err := claim(ctx, d); err == nil {
				t.Error("claimed")
			}
		}, outcome{done: 1}, outcome{done: 1}},
		"after the claim": {func(t *testing.T, d *store.DB, _ func()) {
			if _, err := claim(t.Context(), d); err != nil {
				t.Error(err)
			}
		}, outcome{doubts: 1}, outcome{done: 1}},
		"after the work, before it is written": {func(t *testing.T, d *store.DB, work func()) {
			if _, err := claim(t.Context(), d); err != nil {
				t.Error(err)
			}
			work()
		}, outcome{done: 1, doubts: 1}, outcome{done: 2}},
		"after it is written": {func(t *testing.T, d *store.DB, work func()) {
			j, err := claim(t.Context(), d)
			if err != nil {
				t.Error(err)
			}
			work()
			if err := d.FinishJob(t.Context(), "local", j.ID, time.Time{}, nil); err != nil {
				t.Error(err)
			}
		}, outcome{done: 1}, outcome{done: 1}},
	} {
		for _, once := range []bool{true, false} {
			t.Run(map[bool]string{true: "once, ", false: "often, "}[once]+name, func(t *testing.T) {
				path := filepath.Join(t.TempDir(), "parley.db")
				var got outcome
				synctest.Test(t, func(t *testing.T) {
					d := open(t, path)
					defer d.Close() // of the process that died, once all is over
					if name != "before the job is written" {
						if err := d.Enqueue(t.Context(), store.Job{Kind: "work", Once: once}); err != nil {
							t.Fatal(err)
						}
					}
					c.until(t, d, func() { got.done++ })
					for range 3 { // the next process, and those after it
						again := open(t, path)
						stop := start(again, Kind{Name: "work", Lease: time.Minute,
							Run:   func(context.Context, Job) Result { got.done++; return Done },
							Doubt: func(context.Context, Job) error { got.doubts++; return nil }})
						time.Sleep(time.Hour)
						synctest.Wait()
						stop()
						if err := again.Close(); err != nil {
							t.Error(err)
						}
					}
				})
				want := c.often
				if once {
					want = c.once
				}
				if got != want {
					t.Errorf("done %d times, %d doubts; want %d, %d", got.done, got.doubts, want.done, want.doubts)
				}
			})
		}
	}
}
