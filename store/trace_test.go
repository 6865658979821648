package store

import (
	"bytes"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func testTraces(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	call := func() string {
		c := parley.Call{ID: newID(), UserID: env, Status: parley.Ended, End: time.Now()}
		if err := d.CreateCall(ctx, c); err != nil {
			t.Fatal(err)
		}
		return c.ID
	}
	want := func(what, id string, want []byte) {
		t.Helper()
		switch got, err := d.Trace(ctx, id); {
		case want == nil && !parley.IsNotFound(err), want != nil && (err != nil || !bytes.Equal(got, want)):
			t.Errorf("%s: %x %v", what, got, err)
		}
	}
	keep := func(id string, b ...byte) {
		t.Helper()
		if err := d.KeepTrace(ctx, id, b); err != nil {
			t.Fatal(err)
		}
	}
	kept, erased, deleted := call(), call(), call()
	want("none yet", kept, nil)
	for _, id := range []string{kept, erased, deleted} {
		keep(id, 0, 1, 0xff)
		keep(id, 0, 2, 0xfe)
		want("the last one", id, []byte{0, 2, 0xfe})
	}
	if err := d.EraseText(ctx, erased); err != nil {
		t.Fatal(err)
	}
	if _, err := d.DeleteCall(ctx, env, deleted); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{erased, deleted, "unknown", "\x00"} {
		want(id, id, nil)
		keep(id, 1) // comes too late
		want(id+", too late", id, nil)
	}
	want("of another call", kept, []byte{0, 2, 0xfe})
}
