// Package elevenlabs speaks by ElevenLabs: over a websocket that takes text while it is being made (speak.go, line.go), or with
// an HTTP request per piece (pieces.go). Both tell when each character is spoken (chars.go).
// A connection has a goroutine that reads it and one that keeps it alive; between two replies of a call one more opens the next
// connection. A reply has one that sends its pieces and, over HTTP, one per request under way. The first three end with
// Voice.Close, the others with the loop over the reply.
package elevenlabs

import (
	"cmp"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	vendor       = "elevenlabs"
	defaultBase  = "https://api.elevenlabs.io"
	defaultModel = "eleven_flash_v2_5"    // the soonest to speak, and it speaks all languages of the contract
	defaultVoice = "JBFqnCBsd6RMkjVDRZzb" // George, who every account has: for agents that name nobody
	format       = "pcm_16000"
)

// Spec is ElevenLabs. ELEVENLABS_BASE_URL is the origin alone.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           vendor,
		Title:          "ElevenLabs",
		Env:            "ELEVENLABS",
		ConnectionType: "account_connection_elevenlabs",
		KeyField:       "api_key",
		BaseURL:        defaultBase,
		Checks:         []provider.Check{{Skills: []provider.Skill{provider.Speaks}, Ask: check}},
		Speaking: &provider.Speaking{Type: "voice_eleven_labs", Options: new(VoiceOptions), Voices: voices, Open: func(a provider.Access, options json.RawMessage) (tts.Synthesizer, error) {
			return NewVoice(a, options)
		}},
	}
}

// VoiceOptions are the fields of voice_eleven_labs.
type VoiceOptions struct {
	VoiceID                    string   `json:"voice_id" required:"true" doc:"Id of the voice"`
	Stability                  *float64 `json:"stability,omitempty" min:"0" max:"1" doc:"How even the voice stays, 0–1; the voice's own when absent"`
	SimilarityBoost            *float64 `json:"similarity_boost,omitempty" min:"0" max:"1" doc:"How close it keeps to the original, 0–1; the voice's own when absent"`
	APIKey                     string   `json:"api_key,omitempty" doc:"Key for this voice alone; else the account connection's"`
	OptimizeStreamingLatency   int      `json:"optimize_streaming_latency,omitempty" min:"0" max:"4" doc:"0 (best sound) to 4 (soonest)"`
	ModelID                    string   `json:"model_id,omitempty" doc:"Model: eleven_flash_v2_5 (default), eleven_turbo_v2_5, eleven_multilingual_v2, eleven_v3, …"`
	ExperimentalInputStreaming *bool    `json:"experimental_input_streaming,omitempty" doc:"Over one websocket, text while it is being made (default); false: an HTTP request per sentence"`
}

// settings are what voices are told of themselves; nil leaves them as they are.
type settings struct {
	Stability       *float64 `json:"stability,omitempty"`
	SimilarityBoost *float64 `json:"similarity_boost,omitempty"`
}

func (o *VoiceOptions) settings() *settings {
	if o.Stability == nil && o.SimilarityBoost == nil {
		return nil
	}
	return &settings{Stability: o.Stability, SimilarityBoost: o.SimilarityBoost}
}

// sockets reports whether text goes over a websocket. The v3 models have none
// (https://elevenlabs.io/docs/eleven-api/guides/how-to/websockets/realtime-tts).
func (o *VoiceOptions) sockets() bool {
	return (o.ExperimentalInputStreaming == nil || *o.ExperimentalInputStreaming) && !o.v3()
}

func (o *VoiceOptions) v3() bool { return strings.HasPrefix(o.ModelID, "eleven_v3") }

// language is the language_code to ask for: the models that take one know it by two letters, all others refuse it.
func (o *VoiceOptions) language(code string) string {
	code, _, _ = strings.Cut(strings.ReplaceAll(code, "_", "-"), "-")
	if len(code) != 2 || !strings.HasSuffix(o.ModelID, "_v2_5") {
		return ""
	}
	return strings.ToLower(code)
}

var id = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// NewVoice opens a voice from a voice_eleven_labs object: over websockets unless it says otherwise. Per piece HTTP can be as fast,
// but a websocket keeps the melody from one piece to the next, and its handshake is over before anybody speaks.
func NewVoice(a provider.Access, options json.RawMessage) (*Voice, error) {
	v := &Voice{net: a.Net, base: strings.TrimRight(cmp.Or(a.BaseURL, defaultBase), "/"), language: a.Language}
	if len(options) > 0 && string(options) != "null" {
		if err := json.Unmarshal(options, &v.options); err != nil {
			return nil, parley.Invalid("voice", "voice does not have the fields of ElevenLabs's: "+err.Error())
		}
	}
	o := &v.options
	o.VoiceID, o.ModelID = cmp.Or(o.VoiceID, defaultVoice), cmp.Or(o.ModelID, defaultModel)
	if !id.MatchString(o.VoiceID) {
		return nil, parley.Invalid("voice.voice_id", "voice.voice_id is no id of ElevenLabs: letters and digits alone")
	}
	key := cmp.Or(o.APIKey, a.Key)
	if key == "" && v.base == defaultBase {
		return nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "no key: set ELEVENLABS_API_KEY or add an account_connection_elevenlabs"}
	}
	v.header = http.Header{"Xi-Api-Key": {key}}
	if _, err := v.address(""); err != nil {
		return nil, parley.Invalid("base_url", err.Error())
	}
	v.spare = provider.NewSpare(v.open)
	return v, nil
}
