package telnyx

import (
	"sync"
	"time"
)

const (
	memoryLasts = 2 * signedWithin // at least: a webhook that comes again later is refused for its age
	memoryMost  = 100_000          // entries, twice: what is older is forgotten sooner under a flood of them
)

// A memory knows what was there lately. The zero value is ready.
type memory struct {
	mu       sync.Mutex // guards all below
	now, old map[string]struct{}
	since    time.Time
}

// add reports whether it is new.
func (m *memory) add(s string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.has(s); ok {
		return false
	}
	if m.now == nil || len(m.now) >= memoryMost || time.Since(m.since) > memoryLasts {
		m.now, m.old, m.since = map[string]struct{}{}, m.now, time.Now()
	}
	m.now[s] = struct{}{}
	return true
}

// knows reports whether it was added.
func (m *memory) knows(s string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, ok := m.has(s)
	return ok
}

// has is knows; mu is held.
func (m *memory) has(s string) (struct{}, bool) {
	if v, ok := m.now[s]; ok {
		return v, true
	}
	v, ok := m.old[s]
	return v, ok
}
