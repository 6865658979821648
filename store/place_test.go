package store

import (
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/parley-voice/parley"
)

func placedCall(env, id string) (parley.Call, parley.Event) {
	return parley.Call{ID: id, UserID: env, Status: parley.NotStarted, IsOutgoing: true, To: "sip:a@b"},
		parley.NewEvent(id, parley.EventCreated, map[string]any{"direction": "outbound"})
}

func TestFirstEventIsWrittenWithTheCall(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	d, err := Open(t.Context(), path, key(t))
	if err != nil {
		t.Fatal(err)
	}
	env := environment(t, d)
	all, cancel := d.Log().Subscribe("")
	defer cancel()
	c, created := placedCall(env, "c")
	created.ID = newID()
	if err := d.PlaceCall(t.Context(), c, []parley.Event{created}, Job{Kind: "dial", Subject: "c"}); err != nil {
		t.Fatal(err)
	}
	stored, err := d.Log().Events(t.Context(), "c", 0, 0)
	if err != nil || len(stored) != 1 || stored[0].Type != parley.EventCreated || stored[0].Sequence != 1 || stored[0].ID != created.ID {
		t.Fatalf("before anything is flushed: %+v %v", stored, err)
	}
	if e := <-all; e.ID != created.ID || e.Sequence != 1 {
		t.Errorf("a reader saw %+v", e)
	}
	d.Log().Append(parley.NewEvent("c", parley.EventRinging, nil))
	if err := d.Log().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if e := <-all; e.Type != parley.EventRinging || e.Sequence != 2 {
		t.Errorf("what came after: %+v", e)
	}
	placed, err := d.Log().Tail(t.Context(), 0, 10)
	if err != nil || len(placed) != 2 || placed[0].ID != created.ID || placed[0].Position >= placed[1].Position {
		t.Errorf("the tail: %+v %v", placed, err)
	}
	d.Close()
	d = openAt(t, path)
	if stored, err := d.Log().Events(t.Context(), "c", 0, 0); err != nil || len(stored) != 2 {
		t.Errorf("after a restart: %+v %v", stored, err)
	}
}

func testCallWithoutRowHasNoEvent(t *testing.T, d *DB) {
	env := environment(t, d)
	c, created := placedCall(env, "c")
	if err := d.PlaceCall(t.Context(), c, []parley.Event{created}); err != nil {
		t.Fatal(err)
	}
	again, second := placedCall(env, "c")
	if err := d.PlaceCall(t.Context(), again, []parley.Event{second}); status(err) != 409 {
		t.Errorf("the same call twice: %v", err)
	}
	orphan, third := placedCall("no such environment", "d")
	if err := d.PlaceCall(t.Context(), orphan, []parley.Event{third}); err == nil {
		t.Error("a call of nobody was placed")
	}
	for id, want := range map[string]int{"c": 1, "d": 0} {
		if l, err := d.Log().Events(t.Context(), id, 0, 0); err != nil || len(l) != want {
			t.Errorf("%s has %d events, want %d (%v)", id, len(l), want, err)
		}
	}
}

// TestTailWakesForAPlacedCall: whoever waits for the next event is told of one that did not come by the queue.
func TestTailWakesForAPlacedCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openFile(t)
		env := environment(t, d)
		got := make(chan []Placed, 1)
		go func() {
			l, err := d.Log().Tail(t.Context(), 0, 10)
			if err != nil {
				t.Error(err)
			}
			got <- l
		}()
		synctest.Wait()
		c, created := placedCall(env, "c")
		if err := d.PlaceCall(t.Context(), c, []parley.Event{created}); err != nil {
			t.Fatal(err)
		}
		if l := <-got; len(l) != 1 || l[0].Type != created.Type || l[0].ID == "" {
			t.Errorf("%+v", l)
		}
		d.Close()
	})
}

func TestUnknownDatabaseIsRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	_, err := Open(t.Context(), "mysql://user:hunter2@host/db", key(t))
	if err == nil || !strings.Contains(err.Error(), "postgres://") || strings.Contains(err.Error(), "hunter2") {
		t.Error(err)
	}
	if l, _ := filepath.Glob("*"); len(l) > 0 {
		t.Errorf("it left %v behind", l)
	}
}
