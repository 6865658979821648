// Package togetherai thinks by Together AI (https://docs.together.ai), which speaks OpenAI's chat completions. It starts no goroutine of
// its own.
package togetherai

import (
	"encoding/json"
	"regexp"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/openai"
)

const (
	defaultBase  = "https://api.together.ai"
	defaultModel = "Qwen/Qwen3.5-9B" // small, and can be kept from thinking first
)

// Which models think is documented at https://docs.together.ai/docs/inference/chat/reasoning.
var flavour = openai.Flavour{Vendor: "togetherai", Base: defaultBase, Path: "/v1", Model: defaultModel, Lacks: []string{"verbosity"},
	Hybrids: regexp.MustCompile(`(?i)deepseek-v\d|/glm-[5-9]|kimi-k2\.\d|qwen3\.\d|cogito`),
	Reasons: regexp.MustCompile(`(?i)gpt-oss`),
}

// Spec is Together AI. TOGETHERAI_BASE_URL is the origin alone.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           "togetherai",
		Title:          "Together AI",
		Env:            "TOGETHERAI",
		ConnectionType: "account_connection_togetherai",
		KeyField:       "api_key",
		BaseURL:        defaultBase,
		Checks:         flavour.Checks(),
		Thinking: &provider.Thinking{Default: defaultModel, Open: func(a provider.Access, model string, _ json.RawMessage) (llm.Model, error) {
			return flavour.Open(a, model)
		}},
	}
}
