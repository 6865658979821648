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
	// letAfter is how long this node may not have beaten until it leaves its duties to others, which take them after LostAfter, and says
	// that it takes no calls.
	letAfter = LostAfter / 2
	// buryWait is how long it may take to end the calls of a node that is gone. Meanwhile this node does not beat.
	buryWait = LostAfter / 2
)

// Store is the table of nodes. *store.DB is one.
type Store interface {
	Self() string
	Row
	Beat(ctx context.Context, state string) error
	Nodes(ctx context.Context) ([]store.Node, error)
	Bereave(ctx context.Context, n store.Node) ([]parley.Call, error)
	Duties
}

// Row is this node's own among them.
type Row interface {
	Join(ctx context.Context, n store.Node) error
	SetMost(ctx context.Context, most int) error
	Leave(ctx context.Context) error
}

// A Keeper keeps a node among the others of its database.
type Keeper struct {
	Store Store
	Node  store.Node
	Tasks []Task
	// Lost is given the calls of a node that is gone: their end is to be told. left are those of which it could not be; it is given them again.
	Lost func(ctx context.Context, calls []parley.Call) (left []parley.Call)
	// Owed are calls that Lost is to be given at the beginning.
	Owed []parley.Call
	// Fenced is called when others took this node for dead, or its place: what runs here is not its any more. It returns once that has been let go of.
	Fenced func(ctx context.Context)
	// Alive says whether something else than the database has heard of a node lately. nil: there is nothing else.
	Alive func(node string) bool
	// Saw is told of all nodes each time they have been looked at, this one among them. nil: nobody wants to know.
	Saw    func(nodes []store.Node)
	Logger *slog.Logger
	// Alone says that there can be no others: nobody looks, so the node beats once.
	Alone bool

	mu     sync.Mutex // guards what follows
	state  string
	beaten time.Time       // when this node beat last; zero: it has not begun
	held   map[string]bool // by duty
	untold bool            // that Node.Most is another

	sights  map[string]*sight // by node; Run's alone, as what follows
	looked  time.Time         // when the others were looked at last
	silent  []store.Node      // those that live, and have not been seen to beat for LostAfter
	up      []store.Node      // the others that are up
	burials sync.WaitGroup
}

// A sight is when another node was last seen to live.
type sight struct {
	run   string
	beat  int64
	grown time.Time // the beat
	since time.Time // that, or heard otherwise
}

// Drain has the others know that this node takes no new calls any more, at the next beat.
func (k *Keeper) Drain() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state = store.NodeDraining
}

// Draining reports whether Drain was called.
func (k *Keeper) Draining() bool { return k.now() == store.NodeDraining }

// SetMost has the others know how many calls this node takes at once; 0: no limit was given.
func (k *Keeper) SetMost(ctx context.Context, most int) error {
	k.mu.Lock()
	same := k.Node.Most == most && !k.untold
	k.Node.Most = most
	k.mu.Unlock()
	if same {
		return nil
	}
	ctx, done := context.WithTimeout(ctx, askWait)
	defer done()
	err := k.Store.SetMost(ctx, most)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.untold = err != nil
	return err
}

func (k *Keeper) node() store.Node {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.Node
}

func (k *Keeper) now() string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.state == "" {
		return store.NodeUp
	}
	return k.state
}

// Apart reports whether this node has not reached the database for so long that others do what was its duty. It takes no calls: they
// could not be kept.
func (k *Keeper) Apart() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !k.Alone && !k.beaten.IsZero() && time.Since(k.beaten) >= letAfter
}

func (k *Keeper) beat() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.beaten = time.Now()
}

