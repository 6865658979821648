package spool

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
)

// still is a Spool that does nothing by itself.
func (c *company) still(change ...func(*Config)) *node {
	c.Helper()
	log := &lines{}
	conf := Config{Dir: c.TempDir(), Objects: bucketAt(c, c.storage.URL), Rows: c.db, Cache: 1e9, Logger: slog.New(slog.NewTextHandler(log, nil))}
	for _, f := range change {
		f(&conf)
	}
	s, err := New(conf)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { s.Close() })
	return &node{s, log, func() {}}
}

// leave puts a file into a folder as if it had lain there for so long.
func (c *company) leave(dir, name string, b []byte, ago time.Duration) {
	c.Helper()
	path, at := filepath.Join(dir, name), time.Now().Add(-ago)
	if err := errors.Join(os.WriteFile(path, b, 0o600), os.Chtimes(path, at, at)); err != nil {
		c.Fatal(err)
	}
}

// asking does something when a row is asked for the first time.
type asking struct {
	Rows
	once func()
}

func (a asking) Call(ctx context.Context, env, id string) (parley.Call, error) {
	a.once()
	return a.Rows.Call(ctx, env, id)
}

// TestClosedMeanwhile: a file that is closed while the others are looked at is counted, once, and who stops looks into the folder himself.
func TestClosedMeanwhile(t *testing.T) {
	t.Parallel()
	c := start(t)
	var n *node
	later := c.call() + wav
	n = c.still(func(conf *Config) {
		conf.Rows = asking{c.db, sync.OnceFunc(func() { c.write(n, later, noise(100)) })}
	})
	c.write(n, c.call()+wav, noise(10))
	for range 2 {
		if _, err := n.round(t.Context()); err != nil {
			t.Fatal(err)
		}
		if w := n.Waiting(); w.Files != 2 || w.Bytes != 110 {
			t.Errorf("%+v", w)
		}
	}
	n.waiting = Waiting{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	n.Drain(ctx)
	if l := n.log.String(); !strings.Contains(l, "wait on this disk for the next start") || !strings.Contains(l, "files=2") {
		t.Errorf("%q", l)
	}
}

// TestUnreadable: a recording that was lost, and cannot be read now, stays, and so does what lies beside it.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	c := start(t)
	n := c.still()
	id := c.call()
	c.change(id, func(row *parley.Call) { row.Status, row.End, row.Cause = parley.Failed, time.Now(), parley.NodeLost })
	if err := os.Mkdir(filepath.Join(n.Dir, id+wav), 0o700); err != nil { // reading a folder fails whoever asks
		t.Fatal(err)
	}
	for _, form := range []string{wav, ".journal"} {
		if v, err := n.verdict(t.Context(), held{name: id + form, at: time.Now().Add(-2 * settled)}); v != wait || err == nil {
			t.Errorf("%s: %v, %v", form, v, err)
		}
	}
}

// TestBadFiles: however many files are refused, those behind them are stored, and each is named.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	c := start(t)
	dir := t.TempDir()
	var bad, good []string
	for i := range 2 * failures {
		id := c.call()
		c.ends(id)
		c.leave(dir, id+wav, []byte("bad"), time.Duration(100-i)*time.Minute)
		bad = append(bad, id+wav)
	}
	for range 3 {
		id := c.call()
		c.ends(id)
		c.leave(dir, id+wav, []byte("good"), time.Minute)
		good = append(good, id+wav)
	}
	n := c.node(dir, func(conf *Config) { conf.Objects = picky{conf.Objects} })
	c.until("the good ones are stored", func() bool {
		keys := c.storage.Keys()
		return !slices.ContainsFunc(good, func(name string) bool { return !slices.Contains(keys, name) })
	})
	c.until("the bad ones are named", func() bool {
		l := n.log.String()
		return !slices.ContainsFunc(bad, func(name string) bool { return !strings.Contains(l, "file="+name) })
	})
	if strings.Contains(n.log.String(), "wait for their storage") {
		t.Errorf("the storage is said to be away\n%s", n.log.String())
	}
}

