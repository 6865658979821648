package leg

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parley-voice/parley"
)

// turnMost is how long a call waits for its turn when an account may place only so many a second.
const turnMost = 30 * time.Second

// ErrLimit: the account has as many calls as it may.
var ErrLimit = errors.New("the trunk's limit of calls is reached")

// Lines takes one of an account's lines, of which there are most, where several processes share them. It waits for whoever keeps count.
// release, which does not wait, gives it back. !ok: all are in use.
type Lines func(account string, most int) (release func(), ok bool)

// Usage counts what goes over each account, and keeps parley.TrunkLimits. The zero value is ready; safe from any goroutine.
type Usage struct {
	Lines Lines // nil: this process is the only one

	mu   sync.Mutex // guards used
	used map[string]*used
}

// used is what one account has in use.
type used struct {
	calls int       // in and out
	next  time.Time // when the next call may be placed: a bucket of one token, on account
}

// Enter counts a call. leave, which may be called more than once, ends it. !ok: there is no room for it.
func (l *Usage) Enter(a *parley.TrunkAccount) (leave func(), ok bool) {
	if a == nil || a.ID == "" {
		return func() {}, true
	}
	if !l.enter(a) {
		return nil, false
	}
	if l.Lines == nil || a.Limits.Calls <= 0 {
		return sync.OnceFunc(func() { l.leave(a.ID) }), true
	}
	release, ok := l.Lines(a.ID, a.Limits.Calls)
	if !ok {
		l.leave(a.ID)
		return nil, false
	}
	return sync.OnceFunc(func() { release(); l.leave(a.ID) }), true
}

// enter counts a call of this process.
func (l *Usage) enter(a *parley.TrunkAccount) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.of(a.ID)
	if a.Limits.Calls > 0 && u.calls >= a.Limits.Calls {
		return false
	}
	u.calls++
	return true
}

// of is an account's usage; mu is held.
func (l *Usage) of(id string) *used {
	if l.used == nil {
		l.used = map[string]*used{}
	}
	u := l.used[id]
	if u == nil {
		u = &used{}
		l.used[id] = u
	}
	return u
}

func (l *Usage) leave(id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.used[id]
	if u.calls--; u.calls == 0 && time.Now().After(u.next) {
		delete(l.used, id)
	}
}

// Await is Enter for a call we place, at its turn: calls that come too fast are spread out, up to turnMost, before any is refused.
// It fails with a *Rejected: unreachable, as by a carrier that has no line free. The callee is not busy.
func (l *Usage) Await(ctx context.Context, a *parley.TrunkAccount) (leave func(), err error) {
	leave, ok := l.Enter(a)
	if !ok {
		return nil, errors.Join(&Rejected{Cause: parley.Unreachable}, ErrLimit)
	}
	wait, ok := l.turn(a)
	if !ok {
		leave()
		return nil, errors.Join(&Rejected{Cause: parley.Unreachable}, ErrLimit)
	}
	if wait <= 0 {
		return leave, nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return leave, nil
	case <-ctx.Done():
		leave()
		return nil, &Rejected{Cause: parley.Cancelled}
	}
}

// turn is how long to wait for the next place in the row.
func (l *Usage) turn(a *parley.TrunkAccount) (wait time.Duration, ok bool) {
	if a == nil || a.ID == "" || a.Limits.CallsPerSecond <= 0 {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u, now := l.of(a.ID), time.Now()
	if u.next.Before(now) {
		u.next = now
	}
	if wait = u.next.Sub(now); wait > turnMost {
		return 0, false
	}
	u.next = u.next.Add(time.Duration(float64(time.Second) / a.Limits.CallsPerSecond))
	return wait, true
}
