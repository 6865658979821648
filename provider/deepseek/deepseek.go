// Package deepseek thinks by DeepSeek (https://api-docs.deepseek.com), which speaks OpenAI's chat completions. It starts no goroutine
// of its own.
package deepseek

import (
	"encoding/json"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/openai"
)

const (
	defaultBase  = "https://api.deepseek.com"
	defaultModel = "deepseek-flash"
)

var flavour = openai.Flavour{Vendor: "deepseek", Base: defaultBase, Model: defaultModel, Lacks: []string{"verbosity", "seed"}, Thoughts: true}

// Spec is DeepSeek. DEEPSEEK_BASE_URL is the origin alone.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           "deepseek",
		Title:          "DeepSeek",
		Env:            "DEEPSEEK",
		ConnectionType: "account_connection_deepseek",
		KeyField:       "api_key",
		BaseURL:        defaultBase,
		Checks:         flavour.Checks(),
		Thinking: &provider.Thinking{Default: defaultModel, Open: func(a provider.Access, model string, _ json.RawMessage) (llm.Model, error) {
			return flavour.Open(a, model)
		}},
	}
}
