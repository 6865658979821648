// Package spool keeps recordings in storage outside of this machine (S3), and on its disk until they are there. What is in the folder is
// being written or waits; what the storage has acknowledged, whole and checked, moves to the folder's subfolder "kept" and goes from there when
// room is wanted. So where a file lies says what is true of it, and a crash at any point leaves no more than an upload to be made once more.
// Which files are wanted is said by the rows of calls alone.
//
// Goroutines: Run's own, which looks for what waits, and as many as upload at once. Whoever asks for a file waits for it himself.
package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sys/unix"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/turn/journal"
)

// Objects are files by name, in some storage. Its methods may be called from any goroutine.
type Objects interface {
	// Put stores size bytes under a name, in place of what was there. nil: they are there whole, and last.
	Put(ctx context.Context, name string, from io.Reader, size int64) error
	// Open reads one. Unknown: parley.NotFound. ctx counts until it is closed.
	Open(ctx context.Context, name string) (io.ReadSeekCloser, int64, error)
	// Delete removes one, and what came of it by half. One that is not there is no error.
	Delete(ctx context.Context, name string) error
	// Check says whether all of this may be done. Storage that answers and refuses: a *RefusedError.
	Check(ctx context.Context) error
}

// A RefusedError is what storage says that is there and will not.
type RefusedError struct{ Says string }

func (e *RefusedError) Error() string { return "the storage refuses: " + e.Says }

// Rows are the calls, and the work that is written down. *store.DB is one.
type Rows interface {
	Call(ctx context.Context, env, id string) (parley.Call, error)
	UpdateCall(ctx context.Context, id string, change func(*parley.Call) error) error
	WordsKept(ctx context.Context, callID string) (bool, error)
	Environment(ctx context.Context, id string) (store.Environment, error)
	Enqueue(ctx context.Context, jobs ...store.Job) error
}

// Config is what a Spool is made of.
type Config struct {
	Dir     string // of the recordings
	Objects Objects
	Rows    Rows
	Logger  *slog.Logger // nil: the default

	// Later SetLimits changes these.
	Cache int64 // bytes of what is stored that stay on the disk, too
	Most  int64 // bytes that may wait; 0: as many as the disk has room for
	Free  int64 // bytes of the disk that are left free
}

// A Spool is the recordings of one process. Its methods may be called from any goroutine.
type Spool struct {
	Config
	here *store.Blobs // what is written, and what waits
	kept *Folder      // what is stored as well
	wake chan struct{}

	mu      sync.Mutex // guards all below
	writing map[string]bool
	waiting Waiting
	closed  map[string]held      // since the folder was read last
	left    map[string]bool      // by an earlier life: of an upload there may be parts
	places  map[string]place     // of what waits
	hoped   bool                 // Hope was called since the folder was read last
	asked   map[string]time.Time // for their path, while they waited
	fetches map[string]*fetching
}

// Waiting is what is not stored yet, and since when.
type Waiting struct {
	Files   int
	Bytes   int64
	Oldest  time.Time // zero: nothing waits
	Refused int64     // recordings that were not begun, for want of room, since the start
}

// keptFolder is where in the folder of recordings files lie that are stored as well.
const keptFolder = "kept"

// The files of a call, by their endings.
const (
	wav = ".wav"
	mp3 = ".mp3"
)

// New opens the folder. Close it when Run has returned.
func New(c Config) (*Spool, error) {
	here, err := store.NewBlobs(c.Dir)
	if err != nil {
		return nil, err
	}
	kept, err := NewFolder(filepath.Join(c.Dir, keptFolder))
	if err != nil {
		_ = here.Close()
		return nil, err
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	s := &Spool{Config: c, here: here, kept: kept, wake: make(chan struct{}, 1), writing: map[string]bool{}, closed: map[string]held{},
		left: map[string]bool{}, places: map[string]place{}, asked: map[string]time.Time{}, fetches: map[string]*fetching{}}
	files, err := s.files()
	for _, f := range files {
		s.left[f.name] = true
		s.waiting.add(f)
	}
	return s, err
}

// Close lets go of the folder.
func (s *Spool) Close() error { return errors.Join(s.here.Close(), s.kept.Close()) }

// SetLimits changes how much may be kept, wait and be left free, as Config has them.
func (s *Spool) SetLimits(cache, most, free int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Cache, s.Most, s.Free = cache, most, free
}

func (s *Spool) cache() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Cache
}

// Waiting is what was found when it was looked last.
func (s *Spool) Waiting() Waiting {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting
}

// A File is where a recording goes.
type File interface {
	io.WriterAt
	io.Closer
}

// A written file is one that a call writes.
type written struct {
	*store.Blob
	s    *Spool
	name string
}

// Create makes a file that is stored once it is closed and its call is over. While too much waits, or the disk has no room, it says so.
func (s *Spool) Create(name string) (File, error) {
	if err := s.room(name); err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.writing[name] = true
	s.mu.Unlock()
	f, err := s.here.Create(name)
	if err != nil {
		s.written(held{name: name}, false)
		return nil, err
	}
	return &written{f, s, name}, nil
}

func (w *written) Close() error {
	info, err := w.Stat()
	if err = errors.Join(err, w.Blob.Close()); err != nil {
		w.s.written(held{name: w.name}, false)
		return err
	}
	w.s.written(held{w.name, info.Size(), info.ModTime()}, true)
	return nil
}

