// Package playht speaks by PlayHT's API v2: an HTTP request per piece, whose answer is its sound, as it is made (speak.go, sound.go).
// A reply has one goroutine for its pieces and one per request under way; all end with the loop over the reply.
package playht

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	vendor       = "playht"
	defaultBase  = "https://api.play.ht"
	defaultVoice = "s3://voice-cloning-zero-shot/d9ff78ba-d016-47f6-b0ef-dd630f59414e/female-cs/manifest.json" // the API's own default

	engine1 = "PlayHT1.0"
	engine2 = "PlayHT2.0-turbo"
	engine3 = "Play3.0-mini" // the soonest to speak, and the one of many languages
)

// Spec is PlayHT. PLAYHT_BASE_URL is the origin alone.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           vendor,
		Title:          "PlayHT",
		Env:            "PLAYHT",
		ConnectionType: "account_connection_playht",
		KeyField:       "api_key",
		BaseURL:        defaultBase,
		Checks:         []provider.Check{{Skills: []provider.Skill{provider.Speaks}, Ask: check}},
		Vars:           []string{"user_id"},
		Speaking: &provider.Speaking{Type: "voice_play_ht", Options: new(VoiceOptions), Voices: voices, Open: func(a provider.Access, options json.RawMessage) (tts.Synthesizer, error) {
			return NewVoice(a, options)
		}},
	}
}

// VoiceOptions are the fields of voice_play_ht.
type VoiceOptions struct {
	VoiceID            string   `json:"voice_id" required:"true" doc:"Id or address of the voice"`
	APIUserID          string   `json:"api_user_id,omitempty" doc:"User of the key; else the account connection's user_id"`
	APIKey             string   `json:"api_key,omitempty" doc:"Key for this voice alone; else the account connection's"`
	Version            any      `json:"version,omitempty" kinds:"number,string" expected:"1, 2, 3 or the name of an engine such as PlayDialog" doc:"1, 2 or 3 (default), for PlayHT1.0, PlayHT2.0-turbo and Play3.0-mini, or the name of an engine"`
	Speed              float64  `json:"speed,omitempty" min:"0.1" max:"5" doc:"Speed of speech; 1 is normal"`
	Quality            string   `json:"quality,omitempty" enum:"faster,draft,low,medium,high,premium" doc:"Quality"`
	Temperature        *float64 `json:"temperature,omitempty" min:"0" max:"2" doc:"How much the voice varies"`
	TopP               float64  `json:"top_p,omitempty" doc:"Not used: the API has none"`
	TextGuidance       float64  `json:"text_guidance,omitempty" min:"1" max:"2" doc:"How strictly it keeps to the text"`
	VoiceGuidance      float64  `json:"voice_guidance,omitempty" min:"1" max:"6" doc:"How strictly it keeps to the voice"`
	ExperimentalRemove bool     `json:"experimental_remove_silence,omitempty" doc:"Cut silence at the ends of each piece"`
}

// engine is the voice_engine to ask for.
func (o *VoiceOptions) engine() (string, error) {
	switch v := o.Version.(type) {
	case nil:
		return engine3, nil
	case float64, string:
		name := strings.TrimSpace(fmt.Sprint(v))
		switch name {
		case "1":
			return engine1, nil
		case "2":
			return engine2, nil
		case "", "3":
			return engine3, nil
		}
		if strings.HasPrefix(name, "Play") {
			return name, nil
		}
	}
	return "", parley.Invalid("voice.version", "voice.version must be 1, 2, 3 or the name of an engine such as PlayDialog")
}

// NewVoice opens a voice from a voice_play_ht object.
func NewVoice(a provider.Access, options json.RawMessage) (*Voice, error) {
	v := &Voice{net: a.Net, base: strings.TrimRight(cmp.Or(a.BaseURL, defaultBase), "/")}
	if len(options) > 0 && string(options) != "null" {
		if err := json.Unmarshal(options, &v.options); err != nil {
			return nil, parley.Invalid("voice", "voice does not have the fields of PlayHT's: "+err.Error())
		}
	}
	o := &v.options
	o.VoiceID = cmp.Or(o.VoiceID, defaultVoice)
	if o.Quality == "faster" {
		o.Quality = "draft" // the one that the API has
	}
	var err error
	if v.engine, err = o.engine(); err != nil {
		return nil, err
	}
	key, user := cmp.Or(o.APIKey, a.Key), cmp.Or(o.APIUserID, a.Extra["user_id"], a.Extra["api_user_id"])
	if v.base == defaultBase && (key == "" || user == "") {
		return nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized,
			Message: "no key or no user: set PLAYHT_API_KEY and PLAYHT_USER_ID, or add an account_connection_playht with api_key and user_id"}
	}
	v.header = http.Header{"Authorization": {key}, "X-User-Id": {user}, "Content-Type": {"application/json"},
		"Accept": {"audio/basic"}} // as PlayHT's own client says for all but MP3; application/json would give an address
	return v, nil
}
