package cartesia

import (
	"context"
	"iter"
	"math"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/tts"
)

// A Voice speaks by Cartesia. All replies of a call share one connection, each with contexts of its own; an interruption
// cancels the context.
type Voice struct {
	template utterance
	address  string
	header   http.Header
	net      *provider.Net
	spare    *provider.Spare[*line]
}

// Warm opens the connection.
func (v *Voice) Warm(ctx context.Context) error { return v.spare.Warm(ctx) }

// Close drops the connection, at the end of the call.
func (v *Voice) Close() error { return v.spare.Close() }

// Speak begins every piece at once, and tells the words as Cartesia times them.
func (v *Voice) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		l, err := v.spare.Take(ctx)
		if err != nil {
			yield(tts.Chunk{}, provider.Fault(ctx, vendor, err))
			return
		}
		in, err := l.listen()
		if err != nil {
			l.Close()
			yield(tts.Chunk{}, provider.Fault(ctx, vendor, err))
			return
		}
		r := reply{line: l, inbox: in, utterance: v.template, align: tts.NewAlign(audio.Rate), yield: yield}
		r.utterance.Language = language(o.Language)
		var saying sync.WaitGroup
		said := make(chan outcome, 1)
		saying.Go(func() {
			n, err := r.say(ctx, text)
			said <- outcome{n, err}
		})
		err = r.listen(ctx, said)
		cut := r.stopped || ctx.Err() != nil
		cancel()
		saying.Wait()
		l.forget(in)
		if cut && r.utterance.Context != "" && l.cancel(r.utterance.Context) != nil || err != nil && !cut {
			l.Close()
			v.spare.Reopen()
		} else {
			v.spare.Keep(l)
		}
		if err != nil && !r.stopped {
			yield(tts.Chunk{}, provider.Fault(context.Background(), vendor, err))
		}
	}
}

// language is the code that Cartesia knows a language by: two letters.
func language(code string) string {
	code, _, _ = strings.Cut(strings.ReplaceAll(code, "_", "-"), "-")
	return strings.ToLower(code)
}

// A reply is one stream of speech.
type reply struct {
	line      *line
	inbox     *inbox
	utterance utterance // to be sent next; belongs to say until it has returned
	align     *tts.Align
	yield     func(tts.Chunk, error) bool
	stopped   bool // the consumer ended the loop

	full     atomic.Bool   // the end of the text was sent
	heard    int           // pieces whose sound is whole
	context  string        // whose sound is being heard
	before   time.Duration // sound of that context before the piece being heard
	relative bool          // words of the piece are timed from its beginning, not from the context's
	timed    bool          // the piece has had times
}

// outcome is how the saying went.
type outcome struct {
	pieces int
	err    error
}

// patience is how long a context that has nothing to say is trusted with more text: Cartesia ends it a second after its last
// sound (https://docs.cartesia.ai/use-the-api/tts-websocket/contexts).
const patience = 500 * time.Millisecond

// say sends the pieces as they come, each with a flush, whose answer is the end of its sound.
func (r *reply) say(ctx context.Context, text <-chan string) (pieces int, err error) {
	for {
		select {
		case piece, ok := <-text:
			switch {
			case !ok && r.inbox.left.Load() == 0:
				return pieces, nil // the context, if there is one, ends by itself
			case !ok:
				r.full.Store(true)
				return pieces, r.send("", false, false)
			case strings.TrimSpace(piece) == "":
				r.align.Join(piece)
				continue
			}
			idle := r.inbox.left.Load() == 0
			if idle && time.Since(time.Unix(0, r.inbox.idle.Load())) > patience { // or there was none
				r.utterance.Context = r.line.next(r.inbox)
			}
			r.align.Add(piece)
			r.inbox.left.Add(1)
			pieces++
			if err := r.send(piece, true, false); err != nil {
				return pieces, err
			}
			if err := r.send("", true, true); err != nil {
				return pieces, err
			}
		case <-ctx.Done():
			return pieces, ctx.Err()
		}
	}
}

func (r *reply) send(text string, more, flush bool) error {
	r.utterance.Transcript, r.utterance.Continue, r.utterance.Flush = text, more, flush
	return r.line.Send(r.utterance)
}

// listen gives the sound until all was spoken.
func (r *reply) listen(ctx context.Context, said <-chan outcome) error {
	for all := math.MaxInt; r.heard < all; {
		select {
		case m := <-r.inbox.messages:
			if err := r.take(m); err != nil || r.stopped {
				return err
			}
		case o := <-said:
			if o.err != nil {
				return provider.Learn(r.inbox.messages, func(m message) error { return m.err }, o.err)
			}
			all, said = o.pieces, nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for r.align.Left() > 0 { // space after the last word
		if !r.align.End(r.yield) {
			r.stopped = true
			return nil
		}
	}
	return nil
}

// take gives the sound of a message.
func (r *reply) take(m message) error {
	if m.err != nil {
		return m.err
	}
	if m.Context != r.context {
		r.context, r.before = m.Context, 0
	}
	switch m.Type {
	case "chunk":
		r.stopped = !r.align.Write(m.Sound, r.yield)
	case "timestamps":
		r.place(m.Words)
	case "flush_done":
		return r.end()
	case "done":
		switch waiting := r.inbox.left.Load() > 0; {
		case waiting && !r.full.Load():
			return provider.Closed(vendor, "ended the context before all was spoken")
		case waiting: // a server that does not answer flushes
			if err := r.end(); err != nil {
				return err
			}
			for r.align.Left() > 0 && !r.stopped {
				r.stopped = !r.align.End(r.yield)
			}
			r.heard = math.MaxInt
		}
	}
	return nil
}

// end gives what is left of a piece whose sound is whole.
func (r *reply) end() error {
	if r.align.Mute() {
		return provider.BadOutput(vendor, "a piece came back without sound", nil)
	}
	r.heard++
	r.before += r.align.Sounded()
	r.timed = false
	r.stopped = !r.align.End(r.yield)
	return nil
}

// place tells when words are spoken. Their times count from the beginning of the context's sound; should they count from the
// flush before, the first of a piece shows it.
func (r *reply) place(t *times) {
	if t == nil {
		return
	}
	for i := range min(len(t.Words), len(t.Start), len(t.End)) {
		if !r.timed {
			r.timed, r.relative = true, seconds(t.Start[i])+100*time.Millisecond < r.before
		}
		end := seconds(t.End[i])
		if !r.relative {
			end -= r.before
		}
		r.align.Word(t.Words[i], end)
	}
}

// seconds is a time that a vendor gave, within reason.
func seconds(s float64) time.Duration {
	if math.IsNaN(s) || s < 0 {
		return 0
	}
	return time.Duration(min(s, 3600) * float64(time.Second))
}
