package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

func open(t *testing.T, path string) *store.DB {
	t.Helper()
	k, err := secret.NewKey("a master key for tests only")
	if err != nil {
		t.Fatal(err)
	}
	d, err := store.Open(context.Background(), path, k)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// bubble runs f on a store of its own under virtual time.
func bubble(t *testing.T, f func(t *testing.T, d *store.DB)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "parley.db")
	synctest.Test(t, func(t *testing.T) {
		d := open(t, path)
		defer d.Close()
		f(t, d)
	})
}

// start runs a queue until stop, which waits for it.
func start(d Store, kinds ...Kind) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	q := New(d, Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil))}, kinds...)
	go func() { defer close(done); q.Run(ctx) }()
	return func() { cancel(); <-done }
}

func TestRunsWhatIsEnqueued(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		got := make(chan Job, 10)
		defer start(d, Kind{Name: "a", Run: func(_ context.Context, j Job) Result { got <- j; return Done }})()
		synctest.Wait()
		began := time.Now()
		if err := d.Enqueue(t.Context(), store.Job{Kind: "a", Subject: "call", Payload: []byte(`{"x":1}`)}); err != nil {
			t.Fatal(err)
		}
		j := <-got
		if time.Since(began) != 0 {
			t.Errorf("began after %v", time.Since(began))
		}
		if j.Kind != "a" || j.Subject != "call" || string(j.Payload) != `{"x":1}` || j.Attempt != 1 {
			t.Errorf("%+v", j)
		}
		time.Sleep(time.Minute)
		if len(got) > 0 {
			t.Error("ran again")
		}
	})
}

func TestRunsWhenItIsTime(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		got := make(chan time.Time, 10)
		defer start(d, Kind{Name: "a", Run: func(context.Context, Job) Result { got <- time.Now(); return Done }})()
		due := time.Now().Add(time.Hour + 7*time.Millisecond)
		if err := d.Enqueue(t.Context(), store.Job{Kind: "a", RunAt: due}); err != nil {
			t.Fatal(err)
		}
		if late := (<-got).Sub(due); late < 0 || late > 2*time.Millisecond {
			t.Errorf("%v late", late)
		}
	})
}

func TestTheHandlerSaysWhenToTryAgain(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		ladder := []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute}
		at := make(chan time.Time, 10)
		defer start(d, Kind{Name: "a", Run: func(_ context.Context, j Job) Result {
			at <- time.Now()
			if j.Attempt > len(ladder) {
				return Failed(errors.New("enough"))
			}
			return Again(ladder[j.Attempt-1], errors.New("not yet"))
		}})()
		if err := d.Enqueue(t.Context(), store.Job{Kind: "a"}); err != nil {
			t.Fatal(err)
		}
		last := <-at
		for i, want := range ladder {
			next := <-at
			if wait := next.Sub(last); wait < want || wait > want+2*time.Millisecond {
				t.Errorf("attempt %d came after %v, want %v", i+2, wait, want)
			}
			last = next
		}
		time.Sleep(time.Hour)
		if len(at) > 0 {
			t.Error("ran after it had failed for good")
		}
	})
}

func TestWorkersBoundAndOneKindDoesNotHoldAnother(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		var now, most atomic.Int32
		quick := make(chan struct{}, 1)
		defer start(d,
			Kind{Name: "slow", AtOnce: 3, Lease: time.Minute, Run: func(ctx context.Context, _ Job) Result {
				most.Store(max(most.Load(), now.Add(1)))
				time.Sleep(10 * time.Minute) // longer than the lease: it is extended
				now.Add(-1)
				return Done
			}},
			Kind{Name: "quick", Run: func(context.Context, Job) Result { quick <- struct{}{}; return Done }})()
		for range 7 {
			if err := d.Enqueue(t.Context(), store.Job{Kind: "slow"}); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		began := time.Now()
		if err := d.Enqueue(t.Context(), store.Job{Kind: "quick"}); err != nil {
			t.Fatal(err)
		}
		<-quick
		if time.Since(began) != 0 {
			t.Errorf("the quick one waited %v", time.Since(began))
		}
		time.Sleep(31 * time.Minute)
		if most.Load() != 3 || now.Load() != 0 {
			t.Errorf("%d at once, %d left", most.Load(), now.Load())
		}
	})
}

