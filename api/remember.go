package api

import (
	"context"
	"sync"
	"time"

	"github.com/parley-voice/parley/store"
)

// What every request asks of the store is remembered for rememberFor: a key that another process on the same database removed
// works so much longer there. What this process changes holds at once.
const (
	rememberFor = time.Second
	remembers   = 4096 // keys, and environments
)

// A remembering store answers from memory whose a key is and what its environment has chosen. Anything else it hands on.
type remembering struct {
	Store
	keys   remembered[[32]byte, store.APIKey]
	envs   remembered[string, store.Environment]
	logins remembered[[32]byte, login]
}

func (s *remembering) LookupKey(ctx context.Context, hash [32]byte) (store.APIKey, error) {
	return s.keys.get(hash, func() (store.APIKey, error) { return s.Store.LookupKey(ctx, hash) })
}

type login struct {
	key   store.APIKey
	until time.Time
}

func (s *remembering) Login(ctx context.Context, hash [32]byte) (store.APIKey, time.Time, error) {
	l, err := s.logins.get(hash, func() (l login, err error) {
		l.key, l.until, err = s.Store.Login(ctx, hash)
		return l, err
	})
	return l.key, l.until, err
}

func (s *remembering) CloseLogin(ctx context.Context, hash [32]byte) error {
	defer s.logins.forget()
	return s.Store.CloseLogin(ctx, hash)
}

func (s *remembering) Environment(ctx context.Context, id string) (store.Environment, error) {
	return s.envs.get(id, func() (store.Environment, error) { return s.Store.Environment(ctx, id) })
}

func (s *remembering) DeleteKey(ctx context.Context, env, id string) (store.APIKey, error) {
	defer s.forget()
	return s.Store.DeleteKey(ctx, env, id)
}

func (s *remembering) UpdateEnvironment(ctx context.Context, id string, change func(*store.Environment) error) (store.Environment, error) {
	defer s.forget()
	return s.Store.UpdateEnvironment(ctx, id, change)
}

func (s *remembering) DeleteEnvironment(ctx context.Context, id string) (store.Environment, error) {
	defer s.forget()
	return s.Store.DeleteEnvironment(ctx, id)
}

func (s *remembering) forget() {
	s.keys.forget()
	s.logins.forget()
	s.envs.forget()
}

// remembered is answers of a moment ago. Errors are not kept. Safe from any goroutine.
type remembered[K comparable, V any] struct {
	mu     sync.Mutex // guards all below
	known  map[K]answered[V]
	forgot int // how often: what was being read meanwhile is not kept
}

type answered[V any] struct {
	value V
	at    time.Time
}

func (r *remembered[K, V]) get(key K, read func() (V, error)) (V, error) {
	began := time.Now()
	r.mu.Lock()
	a, ok := r.known[key]
	forgot := r.forgot
	r.mu.Unlock()
	if ok && began.Sub(a.at) < rememberFor {
		return a.value, nil
	}
	v, err := read()
	if err != nil {
		return v, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.forgot == forgot {
		if r.known == nil || len(r.known) >= remembers {
			r.known = map[K]answered[V]{}
		}
		r.known[key] = answered[V]{v, began}
	}
	return v, nil
}

func (r *remembered[K, V]) forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known, r.forgot = nil, r.forgot+1
}
