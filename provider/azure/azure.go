// Package azure thinks by Azure OpenAI (think.go); by Azure Speech it hears, over the websocket of its SDKs (listen.go, phrases.go), and
// speaks, an HTTP request per piece (speak.go). The two are resources of their own, with keys of their own. A stream that is heard has one
// goroutine that sends; it ends with the loop over the stream. A reply that is spoken has one goroutine for its pieces and one per request under way;
// all end with the loop over the reply.
package azure

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

const vendor = "azure"

// Spec is Azure. It has no address of its own: each resource has one, AZURE_SPEECH_BASE_URL or AZURE_SPEECH_REGION, and
// AZURE_OPENAI_ENDPOINT.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           vendor,
		Title:          "Azure",
		Env:            "AZURE_SPEECH",
		ConnectionType: "account_connection_azure_speech",
		KeyField:       "api_key",
		Vars:           []string{"endpoint", "region"},
		Checks:         checks,
		Hearing: &provider.Hearing{Options: new(TranscriberOptions), Open: func(a provider.Access, options json.RawMessage) (stt.Transcriber, error) {
			return NewTranscriber(a, options)
		}},
		Thinking: &provider.Thinking{
			Default: defaultModel,
			By:      &provider.By{Env: "AZURE_OPENAI", ConnectionType: "account_connection_azure_llm", Vars: []string{"endpoint", "deployment", "api_version"}},
			Open: func(a provider.Access, model string, _ json.RawMessage) (llm.Model, error) {
				return NewModel(a, model)
			},
		},
		Speaking: &provider.Speaking{Options: new(VoiceOptions), Voices: voices, Open: func(a provider.Access, options json.RawMessage) (tts.Synthesizer, error) {
			return NewVoice(a, options)
		}},
	}
}

// address checks what is given as the address of a resource.
func address(given string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimRight(given, "/"))
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, parley.Invalid("endpoint", "endpoint of the Azure connection is no address of a resource such as https://my-resource.openai.azure.com")
	}
	return u, nil
}

func unauthorized(env, connection string) error {
	return &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "no key: set " + env + "_API_KEY or add an " + connection}
}
