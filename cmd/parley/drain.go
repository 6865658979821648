package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/parley-voice/parley"
)

// A gentle stop is asked for by SIGTERM, of a command that knows how: the calls that run go on.
type gentle struct {
	asked chan struct{} // closed then
	known atomic.Bool   // the command that runs knows how
}

type gentleKey struct{}

// stopped is done when the process is to end: at the first signal, but for SIGTERM where calls may go on, which leaves that to the
// second. The one after that ends the process at once.
func stopped() (ctx context.Context, stop func()) {
	g := &gentle{asked: make(chan struct{})}
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), gentleKey{}, g))
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	stop = func() { signal.Stop(signals); cancel() }
	go func() {
		if s := <-signals; s == syscall.SIGTERM && g.known.Load() {
			close(g.asked)
			<-signals
		}
		stop()
	}()
	return ctx, stop
}

// drainLook is how often a node that drains looks whether its last call is over.
const drainLook = 200 * time.Millisecond

// untilDrained is ctx until a gentle stop was asked for and the calls that run are over, or the limit has passed. From the asking on
// no new calls are taken.
func (h *house) untilDrained(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	g, _ := ctx.Value(gentleKey{}).(*gentle)
	if g == nil {
		return ctx, cancel
	}
	g.known.Store(true)
	go func() {
		defer cancel()
		select {
		case <-g.asked:
		case <-ctx.Done():
			return
		}
		h.place.keeper.Drain()
		h.log.Info("draining: no new calls; a further signal ends those that run", "calls", h.switchboard.Live(), "limit", h.set().Cluster.Drain)
		look := time.NewTicker(drainLook)
		defer look.Stop()
		late := time.NewTimer(h.set().Cluster.Drain)
		defer late.Stop()
		for h.place.seats.taken.Load() > 0 { // a call that has just been taken is not live yet
			select {
			case <-look.C:
			case <-late.C:
				h.log.Warn("the limit of draining has passed: calls are ended", "calls", h.switchboard.Live())
				return
			case <-ctx.Done():
				return
			}
		}
	}()
	return ctx, cancel
}

var (
	errDraining = errors.New("the server is being stopped, and takes no new calls")
	errFull     = errors.New("as many calls run as PARLEY_MAX_CALLS or the measured capacity allows")
	errApart    = errors.New("the database cannot be reached: a new call could not be kept")
)

// dialsAtOnce bounds the calls that are dialled or running by jobs of this process.
const dialsAtOnce = 1000

// seats are the calls that this process has, and may have.
type seats struct {
	taken atomic.Int64
}

// room is how many more calls are taken here now; none: why.
func (h *house) room() (int, error) { return h.roomBeside(int(h.place.seats.taken.Load())) }

// roomBeside is room while so many calls run.
func (h *house) roomBeside(taken int) (int, error) {
	if h.place.keeper.Draining() {
		return 0, errDraining
	}
	if h.place.keeper.Apart() {
		return 0, errApart
	}
	n := dialsAtOnce
	if most := h.set().Cluster.MaxCalls; most > 0 {
		if n = min(n, most-taken); n <= 0 {
			return 0, errFull
		}
	}
	if room := h.place.gauge.Room(taken); room == 0 {
		return 0, &fullError{h.place.gauge.State()}
	} else if room > 0 {
		n = min(n, room)
	}
	return n, nil
}

// take reserves the seat of a call that comes in or goes out, before anything is done about it.
func (h *house) take() (release func(), err error) {
	if _, err := h.roomBeside(int(h.place.seats.taken.Add(1)) - 1); err != nil {
		h.place.seats.taken.Add(-1)
		return nil, err
	}
	return sync.OnceFunc(func() { h.place.seats.taken.Add(-1) }), nil
}

// admit lets queued calls go, where calls are taken.
func (h *house) admit(ctx context.Context) ([]parley.Call, time.Time, error) {
	if h.place.keeper.Draining() {
		return nil, time.Time{}, nil
	}
	a, err := h.db.Admit(ctx)
	return a.Expired, a.Next, err
}

// ready says whether this node is to be sent requests and calls.
func (h *house) ready(ctx context.Context) error {
	if h.place.keeper.Draining() {
		return errDraining
	}
	return h.db.Ping(ctx)
}
