package spool

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/spool/spooltest"
	"github.com/parley-voice/parley/store"
)

// A company has one database and one storage, and nodes with disks of their own.
type company struct {
	*testing.T
	db      *store.DB
	env     string
	storage *spooltest.Storage
}

func start(t *testing.T) *company {
	t.Helper()
	key, err := secret.NewKey(strings.Repeat("k", 32))
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "parley.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	e, err := db.CreateEnvironment(t.Context(), store.Environment{Name: "e"})
	if err != nil {
		t.Fatal(err)
	}
	return &company{t, db, e.ID, storage(t)}
}

// A node is a Spool in one of its lives.
type node struct {
	*Spool
	log  *lines
	stop func()
}

type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// node starts one on a folder; "": a new one.
func (c *company) node(dir string, change ...func(*Config)) *node {
	c.Helper()
	if dir == "" {
		dir = c.TempDir()
	}
	log := &lines{}
	conf := Config{Dir: dir, Objects: bucketAt(c, c.storage.URL), Rows: c.db, Cache: 1e9, Logger: slog.New(slog.NewTextHandler(log, nil))}
	for _, f := range change {
		f(&conf)
	}
	s, err := New(conf)
	if err != nil {
		c.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { _ = s.Run(ctx) })
	all.Go(func() {
		_ = job.New(c.db, job.Options{Owner: dir, Logger: conf.Logger}, s.Kind()).Run(ctx)
	})
	var once sync.Once
	n := &node{s, log, func() { once.Do(func() { cancel(); all.Wait(); s.Close() }) }}
	c.Cleanup(n.stop)
	return n
}

// call begins one; its row does not name its recording yet.
func (c *company) call() string {
	c.Helper()
	id := uuid.NewString()
	if err := c.db.CreateCall(c.Context(), parley.Call{ID: id, UserID: c.env, Status: parley.InProgress, Created: time.Now()}); err != nil {
		c.Fatal(err)
	}
	return id
}

func (c *company) change(id string, f func(*parley.Call)) {
	c.Helper()
	if err := c.db.UpdateCall(c.Context(), id, func(row *parley.Call) error { f(row); return nil }); err != nil {
		c.Fatal(err)
	}
}

func (c *company) ends(id string) {
	c.Helper()
	c.change(id, func(row *parley.Call) {
		row.Status, row.End, row.Recording, row.Cause = parley.Ended, time.Now(), id+wav, parley.CallerHungUp
	})
}

// write writes a file as a call does.
func (c *company) write(n *node, name string, b []byte) {
	c.Helper()
	f, err := n.Create(name)
	if err == nil {
		_, err = f.WriteAt(b, 0)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		c.Fatal(err)
	}
}

// recorded is a whole call with its recording, its peaks and its journal.
func (c *company) recorded(n *node, sound []byte) string {
	c.Helper()
	id := c.call()
	c.write(n, id+wav, sound)
	c.write(n, id+".peaks", []byte("peaks"))
	c.write(n, id+".journal", []byte("journal"))
	c.ends(id)
	return id
}

// until waits for what is to become true.
func (c *company) until(what string, f func() bool) {
	c.Helper()
	for end := time.Now().Add(2 * time.Minute); !f(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			c.Fatalf("never: %s; the storage has %v", what, c.storage.Keys())
		}
	}
}

func (c *company) stored(id string) bool {
	keys := c.storage.Keys()
	for _, form := range []string{wav, ".peaks", ".journal"} {
		if !slices.Contains(keys, id+form) {
			return false
		}
	}
	return true
}

// has says whether a file lies on a node's disk, waiting or kept.
func has(n *node, name string) (waits, kept bool) {
	_, err1 := os.Stat(filepath.Join(n.Dir, name))
	_, err2 := os.Stat(filepath.Join(n.Dir, keptFolder, name))
	return err1 == nil, err2 == nil
}

func (c *company) read(n *node, name string) []byte {
	c.Helper()
	f, _, err := n.Open(name)
	if err != nil {
		c.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		c.Fatal(err)
	}
	return b
}

