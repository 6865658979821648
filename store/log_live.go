package store

import (
	"sync"

	"github.com/parley-voice/parley"
)

// A reader follows events as they happen.
type reader struct {
	callID string // "" is all
	events chan parley.Event
}

// readerDepth is how many events a live reader may lag behind.
const readerDepth = 1024

// Subscribe gives the events of a call ("" is all) from now on, partial ones too. The channel is closed when the reader lags
// 1024 events behind, and with the log: read on with Events from the last sequence it had, and subscribe again. To miss
// nothing of a running call, subscribe first, then read Events, then pass over what came twice. cancel ends it.
func (l *Log) Subscribe(callID string) (events <-chan parley.Event, cancel func()) {
	r := &reader{callID: callID, events: make(chan parley.Event, readerDepth)}
	followed := func() {}
	if c := l.db.others(); c != nil && callID != "" {
		followed = c.Follow(callID)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		followed()
		close(r.events)
		return r.events, func() {}
	}
	l.readers[r] = struct{}{}
	return r.events, sync.OnceFunc(func() {
		followed()
		l.mu.Lock()
		defer l.mu.Unlock()
		l.drop(r)
	})
}

// drop ends a reader; the mutex is held.
func (l *Log) drop(r *reader) {
	if _, ok := l.readers[r]; ok {
		delete(l.readers, r)
		close(r.events)
	}
}

func (l *Log) dropReaders() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for r := range l.readers {
		l.drop(r)
	}
}

// tell shows events to the readers that were committed past the queue.
func (l *Log) tell(events []parley.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.show(events)
}

// publish shows what was committed of a group of the queue to the readers, and lets those go on who waited for it.
func (l *Log) publish(kept []parley.Event, group int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.show(kept)
	l.committed += uint64(group)
	for done, n := range l.flushes {
		if l.committed >= n {
			close(done)
			delete(l.flushes, done)
		}
	}
}

// show gives committed events to the readers, here and elsewhere; the mutex is held.
func (l *Log) show(group []parley.Event) {
	if c := l.db.others(); c != nil {
		c.Tell(group)
	}
	if l.hand(group, false) {
		close(l.changed)
		l.changed = make(chan struct{})
		l.db.wake(WakeEvents)
	}
}

// hand gives events to the readers here; those who read all calls read what is told here, and not what others tell. stored: some of
// them are in the log. The mutex is held.
func (l *Log) hand(group []parley.Event, others bool) (stored bool) {
	for _, e := range group {
		stored = stored || e.Sequence > 0
		for r := range l.readers {
			if r.callID != e.CallID && (r.callID != "" || others) {
				continue
			}
			select {
			case r.events <- e:
			default:
				l.drop(r)
			}
		}
	}
	return stored
}
