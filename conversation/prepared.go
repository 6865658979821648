package conversation

import (
	"context"
	"errors"
	"iter"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/tts"
)

// mostPrepared bounds what is kept of sound that nobody may hear: 3 min.
const mostPrepared = int(3 * time.Minute / audio.FrameDur)

var errLong = errors.New("too long to be spoken ahead of time")

// prepared is words that were spoken ahead of time, to be heard when they are wanted. It is the voice of one reply.
type prepared struct {
	text   string
	cancel context.CancelFunc
	over   chan struct{} // closed when the synthesizer is free again
	more   chan struct{} // a token: there is

	mu     sync.Mutex // guards all below
	chunks []tts.Chunk
	done   bool
	err    error
}

// prepare has the voice speak text, for a reply that may come. Replies of other words wait until it has.
func (c *loop) prepare(ctx context.Context, text string) *prepared {
	c.forgo()
	ctx, cancel := context.WithCancel(ctx)
	p := &prepared{text: text, cancel: cancel, over: make(chan struct{}), more: make(chan struct{}, 1)}
	before := c.last
	c.last = p.over
	pieces := make(chan string, pieceDepth)
	c.wg.Go(func() {
		defer close(pieces)
		m := mind{pieces: pieces, tongue: tongue{sieve: c.state.guard.forbidden.sieve()}}
		m.say(ctx, text)
	})
	c.wg.Go(func() {
		defer close(p.over)
		defer cancel()
		if before != nil {
			select {
			case <-before:
			case <-ctx.Done():
			}
		}
		for ch, err := range c.Speak.Speak(ctx, pieces, c.fixed()) {
			if err == nil && ctx.Err() != nil {
				err = ctx.Err()
			}
			if !p.add(ch, err) {
				break
			}
		}
		p.end(ctx.Err())
	})
	return p
}

// add takes what the synthesizer gave, and reports whether it is to go on.
func (p *prepared) add(ch tts.Chunk, err error) bool {
	p.mu.Lock()
	if err == nil && len(p.chunks) >= mostPrepared {
		err = errLong
	}
	if p.err = err; err == nil {
		p.chunks = append(p.chunks, ch)
	}
	p.mu.Unlock()
	p.signal()
	return err == nil
}

func (p *prepared) end(err error) {
	p.mu.Lock()
	p.done = true
	if p.err == nil {
		p.err = err
	}
	p.mu.Unlock()
	p.signal()
}

func (p *prepared) signal() {
	select {
	case p.more <- struct{}{}:
	default:
	}
}

func (p *prepared) failed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err != nil
}

// Speak gives what was spoken; the text it is given is the same.
func (p *prepared) Speak(ctx context.Context, text <-chan string, _ tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		defer func() { p.cancel(); <-p.over }()
		for more := true; more; {
			select {
			case _, more = <-text:
			case <-ctx.Done():
				more = false
			}
		}
		for i := 0; ; {
			p.mu.Lock()
			var ch tts.Chunk
			there, done, err := i < len(p.chunks), p.done, p.err
			if there {
				ch = p.chunks[i]
			}
			p.mu.Unlock()
			switch {
			case ctx.Err() != nil:
				yield(tts.Chunk{}, ctx.Err())
				return
			case there:
				if !yield(ch, nil) {
					return
				}
				i++
			case err != nil:
				yield(tts.Chunk{}, err)
				return
			case done:
				return
			default:
				select {
				case <-p.more:
				case <-ctx.Done():
				}
			}
		}
	}
}

// fixed are the options for words that are the agent's own, such as its greeting.
func (c *loop) fixed() tts.Options {
	o := c.Speaking
	o.Fixed = true
	return o
}

// free reports whether nobody is paid for it: its sound was kept from before.
func (p *prepared) free() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.chunks) > 0 && p.chunks[0].Kept
}

// take gives what is prepared, once. nil: there is nothing that could be used.
func (c *loop) take() *prepared {
	p := c.state.who.ready
	c.state.who.ready = nil
	if p != nil && p.failed() {
		c.drop(p)
		return nil
	}
	return p
}

// drop: it will not be heard. It has been spoken, and that has a price.
func (c *loop) drop(p *prepared) {
	if p == nil {
		return
	}
	p.cancel()
	if !p.free() {
		c.History.Usage.TTSCharacters += utf8.RuneCountInString(p.text)
	}
}
