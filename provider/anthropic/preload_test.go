package anthropic

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider/providertest"
)

type cached struct {
	System, Tools json.RawMessage
	Thinking      json.RawMessage
	Effort        json.RawMessage `json:"output_config"`
	MaxTokens     *int            `json:"max_tokens"`
	Stream        bool
	Messages      json.RawMessage
}

// TestPreloadedPrefix: what is read ahead is to the byte what the first turn begins with, and nothing but that is kept.
func TestPreloadedPrefix(t *testing.T) {
	a := providertest.NewAnthropic(t)
	m := model(t, a, "claude-opus-4-8")
	opening := llm.Request{Messages: []llm.Message{{Role: llm.System, Text: providertest.LongPrompt}}, ReasoningEffort: "high",
		Tools: []llm.Tool{{Name: "book", Description: "books a table", Schema: json.RawMessage(`{"type":"object","properties":{"day":{"type":"string"}}}`)}}}
	got, err := m.Preload(t.Context(), opening)
	if err != nil || got != (llm.Preloaded{Usage: llm.Usage{In: 50}, Cached: 32}) {
		t.Fatalf("%+v, %v", got, err)
	}
	first := opening
	first.Messages = append(first.Messages[:1:1], llm.Message{Role: llm.User, Text: "hello"})
	for _, err := range m.Chat(t.Context(), first) {
		if err != nil {
			t.Fatal(err)
		}
	}
	var ahead, then cached
	if json.Unmarshal(a.Bodies[0], &ahead) != nil || json.Unmarshal(a.Bodies[1], &then) != nil {
		t.Fatal("no JSON")
	}
	if !bytes.Equal(ahead.System, then.System) || !bytes.Equal(ahead.Tools, then.Tools) || !strings.Contains(string(ahead.System), "cache_control") {
		t.Errorf("read ahead %s %s\nthen %s %s", ahead.System, ahead.Tools, then.System, then.Tools)
	}
	if *ahead.MaxTokens != 0 || ahead.Stream || ahead.Thinking != nil || ahead.Effort != nil || strings.Contains(string(ahead.Messages), "cache_control") {
		t.Errorf("asked %s", a.Bodies[0])
	}
}

// TestPreloadOfLessThanAToken: servers that want to write one may.
func TestPreloadOfLessThanAToken(t *testing.T) {
	a := providertest.NewAnthropic(t)
	a.Refuses = map[string]string{`"max_tokens":0`: "max_tokens: must be greater than or equal to 1"}
	got, err := model(t, a, "claude-haiku-5-5").Preload(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.System, Text: providertest.LongPrompt}}})
	if err != nil || got.Usage.Out != 1 || a.Count() != 2 {
		t.Errorf("%+v, %v after %d requests", got, err, a.Count())
	}
}

func TestPreloadOfAShortPrompt(t *testing.T) {
	a := providertest.NewAnthropic(t)
	for name, bytes := range map[string]int{"claude-haiku-5-5": 3071, "claude-haiku-4-5": 12287, "claude-sonnet-4-6": 6143, "claude-3-haiku-20240307": 6143} {
		short := llm.Request{Messages: []llm.Message{{Role: llm.System, Text: providertest.LongPrompt[:bytes]}}}
		if got, err := model(t, a, name).Preload(t.Context(), short); err != nil || got.Skipped == "" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if a.Count() != 0 {
		t.Errorf("%d requests", a.Count())
	}
}
