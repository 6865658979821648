package store

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// A court is what a store tells other nodes, and whom it has chosen.
type court struct {
	mu       sync.Mutex
	chosen   string
	woken    []string
	told     []parley.Event
	followed map[string]int
}

func (c *court) Choose(string) string { c.mu.Lock(); defer c.mu.Unlock(); return c.chosen }
func (c *court) Wake(what string)     { c.mu.Lock(); defer c.mu.Unlock(); c.woken = append(c.woken, what) }
func (c *court) Tell(e []parley.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told = append(c.told, e...)
}
func (c *court) Follow(id string) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.followed[id]++
	return func() { c.mu.Lock(); defer c.mu.Unlock(); c.followed[id]-- }
}

func (c *court) is(f func() bool) bool { c.mu.Lock(); defer c.mu.Unlock(); return f() }

// testDispatch: a job is left to the node that was chosen for it, but not for long, and not when that node is not up.
func testDispatch(t *testing.T, a *DB) {
	ctx := t.Context()
	b := two(t, a)
	env := environment(t, a)
	c := &court{chosen: "b", followed: map[string]int{}}
	a.Accompany(c)
	place := func(id string) {
		t.Helper()
		if err := a.PlaceCall(ctx, parley.Call{ID: id, UserID: env, IsOutgoing: true}, nil, Job{Kind: "dial", Subject: id, Once: true}); err != nil {
			t.Fatal(err)
		}
	}
	claim := func(d *DB) (subjects []string) {
		t.Helper()
		jobs, err := d.ClaimJobs(ctx, Claim{Owner: d.Self(), Kind: "dial", Limit: 9, Lease: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range jobs {
			subjects = append(subjects, j.Subject)
		}
		return subjects
	}
	place("for b")
	if got := claim(a); got != nil {
		t.Errorf("taken by another: %v", got)
	}
	at, ok, err := a.NextJob(ctx, "dial")
	if err != nil || !ok || time.Until(at) <= 0 || time.Until(at) > dispatchFor {
		t.Errorf("looks again in %v: %v %v", time.Until(at), ok, err)
	}
	if at, _, err := b.NextJob(ctx, "dial"); err != nil || time.Until(at) > 0 {
		t.Errorf("b looks again in %v: %v", time.Until(at), err)
	}
	if got := claim(b); !slices.Equal(got, []string{"for b"}) {
		t.Errorf("b takes %v", got)
	}
	if !c.is(func() bool { return slices.Contains(c.woken, WakeJobs) }) {
		t.Errorf("woken for %v", c.woken)
	}
	place("late")
	if _, err := a.w.Exec("UPDATE jobs SET run_at = run_at - 2000001 WHERE subject = 'late'"); err != nil {
		t.Fatal(err)
	}
	if got := claim(a); !slices.Equal(got, []string{"late"}) {
		t.Errorf("what nobody does is taken by any: %v", got)
	}
	place("for a node that is gone")
	if _, err := a.w.Exec("UPDATE nodes SET state = 'draining' WHERE id = 'b'"); err != nil {
		t.Fatal(err)
	}
	if got := claim(a); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// testCompany: what is committed is told to the others, and what they tell comes to those who follow that call.
func testCompany(t *testing.T, d *DB) {
	ctx := t.Context()
	c := &court{followed: map[string]int{}}
	d.Accompany(c)
	env := environment(t, d)
	if err := d.CreateCall(ctx, parley.Call{ID: "c", UserID: env, Status: parley.InProgress}); err != nil {
		t.Fatal(err)
	}
	d.Log().Append(parley.NewEvent("c", parley.EventMessage, nil))
	if err := d.Log().Flush(ctx); err != nil {
		t.Fatal(err)
	}
	if !c.is(func() bool {
		return len(c.told) == 1 && c.told[0].Sequence == 1 && slices.Contains(c.woken, WakeEvents)
	}) {
		t.Errorf("told %v, woken for %v", c.told, c.woken)
	}
	all, stop := d.Log().Subscribe("")
	defer stop()
	events, cancel := d.Log().Subscribe("far")
	if !c.is(func() bool { return c.followed["far"] == 1 && len(c.followed) == 1 }) {
		t.Errorf("followed are %v", c.followed)
	}
	d.Heard([]parley.Event{{CallID: "far", Sequence: 7}, {CallID: "other", Sequence: 1}})
	if e := <-events; e.Sequence != 7 || len(events) != 0 || len(all) != 0 {
		t.Errorf("%+v, and %d more; who reads all reads %d", e, len(events), len(all))
	}
	cancel()
	if !c.is(func() bool { return c.followed["far"] == 0 }) {
		t.Error("it is followed still")
	}
	for _, what := range []string{WakeJobs, WakeSlots, WakeEvents, "what a later version says"} {
		d.Woken(what)
	}
	for what, woken := range map[string]<-chan struct{}{"jobs": d.JobsAdded(), "slots": d.SlotsFreed()} {
		select {
		case <-woken:
		default:
			t.Errorf("nobody looks for %s", what)
		}
	}
}
