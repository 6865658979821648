// Package spoken has voices say what people say: the figures, amounts, dates, times, telephone numbers, addresses and
// abbreviations that a model writes become words before a vendor sees them, in the languages of the contract, and so do the words
// of an environment's pronunciation dictionary. Transcript, history and what was heard keep the text as it was written.
//
// Each stream of a Voice has one goroutine that hands pieces on; it ends with the loop over the stream.
package spoken

import (
	"context"
	"iter"
	"sync"

	"github.com/parley-voice/parley/tts"
)

// Voice is inner, given words to say. Its chunks have the Text that was written: what of a piece was read otherwise is told when
// all of its words were. d may be nil.
//
// The result is an io.Closer and can be warmed, as inner is.
func Voice(inner tts.Synthesizer, d *Dictionary) tts.Synthesizer {
	return &voice{Inner: tts.Inner{Synthesizer: inner}, dictionary: d}
}

type voice struct {
	tts.Inner
	dictionary *Dictionary
}

func (v *voice) Speak(ctx context.Context, text <-chan string, o tts.Options) iter.Seq2[tts.Chunk, error] {
	return func(yield func(tts.Chunk, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		pieces := make(chan string)
		var t teller
		var reading sync.WaitGroup
		reading.Go(func() { v.read(ctx, text, pieces, &t, o.Language) })
		defer reading.Wait()
		defer cancel()
		for c, err := range v.Inner.Speak(ctx, pieces, v.options(o)) {
			if c.Text != "" {
				c.Text = t.told(len(c.Text))
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

func (v *voice) options(o tts.Options) tts.Options {
	if v.phonetic(o.Language) {
		o.Lexicon = v.dictionary.lexicon(o.Language)
	}
	return o
}

func (v *voice) phonetic(language string) bool {
	p, ok := v.Synthesizer.(tts.Phonetic)
	return ok && p.Phonetic(short(language))
}

// read hands on what each piece is to sound like, and closes out after the last.
func (v *voice) read(ctx context.Context, text <-chan string, out chan<- string, t *teller, language string) {
	r := NewReader(language, v.dictionary, v.phonetic(language))
	for {
		select {
		case piece, ok := <-text:
			if !ok {
				close(out)
				return
			}
			reading := r.Read(piece)
			t.add(reading)
			select {
			case out <- reading.Said:
			case <-ctx.Done():
				return
			}
		case <-ctx.Done():
			return
		}
	}
}

// A teller knows of what was said what had been written.
type teller struct {
	mu       sync.Mutex // guards all below
	readings []Reading
	span     int // of the first reading
	said     int // bytes of that span's words that are told
	at       int // its bytes that are
}

func (t *teller) add(r Reading) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.readings = append(t.readings, r)
}

// told is what is complete once n more bytes have been said.
func (t *teller) told(n int) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := ""
	for len(t.readings) > 0 {
		r := &t.readings[0]
		from := t.at
		n = t.over(r, n)
		if text == "" {
			text = r.Written[from:t.at]
		} else {
			text += r.Written[from:t.at]
		}
		if t.span < len(r.spans) {
			break
		}
		t.readings, t.span, t.at = t.readings[1:], 0, 0
		if n == 0 {
			break
		}
	}
	return text
}

// over goes on by n bytes said within r, and returns those that are over.
func (t *teller) over(r *Reading, n int) int {
	for ; t.span < len(r.spans); t.span++ {
		s := r.spans[t.span]
		left := s.said - t.said
		if n < left {
			t.said += n
			if s.same {
				t.at += n
			}
			return 0
		}
		n -= left
		if s.same {
			t.at += left
		} else {
			t.at += s.written
		}
		t.said = 0
	}
	return n
}
