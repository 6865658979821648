// Package cartesia speaks by Cartesia's websocket (speak.go, line.go), which takes text while it is being made and tells when
// each word is spoken.
// A connection, which serves all replies of a call, has a goroutine that reads it; one more opens the next after it broke. A
// reply has one that sends its pieces. The first two end with Voice.Close, the last with the loop over the reply.
package cartesia

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	vendor       = "cartesia"
	defaultBase  = "https://api.cartesia.ai"
	defaultModel = "sonic-3"
	defaultVoice = "6ccbfb76-1fc6-48f7-b71d-91ac6298247b" // of Cartesia's own examples: for agents that name nobody

	// The API's version is a date, and what it takes depends on it: speed and emotion of the models before sonic-3 are known
	// to the earlier one alone.
	version        = "2026-03-01"
	versionEarlier = "2024-11-13"
)

// Spec is Cartesia. CARTESIA_BASE_URL is the origin alone.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           vendor,
		Title:          "Cartesia",
		Env:            "CARTESIA",
		ConnectionType: "account_connection_cartesia",
		KeyField:       "api_key",
		BaseURL:        defaultBase,
		Checks:         []provider.Check{{Skills: []provider.Skill{provider.Speaks}, Ask: check}},
		Speaking: &provider.Speaking{Options: new(VoiceOptions), Voices: voices, Open: func(a provider.Access, options json.RawMessage) (tts.Synthesizer, error) {
			return NewVoice(a, options)
		}},
	}
}

// VoiceOptions are the fields of voice_cartesia.
type VoiceOptions struct {
	VoiceID string   `json:"voice_id" required:"true" doc:"Id of the voice"`
	ModelID string   `json:"model_id,omitempty" doc:"Model: sonic-3 (default), sonic-3.5, sonic-2, …"`
	Speed   any      `json:"speed,omitempty" kinds:"number,string" min:"-1" max:"1.5" expected:"slowest, slow, normal, fast, fastest, or a number between 0.6 and 1.5 (before sonic-3 between -1 and 1)" doc:"slowest, slow, normal, fast, fastest; or a number: 0.6 to 1.5, before sonic-3 -1 to 1"`
	Emotion []string `json:"emotion,omitempty" doc:"Emotions, such as happy or positivity:high; sonic-3 takes the first"`
}

// utterance is a message to Cartesia: text of a context, or the flush or the end of it
// (https://docs.cartesia.ai/api-reference/tts/websocket). All but the text must stay the same within a context.
type utterance struct {
	Context    string      `json:"context_id"`
	Model      string      `json:"model_id"`
	Transcript string      `json:"transcript"`
	Voice      voiceOf     `json:"voice"`
	Language   string      `json:"language,omitempty"`
	Output     output      `json:"output_format"`
	Config     *generation `json:"generation_config,omitempty"`
	Continue   bool        `json:"continue"`
	Flush      bool        `json:"flush,omitempty"`
	Delay      int         `json:"max_buffer_delay_ms"` // 0: what is sent is a speakable piece
	Times      bool        `json:"add_timestamps"`
	Original   *bool       `json:"use_original_timestamps,omitempty"`   // earlier version
	Normalized *bool       `json:"use_normalized_timestamps,omitempty"` // version
}

type voiceOf struct {
	Mode     string    `json:"mode"`
	ID       string    `json:"id"`
	Controls *controls `json:"__experimental_controls,omitempty"`
}

type output struct {
	Container string `json:"container"`
	Encoding  string `json:"encoding"`
	Rate      int    `json:"sample_rate"`
}

// generation is how the models since sonic-3 are told of speed and emotion.
type generation struct {
	Speed   float64 `json:"speed,omitempty"`
	Emotion string  `json:"emotion,omitempty"`
}

// controls is how the models before sonic-3 are told of them.
type controls struct {
	Speed   any      `json:"speed,omitempty"`
	Emotion []string `json:"emotion,omitempty"`
}

