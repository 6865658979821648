// Package cluster is what several processes on one database know of each other, and how they reach each other. What has to last is
// in the database: who the nodes are, whose a call is, and which node does what one alone may do. A Keeper tells that this node
// lives, finds those that do not any more and ends their calls, and runs the duties that are this node's. A Bus carries, by NATS,
// what may be lost: loads, commands to calls that run elsewhere, their sound and live events, and that there is something to do.
//
// Goroutines: a Keeper's Run and one for each duty that it has; a Bus has NATS's own, one that tells of this node's load, one for each
// command that is carried out here and one for each listener. Run and Close wait for them. A Keeper has one more for each node whose calls' end is told.
package cluster

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

const (
	// Every is how often a node beats and looks at the others.
	Every = 2 * time.Second
	// LostAfter is how long another node's beat must be seen not to grow, by this node's clock and with the database there all the
	// while, until it counts as dead. Its calls are to have ended 30 s after it died.
	LostAfter = 20 * time.Second
	// askWait is how long the database may take to answer a beat.
	askWait = 5 * time.Second
	// buryWait is how long it may take to end the calls of a node that is gone. Meanwhile this node does not beat.
	buryWait = LostAfter / 2
)

// Store is the table of nodes. *store.DB is one.
type Store interface {
	Self() string
	Join(ctx context.Context, n store.Node) error
	Beat(ctx context.Context, state string) error
	Nodes(ctx context.Context) ([]store.Node, error)
	Bereave(ctx context.Context, n store.Node) ([]parley.Call, error)
	TakeDuty(ctx context.Context, name string) (bool, error)
	Leave(ctx context.Context) error
}

// A Keeper keeps a node among the others of its database.
type Keeper struct {
	Store  Store
	Node   store.Node
	Duties []Duty
	// Lost is given the calls of a node that is gone: their end is to be told.
	Lost func(ctx context.Context, calls []parley.Call)
	// Fenced is called when others took this node for dead: what runs here is not its any more. It returns once that has been let go of.
	Fenced func(ctx context.Context)
	// Alive says whether something else than the database has heard of a node lately. nil: there is nothing else.
	Alive  func(node string) bool
	Logger *slog.Logger
	// Alone says that there can be no others: nobody looks, so the node beats once.
	Alone bool

	mu    sync.Mutex // guards state
	state string

	sights  map[string]*sight // by node; Run's alone
	looked  time.Time         // when the others were looked at last
	burials sync.WaitGroup
}

// A Duty is what one node does for all. Run does it until ctx is done; it may begin again.
type Duty struct {
	Name string
	Run  func(ctx context.Context) error
}

// A sight is when the beat of another node was last seen to grow.
type sight struct {
	run   string
	beat  int64
	since time.Time
}

// Drain has the others know that this node takes no new calls any more, at the next beat.
func (k *Keeper) Drain() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state = store.NodeDraining
}

// Draining reports whether Drain was called.
func (k *Keeper) Draining() bool { return k.now() == store.NodeDraining }

func (k *Keeper) now() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state == "" {
		return store.NodeUp
	}
	return k.state
}

// Run beats until ctx is done; then the duties have ended and the node has left. The node has joined before.
func (k *Keeper) Run(ctx context.Context) error {
	if k.Logger == nil {
		k.Logger = slog.Default()
	}
	k.sights = map[string]*sight{}
	duties := make([]*post, len(k.Duties))
	for i, d := range k.Duties {
		duties[i] = &post{Duty: d, log: k.Logger}
	}
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		if k.round(ctx, duties) && k.Alone {
			tick.Stop()
		}
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}
		for _, p := range duties {
			p.leave()
		}
		k.burials.Wait()
		ctx, done := context.WithTimeout(context.WithoutCancel(ctx), askWait)
		defer done()
		if err := k.Store.Leave(ctx); err != nil {
			k.Logger.Warn("the other nodes will find out by themselves that this one has ended", "error", err)
		}
		return nil
	}
}

// round beats, looks after the duties and then at the others; false: that did not go well.
func (k *Keeper) round(ctx context.Context, duties []*post) bool {
	asked, done := context.WithTimeout(ctx, askWait)
	defer done()
	err := k.Store.Beat(asked, k.now())
	if errors.Is(err, store.ErrGone) {
		k.Logger.Error("this node could not be seen by others, which took it for dead: its calls are ended, and it begins anew")
		for _, p := range duties {
			p.leave()
		}
		if k.Fenced != nil {
			k.Fenced(ctx)
		}
		joining, joined := context.WithTimeout(ctx, askWait)
		defer joined()
		err = k.Store.Join(joining, k.Node)
	}
	if err == nil {
		err = k.duties(asked, ctx, duties)
	}
	if err == nil {
		err = k.look(ctx)
	}
	if err != nil {
		clear(k.sights) // who cannot look has not seen anybody dead
		if ctx.Err() == nil {
			k.Logger.Error("the nodes of this database", "error", err)
		}
	}
	return err == nil
}

// duties takes those that are nobody's.
func (k *Keeper) duties(asked, ctx context.Context, duties []*post) error {
	for _, p := range duties {
		mine, err := k.Store.TakeDuty(asked, p.Name)
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

// look finds nodes that do not beat any more.
func (k *Keeper) look(ctx context.Context) error {
	asked, done := context.WithTimeout(ctx, askWait)
	nodes, err := k.Store.Nodes(asked)
	done()
	if err != nil {
		return err
	}
	now := time.Now()
	if now.Sub(k.looked) > 3*Every { // who stood still has not seen the others stand still
		clear(k.sights)
	}
	k.looked = now
	seen := map[string]bool{}
	for _, n := range nodes {
		if n.ID == k.Store.Self() {
			continue
		}
		seen[n.ID] = true
		s := k.sights[n.ID]
		if s == nil || s.run != n.Run || s.beat != n.Beat || k.Alive != nil && k.Alive(n.ID) {
			k.sights[n.ID] = &sight{n.Run, n.Beat, now}
			continue
		}
		if now.Sub(s.since) < LostAfter {
			continue
		}
		burying, buried := context.WithTimeout(ctx, buryWait)
		lost, err := k.Store.Bereave(burying, n)
		buried()
		if err != nil {
			return err
		}
		k.Logger.Warn("a node is gone", "node", n.ID, "calls", len(lost))
		if len(lost) > 0 && k.Lost != nil {
			k.burials.Go(func() { k.Lost(context.WithoutCancel(ctx), lost) })
		}
	}
	for id := range k.sights {
		if !seen[id] {
			delete(k.sights, id)
		}
	}
	return nil
}

// A post is a duty, and whether it is being done here.
type post struct {
	Duty
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
