package leg

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
)

const (
	playoutFrames = 50  // 1 s: how far Play may run ahead of the ear
	playoutLow    = 40  // a writer that met a full queue is woken here, once per 200 ms instead of once per frame
	playoutCues   = 512 // marks and digits waiting; a reply has one mark a word
)

// ErrFull is returned by Mark and by digits when more wait than any sane reply has.
var ErrFull = errors.New("leg: too many marks waiting")

// Playout is the queue behind Play, Mark, Clear and SendDTMF of every leg that paces its own sound: writers on one side, the
// clock's tick on the other. It holds at most 1 s; Play blocks beyond that. All methods are safe from any goroutine; Next
// is for one at a time. Nothing is allocated per frame.
type Playout struct {
	mu      sync.Mutex // guards all below
	ring    [playoutFrames]audio.Frame
	head    uint64 // frames put on the wire, or cleared
	tail    uint64 // frames ever queued
	cues    []cue  // in order; at grows
	waiting int
	closed  bool

	room chan struct{} // a token: there is room for a waiting Play
	done chan struct{} // closed by Close
}

// A cue stands between two frames: it is due once head has reached at.
type cue struct {
	at     uint64
	mark   uint64
	digits string // "" for a mark
}

// NewPlayout makes an empty queue.
func NewPlayout() *Playout {
	return &Playout{room: make(chan struct{}, 1), done: make(chan struct{}), cues: make([]cue, 0, 16)}
}

// A Tick is what is due on the wire in one 20 ms step.
type Tick struct {
	Frame  audio.Frame // silence when Queued is false
	Queued bool        // Frame came from the queue
	Marks  []uint64    // all before them has now been heard; valid until the next Next
	Digits string      // to be sent now; Next is not to be called again before they are out
}

// Play queues one frame. While the queue is full it blocks until there is room for several, Clear, ctx or Close (io.EOF).
func (p *Playout) Play(ctx context.Context, f *audio.Frame) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p.mu.Lock()
	for first := true; ; first = false {
		if p.closed {
			p.mu.Unlock()
			return io.EOF
		}
		if n := p.tail - p.head; n < playoutFrames {
			break
		}
		if first {
			p.waiting++
			defer p.left()
		}
		p.mu.Unlock()
		select {
		case <-p.room:
		case <-p.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		p.mu.Lock()
	}
	p.ring[p.tail%playoutFrames] = *f
	p.tail++
	if p.waiting > 1 && p.tail-p.head < playoutFrames {
		p.wake() // pass the token on: others wait too
	}
	p.mu.Unlock()
	return nil
}

func (p *Playout) left() {
	p.mu.Lock()
	p.waiting--
	p.mu.Unlock()
}

// wake is called with mu held.
func (p *Playout) wake() {
	select {
	case p.room <- struct{}{}:
	default:
	}
}

// Mark asks for id among Tick.Marks once all frames queued before it have been on the wire for their 20 ms.
func (p *Playout) Mark(id uint64) error { return p.cue(cue{mark: id}) }

// Digits asks for digits in a Tick after all frames queued before them. Clear does not forget them: a digit is pressed on purpose.
func (p *Playout) Digits(digits string) error {
	if digits == "" {
		return nil
	}
	return p.cue(cue{digits: digits})
}

func (p *Playout) cue(c cue) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return io.EOF
	}
	if len(p.cues) >= playoutCues {
		return ErrFull
	}
	c.at = p.tail
	p.cues = append(p.cues, c)
	return nil
}

// Next fills t with what is due now. A mark is due one step after the frame before it: that is when it has been heard.
func (p *Playout) Next(t *Tick) {
	t.Marks, t.Queued, t.Digits = t.Marks[:0], false, ""
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for ; n < len(p.cues) && p.cues[n].at <= p.head && t.Digits == ""; n++ {
		if c := p.cues[n]; c.digits != "" {
			t.Digits = c.digits
		} else {
			t.Marks = append(t.Marks, c.mark)
		}
	}
	if n > 0 {
		p.cues = p.cues[:copy(p.cues, p.cues[n:])]
	}
	if p.head == p.tail || t.Digits != "" {
		t.Frame = audio.Frame{}
		return
	}
	t.Frame, t.Queued = p.ring[p.head%playoutFrames], true
	p.head++
	if p.waiting > 0 && p.tail-p.head <= playoutLow {
		p.wake()
	}
}

// Clear forgets the frames that are queued and returns their marks. The frame that is on the wire stays; a mark after it alone
// is returned, too: nobody has heard it out. Waiting writers go on.
func (p *Playout) Clear() (dropped []uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	dropped = p.forget()
	if p.waiting > 0 {
		p.wake()
	}
	return dropped
}

func (p *Playout) forget() (dropped []uint64) {
	p.head = p.tail
	kept := p.cues[:0]
	for _, c := range p.cues {
		if c.digits == "" {
			dropped = append(dropped, c.mark)
			continue
		}
		c.at = p.head
		kept = append(kept, c)
	}
	p.cues = kept
	return dropped
}

// Queued is how much sound waits to be heard.
func (p *Playout) Queued() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Duration(p.tail-p.head) * audio.FrameDur
}

// Close ends the queue: Play and Mark return io.EOF from now on, Next gives silence. The marks never heard are returned.
// A second call does nothing.
func (p *Playout) Close() (dropped []uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil
	}
	dropped = p.forget()
	p.cues, p.closed = nil, true
	close(p.done)
	return dropped
}
