//go:build e2e && linux

package e2e

import (
	"context"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// page is what a disk writes as one.
const page = 4096

// A forgetful disk keeps what was synced when the power fails, and of the rest what chance leaves: nothing, or some pages of files
// and some folders as they were last. A name lasts when its folder was synced, whatever was done with the file, as POSIX has it.
type forgetful struct {
	mu   sync.Mutex // guards all below, and what is in folders and files
	root *folder
	last uint64
	lies bool // a sync does nothing
}

type folder struct {
	id        uint64
	now, safe map[string]any // *folder, *document
}

type document struct {
	id        uint64
	mode      uint32
	wrote     time.Time
	now, safe []byte
	dirty     map[int]bool // pages of now that safe has not
}

func newForgetful() *forgetful {
	return &forgetful{root: &folder{id: 1, now: map[string]any{}, safe: map[string]any{}}, last: 1}
}

// cut is the power failing. share is of the pages and folders that were not synced how many got to the disk all the same.
func (d *forgetful) cut(seed uint64, share float64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	dice := rand.New(rand.NewPCG(seed, 3))
	d.root.cut(dice, share, map[*document]bool{})
}

func (f *folder) cut(dice *rand.Rand, share float64, done map[*document]bool) {
	if dice.Float64() < share {
		f.safe = copied(f.now)
	}
	f.now = copied(f.safe)
	for _, e := range f.now {
		switch e := e.(type) {
		case *folder:
			e.cut(dice, share, done)
		case *document:
			if !done[e] {
				done[e] = true
				e.cut(dice, share)
			}
		}
	}
}

func (f *document) cut(dice *rand.Rand, share float64) {
	if len(f.now) != len(f.safe) && dice.Float64() < share {
		f.safe = resized(f.safe, len(f.now))
	}
	for n := range f.dirty {
		if dice.Float64() < share && n*page < len(f.safe) && n*page < len(f.now) {
			copy(f.safe[n*page:min((n+1)*page, len(f.safe))], f.now[n*page:])
		}
	}
	f.now, f.dirty = append([]byte(nil), f.safe...), map[int]bool{}
}

func copied(m map[string]any) map[string]any {
	c := make(map[string]any, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

func resized(b []byte, n int) []byte {
	if n <= len(b) {
		return b[:n]
	}
	return append(b, make([]byte, n-len(b))...)
}

// sync has a document on the disk; its names are the folder's.
func (f *document) sync() {
	f.safe = resized(f.safe, len(f.now))
	for n := range f.dirty {
		if n*page < len(f.now) {
			copy(f.safe[n*page:], f.now[n*page:min((n+1)*page, len(f.now))])
		}
	}
	clear(f.dirty)
}

// resize makes a document longer or shorter; what it was longer by before does not come back.
func (f *document) resize(n int) {
	for at := min(n, len(f.now)) / page; at*page < max(n, len(f.now)); at++ {
		f.dirty[at] = true
	}
	f.now = resized(f.now, n)
}

// An inode is a folder or a document as the kernel knows it.
type inode struct {
	fs.Inode
	disk *forgetful
	dir  *folder
	doc  *document
}

func (d *forgetful) node(e any) (*inode, fs.StableAttr) {
	if f, is := e.(*folder); is {
		return &inode{disk: d, dir: f}, fs.StableAttr{Mode: syscall.S_IFDIR, Ino: f.id}
	}
	f := e.(*document)
	return &inode{disk: d, doc: f}, fs.StableAttr{Mode: syscall.S_IFREG, Ino: f.id}
}

// child is an entry of a folder to the kernel. The disk is locked.
func (n *inode) child(ctx context.Context, e any, out *fuse.EntryOut) *fs.Inode {
	c, as := n.disk.node(e)
	c.attr(&out.Attr)
	return n.NewInode(ctx, c, as)
}

// attr describes an inode. The disk is locked.
func (n *inode) attr(a *fuse.Attr) {
	a.Nlink, a.Blksize = 1, page
	if n.dir != nil {
		a.Mode = syscall.S_IFDIR | 0o700
		return
	}
	a.Mode, a.Size = syscall.S_IFREG|n.doc.mode, uint64(len(n.doc.now))
	a.Blocks = (a.Size + 511) / 512
	a.SetTimes(nil, &n.doc.wrote, nil)
}

func (n *inode) Lookup(ctx context.Context, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	e, is := n.dir.now[name]
	if !is {
		return nil, syscall.ENOENT
	}
	return n.child(ctx, e, out), 0
}

func (n *inode) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.attr(&out.Attr)
	return 0
}

func (n *inode) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if n.doc != nil {
		if size, is := in.GetSize(); is {
			n.doc.resize(int(size))
		}
		if mode, is := in.GetMode(); is {
			n.doc.mode = mode & 0o777
		}
	}
	n.attr(&out.Attr)
	return 0
}

func (n *inode) Readdir(context.Context) (fs.DirStream, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	var all []fuse.DirEntry
	for name, e := range n.dir.now {
		_, as := n.disk.node(e)
		all = append(all, fuse.DirEntry{Name: name, Mode: as.Mode, Ino: as.Ino})
	}
	return fs.NewListDirStream(all), 0
}

func (n *inode) Mkdir(ctx context.Context, name string, _ uint32, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.disk.last++
	f := &folder{id: n.disk.last, now: map[string]any{}, safe: map[string]any{}}
	n.dir.now[name] = f
	return n.child(ctx, f, out), 0
}

func (n *inode) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	n.disk.last++
	f := &document{id: n.disk.last, mode: mode & 0o777, wrote: time.Now(), dirty: map[int]bool{}}
	n.dir.now[name] = f
	return n.child(ctx, f, out), nil, fuse.FOPEN_KEEP_CACHE, 0
}