func TestPanicIsAFailure(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		ran := make(chan string, 10)
		defer start(d, Kind{Name: "a", AtOnce: 1, Run: func(_ context.Context, j Job) Result {
			ran <- j.Subject
			if j.Subject == "bad" {
				panic("boom")
			}
			return Done
		}})()
		if err := d.Enqueue(t.Context(), store.Job{Kind: "a", Subject: "bad"}, store.Job{Kind: "a", Subject: "good"}); err != nil {
			t.Fatal(err)
		}
		if a, b := <-ran, <-ran; a != "bad" || b != "good" {
			t.Error(a, b)
		}
		time.Sleep(time.Hour)
		if len(ran) > 0 {
			t.Error("it ran again")
		}
	})
}

func TestStopWaitsForWhatRuns(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		began := make(chan struct{})
		ended := false
		stop := start(d, Kind{Name: "a", Run: func(ctx context.Context, _ Job) Result {
			close(began)
			<-ctx.Done()
			time.Sleep(5 * time.Minute)
			ended = true
			return Done
		}})
		if err := d.Enqueue(t.Context(), store.Job{Kind: "a"}); err != nil {
			t.Fatal(err)
		}
		<-began
		stop()
		if !ended {
			t.Error("stop did not wait")
		}
		if jobs, err := d.ClaimJobs(t.Context(), store.Claim{Owner: "b", Kind: "a", Limit: 1, Lease: time.Minute}); err != nil || len(jobs) > 0 {
			t.Errorf("its result was lost: %v %v", jobs, err)
		}
	})
}

// lost makes the store of a process that died while a job ran: the attempt was claimed, and nothing came after.
func lost(t *testing.T, d *store.DB, owner string, jobs ...store.Job) {
	t.Helper()
	if err := d.Enqueue(t.Context(), jobs...); err != nil {
		t.Fatal(err)
	}
	claimed, err := d.ClaimJobs(t.Context(), store.Claim{Owner: owner, Kind: jobs[0].Kind, Limit: 10, Lease: time.Minute})
	if err != nil || len(claimed) != len(jobs) {
		t.Fatal(claimed, err)
	}
}

func TestAfterACrashWorkRunsAgain(t *testing.T) {
	for owner, wait := range map[string]time.Duration{"local": 0, "another node": time.Minute} {
		t.Run(owner, func(t *testing.T) {
			bubble(t, func(t *testing.T, d *store.DB) {
				lost(t, d, owner, store.Job{Kind: "a"})
				got := make(chan Job, 1)
				began := time.Now()
				defer start(d, Kind{Name: "a", Run: func(_ context.Context, j Job) Result { got <- j; return Done }})()
				j := <-got
				if j.Attempt != 2 {
					t.Errorf("attempt %d", j.Attempt)
				}
				if d := time.Since(began); d < wait || d > wait+10*time.Millisecond {
					t.Errorf("after %v, want %v", d, wait)
				}
			})
		})
	}
}

func TestAfterACrashDiallingIsInDoubt(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		lost(t, d, "local", store.Job{Kind: "dial", Subject: "call", Once: true})
		var told []string
		tell := func(_ context.Context, j Job) error {
			told = append(told, j.Subject)
			if len(told) < 3 {
				return errors.New("database away")
			}
			return nil
		}
		ran := 0
		defer start(d, Kind{Name: "dial", Lease: time.Minute, Doubt: tell, Run: func(context.Context, Job) Result { ran++; return Done }})()
		time.Sleep(time.Hour)
		synctest.Wait()
		if ran != 0 {
			t.Errorf("dialled %d times", ran)
		}
		if !slices.Equal(told, []string{"call", "call", "call"}) {
			t.Errorf("told %v: again until it is taken, then no more", told)
		}
	})
}

