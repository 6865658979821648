package conversation

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/turn/journal"
)

// slowFrames is how far the transcriber may fall behind: 1 s. Then the oldest sound is lost, never the call.
const slowFrames = 50

// An ear reads the leg.
type ear struct {
	sounds chan leg.Event   // to Run; closed when the leg has ended, err says why
	frames chan audio.Frame // to the transcriber
	gate   gate
	err    error // of the leg; Run's after sounds is closed
	fed    int   // frames the transcriber got; Run's after ear has ended
	lost   int   // and those it was too slow for
	played wired
	tape   timeline
	words  timings // Run's
}

// wired is what was put on the wire since Run last heard a frame: it wakes nobody. Frames that come faster are lost.
type wired struct {
	mu     sync.Mutex // guards all below
	frames [8]audio.Frame
	at     [8]time.Duration
	n      int
}

func (p *wired) add(e *leg.Event) {
	p.mu.Lock()
	if p.n < len(p.frames) {
		p.frames[p.n], p.at[p.n] = e.Frame, e.At
		p.n++
	}
	p.mu.Unlock()
}

// take tells d, in order, and forgets it.
func (p *wired) take(d *journal.Detector, now time.Duration) {
	p.mu.Lock()
	for i := range p.n {
		d.Played(&p.frames[i], p.at[i], now)
	}
	p.n = 0
	p.mu.Unlock()
}

func (h *ear) run(ctx context.Context, c *loop) {
	defer close(h.sounds)
	for {
		e, err := h.read(ctx, c)
		if err != nil {
			h.err = err
			return
		}
		select {
		case h.sounds <- e:
		case <-ctx.Done():
			h.err = ctx.Err()
			return
		}
	}
}

// read gives the next event that Run wants. Of what was played that is only the first sound of a reply; the rest waits for the
// next frame of the caller.
func (h *ear) read(ctx context.Context, c *loop) (leg.Event, error) {
	for {
		e, err := c.leg.Read(ctx)
		if err != nil {
			return e, err
		}
		switch e.Kind {
		case leg.Played:
			h.played.add(&e)
			if !c.wire.Load() || !audible(&e.Frame) {
				continue
			}
			c.wire.Store(false)
		case leg.Audio:
			h.tape.note(h.fed-h.lost, e.At)
			h.feed(&e.Frame)
			if h.lost == 1 {
				h.lost++
				c.warn("slow_transcriber", "the transcriber is too slow: part of the caller's sound was not heard")
			}
		}
		return e, nil
	}
}

// feed never waits.
func (h *ear) feed(f *audio.Frame) {
	h.fed++
	if h.gate.shut(f) {
		f = &silence
	}
	select {
	case h.frames <- *f:
		return
	default:
	}
	select {
	case <-h.frames:
		h.lost++
	default:
	}
	select {
	case h.frames <- *f:
	default:
	}
}

// A gate keeps from the transcriber what counts as silence (min_volume). The quiet ends of words pass with the words.
type gate struct {
	least float64 // RMS, 0–1 of full scale; 0 lets everything through
	open  int     // frames for which it stays open
}

// gateHold is how many frames after a loud one pass: 400 ms, as long as speech may pause within itself.
const gateHold = 20

var silence audio.Frame

func (g *gate) shut(f *audio.Frame) bool {
	switch {
	case g.least <= 0:
		return false
	case f.RMS() >= g.least*32768:
		g.open = gateHold
	case g.open > 0:
		g.open--
	default:
		return true
	}
	return false
}

var errDeaf = errors.New("the transcriber ended its stream")

// transcribe passes on what the transcriber understands, until it ends. Then the sound goes nowhere.
func (c *loop) transcribe(ctx context.Context) {
	c.listen(ctx)
	for {
		select {
		case <-c.ear.frames:
		case <-ctx.Done():
			return
		}
	}
}

func (c *loop) listen(ctx context.Context) {
	tell := func(h heard) bool {
		select {
		case c.words <- h:
			return true
		case <-ctx.Done():
			return false
		}
	}
	for e, err := range c.Hear.Transcribe(ctx, c.ear.frames, c.Hearing) {
		if err != nil {
			tell(heard{err: err})
			return
		}
		if !tell(heard{Event: e}) {
			return
		}
	}
	tell(heard{err: errDeaf})
}