// TestUnreadableFiles: files that this machine cannot read are no failures of the storage.
func TestUnreadableFiles(t *testing.T) {
	t.Parallel()
	c := start(t)
	n := c.still()
	var files []held
	for range 2 * failures {
		name := c.call() + wav
		if err := os.Mkdir(filepath.Join(n.Dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
		files = append(files, held{name: name})
	}
	good := c.call()
	c.ends(good)
	c.leave(n.Dir, good+wav, noise(10), 0)
	if err := n.uploads(t.Context(), append(files, held{name: good + wav})); err != nil {
		t.Error(err)
	}
	if c.storage.Object(good+wav) == nil {
		t.Error("the one that can be read is not stored")
	}
	if n.place(files[0].name).at.IsZero() {
		t.Error("the others do not wait")
	}
}

// TestStorageFails: files that the storage has failed for come after those that it may take.
func TestStorageFails(t *testing.T) {
	t.Parallel()
	c := start(t)
	n := c.still(func(conf *Config) { conf.Objects = failing{conf.Objects} })
	for i := range 2 * failures {
		id := c.call()
		c.ends(id)
		c.leave(n.Dir, id+wav, []byte("bad"), time.Duration(100-i)*time.Minute)
	}
	good := c.call()
	c.ends(good)
	c.leave(n.Dir, good+wav, noise(10), 0)
	for range 2*failures + 1 {
		_, _ = n.round(t.Context())
	}
	if c.storage.Object(good+wav) == nil {
		t.Error("the good one is not stored")
	}
}

type failing struct{ Objects }

func (p failing) Put(ctx context.Context, name string, from io.Reader, size int64) error {
	if size == 3 {
		return errors.New("InternalError")
	}
	return p.Objects.Put(ctx, name, from, size)
}

// TestNothingOnIt: what was begun and has no sound goes once its call is over; one that has some, or whose node died, may yet be named.
func TestNothingOnIt(t *testing.T) {
	t.Parallel()
	c := start(t)
	n := c.still()
	begun := func(cause parley.Cause, b []byte) string {
		id := c.call()
		c.leave(n.Dir, id+".journal", []byte("journal"), time.Second)
		c.leave(n.Dir, id+wav, b, 0)
		c.change(id, func(row *parley.Call) { row.Status, row.End, row.Cause = parley.Ended, time.Now(), cause })
		return id
	}
	stays := []string{begun(parley.NodeLost, sound(t)[:20]), begun(parley.CallerHungUp, sound(t))}
	goes := begun(parley.CallerHungUp, sound(t)[:20])
	runs := begun(parley.CallerHungUp, sound(t)[:20])
	c.change(runs, func(row *parley.Call) { row.Status, row.End = parley.InProgress, time.Time{} })
	c.leave(n.Dir, "music.wav", noise(10), 2*time.Hour)
	if _, err := n.round(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{wav, ".journal"} {
		if waits, _ := has(n, goes+form); waits {
			t.Errorf("%s waits", form)
		}
		for i, id := range append(stays, runs) {
			if waits, _ := has(n, id+form); !waits {
				t.Errorf("%d: %s is gone", i, form)
			}
		}
	}
	if waits, _ := has(n, "music.wav"); !waits || n.Waiting().Files != 6 {
		t.Errorf("a file of no call: there %v; %+v", waits, n.Waiting())
	}
}

// TestPathHolds: a file whose path was given out is not moved before it can be opened.
func TestPathHolds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Config{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		name := uuid.NewString() + wav
		if err := os.WriteFile(filepath.Join(s.Dir, name), noise(10), 0o600); err != nil {
			t.Fatal(err)
		}
		path, err := s.Path(name)
		if err != nil {
			t.Fatal(err)
		}
		moved := make(chan error, 1)
		go func() { moved <- s.move(t.Context(), name) }()
		synctest.Wait()
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
		if err := <-moved; err != nil {
			t.Error(err)
		}
		again, err := s.Path(name)
		if err == nil {
			_, err = os.Stat(again)
		}
		if err != nil || again == path {
			t.Errorf("%s: %v", again, err)
		}
	})
}

// giving are Objects that give what they are told to.
type giving struct {
	Objects
	give func(ctx context.Context) (io.Reader, int64, error)
}

func (g giving) Open(ctx context.Context, _ string) (io.ReadSeekCloser, int64, error) {
	r, n, err := g.give(ctx)
	return given{Reader: r}, n, err
}

type given struct {
	io.Reader
	io.Seeker
}

func (given) Close() error { return nil }

// TestWhoseFault: a disk that takes nothing is not the storage's fault; a storage that stops in the middle is.
func TestWhoseFault(t *testing.T) {
	t.Parallel()
	c := start(t)
	reader := io.Reader(bytes.NewReader(noise(10)))
	n := c.still(func(conf *Config) {
		conf.Objects = giving{conf.Objects, func(context.Context) (io.Reader, int64, error) { return reader, 10, nil }}
	})
	name := uuid.NewString() + wav
	full := n.kept.path(name + half)
	if err := os.Mkdir(full, 0o700); err != nil {
		t.Fatal(err)
	}
	var e *parley.Error
	if _, err := n.Path(name); err == nil || errors.As(err, &e) || strings.Contains(n.log.String(), "away") {
		t.Errorf("%v\n%s", err, n.log.String())
	}
	if err := os.RemoveAll(full); err != nil {
		t.Fatal(err)
	}
	reader = io.MultiReader(bytes.NewReader(noise(5)), iotest.ErrReader(errors.New("connection reset")))
	if _, err := n.Path(name); !errors.As(err, &e) || e.Code != "storage_away" || e.Status != http.StatusServiceUnavailable {
		t.Errorf("%v", err)
	}
}

// TestGivesUp: who waits for a storage that says nothing may leave, and who stays gets the file all the same.
func TestGivesUp(t *testing.T) {
	t.Parallel()
	c := start(t)
	asked := make(chan struct{}, 2)
	silent := true
	n := c.still(func(conf *Config) {
		conf.Objects = giving{conf.Objects, func(ctx context.Context) (io.Reader, int64, error) {
			if silent {
				silent = false
				asked <- struct{}{}
				<-ctx.Done()
				return nil, 0, ctx.Err()
			}
			return bytes.NewReader(noise(10)), 10, nil
		}}
	})
	name := uuid.NewString() + wav
	ctx, leave := context.WithCancel(t.Context())
	left, got := make(chan error, 1), make(chan error, 1)
	go func() { _, err := n.Fetch(ctx, name); left <- err }()
	<-asked
	go func() { _, err := n.Path(name); got <- err }()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := n.Fetch(gone, name); !errors.Is(err, context.Canceled) {
		t.Errorf("one who waits for the other's: %v", err)
	}
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("left: %v", err)
	}
	if err := <-got; err != nil {
		t.Errorf("stayed: %v", err)
	}
	if strings.Contains(n.log.String(), "away") {
		t.Error(n.log.String())
	}
}
