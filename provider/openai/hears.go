package openai

import (
	"context"
	"encoding/json"
	"errors"
	"iter"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/stt"
)

// The values of the option api.
const (
	realtimeAPI       = "realtime"
	transcriptionsAPI = "transcriptions"
)

// TranscriberOptions are the fields of transcriber_openai and transcriber_openai_compatible.
type TranscriberOptions struct {
	Model             string `json:"model,omitempty" doc:"gpt-4o-mini-transcribe (default), gpt-4o-transcribe, whisper-1, or what a compatible server has; there the default is one of its list that transcribes"`
	Language          string `json:"language,omitempty" doc:"ISO 639-1; the agent's language when left out"`
	Prompt            string `json:"prompt,omitempty" doc:"what the call is about, to help recognition"`
	SilenceDurationMS int    `json:"silence_duration_ms,omitempty" min:"0" max:"5000" doc:"silence that ends an utterance, ms; default 300"`
	API               string `json:"api,omitempty" enum:"realtime,transcriptions" doc:"realtime: words while they are spoken, by websocket (transcriber_openai's default); transcriptions: a request per utterance, which Groq, vLLM, speaches and whisper.cpp take (transcriber_openai_compatible's default, and transcriber_openai's at servers that have no realtime API)"`
	InterimMS         int    `json:"interim_ms,omitempty" min:"0" max:"10000" doc:"with api transcriptions: every so many ms somebody speaks, what was said so far is asked for, too; each costs a request. Default 0: words come when an utterance is over"`
}

// fill sets the defaults; own: the model's, too, because the server is OpenAI's or has its API.
func (o *TranscriberOptions) fill(own bool) {
	if o.Model == "" && own {
		o.Model = "gpt-4o-mini-transcribe"
	}
	if o.SilenceDurationMS <= 0 {
		o.SilenceDurationMS = 300
	}
}

// openEar opens what hears by the API that the options name.
func openEar(vendor string, a provider.Access, raw json.RawMessage) (stt.Transcriber, error) {
	e, err := newEndpoint(vendor, a)
	if err != nil {
		return nil, err
	}
	var o TranscriberOptions
	if err := parse("transcriber", raw, &o); err != nil {
		return nil, err
	}
	own := e.base == defaultBase
	whole, live := &Utterances{endpoint: e, options: o}, &Transcriber{endpoint: e, options: o}
	whole.options.fill(own)
	live.options.fill(true)
	switch o.API {
	case transcriptionsAPI:
		return whole, nil
	case realtimeAPI:
		return live, nil
	case "":
	default:
		return nil, parley.Invalid("transcriber.api", "transcriber.api must be realtime or transcriptions")
	}
	switch {
	case own:
		return live, nil
	case vendor != "openai":
		return whole, nil
	}
	return &either{base: e.base, live: live, whole: whole}, nil
}

// either hears by the realtime API where a server has it, and else by utterances.
type either struct {
	base  string
	live  *Transcriber
	whole *Utterances
}

// noRealtime is the addresses of servers that turned out to have no realtime API.
var noRealtime provider.Learnt[bool]

// Warm opens a connection for what is used first.
func (t *either) Warm(ctx context.Context) error {
	if _, known := noRealtime.Load(t.base); known {
		return t.whole.Warm(ctx)
	}
	return t.live.Warm(ctx)
}

func (t *either) Transcribe(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
	return func(yield func(stt.Event, error) bool) {
		if _, known := noRealtime.Load(t.base); !known {
			lacks := false
			for e, err := range t.live.Transcribe(ctx, in, o) {
				var v *parley.VendorError
				if lacks = errors.As(err, &v) && absent(v.Status); lacks { // told before it takes any sound
					break
				}
				if !yield(e, err) {
					return
				}
			}
			if !lacks {
				return
			}
			noRealtime.Store(t.base, true)
		}
		t.whole.Transcribe(ctx, in, o)(yield)
	}
}
