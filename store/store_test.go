package store

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
)

const testKey = "a master key for tests only"

func key(t testing.TB) *secret.Key {
	t.Helper()
	k, err := secret.NewKey(testKey)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// openFile opens a store on a file of the test; closing it is the test's end.
func openFile(t testing.TB) *DB {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "parley.db"))
}

func openAt(t testing.TB, path string) *DB {
	t.Helper()
	d, err := Open(t.Context(), path, key(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func environment(t testing.TB, d *DB) string {
	t.Helper()
	e, err := d.CreateEnvironment(t.Context(), Environment{Name: t.Name()})
	if err != nil {
		t.Fatal(err)
	}
	return e.ID
}

// status is the HTTP status an error maps to, 0 when it is none for a user.
func status(err error) int {
	var e *parley.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

func TestOpenMakesAFileForTheOwnerAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "deep", "a?b#c%20 d")
	d := openAt(t, filepath.Join(dir, "parley.db"))
	if err := d.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(dir, "parley.db"))
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v", info.Mode().Perm())
	}
}

func TestOpenAgainKeepsEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	d, err := Open(t.Context(), path, key(t))
	if err != nil {
		t.Fatal(err)
	}
	e, made, err := d.EnsureDefaultEnvironment(t.Context())
	if err != nil || !made {
		t.Fatal(made, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	again, made, err := openAt(t, path).EnsureDefaultEnvironment(t.Context())
	if err != nil || made || again.ID != e.ID {
		t.Fatalf("%+v %v %v, want %s", again, made, err, e.ID)
	}
}

func TestOpenRefusesAnotherMasterKey(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	openAt(t, path).Close()
	other, _ := secret.NewKey("quite another master key")
	if _, err := Open(t.Context(), path, other); err == nil || !strings.Contains(err.Error(), "master key") {
		t.Fatalf("got %v", err)
	}
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	junk := filepath.Join(t.TempDir(), "junk.db")
	os.WriteFile(junk, []byte(strings.Repeat("this is not a database ", 100)), 0o600)
	for _, url := range []string{junk, "postgres://nobody@127.0.0.1:1/none?connect_timeout=1", "postgres://%zz", "/dev/null/x/parley.db"} {
		ctx, cancel := context.WithCancel(t.Context())
		if d, err := Open(ctx, url, key(t)); err == nil {
			d.Close()
			t.Errorf("%s opened", url)
		}
		cancel()
	}
}

// TestWritersQueue: many writers at once are slow, never refused.
func TestWritersQueue(t *testing.T) {
	d := openFile(t)
	env := environment(t, d)
	errs := make(chan error)
	for range 16 {
		go func() {
			for range 20 {
				if _, err := d.Create(context.Background(), env, Prompts, Doc{"content": "x"}); err != nil {
					errs <- err
					return
				}
			}
			errs <- nil
		}()
	}
	for range 16 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	l, err := d.List(t.Context(), env, Prompts, Page{})
	if err != nil || l.Total != 320 {
		t.Fatal(l.Total, err)
	}
}

// TestJournal: readers read beside the writer, and only read.
func TestJournal(t *testing.T) {
	d := openFile(t)
	var mode string
	if err := d.r.NewRaw("PRAGMA journal_mode").Scan(t.Context(), &mode); err != nil || mode != "wal" {
		t.Error(mode, err)
	}
	if _, err := d.r.Exec("DELETE FROM calls"); err == nil {
		t.Error("a reading connection wrote")
	}
}
