package openai

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

const (
	speechRate = 24000 // Hz of response_format pcm
	ahead      = 2     // requests waiting behind the piece being spoken
)

// VoiceOptions are the fields of voice_openai.
type VoiceOptions struct {
	Voice        string  `json:"voice" doc:"name of the voice: alloy, ash, coral, nova, …"`
	Model        string  `json:"model,omitempty" doc:"gpt-4o-mini-tts (default), tts-1, tts-1-hd, or what a compatible server has"`
	Instructions string  `json:"instructions,omitempty" doc:"how to speak; gpt-4o-mini-tts only"`
	Speed        float64 `json:"speed,omitempty" min:"0.25" max:"4" doc:"default 1"`
}

// A Voice speaks by POST /audio/speech, a request per piece.
type Voice struct {
	endpoint
	options VoiceOptions
}

// NewVoice opens a voice from a voice_openai object.
func NewVoice(a provider.Access, options json.RawMessage) (*Voice, error) {
	e, err := newEndpoint("openai", a)
	if err != nil {
		return nil, err
	}
	v := &Voice{endpoint: e}
	if err := parse("voice", options, &v.options); err != nil {
		return nil, err
	}
	if v.options.Voice == "" {
		v.options.Voice = "alloy"
	}
	if v.options.Model == "" {
		v.options.Model = "gpt-4o-mini-tts"
	}
	return v, nil
}

// Warm opens a connection for the first request to find.
func (v *Voice) Warm(ctx context.Context) error {
	return v.net.Touch(ctx, v.vendor, v.base+"/models", v.header())
}

// speechRequest is the body of POST /audio/speech (https://platform.openai.com/docs/api-reference/audio/createSpeech).
type speechRequest struct {
	Model        string  `json:"model"`
	Input        string  `json:"input"`
	Voice        string  `json:"voice"`
	Format       string  `json:"response_format"`
	Instructions string  `json:"instructions,omitempty"`
	Speed        float64 `json:"speed,omitempty"`
}

// Speak asks for each piece as it comes, two ahead of the one being spoken, and gives their sound in order. Words have
// estimated places: the API tells none.
func (v *Voice) Speak(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
	p := provider.Pieces{Vendor: v.vendor, Rate: speechRate, Ahead: ahead, Sound: v.sound,
		Ask: func(ctx context.Context, piece, _ string) (io.ReadCloser, error) { return v.post(ctx, piece) }}
	return p.Speak(ctx, text)
}

func (v *Voice) post(ctx context.Context, text string) (io.ReadCloser, error) {
	o := v.options
	body, err := json.Marshal(speechRequest{Model: o.Model, Input: text, Voice: o.Voice, Format: "pcm", Instructions: o.Instructions, Speed: o.Speed})
	if err != nil {
		return nil, err
	}
	return v.net.Sound(ctx, v.vendor, v.base+"/audio/speech", v.header(), body)
}

// sound gives the sound of a piece, as it comes.
func (v *Voice) sound(body io.Reader, align *tts.Align, yield func(tts.Chunk, error) bool) error {
	buf := make([]byte, 4096)
	sound, err := v.begin(body, buf)
	for {
		switch {
		case !align.Write(sound, yield):
			return provider.ErrStopped
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		var n int
		n, err = body.Read(buf)
		sound = buf[:n]
	}
}

// begin reads the first of the sound, without the WAV header that some servers put before it although pcm was asked for.
func (v *Voice) begin(body io.Reader, buf []byte) ([]byte, error) {
	n, err := io.ReadAtLeast(body, buf, 4)
	if err != nil || string(buf[:4]) != "RIFF" {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			err = io.EOF
		}
		return buf[:n], err
	}
	const header = 44
	if n < header {
		m, err := io.ReadAtLeast(body, buf[n:], header-n)
		if n += m; err != nil {
			return nil, provider.BadOutput(v.vendor, "the sound is a WAV header cut short", err)
		}
	}
	if rate, channels, bits := binary.LittleEndian.Uint32(buf[24:]), buf[22], buf[34]; rate != speechRate || channels != 1 || bits != 16 {
		return nil, provider.BadOutput(v.vendor, fmt.Sprintf("asked for pcm, the server sent WAV of %d Hz, %d channels, %d bits", rate, channels, bits), nil)
	}
	return buf[header:n], nil
}
