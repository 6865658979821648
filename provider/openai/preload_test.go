package openai

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
)

func opening(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.System, Text: text}}, Tools: []llm.Tool{{Name: "book", Schema: json.RawMessage(`{"type":"object","properties":{}}`)}}}
}

// TestPreloadedPrefix: by either API the shortest answer there is, and the rest as the first turn has it.
func TestPreloadedPrefix(t *testing.T) {
	o := providertest.NewOpenAI(t)
	for _, c := range []struct {
		responses bool
		out       int
		field     string
	}{{false, 1, `"max_tokens":1`}, {true, 16, `"max_output_tokens":16`}} {
		m := model(t, o, "m")
		m.responses = c.responses
		before := len(o.Bodies)
		got, err := m.Preload(t.Context(), opening("You are brief."))
		if err != nil || got != (llm.Preloaded{Usage: llm.Usage{In: 50, Out: c.out}, Cached: 32}) {
			t.Errorf("%+v, %v", got, err)
		}
		first := opening("You are brief.")
		first.Messages = append(first.Messages, llm.Message{Role: llm.User, Text: nothing})
		for _, err := range m.Chat(t.Context(), first) {
			if err != nil {
				t.Error(err)
			}
		}
		ahead, then := string(o.Bodies[before]), string(o.Bodies[before+1])
		if !strings.Contains(ahead, c.field) || strings.Contains(ahead, "stream_options") || strings.Contains(ahead, `"stream":true`) {
			t.Errorf("asked %s", ahead)
		}
		list := `"messages":`
		if c.responses {
			list = `"input":`
		}
		_, ahead, _ = strings.Cut(ahead, list)
		_, then, _ = strings.Cut(then, list)
		if ahead, _, _ = strings.Cut(ahead, `,"stream"`); !strings.HasPrefix(then, ahead) {
			t.Errorf("read ahead %s\nthen %s", ahead, then)
		}
	}
}

// TestPreloadAtOpenAI: a prompt that is not kept is not read ahead.
func TestPreloadAtOpenAI(t *testing.T) {
	for _, base := range []string{"", defaultBase} {
		m, err := NewModel("openai", provider.Access{Key: "k", BaseURL: base}, "gpt-4o-mini")
		if err != nil {
			t.Fatal(err)
		}
		if got, err := m.Preload(t.Context(), opening(strings.Repeat("x", 2900))); err != nil || got.Skipped == "" {
			t.Errorf("%+v, %v", got, err)
		}
	}
	q := request{Stream: true, StreamOptions: &streamOptions{}}
	if q.brief(true); q.MaxCompletion != 1 || q.MaxTokens != 0 || q.Stream || q.StreamOptions != nil || len(q.Messages) != 1 {
		t.Errorf("%+v", q)
	}
}
