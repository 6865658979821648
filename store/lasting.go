package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"github.com/uptrace/bun"
)

// lasting has the commits to an SQLite file forced to the disk. With synchronous=NORMAL a commit is in the write-ahead log, in order
// and whole, but the log is forced only at a checkpoint; settle forces it, once for all who wait at that time. It is a hook of the
// writing connection, so that no write is forgotten.
type lasting struct {
	force func() error // the log to the disk

	mu      sync.Mutex // guards all below
	turn    sync.Cond  // forcing has become false
	writes  uint64     // that have begun or ended
	safe    uint64     // of those, ended and on the disk
	open    int        // that have begun and not ended: their commit may be there already
	forcing bool
	err     error // of the last force
}

func newLasting(path string) *lasting {
	l := &lasting{force: func() error {
		err := syncPath(path + "-wal")
		if errors.Is(err, fs.ErrNotExist) {
			return nil // all is in the file itself: SQLite forced that before it removed the log
		}
		return err
	}}
	l.turn.L = &l.mu
	return l
}

func writes(e *bun.QueryEvent) bool {
	for _, reads := range []string{"SELECT ", "BEGIN", "ROLLBACK"} { // the text: a raw query calls itself a SELECT whatever it is
		if strings.HasPrefix(e.Query, reads) {
			return false
		}
	}
	return true
}

// BeforeQuery notes that a write begins.
func (l *lasting) BeforeQuery(ctx context.Context, e *bun.QueryEvent) context.Context {
	if writes(e) {
		l.mu.Lock()
		l.writes++
		l.open++
		l.mu.Unlock()
	}
	return ctx
}

// AfterQuery notes that it has ended.
func (l *lasting) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if writes(e) {
		l.mu.Lock()
		l.writes++
		l.open--
		l.mu.Unlock()
	}
}

// settle waits until all that can be read by now is on the disk.
func (l *lasting) settle() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.safe == l.writes && l.open == 0 {
		return nil
	}
	// What was written before now is in the log, but a force that runs may have begun before: the next one counts.
	mine := l.writes
	if l.open > 0 { // may be read before it counts as ended
		mine++
	}
	for l.forcing {
		l.turn.Wait()
		if l.safe >= mine && l.err == nil {
			return nil
		}
	}
	upTo := l.writes
	l.forcing = true
	l.mu.Unlock()
	err := l.force()
	l.mu.Lock()
	l.forcing, l.err = false, err
	l.turn.Broadcast()
	if err != nil {
		return fmt.Errorf("forcing the database to the disk: %w", err)
	}
	if upTo > l.safe {
		l.safe = upTo
	}
	return nil
}

// Settle waits until all that was written, and all that could be read, before it is on the disk and outlasts a power cut. PostgreSQL forces
// each commit itself (its synchronous_commit).
func (d *DB) Settle() error {
	if d.lasting == nil {
		return nil
	}
	return d.lasting.settle()
}

// MakeFolder is os.MkdirAll with mode 0700 for folders whose names outlast a power cut.
func MakeFolder(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil && !info.IsDir() {
		return &fs.PathError{Op: "mkdir", Path: path, Err: syscall.ENOTDIR}
	} else if err == nil {
		if err := syncPath(filepath.Dir(path)); !errors.Is(err, fs.ErrPermission) { // whoever made it may have died before that
			return err
		}
		return nil // its parent is somebody else's, who made it
	}
	if up := filepath.Dir(path); up != path {
		if err := MakeFolder(up); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncPath(filepath.Dir(path))
}

// WriteFile writes a small file, mode 0600, that outlasts a power cut: what was there before, or all of it.
func WriteFile(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	if _, err = f.Write(b); err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return err
	}
	return syncPath(filepath.Dir(path))
}
