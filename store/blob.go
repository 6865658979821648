package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"github.com/parley-voice/parley"
)

// Blobs are files under one folder: recordings. Nothing outside of it can be reached by any name. Its methods may be called
// from any goroutine.
type Blobs struct {
	dir  string
	root *os.Root
}

// blobName: no separators, no hidden files, nothing a shell or a URL would read as more than a name.
var blobName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// NewBlobs opens the folder, making it (mode 0700) when it is not there. Close it.
func NewBlobs(dir string) (*Blobs, error) {
	if err := MakeFolder(dir); err != nil {
		return nil, fmt.Errorf("folder for recordings: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("folder for recordings: %w", err)
	}
	return &Blobs{dir: dir, root: root}, nil
}

// A Blob is a file that is being written. Once it is closed it outlasts a power cut, and so does its name.
type Blob struct {
	*os.File
	dir string
}

// Close forces the file to the disk.
func (b *Blob) Close() error {
	err := b.Sync()
	if err = errors.Join(err, b.File.Close()); err != nil {
		return fmt.Errorf("closing a blob: %w", err)
	}
	return syncPath(b.dir)
}

// Create makes a file, replacing one of that name.
func (b *Blobs) Create(name string) (*Blob, error) {
	if err := checkBlob(name); err != nil {
		return nil, err
	}
	f, err := b.root.OpenFile(name, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("creating a blob: %w", err)
	}
	return &Blob{f, b.dir}, nil
}

// Open reads a file of size bytes. Unknown: parley.NotFound.
func (b *Blobs) Open(name string) (f io.ReadSeekCloser, size int64, err error) {
	if err := checkBlob(name); err != nil {
		return nil, 0, err
	}
	file, err := b.root.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, parley.NotFound("recording")
	}
	if err != nil {
		return nil, 0, fmt.Errorf("opening a blob: %w", err)
	}
	info, err := file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		file.Close()
		return nil, 0, parley.NotFound("recording")
	}
	return file, info.Size(), nil
}

// Keep forces a file to the disk whose writer did not close it.
func (b *Blobs) Keep(name string) error {
	path, err := b.Path(name)
	if err == nil {
		err = errors.Join(syncPath(path), syncPath(b.dir))
	}
	return err
}

// Delete removes a file; one that is not there is no error.
func (b *Blobs) Delete(name string) error {
	if err := checkBlob(name); err != nil {
		return err
	}
	if err := b.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("deleting a blob: %w", err)
	}
	return nil
}

// Path is where the file lies, for programs that take a path. It may not exist.
func (b *Blobs) Path(name string) (string, error) {
	if err := checkBlob(name); err != nil {
		return "", err
	}
	return filepath.Join(b.dir, name), nil
}

// Close lets go of the folder.
func (b *Blobs) Close() error { return b.root.Close() }

func checkBlob(name string) error {
	if !blobName.MatchString(name) {
		return fmt.Errorf("%q is no name for a blob", name)
	}
	return nil
}
