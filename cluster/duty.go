package cluster

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/parley-voice/parley/store"
)

// Duties is the table of duties. *store.DB is one.
type Duties interface {
	TakeDuty(ctx context.Context, d store.Duty, silent ...store.Node) (bool, error)
	GiveDuty(ctx context.Context, d store.Duty) error
}

// A Task is a duty and how it is done. Run does it until ctx is done; it may begin again. When it has returned nothing of it goes on.
type Task struct {
	store.Duty
	Run func(ctx context.Context) error
}

// duties takes those that are nobody's. A node that drains gives back what another can do, once it has ended here.
func (k *Keeper) duties(ctx context.Context, duties []*post) error {
	for _, p := range duties {
		if err := k.duty(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (k *Keeper) duty(ctx context.Context, p *post) error {
	away := k.Draining() && slices.ContainsFunc(k.up, func(n store.Node) bool { return n.Has(p.Role) })
	if away && !p.left() {
		return nil // given back once it has ended: the beat does not wait for it
	}
	asked, done := context.WithTimeout(ctx, askWait)
	defer done()
	if away {
		return k.Store.GiveDuty(asked, p.Duty)
	}
	mine, err := k.Store.TakeDuty(asked, p.Duty, k.silent...)
	switch {
	case err != nil:
		return err
	case !mine:
		p.left()
	case !p.ending || p.left(): // what was let go of is begun again once it has ended
		p.enter(ctx)
	}
	return nil
}

// A post is a duty, and whether it is being done here.
type post struct {
	Task
	log    *slog.Logger
	cancel context.CancelFunc // nil: it is not
	ending bool               // it was told to end, and has not yet
	done   chan struct{}      // closed when it has ended
}

// note has Held know what is done now.
func (k *Keeper) note(duties []*post) {
	held := make(map[string]bool, len(duties))
	for _, p := range duties {
		held[p.Name] = p.cancel != nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.held = held
}

// Held are the names of all Tasks, and whether their duty was this node's after the last beat.
func (k *Keeper) Held() map[string]bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.held)
}

// dutyAgain is when a duty is begun again that ended by itself.
const dutyAgain = time.Second

func (p *post) enter(ctx context.Context) {
	if p.cancel != nil {
		return
	}
	ctx, p.cancel = context.WithCancel(context.WithoutCancel(ctx))
	p.done = make(chan struct{})
	go func() {
		defer close(p.done)
		for ctx.Err() == nil {
			if err := p.Run(ctx); err != nil && ctx.Err() == nil {
				p.log.Error("a duty ended, and is begun again", "duty", p.Name, "error", err)
			}
			select {
			case <-time.After(dutyAgain):
			case <-ctx.Done():
			}
		}
	}()
}

// leaveWait is how long a round waits for a duty to end.
const leaveWait = 2 * time.Second

// left ends it; false: it has not ended yet.
func (p *post) left() bool {
	if p.cancel == nil {
		return true
	}
	p.cancel()
	p.ending = true
	select {
	case <-p.done:
	case <-time.After(leaveWait):
		return false
	}
	p.cancel, p.ending = nil, false
	return true
}

// leave ends it, however long that takes.
func (p *post) leave() {
	for !p.left() {
	}
}
