package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// locks are the data folders of this process; the kernel lets go of them when it ends, however it ends.
var locks struct {
	sync.Mutex
	files map[string]*os.File
}

// lockFolder makes sure that one process has a data folder to itself: a second server would end the first one's calls as a
// crash's. On file systems without locks it goes without.
func lockFolder(dir string) error {
	path, err := filepath.Abs(filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	locks.Lock()
	defer locks.Unlock()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	switch err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); {
	case errors.Is(err, unix.EWOULDBLOCK):
		f.Close()
		return fmt.Errorf("another parley runs on %s: stop it, or give this one a folder of its own", dir)
	case err != nil:
		f.Close()
		return nil
	}
	if locks.files == nil {
		locks.files = map[string]*os.File{}
	}
	locks.files[path] = f
	return nil
}

// unlockFolder lets another process, or a later server of this one, have the folder.
func unlockFolder(dir string) {
	path, err := filepath.Abs(filepath.Join(dir, "lock"))
	if err != nil {
		return
	}
	locks.Lock()
	defer locks.Unlock()
	if f := locks.files[path]; f != nil {
		f.Close()
		delete(locks.files, path)
	}
}
