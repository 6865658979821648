package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Nodes of two versions work on one database while a cluster is upgraded, so a migration only adds: an older version goes on, and may start
// anew, beside what a newer one has added. One that takes away what versions before some migration use writes that migration's number into the
// settings under oldestReader: versions that do not know it refuse the database from then on. CONTRIBUTING.md has the rule, and
// TestMigrationsExpand holds it.
const oldestReader = "oldest_reader"

// expandSince is the first migration that this holds for: before it there was no cluster.
const expandSince = 13

// migrationWait bounds how long a node waits for another that migrates, in seconds.
const migrationWait = 600

var (
	errTooNew = errors.New("it was made by a newer version of Parley, which this one cannot read")
	errNewer  = errors.New("the database is a newer version's: this one does not know all that is in it. Use the newer one for this")
)

func (d *DB) migrations() (*goose.Provider, error) {
	dialect, folder := goose.DialectSQLite3, "sqlite"
	// A database that a build between two releases has made may lack a migration before its last.
	options := []goose.ProviderOption{goose.WithAllowOutofOrder(true)}
	if d.pg {
		dialect, folder = goose.DialectPostgres, "postgres"
		one, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, migrationWait)) // nodes that start at once
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(one))
	}
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(dialect, d.w.DB, files, options...)
}

// migrate brings the database to this version. A newer one's is taken as it is, where it says that this version may.
func (d *DB) migrate(ctx context.Context) error {
	p, err := d.migrations()
	if err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	version, err := p.GetDBVersion(ctx)
	sources := p.ListSources()
	if last := sources[len(sources)-1].Version; err == nil && version > last {
		d.newer = true
		var oldest int64
		if oldest, err = d.oldestReader(ctx); err == nil && oldest > last {
			err = errTooNew
		}
	}
	if err == nil {
		_, err = p.Up(ctx)
	}
	if err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}

// oldestReader is the last migration that a version must know to work on this database.
func (d *DB) oldestReader(ctx context.Context) (int64, error) {
	text, err := d.setting(ctx, oldestReader)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the setting %s is no number: %q", oldestReader, text)
	}
	return n, nil
}

// complete fails where a newer version may keep what this one does not know, for acts that must reach all there is.
func (d *DB) complete() error {
	if d.newer {
		return errNewer
	}
	return nil
}
