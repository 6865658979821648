package main

import (
	"context"
	"iter"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// Speech of this machine stands behind a vendor that fails in the middle of a call, so that its bad day is not the caller's
// silence. Nothing is opened before it is needed. Nobody stands behind a model: what the built-in responder would say is not what
// the agent was made to say.

// earBehind is who hears when the vendor cannot. This machine hears English only.
func (v *vendors) earBehind(first, language string) []stt.Vendor {
	here := named(all.Hearers(v.specs), "local")
	if here == nil || first == "local" || language != "" && language != "en" {
		return nil
	}
	return []stt.Vendor{{Name: "local", Transcriber: stt.Func(
		func(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
			t, err := here.Hearing.Open(provider.Access{}, nil)
			if err != nil {
				return func(yield func(stt.Event, error) bool) { yield(stt.Event{}, err) }
			}
			return t.Transcribe(ctx, in, o)
		})}}
}

// voiceBehind is who speaks when the vendor cannot.
func (v *vendors) voiceBehind(first string) []tts.Vendor {
	here := named(all.Speakers(v.specs), "local")
	if here == nil || first == "local" {
		return nil
	}
	return []tts.Vendor{{Name: "local", Synthesizer: tts.Func(
		func(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
			s, err := here.Speaking.Open(provider.Access{}, nil)
			if err != nil {
				return func(yield func(tts.Chunk, error) bool) { yield(tts.Chunk{}, err) }
			}
			return s.Speak(ctx, text, o)
		})}}
}
