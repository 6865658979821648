// Package stt turns frames into words: one interface, its options, and the wrapper that changes vendor when one fails.
// The wrapper's goroutines end with the loop over its stream.
package stt

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
)

// Options say what is to be heard. A vendor leaves out what it does not know.
type Options struct {
	Language string             // contract code: en, es, …
	Keywords map[string]float64 // words and phrases that are likely → boost; Likeliest gives their order
	Phrases  []string           // sentences the agent's own text makes likely: prompt, actions, names
}

// Likeliest are the words of keywords, the highest boosts first.
func Likeliest(keywords map[string]float64) []string {
	words := slices.Collect(maps.Keys(keywords))
	slices.SortFunc(words, func(a, b string) int {
		return cmp.Or(cmp.Compare(keywords[b], keywords[a]), strings.Compare(a, b))
	})
	return words
}

// An Event is what a transcriber has made of the sound so far. Text of a partial replaces the partial before it; a final
// closes a segment, and the next partial begins a new one.
type Event struct {
	Text     string
	Final    bool
	End      bool            // the vendor itself holds the utterance to be over; may come without Text
	Semantic bool            // with End: by what was said and how, not by a silence alone
	Eager    bool            // the vendor holds the utterance to be probably over; other Text, or Started, takes it back
	Started  bool            // the vendor noticed speech, no words yet
	Words    []Word          // of Text, where the vendor times them
	Vendor   string          // who heard it
	At       time.Duration   // so much of the stream's sound had been heard by then; 0: the vendor does not say
	Lost     bool            // something was spoken, and nobody made words of it: the caller may be asked to say it again
	Notice   string          // Text is empty and the vendor changed: why, in one sentence
	Failed   parley.Failures // and who was passed over
}

// A Word with its place in the sound, from the first frame of the stream.
type Word struct {
	Text       string
	Start, End time.Duration
}

// A Transcriber hears. The stream lasts as long as the loop over it; it ends without an error when in is closed and all
// of it has been heard. Every event of a loop comes from one goroutine. An error ends the stream.
type Transcriber interface {
	Transcribe(ctx context.Context, in <-chan audio.Frame, o Options) iter.Seq2[Event, error]
}

// Func is a Transcriber made of a function.
type Func func(context.Context, <-chan audio.Frame, Options) iter.Seq2[Event, error]

func (f Func) Transcribe(ctx context.Context, in <-chan audio.Frame, o Options) iter.Seq2[Event, error] {
	return f(ctx, in, o)
}
