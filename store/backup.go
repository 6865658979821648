package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/uptrace/bun"
)

// Backup writes all that is in the database, as it is at one moment, into a new SQLite file of mode 0600 that Restore reads, whichever
// database this is. Calls go on meanwhile. The file is there whole or not at all; one that exists already is an error. Secrets are
// sealed in it as they are in the database: whoever restores it needs the master key. Recordings are files of their own, and not in it.
func (d *DB) Backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("backup: %s is there already: give the name of a new file", path)
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), ".parley-backup-*") // mode 0700, and on the disk where the file will be
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	defer os.RemoveAll(dir)
	whole := filepath.Join(dir, "backup.db")
	if err = d.complete(); err != nil && d.pg { // SQLite's is copied as it is
		return fmt.Errorf("backup: %w", err)
	}
	if d.pg {
		err = d.copyToFile(ctx, whole)
	} else {
		err = d.vacuumInto(ctx, whole)
	}
	if err == nil {
		err = place(whole, path)
	}
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

// vacuumInto copies an SQLite file while it is in use.
func (d *DB) vacuumInto(ctx context.Context, path string) error {
	c, err := d.r.Conn(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err = c.ExecContext(ctx, "PRAGMA query_only = 0"); err != nil {
		return err
	}
	defer c.ExecContext(context.WithoutCancel(ctx), "PRAGMA query_only = 1")
	_, err = c.NewRaw("VACUUM INTO ?", path).Exec(ctx)
	return err
}

// copyToFile copies a PostgreSQL database, as one transaction sees it, into a new SQLite file.
func (d *DB) copyToFile(ctx context.Context, path string) error {
	to := &DB{key: d.key}
	if err := to.openSQLite(path); err != nil {
		return err
	}
	defer to.closePools()
	if err := to.migrate(ctx); err != nil {
		return err
	}
	err := d.snapshotTx(ctx, func(from bun.Tx) error {
		return to.tx(ctx, func(tx bun.Tx) error { return copyAll(ctx, from, tx, false) })
	})
	if err != nil {
		return err
	}
	// One file is to hold it all, with nothing beside it.
	_, err = to.w.Exec("PRAGMA journal_mode = DELETE")
	return err
}

// place moves a finished file to its name, which nobody has, and makes sure that it is on the disk.
func place(from, to string) error {
	if err := os.Chmod(from, 0o600); err != nil {
		return err
	}
	if err := syncPath(from); err != nil {
		return err
	}
	if err := os.Link(from, to); err != nil { // unlike a rename it replaces nothing
		return err
	}
	return syncPath(filepath.Dir(to))
}

func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
