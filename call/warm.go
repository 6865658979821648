package call

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio/hold"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/llm"
)

// A warming is what is made ready for a call beside everything else, each part in a goroutine of its own: nobody waits for it but the
// end of the call, which ends it.
type warming struct {
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex // guards all below
	over   bool       // the call is: nothing more is told of it
	tokens llm.Usage  // what was paid to have the prompt read
}

// warm begins to make ready what hears, thinks and speaks, and has the model read the prompt where the agent wants that. What fails here
// fails again where it is told, but for what vital says.
func (l *line) warm(ctx context.Context, a *parley.Agent) (vital <-chan error) {
	ctx, l.warming.cancel = context.WithCancel(ctx)
	errs := make(chan error, len(l.ready.Warm))
	tried := make(chan error, 1)
	var needed sync.WaitGroup
	for _, w := range l.ready.Warm {
		if w.Vital {
			needed.Add(1)
		}
		l.warming.running.Go(func() {
			err := l.do(ctx, w)
			if w.Vital {
				errs <- err
				needed.Done()
			}
			if w.Skill == "thinking" && err == nil && a.PreloadPrompt != nil && *a.PreloadPrompt {
				l.preload(ctx, w.Vendor)
			}
		})
	}
	l.warming.running.Go(func() { _ = acousticsOf(a).prepare() })
	if mayHold(a) {
		l.warming.running.Go(func() { hold.New() }) // the first of a process takes its time
	}
	l.warming.running.Go(func() {
		needed.Wait()
		close(errs)
		var all error
		for err := range errs {
			all = errors.Join(all, err)
		}
		tried <- all
	})
	return tried
}

func (l *line) do(ctx context.Context, w Warming) error {
	got, err := w.Do(ctx)
	got.Skill, got.Vendor = w.Skill, w.Vendor
	if err != nil {
		got.Error = err.Error()
	}
	l.warmed(ctx, got, llm.Usage{})
	return err
}

// preload has the model read what the first turn of the call will begin with.
func (l *line) preload(ctx context.Context, vendor string) {
	p, ok := l.ready.Think.(llm.Preloader)
	if !ok {
		return
	}
	began := time.Now()
	got, err := p.Preload(ctx, conversation.Opening(&l.script.setup))
	w := parley.Warmth{Skill: "prompt", Vendor: vendor, TookMS: float64(time.Since(began).Microseconds()/100) / 10, Skipped: got.Skipped,
		TokensIn: got.Usage.In, TokensOut: got.Usage.Out, TokensCached: got.Cached}
	if err != nil {
		w.Error = err.Error()
	}
	l.warmed(ctx, w, got.Usage)
}

// warmed tells how something went, unless the call is over. Tokens that were paid for are counted as long as they can be.
func (l *line) warmed(ctx context.Context, w parley.Warmth, u llm.Usage) {
	l.warming.mu.Lock()
	defer l.warming.mu.Unlock()
	if l.warming.over {
		return
	}
	l.warming.tokens.In += u.In
	l.warming.tokens.Out += u.Out
	if ctx.Err() == nil {
		l.facts.add(parley.EventWarmed, w)
	}
}

// stop ends it, and what it has cost by now stands. It may not have begun.
func (w *warming) stop() {
	w.mu.Lock()
	w.over = true
	w.mu.Unlock()
	if w.cancel != nil {
		w.cancel()
	}
}

func (w *warming) wait() { w.running.Wait() }
