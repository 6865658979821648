package local

import (
	"context"
	"fmt"
	"iter"
	"sync"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/local/responder"
)

// BuiltIn is the name by which an agent asks for the responder although there is a language model on this machine.
const BuiltIn = "built-in"

// thinking is a language model on this machine where one was found, else the built-in responder.
type thinking struct {
	l    *Local
	name string // "": the server's choice

	mu     sync.Mutex // guards opened
	opened llm.Model
}

// A thinker is a language model that was found.
type thinker struct {
	server Server
	model  string
}

// ThinksBy says in a few words who thinks for agents that have this vendor think; it waits for a look under way.
func (l *Local) ThinksBy() string {
	found, err := l.thinker(context.Background())
	if err != nil || found == nil {
		return responder.Name
	}
	return found.model + " by " + found.server.Name
}

// Chat thinks by what was found.
func (t *thinking) Chat(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		m, err := t.model(ctx)
		if err != nil {
			yield(llm.Delta{}, fault(ctx, err))
			return
		}
		for d, err := range m.Chat(ctx, r) {
			if !yield(d, err) {
				return
			}
		}
	}
}

// Warm warms a language model that can be warmed.
func (t *thinking) Warm(ctx context.Context) error {
	m, err := t.model(t.l.ctx)
	if w, ok := m.(provider.Warmer); ok && err == nil {
		return w.Warm(ctx)
	}
	return err
}

// Preload has a language model read a request; what answers without one has nothing to read.
func (t *thinking) Preload(ctx context.Context, r llm.Request) (llm.Preloaded, error) {
	m, err := t.model(t.l.ctx)
	if p, ok := m.(llm.Preloader); ok && err == nil {
		return p.Preload(ctx, r)
	}
	return llm.Preloaded{Skipped: "no language model is here"}, err
}

// ByRules reports whether no language model thinks, but rules; it waits for a look under way.
func (t *thinking) ByRules(ctx context.Context) bool {
	if t.name == BuiltIn {
		return true
	}
	found, err := t.l.thinker(ctx)
	return err == nil && found == nil && t.name == ""
}

// model opens what was found, once.
func (t *thinking) model(ctx context.Context) (llm.Model, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.opened != nil {
		return t.opened, nil
	}
	m, err := t.open(ctx)
	if err == nil {
		t.opened = m
	}
	return m, err
}

func (t *thinking) open(ctx context.Context) (llm.Model, error) {
	if t.name == BuiltIn {
		return responder.New(), nil
	}
	found, err := t.l.thinker(ctx)
	if err != nil {
		return nil, err
	}
	if found == nil && t.name != "" {
		return nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnavailable,
			Message: fmt.Sprintf("no language model answers on this machine, and the agent wants %q; without a model's name the %s thinks", t.name, responder.Name)}
	}
	if found == nil {
		return responder.New(), nil
	}
	name := t.name
	if name == "" {
		name = found.model
	}
	m, err := t.l.config.OpenAICompatible(found.server.BaseURL, name)
	if err != nil {
		return nil, fmt.Errorf("opening %s of %s: %w", name, found.server.Name, err)
	}
	return m, nil
}
