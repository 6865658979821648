package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/uptrace/bun"
)

// Restore loads a file that Backup wrote, by this version or an earlier one, into this database, which must be new: SQLite or
// PostgreSQL, whichever it came from. All of it or nothing. The database must have been opened with the master key of the backup.
//
// What was dialled after the backup is not known: calls that waited to be dialled then are not dialled now. The server's next start
// ends them, with those that were running, and tells their end.
func (d *DB) Restore(ctx context.Context, path string) error {
	source, cleanup, err := d.openBackup(ctx, path)
	if err != nil {
		return fmt.Errorf("restoring %s: %w", path, err)
	}
	defer cleanup()
	err = source.snapshotTx(ctx, func(from bun.Tx) error {
		return d.synced(ctx, func(to bun.Tx) error {
			used, err := to.NewSelect().Model((*environmentRow)(nil)).Exists(ctx)
			if err != nil {
				return err
			}
			if used {
				return errors.New("the database is in use already: give the address of a new one")
			}
			if _, err = to.Exec("DELETE FROM settings"); err != nil {
				return err
			}
			if err = copyAll(ctx, from, to, d.pg); err != nil {
				return err
			}
			return disarm(ctx, to)
		})
	})
	if err != nil {
		return fmt.Errorf("restoring %s: %w", path, err)
	}
	return nil
}

// disarm sees to it that nothing is dialled, or done after a call, that may have been since.
func disarm(ctx context.Context, tx bun.Tx) error {
	for _, q := range []string{
		"UPDATE jobs SET state = 'dead', owner = '', lease_until = 0, last_error = 'restored from a backup: it may have been done since' WHERE (once OR kind IN ('" + AfterCall + "', '" + AfterAction + "')) AND state IN ('ready', 'running')",
		"UPDATE calls SET queued = FALSE, slot = TRUE WHERE queued",
		"DELETE FROM waiting",
		"DELETE FROM nodes",
		"DELETE FROM duties",
	} {
		if _, err := tx.Exec(q); err != nil {
			return err
		}
	}
	return nil
}

// openBackup opens a copy of a backup, brought to this version; the file itself stays as it is.
func (d *DB) openBackup(ctx context.Context, path string) (source *DB, cleanup func(), err error) {
	dir, err := os.MkdirTemp("", "parley-restore-*")
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(dir)
		}
	}()
	file := filepath.Join(dir, "backup.db")
	if err = copyFile(path, file); err != nil {
		return nil, nil, err
	}
	source = &DB{key: d.key}
	if err = source.openSQLite(file); err != nil {
		return nil, nil, err
	}
	var n int
	if err = source.w.NewRaw("SELECT COUNT(*) FROM sqlite_master WHERE name IN ('goose_db_version', 'environments', 'calls')").Scan(ctx, &n); err == nil && n != 3 {
		err = errors.New("it is no backup of Parley")
	}
	if err == nil {
		err = source.migrate(ctx)
	}
	if err == nil {
		err = source.complete()
	}
	if err == nil {
		err = source.checkKey(ctx)
	}
	if err != nil {
		source.closePools()
		return nil, nil, err
	}
	return source, func() { source.closePools(); os.RemoveAll(dir) }, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