// TestOnceObeysAgain: a handler that says Again has not dialled.
func TestOnceObeysAgain(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		done := make(chan int)
		defer start(d, Kind{Name: "dial", Run: func(_ context.Context, j Job) Result {
			if j.Attempt < 4 {
				return Again(time.Minute, nil)
			}
			done <- j.Attempt
			return Done
		}})()
		if err := d.Enqueue(t.Context(), store.Job{Kind: "dial", Once: true}); err != nil {
			t.Fatal(err)
		}
		if n := <-done; n != 4 {
			t.Error(n)
		}
	})
}

func TestTheCallAndItsJobAreOne(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		e, _, err := d.EnsureDefaultEnvironment(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := make(chan string, 10)
		defer start(d, Kind{Name: "dial", Run: func(ctx context.Context, j Job) Result {
			c, err := d.Call(ctx, "", j.Subject)
			if err != nil {
				return Failed(err)
			}
			got <- c.To
			return Done
		}})()
		c := parley.Call{ID: "c1", UserID: e.ID, To: "+15551234567", IsOutgoing: true, Status: parley.NotStarted}
		dial := store.Job{Kind: "dial", Subject: "c1", DedupeKey: "c1", Once: true}
		if err := d.PlaceCall(t.Context(), c, nil, dial); err != nil {
			t.Fatal(err)
		}
		if to := <-got; to != c.To {
			t.Error(to)
		}
		if err := d.PlaceCall(t.Context(), c, nil, dial); err == nil {
			t.Error("the same call twice")
		}
		time.Sleep(time.Hour)
		if len(got) > 0 {
			t.Error("dialled twice")
		}
	})
}

// TestTwoQueuesShareTheWork: each job runs once, whoever takes it.
func TestTwoQueuesShareTheWork(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		var mu sync.Mutex
		ran := map[string]int{}
		k := Kind{Name: "a", AtOnce: 2, Run: func(_ context.Context, j Job) Result {
			time.Sleep(time.Second)
			mu.Lock()
			ran[j.Subject]++
			mu.Unlock()
			return Done
		}}
		var stops []func()
		for i := range 2 {
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			q := New(d, Options{Owner: fmt.Sprint("node ", i)}, k)
			go func() { defer close(done); q.Run(ctx) }()
			stops = append(stops, func() { cancel(); <-done })
		}
		for i := range 40 {
			if err := d.Enqueue(t.Context(), store.Job{Kind: "a", Subject: fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Minute)
		for _, stop := range stops {
			stop()
		}
		if len(ran) != 40 {
			t.Errorf("%d of 40 ran", len(ran))
		}
		for id, n := range ran {
			if n != 1 {
				t.Errorf("%s ran %d times", id, n)
			}
		}
	})
}

// flaky is a store that fails at first.
type flaky struct {
	*store.DB
	n atomic.Int32
}

func (f *flaky) ClaimJobs(ctx context.Context, c store.Claim) ([]store.Job, error) {
	if f.n.Add(1) <= 5 {
		return nil, errors.New("database away")
	}
	return f.DB.ClaimJobs(ctx, c)
}

func TestTheStoreMayFail(t *testing.T) {
	bubble(t, func(t *testing.T, d *store.DB) {
		got := make(chan struct{})
		defer start(&flaky{DB: d}, Kind{Name: "a", Run: func(context.Context, Job) Result { close(got); return Done }})()
		if err := d.Enqueue(t.Context(), store.Job{Kind: "a"}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		<-got
		if d := time.Since(began); d > 10*time.Second {
			t.Errorf("took %v", d)
		}
	})
}

func TestNewRefusesNonsense(t *testing.T) {
	run := func(context.Context, Job) Result { return Done }
	for _, kinds := range [][]Kind{{{Name: "a"}}, {{Run: run}}, {{Name: "a", Run: run}, {Name: "a", Run: run}}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%v was taken", kinds)
				}
			}()
			New(nil, Options{}, kinds...)
		}()
	}
}
