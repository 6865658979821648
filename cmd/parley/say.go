package main

import (
	"context"
	"iter"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/call"
	"github.com/parley-voice/parley/tts"
)

// Say speaks a text with the voice of an agent. Who is named and has no key is an error: another voice would not be the one that was asked for.
func (v *vendors) Say(ctx context.Context, env string, a parley.Agent, text string) iter.Seq2[audio.Frame, error] {
	return func(yield func(audio.Frame, error) bool) {
		s, err := v.voiceAlone(ctx, env, a)
		if err != nil {
			yield(audio.Frame{}, err)
			return
		}
		defer tts.Inner{Synthesizer: s}.Close()
		words := make(chan string, 1)
		words <- text
		close(words)
		for chunk, err := range s.Speak(ctx, words, tts.Options{Language: a.Language}) {
			if !yield(chunk.Frame, err) || err != nil {
				return
			}
		}
	}
}

// voiceAlone opens the voice of an agent, without any that would stand in for it.
func (v *vendors) voiceAlone(ctx context.Context, env string, a parley.Agent) (tts.Synthesizer, error) {
	var r call.Ready
	p, options, err := v.voiceOf(ctx, env, &a, &r)
	switch {
	case err != nil:
		return nil, parley.Invalid("voice", err.Error())
	case p.lacks != nil:
		return nil, p.lacks
	case p.instead:
		return nil, parley.Invalid("voice", "voice: this version does not reach "+a.Voice.Type())
	}
	return p.spec.Speaking.Open(p.access, options)
}
