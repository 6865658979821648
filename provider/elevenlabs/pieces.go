package elevenlabs

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strconv"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	waiting = 1 // requests behind the piece being spoken: plans allow few at once
)

// request is the body of POST /v1/text-to-speech/{voice_id}/stream/with-timestamps.
type request struct {
	Text     string    `json:"text"`
	Model    string    `json:"model_id"`
	Language string    `json:"language_code,omitempty"`
	Settings *settings `json:"voice_settings,omitempty"`
	Previous string    `json:"previous_text,omitempty"`
}

// answered is a line of the answer to it.
type answered struct {
	Audio []byte      `json:"audio_base64"`
	Align *characters `json:"alignment"`
}

// pieces asks for each piece as it comes, one ahead of the one being spoken, and gives their sound in order.
func (v *Voice) pieces(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	p := provider.Pieces{Vendor: vendor, Rate: audio.Rate, Ahead: waiting, Sound: sound,
		Ask: func(ctx context.Context, piece, before string) (io.ReadCloser, error) {
			return v.post(ctx, v.request(piece, o.Language, before))
		}}
	return p.Speak(ctx, text)
}

// request is what is asked for a piece; before is what was said just before it, which the v3 models do not take.
func (v *Voice) request(piece, language, before string) request {
	o := &v.options
	q := request{Text: piece, Model: o.ModelID, Language: o.language(language), Settings: o.settings()}
	if !o.v3() {
		q.Previous = before
	}
	return q
}

func (v *Voice) post(ctx context.Context, q request) (io.ReadCloser, error) {
	body, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	query := url.Values{"output_format": {format}}
	if n := v.options.OptimizeStreamingLatency; n > 0 {
		query.Set("optimize_streaming_latency", strconv.Itoa(n))
	}
	address := v.base + "/v1/text-to-speech/" + v.options.VoiceID + "/stream/with-timestamps?" + query.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header = v.header.Clone()
	req.Header.Set("Content-Type", "application/json")
	resp, err := v.net.Do(vendor, req)
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

const maxAnswer = 64 << 20 // bytes of one answer: over twenty minutes of sound

// sound gives the sound of an answer, as it comes.
func sound(body io.Reader, align *tts.Align, yield func(tts.Chunk, error) bool) error {
	w := words{align: align}
	dec := json.NewDecoder(io.LimitReader(body, maxAnswer))
	for {
		var a answered
		err := dec.Decode(&a)
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		var code base64.CorruptInputError
		switch {
		case errors.Is(err, io.EOF):
			w.flush()
			return nil
		case errors.As(err, &syntax), errors.As(err, &kind), errors.As(err, &code):
			return provider.BadOutput(vendor, "the answer is not as documented", err)
		case err != nil:
			return err
		}
		w.take(a.Align.chars())
		if !align.Write(a.Audio, yield) {
			return provider.ErrStopped
		}
	}
}
