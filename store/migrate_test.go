package store

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-voice/parley/secret"
)

// migrateTo brings a new database to an earlier version.
func migrateTo(t testing.TB, d *DB, version int64) {
	t.Helper()
	p, err := d.migrations()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}

// TestBehind: a database of an older version is known for one, and asking does not make it newer.
func TestBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "parley.db")
	old := &DB{}
	if err := old.connect(path); err != nil {
		t.Fatal(err)
	}
	migrateTo(t, old, 1)
	old.closePools()
	for range 2 {
		if behind, err := Behind(t.Context(), path); !behind || err != nil {
			t.Errorf("an old one is behind: %v, %v", behind, err)
		}
	}
	key, err := secret.NewKey(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), path, key)
	if err != nil {
		t.Fatal(err)
	}
	if behind, err := Behind(t.Context(), path); behind || err != nil { // beside whoever has it open
		t.Errorf("a new one is behind: %v, %v", behind, err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := Behind(t.Context(), "mysql://x"); err == nil {
		t.Error("a database that is none")
	}
}

// testMissingMigration: a database that was made between two migrations of one release gets the one it lacks.
func testMissingMigration(t *testing.T, d *DB) {
	ctx := t.Context()
	p, err := d.migrations()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"DROP TABLE number_tags", "DROP TABLE number_calls", "DROP INDEX waiting_line", "DROP INDEX waiting_pool",
		"ALTER TABLE numbers DROP COLUMN last_call_at", "ALTER TABLE numbers DROP COLUMN free_at",
		"ALTER TABLE waiting DROP COLUMN pool", "ALTER TABLE waiting DROP COLUMN since",
		"CREATE INDEX waiting_line ON waiting (environment_id, due_at, call_id)", "DELETE FROM goose_db_version WHERE version_id = 11"} {
		if _, err := d.w.ExecContext(ctx, q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
	if is, err := p.HasPending(ctx); !is || err != nil {
		t.Errorf("nothing is missing: %v %v", is, err)
	}
	if err := d.migrate(ctx); err != nil {
		t.Fatal(err)
	}
	if is, err := p.HasPending(ctx); is || err != nil {
		t.Errorf("still missing: %v %v", is, err)
	}
	if _, err := d.LinkNumber(ctx, environment(t, d), Doc{"number": "+14155550101", "tags": []any{"a"}}); err != nil {
		t.Error(err)
	}
}