// TestStored: what a call has written is stored once it is over, and any node serves it.
func TestStored(t *testing.T) {
	t.Parallel()
	c := start(t)
	a, b := c.node(""), c.node("")
	sound := noise(300_000)
	id := c.call()
	c.write(a, id+wav, sound)
	other := c.recorded(a, noise(1000))
	c.until("the other call's files are stored", func() bool { return c.stored(other) })
	if keys := c.storage.Keys(); slices.Contains(keys, id+wav) {
		t.Errorf("a call that runs is stored: %v", keys)
	}
	c.write(a, id+".peaks", []byte("peaks"))
	c.write(a, id+".journal", []byte("journal"))
	c.ends(id)
	c.until("all is stored", func() bool { return c.stored(id) })
	c.until("nothing waits", func() bool { w := a.Waiting(); return w.Files == 0 && w.Oldest.IsZero() })
	for _, n := range []*node{a, b} {
		if got := c.read(n, id+wav); !bytes.Equal(got, sound) {
			t.Errorf("%d bytes of %d", len(got), len(sound))
		}
	}
	if waits, kept := has(a, id+wav); waits || !kept {
		t.Errorf("on the disk of its node: waits %v, kept %v", waits, kept)
	}
	path, err := b.Path(id + wav)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, sound) {
		t.Errorf("brought here: %d bytes, %v", len(got), err)
	}
}

// TestWaits: of a call that another node has not stored yet, and while the storage is away, who asks is told so.
func TestWaits(t *testing.T) {
	t.Parallel()
	c := start(t)
	a, b := c.node(""), c.node("")
	c.storage.Set(spooltest.Fault{Away: true})
	id := c.recorded(a, noise(1000))
	if got := c.read(a, id+wav); len(got) != 1000 {
		t.Errorf("%d bytes", len(got))
	}
	told := func(name, code string) {
		t.Helper()
		_, _, err := b.Open(name)
		var e *parley.Error
		if !errors.As(err, &e) || e.Status != http.StatusServiceUnavailable || e.Code != code || strings.Contains(e.Message, "127.0.0.1") {
			t.Errorf("%s: %v", name, err)
		}
	}
	told(id+wav, "storage_away")
	c.until("the log says what waits", func() bool {
		l := a.log.String()
		return strings.Contains(l, "recordings wait for their storage") && strings.Contains(l, "since=")
	})
	c.until("all that waits is counted", func() bool { w := a.Waiting(); return w.Files == 3 && w.Bytes == 1012 && !w.Oldest.IsZero() })
	a.stop()
	c.storage.Set(spooltest.Fault{})
	told(id+wav, "recording_waits")
	if _, _, err := b.Open(id + ".peaks"); !parley.IsNotFound(err) {
		t.Errorf("peaks: %v", err)
	}
	a = c.node(a.Dir) // its next life
	c.until("stored by the next life", func() bool { return c.stored(id) })
}

// TestFaults: whatever the storage does, in the end all is there, whole, and nothing half.
func TestFaults(t *testing.T) {
	for name, fault := range map[string]spooltest.Fault{"away": {Away: true}, "refusing": {Refuse: "AccessDenied"}, "broken": {Refuse: "InternalError"}, "cut": {Cut: 100_000}, "half": {Half: true}, "slow": {Stall: time.Hour}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := start(t)
			var asked atomic.Int64
			fault.Before = func(method, _ string) {
				if method == http.MethodPut {
					asked.Add(1)
				}
			}
			c.storage.Set(fault)
			n := c.node("", func(conf *Config) {
				b, err := NewBucket(S3{URL: c.storage.URL, Region: spooltest.Region, AccessKey: spooltest.AccessKey, SecretKey: spooltest.SecretKey, Silence: time.Second})
				if err != nil {
					t.Fatal(err)
				}
				conf.Objects = b
			})
			sounds := map[string][]byte{}
			for i := range 3 {
				b := noise(200_000 + i)
				sounds[c.recorded(n, b)] = b
			}
			large := noise(partSize + 5)
			sounds[c.recorded(n, large)] = large
			c.until("it was tried", func() bool { return asked.Load() >= 4 })
			for id := range sounds {
				if waits, _ := has(n, id+wav); !waits {
					t.Errorf("%s is let go", id)
				}
			}
			c.storage.Set(spooltest.Fault{})
			for id, b := range sounds {
				c.until("stored, whole", func() bool { return c.stored(id) && bytes.Equal(c.storage.Object(id+wav), b) })
			}
			c.until("nothing waits", func() bool { return n.Waiting().Files == 0 })
			if c.storage.Half() != 0 {
				t.Errorf("%d uploads are left over", c.storage.Half())
			}
		})
	}
}

