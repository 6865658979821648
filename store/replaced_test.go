package store

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/parley-voice/parley"
)

// testReplaced: a process whose place another has taken is told so, and does not come back.
func testReplaced(t *testing.T, a *DB) {
	ctx := t.Context()
	two(t, a)
	next := another(t, a)
	was, err := next.Earlier(ctx, "a")
	if err != nil || was == nil || was.Run != a.run {
		t.Fatalf("%+v %v", was, err)
	}
	if is, err := next.Connected(ctx, was.Run); is != a.pg || err != nil {
		t.Errorf("connected: %v %v", is, err)
	}
	if was, err := a.Earlier(ctx, "a"); was != nil || err != nil {
		t.Errorf("%+v %v", was, err)
	}
	if err := next.Join(ctx, Node{ID: "a"}); err != nil {
		t.Fatal(err)
	}
	if err := beat(a); !errors.Is(err, ErrReplaced) {
		t.Errorf("it beats: %v", err)
	}
	var err2 error
	for range 2 * pgConns { // by a connection that was not ended
		if err2 = a.Join(ctx, Node{ID: "a"}); err2 == nil || errors.Is(err2, ErrReplaced) {
			break
		}
	}
	if !errors.Is(err2, ErrReplaced) {
		t.Errorf("it comes back: %v", err2)
	}
	if err := beat(next); err != nil {
		t.Error(err)
	}
}

// testTaken: what a node that was taken for dead has still to say of calls that others have ended is left out; of others it is told.
func testTaken(t *testing.T, a *DB) {
	ctx := context.Background()
	b := two(t, a)
	env := environment(t, a)
	for _, id := range []string{"taken", "mine"} {
		if err := a.PlaceCall(ctx, parley.Call{ID: id, UserID: env, Status: parley.InProgress}, []parley.Event{parley.NewEvent(id, parley.EventCreated, nil)}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.w.Exec("UPDATE calls SET node = 'b' WHERE id = 'mine'"); err != nil { // as if it had begun later
		t.Fatal(err)
	}
	lost, err := b.Bereave(ctx, node(t, b, "a"))
	if err != nil || len(lost) != 1 {
		t.Fatal(lost, err)
	}
	heard, stop := a.Log().Subscribe("taken")
	defer stop()
	a.Log().Append(parley.NewEvent("taken", parley.EventMessage, nil))
	a.Log().Append(parley.NewEvent("mine", parley.EventMessage, nil))
	b.Log().Append(parley.NewEvent("taken", parley.EventEnded, nil))
	flush(t, b)
	a.Log().Append(parley.NewEvent("taken", parley.EventMessage, nil))
	flush(t, a)
	types := func(id string) (all []parley.EventType) {
		events, err := b.Log().Events(ctx, id, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range events {
			if e.Sequence != int64(i+1) {
				t.Errorf("%s: %d is event %d", id, e.Sequence, i+1)
			}
			all = append(all, e.Type)
		}
		return all
	}
	if got := types("taken"); a.pg && !slices.Equal(got, []parley.EventType{parley.EventCreated, parley.EventEnded}) {
		t.Errorf("%v", got)
	}
	if got := types("mine"); !slices.Equal(got, []parley.EventType{parley.EventCreated, parley.EventMessage}) {
		t.Errorf("%v", got)
	}
	if a.pg && len(heard) > 0 {
		t.Errorf("live readers see %v", <-heard)
	}
	join(t, a)
	a.Log().Append(parley.NewEvent("taken", parley.EventMessage, nil)) // of a node that lives: somebody asked for it since
	flush(t, a)
	if got := types("taken"); a.pg && len(got) != 3 {
		t.Errorf("%v", got)
	}
}
