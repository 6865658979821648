package knowledge

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
)

// A board is a Shelf in memory.
type board struct {
	mu       sync.Mutex
	revision map[string]int64
	docs     map[string]map[string]parley.Document
	read     int // documents
	err      error
	slow     time.Duration
}

func newBoard() *board {
	return &board{revision: map[string]int64{}, docs: map[string]map[string]parley.Document{}}
}

func (b *board) put(env string, d parley.Document) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.revision[env]++
	d.Revision = b.revision[env]
	if b.docs[env] == nil {
		b.docs[env] = map[string]parley.Document{}
	}
	b.docs[env][d.ID] = d
}

func (b *board) remove(env, id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.revision[env]++
	delete(b.docs[env], id)
}

func (b *board) LibraryRevision(_ context.Context, env string) (int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.revision[env], b.err
}

func (b *board) DocumentRevisions(_ context.Context, env string) (map[string]int64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := map[string]int64{}
	for id, d := range b.docs[env] {
		m[id] = d.Revision
	}
	return m, b.err
}

func (b *board) DocumentContent(ctx context.Context, env string, ids []string) (docs []parley.Document, err error) {
	select {
	case <-time.After(b.slow):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, id := range ids {
		if d, ok := b.docs[env][id]; ok {
			docs = append(docs, d)
			b.read++
		}
	}
	return docs, b.err
}

func found(t *testing.T, l *Library, env, said string) string {
	t.Helper()
	got, err := l.Find(t.Context(), env, Query{Said: said, Knowledge: everything})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, p := range got {
		ids = append(ids, p.DocumentID)
	}
	return strings.Join(ids, " ")
}

func TestLibrary(t *testing.T) {
	b := newBoard()
	l := NewLibrary(b)
	const q = "do you ship to Canada"
	if got := found(t, l, "a", q); got != "" {
		t.Errorf("an empty library has %q", got)
	}
	for _, d := range shop {
		b.put("a", d)
	}
	if got := found(t, l, "a", q); got != "delivery" {
		t.Errorf("found %q", got)
	}
	if got := found(t, l, "b", q); got != "" {
		t.Errorf("another environment's: %q", got)
	}
	before := b.read
	d := shop[0]
	d.Content = "Canada is where we ship everything."
	b.put("a", d)
	if got := found(t, l, "a", q); got != "hours delivery" && got != "delivery hours" {
		t.Errorf("after a change: %q", got)
	}
	if b.read != before+1 {
		t.Errorf("%d documents were read for one change", b.read-before)
	}
	b.remove("a", "delivery")
	if got := found(t, l, "a", q); got != "hours" {
		t.Errorf("after a deletion: %q", got)
	}
	b.remove("a", "hours")
	if got := found(t, l, "a", q); got != "" {
		t.Errorf("after the last: %q", got)
	}
}

func TestLibraryWithoutItsShelf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		b.put("a", shop[2])
		b.slow = time.Minute
		l := NewLibrary(b)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go l.Open(t.Context(), "a")
		synctest.Wait()
		if _, err := l.Find(ctx, "a", Query{Said: "Canada", Knowledge: everything}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it did not give up: %v", err)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		b.err = errors.New("the store is away")
		if _, err := l.Find(t.Context(), "a", Query{Said: "Canada", Knowledge: everything}); !errors.Is(err, b.err) {
			t.Errorf("what may be out of date was told: %v", err)
		}
		b.err = nil
		if got := found(t, l, "a", "do you ship to Canada"); got != "delivery" {
			t.Errorf("found %q", got)
		}
		if b.read != 1 {
			t.Errorf("%d documents were read", b.read)
		}
	})
}

func TestLibraryLetsGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBoard()
		l := NewLibrary(b)
		for _, env := range []string{"a", "b", "c"} {
			b.put(env, shop[2])
			found(t, l, env, "Canada")
			time.Sleep(keptFor / 2)
		}
		if got := slices.Sorted(maps.Keys(l.kept)); !slices.Equal(got, []string{"b", "c"}) && !slices.Equal(got, []string{"a", "b", "c"}) {
			t.Errorf("kept %v", got)
		}
		time.Sleep(keptFor + 1)
		found(t, l, "d", "Canada")
		if got := slices.Sorted(maps.Keys(l.kept)); !slices.Equal(got, []string{"d"}) {
			t.Errorf("kept %v", got)
		}
		l.kept["d"].bytes = keptText + 1
		found(t, l, "e", "Canada")
		if got := slices.Sorted(maps.Keys(l.kept)); !slices.Equal(got, []string{"e"}) {
			t.Errorf("kept %v", got)
		}
		if got := found(t, l, "a", "do you ship to Canada"); got != "delivery" {
			t.Errorf("what was let go is not read again: %q", got)
		}
	})
}

func TestLibraryByMany(t *testing.T) {
	b := newBoard()
	l := NewLibrary(b)
	for _, d := range shop {
		b.put("a", d)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				d := shop[1]
				b.put("a", d)
				if got := found(t, l, "a", "do you ship to Canada"); got != "delivery" {
					t.Errorf("found %q", got)
				}
			}
		})
	}
	wg.Wait()
}
