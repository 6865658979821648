package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/parley-voice/parley/store"
)

// A Folder is Objects on a disk.
type Folder struct {
	*store.Blobs
	dir string
}

// NewFolder opens a folder, making it when it is not there. Close it.
func NewFolder(dir string) (*Folder, error) {
	b, err := store.NewBlobs(dir)
	return &Folder{b, dir}, err
}

// half is the ending of a file that is not whole yet.
const half = ".half"

// Put is Objects'.
func (f *Folder) Put(ctx context.Context, name string, from io.Reader, size int64) (err error) {
	to, err := f.Create(name + half)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Blobs.Delete(name + half)
		}
	}()
	n, err := io.Copy(to, from)
	if err == nil && n != size {
		err = fmt.Errorf("%s: %d bytes of %d", name, n, size)
	}
	if err = errors.Join(err, to.Close(), ctx.Err()); err != nil {
		return err
	}
	return os.Rename(f.path(name+half), f.path(name))
}

// Open is Objects'.
func (f *Folder) Open(_ context.Context, name string) (io.ReadSeekCloser, int64, error) {
	return f.Blobs.Open(name)
}

// Delete is Objects'.
func (f *Folder) Delete(_ context.Context, name string) error {
	return errors.Join(f.Blobs.Delete(name), f.Blobs.Delete(name+half))
}

// Check is Objects'.
func (f *Folder) Check(context.Context) error {
	if info, err := os.Stat(f.dir); err != nil || !info.IsDir() {
		return fmt.Errorf("%s is no folder: %w", f.dir, err)
	}
	return nil
}

func (f *Folder) path(name string) string { return filepath.Join(f.dir, name) }

// A held file is one in a folder.
type held struct {
	name string
	size int64
	at   time.Time // of its last change
}

// list are the plain files of a folder, those that were changed first before all others.
func list(dir string) (out []held, bytes int64, err error) {
	all, err := os.ReadDir(dir)
	for _, f := range all {
		if info, err := f.Info(); err == nil && info.Mode().IsRegular() { // one that went meanwhile is passed over
			out = append(out, held{f.Name(), info.Size(), info.ModTime()})
			bytes += info.Size()
		}
	}
	slices.SortFunc(out, func(a, b held) int { return a.at.Compare(b.at) })
	return out, bytes, err
}

// young is what is left alone, whatever there is: somebody may be about to open it.
const young = time.Minute

// shrink removes what has not been changed for longest until no more than most bytes are left.
func (f *Folder) shrink(most int64) error {
	files, bytes, err := list(f.dir)
	for _, x := range files {
		if bytes <= most || err != nil || time.Since(x.at) < young {
			break
		}
		err = f.Blobs.Delete(x.name)
		bytes -= x.size
	}
	return err
}
