package store

import (
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// TestReconcileWaits: what a killed process was committing is seen by the start that follows. PostgreSQL alone commits for the dead.
func TestReconcileWaits(t *testing.T) {
	d := postgres(t)
	env := environment(t, d)
	if err := d.CreateCall(t.Context(), parley.Call{ID: "c", UserID: env, Status: parley.InProgress}); err != nil {
		t.Fatal(err)
	}
	dead, err := d.w.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	row, err := d.callRow(t.Context(), dead, "", "c")
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.changeCall(t.Context(), dead, row, func(c *parley.Call) error {
		c.Status, c.Cause = parley.Ended, parley.AgentEnded
		return nil
	})
	if err == nil {
		err = insertEvents(t.Context(), dead, []eventRow{{ID: newID(), CallID: "c", Sequence: 1, Type: parley.EventEnded, Payload: "{}"}})
	}
	if err != nil {
		t.Fatal(err)
	}
	lost := make(chan []parley.Call, 1)
	go func() {
		l, err := d.ReconcileCalls(t.Context())
		if err != nil {
			t.Error(err)
		}
		lost <- l
	}()
	select {
	case l := <-lost:
		t.Errorf("it does not wait, and ends %v", l)
	case <-time.After(300 * time.Millisecond):
	}
	if err := dead.Commit(); err != nil {
		t.Fatal(err)
	}
	if l := <-lost; len(l) != 0 {
		t.Errorf("it ends what has ended: %+v", l)
	}
	if c, err := d.Call(t.Context(), env, "c"); err != nil || c.Cause != parley.AgentEnded {
		t.Errorf("%+v %v", c, err)
	}
}

// testReconcileFreesKeys: a request that a crash cut short is taken on again after the start, for the same call.
func testReconcileFreesKeys(t *testing.T, d *DB) {
	env := environment(t, d)
	first, err := d.BeginRequest(t.Context(), env, "k", "r")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.w.Exec("UPDATE answers SET owner = 'an earlier life'"); err != nil {
		t.Fatal(err)
	}
	if _, err := d.ReconcileCalls(t.Context()); err != nil {
		t.Fatal(err)
	}
	again, err := d.BeginRequest(t.Context(), env, "k", "r")
	if err != nil || again.Subject != first.Subject || again.Status != 0 {
		t.Errorf("%+v, at first %+v: %v", again, first, err)
	}
	if _, err := d.ReconcileCalls(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := d.BeginRequest(t.Context(), env, "k", "r"); err == nil {
		t.Error("one that runs here is taken on by another")
	}
}
