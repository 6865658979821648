// Package rime speaks by Rime: an HTTP request per piece, whose answer is its sound, as it is made (speak.go).
// A reply has one goroutine for its pieces and one per request under way; all end with the loop over the reply.
package rime

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	vendor         = "rime"
	defaultBase    = "https://users.rime.ai"
	defaultModel   = "coda" // what Rime recommends to begin with
	defaultSpeaker = "astra"
)

// Spec is Rime. RIME_BASE_URL is the origin alone; it may be a server of one's own.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           vendor,
		Title:          "Rime",
		Env:            "RIME",
		ConnectionType: "account_connection_rime",
		KeyField:       "api_key",
		BaseURL:        defaultBase,
		Checks:         []provider.Check{{Skills: []provider.Skill{provider.Speaks}, Ask: check}},
		Speaking: &provider.Speaking{Options: new(VoiceOptions), Voices: voices, Open: func(a provider.Access, options json.RawMessage) (tts.Synthesizer, error) {
			return NewVoice(a, options)
		}},
	}
}

// VoiceOptions are the fields of voice_rime.
type VoiceOptions struct {
	Speaker    string  `json:"speaker" required:"true" doc:"Name of the voice; each speaks by some of the models"`
	SpeedAlpha float64 `json:"speed_alpha,omitempty" doc:"Speed of speech, whatever the model: 1 is normal, below 1 is faster"`
	ModelID    string  `json:"model_id,omitempty" doc:"Model: coda (default), mistv3, mistv2, mist, arcana"`
}

// slower reports whether the model takes speedAlpha the contract's way round: below 1 is faster. For all since, speedAlpha is the
// other way round, and timeScaleFactor is as it was (https://docs.rime.ai/docs/speed).
func (o *VoiceOptions) slower() bool {
	switch o.ModelID {
	case "v1", "mist", "mistv2":
		return true
	}
	return false
}

// language is the lang to ask for: Rime knows all of its own by two letters.
func language(code string) string {
	code, _, _ = strings.Cut(strings.ReplaceAll(code, "_", "-"), "-")
	if len(code) != 2 {
		return ""
	}
	return strings.ToLower(code)
}

// NewVoice opens a voice from a voice_rime object.
func NewVoice(a provider.Access, options json.RawMessage) (*Voice, error) {
	v := &Voice{net: a.Net, base: strings.TrimRight(cmp.Or(a.BaseURL, defaultBase), "/")}
	if len(options) > 0 && string(options) != "null" {
		if err := json.Unmarshal(options, &v.options); err != nil {
			return nil, parley.Invalid("voice", "voice does not have the fields of Rime's: "+err.Error())
		}
	}
	o := &v.options
	o.Speaker, o.ModelID = cmp.Or(o.Speaker, defaultSpeaker), cmp.Or(o.ModelID, defaultModel)
	if o.SpeedAlpha < 0 {
		return nil, parley.Invalid("voice.speed_alpha", "voice.speed_alpha must be more than 0")
	}
	if a.Key == "" && v.base == defaultBase {
		return nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "no key: set RIME_API_KEY or add an account_connection_rime"}
	}
	// Rime calls audio/pcm the old name of its audio/L16, but it is the one that servers of all ages and models know.
	v.header = http.Header{"Content-Type": {"application/json"}, "Accept": {"audio/pcm"}}
	if a.Key != "" {
		v.header.Set("Authorization", "Bearer "+a.Key)
	}
	return v, nil
}
