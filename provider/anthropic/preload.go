package anthropic

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

// keptFrom is how many tokens a prompt must have to be kept (https://platform.claude.com/docs/en/build-with-claude/prompt-caching).
func keptFrom(model string) int {
	for _, k := range []struct {
		in     string
		tokens int
	}{{"haiku-4-5", 4096}, {"opus-4-5", 4096}, {"opus-4-6", 4096}, {"haiku-3", 2048}, {"3-5-haiku", 2048}, {"3-haiku", 2048}, {"sonnet-4-6", 2048}} {
		if strings.Contains(model, k.in) {
			return k.tokens
		}
	}
	return 1024 // the least of any
}

// Preload has the prompt and the tools read and kept, and nothing answered: max_tokens 0, which goes with neither a stream nor thoughts. A
// server that wants one token at least is given it.
func (m *Model) Preload(ctx context.Context, r llm.Request) (llm.Preloaded, error) {
	if why := r.Short(keptFrom(m.kind.name)); why != "" {
		return llm.Preloaded{Skipped: why}, nil
	}
	model := m.base + " " + m.kind.name
	for tries, least := 0, 0; ; tries++ {
		q := m.compose(r, learnt.Of(model))
		q.MaxTokens, q.Stream, q.OutputConfig = least, false, nil
		if q.Thinking != nil && q.Thinking.Type == "adaptive" {
			q.Thinking = nil // what is kept of prompt and tools does not depend on it
		}
		if last := q.Messages[len(q.Messages)-1].Content; len(q.System) > 0 {
			last[len(last)-1].Cache = nil // these are nobody's words: to keep them would cost more
		}
		resp, err := m.send(ctx, q)
		var v *parley.VendorError
		if err != nil && tries < 5 && errors.As(err, &v) && v.Status == http.StatusBadRequest {
			if least == 0 && strings.Contains(v.Message, "max_tokens") {
				least = 1
				continue
			}
			if field := refused(v.Status, v.Message); field != "" && q.drop(field) {
				learnt.Add(model, field)
				continue
			}
		}
		if err != nil {
			return llm.Preloaded{}, err
		}
		var a struct {
			Usage usage `json:"usage"`
		}
		err = provider.Whole(vendor, resp, &a)
		return llm.Preloaded{Usage: llm.Usage{In: a.Usage.Input + a.Usage.Wrote + a.Usage.Cached, Out: a.Usage.Output}, Cached: a.Usage.Cached}, err
	}
}

// send posts a request.
func (m *Model) send(ctx context.Context, q request) (*http.Response, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, provider.BadOutput(vendor, "the request cannot be written: "+err.Error(), err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.base+"/v1/messages", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = m.header()
	if q.Stream {
		req.Header.Set("Accept", "text/event-stream")
	}
	return m.net.Do(vendor, req)
}
