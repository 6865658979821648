package rime

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"net/http"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const ahead = 1 // requests waiting behind the piece being spoken: plans allow few at once

// A Voice speaks by POST /v1/rime-tts, a request per piece.
type Voice struct {
	net     *provider.Net
	base    string
	header  http.Header
	options VoiceOptions
}

// request is the body of POST /v1/rime-tts (https://docs.rime.ai/api-reference).
type request struct {
	Text    string  `json:"text"`
	Speaker string  `json:"speaker"`
	Model   string  `json:"modelId"`
	Lang    string  `json:"lang,omitempty"`
	Rate    int     `json:"samplingRate"`
	Speed   float64 `json:"speedAlpha,omitempty"`
	Scale   float64 `json:"timeScaleFactor,omitempty"`
}

// Warm opens a connection for the first request to find.
func (v *Voice) Warm(ctx context.Context) error {
	return v.net.Touch(ctx, vendor, v.base+"/data/voices/all-v2.json", v.header.Clone())
}

// Speak asks for each piece as it comes, one ahead of the one being spoken, and gives their sound in order. Words have estimated
// places: over HTTP Rime tells none.
func (v *Voice) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	p := provider.Pieces{Vendor: vendor, Rate: audio.Rate, Ahead: ahead,
		Ask: func(ctx context.Context, piece, _ string) (io.ReadCloser, error) {
			body, err := json.Marshal(v.request(piece, o.Language))
			if err != nil {
				return nil, err
			}
			return v.net.Sound(ctx, vendor, v.base+"/v1/rime-tts", v.header, body)
		}}
	return p.Speak(ctx, text)
}

func (v *Voice) request(piece, code string) request {
	o := &v.options
	q := request{Text: piece, Speaker: o.Speaker, Model: o.ModelID, Lang: language(code), Rate: audio.Rate}
	if o.slower() {
		q.Speed = o.SpeedAlpha
	} else {
		q.Scale = o.SpeedAlpha
	}
	return q
}
