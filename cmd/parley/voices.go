package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
)

const (
	voicesLast = 10 * time.Minute
	voicesKept = 64 // lists
)

// A voiceBook remembers the voices that were listed, by who was asked with which key.
type voiceBook struct {
	mu    sync.Mutex // guards lists
	lists map[[32]byte]voiceList
}

type voiceList struct {
	voices []provider.Voice
	at     time.Time
}

func (b *voiceBook) find(key [32]byte) ([]provider.Voice, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.lists[key]
	return l.voices, ok && time.Since(l.at) < voicesLast
}

func (b *voiceBook) keep(key [32]byte, voices []provider.Voice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lists == nil || len(b.lists) >= voicesKept {
		b.lists = map[[32]byte]voiceList{}
	}
	b.lists[key] = voiceList{voices, time.Now()}
}

// Voices are those that the vendor of a type of voice has, as an account connection sees them, or whoever would pay without one.
func (v *vendors) Voices(ctx context.Context, env, voiceType, account string) ([]provider.Voice, error) {
	s := named(v.specs, v.speaker(voiceType))
	if s == nil || s.Speaking == nil || s.Speaking.Voices == nil {
		return nil, parley.Invalid("type", "type: the voices of "+voiceType+" cannot be listed")
	}
	a, _, err := v.access(ctx, env, s, account)
	if err != nil {
		return nil, parley.Invalid("account_connection", "account_connection: "+err.Error())
	}
	key := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", s.Name, a.BaseURL, a.Key))
	for _, name := range slices.Sorted(maps.Keys(a.Extra)) {
		key = sha256.Sum256(fmt.Appendf(key[:], "%q %q", name, a.Extra[name]))
	}
	if voices, ok := v.voices.find(key); ok {
		return voices, nil
	}
	voices, err := s.Speaking.Voices(ctx, a)
	if err == nil {
		v.voices.keep(key, voices)
	}
	return voices, err
}
