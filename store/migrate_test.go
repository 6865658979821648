package store

import (
	"io/fs"
	"testing"

	"github.com/pressly/goose/v3"
)

// migrateTo brings a new database to an earlier version.
func migrateTo(t testing.TB, d *DB, version int64) {
	t.Helper()
	dialect, folder := goose.DialectSQLite3, "sqlite"
	if d.pg {
		dialect, folder = goose.DialectPostgres, "postgres"
	}
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		t.Fatal(err)
	}
	p, err := goose.NewProvider(dialect, d.w.DB, files)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}
