// Package tts turns words into frames: one interface, its options, and the wrapper that changes vendor when one fails.
// The wrapper's goroutines end with the loop over its stream.
package tts

import (
	"context"
	"io"
	"iter"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// Options say how it is to be spoken. What is the vendor's own (voice, model, speed) was given when it was opened.
type Options struct {
	Language string  // contract code
	Lexicon  Lexicon // for a Synthesizer that is Phonetic; nil: none
	Fixed    bool    // the words are an agent's own, such as its greeting, will be said again, and all of them are there at once
}

// A Chunk is one frame; Text, when set, is what has become complete at the frame's end: the words, with the spaces and
// marks around them, such that all Texts of a stream together are what was sent in.
type Chunk struct {
	Frame  audio.Frame
	Text   string
	Vendor string          // who spoke it, set on the first chunk
	Kept   bool            // nobody spoke it now: it was kept (tts/kept), and costs nothing
	Notice string          // the vendor changed: why, in one sentence
	Failed parley.Failures // and who was passed over
}

// A Synthesizer speaks. Each string received from text is a speakable piece (a clause or a sentence) and is begun at once.
// The stream ends when text is closed and all of it was spoken, or with an error; it lasts no longer than the loop over it.
// One Synthesizer serves one call; streams of it do not overlap.
type Synthesizer interface {
	Speak(ctx context.Context, text <-chan string, o Options) iter.Seq2[Chunk, error]
}

// An Inner is a Synthesizer within another, which embeds it: what it can do beside speaking the other can, too.
type Inner struct{ Synthesizer }

// Warm has it make ready what its first sound needs, where it can.
func (i Inner) Warm(ctx context.Context) error {
	if w, ok := i.Synthesizer.(interface{ Warm(context.Context) error }); ok {
		return w.Warm(ctx)
	}
	return nil
}

// Close closes it, where it can be.
func (i Inner) Close() error {
	if c, ok := i.Synthesizer.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// Func is a Synthesizer made of a function.
type Func func(context.Context, <-chan string, Options) iter.Seq2[Chunk, error]

func (f Func) Speak(ctx context.Context, text <-chan string, o Options) iter.Seq2[Chunk, error] {
	return f(ctx, text, o)
}
