package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider/local/flite"
	"github.com/parley-voice/parley/tts"
)

// VoiceOptions of voice_local.
type VoiceOptions struct {
	Voice string  `json:"voice,omitempty" doc:"rms (default), slt, awb, kal16 or kal; English only, other languages have one voice each"`
	Rate  float64 `json:"rate,omitempty" doc:"0.5 to 2, how fast; default 1"`
	Pitch float64 `json:"pitch,omitempty" doc:"0.5 to 2, how high; default 1"`
}

// voice speaks English by flite, in workers that calls share, and other languages by espeak-ng, a process per piece.
type voice struct {
	l       *Local
	options VoiceOptions
}

func (l *Local) openVoice(raw json.RawMessage) (*voice, error) {
	o := VoiceOptions{}
	if len(raw) > 0 && string(raw) != "null" {
		if err := json.Unmarshal(raw, &o); err != nil {
			return nil, parley.Invalid("voice", "voice does not have the fields of voice_local: "+err.Error())
		}
	}
	if o.Voice == "" {
		o.Voice = flite.Voices()[0]
	}
	if !flite.Valid(o.Voice) {
		return nil, parley.Invalid("voice.voice", fmt.Sprintf("voice.voice: this machine has no voice %q; it has %s", o.Voice, strings.Join(flite.Voices(), ", ")))
	}
	for _, f := range []struct {
		name string
		v    *float64
	}{{"rate", &o.Rate}, {"pitch", &o.Pitch}} {
		if *f.v == 0 {
			*f.v = 1
		}
		if *f.v < 0.5 || *f.v > 2 {
			return nil, parley.Invalid("voice."+f.name, fmt.Sprintf("voice.%s is %g; it goes from 0.5 to 2", f.name, *f.v))
		}
	}
	return &voice{l, o}, nil
}

// Warm has a worker ready by the time the call is answered.
func (v *voice) Warm(context.Context) error { return v.l.speakers.warm(v.l.ctx) }

func (l *Local) openSpeaker(ctx context.Context) (*process, error) {
	return l.open(ctx, orderBody{Work: workSpeak, Voice: flite.Voices()[0]})
}

const (
	aheadPieces = 16               // rendered and not yet yielded; then text waits
	renderLimit = 20 * time.Second // for one cut of a piece, which takes milliseconds
)

// Speak renders each piece as it comes and yields as fast as the loop goes round.
func (v *voice) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		render := v.flite
		if !english(o.Language) {
			name, ok := espeakVoices[strings.ToLower(o.Language)]
			if !ok {
				yield(tts.Chunk{}, &parley.VendorError{Vendor: vendor, Code: parley.VendorUnsupported, Message: fmt.Sprintf("this machine has no voice for %q", o.Language)})
				return
			}
			render = func(ctx context.Context, p *piece) error { return v.espeak(ctx, p, name) }
		}
		ctx, cancel := context.WithCancel(ctx)
		var renderer sync.WaitGroup
		defer renderer.Wait()
		defer cancel()
		pieces := make(chan *piece, aheadPieces)
		renderer.Go(func() {
			defer close(pieces)
			renderAll(ctx, text, pieces, render)
		})
		play := player{first: true}
		for p := range pieces {
			more, err := play.piece(ctx, p, yield)
			if err != nil {
				yield(tts.Chunk{}, fault(ctx, err))
			}
			if err != nil || !more {
				return
			}
		}
		if ctx.Err() != nil {
			yield(tts.Chunk{}, ctx.Err())
		}
	}
}

// renderAll renders the text in cuts that are short enough to begin at once.
func renderAll(ctx context.Context, text <-chan string, pieces chan<- *piece, render func(context.Context, *piece) error) {
	for {
		var whole string
		var ok bool
		select {
		case whole, ok = <-text:
		case <-ctx.Done():
			return
		}
		if !ok {
			return
		}
		for _, cut := range cuts(whole) {
			p := newPiece(cut)
			select {
			case pieces <- p:
			case <-ctx.Done():
				return
			}
			if !speakable(cut) {
				p.finish(nil)
				continue
			}
			limited, cancel := context.WithTimeout(ctx, renderLimit)
			err := render(limited, p)
			cancel()
			if p.finish(err); err != nil {
				return
			}
		}
	}
}

// flite renders a piece in one of the workers.
func (v *voice) flite(ctx context.Context, p *piece) error {
	w, release, err := v.l.speakers.take(ctx)
	if err != nil {
		return err
	}
	if err := v.utter(w, p); err != nil {
		release()
		w.stop()
		return err
	}
	if release() {
		v.l.speakers.put(w)
	}
	return nil
}

func (v *voice) utter(w *process, p *piece) error {
	u := utterance{Voice: v.options.Voice, Text: p.say, Rate: v.options.Rate, Pitch: v.options.Pitch}
	if err := writeJSON(w.stdin, speak, u); err != nil {
		return fmt.Errorf("giving the worker a sentence: %w", err)
	}
	for {
		k, body, err := w.read()
		if errors.Is(err, io.EOF) {
			return errors.New("the worker died as it spoke")
		}
		if err != nil {
			return err
		}
		switch k {
		case done:
			return nil
		case spoken:
			var b spokenBody
			if err := json.Unmarshal(body, &b); err != nil {
				return fmt.Errorf("the worker's words: %w", err)
			}
			p.begin(b.Rate, b.Tokens)
		case pcm:
			p.write(body)
		}
	}
}
