package call

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/parley-voice/parley"
)

func TestDiskKeepsOrderAndPlace(t *testing.T) {
	d := newDisk()
	defer d.close()
	path := filepath.Join(t.TempDir(), "x")
	to, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	f := d.file(to)
	for range 100 {
		f.Write(bytes.Repeat([]byte{'a'}, 1000))
	}
	if _, err := f.Seek(10, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("HEAD"))
	if at, _ := f.Seek(0, io.SeekEnd); at != 100_000 {
		t.Errorf("the end is at %d", at)
	}
	f.Write([]byte("tail"))
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	b, _ := os.ReadFile(path)
	if len(b) != 100_004 || string(b[9:15]) != "aHEADa" || string(b[len(b)-5:]) != "atail" {
		t.Errorf("%d bytes, %q … %q", len(b), b[:20], b[len(b)-5:])
	}
	if _, err := f.Seek(-1, io.SeekStart); err == nil {
		t.Error("a seek before the beginning went through")
	}
}

// stuck is a disk that does not answer until it is let go.
type stuck struct{ let chan struct{} }

func (s stuck) WriteAt(b []byte, _ int64) (int, error) {
	<-s.let
	return len(b), errors.New("no space")
}
func (s stuck) Close() error { return nil }

func TestDiskNeverBlocksTheCall(t *testing.T) {
	d := newDisk()
	s := stuck{make(chan struct{})}
	f := d.file(s)
	for range diskQueue + 10 {
		if n, err := f.Write(make([]byte, 4)); n != 4 || err != nil {
			t.Fatal(n, err)
		}
	}
	if f.lost == 0 {
		t.Error("more than the queue holds was taken")
	}
	close(s.let)
	if err := f.Close(); err == nil {
		t.Error("the disk's error was lost")
	}
	d.close()
}

// TestARecordingOfNothing: a caller who hangs up as the call is answered leaves no recording that could be asked for.
func TestARecordingOfNothing(t *testing.T) {
	run(t, func(_ context.Context, b *bench) {
		line := b.open(&parley.Call{ID: "c"}, nil, t.Context().Err)
		defer b.shut(line)
		tap := b.record(line, true)
		if tap.rec == nil {
			t.Fatal("nothing is recorded")
		}
		if name, length := tap.close(); name != "" || length != 0 {
			t.Errorf("%q of %v", name, length)
		}
	})
}
