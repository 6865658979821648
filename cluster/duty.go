package cluster

import (
	"context"
	"log/slog"
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
	asked, done := context.WithTimeout(ctx, askWait)
	defer done()
	for _, p := range duties {
		if k.Draining() && slices.ContainsFunc(k.up, func(n store.Node) bool { return n.Has(p.Role) }) {
			p.leave()
			if err := k.Store.GiveDuty(asked, p.Duty); err != nil {
				return err
			}
			continue
		}
		mine, err := k.Store.TakeDuty(asked, p.Duty, k.silent...)
		if err != nil {
			return err
		}
		if mine {
			p.enter(ctx)
		} else {
			p.leave()
		}
	}
	return nil
}

// A post is a duty, and whether it is being done here.
type post struct {
	Task
	log    *slog.Logger
	cancel context.CancelFunc // nil: it is not
	done   chan struct{}      // closed when it has ended
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

func (p *post) leave() {
	if p.cancel == nil {
		return
	}
	p.cancel()
	<-p.done
	p.cancel = nil
}