// earlier reports whether a model is from before sonic-3.
func earlier(model string) bool {
	switch model {
	case "sonic", "sonic-english", "sonic-multilingual", "sonic-preview", "sonic-lite":
		return true
	}
	return strings.HasPrefix(model, "sonic-2") || strings.HasPrefix(model, "sonic-turbo")
}

// factors are what the words for speed are as a number.
var factors = map[string]float64{"slowest": 0.6, "slow": 0.8, "normal": 1, "fast": 1.2, "fastest": 1.5}

// feelings are the names that sonic-3 has for the emotions of the models before.
var feelings = map[string]string{"anger": "angry", "positivity": "happy", "surprise": "surprised", "sadness": "sad", "curiosity": "curious"}

// pace reads a speed: a word, or a number.
func pace(speed any) (word string, number float64, err error) {
	switch s := speed.(type) {
	case nil:
		return "", 0, nil
	case float64:
		return "", s, nil
	case string:
		s = strings.ToLower(strings.TrimSpace(s))
		if _, ok := factors[s]; ok || s == "" {
			return s, 0, nil
		}
		if n, err := strconv.ParseFloat(s, 64); err == nil {
			return "", n, nil
		}
	}
	return "", 0, parley.Invalid("voice.speed", "voice.speed must be slowest, slow, normal, fast, fastest or a number")
}

// template is what all messages of the voice have in common.
func (o *VoiceOptions) template() (utterance, error) {
	u := utterance{Model: o.ModelID, Voice: voiceOf{Mode: "id", ID: o.VoiceID}, Times: true,
		Output: output{Container: "raw", Encoding: "pcm_s16le", Rate: audio.Rate}}
	word, number, err := pace(o.Speed)
	if err != nil {
		return u, err
	}
	if earlier(o.ModelID) {
		u.Original = new(bool)
		*u.Original = true
		c := controls{Emotion: o.Emotion}
		switch {
		case word != "":
			c.Speed = word
		case o.Speed != nil && o.Speed != "":
			c.Speed = min(max(number, -1), 1)
		}
		if c.Speed != nil || len(c.Emotion) > 0 {
			u.Voice.Controls = &c
		}
		return u, nil
	}
	u.Normalized = new(bool)
	var g generation
	switch {
	case word != "":
		g.Speed = factors[word]
	case o.Speed != nil && o.Speed != "":
		g.Speed = min(max(number, factors["slowest"]), factors["fastest"])
	}
	if len(o.Emotion) > 0 {
		name, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(o.Emotion[0])), ":")
		g.Emotion = cmp.Or(feelings[name], name)
	}
	if g != (generation{}) {
		u.Config = &g
	}
	return u, nil
}

// NewVoice opens a voice from a voice_cartesia object. It connects on Warm, or when it first speaks.
func NewVoice(a provider.Access, options json.RawMessage) (*Voice, error) {
	base := strings.TrimRight(cmp.Or(a.BaseURL, defaultBase), "/")
	if a.Key == "" && base == defaultBase {
		return nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "no key: set CARTESIA_API_KEY or add an account_connection_cartesia"}
	}
	var o VoiceOptions
	if len(options) > 0 && string(options) != "null" {
		if err := json.Unmarshal(options, &o); err != nil {
			return nil, parley.Invalid("voice", "voice does not have the fields of Cartesia's: "+err.Error())
		}
	}
	o.VoiceID, o.ModelID = cmp.Or(o.VoiceID, defaultVoice), cmp.Or(o.ModelID, defaultModel)
	template, err := o.template()
	if err != nil {
		return nil, err
	}
	v := &Voice{template: template, net: a.Net}
	if v.address, err = provider.SocketURL(base, "/tts/websocket", nil); err != nil {
		return nil, parley.Invalid("base_url", err.Error())
	}
	v.header = http.Header{"Cartesia-Version": {version}, "Authorization": {"Bearer " + a.Key}}
	if earlier(o.ModelID) {
		v.header = http.Header{"Cartesia-Version": {versionEarlier}, "X-Api-Key": {a.Key}}
	}
	v.spare = provider.NewSpare(v.open)
	return v, nil
}
