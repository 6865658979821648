package stream

import (
	"sync"
	"time"
)

const (
	outMost = 64 // messages that wait to be written
	outSlow = 10 // so many, and what is played waits
	// stalledMost is how long a message may wait to be written before the far end counts as gone.
	stalledMost = 5 * time.Second
)

// An outbox is what waits to be written: the clock puts in, the writer takes out and may block. Nothing is allocated once the slots have grown.
type outbox struct {
	mu     sync.Mutex // guards all below
	slots  [outMost][]byte
	first  int
	count  int
	closed bool
	since  time.Time // when the message that is being written was taken; zero: none is

	ready chan struct{} // a token: there is something new
}

func newOutbox() *outbox { return &outbox{ready: make(chan struct{}, 1)} }

// put adds a message that write appends to what it is given; false: there is no room.
func (o *outbox) put(write func(dst []byte) []byte) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.count == outMost {
		return false
	}
	if o.count == 0 {
		o.first = 0 // the same slot again and again, while the far end keeps up
	}
	at := &o.slots[(o.first+o.count)%outMost]
	*at = write((*at)[:0])
	o.count++
	o.signal()
	return true
}

// wipe forgets all that wait, and puts a message in their place.
func (o *outbox) wipe(text string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return
	}
	o.first = 0
	o.slots[0] = append(o.slots[0][:0], text...)
	o.count = 1
	o.signal()
}

func (o *outbox) signal() {
	select {
	case o.ready <- struct{}{}:
	default:
	}
}

// take copies the next message into dst, and waits for one; false: the outbox is closed.
func (o *outbox) take(dst []byte) ([]byte, bool) {
	for {
		o.mu.Lock()
		o.since = time.Time{}
		if o.closed {
			o.mu.Unlock()
			return nil, false
		}
		if o.count > 0 {
			dst = append(dst[:0], o.slots[o.first]...)
			o.first, o.count = (o.first+1)%outMost, o.count-1
			o.since = time.Now()
			o.mu.Unlock()
			return dst, true
		}
		o.mu.Unlock()
		<-o.ready
	}
}

// slow reports whether the far end reads more slowly than we write.
func (o *outbox) slow() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count >= outSlow
}

// stalled reports whether it has not read for so long that it counts as gone.
func (o *outbox) stalled(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return !o.since.IsZero() && now.Sub(o.since) >= stalledMost
}

func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.signal()
}
