package store

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/parley-voice/parley"
)

// How events reach the disk: a commit holds what came within groupWait, groupSize events at most. logBound events may wait
// for a disk that does not keep up, hours of a busy server; then Append blocks, because an event is never lost.
const (
	groupWait  = 20 * time.Millisecond
	groupSize  = 256
	logBound   = 1 << 20
	retryFirst = 100 * time.Millisecond
	retryMost  = 5 * time.Second
)

// A Log is the event log: every fact about every call, in order. It implements parley.Log. An event gets its id, if it has
// none, and its sequence when it is committed, about 20 ms after Append, and only then do readers see it: what they saw is never
// taken back. Partial events (parley.EventPartial) are for live readers alone: they are passed on in their place, but not
// stored, and their Sequence is 0.
type Log struct {
	db *DB

	mu        sync.Mutex // guards what follows
	room      sync.Cond  // queue has fallen below logBound, or the log is closed
	queue     []parley.Event
	appended  uint64 // events ever taken
	committed uint64 // of those, on the disk (or passed on, the partial ones) and shown to readers
	flushes   map[chan struct{}]uint64
	readers   map[*reader]struct{}
	changed   chan struct{} // closed and replaced when something was stored
	closed    bool

	wake chan struct{} // something to do; one pending wake is enough
	full chan struct{} // the queue holds a whole group, or somebody waits for a flush
	stop context.CancelFunc
	done chan struct{}

	next map[string]int64 // last sequence by call; the writer's alone
}

func newLog(d *DB) *Log {
	ctx, stop := context.WithCancel(context.Background())
	l := &Log{
		db: d, flushes: map[chan struct{}]uint64{}, readers: map[*reader]struct{}{}, changed: make(chan struct{}),
		wake: make(chan struct{}, 1), full: make(chan struct{}, 1), stop: stop, done: make(chan struct{}), next: map[string]int64{},
	}
	l.room.L = &l.mu
	go l.write(ctx)
	return l
}

// Log is the event log of the store.
func (d *DB) Log() *Log { return d.log }

// Unkept is how many events the database has not taken yet.
func (l *Log) Unkept() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int(l.appended - l.committed)
}

// Append takes an event. It waits for nothing but, when a million events wait for the disk, for room. After Close the event is
// dropped, and logged.
func (l *Log) Append(e parley.Event) {
	l.mu.Lock()
	for len(l.queue) >= logBound && !l.closed {
		l.room.Wait()
	}
	if l.closed {
		l.mu.Unlock()
		slog.Error("event after the end of the log", "call", e.CallID, "type", e.Type)
		return
	}
	l.queue = append(l.queue, e)
	l.appended++
	n := len(l.queue)
	l.mu.Unlock()
	if n == 1 {
		signal(l.wake)
	}
	if n == groupSize {
		signal(l.full)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Flush waits until all that was appended before it is on the disk and was given to live readers; ctx bounds the wait.
func (l *Log) Flush(ctx context.Context) error {
	l.mu.Lock()
	if l.committed == l.appended {
		l.mu.Unlock()
		return nil
	}
	done := make(chan struct{})
	l.flushes[done] = l.appended
	l.mu.Unlock()
	signal(l.full)
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		l.mu.Lock()
		delete(l.flushes, done)
		l.mu.Unlock()
		return ctx.Err()
	}
}

// close commits what waits and ends the writer. A database that refuses is asked for as long as closeWait.
func (l *Log) close() {
	l.mu.Lock()
	l.closed = true
	l.room.Broadcast()
	l.mu.Unlock()
	signal(l.wake)
	signal(l.full)
	late := time.AfterFunc(closeWait, l.stop)
	<-l.done
	late.Stop()
	l.stop()
}

const closeWait = 10 * time.Second

// write is the one goroutine that stores events.
func (l *Log) write(ctx context.Context) {
	defer close(l.done)
	defer l.dropReaders()
	for {
		<-l.wake
		for {
			l.mu.Lock()
			n, closed := len(l.queue), l.closed
			l.mu.Unlock()
			if n == 0 && closed {
				return
			}
			if n == 0 {
				break
			}
			if n < groupSize && !closed {
				l.gather()
			}
			if !l.commit(ctx, l.take()) {
				return
			}
		}
	}
}

// gather lets more events come before a commit.
func (l *Log) gather() {
	t := time.NewTimer(groupWait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-l.full:
	}
}

func (l *Log) take() []parley.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.queue), groupSize)
	group := l.queue[:n:n]
	l.queue = l.queue[n:]
	if len(l.queue) == 0 {
		l.queue = nil
	}
	l.room.Broadcast()
	return group
}

// commit stores one group, trying until the database takes it, and shows it to the readers. False: the log was closed
// before the database did.
func (l *Log) commit(ctx context.Context, group []parley.Event) bool {
	for wait, again := retryFirst, false; ; wait, again = min(2*wait, retryMost), true {
		kept, err := l.store(ctx, group, again)
		if err == nil {
			l.publish(kept, len(group))
			return true
		}
		slog.Error("storing events; they are kept and tried again", "events", len(group), "error", err)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			slog.Error("events lost: the database took none before the log was closed", "events", len(group))
			return false
		}
	}
}
