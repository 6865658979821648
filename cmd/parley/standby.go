package main

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// Behind a vendor that fails in the middle of a call stand those that the operator named, and last the speech of this machine, so that
// a vendor's bad day is not the caller's silence. Nothing is opened before it is needed. Behind a model stands nobody of this
// machine: what the built-in responder would say is not what the agent was made to say.

// ready are the operator's standbys of a skill that have a key in this environment, but those before.
func (v *vendors) ready(ctx context.Context, env, field string, able []provider.Spec, before ...string) (out []picked) {
	for _, b := range v.now().behind[field] {
		s := named(able, b.vendor)
		if s == nil || slices.Contains(before, b.vendor) {
			continue
		}
		a, ok, err := v.access(ctx, env, s, "")
		if err != nil || !ok {
			continue // the agent's own vendor is set up all the same
		}
		p := picked{spec: s, access: a, instead: true, model: b.model}
		if b.model != "" && field != "provider" {
			p.options, _ = json.Marshal(map[string]string{choice(s, field): b.model})
		}
		out = append(out, p)
	}
	return out
}

// earsBehind are who hears when the vendor cannot. This machine hears English only.
func (v *vendors) earsBehind(ctx context.Context, env, first, language string) (out []stt.Vendor) {
	able := all.Hearers(v.specs)
	list := v.ready(ctx, env, "transcriber", able, first, "local")
	if here := named(able, "local"); here != nil && first != "local" && (language == "" || language == "en") {
		list = append(list, picked{spec: here})
	}
	for _, p := range list {
		out = append(out, stt.Vendor{Name: p.spec.Name, Breaker: p.breaker(), Words: wordsWait(p.spec.Name, p.options), Transcriber: stt.Func(
			func(ctx context.Context, in <-chan audio.Frame, o stt.Options) iter.Seq2[stt.Event, error] {
				t, err := p.spec.Hearing.Open(p.access, p.options)
				if err != nil {
					return func(yield func(stt.Event, error) bool) { yield(stt.Event{}, err) }
				}
				return t.Transcribe(ctx, in, o)
			})})
	}
	return out
}

// mindsBehind are who thinks when neither the agent's vendor nor its llm_fallback can.
func (v *vendors) mindsBehind(ctx context.Context, env string, before ...string) (out []llm.Vendor) {
	for _, p := range v.ready(ctx, env, "provider", all.Thinkers(v.specs), before...) {
		out = append(out, llm.Vendor{Name: p.spec.Name, Breaker: p.breaker(), Model: llm.Func(
			func(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
				m, err := p.spec.Thinking.Open(p.access, p.model, nil)
				if err != nil {
					return func(yield func(llm.Delta, error) bool) { yield(llm.Delta{}, err) }
				}
				return m.Chat(ctx, r)
			})})
	}
	return out
}

// voicesBehind are who speaks when the vendor cannot.
func (v *vendors) voicesBehind(ctx context.Context, env, first, language string) (out []tts.Vendor) {
	able := all.Speakers(v.specs)
	list := v.ready(ctx, env, "voice", able, first, "local")
	if here := named(able, "local"); here != nil && first != "local" {
		list = append(list, picked{spec: here})
	}
	for _, p := range list {
		p.access.Language = language
		out = append(out, tts.Vendor{Name: p.spec.Name, Breaker: p.breaker(), Synthesizer: v.keeping(env, p, p.options, &lateVoice{open: func() (tts.Synthesizer, error) {
			return p.spec.Speaking.Open(p.access, p.options)
		}})})
	}
	return out
}

// A lateVoice is opened when it is to speak, once.
type lateVoice struct {
	open func() (tts.Synthesizer, error)

	mu     sync.Mutex // guards all below
	voice  tts.Synthesizer
	closed bool
}

func (l *lateVoice) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	l.mu.Lock()
	defer l.mu.Unlock()
	var err error = context.Canceled
	if l.voice == nil && !l.closed {
		l.voice, err = l.open()
	}
	if l.voice == nil {
		return func(yield func(tts.Chunk, error) bool) { yield(tts.Chunk{}, err) }
	}
	return l.voice.Speak(ctx, text, o)
}

// Close closes the voice, if it was opened.
func (l *lateVoice) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	if c, ok := l.voice.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// perUtterance is how long words may take from a vendor that is sent whole utterances: it finds their end, then asks.
const perUtterance = 5 * time.Second

// wordsWait is how long a transcriber may make nothing of what was spoken; 0: as long as others.
func wordsWait(vendor string, options json.RawMessage) time.Duration {
	var o struct{ API string }
	if len(options) > 0 && json.Unmarshal(options, &o) != nil {
		return perUtterance // whatever it is, its vendor says what is wrong with it
	}
	if o.API == "transcriptions" || vendor == "local" || vendor == "openai_compatible" && o.API != "realtime" {
		return perUtterance
	}
	return 0
}

// hedged has the next model asked as well when one is slow, if the operator wants that.
func (v *vendors) hedged(vs []llm.Vendor) []llm.Vendor {
	hedge := v.now().hedge
	for i := range vs {
		vs[i].Hedge = hedge
	}
	return vs
}
