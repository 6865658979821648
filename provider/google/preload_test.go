package google

import (
	"encoding/json"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider/providertest"
)

// TestPreloadedPrefix: one token, and all else as the first turn has it.
func TestPreloadedPrefix(t *testing.T) {
	g := providertest.NewGoogle(t)
	m := model(t, g, "")
	got, err := m.Preload(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.System, Text: providertest.LongPrompt}}})
	if err != nil || got != (llm.Preloaded{Usage: llm.Usage{In: 50, Out: 1}, Cached: 32}) {
		t.Fatalf("%+v, %v", got, err)
	}
	var body struct {
		System struct{ Parts []struct{ Text string } } `json:"systemInstruction"`
		Config struct {
			Max int `json:"maxOutputTokens"`
		} `json:"generationConfig"`
	}
	if err := json.Unmarshal(g.Bodies[0], &body); err != nil || body.Config.Max != 1 || len(body.System.Parts) != 1 || body.System.Parts[0].Text != providertest.LongPrompt {
		t.Errorf("%v: asked %.300s", err, g.Bodies[0])
	}
	for name, n := range map[string]int{"": 4096 * 3, "gemini-2.5-flash": 2048 * 3} {
		short := llm.Request{Messages: []llm.Message{{Role: llm.System, Text: providertest.LongPrompt[:n-1]}}}
		if got, err := model(t, g, name).Preload(t.Context(), short); err != nil || got.Skipped == "" || len(g.Bodies) != 1 {
			t.Errorf("%q: %+v, %v", name, got, err)
		}
	}
}
