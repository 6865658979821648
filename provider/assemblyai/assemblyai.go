// Package assemblyai hears by AssemblyAI's streaming websocket (listen.go, turns.go), at the pace that it takes (pace.go).
// A stream has one goroutine that sends; it ends with the loop over the stream.
package assemblyai

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

const (
	vendor      = "assemblyai"
	defaultBase = "https://streaming.assemblyai.com"
	maxTerms    = 100 // keyterms of a stream, and runes of one (https://www.assemblyai.com/docs/streaming/keyterms-prompting)
	maxTerm     = 50
)

// Spec is AssemblyAI. ASSEMBLYAI_BASE_URL is the origin alone: https://streaming.eu.assemblyai.com keeps the sound in Europe.
func Spec() provider.Spec {
	return provider.Spec{
		Name:           vendor,
		Title:          "AssemblyAI",
		Env:            "ASSEMBLYAI",
		ConnectionType: "account_connection_assemblyai",
		KeyField:       "api_key",
		BaseURL:        defaultBase,
		Checks:         []provider.Check{{Skills: []provider.Skill{provider.Hears}, Ask: check}},
		Hearing: &provider.Hearing{Options: new(TranscriberOptions), Open: func(a provider.Access, options json.RawMessage) (stt.Transcriber, error) {
			return NewTranscriber(a, options)
		}},
	}
}

// TranscriberOptions are the fields of transcriber_assemblyai.
type TranscriberOptions struct {
	Model           string   `json:"model,omitempty" doc:"universal-streaming-english, universal-streaming-multilingual, whisper-rt, universal-3-5-pro, …; by the language when left out"`
	Language        string   `json:"language,omitempty" doc:"Language that is spoken, when it is not the agent's"`
	FormatTurns     bool     `json:"format_turns,omitempty" doc:"Punctuation, capitals and figures, for which the end of each turn waits; default false. The universal-3 models always have them"`
	EndConfidence   *float64 `json:"end_of_turn_confidence_threshold,omitempty" min:"0" max:"1" doc:"How sure the model must be that the turn is over, 0–1; AssemblyAI's own default"`
	MinTurnSilence  *int     `json:"min_turn_silence,omitempty" min:"0" doc:"Silence that ends a turn when the model is sure, ms; AssemblyAI's own default"`
	MaxTurnSilence  *int     `json:"max_turn_silence,omitempty" min:"0" doc:"Silence that ends a turn whatever the model thinks, ms; AssemblyAI's own default"`
	VADThreshold    *float64 `json:"vad_threshold,omitempty" min:"0" max:"1" doc:"How sure it must be that a sound is speech, 0–1; higher for noisy lines"`
	FilterProfanity bool     `json:"filter_profanity,omitempty" doc:"default false"`
	Encoding        string   `json:"encoding,omitempty" enum:"pcm_s16le,pcm_mulaw" doc:"pcm_s16le (default, 16 kHz); pcm_mulaw (8 kHz) takes a third of the bandwidth"`
}

func (o *TranscriberOptions) coding() *provider.Coding {
	return provider.NewCoding(o.Encoding == "pcm_mulaw")
}

// A Transcriber hears by wss /v3/ws (https://www.assemblyai.com/docs/api-reference/streaming-api/universal-streaming).
type Transcriber struct {
	base    string
	header  http.Header
	net     *provider.Net
	options TranscriberOptions
}

// NewTranscriber opens a transcriber from a transcriber_assemblyai object.
func NewTranscriber(a provider.Access, options json.RawMessage) (*Transcriber, error) {
	t := &Transcriber{net: a.Net, base: strings.TrimRight(cmp.Or(a.BaseURL, defaultBase), "/"), header: http.Header{"Authorization": {a.Key}}}
	if a.Key == "" && t.base == defaultBase {
		return nil, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnauthorized, Message: "no key: set ASSEMBLYAI_API_KEY or add an account_connection_assemblyai"}
	}
	if len(options) > 0 && string(options) != "null" {
		if err := json.Unmarshal(options, &t.options); err != nil {
			return nil, parley.Invalid("transcriber", "transcriber does not have the fields of AssemblyAI's: "+err.Error())
		}
	}
	if e := t.options.Encoding; e != "" && e != "pcm_s16le" && e != "pcm_mulaw" {
		return nil, parley.Invalid("transcriber.encoding", "encoding is pcm_s16le or pcm_mulaw")
	}
	return t, nil
}

// multilingual are the languages of universal-streaming-multilingual besides English.
var multilingual = []string{"es", "fr", "de", "it", "pt"}

// model is the one to hear with: AssemblyAI has no default, and the soonest models know few languages.
func (t *Transcriber) model(language string) string {
	switch {
	case t.options.Model != "":
		return t.options.Model
	case language == "" || language == "en":
		return "universal-streaming-english"
	case slices.Contains(multilingual, language):
		return "universal-streaming-multilingual"
	}
	return "whisper-rt"
}

// three reports whether a model is of the kind that always formats its turns and is told languages.
func three(model string) bool {
	return strings.HasPrefix(model, "universal-3") || strings.HasPrefix(model, "u3-")
}

func (t *Transcriber) query(o stt.Options) url.Values {
	language, _, _ := strings.Cut(cmp.Or(t.options.Language, o.Language), "-")
	model := t.model(language)
	q := url.Values{"speech_model": {model}, "encoding": {cmp.Or(t.options.Encoding, "pcm_s16le")}, "sample_rate": {strconv.Itoa(t.options.coding().Rate)}}
	if t.options.FormatTurns && !three(model) {
		q.Set("format_turns", "true")
	}
	if language != "" && strings.HasPrefix(model, "universal-3") {
		q.Set("language_codes", list(language))
	}
	for name, x := range map[string]*float64{"end_of_turn_confidence_threshold": t.options.EndConfidence, "vad_threshold": t.options.VADThreshold} {
		if x != nil {
			q.Set(name, strconv.FormatFloat(*x, 'g', -1, 64))
		}
	}
	for name, x := range map[string]*int{"min_turn_silence": t.options.MinTurnSilence, "max_turn_silence": t.options.MaxTurnSilence} {
		if x != nil {
			q.Set(name, strconv.Itoa(*x))
		}
	}
	if t.options.FilterProfanity {
		q.Set("filter_profanity", "true")
	}
	if terms := keyterms(o.Keywords); len(terms) > 0 && model != "whisper-rt" {
		q.Set("keyterms_prompt", list(terms...))
	}
	return q
}

func list(words ...string) string {
	b, _ := json.Marshal(words) // strings always marshal
	return string(b)
}

// keyterms are the words to expect, the highest boosts first, as far as there is room. AssemblyAI knows no boost.
func keyterms(keywords map[string]float64) []string {
	var words []string
	for _, w := range stt.Likeliest(keywords) {
		if w = strings.TrimSpace(w); w != "" && len([]rune(w)) <= maxTerm && len(words) < maxTerms {
			words = append(words, w)
		}
	}
	return words
}
