package store

import (
	"errors"
	"testing"

	"github.com/parley-voice/parley"
)

// TestReconcileSilences: what a killed process had on its way is over before its calls are ended. PostgreSQL alone commits for the dead.
func TestReconcileSilences(t *testing.T) {
	old := postgres(t)
	env := environment(t, old)
	if err := old.Join(t.Context(), Node{ID: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := old.CreateCall(t.Context(), parley.Call{ID: "c", UserID: env, Status: parley.InProgress}); err != nil {
		t.Fatal(err)
	}
	dead, err := old.w.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	row, err := old.callRow(t.Context(), dead, "", "c")
	if err != nil {
		t.Fatal(err)
	}
	_, err = old.changeCall(t.Context(), dead, row, func(c *parley.Call) error {
		c.Status, c.Cause = parley.Ended, parley.AgentEnded
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	d := another(t, old)
	if err := d.Join(t.Context(), Node{ID: "a"}); err != nil {
		t.Fatal(err)
	}
	lost, err := d.ReconcileCalls(t.Context())
	if err != nil || len(lost) != 1 || lost[0].Cause != parley.NodeLost {
		t.Errorf("%+v %v", lost, err)
	}
	if dead.Commit() == nil {
		t.Error("what the dead had begun is written after its calls were ended")
	}
	if c, err := d.Call(t.Context(), env, "c"); err != nil || c.Cause != parley.NodeLost {
		t.Errorf("%+v %v", c, err)
	}
	if err := beat(old); !errors.Is(err, ErrReplaced) {
		t.Errorf("the dead beats: %v", err)
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
