package playht

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	ahead     = 1     // requests waiting behind the piece being spoken: plans allow few at once
	rate      = 24000 // Hz of the engines themselves
	phoneRate = 8000  // Hz of µ-law
)

// A Voice speaks by POST /api/v2/tts/stream, a request per piece.
type Voice struct {
	net     *provider.Net
	base    string
	engine  string
	header  http.Header
	options VoiceOptions
}

// request is the body of POST /api/v2/tts/stream (https://docs.play.ht/reference/api-generate-tts-audio-stream).
type request struct {
	Text          string   `json:"text"`
	Voice         string   `json:"voice"`
	Engine        string   `json:"voice_engine"`
	Format        string   `json:"output_format"`
	Rate          int      `json:"sample_rate"`
	Language      string   `json:"language,omitempty"`
	Quality       string   `json:"quality,omitempty"`
	Speed         float64  `json:"speed,omitempty"`
	Temperature   *float64 `json:"temperature,omitempty"`
	TextGuidance  float64  `json:"text_guidance,omitempty"`
	VoiceGuidance float64  `json:"voice_guidance,omitempty"`
}

// languages are those that the multilingual engines are told by name.
var languages = map[string]string{"en": "english", "es": "spanish", "fr": "french", "de": "german", "it": "italian", "pt": "portuguese", "nl": "dutch",
	"pl": "polish", "ru": "russian", "ja": "japanese", "ko": "korean", "zh": "mandarin", "hi": "hindi", "ar": "arabic", "tr": "turkish", "sv": "swedish",
	"da": "danish", "cs": "czech", "el": "greek", "he": "hebrew", "hu": "hungarian", "id": "indonesian", "uk": "ukrainian", "th": "thai"}

// Warm opens a connection for the first request to find.
func (v *Voice) Warm(ctx context.Context) error {
	h := v.header.Clone()
	h.Set("Accept", "application/json")
	return v.net.Touch(ctx, vendor, v.base+"/api/v2/cloned-voices", h)
}

// Speak asks for each piece as it comes, one ahead of the one being spoken, and gives their sound in order. Words have estimated
// places: over HTTP PlayHT tells none.
func (v *Voice) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	p := provider.Pieces{Vendor: vendor, Rate: rate, Ahead: ahead, Sound: v.wav,
		Ask: func(ctx context.Context, piece, _ string) (io.ReadCloser, error) {
			return v.post(ctx, v.request(piece, o.Language))
		}}
	if v.engine == engine1 {
		p.Rate, p.Sound = phoneRate, v.ulaw
	}
	return p.Speak(ctx, text)
}

// request is what is asked for a piece: WAV, or µ-law of the engine that has neither that nor PCM.
func (v *Voice) request(piece, code string) request {
	o := &v.options
	q := request{Text: piece, Voice: o.VoiceID, Engine: v.engine, Format: "wav", Rate: rate, Quality: o.Quality, Speed: o.Speed,
		Temperature: o.Temperature, TextGuidance: o.TextGuidance, VoiceGuidance: o.VoiceGuidance}
	switch code, _, _ = strings.Cut(strings.ReplaceAll(strings.ToLower(code), "_", "-"), "-"); {
	case v.engine == engine1:
		q.Format, q.Rate = "mulaw", phoneRate
	case v.engine != engine2:
		q.Language = languages[code]
	}
	return q
}

func (v *Voice) post(ctx context.Context, q request) (io.ReadCloser, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, v.base+"/api/v2/tts/stream", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = v.header.Clone()
	resp, err := v.net.Do(vendor, req)
	if err != nil {
		return nil, err
	}
	if kind := resp.Header.Get("Content-Type"); strings.Contains(kind, "json") || strings.HasPrefix(kind, "text/") { // the others say little: what is no WAV is found out
		resp.Body.Close()
		return nil, provider.BadOutput(vendor, "asked for "+q.Format+", the server sent "+provider.Line(kind), nil)
	}
	return resp.Body, nil
}
