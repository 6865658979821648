package main

import (
	"encoding/json"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// TestNeverAgain: who asks not to be called again is listed in an environment that wants that, once however often they ask, with the
// call they asked on; in any other they are not.
func TestNeverAgain(t *testing.T) {
	h, _ := dialling(t)
	ctx := t.Context()
	asked := parley.Call{ID: "c", UserID: h.env, To: "+15550100200", IsOutgoing: true, Agent: json.RawMessage(`{}`)}
	listed := func() []store.DoNotCall {
		t.Helper()
		l, err := h.db.DoNotCallList(ctx, h.env, store.Page{})
		if err != nil {
			t.Fatal(err)
		}
		return l.Items
	}
	if err := h.neverAgain(ctx, asked); err != nil || len(listed()) != 0 {
		t.Fatalf("%v, %+v", err, listed())
	}
	if _, err := h.db.UpdateEnvironment(ctx, h.env, func(e *store.Environment) error { e.Settings.AutoDoNotCall = true; return nil }); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := h.neverAgain(ctx, asked); err != nil {
			t.Fatal(err)
		}
	}
	if l := listed(); len(l) != 1 || l[0].Number != asked.To || l[0].CallID != "c" || l[0].Reason == "" {
		t.Errorf("%+v", l)
	}
	if err := h.db.MayCall(ctx, h.env, asked.To); err == nil {
		t.Error("it may be called")
	}
	if err := h.neverAgain(ctx, parley.Call{ID: "d", UserID: "nobody's", To: "+15550100201"}); err == nil {
		t.Error("an environment that is gone has a list")
	}
	h.switchboard.Close()
	_ = h.db.Close()
}