func (n *inode) Link(ctx context.Context, target fs.InodeEmbedder, name string, out *fuse.EntryOut) (*fs.Inode, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	f := target.(*inode).doc
	if f == nil {
		return nil, syscall.EPERM
	}
	n.dir.now[name] = f
	return n.child(ctx, f, out), 0
}

func (n *inode) Unlink(_ context.Context, name string) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	delete(n.dir.now, name)
	return 0
}

func (n *inode) Rmdir(_ context.Context, name string) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if f, is := n.dir.now[name].(*folder); is && len(f.now) > 0 {
		return syscall.ENOTEMPTY
	}
	delete(n.dir.now, name)
	return 0
}

func (n *inode) Rename(_ context.Context, name string, to fs.InodeEmbedder, as string, flags uint32) syscall.Errno {
	if flags != 0 {
		return syscall.EINVAL
	}
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	e := n.dir.now[name]
	delete(n.dir.now, name)
	to.(*inode).dir.now[as] = e
	return 0
}

func (n *inode) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, 0 // nobody but the kernel changes a file
}

func (n *inode) Read(_ context.Context, _ fs.FileHandle, into []byte, at int64) (fuse.ReadResult, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	if at >= int64(len(n.doc.now)) {
		return fuse.ReadResultData(nil), 0
	}
	return fuse.ReadResultData(into[:copy(into, n.doc.now[at:])]), 0
}

func (n *inode) Write(_ context.Context, _ fs.FileHandle, b []byte, at int64) (uint32, syscall.Errno) {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	end := int(at) + len(b)
	if end > len(n.doc.now) {
		n.doc.resize(end)
	}
	copy(n.doc.now[at:], b)
	n.doc.wrote = time.Now()
	for p := int(at) / page; p*page < end; p++ {
		n.doc.dirty[p] = true
	}
	return uint32(len(b)), 0
}

func (n *inode) Flush(context.Context, fs.FileHandle) syscall.Errno { return 0 }

func (n *inode) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	n.disk.mu.Lock()
	defer n.disk.mu.Unlock()
	switch {
	case n.disk.lies:
	case n.dir != nil:
		n.dir.safe = copied(n.dir.now)
	default:
		n.doc.sync()
	}
	return 0
}

func (n *inode) Statfs(_ context.Context, out *fuse.StatfsOut) syscall.Errno {
	*out = fuse.StatfsOut{Blocks: 1 << 24, Bfree: 1 << 23, Bavail: 1 << 23, Files: 1 << 20, Ffree: 1 << 19, Bsize: page, NameLen: 255}
	return 0
}
