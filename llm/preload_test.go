package llm

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

type preloaded struct {
	Model
	err error
}

func (p preloaded) Preload(_ context.Context, r Request) (Preloaded, error) {
	return Preloaded{Usage: Usage{In: len(r.Messages)}}, p.err
}

// TestPreload: the first vendor reads; that it fails opens no breaker.
func TestPreload(t *testing.T) {
	closedBreakers()
	broken := errors.New("broken")
	m := Fallback(Vendor{Name: "a", Model: preloaded{script(), broken}}, Vendor{Name: "b", Model: preloaded{script(), nil}}).(Preloader)
	for range 5 {
		if got, err := m.Preload(t.Context(), Request{Messages: make([]Message, 3)}); !errors.Is(err, broken) || got.Usage.In != 3 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if !breakers.Of("a").Allow() {
		t.Error("the breaker opened")
	}
	if got, err := Fallback(Vendor{Name: "c", Model: script()}).(Preloader).Preload(t.Context(), Request{}); err != nil || got.Skipped == "" {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err := Fallback().(Preloader).Preload(t.Context(), Request{}); err != nil || got != (Preloaded{}) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestShort(t *testing.T) {
	r := Request{Messages: []Message{{Text: strings.Repeat("x", 1000)}}, Tools: []Tool{{Name: "abc", Description: strings.Repeat("d", 1000), Schema: json.RawMessage(strings.Repeat("s", 997))}}}
	if why := r.Short(1000); why != "" {
		t.Error(why)
	}
	if why := r.Short(1001); !strings.Contains(why, "1000") || !strings.Contains(why, "1001") {
		t.Error(why)
	}
}
