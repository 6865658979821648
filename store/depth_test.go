package store

import (
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func testDepth(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	if n, err := d.Depth(ctx); err != nil || n != (Depth{}) {
		t.Fatalf("at first %+v %v", n, err)
	}
	later := time.Now().Add(time.Hour).Truncate(time.Microsecond)
	c := parley.Call{ID: newID(), UserID: env, Status: parley.NotStarted, IsOutgoing: true, Schedule: parley.Schedule{Queued: true, NotBefore: later}}
	if err := d.PlaceCall(ctx, c, []parley.Event{parley.NewEvent(c.ID, parley.EventCreated, struct{}{})}, Job{Kind: "dial", Subject: c.ID}); err != nil {
		t.Fatal(err)
	}
	if err := d.Enqueue(ctx, Job{Kind: "k"}); err != nil {
		t.Fatal(err)
	}
	n, err := d.Depth(ctx)
	if err != nil || n.Calls != 1 || n.Jobs != 1 || n.Unread != 1 {
		t.Errorf("a call, a job and an event: %+v %v", n, err)
	}
	if !n.CallsDue.Equal(later) || n.JobsDue.IsZero() || time.Since(n.JobsDue) > time.Minute {
		t.Errorf("the call is due %v, not %v; the job %v", n.CallsDue, later, n.JobsDue)
	}
	last, err := d.Log().Last(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Advance(ctx, "webhook", 0, last, nil); err != nil {
		t.Fatal(err)
	}
	if n, err := d.Depth(ctx); err != nil || n.Unread != 0 {
		t.Errorf("all of it read: %+v %v", n, err)
	}
}
