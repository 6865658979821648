package provider

import "sync"

// Learnt is what was found out about servers, by their addresses, shared by all calls of the process: which model they serve, what
// they lack. Addresses are tenants', too, so it forgets all when there are too many. The zero value is ready.
type Learnt[V comparable] struct {
	mu sync.Mutex // guards of
	of map[string]V
}

// maxServers is how many are remembered; more is somebody counting up addresses.
const maxServers = 1024

// Load is what is known of an address.
func (l *Learnt[V]) Load(base string) (v V, known bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, known = l.of[base]
	return v, known
}

// Store remembers something of an address.
func (l *Learnt[V]) Store(base string, v V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.of[base]; l.of == nil || !known && len(l.of) >= maxServers {
		l.of = map[string]V{}
	}
	l.of[base] = v
}

// Forget forgets it where it is still that: another call may have learnt something newer.
func (l *Learnt[V]) Forget(base string, v V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of[base] == v {
		delete(l.of, base)
	}
}
