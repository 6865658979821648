package elevenlabs

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"strings"
	"sync"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

// A Voice speaks by ElevenLabs. Over websockets each reply has a connection of its own, since ElevenLabs ends it with the text;
// the next one is opened when a reply has been spoken or is broken off, and waits.
type Voice struct {
	options VoiceOptions
	base    string
	header  http.Header
	net     *provider.Net
	spare   *provider.Spare[*line]

	mu       sync.Mutex // guards language
	language string     // of the lines to be opened
}

func (v *Voice) tongue() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.language
}

// Warm opens a connection for the first reply.
func (v *Voice) Warm(ctx context.Context) error {
	if v.options.sockets() {
		return v.spare.Warm(ctx)
	}
	return v.net.Touch(ctx, vendor, v.base+"/v1/models", v.header.Clone())
}

// Close drops the connection that waits, at the end of the call.
func (v *Voice) Close() error { return v.spare.Close() }

// Speak begins every piece at once, and tells the words as ElevenLabs times them.
func (v *Voice) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	if !v.options.sockets() {
		return v.pieces(ctx, text, o)
	}
	return func(yield func(tts.Chunk, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		l, err := v.take(ctx, o.Language)
		if err != nil {
			yield(tts.Chunk{}, provider.Fault(ctx, vendor, err))
			return
		}
		align := tts.NewAlign(audio.Rate)
		r := reply{line: l, align: align, words: words{align: align}, yield: yield}
		var saying sync.WaitGroup
		said := make(chan outcome, 1)
		saying.Go(func() {
			silent, err := r.say(ctx, text)
			said <- outcome{silent, err}
		})
		untouched, err := r.listen(ctx, said)
		cancel()
		if untouched {
			v.spare.Keep(l)
		} else {
			l.Close()
			v.spare.Reopen()
		}
		saying.Wait()
		if err != nil && !r.stopped {
			yield(tts.Chunk{}, provider.Fault(context.Background(), vendor, err))
		}
	}
}

// take is a connection in a language.
func (v *Voice) take(ctx context.Context, language string) (*line, error) {
	v.mu.Lock()
	v.language = language
	v.mu.Unlock()
	for {
		l, err := v.spare.Take(ctx)
		if err != nil || v.options.language(l.language) == v.options.language(language) {
			return l, err
		}
		l.Close()
	}
}

// A reply is one stream of speech, a single piece to the aligner: ElevenLabs does not tell where one ends.
type reply struct {
	line    *line
	align   *tts.Align
	words   words
	yield   func(tts.Chunk, error) bool
	stopped bool // the consumer ended the loop
}

// outcome is how the saying went.
type outcome struct {
	silent bool // there was nothing to say: the line can be used by another
	err    error
}

// say sends the pieces as they come, and then that there are no more.
func (r *reply) say(ctx context.Context, text <-chan string) (silent bool, err error) {
	silent = true
	for {
		select {
		case piece, ok := <-text:
			if !ok && silent {
				return true, nil
			}
			if !ok {
				return false, r.line.finish()
			}
			r.align.Join(piece)
			if strings.TrimSpace(piece) == "" {
				continue
			}
			silent = false
			if err := r.line.say(piece); err != nil {
				return false, err
			}
		case <-ctx.Done():
			return silent, ctx.Err()
		}
	}
}

// listen gives the sound until all was spoken. Untouched: the line was told nothing.
func (r *reply) listen(ctx context.Context, said <-chan outcome) (untouched bool, err error) {
	for {
		select {
		case m := <-r.line.messages:
			switch done, err := r.take(m); {
			case err != nil || r.stopped:
				return false, err
			case done:
				return false, r.finish()
			}
		case o := <-said:
			said = nil
			switch {
			case o.err != nil:
				return o.silent, provider.Learn(r.line.messages, func(m message) error { return m.err }, o.err)
			case o.silent:
				return true, r.finish()
			}
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
}

// take gives the sound of a message. Done: it is the end; some servers close the connection in place of saying so.
func (r *reply) take(m message) (done bool, err error) {
	all := r.line.full.Load()
	if m.err != nil {
		var e *parley.VendorError
		if all && errors.As(m.err, &e) && e.Status == 1000 {
			return true, nil
		}
		return false, m.err
	}
	r.words.take(m.Align.chars())
	if len(m.Audio) > 0 {
		r.stopped = !r.align.Write(m.Audio, r.yield)
	}
	return m.Final && all, nil
}

// finish gives what is left when all was spoken.
func (r *reply) finish() error {
	if r.align.Mute() {
		return provider.BadOutput(vendor, "the reply came back without sound", nil)
	}
	r.words.flush()
	for r.align.Left() > 0 {
		if !r.align.End(r.yield) {
			r.stopped = true
			return nil
		}
	}
	return nil
}
