package guard

import (
	"encoding/binary"
	"hash/maphash"
	"net/netip"
	"sync"
)

const (
	sets = 8192 // a power of two
	ways = 8    // sources in a set
)

// table remembers sources, sets*ways of them. Which set a source is in depends on a secret: nobody can aim at one.
type table struct {
	seed maphash.Seed
	sets []set
}

func (t *table) init() {
	t.seed = maphash.MakeSeed()
	t.sets = make([]set, sets)
}

func (t *table) set(k key) *set {
	return &t.sets[maphash.Comparable(t.seed, k)%sets]
}

// set is a few sources; mu guards them.
type set struct {
	mu      sync.Mutex
	sources [ways]source
}

func (s *set) lock()   { s.mu.Lock() }
func (s *set) unlock() { s.mu.Unlock() }

// source is what is known of one, in 64 bytes. Its zero value is a free place.
type source struct {
	key     key
	due     instant // when its bucket is full again
	blocked instant // until then
	proven  instant // until then
	credit  uint32  // bytes that came from it, less those that went to it
	fails
}

// key names a source: an IPv4 address, or a network /64 of IPv6, which is what one customer has. Never the zero value.
type key struct{ hi, lo uint64 }

// keyOf is false for what nothing can come from.
func keyOf(ip netip.Addr) (key, bool) {
	ip = ip.Unmap()
	switch {
	case !ip.IsValid() || ip.IsUnspecified() || ip.IsMulticast():
		return key{}, false
	case ip.Is4():
		b := ip.As4()
		return key{0, 1<<32 | uint64(binary.BigEndian.Uint32(b[:]))}, true
	}
	b := ip.As16()
	return key{binary.BigEndian.Uint64(b[:8]), 1}, true
}

// find is nil for a source that is not remembered; mu is held, as for insert.
func (s *set) find(k key) *source {
	for i := range s.sources {
		if s.sources[i].key == k {
			return &s.sources[i]
		}
	}
	return nil
}

// insert makes place for a source that is not there: the one that is missed least goes.
func (s *set) insert(k key, now instant) *source {
	least, loss := &s.sources[0], s.sources[0].worth(now)
	for i := range s.sources[1:] {
		if e := &s.sources[i+1]; loss > nothing {
			if w := e.worth(now); w < loss || w == loss && e.age() < least.age() {
				least, loss = e, w
			}
		}
	}
	*least = source{key: k}
	return least
}

// entry is a source, remembered from now on; mu is held.
func (s *set) entry(k key, now instant) *source {
	if e := s.find(k); e != nil {
		return e
	}
	return s.insert(k, now)
}

// worth is what forgetting a source would cost, from nothing up. What a forged message can bring about is worth least.
type worth uint8

const (
	nothing worth = iota
	rated
	failing
	proven
	blocked
)

func (e *source) worth(now instant) worth {
	switch {
	case e.blocked > now:
		return blocked
	case e.proven > now:
		return proven
	case e.count(now) > 0:
		return failing
	case e.key != key{} && e.due > now:
		return rated
	}
	return nothing
}

// age orders sources of the same worth, the first to go first.
func (e *source) age() instant { return max(e.due, e.blocked, e.proven) }
