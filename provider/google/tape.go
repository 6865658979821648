package google

import (
	"context"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
)

// Lengths in frames of 20 ms.
const (
	tapeRoom  = 256     // at first
	tapeMost  = 30 * 50 // then the oldest are forgotten
	tapeQuiet = 3 * 50  // kept while nobody speaks: what is being said, and Google has not told of yet
	idleAfter = 4 * time.Second
)

// A tape is the sound that no final covers yet: a stream that takes over from one before begins there. Frames are numbered from the
// first that came.
type tape struct {
	mu      sync.Mutex // guards all below
	came    sync.Cond  // a frame more, or anything else that whoever waits should look at
	frames  []audio.Frame
	first   int // kept: first ≤ n < next, in frames[n % len(frames)]
	next    int
	sent    int  // frames below were read by the stream that is open
	heard   int  // and these by one before it
	talking bool // somebody speaks, as far as Google has told
	ended   bool // no more will come
	idle    bool // nothing came for a while
	gone    bool // nobody listens any more
}

func newTape() *tape {
	t := &tape{frames: make([]audio.Frame, tapeRoom)}
	t.came.L = &t.mu
	return t
}

// run takes what comes until its end or ctx's. It never makes in wait.
func (t *tape) run(ctx context.Context, in <-chan audio.Frame) {
	lull := time.NewTimer(idleAfter)
	defer lull.Stop()
	defer func() { t.change(func() { t.gone = true }) }()
	for {
		select {
		case f, ok := <-in:
			if !ok {
				t.change(func() { t.ended = true })
				<-ctx.Done()
				return
			}
			t.push(&f)
			lull.Reset(idleAfter)
		case <-lull.C:
			t.change(func() { t.idle = true })
		case <-ctx.Done():
			return
		}
	}
}

func (t *tape) change(what func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	what()
	t.came.Broadcast()
}

func (t *tape) push(f *audio.Frame) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next-t.first == len(t.frames) {
		t.grow()
	}
	t.frames[t.next%len(t.frames)] = *f
	t.next++
	t.idle = false
	if !t.talking {
		t.first = max(t.first, min(t.sent, t.next-tapeQuiet))
	}
	t.came.Broadcast()
}

// grow makes room, or forgets a frame.
func (t *tape) grow() {
	if len(t.frames) >= tapeMost {
		t.first++
		t.sent = max(t.sent, t.first)
		return
	}
	bigger := make([]audio.Frame, min(tapeMost, 2*len(t.frames)))
	for n := t.first; n < t.next; n++ {
		bigger[n%len(bigger)] = t.frames[n%len(t.frames)]
	}
	t.frames = bigger
}

// settle forgets the sound before a frame: words of it were told for good.
func (t *tape) settle(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.first = max(t.first, min(n, t.sent))
}

func (t *tape) speaks(yes bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.talking = yes
}

// rewind has the next stream begin with the oldest frame kept. It gives its number, and that of the first that no stream has had.
func (t *tape) rewind() (first, anew int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.heard = max(t.heard, t.sent)
	t.sent, t.talking = t.first, false
	return t.first, t.heard
}

// more waits until there is sound that no stream has had; false: there will be none.
func (t *tape) more() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.sent == t.next && !t.ended && !t.gone {
		t.came.Wait()
	}
	return t.sent < t.next && !t.gone
}
