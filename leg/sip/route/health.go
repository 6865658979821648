package route

import (
	"slices"
	"sync"
	"time"
)

const (
	downFor  = 2 * time.Minute // then a hop nobody has reported on since is tried in its turn again
	downMost = 4096            // hops remembered as down; then it begins anew
)

// Health remembers which hops did not answer. The zero value thinks well of all. Safe from any goroutine.
type Health struct {
	mu   sync.Mutex // guards down
	down map[Hop]time.Time
}

// Report says whether a hop answers.
func (h *Health) Report(hop Hop, up bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if up {
		delete(h.down, hop)
		return
	}
	if h.down == nil || len(h.down) >= downMost {
		h.down = map[Hop]time.Time{}
	}
	h.down[hop] = time.Now()
}

// Up reports whether a hop is not known to be down.
func (h *Health) Up(hop Hop) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	at, down := h.down[hop]
	return !down || time.Since(at) >= downFor
}

// Order puts the hops that are down last, among them those first that were reported longest ago. None is dropped: an answer
// nobody heard must not end all calls.
func (h *Health) Order(hops []Hop) []Hop {
	h.mu.Lock()
	defer h.mu.Unlock()
	since := func(hop Hop) time.Time {
		at, down := h.down[hop]
		if !down || time.Since(at) >= downFor {
			return time.Time{}
		}
		return at
	}
	out := slices.Clone(hops)
	slices.SortStableFunc(out, func(a, b Hop) int { return since(a).Compare(since(b)) })
	return out
}
