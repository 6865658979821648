package turns

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/turn"
)

// A Hearing is a transcriber that hears English and says in each event how much it had heard by then, so that it may hear faster, or
// slower, than people speak. It is used by several goroutines at once.
type Hearing interface{ stt.Transcriber }

const (
	// computing is how long words take to be found after the sound that they are found in, on a machine that is not overrun.
	computing = 60 * time.Millisecond
	// perClass is how many items of a class are really heard.
	perClass = 12
)

// sample are the English items of each class that are heard: as many, chosen by their names. The agent's echo is none of them, for it
// is known only when the agent speaks.
func sample(items []Item) []Item {
	items = slices.DeleteFunc(slices.Clone(items), func(it Item) bool { return it.Lang != "en" || it.Class == Echo })
	slices.SortStableFunc(items, func(a, b Item) int { return cmp.Compare(hash("sample"+a.ID), hash("sample"+b.ID)) })
	had := map[Class]int{}
	return slices.DeleteFunc(items, func(it Item) bool {
		had[it.Class]++
		return had[it.Class] > perClass
	})
}

// transcribed is all that a transcriber says of a scene.
func transcribed(ctx context.Context, it *Item, sc *scene, o *Options) ([]told, error) {
	if o.Hearing == nil {
		return append(hearOpening(it, sc), newScribe(it).hear(it, sc)...), nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	frames := make(chan audio.Frame, len(sc.near)/audio.Samples)
	w := newWire(it.Seed, o.Loss)
	for n := 0; (n+1)*audio.Samples <= len(sc.near); n++ {
		var f audio.Frame
		copy(f[:], sc.near[n*audio.Samples:])
		w.carry(&f)
		frames <- f
	}
	close(frames)
	var out []told
	for e, err := range o.Hearing.Transcribe(ctx, frames, stt.Options{Language: it.Lang, Phrases: []string{it.Asked}}) {
		if err != nil {
			return nil, err
		}
		out = append(out, told{e.At + computing, turn.Words{Text: e.Text, Final: e.Final, End: e.End, Started: e.Started}})
	}
	return out, nil
}

// misheard counts the words of a scene, and those of them that were lost, put in or taken for others.
func misheard(sc *scene, words []told) (said, wrong int) {
	var is, heard []string
	for _, t := range append([]string{sc.openingText}, sc.texts...) {
		is = append(is, strings.Fields(turn.Plain(t))...)
	}
	for _, w := range words {
		if w.Final {
			heard = append(heard, strings.Fields(turn.Plain(w.Text))...)
		}
	}
	row := make([]int, len(heard)+1)
	for i := range row {
		row[i] = i
	}
	for i, a := range is {
		before := row[0]
		row[0] = i + 1
		for k, b := range heard {
			here := before
			if a != b {
				here = 1 + min(before, row[k], row[k+1])
			}
			before, row[k+1] = row[k+1], here
		}
	}
	return len(is), row[len(heard)]
}
