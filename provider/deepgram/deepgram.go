// Package deepgram hears (listen.go, flux.go) and speaks (speak.go, line.go) by Deepgram's websockets.
// A stream that hears has one goroutine that sends. A voice has one that reads its connection, which stays open between
// the replies of a call, one while a connection is being opened in the background, and per reply one that sends pieces.
// The first ends with its connection, all with Voice.Close.
package deepgram

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

const (
	vendor      = "deepgram"
	defaultBase = "https://api.deepgram.com"
)

// Spec is Deepgram. DEEPGRAM_BASE_URL is the origin alone.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           vendor,
		Title:          "Deepgram",
		Env:            "DEEPGRAM",
		ConnectionType: "account_connection_deepgram",
		KeyField:       "api_key",
		BaseURL:        defaultBase,
		Checks:         []provider.Check{{Skills: []provider.Skill{provider.Hears, provider.Speaks}, Ask: check}},
		Hearing: &provider.Hearing{Options: new(TranscriberOptions), Open: func(a provider.Access, options json.RawMessage) (stt.Transcriber, error) {
			return NewTranscriber(a, options)
		}},
		Speaking: &provider.Speaking{Options: new(VoiceOptions), Voices: voices, Open: func(a provider.Access, options json.RawMessage) (tts.Synthesizer, error) {
			return NewVoice(a, options)
		}},
	}
}

// open checks what both skills need: an address and a key, and options that can be read.
func open(a provider.Access, field string, raw json.RawMessage, into any) (base string, h http.Header, err error) {
	base = strings.TrimRight(a.BaseURL, "/")
	if base == "" {
		base = defaultBase
	}
	if a.Key == "" && base == defaultBase {
		return "", nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "no key: set DEEPGRAM_API_KEY or add an account_connection_deepgram"}
	}
	if len(raw) > 0 && string(raw) != "null" {
		if err := json.Unmarshal(raw, into); err != nil {
			return "", nil, parley.Invalid(field, field+" does not have the fields of Deepgram's: "+err.Error())
		}
	}
	return base, http.Header{"Authorization": {"Token " + a.Key}}, nil
}
