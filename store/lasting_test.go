package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/uptrace/bun"

	"github.com/parley-voice/parley"
)

// forces counts the forces of a store's log to the disk from now on.
func forces(d *DB) *atomic.Int64 {
	n := new(atomic.Int64)
	real := d.lasting.force
	d.lasting.force = func() error { n.Add(1); return real() }
	return n
}

// TestSettle: whatever has been written is forced to the disk, once; what has not, is not.
func TestSettle(t *testing.T) {
	d := openFile(t)
	n := forces(d)
	settle := func(what string, want int64) {
		t.Helper()
		n.Store(0)
		if err := d.Settle(); err != nil || n.Load() != want {
			t.Errorf("%s: forced %d times, want %d (%v)", what, n.Load(), want, err)
		}
	}
	settle("after Open", 0)
	e, err := d.CreateEnvironment(t.Context(), Environment{Name: "e"})
	if err != nil {
		t.Fatal(err)
	}
	settle("after a transaction", 1)
	settle("again", 0)
	if _, err := d.Environment(t.Context(), e.ID); err != nil {
		t.Fatal(err)
	}
	settle("after reading", 0)
	if _, err := d.w.NewRaw("UPDATE environments SET name = 'f'").Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	settle("after a statement of its own", 1)
	if err := d.tx(t.Context(), func(tx bun.Tx) error {
		if _, err := tx.NewRaw("UPDATE environments SET name = 'g'").Exec(t.Context()); err != nil {
			return err
		}
		settle("while a transaction is open", 1)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	settle("after it", 1)
	broken := errors.New("broken")
	real := d.lasting.force
	d.lasting.force = func() error { return broken }
	if _, err := d.w.NewRaw("UPDATE environments SET name = 'h'").Exec(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Settle(); !errors.Is(err, broken) {
			t.Errorf("on a broken disk: %v", err)
		}
	}
	d.lasting.force = real
	settle("when the disk is whole again", 1)
}

// TestForcedBeforeItLeaves: an attempt to dial, and events that are shown, are on the disk before anybody else has them.
func TestForcedBeforeItLeaves(t *testing.T) {
	d := openFile(t)
	events, cancel := d.Log().Subscribe("a")
	defer cancel()
	n := forces(d)
	d.Log().Append(parley.NewEvent("a", parley.EventMessage, nil))
	<-events
	if n.Load() == 0 {
		t.Error("an event was shown that was not on the disk")
	}
	if err := d.Enqueue(t.Context(), Job{Kind: "dial", Once: true}); err != nil {
		t.Fatal(err)
	}
	n.Store(0)
	jobs, err := d.ClaimJobs(t.Context(), Claim{Kind: "dial", Owner: "me", Limit: 1})
	if err != nil || len(jobs) != 1 || n.Load() == 0 {
		t.Errorf("%d jobs were claimed, and the disk forced %d times (%v)", len(jobs), n.Load(), err)
	}
}

// TestSettledTogether: those who wait at the same time share a force, and each has one that began after its write.
func TestSettledTogether(t *testing.T) {
	d := openFile(t)
	var written, forced atomic.Int64
	n := new(atomic.Int64)
	d.lasting.force = func() error {
		n.Add(1)
		at := written.Load()
		for old := forced.Load(); at > old && !forced.CompareAndSwap(old, at); old = forced.Load() {
		}
		return nil
	}
	var all sync.WaitGroup
	var guard sync.Mutex
	for range 8 {
		all.Go(func() {
			for range 200 {
				guard.Lock() // so that what is counted is in order
				if _, err := d.w.NewRaw("UPDATE settings SET value = value").Exec(t.Context()); err != nil {
					t.Error(err)
				}
				mine := written.Add(1)
				guard.Unlock()
				if err := d.Settle(); err != nil || forced.Load() < mine {
					t.Errorf("write %d is not on the disk: %d are (%v)", mine, forced.Load(), err)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d forces for %d writes", n.Load(), written.Load())
}

// TestLastingFiles: a folder and a file are made whole, with nothing beside them, and replaced.
func TestLastingFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	for range 2 {
		if err := MakeFolder(dir); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "f")
	for _, text := range []string{"one", "two"} {
		if err := WriteFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(path); err != nil || string(b) != text {
			t.Error(string(b), err)
		}
	}
	if all, err := os.ReadDir(dir); err != nil || len(all) != 1 {
		t.Error(all, err)
	}
	for _, in := range []string{path, filepath.Join(path, "c")} {
		if err := MakeFolder(in); err == nil || !strings.Contains(err.Error(), "not a directory") {
			t.Errorf("a folder was made in a file: %v", err)
		}
	}
}
