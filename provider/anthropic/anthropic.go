// Package anthropic thinks by Anthropic's Messages API (https://platform.claude.com/docs/en/api/messages). An answer is read in the
// goroutine of the loop over it; only a timer is added to it.
package anthropic

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

const (
	vendor       = "anthropic"
	defaultBase  = "https://api.anthropic.com"
	defaultModel = "claude-haiku-5-5" // the one that answers soonest
	version      = "2023-06-01"       // of the API, in each request's header
)

// Spec is Anthropic. ANTHROPIC_BASE_URL is the origin alone.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           vendor,
		Title:          "Anthropic",
		Env:            "ANTHROPIC",
		ConnectionType: "account_connection_anthropic",
		KeyField:       "api_key",
		BaseURL:        defaultBase,
		Checks:         []provider.Check{{Skills: []provider.Skill{provider.Thinks}, Ask: check}},
		Thinking: &provider.Thinking{Default: defaultModel, Open: func(a provider.Access, model string, _ json.RawMessage) (llm.Model, error) {
			return NewModel(a, model)
		}},
	}
}

// A Model thinks by POST /v1/messages.
type Model struct {
	base, key string
	net       *provider.Net
	kind      kind
	memory    memory
	noticed   atomic.Bool // what is left out has been told: once a call is enough
}

// NewModel opens a model; without a name it is the fastest one.
func NewModel(a provider.Access, name string) (*Model, error) {
	base := strings.TrimSuffix(strings.TrimRight(a.BaseURL, "/"), "/v1")
	if base == "" {
		base = defaultBase
	}
	if a.Key == "" && base == defaultBase {
		return nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "no key: set ANTHROPIC_API_KEY or add an account_connection_anthropic"}
	}
	if name == "" {
		name = defaultModel
	}
	return &Model{base: base, key: a.Key, net: a.Net, kind: kindOf(name)}, nil
}

// Warm opens a connection for the first request to find.
func (m *Model) Warm(ctx context.Context) error {
	return m.net.Touch(ctx, vendor, m.base+"/v1/models", m.header())
}

// header is a new one at each call.
func (m *Model) header() http.Header {
	h := http.Header{"Content-Type": {"application/json"}, "Anthropic-Version": {version}}
	if m.key != "" {
		h.Set("X-Api-Key", m.key)
	}
	return h
}
