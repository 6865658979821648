package api

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// A counted store counts what it is asked.
type counted struct {
	Store
	keys, envs int
	gone       bool
	meanwhile  func() // while a key is read
}

func (c *counted) LookupKey(_ context.Context, hash [32]byte) (store.APIKey, error) {
	c.keys++
	k, gone := store.APIKey{ID: fmt.Sprint(hash[0])}, c.gone
	if c.meanwhile != nil {
		c.meanwhile()
	}
	if gone {
		return store.APIKey{}, parley.NotFound("API key")
	}
	return k, nil
}

func (c *counted) Environment(context.Context, string) (store.Environment, error) {
	c.envs++
	if c.gone {
		return store.Environment{}, errors.New("the database is gone")
	}
	return store.Environment{ID: "e"}, nil
}

func (c *counted) DeleteKey(context.Context, string, string) (store.APIKey, error) {
	c.gone = true
	return store.APIKey{}, nil
}

func (c *counted) UpdateEnvironment(context.Context, string, func(*store.Environment) error) (store.Environment, error) {
	return store.Environment{}, nil
}

func (c *counted) DeleteEnvironment(context.Context, string) (store.Environment, error) {
	c.gone = true
	return store.Environment{}, nil
}

// TestKeysAreRemembered for a second, each for itself.
func TestKeysAreRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &counted{}
		s := &remembering{Store: c}
		for range 5 {
			for _, n := range []byte{1, 2} {
				if k, err := s.LookupKey(t.Context(), [32]byte{n}); err != nil || k.ID != fmt.Sprint(n) {
					t.Fatalf("%+v, %v", k, err)
				}
			}
			if e, err := s.Environment(t.Context(), "e"); err != nil || e.ID != "e" {
				t.Fatalf("%+v, %v", e, err)
			}
		}
		if c.keys != 2 || c.envs != 1 {
			t.Errorf("%d keys and %d environments were read", c.keys, c.envs)
		}
		time.Sleep(rememberFor)
		if _, err := s.LookupKey(t.Context(), [32]byte{1}); err != nil || c.keys != 3 {
			t.Errorf("%d, %v", c.keys, err)
		}
	})
}

// TestForgottenAtOnce: what this process removes or changes is not remembered for a moment longer, and an error never.
func TestForgottenAtOnce(t *testing.T) {
	for name, change := range map[string]func(*remembering) error{
		"a key":                   func(s *remembering) error { _, err := s.DeleteKey(t.Context(), "e", "k"); return err },
		"an environment":          func(s *remembering) error { _, err := s.DeleteEnvironment(t.Context(), "e"); return err },
		"an environment's wishes": func(s *remembering) error { _, err := s.UpdateEnvironment(t.Context(), "e", nil); return err },
	} {
		c := &counted{}
		s := &remembering{Store: c}
		ask := func() (error, error) {
			_, err1 := s.LookupKey(t.Context(), [32]byte{1})
			_, err2 := s.Environment(t.Context(), "e")
			return err1, err2
		}
		if err1, err2 := ask(); err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if err := change(s); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err1, err2 := ask(); (err1 != nil) != c.gone || (err2 != nil) != c.gone {
				t.Errorf("%s: %v, %v", name, err1, err2)
			}
		}
		if want := map[bool]int{true: 3, false: 2}[c.gone]; c.keys != want || c.envs != want {
			t.Errorf("%s: read %d and %d times", name, c.keys, c.envs)
		}
	}
}

// TestARaceWithTheEnd: a key that was being read when it was removed is not remembered.
func TestARaceWithTheEnd(t *testing.T) {
	c := &counted{}
	s := &remembering{Store: c}
	c.meanwhile = func() {
		c.meanwhile = nil
		if _, err := s.DeleteKey(t.Context(), "e", "k"); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.LookupKey(t.Context(), [32]byte{1}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.LookupKey(t.Context(), [32]byte{1}); !parley.IsNotFound(err) {
		t.Errorf("%v", err)
	}
}

// TestMemoryIsBounded: many keys are not kept for ever.
func TestMemoryIsBounded(t *testing.T) {
	s := &remembering{Store: &counted{}}
	for i := range 3 * remembers {
		if _, err := s.LookupKey(t.Context(), [32]byte{byte(i), byte(i >> 8)}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.keys.known); n == 0 || n > remembers {
		t.Errorf("%d are remembered", n)
	}
}