// TestOneFile: a file that the storage does not take keeps none of the others back.
func TestOneFile(t *testing.T) {
	t.Parallel()
	c := start(t)
	n := c.node("", func(conf *Config) { conf.Objects = picky{conf.Objects} })
	bad := c.recorded(n, []byte("bad"))
	var good []string
	for range 5 {
		good = append(good, c.recorded(n, []byte("good")))
	}
	for _, id := range good {
		c.until("a good one is stored", func() bool { return c.stored(id) })
	}
	if waits, _ := has(n, bad+wav); !waits {
		t.Error("the bad one is gone")
	}
}

// TestStopWaitsForNothingHopeless: a stop waits for what may be stored, and not for a file that the storage does not take, which the next start
// tries again.
func TestStopWaitsForNothingHopeless(t *testing.T) {
	t.Parallel()
	c := start(t)
	dir := t.TempDir()
	n := c.node(dir, func(conf *Config) { conf.Objects = picky{conf.Objects} })
	bad := c.recorded(n, []byte("bad"))
	c.until("it has been refused", func() bool { return strings.Contains(n.log.String(), "a recording cannot be stored") })
	good := c.recorded(n, []byte("good"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n.Drain(ctx)
	if waits, _ := has(n, bad+wav); !waits || ctx.Err() != nil || c.storage.Object(good+wav) == nil {
		t.Errorf("waits: %v, the stop: %v, the good one has %d bytes", waits, ctx.Err(), len(c.storage.Object(good+wav)))
	}
	if !strings.Contains(n.log.String(), "recordings wait on this disk for the next start") {
		t.Error("nothing is said of it")
	}
	n.stop()
	c.node(dir)
	c.until("the next start stores it", func() bool { return c.storage.Object(bad+wav) != nil })
}

// TestHope: with another key the storage may take what it refused, so it is tried at once, and a stop waits for it.
func TestHope(t *testing.T) {
	t.Parallel()
	c := start(t)
	var taken atomic.Bool
	n := c.node("", func(conf *Config) { conf.Objects = fickle{conf.Objects, &taken} })
	bad := c.recorded(n, []byte("bad"))
	c.until("it has been refused some times", func() bool { return strings.Count(n.log.String(), "a recording cannot be stored") > 2 })
	taken.Store(true)
	n.Hope()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	n.Drain(ctx)
	if c.storage.Object(bad+wav) == nil {
		t.Error("it is not stored when the stop is over")
	}
}

// A fickle storage refuses everything until it is told otherwise.
type fickle struct {
	Objects
	takes *atomic.Bool
}

func (f fickle) Put(ctx context.Context, name string, from io.Reader, size int64) error {
	if !f.takes.Load() {
		return &RefusedError{"AccessDenied"}
	}
	return f.Objects.Put(ctx, name, from, size)
}

type picky struct{ Objects }

func (p picky) Put(ctx context.Context, name string, from io.Reader, size int64) error {
	if size == 3 {
		return &RefusedError{"EntityTooSmall"}
	}
	return p.Objects.Put(ctx, name, from, size)
}

// TestRoom: what there is no room for is refused aloud, before the disk is full, and what is kept makes room.
func TestRoom(t *testing.T) {
	t.Parallel()
	c := start(t)
	c.storage.Set(spooltest.Fault{Away: true})
	n := c.node("", func(conf *Config) { conf.Most = 10_000 })
	id := c.recorded(n, noise(10_000))
	if _, err := n.Create(c.call() + wav); err == nil || !strings.Contains(err.Error(), "PARLEY_S3_SPOOL") {
		t.Errorf("%v", err)
	}
	if _, err := n.Create(id + ".peaks"); err != nil {
		t.Errorf("what belongs to one that has room: %v", err)
	}
	if n.Waiting().Refused != 1 || !strings.Contains(n.log.String(), "a call is not recorded") {
		t.Errorf("%+v\n%s", n.Waiting(), n.log.String())
	}
	full := c.node("", func(conf *Config) { conf.Free = 1 << 60 })
	if _, err := full.Create(c.call() + wav); err == nil || !strings.Contains(err.Error(), "PARLEY_S3_FREE") {
		t.Errorf("%v", err)
	}
	c.storage.Set(spooltest.Fault{})
	c.until("there is room again", func() bool { return n.room("x.wav") == nil })
}

// TestKept: what is stored goes from the disk beyond what may be kept, the oldest first, and is served all the same.
func TestKept(t *testing.T) {
	t.Parallel()
	c := start(t)
	n := c.node("", func(conf *Config) { conf.Cache = 2500 })
	var ids []string
	for range 3 {
		id := c.recorded(n, noise(1000))
		c.until("stored", func() bool { return c.stored(id) && n.Waiting().Files == 0 })
		ids = append(ids, id)
	}
	for i, id := range ids { // as if time had passed
		at := time.Now().Add(time.Duration(i-10) * time.Hour)
		for _, form := range []string{wav, ".peaks", ".journal"} {
			if err := os.Chtimes(n.kept.path(id+form), at, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.look()
	c.until("the oldest goes", func() bool { _, kept := has(n, ids[0]+wav); return !kept })
	if _, kept := has(n, ids[2]+wav); !kept {
		t.Error("the youngest is gone, too")
	}
	if got := c.read(n, ids[0]+wav); len(got) != 1000 {
		t.Errorf("%d bytes", len(got))
	}
}

// TestErased: a call that is erased goes from the storage and from all disks, also when the storage is away just then, and whoever erases it.
func TestErased(t *testing.T) {
	for _, away := range []bool{false, true} {
		c := start(t)
		a, b := c.node(""), c.node("")
		id := c.recorded(a, noise(1000))
		c.until("stored", func() bool { return c.stored(id) })
		c.until("nothing waits", func() bool { return a.Waiting().Files == 0 })
		if away {
			c.storage.Set(spooltest.Fault{Away: true})
		}
		c.erase(b, id)
		if away {
			a.stop() // and the one who erases dies before it is done
			b.stop()
			c.storage.Set(spooltest.Fault{})
			a = c.node(a.Dir)
		}
		c.until("nothing is stored", func() bool { return len(c.storage.Keys()) == 0 })
		a.sweep(t.Context())
		for _, form := range []string{wav, ".peaks", ".journal"} {
			old := time.Now().Add(-time.Hour)
			_ = os.Chtimes(a.kept.path(id+form), old, old)
		}
		a.sweep(t.Context())
		if _, kept := has(a, id+wav); kept {
			t.Error("the node that had the call keeps it")
		}
	}
}

// erase does what the API does.
func (c *company) erase(n *node, id string) {
	c.Helper()
	for _, form := range []string{".journal", ".peaks", wav} {
		if err := n.Delete(id + form); err != nil {
			c.Fatal(err)
		}
	}
	if _, err := c.db.DeleteCall(c.Context(), c.env, id); err != nil {
		c.Fatal(err)
	}
}

// TestErasedWhileItIsStored: an upload that ends after its call was erased leaves nothing.
func TestErasedWhileItIsStored(t *testing.T) {
	t.Parallel()
	c := start(t)
	under, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	c.storage.Set(spooltest.Fault{Before: func(method, _ string) {
		if method == http.MethodPut {
			once.Do(func() { close(under); <-goOn })
		}
	}})
	a, b := c.node(""), c.node("")
	id := c.call()
	c.write(a, id+wav, noise(1000))
	c.ends(id)
	<-under
	c.erase(b, id)
	c.until("the erasing is over", func() bool { return c.storage.Asked(http.MethodDelete) >= 3 })
	close(goOn)
	c.until("nothing waits", func() bool { waits, kept := has(a, id+wav); return !waits && !kept })
	c.until("nothing is stored", func() bool { return len(c.storage.Keys()) == 0 })
}

// TestNamedStays: what a row names is not erased from the storage, whoever asked for it and failed to change the row.
func TestNamedStays(t *testing.T) {
	t.Parallel()
	c := start(t)
	n := c.node("")
	id := c.recorded(n, noise(1000))
	c.until("stored", func() bool { return c.stored(id) })
	for attempt, want := range map[int]job.Result{1: job.Again(time.Second, nil), 5: job.Again(16*time.Second, nil), stillNamed: job.Done} {
		got := n.Kind().Run(t.Context(), job.Job{Payload: []byte(`{"name":"` + id + `.wav"}`), Attempt: attempt})
		if got != want {
			t.Errorf("attempt %d: %+v", attempt, got)
		}
	}
	if !c.stored(id) {
		t.Error("it is gone")
	}
}

// TestWords: a journal goes with the words, while the sound stays.
func TestWords(t *testing.T) {
	t.Parallel()
	c := start(t)
	n := c.node("")
	id := c.recorded(n, noise(1000))
	c.until("stored", func() bool { return c.stored(id) })
	if err := n.Delete(id + ".journal"); err != nil {
		t.Fatal(err)
	}
	if err := c.db.EraseText(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	c.until("the journal is erased", func() bool { return !slices.Contains(c.storage.Keys(), id+".journal") })
	if keys := c.storage.Keys(); !slices.Contains(keys, id+wav) {
		t.Errorf("%v", keys)
	}
}

// sound is a WAV with something in it.
func sound(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.wav")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	rec, err := audio.NewRecorder(f)
	if err == nil {
		err = errors.Join(rec.AddLeft(0, &audio.Frame{1, 2, 3}), rec.Close(), f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestLost: what a node had of a call when it died is named and stored when it runs again; what was erased meanwhile is not.
func TestLost(t *testing.T) {
	t.Parallel()
	c := start(t)
	dir := t.TempDir()
	leave := func(id string, b []byte, ago time.Duration) {
		t.Helper()
		for form, b := range map[string][]byte{wav: b, ".journal": []byte("journal")} {
			path, at := filepath.Join(dir, id+form), time.Now().Add(-ago)
			if err := errors.Join(os.WriteFile(path, b, 0o600), os.Chtimes(path, at, at)); err != nil {
				t.Fatal(err)
			}
		}
	}
	lost := func(ago time.Duration, cause parley.Cause) string {
		id := c.call()
		c.change(id, func(row *parley.Call) { row.Status, row.End, row.Cause = parley.Failed, time.Now().Add(-ago), cause })
		leave(id, sound(t), ago)
		return id
	}
	if _, err := c.db.UpdateEnvironment(t.Context(), c.env, func(e *store.Environment) error { e.Settings.AudioDays = 30; return nil }); err != nil {
		t.Fatal(err)
	}
	found, erased, old := lost(2*time.Hour, parley.NodeLost), lost(2*time.Hour, parley.CallerHungUp), lost(40*24*time.Hour, parley.NodeLost)
	silent := c.call()
	c.change(silent, func(row *parley.Call) {
		row.Status, row.End, row.Cause = parley.Failed, time.Now().Add(-2*time.Hour), parley.NodeLost
	})
	leave(silent, sound(t)[:20], 2*time.Hour)
	gone := uuid.NewString()
	leave(gone, sound(t), 2*time.Hour)
	if err := os.WriteFile(filepath.Join(dir, "music.wav"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c.node(dir)
	c.until("the one that was lost is stored", func() bool {
		k := c.storage.Keys()
		return slices.Contains(k, found+wav) && slices.Contains(k, found+".journal")
	})
	c.until("the others are gone", func() bool {
		files, err := os.ReadDir(dir)
		return err == nil && len(files) == 2 && files[0].Name() == keptFolder && files[1].Name() == "music.wav"
	})
	if row, err := c.db.Call(t.Context(), "", found); err != nil || row.Recording != found+wav {
		t.Errorf("%q, %v", row.Recording, err)
	}
	for _, id := range []string{erased, old, silent, gone} {
		if c.storage.Object(id+wav) != nil {
			t.Errorf("%s is stored", id)
		}
	}
}

// TestTidy: what a row does not name goes an hour after it was written; until then it may be about to.
func TestTidy(t *testing.T) {
	t.Parallel()
	c := start(t)
	n := c.node("")
	id := c.call()
	c.ends(id)
	c.change(id, func(row *parley.Call) { row.Recording = id + mp3 })
	c.write(n, id+wav, sound(t))
	young := held{name: id + wav, at: time.Now()}
	if v, err := n.verdict(t.Context(), young); v != wait || err != nil {
		t.Errorf("%v %v", v, err)
	}
	young.at = young.at.Add(-2 * settled)
	if v, err := n.verdict(t.Context(), young); v != discard || err != nil {
		t.Errorf("%v %v", v, err)
	}
	if _, err := os.Stat(filepath.Join(n.Dir, id+wav)); errors.Is(err, fs.ErrNotExist) {
		t.Error("it is gone")
	}
}
