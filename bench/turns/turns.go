// Package turns is the referee of taking turns: it makes the sound of the corpus in testdata/speech by synthetic voices, plays it
// in virtual time to turn.Detector as a conversation would, and counts what was decided well and what was not. Nothing sleeps:
// an hour of talk takes seconds.
//
// Goroutines, all joined before Run returns: as many as there are processors, each with items of its own; while sound is made,
// as many that wait for a synthesizer's process.
package turns

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley/testdata/speech"
	"github.com/parley-voice/parley/turn"
)

// Options say what is measured.
type Options struct {
	Splits   []Split  // parts of the corpus; none is all
	Loss     float64  // percent of packets that do not come
	Set      []string // dial=value, as the contract calls them
	Only     []string // items whose name contains one of them; none is all
	Draws    int      // how often each item is drawn, with noises and transcribers of another seed; 0 is once
	Cache    string   // folder for the sound; "" is the user's cache folder
	Trace    bool     // keep what was decided in each item
	Hearing  Hearing  // nil: a model of a transcriber
	Progress func(string)
}

// Run measures.
func Run(ctx context.Context, o Options) (*Report, error) {
	dials, err := dialled(o.Set)
	if err != nil {
		return nil, err
	}
	labels, err := parse(speech.Labels, speech.Former, speech.HeldOut)
	if err != nil {
		return nil, fmt.Errorf("reading testdata/speech: %w", err)
	}
	if len(o.Splits) == 0 {
		o.Splits = splits
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	store, err := openStore(o.Cache)
	if err != nil {
		return nil, err
	}
	var items []Item
	for _, it := range labels.draw(max(1, o.Draws)) {
		if slices.Contains(o.Splits, it.Split) && (len(o.Only) == 0 || slices.ContainsFunc(o.Only, func(s string) bool { return strings.Contains(it.ID, s) })) {
			items = append(items, it)
		}
	}
	if o.Hearing != nil {
		items = sample(items)
	}
	if len(items) == 0 {
		return nil, fmt.Errorf("no item's name contains any of %q", o.Only)
	}
	missing, err := store.render(ctx, labels, items, o.Progress)
	if err != nil {
		return nil, err
	}
	r := &Report{Loss: o.Loss, Set: o.Set, Missing: missing, Part: part(o)}
	if o.Hearing != nil {
		r.Heard = "local hearing"
	}
	began := time.Now()
	results, err := play(ctx, store, items, dials, o)
	if err != nil {
		return nil, err
	}
	r.Took = time.Since(began)
	r.score(results)
	return r, nil
}

func part(o Options) string {
	var names []string
	for _, s := range o.Splits {
		names = append(names, string(s))
	}
	return strings.Join(names, " and ")
}

// play has every item heard. Items whose voice this machine has not are left out.
func play(ctx context.Context, s *store, items []Item, dials turn.Options, o Options) ([]Result, error) {
	results := make([]Result, len(items))
	next := make(chan int)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := range next {
				results[i] = hear(ctx, s, &items[i], dials, o)
			}
		})
	}
	for i := range items {
		if ctx.Err() != nil {
			break
		}
		next <- i
		if i%500 == 499 {
			o.Progress(fmt.Sprintf("%d of %d", i+1, len(items)))
		}
	}
	close(next)
	wg.Wait()
	return results, ctx.Err()
}

// folder is where the sound is kept.
func folder(path string) (string, error) {
	if path == "" {
		home, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("finding the cache folder: %w", err)
		}
		path = filepath.Join(home, "parley", "speech")
	}
	return path, os.MkdirAll(path, 0o755)
}
