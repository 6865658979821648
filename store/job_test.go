package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func claim(t *testing.T, d *DB, c Claim) []Job {
	t.Helper()
	if c.Limit == 0 {
		c.Limit = 10
	}
	if c.Kind == "" {
		c.Kind = "k"
	}
	l, err := d.ClaimJobs(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func testJobs(t *testing.T, d *DB) {
	ctx := t.Context()
	past := time.Now().Add(-time.Minute)
	select {
	case <-d.JobsAdded():
		t.Error("nothing was added yet")
	default:
	}
	err := d.Enqueue(ctx, Job{Kind: "k", Subject: "1", DedupeKey: "same", Payload: []byte(`{"a":"'"}`), RunAt: past}, Job{Kind: "k", Subject: "2", DedupeKey: "same"},
		Job{Kind: "k", Subject: "3"}, Job{Kind: "k", Subject: "4", RunAt: time.Now().Add(time.Hour)}, Job{Kind: "other", Subject: "5", DedupeKey: "same"})
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-d.JobsAdded():
	default:
		t.Error("nobody was told")
	}
	if at, ok, err := d.NextJob(ctx, "k"); err != nil || !ok || !at.Equal(past.Truncate(time.Microsecond).UTC()) {
		t.Error(at, ok, err)
	}
	l := claim(t, d, Claim{Owner: "a", Lease: time.Minute})
	got := map[string]Job{}
	for _, j := range l {
		got[j.Subject] = j
	}
	if len(l) != 2 || got["1"].Attempts != 1 || string(got["1"].Payload) != `{"a":"'"}` || got["3"].Kind != "k" {
		t.Fatalf("%+v", l)
	}
	if l := claim(t, d, Claim{Owner: "b", Lease: time.Minute}); len(l) != 0 {
		t.Errorf("claimed twice: %+v", l)
	}
	// An attempt of an owner that has lost its lease does not end the job.
	if err := d.FinishJob(ctx, "b", got["1"].ID, time.Time{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.KeepJobs(ctx, "a", []string{got["1"].ID}, -time.Second); err != nil {
		t.Fatal(err)
	}
	if l := claim(t, d, Claim{Owner: "b", Lease: time.Minute}); len(l) != 1 || l[0].ID != got["1"].ID || l[0].Attempts != 2 {
		t.Fatalf("a lease that ended: %+v", l)
	}
	if err := d.FinishJob(ctx, "b", got["1"].ID, time.Now().Add(-time.Second), errors.New("it's broken")); err != nil {
		t.Fatal(err)
	}
	if l := claim(t, d, Claim{Owner: "a", Lease: time.Minute}); len(l) != 1 || l[0].LastError != "it's broken" || l[0].Attempts != 3 {
		t.Fatalf("%+v", l)
	}
	if err := d.FinishJob(ctx, "a", got["1"].ID, time.Time{}, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.FinishJob(ctx, "a", got["3"].ID, time.Time{}, errors.New("for good")); err != nil {
		t.Fatal(err)
	}
	if l := claim(t, d, Claim{Owner: "a", Lease: time.Minute}); len(l) != 0 {
		t.Errorf("done, and yet due: %+v", l)
	}
	if err := d.Enqueue(ctx, Job{Kind: "k", DedupeKey: "same"}); err != nil {
		t.Fatal(err)
	}
	if l := claim(t, d, Claim{Owner: "a", Lease: time.Minute}); len(l) != 0 {
		t.Errorf("what was done is done again: %+v", l)
	}
	if n, err := d.CancelJobs(ctx, "k", "4"); err != nil || n != 1 {
		t.Error(n, err)
	}
	if at, ok, err := d.NextJob(ctx, "k"); err != nil || ok != d.pg || ok && time.Until(at) > othersEvery {
		t.Error("there is still one due", err)
	}
	if err := d.PurgeJobs(ctx, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, d, "jobs"); n != 2 { // the dead one, and the other kind's
		t.Errorf("%d jobs left", n)
	}
	testClaimsAreFair(t, d)
}

// testClaimsAreFair: of many that claim at once each job has one owner.
func testClaimsAreFair(t *testing.T, d *DB) {
	jobs := make([]Job, 60)
	for i := range jobs {
		jobs[i] = Job{Kind: "race", Subject: fmt.Sprint(i)}
	}
	if err := d.Enqueue(t.Context(), jobs...); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for w := range 6 {
		wg.Go(func() {
			for empty := 0; empty < 3; {
				l, err := d.ClaimJobs(t.Context(), Claim{Owner: fmt.Sprint(w), Kind: "race", Limit: 4, Lease: time.Minute})
				if err != nil {
					t.Error(err)
					return
				}
				if len(l) == 0 {
					empty++
				}
				mu.Lock()
				for _, j := range l {
					seen[j.Subject]++
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 60 {
		t.Errorf("%d of 60 were claimed", len(seen))
	}
	for s, n := range seen {
		if n != 1 {
			t.Errorf("%s was claimed %d times", s, n)
		}
	}
}

func testJobDoubt(t *testing.T, d *DB) {
	ctx := t.Context()
	if err := d.Enqueue(ctx, Job{Kind: "k", Subject: "once", Once: true}, Job{Kind: "k", Subject: "often"}); err != nil {
		t.Fatal(err)
	}
	if l := claim(t, d, Claim{Owner: "a", Lease: time.Hour}); len(l) != 2 {
		t.Fatal(l)
	}
	if l := claim(t, d, Claim{Owner: "a", Lease: time.Hour, Doubt: true}); len(l) != 0 {
		t.Errorf("in doubt while it runs: %+v", l)
	}
	if err := d.AbandonJobs(ctx, "b"); err != nil {
		t.Fatal(err)
	}
	if l := claim(t, d, Claim{Owner: "a", Lease: time.Hour}); len(l) != 0 {
		t.Errorf("another owner gave them up: %+v", l)
	}
	if err := d.AbandonJobs(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if l := claim(t, d, Claim{Owner: "a", Lease: time.Hour}); len(l) != 1 || l[0].Subject != "often" {
		t.Errorf("%+v", l)
	}
	l := claim(t, d, Claim{Owner: "a", Lease: time.Hour, Doubt: true})
	if len(l) != 1 || l[0].Subject != "once" {
		t.Fatalf("%+v", l)
	}
	if err := d.FinishJob(ctx, "a", l[0].ID, time.Time{}, errors.New("in doubt")); err != nil {
		t.Fatal(err)
	}
	if l := claim(t, d, Claim{Owner: "a", Lease: time.Hour, Doubt: true}); len(l) != 0 {
		t.Errorf("%+v", l)
	}
}

// TestPlacedTogether: a call that cannot be written has no job.
func TestPlacedTogether(t *testing.T) {
	d := openFile(t)
	env := environment(t, d)
	c := parley.Call{ID: "c", UserID: env}
	if err := d.PlaceCall(t.Context(), c, nil, Job{Kind: "dial", Subject: "c"}); err != nil {
		t.Fatal(err)
	}
	if err := d.PlaceCall(t.Context(), c, nil, Job{Kind: "dial", Subject: "c"}); status(err) != 409 {
		t.Fatal(err)
	}
	if err := d.PlaceCall(t.Context(), parley.Call{ID: "d", UserID: "no such environment"}, nil, Job{Kind: "dial", Subject: "d"}); err == nil {
		t.Fatal("a call of nobody")
	}
	if n := count(t, d, "jobs"); n != 1 {
		t.Errorf("%d jobs for one call", n)
	}
}

func testDeliveries(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	if at, err := d.Cursor(ctx, "w"); err != nil || at != 0 {
		t.Fatal(at, err)
	}
	list := []Delivery{{EnvironmentID: env, WebhookID: "w1", CallID: "c", EventID: "e1", EventType: parley.EventMessage, Position: 5},
		{EnvironmentID: env, WebhookID: "w2", CallID: "c", EventID: "e1", EventType: parley.EventMessage, Position: 5},
		{EnvironmentID: env, WebhookID: "w1", CallID: "c", EventID: "e2", EventType: parley.EventEnded, Position: 6}}
	if err := d.Advance(ctx, "w", 0, 6, list); err != nil {
		t.Fatal(err)
	}
	if err := d.Advance(ctx, "w", 6, 9, nil); err != nil {
		t.Fatal(err)
	}
	if err := d.Advance(ctx, "w", 6, 10, []Delivery{{EnvironmentID: env, WebhookID: "w1", CallID: "c", EventID: "e2", Position: 10}}); !errors.Is(err, ErrMoved) {
		t.Errorf("whoever is behind writes: %v", err)
	}
	if at, err := d.Cursor(ctx, "w"); err != nil || at != 9 {
		t.Fatal(at, err)
	}
	fresh, err := d.FreshDeliveries(ctx, "w1", 0, "", 10)
	if err != nil || len(fresh) != 2 || fresh[0].EventID != "e1" || fresh[1].EventID != "e2" || fresh[0].ID != list[0].ID || fresh[0].State != Pending {
		t.Fatalf("%+v %v", fresh, err)
	}
	if next, err := d.FreshDeliveries(ctx, "w1", fresh[0].Position, fresh[0].ID, 10); err != nil || len(next) != 1 || next[0].ID != fresh[1].ID {
		t.Errorf("%+v %v", next, err)
	}
	one := fresh[0]
	one.Attempts, one.NextAt, one.Tries = 1, time.Now().Add(time.Hour).UTC().Truncate(time.Microsecond), []Try{{At: moment0(1), TookMS: 12, Status: 500, Error: "it's"}}
	if err := d.KeepDelivery(ctx, one); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Delivery(ctx, env, one.ID); err != nil || got.Attempts != 1 || len(got.Tries) != 1 || got.Tries[0] != one.Tries[0] || !got.NextAt.Equal(one.NextAt) {
		t.Errorf("%+v %v", got, err)
	}
	late := one // of a process that stood still before that
	late.Attempts, late.Tries = 0, nil
	if err := d.KeepDelivery(ctx, late); err != nil {
		t.Fatal(err)
	}
	if got, err := d.Delivery(ctx, env, one.ID); err != nil || got.Attempts != 1 {
		t.Errorf("an older failure undoes a newer: %+v %v", got, err)
	}
	if _, err := d.Delivery(ctx, "other", one.ID); status(err) != 404 {
		t.Error(err)
	}
	out, err := d.OutstandingWebhooks(ctx)
	if err != nil || len(out) != 2 {
		t.Fatal(out, err)
	}
	for _, o := range out {
		if o.Fresh != 1 || (o.WebhookID == "w1") != o.Retry.Equal(one.NextAt) {
			t.Errorf("%+v", o)
		}
	}
	if due, err := d.DueDeliveries(ctx, "w1", time.Now(), 5); err != nil || len(due) != 0 {
		t.Error(due, err)
	}
	if due, err := d.DueDeliveries(ctx, "w1", time.Now().Add(2*time.Hour), 5); err != nil || len(due) != 1 || due[0].ID != one.ID {
		t.Error(due, err)
	}
	l, err := d.Deliveries(ctx, env, Page{Filters: []Filter{{"webhook_id", "eq", "w1"}, {"attempts", "gte", 1.0}}})
	if err != nil || l.Total != 1 || l.Items[0].ID != one.ID {
		t.Error(l, err)
	}
	if err := d.DropDeliveries(ctx, "w1"); err != nil {
		t.Fatal(err)
	}
	if out, err := d.OutstandingWebhooks(ctx); err != nil || len(out) != 1 || out[0].WebhookID != "w2" {
		t.Error(out, err)
	}
	if err := d.PurgeDeliveries(ctx, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if l, err := d.Deliveries(ctx, env, Page{}); err != nil || l.Total != 1 {
		t.Error("what is pending stays, the rest goes:", l, err)
	}
}
