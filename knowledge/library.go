// Package knowledge finds in an environment's documents what may answer a caller: it cuts them into chunks by their structure and
// ranks these by the words they have (BM25). It does no I/O of its own: a Shelf has the documents.
//
// Goroutines: none of its own. A Library and an Index may be used by any.
package knowledge

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/parley-voice/parley"
)

const (
	keptFor  = time.Hour // an index that nobody uses is let go
	keptText = 256 << 20 // bytes of documents in all indexes; beyond, the one that was not used for longest is let go
)

// A Shelf has the documents. *store.DB is one.
type Shelf interface {
	// LibraryRevision counts the changes to the documents of an environment.
	LibraryRevision(ctx context.Context, env string) (int64, error)
	// DocumentRevisions is of each document of an environment the revision of the library in which it became what it is.
	DocumentRevisions(ctx context.Context, env string) (map[string]int64, error)
	// DocumentContent reads documents whole; those that are not there are left out.
	DocumentContent(ctx context.Context, env string, ids []string) ([]parley.Document, error)
}

// A Library is all environments' documents. A lookup knows every change that was written before it began, by whichever process.
type Library struct {
	shelf Shelf

	mu   sync.Mutex // guards all below
	kept map[string]*holdings
}

// holdings are what is known of one environment.
type holdings struct {
	index *Index
	turn  chan struct{} // has one token: whoever has it may bring the index up to date

	// of whoever has the token
	revision  int64 // of the library, which index is; 0: it is empty
	documents map[string]held

	// guarded by Library.mu
	used  time.Time
	bytes int
}

type held struct {
	revision int64
	bytes    int
}

// NewLibrary makes one that reads from a shelf.
func NewLibrary(s Shelf) *Library { return &Library{shelf: s, kept: map[string]*holdings{}} }

// Find looks a question up in the documents of an environment.
func (l *Library) Find(ctx context.Context, env string, q Query) ([]parley.Passage, error) {
	h := l.holdings(env)
	if err := l.refresh(ctx, env, h); err != nil {
		return nil, fmt.Errorf("looking up documents: %w", err)
	}
	return h.index.Find(q), nil
}

// Open reads what is not known yet of an environment's documents, so that the next lookup need not.
func (l *Library) Open(ctx context.Context, env string) error {
	if err := l.refresh(ctx, env, l.holdings(env)); err != nil {
		return fmt.Errorf("reading documents: %w", err)
	}
	return nil
}

// holdings are an environment's. Others, which nobody uses, are let go.
func (l *Library) holdings(env string) *holdings {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	h := l.kept[env]
	if h == nil {
		h = &holdings{index: NewIndex(), turn: make(chan struct{}, 1), documents: map[string]held{}}
		h.turn <- struct{}{}
		l.kept[env] = h
		l.letGo(env, now)
	}
	h.used = now
	return h
}

// letGo forgets indexes that were not used for long, and when all are too large the oldest. Its caller holds mu.
func (l *Library) letGo(but string, now time.Time) {
	total := 0
	for env, h := range l.kept {
		if env != but && now.Sub(h.used) > keptFor {
			delete(l.kept, env)
			continue
		}
		total += h.bytes
	}
	for total > keptText {
		oldest := ""
		for env, h := range l.kept {
			if env != but && (oldest == "" || h.used.Before(l.kept[oldest].used)) {
				oldest = env
			}
		}
		if oldest == "" {
			return
		}
		total -= l.kept[oldest].bytes
		delete(l.kept, oldest)
	}
}

// refresh makes the index know every change that was written before.
func (l *Library) refresh(ctx context.Context, env string, h *holdings) error {
	select {
	case <-h.turn:
		defer func() { h.turn <- struct{}{} }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	revision, err := l.shelf.LibraryRevision(ctx, env)
	if err != nil || revision == h.revision {
		return err
	}
	there, err := l.shelf.DocumentRevisions(ctx, env)
	if err != nil {
		return err
	}
	for id := range h.documents {
		if _, ok := there[id]; !ok {
			h.index.Remove(id)
			delete(h.documents, id)
		}
	}
	var changed []string
	for id, rev := range there {
		if h.documents[id].revision != rev {
			changed = append(changed, id)
		}
	}
	if err := l.read(ctx, env, h, changed); err != nil {
		return err
	}
	h.revision = revision // what came since has a higher one, and is looked for next time
	total := 0
	for _, d := range h.documents {
		total += d.bytes
	}
	l.mu.Lock()
	h.bytes = total
	l.letGo(env, time.Now())
	l.mu.Unlock()
	return nil
}

// read takes documents in that have changed, a few at a time.
func (l *Library) read(ctx context.Context, env string, h *holdings, ids []string) error {
	const atOnce = 20
	for len(ids) > 0 {
		n := min(atOnce, len(ids))
		docs, err := l.shelf.DocumentContent(ctx, env, ids[:n])
		if err != nil {
			return err
		}
		ids = ids[n:]
		for i := range docs {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			h.index.Put(&docs[i])
			h.documents[docs[i].ID] = held{docs[i].Revision, len(docs[i].Content)}
		}
	}
	return nil
}
