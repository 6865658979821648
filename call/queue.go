package call

import (
	"context"
	"log/slog"
	"time"

	"github.com/parley-voice/parley"
)

const (
	// lookAgain is when the queue is looked at though nothing said so: another process may have freed a slot.
	lookAgain = 30 * time.Second
	// queueRetry is when it is looked at again after the store failed.
	queueRetry = time.Second
)

// A Queue lets calls that wait go when their time has come and there is a slot, and tells the end of those whose time has passed.
type Queue struct {
	// Admit does the former and returns the latter, which it has ended, and when to look again; zero: when something changes.
	// With an error it may return what it did before it.
	Admit  func(ctx context.Context) (ended []parley.Call, next time.Time, err error)
	Freed  <-chan struct{} // has a value when there may be a slot more, or a call
	Log    Log
	Logger *slog.Logger // nil: the default
}

// Run is one goroutine, until ctx is done.
func (q *Queue) Run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-q.Freed:
		case <-ctx.Done():
			return nil
		}
		timer.Reset(q.look(ctx))
	}
}

// look admits once, and says after how long to do so again.
func (q *Queue) look(ctx context.Context) time.Duration {
	log := q.Logger
	if log == nil {
		log = slog.Default()
	}
	ended, next, err := q.Admit(ctx)
	for i := range ended {
		Farewell(q.Log, &ended[i])
		log.Info("call ended", "call", ended[i].ID, "ended_reason", ended[i].Cause)
	}
	if len(ended) > 0 {
		if err := q.Log.Flush(context.WithoutCancel(ctx)); err != nil {
			log.Error("events of calls that did not connect were not written", "error", err)
		}
	}
	switch {
	case err != nil:
		if ctx.Err() == nil {
			log.Error("the queue of calls stands still", "error", err)
		}
		return queueRetry
	case next.IsZero():
		return lookAgain
	}
	return min(max(time.Until(next), 0), lookAgain)
}

// Farewell appends the last events of a call that ended without a switchboard.
func Farewell(log parley.Log, c *parley.Call) {
	(&facts{callID: c.ID, log: log, private: c.Private}).farewell(c)
}
