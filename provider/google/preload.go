package google

import (
	"context"
	"strings"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

// keptFrom is how many tokens a prompt must have for Gemini to keep it of its own accord (https://ai.google.dev/gemini-api/docs/caching).
func keptFrom(model string) int {
	if strings.HasPrefix(model, "gemini-2.") {
		return 2048
	}
	return 4096
}

// Preload has the model read a request, for an answer of one token. Whether Google keeps it is for Google to decide.
func (m *Model) Preload(ctx context.Context, r llm.Request) (llm.Preloaded, error) {
	if why := r.Short(keptFrom(m.name)); why != "" {
		return llm.Preloaded{Skipped: why}, nil
	}
	q := compose(m.name, r, m.signature)
	q.Config.MaxTokens = 1
	resp, _, err := m.post(ctx, q, "generateContent", r)
	if err != nil {
		return llm.Preloaded{}, err
	}
	var a struct {
		Usage struct {
			Prompt   int `json:"promptTokenCount"`
			Answer   int `json:"candidatesTokenCount"`
			Thoughts int `json:"thoughtsTokenCount"`
			Cached   int `json:"cachedContentTokenCount"`
		} `json:"usageMetadata"`
	}
	err = provider.Whole(vendor, resp, &a)
	return llm.Preloaded{Usage: llm.Usage{In: a.Usage.Prompt, Out: a.Usage.Answer + a.Usage.Thoughts}, Cached: a.Usage.Cached}, err
}
