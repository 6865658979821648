// Package gladia hears by Gladia's live API: a request opens a session, whose websocket takes the sound (listen.go) and tells words (words.go).
// A stream has one goroutine that sends; it ends with the loop over the stream.
package gladia

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	vendor       = "gladia"
	defaultBase  = "https://api.gladia.io"
	defaultModel = "solaria-1"
	endpointing  = 0.25 // s; Gladia's own is 0.05, which cuts sentences at each breath
	maxTerms     = 100  // words of a vocabulary, and bytes of all: Gladia names no limit, and takes longer for more
	maxTermBytes = 4096
)

// Spec is Gladia. GLADIA_BASE_URL is the origin alone.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           vendor,
		Title:          "Gladia",
		Env:            "GLADIA",
		ConnectionType: "account_connection_gladia",
		KeyField:       "api_key",
		BaseURL:        defaultBase,
		Checks:         []provider.Check{{Skills: []provider.Skill{provider.Hears}, Ask: check}},
		Hearing: &provider.Hearing{Options: new(TranscriberOptions), Open: func(a provider.Access, options json.RawMessage) (stt.Transcriber, error) {
			return NewTranscriber(a, options)
		}},
	}
}

// TranscriberOptions are the fields of transcriber_gladia.
type TranscriberOptions struct {
	Model           string   `json:"model,omitempty" doc:"solaria-1 (default)"`
	Language        string   `json:"language,omitempty" doc:"Language that is spoken, when it is not the agent's; multi: Gladia finds it out"`
	CodeSwitching   bool     `json:"code_switching,omitempty" doc:"With language multi: find the language out for each utterance, not by the first alone; default false"`
	Region          string   `json:"region,omitempty" enum:"eu-west,us-west" doc:"Where the sound is heard; Gladia's own default"`
	Endpointing     *float64 `json:"endpointing,omitempty" min:"0.01" max:"10" doc:"Silence that ends an utterance, s; default 0.25"`
	MaxUtterance    *float64 `json:"maximum_duration_without_endpointing,omitempty" min:"5" max:"60" doc:"Length at which an utterance ends without a silence, s, 5 to 60; Gladia's own default"`
	SpeechThreshold *float64 `json:"speech_threshold,omitempty" min:"0" max:"1" doc:"How sure it must be that a sound is speech, 0–1; higher for noisy lines"`
	AudioEnhancer   bool     `json:"audio_enhancer,omitempty" doc:"Clean the sound before it is heard; default false"`
}

// A Transcriber hears by POST /v2/live and the websocket that it names (https://docs.gladia.io/api-reference/v2/live/init).
type Transcriber struct {
	base    string
	header  http.Header
	net     *provider.Net
	options TranscriberOptions
}

// NewTranscriber opens a transcriber from a transcriber_gladia object.
func NewTranscriber(a provider.Access, options json.RawMessage) (*Transcriber, error) {
	t := &Transcriber{net: a.Net, base: strings.TrimRight(cmp.Or(a.BaseURL, defaultBase), "/"), header: http.Header{"Content-Type": {"application/json"}}}
	switch {
	case a.Key != "":
		t.header.Set("X-Gladia-Key", a.Key)
	case t.base == defaultBase:
		return nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "no key: set GLADIA_API_KEY or add an account_connection_gladia"}
	}
	if len(options) > 0 && string(options) != "null" {
		if err := json.Unmarshal(options, &t.options); err != nil {
			return nil, parley.Invalid("transcriber", "transcriber does not have the fields of Gladia's: "+err.Error())
		}
	}
	return t, t.options.check()
}

func (o *TranscriberOptions) check() error {
	for _, c := range []struct {
		name     string
		x        *float64
		min, max float64
		words    string
	}{
		{"endpointing", o.Endpointing, 0.01, 10, "endpointing is 0.01 to 10 seconds"},
		{"maximum_duration_without_endpointing", o.MaxUtterance, 5, 60, "maximum_duration_without_endpointing is 5 to 60 seconds"},
		{"speech_threshold", o.SpeechThreshold, 0, 1, "speech_threshold is 0 to 1"},
	} {
		if c.x != nil && !(*c.x >= c.min && *c.x <= c.max) {
			return parley.Invalid("transcriber."+c.name, c.words)
		}
	}
	if o.Region != "" && o.Region != "eu-west" && o.Region != "us-west" {
		return parley.Invalid("transcriber.region", "region is eu-west or us-west")
	}
	if o.Language != "" && o.Language != "multi" && code(o.Language) == "" {
		return parley.Invalid("transcriber.language", "language is a code such as en or pt-BR, or multi")
	}
	return nil
}

