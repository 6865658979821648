package openai

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

const (
	keptFrom   = 1024 // tokens: OpenAI keeps no shorter prompt (https://platform.openai.com/docs/guides/prompt-caching)
	leastOpen  = 16   // max_output_tokens, of the Responses API
	nothing    = "."  // what the user says of whom nothing is known yet: some servers want one
	noRoomLeft = "output limit was reached"
)

// own reports whether the server is OpenAI's, or Azure's of it.
func (m *Model) own() bool { return m.vendor == "azure" || m.base == defaultBase }

// Preload has the server read a request, for an answer of one token, or by the Responses API of sixteen. Of servers other than OpenAI's it is
// not known from what length on they keep a prompt; they are always asked: llama.cpp, vLLM and Ollama keep any, the last loads its model for it.
func (m *Model) Preload(ctx context.Context, r llm.Request) (llm.Preloaded, error) {
	if m.own() {
		if why := r.Short(keptFrom); why != "" {
			return llm.Preloaded{Skipped: why}, nil
		}
	}
	resp, _, err := m.post(ctx, r, true)
	var v *parley.VendorError
	if errors.As(err, &v) && strings.Contains(v.Message, noRoomLeft) {
		return llm.Preloaded{}, nil // a model that thinks had no room for it; the prompt was read
	}
	if err != nil {
		return llm.Preloaded{}, err
	}
	var a struct {
		Usage struct {
			Prompt        int `json:"prompt_tokens"`
			Completion    int `json:"completion_tokens"`
			PromptDetails struct {
				Cached int `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
			Input        int `json:"input_tokens"`
			Output       int `json:"output_tokens"`
			InputDetails struct {
				Cached int `json:"cached_tokens"`
			} `json:"input_tokens_details"`
			CacheHit int `json:"prompt_cache_hit_tokens"` // DeepSeek
		} `json:"usage"`
	}
	if err := provider.Whole(m.vendor, resp, &a); err != nil {
		return llm.Preloaded{}, err
	}
	u := a.Usage
	return llm.Preloaded{Usage: llm.Usage{In: u.Prompt + u.Input, Out: u.Completion + u.Output},
		Cached: max(u.PromptDetails.Cached, u.InputDetails.Cached, u.CacheHit)}, nil
}

// brief asks for the shortest answer there is, whole.
func (q *request) brief(own bool) {
	q.Stream, q.StreamOptions = false, nil
	if own {
		q.MaxCompletion = 1
	} else {
		q.MaxTokens = 1
	}
	if !slices.ContainsFunc(q.Messages, func(m message) bool { return m.Role == string(llm.User) }) {
		text := nothing
		q.Messages = append(q.Messages, message{Role: string(llm.User), Content: &text})
	}
}

func (q *question) brief(bool) {
	q.Stream, q.MaxOutput = false, leastOpen
	if !slices.ContainsFunc(q.Input, func(i item) bool { return i.Role == string(llm.User) }) {
		text := nothing
		q.Input = append(q.Input, item{Role: string(llm.User), Content: &text})
	}
}
