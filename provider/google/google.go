// Package google thinks by Gemini's generateContent (chat.go, request.go, thinking.go), speaks by Cloud Text-to-Speech (speech.go) and hears
// by Speech-to-Text (listen.go, line.go, results.go, tape.go), the first two over HTTP, the last over gRPC, with an API key.
// A stream that hears has one goroutine that keeps the sound, and the transport's that sends it; both end with the loop over it.
package google

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

const (
	vendor       = "google"
	thinkingBase = "https://generativelanguage.googleapis.com"
	speakingBase = "https://texttospeech.googleapis.com"
	defaultModel = "gemini-3.5-flash-lite" // the soonest to answer
)

// Spec is Google. GOOGLE_BASE_URL is one origin for all skills. The key has to be allowed to use the Gemini API, Cloud Text-to-Speech and
// Cloud Speech-to-Text; each may have one of its own by an account connection.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           vendor,
		Title:          "Google",
		Env:            "GOOGLE",
		ConnectionType: "account_connection_google",
		KeyField:       "api_key",
		BaseURL:        thinkingBase,
		Checks:         checks,
		Hearing: &provider.Hearing{Options: new(TranscriberOptions), Open: func(a provider.Access, options json.RawMessage) (stt.Transcriber, error) {
			return NewTranscriber(a, options)
		}},
		Thinking: &provider.Thinking{Default: defaultModel, Open: func(a provider.Access, model string, _ json.RawMessage) (llm.Model, error) {
			return NewModel(a, model)
		}},
		Speaking: &provider.Speaking{Options: new(VoiceOptions), Voices: voices, Open: func(a provider.Access, options json.RawMessage) (tts.Synthesizer, error) {
			return NewVoice(a, options)
		}},
	}
}

// endpoint is where and how a skill reaches Google.
type endpoint struct {
	base   string
	header http.Header
	net    *provider.Net
}

// newEndpoint takes the skill's own origin unless another address is given.
func newEndpoint(a provider.Access, own string) (endpoint, error) {
	base := strings.TrimRight(a.BaseURL, "/")
	if base == "" || base == thinkingBase {
		base = own
	}
	if a.Key == "" && base == own {
		return endpoint{}, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "no key: set GOOGLE_API_KEY or add an account_connection_google"}
	}
	return endpoint{base: base, header: http.Header{"X-Goog-Api-Key": {a.Key}, "Content-Type": {"application/json"}}, net: a.Net}, nil
}

// do sends a request. Google answers a wrong key with a 400.
func (e *endpoint) do(req *http.Request) (*http.Response, error) {
	req.Header = e.header.Clone()
	resp, err := e.net.Do(vendor, req)
	return resp, keyless(err)
}

// keyless makes a refused key of what Google says of a wrong one, which is an invalid argument to it.
func keyless(err error) error {
	var v *parley.VendorError
	if errors.As(err, &v) && v.Status == http.StatusBadRequest && strings.Contains(strings.ToLower(v.Message), "api key") {
		return provider.StatusError(vendor, http.StatusUnauthorized, nil)
	}
	return err
}