// code is a language as Gladia names it: without its country.
func code(language string) string {
	two, _, _ := strings.Cut(strings.ReplaceAll(strings.ToLower(language), "_", "-"), "-")
	if len(two) < 2 || len(two) > 3 {
		return ""
	}
	for _, r := range two {
		if r < 'a' || r > 'z' {
			return ""
		}
	}
	return two
}

// session is what POST /v2/live is asked for.
type session struct {
	Encoding     string    `json:"encoding"`
	BitDepth     int       `json:"bit_depth"`
	SampleRate   int       `json:"sample_rate"`
	Channels     int       `json:"channels"`
	Model        string    `json:"model"`
	Endpointing  float64   `json:"endpointing"`
	MaxUtterance *float64  `json:"maximum_duration_without_endpointing,omitempty"`
	Language     languages `json:"language_config"`
	Before       *before   `json:"pre_processing,omitempty"`
	During       *during   `json:"realtime_processing,omitempty"`
	Messages     messages  `json:"messages_config"`
}

type languages struct {
	Languages     []string `json:"languages"` // none: found out
	CodeSwitching bool     `json:"code_switching"`
}

type before struct {
	AudioEnhancer   bool     `json:"audio_enhancer,omitempty"`
	SpeechThreshold *float64 `json:"speech_threshold,omitempty"`
}

type during struct {
	Vocabulary bool       `json:"custom_vocabulary"`
	Config     vocabulary `json:"custom_vocabulary_config"`
}

type vocabulary struct {
	Words []string `json:"vocabulary"`
}

type messages struct {
	Partial   bool `json:"receive_partial_transcripts"`
	Final     bool `json:"receive_final_transcripts"`
	Speech    bool `json:"receive_speech_events"`
	Before    bool `json:"receive_pre_processing_events"`
	During    bool `json:"receive_realtime_processing_events"`
	After     bool `json:"receive_post_processing_events"`
	Acks      bool `json:"receive_acknowledgments"`
	Errors    bool `json:"receive_errors"`
	Lifecycle bool `json:"receive_lifecycle_events"`
}

// request asks for our frames as they are; of what Gladia can tell, for what words come from.
func (t *Transcriber) request(o stt.Options) session {
	s := session{Encoding: "wav/pcm", BitDepth: 16, SampleRate: audio.Rate, Channels: 1, Model: cmp.Or(t.options.Model, defaultModel), Endpointing: endpointing,
		MaxUtterance: t.options.MaxUtterance, Language: languages{Languages: []string{}},
		Messages: messages{Partial: true, Final: true, Speech: true, Errors: true, Lifecycle: true}}
	if t.options.Endpointing != nil {
		s.Endpointing = *t.options.Endpointing
	}
	if two := code(cmp.Or(t.options.Language, o.Language)); two != "" && t.options.Language != "multi" {
		s.Language.Languages = append(s.Language.Languages, two)
	} else {
		s.Language.CodeSwitching = t.options.CodeSwitching
	}
	if t.options.AudioEnhancer || t.options.SpeechThreshold != nil {
		s.Before = &before{t.options.AudioEnhancer, t.options.SpeechThreshold}
	}
	if words := terms(o.Keywords); len(words) > 0 {
		s.During = &during{Vocabulary: true, Config: vocabulary{words}}
	}
	return s
}

func (t *Transcriber) query() url.Values {
	if t.options.Region == "" {
		return nil
	}
	return url.Values{"region": {t.options.Region}}
}

// terms are the words to expect, the highest boosts first, as far as there is room. Their boosts are of another kind than Gladia's intensity.
func terms(keywords map[string]float64) (words []string) {
	size := 0
	for _, w := range stt.Likeliest(keywords) {
		if w = strings.TrimSpace(w); w == "" {
			continue
		}
		if size += len(w); size > maxTermBytes || len(words) == maxTerms {
			break
		}
		words = append(words, w)
	}
	return words
}
