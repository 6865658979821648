//go:build e2e && linux

package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// diskAt tells a process of this test that it is a disk, and where.
const diskAt = "PARLEY_E2E_DISK"

func init() {
	beings[diskAt] = func(at string) error { return beDisk(at, os.Stdin, os.Stdout) }
}

// beDisk serves a forgetful disk until in ends: "cut SEED SHARE" is a power failure, "lie" has syncs do nothing, "honest" undoes
// that. Each is answered by a line. A process of its own, because one that touched its own disk could wait for itself.
func beDisk(at string, in io.Reader, out io.Writer) error {
	d := newForgetful()
	srv, err := d.mount(at)
	if err != nil {
		return err
	}
	defer func() { unmount(srv, at) }()
	fmt.Fprintln(out, "ok")
	for lines := bufio.NewScanner(in); lines.Scan(); {
		var seed uint64
		var share float64
		switch l := lines.Text(); l {
		case "lie", "honest":
			d.mu.Lock()
			d.lies = l == "lie"
			d.mu.Unlock()
		default:
			if _, err := fmt.Sscanf(l, "cut %d %g", &seed, &share); err != nil {
				return fmt.Errorf("%q: %w", l, err)
			}
			unmount(srv, at) // what the kernel remembers goes with it
			d.cut(seed, share)
			if srv, err = d.mount(at); err != nil {
				return err
			}
		}
		fmt.Fprintln(out, "ok")
	}
	return nil
}

func (d *forgetful) mount(at string) (*fuse.Server, error) {
	second := time.Second
	root, _ := d.node(d.root)
	return fs.Mount(at, root, &fs.Options{EntryTimeout: &second, AttrTimeout: &second, RootStableAttr: &fs.StableAttr{Ino: d.root.id},
		MountOptions: fuse.MountOptions{DirectMountStrict: true, FsName: "forgetful", Name: "forgetful", MaxWrite: 1 << 17}})
}

func unmount(srv *fuse.Server, at string) {
	for range 100 {
		if srv.Unmount() == nil {
			return
		}
		time.Sleep(20 * time.Millisecond) // somebody closes a file just now
	}
	_ = syscall.Unmount(at, syscall.MNT_DETACH)
}

// A disk is a forgetful one, in a process of its own, mounted in a folder.
type disk struct {
	at  string
	in  io.WriteCloser
	out *bufio.Reader
}

// newDisk mounts one; where there can be none, the test is skipped.
func newDisk(t *testing.T) *disk {
	t.Helper()
	if f, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0); err != nil || os.Getuid() != 0 {
		t.Skip("a disk that forgets needs root and /dev/fuse: ", err)
	} else {
		f.Close()
	}
	d := &disk{at: t.TempDir()}
	cmd := exec.Command(os.Args[0])
	cmd.Env, cmd.Stderr = append(os.Environ(), diskAt+"="+d.at), os.Stderr
	var err error
	if d.in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	d.out = bufio.NewReader(out)
	t.Cleanup(func() {
		d.in.Close()
		if err := cmd.Wait(); err != nil && !t.Skipped() {
			t.Errorf("the disk: %v", err)
		}
	})
	if err := d.answered(); err != nil {
		if errors.Is(err, errNoMount) {
			t.Skip(err)
		}
		t.Fatal(err)
	}
	return d
}

var errNoMount = errors.New("no file system can be mounted here")

func (d *disk) answered() error {
	l, err := d.out.ReadString('\n')
	switch {
	case err != nil:
		return fmt.Errorf("the disk says nothing: %w", err)
	case l != "ok\n":
		return fmt.Errorf("%w: %s", errNoMount, l)
	}
	return nil
}

// do has the disk do something.
func (d *disk) do(t *testing.T, what string, args ...any) {
	t.Helper()
	fmt.Fprintf(d.in, what+"\n", args...)
	if err := d.answered(); err != nil {
		t.Fatal(err)
	}
}
