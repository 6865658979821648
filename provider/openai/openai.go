// Package openai thinks, speaks and hears by OpenAI, and by any server that speaks its HTTP API: Ollama, vLLM, llama.cpp,
// LM Studio, Groq, speaches and the like. One file per skill: chat.go, speech.go, and for hearing realtime.go and transcriptions.go,
// between which hears.go chooses. A reply that is spoken has one goroutine for its pieces and one per request under way, a stream that
// hears has one that sends, or one per request under way; all end with the loop over the stream.
package openai

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

const (
	defaultBase  = "https://api.openai.com/v1"
	defaultModel = "gpt-4o-mini"
)

// Spec is OpenAI itself. OPENAI_BASE_URL includes /v1; pointing it elsewhere gives all three skills of a compatible server.
func Spec() provider.Spec {
	s := Compatible()
	s.Name, s.Title, s.Env = "openai", "OpenAI", "OPENAI"
	s.ConnectionType, s.KeyField = "account_connection_openai", "openai_api_key"
	s.BaseURL = defaultBase
	s.Thinking = thinking("openai", defaultModel)
	s.Hearing = hearingBy("openai")
	s.Checks = checks("openai", provider.Hears, provider.Thinks, provider.Speaks)
	s.Speaking = &provider.Speaking{Options: new(VoiceOptions), Voices: voices, Open: func(a provider.Access, options json.RawMessage) (tts.Synthesizer, error) {
		return NewVoice(a, options)
	}}
	return s
}

// Compatible is any server that speaks OpenAI's chat completions, or transcribes as it does; it has no default address; when no model is named, one of
// the server's list is taken.
func Compatible() provider.Spec {
	return provider.Spec{
		Name:           "openai_compatible",
		Title:          "OpenAI-compatible server",
		Env:            "OPENAI_COMPATIBLE",
		ConnectionType: "account_connection_openai_compatible",
		KeyField:       "api_key",
		Presets:        presets,
		Checks:         checks("openai_compatible", provider.Hears, provider.Thinks),
		Hearing:        hearingBy("openai_compatible"),
		Thinking:       thinking("openai_compatible", ""),
	}
}

var presets = map[string]string{
	"groq":       "https://api.groq.com/openai/v1",
	"openrouter": "https://openrouter.ai/api/v1",
	"ollama":     "http://127.0.0.1:11434/v1",
	"vllm":       "http://127.0.0.1:8000/v1",
	"llamacpp":   "http://127.0.0.1:8080/v1",
}

func hearingBy(vendor string) *provider.Hearing {
	return &provider.Hearing{Options: new(TranscriberOptions), Open: func(a provider.Access, options json.RawMessage) (stt.Transcriber, error) {
		return openEar(vendor, a, options)
	}}
}

func thinking(vendor, model string) *provider.Thinking {
	return &provider.Thinking{Default: model, Options: new(ThinkingOptions), Open: func(a provider.Access, name string, options json.RawMessage) (llm.Model, error) {
		var o ThinkingOptions
		if err := parse("provider", options, &o); err != nil {
			return nil, err
		}
		if base := strings.TrimRight(a.BaseURL, "/"); name == "" && (base == "" || base == defaultBase) {
			name = model // elsewhere the server's list is asked
		}
		m, err := NewModel(vendor, a, name)
		if err != nil {
			return nil, err
		}
		m.responses = o.API == "responses"
		return m, nil
	}}
}

// endpoint is where and how a skill reaches the server.
type endpoint struct {
	vendor, base, key string
	net               *provider.Net
}

func newEndpoint(vendor string, a provider.Access) (endpoint, error) {
	base := strings.TrimRight(a.BaseURL, "/")
	if base == "" && vendor == "openai" {
		base = defaultBase
	}
	if base == "" {
		return endpoint{}, parley.Invalid("base_url", "base_url of the "+vendor+" connection is missing: it is the server's address, including /v1")
	}
	if a.Key == "" && base == defaultBase {
		return endpoint{}, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "no key: set OPENAI_API_KEY or add an account_connection_openai"}
	}
	return endpoint{vendor: vendor, base: base, key: a.Key, net: a.Net}, nil
}

// header is a new one at each call. A server on one's own machine may want no key.
func (e endpoint) header() http.Header {
	h := http.Header{"Content-Type": {"application/json"}}
	if e.key != "" {
		h.Set("Authorization", "Bearer "+e.key)
	}
	return h
}

// parse reads a contract object into the options of a skill.
func parse(field string, raw json.RawMessage, into any) error {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return parley.Invalid(field, field+" does not have the fields of OpenAI's: "+err.Error())
	}
	return nil
}
