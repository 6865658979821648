package leg

import (
	"context"
	"io"
	"sync"
	"time"
)

const (
	eventSound   = 128  // Audio and Played together: 1.28 s for a reader that is late
	eventControl = 4096 // a reader this far behind is dead
)

// Events is the queue behind Read. Sound is bounded: when the reader is late the oldest frames give way. What must not be
// lost (marks, digits, hold) is kept beside it, up to 4096 unread, and comes out in the order it went in. Push is safe from any
// goroutine, Read is for one. Nothing is allocated per frame once the queue has grown to what its reader needs.
type Events struct {
	mu      sync.Mutex // guards all below
	seq     uint64
	sound   []sound // ring
	first   int     // of sound
	count   int     // in sound
	control []control
	err     error // set once by End

	ready chan struct{} // a token: there is something new
}

type sound struct {
	seq uint64
	ev  Event
}

type control struct {
	seq   uint64
	at    time.Duration
	mark  uint64
	kind  Kind
	digit byte
	who   Answerer
	refer *Referral
}

// NewEvents makes an empty queue.
func NewEvents() *Events {
	return &Events{sound: make([]sound, 8), ready: make(chan struct{}, 1)}
}

// Push adds an event; it never blocks. After End it does nothing.
func (e *Events) Push(ev *Event) {
	e.mu.Lock()
	if e.err == nil {
		e.seq++
		if ev.Kind == Audio || ev.Kind == Played {
			e.pushSound(ev)
		} else if len(e.control) < eventControl {
			e.control = append(e.control, control{e.seq, ev.At, ev.Mark, ev.Kind, ev.Digit, ev.Who, ev.Referral})
		}
	}
	e.mu.Unlock()
	e.signal()
}

func (e *Events) pushSound(ev *Event) {
	if e.count == len(e.sound) {
		if e.count < eventSound {
			grown := make([]sound, 2*e.count)
			n := copy(grown, e.sound[e.first:])
			copy(grown[n:], e.sound[:e.first])
			e.sound, e.first = grown, 0
		} else {
			e.first, e.count = (e.first+1)%len(e.sound), e.count-1
		}
	}
	at := &e.sound[(e.first+e.count)%len(e.sound)]
	at.seq, at.ev = e.seq, *ev
	e.count++
}

func (e *Events) signal() {
	select {
	case e.ready <- struct{}{}:
	default:
	}
}

// Marks pushes one event of kind for each mark.
func (e *Events) Marks(kind Kind, marks []uint64, at time.Duration) {
	for _, m := range marks {
		e.Push(&Event{Kind: kind, Mark: m, At: at})
	}
}

// End makes Read return err once all that was pushed has been read: io.EOF when the far end has gone, *GoneError otherwise.
// Only the first call counts.
func (e *Events) End(err error) {
	if err == nil {
		err = io.EOF
	}
	e.mu.Lock()
	if e.err == nil {
		e.err = err
	}
	e.mu.Unlock()
	e.signal()
}

// Read gives the oldest event, waiting for one.
func (e *Events) Read(ctx context.Context) (Event, error) {
	for {
		if ev, ok, err := e.take(); ok || err != nil {
			return ev, err
		}
		select {
		case <-e.ready:
		case <-ctx.Done():
			return Event{}, ctx.Err()
		}
	}
}

func (e *Events) take() (ev Event, ok bool, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case len(e.control) > 0 && (e.count == 0 || e.control[0].seq < e.sound[e.first].seq):
		c := e.control[0]
		e.control = e.control[:copy(e.control, e.control[1:])]
		return Event{Kind: c.kind, At: c.at, Mark: c.mark, Digit: c.digit, Who: c.who, Referral: c.refer}, true, nil
	case e.count > 0:
		ev = e.sound[e.first].ev
		e.first, e.count = (e.first+1)%len(e.sound), e.count-1
		return ev, true, nil
	case e.err != nil:
		e.signal() // Read after the end ends again
		return Event{}, false, e.err
	}
	return Event{}, false, nil
}
