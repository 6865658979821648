package deepgram

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

// VoiceOptions are the fields of voice_deepgram.
type VoiceOptions struct {
	Model string `json:"model" doc:"the voice, language included: aura-2-thalia-en (default), aura-2-celeste-es, …"`
}

// A Voice speaks by wss /v1/speak (https://developers.deepgram.com/reference/text-to-speech/speak-streaming). Its connection
// is opened once per call and kept between replies; an interruption drops it and opens the next in the background.
type Voice struct{ lines *provider.Spare[*line] }

// NewVoice opens a voice from a voice_deepgram object. It connects on Warm, or when it first speaks.
func NewVoice(a provider.Access, options json.RawMessage) (*Voice, error) {
	var o VoiceOptions
	base, header, err := open(a, "voice", options, &o)
	if err != nil {
		return nil, err
	}
	if o.Model == "" {
		o.Model = "aura-2-thalia-en"
	}
	address, err := provider.SocketURL(base, "/v1/speak", url.Values{
		"model": {o.Model}, "encoding": {"linear16"}, "sample_rate": {strconv.Itoa(audio.Rate)}, "container": {"none"}})
	if err != nil {
		return nil, parley.Invalid("base_url", err.Error())
	}
	return &Voice{provider.NewSpare(func(ctx context.Context) (*line, error) { return openLine(ctx, a.Net, address, header) })}, nil
}

// Warm opens the connection.
func (v *Voice) Warm(ctx context.Context) error { return v.lines.Warm(ctx) }

// Close drops the connection for good, at the end of the call.
func (v *Voice) Close() error { return v.lines.Close() }

// Speak begins every piece at once, as far as Deepgram's limit of flushes allows; past it, the pieces of a reply but the
// first are spoken in one breath. Words have estimated places: the API tells none.
func (v *Voice) Speak(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		l, err := v.lines.Take(ctx)
		if err != nil {
			yield(tts.Chunk{}, provider.Fault(ctx, vendor, err))
			return
		}
		r := reply{line: l, align: tts.NewAlign(audio.Rate), yield: yield}
		var saying sync.WaitGroup
		said := make(chan error, 1)
		saying.Go(func() { said <- r.say(ctx, text) })
		whole, err := r.listen(ctx, said)
		cancel()
		if !whole || l.spent() {
			l.Close()
			v.lines.Reopen()
		} else {
			v.lines.Keep(l)
		}
		saying.Wait()
		if err != nil && !r.stopped {
			yield(tts.Chunk{}, provider.Fault(context.Background(), vendor, err))
		}
	}
}

// A reply is one stream of speech.
type reply struct {
	line    *line
	align   *tts.Align
	yield   func(tts.Chunk, error) bool
	owed    atomic.Int64 // flushes sent and not answered
	stopped bool         // the consumer ended the loop
}

// say sends the pieces as they come.
func (r *reply) say(ctx context.Context, text <-chan string) error {
	open, first := false, true // open: said, but not flushed
	for {
		select {
		case piece, ok := <-text:
			switch {
			case !ok && open:
				r.owed.Add(1)
				return r.line.flush()
			case !ok:
				return nil
			case strings.TrimSpace(piece) == "":
				r.align.Join(piece)
				continue
			case open:
				r.align.Join(piece)
			default:
				r.align.Add(piece)
			}
			if err := r.line.say(piece); err != nil {
				return err
			}
			if open = !first && r.line.spent(); !open {
				r.owed.Add(1)
				if err := r.line.flush(); err != nil {
					return err
				}
			}
			first = false
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// listen gives the sound until all was spoken. Whole: the line has nothing left to say.
func (r *reply) listen(ctx context.Context, said <-chan error) (whole bool, err error) {
	done := false
	for !done || r.owed.Load() > 0 {
		select {
		case p := <-r.line.parts:
			if err := r.take(p); err != nil || r.stopped {
				return false, err
			}
		case err := <-said:
			if err != nil {
				return false, provider.Learn(r.line.parts, func(m part) error { return m.err }, err)
			}
			done, said = true, nil
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	for r.align.Left() > 0 { // space after the last word
		if !r.align.End(r.yield) {
			r.stopped = true
			return true, nil
		}
	}
	return true, nil
}

func (r *reply) take(p part) error {
	switch {
	case p.err != nil:
		return p.err
	case p.flushed:
		if r.owed.Load() > 0 {
			if r.align.Mute() {
				return provider.BadOutput(vendor, "a piece came back without sound", nil)
			}
			r.stopped = !r.align.End(r.yield)
			r.owed.Add(-1)
		}
	default:
		r.stopped = !r.align.Write(p.sound, r.yield)
	}
	if !r.stopped {
		r.line.next <- struct{}{} // the reader waits for it
	}
	return nil
}