// Run beats until ctx is done; then the duties have ended and the node has left. The node has joined before. store.ErrReplaced: another
// process has its place.
func (k *Keeper) Run(ctx context.Context) error {
	if k.Logger == nil {
		k.Logger = slog.Default()
	}
	k.sights = map[string]*sight{}
	duties := make([]*post, len(k.Tasks))
	for i, t := range k.Tasks {
		duties[i] = &post{Task: t, log: k.Logger}
	}
	k.beat()
	telling, told := context.WithCancel(context.WithoutCancel(ctx))
	defer told()
	k.burials.Go(func() { k.tell(telling, k.Owed) })
	tick := time.NewTicker(Every)
	defer tick.Stop()
	for {
		err := k.round(ctx, telling, duties)
		k.note(duties)
		if err == nil && k.Alone {
			tick.Stop()
		}
		if errors.Is(err, store.ErrReplaced) {
			told()
			k.burials.Wait()
			return err
		}
		select {
		case <-tick.C:
			continue
		case <-ctx.Done():
		}
		for _, p := range duties {
			p.leave()
		}
		k.note(duties)
		told()
		k.burials.Wait()
		ctx, done := context.WithTimeout(context.WithoutCancel(ctx), askWait)
		defer done()
		if err := k.Store.Leave(ctx); err != nil {
			k.Logger.Warn("the other nodes will find out by themselves that this one has ended", "error", err)
		}
		return nil
	}
}

// round beats, looks after the duties and then at the others.
func (k *Keeper) round(ctx, telling context.Context, duties []*post) error {
	asked, done := context.WithTimeout(ctx, askWait)
	defer done()
	err := k.Store.Beat(asked, k.now())
	if errors.Is(err, store.ErrGone) || errors.Is(err, store.ErrReplaced) {
		k.Logger.Error("calls of this node are ended", "error", err)
		for _, p := range duties {
			p.leave()
		}
		if k.Fenced != nil {
			k.Fenced(ctx)
		}
		if errors.Is(err, store.ErrReplaced) {
			return err
		}
		joining, joined := context.WithTimeout(ctx, askWait)
		defer joined()
		err = k.Store.Join(joining, k.node())
	}
	if err == nil {
		k.beat()
		err = k.duties(ctx, duties)
	}
	if err == nil {
		err = k.look(ctx, telling)
	}
	if err != nil {
		clear(k.sights) // who cannot look has not seen anybody dead
		k.silent, k.up = nil, nil
		if ctx.Err() == nil {
			k.Logger.Error("the nodes of this database", "error", err)
		}
		if k.Apart() {
			for _, p := range duties {
				p.leave()
			}
		}
	}
	return err
}

// look finds nodes that do not beat any more.
func (k *Keeper) look(ctx, telling context.Context) error {
	asked, done := context.WithTimeout(ctx, askWait)
	nodes, err := k.Store.Nodes(asked)
	done()
	if err != nil {
		return err
	}
	if k.Saw != nil {
		k.Saw(nodes)
	}
	now := time.Now()
	if now.Sub(k.looked) > 3*Every { // who stood still has not seen the others stand still
		clear(k.sights)
	}
	k.looked, k.silent, k.up = now, nil, nil
	seen := map[string]bool{}
	for _, n := range nodes {
		if n.ID == k.Store.Self() {
			continue
		}
		seen[n.ID] = true
		if n.State == store.NodeUp {
			k.up = append(k.up, n)
		}
		s := k.sights[n.ID]
		if s == nil || s.run != n.Run || s.beat != n.Beat {
			k.sights[n.ID] = &sight{n.Run, n.Beat, now, now}
			continue
		}
		if k.Alive != nil && k.Alive(n.ID) { // its calls run; it has only lost the database
			s.since = now
			if now.Sub(s.grown) >= LostAfter {
				k.silent = append(k.silent, n)
			}
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
			k.burials.Go(func() { k.tell(telling, lost) })
		}
	}
	for id := range k.sights {
		if !seen[id] {
			delete(k.sights, id)
		}
	}
	return nil
}

// buryAgain is when Lost is given calls again that are left, for the first time; then twice as long, buryLatest at most.
const (
	buryAgain  = 2 * time.Second
	buryLatest = 30 * time.Second
)

// tell has the end of calls told, again and again, until all are or ctx is done.
func (k *Keeper) tell(ctx context.Context, calls []parley.Call) {
	if k.Lost == nil {
		return
	}
	for wait := buryAgain; len(calls) > 0; wait = min(2*wait, buryLatest) {
		if calls = k.Lost(context.WithoutCancel(ctx), calls); len(calls) == 0 {
			return
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
	}
}
