package call

import (
	"errors"
	"io"
	"sync"
)

// A File is where a recording goes.
type File interface {
	io.WriterAt
	io.Closer
}

// disk writes all recordings of the process in one goroutine, so that a slow disk costs a recording some sound (a hole, which
// reads as silence) and never a call its pace.
type disk struct {
	ops  chan op
	done chan struct{}
}

type op struct {
	f     *file
	at    int64
	b     []byte // nil: say what became of the writes before
	reply chan error
}

// diskQueue bounds what waits for the disk: some 64 KiB each.
const diskQueue = 1024

var blocks = sync.Pool{New: func() any { return new([]byte) }}

func newDisk() *disk {
	d := &disk{ops: make(chan op, diskQueue), done: make(chan struct{})}
	go d.run()
	return d
}

func (d *disk) run() {
	defer close(d.done)
	for o := range d.ops {
		if o.b == nil {
			o.reply <- o.f.err
			continue
		}
		if _, err := o.f.to.WriteAt(o.b, o.at); err != nil && o.f.err == nil {
			o.f.err = err
		}
		o.b = o.b[:0]
		blocks.Put(&o.b)
	}
}

// close ends the writer once all that was queued is on disk. No file may be used afterwards.
func (d *disk) close() {
	close(d.ops)
	<-d.done
}

func (d *disk) file(to File) *file { return &file{d: d, to: to} }

// A file is an io.WriteSeeker whose writes happen soon; it belongs to one goroutine.
type file struct {
	d       *disk
	to      File
	at, end int64
	lost    int   // bytes that found the queue full
	err     error // the writer's, read after close
}

func (f *file) Write(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	block := blocks.Get().(*[]byte)
	select {
	case f.d.ops <- op{f: f, at: f.at, b: append((*block)[:0], b...)}:
	default:
		f.lost += len(b)
		blocks.Put(block)
	}
	f.at += int64(len(b))
	f.end = max(f.end, f.at)
	return len(b), nil
}

func (f *file) Seek(off int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		off += f.at
	case io.SeekEnd:
		off += f.end
	}
	if off < 0 {
		return f.at, errors.New("seek before the beginning")
	}
	f.at = off
	return off, nil
}

// Close waits until all of the file is written. Closing may force it to the disk, which is not to hold up the writes of others.
func (f *file) Close() error {
	reply := make(chan error, 1)
	f.d.ops <- op{f: f, reply: reply}
	return errors.Join(<-reply, f.to.Close())
}
