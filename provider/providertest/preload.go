package providertest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/llm"
)

// LongPrompt is one that every vendor thinks worth keeping.
var LongPrompt = strings.Repeat("You are the desk of a shop, and open from nine to five. ", 500)

// preload: the prompt is read, what that costs is told, and next to nothing is written; faults are typed; the model then answers as ever.
func (h Thinking) preload(t *testing.T) {
	r := llm.Request{Messages: []llm.Message{{Role: llm.System, Text: LongPrompt}}, Tools: h.Talk.Tools}
	m := h.Open(t)
	p, ok := m.(llm.Preloader)
	if !ok {
		t.Skip("keeps no prompts")
	}
	Leaks(t, func() {
		var got llm.Preloaded
		var err error
		within(t, deadline, "a preload", func() { got, err = p.Preload(t.Context(), r) })
		if err != nil {
			t.Fatal(err)
		}
		if got.Skipped != "" {
			t.Skip(got.Skipped)
		}
		if got.Usage.In <= 0 || got.Usage.Out > 16 || got.Cached > got.Usage.In {
			t.Errorf("%+v", got)
		}
		if a := h.ask(t, m, h.Talk); a.err != nil || a.text == "" {
			t.Errorf("answered %q, %v", a.text, a.err)
		}
	})
	if h.Failing == nil {
		return
	}
	for _, f := range []Fault{Refuse, Unauthorized, RateLimited, Broken} {
		Leaks(t, func() {
			_, err := h.Failing(t, f).(llm.Preloader).Preload(t.Context(), r)
			checkTyped(t, f, err)
		})
	}
	Leaks(t, func() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		within(t, time.Second, "a cancelled preload", func() {
			if _, err := p.Preload(ctx, r); !errors.Is(err, context.Canceled) {
				t.Errorf("a cancelled preload gave %v", err)
			}
		})
	})
}
