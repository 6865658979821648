package parley

import (
	"sync"
	"time"
)

// When a Breaker opens, and how often it lets one request through afterwards.
const (
	breakerFailures = 3
	breakerWindow   = 30 * time.Second
	breakerProbe    = 10 * time.Second
)

// A Breaker keeps requests from a vendor that keeps failing: three failures within 30 s open it, then one request every
// 10 s is let through as a probe, and the first success closes it. It is safe from any goroutine; the zero value is closed.
type Breaker struct {
	mu     sync.Mutex // guards all below
	failed [breakerFailures]time.Time
	next   int       // slot of the oldest failure
	open   bool      //
	probe  time.Time // when the next probe may go
}

// Allow reports whether a request may go now. While the breaker is open, a true answer is the one probe.
func (b *Breaker) Allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.open {
		return true
	}
	now := time.Now()
	if now.Before(b.probe) {
		return false
	}
	b.probe = now.Add(breakerProbe)
	return true
}

// Failed tells of a request that failed.
func (b *Breaker) Failed() {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := time.Now()
	b.failed[b.next] = now
	b.next = (b.next + 1) % breakerFailures
	oldest := b.failed[b.next]
	if b.open || !oldest.IsZero() && now.Sub(oldest) <= breakerWindow {
		b.open, b.probe = true, now.Add(breakerProbe)
	}
}

// Worked tells of a request that gave something useful.
func (b *Breaker) Worked() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open = false
	b.failed = [breakerFailures]time.Time{}
}

// Breakers are breakers by vendor name. The zero value is empty; it is safe from any goroutine.
type Breakers struct{ m sync.Map }

// Of is the breaker of the vendor by that name, the same at every call.
func (b *Breakers) Of(vendor string) *Breaker {
	if v, ok := b.m.Load(vendor); ok {
		return v.(*Breaker)
	}
	v, _ := b.m.LoadOrStore(vendor, new(Breaker))
	return v.(*Breaker)
}

// Askable parts vendors that can be asked from those that cannot at all, such as for want of a key; missing says why, nil: one can.
func Askable[V any](vs []V, missing func(V) error) (can, cannot []V) {
	for _, v := range vs {
		if missing(v) != nil {
			cannot = append(cannot, v)
		} else {
			can = append(can, v)
		}
	}
	return can, cannot
}