// written is that nobody writes a file any more; whole ones are counted.
func (s *Spool) written(f held, whole bool) {
	s.mu.Lock()
	delete(s.writing, f.name)
	delete(s.places, f.name)
	if whole {
		s.waiting.add(f)
		s.closed[f.name] = f
	}
	s.mu.Unlock()
	s.look()
}

// look has Run look at once.
func (s *Spool) look() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// room says why a recording cannot be begun. What lies beside one that runs already is small, and is always taken.
func (s *Spool) room(name string) error {
	if filepath.Ext(name) != wav {
		return nil
	}
	var disk unix.Statfs_t
	free := int64(-1)
	if unix.Statfs(s.Dir, &disk) == nil {
		free = int64(disk.Bavail) * int64(disk.Bsize)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := &s.waiting
	var why string
	switch {
	case s.Most > 0 && w.Bytes >= s.Most:
		why = fmt.Sprintf("%.1f GB of recordings wait to be stored, and no more may (PARLEY_S3_SPOOL)", float64(w.Bytes)/1e9)
	case free >= 0 && free < s.Free:
		why = fmt.Sprintf("the disk has %.1f GB left (PARLEY_S3_FREE)", float64(free)/1e9)
	default:
		return nil
	}
	w.Refused++
	s.Logger.Error("a call is not recorded", "file", name, "why", why, "waiting", w.Files, "since", w.Oldest)
	return errors.New(why)
}

// Open is Read without an end.
func (s *Spool) Open(name string) (io.ReadSeekCloser, int64, error) {
	return s.Read(context.Background(), name)
}

// Read opens a file, wherever it is; ctx counts until it is closed. Unknown: parley.NotFound; of a recording that its own node has not stored
// yet, or of storage that does not answer, a *parley.Error that says so.
func (s *Spool) Read(ctx context.Context, name string) (io.ReadSeekCloser, int64, error) {
	f, size, err := s.here.Open(name)
	if parley.IsNotFound(err) {
		f, size, err = s.kept.Open(ctx, name)
	}
	if !parley.IsNotFound(err) {
		return f, size, err
	}
	f, size, err = s.Objects.Open(ctx, name)
	return f, size, s.explain(ctx, name, err)
}

// explain is for who asked for a recording: what the storage says is for the log.
func (s *Spool) explain(ctx context.Context, name string, err error) error {
	sound := strings.HasSuffix(name, wav) || strings.HasSuffix(name, mp3)
	switch {
	case err == nil || parley.IsNotFound(err) && !sound || ctx.Err() != nil:
		return err
	case parley.IsNotFound(err):
		return &parley.Error{Status: http.StatusServiceUnavailable, Code: "recording_waits", Message: "the recording is not stored yet: the node that had the call does so, now or when it runs again; ask again later"}
	}
	s.Logger.Error("a recording is not served: the storage is away", "file", name, "error", err)
	return &parley.Error{Status: http.StatusServiceUnavailable, Code: "storage_away", Message: "the recording is in storage that does not answer now; ask again later"}
}

// Path is Fetch without an end.
func (s *Spool) Path(name string) (string, error) { return s.Fetch(context.Background(), name) }

// Fetch has a file on the disk, for who reads here and there in it or takes a path. It is to be opened at once: it does not stay there.
func (s *Spool) Fetch(ctx context.Context, name string) (string, error) {
	path, err := s.here.Path(name)
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	if _, err = os.Stat(path); err == nil {
		s.asked[name] = time.Now()
	}
	s.mu.Unlock()
	if err == nil {
		return path, nil
	}
	path = s.kept.path(name)
	if now := time.Now(); os.Chtimes(path, now, now) == nil { // it is not let go right now
		return path, nil
	}
	return path, s.fetch(ctx, name)
}

// A fetching is a file on its way here; several may wait for it.
type fetching struct {
	done   chan struct{}
	gaveUp bool
	err    error
}

// fetch brings a file here. When it is on its way already that is waited for, and done by who waits when who began has given up.
func (s *Spool) fetch(ctx context.Context, name string) error {
	for {
		s.mu.Lock()
		f, under := s.fetches[name]
		if !under {
			f = &fetching{done: make(chan struct{})}
			s.fetches[name] = f
		}
		s.mu.Unlock()
		if !under {
			f.err = s.bring(ctx, name)
			f.gaveUp = f.err != nil && ctx.Err() != nil
			s.mu.Lock()
			delete(s.fetches, name)
			s.mu.Unlock()
			close(f.done)
			s.look() // what is kept may be too much by now
			return f.err
		}
		select {
		case <-f.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if !f.gaveUp {
			return f.err
		}
	}
}

// bring is one attempt. What this machine's disk says is not explained by the storage.
func (s *Spool) bring(ctx context.Context, name string) error {
	from, size, err := s.Objects.Open(ctx, name)
	if err != nil {
		return s.explain(ctx, name, err)
	}
	in := &coming{Reader: from}
	err = errors.Join(s.kept.Put(ctx, name, in, size), from.Close())
	if in.err != nil {
		return s.explain(ctx, name, in.err)
	}
	return err
}

// A coming file remembers why the storage gave no more of it.
type coming struct {
	io.Reader
	err error
}

func (c *coming) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}

// ours says whether a file is one of a call's, and which.
func ours(name string) (call, form string, is bool) {
	for _, form := range []string{wav, mp3, audio.PeaksEnding, journal.Ending} {
		if id, ok := strings.CutSuffix(name, form); ok && uuid.Validate(id) == nil {
			return id, form, true
		}
	}
	return "", "", false
}
