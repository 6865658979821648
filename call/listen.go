package call

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
)

const (
	maxListeners  = 32                     // on one call
	listenQueue   = 128                    // frames that wait for a listener, of both sides: 1.28 s; more are lost to it
	listenLag     = 5                      // slots of 20 ms that a frame of one side waits for that of the other
	listenRing    = 64                     // slots held; a frame further ahead than that ends what is held
	listenSilence = 200 * time.Millisecond // without a frame: then silence is sent
)

// listeners are those who hear a call from outside. A slow one loses sound, and the call nothing.
type listeners struct {
	n atomic.Int32 // asked with every frame

	mu  sync.Mutex // guards all
	all map[chan<- sound]bool
}

// sound is 20 ms of one side.
type sound struct {
	frame audio.Frame
	at    time.Duration
	agent bool
}

// give passes a frame on; it never waits for a listener.
func (l *listeners) give(e *leg.Event) {
	if l.n.Load() == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.all {
		select {
		case c <- sound{e.Frame, e.At, e.Kind == leg.Played}:
		default:
		}
	}
}

// add lets c hear the call until gone is called; false: so many do.
func (l *listeners) add(c chan<- sound) (gone func(), ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) >= maxListeners {
		return nil, false
	}
	if l.all == nil {
		l.all = map[chan<- sound]bool{}
	}
	l.all[c] = true
	l.n.Store(int32(len(l.all)))
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.all, c)
		l.n.Store(int32(len(l.all)))
	}, true
}

// Listen writes the sound of a call that runs as a WAV without an end, until the call is over, ctx is done, or w fails: both sides mixed on
// one channel, or, with two, the caller on the left and whoever talks to them on the right. While the recording is paused it is silent. flush is
// called after every write. A call that does not run here: parley.NotFound; too many listeners: 429. Then nothing is written.
func (s *Switchboard) Listen(ctx context.Context, id string, channels int, w io.Writer, flush func() error) error {
	line := s.line(id)
	if line == nil {
		return parley.NotFound("running call")
	}
	in := make(chan sound, listenQueue)
	gone, ok := line.listeners.add(in)
	if !ok {
		return parley.Full("too_many_listeners", "so many listen to this call by now: try again when one of them has left", maxListeners, maxListeners, 0)
	}
	defer gone()
	if _, err := w.Write(audio.WAVHeader(audio.Rate, channels)); err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	e := &eavesdropper{channels: channels, heard: time.Now()}
	quiet := time.NewTicker(listenSilence)
	defer quiet.Stop()
	for {
		select {
		case f := <-in:
			e.take(&f)
			for n := len(in); n > 0; n-- {
				f = <-in
				e.take(&f)
			}
		case <-quiet.C:
			if len(in) == 0 { // a listener that was slow has sound waiting
				e.silence(time.Now())
			}
		case <-line.done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
		if len(e.out) == 0 {
			continue
		}
		if _, err := w.Write(e.out); err != nil {
			return err
		}
		if err := flush(); err != nil {
			return err
		}
		e.out = e.out[:0]
	}
}

// An eavesdropper puts both sides of a call on one time line.
type eavesdropper struct {
	channels int
	ring     [listenRing][2]audio.Frame // by slot: the caller, whoever talks to them
	next     int64                      // first slot that has not been written
	newest   int64                      // of those that came
	shift    int64                      // from the leg's slots to ours: another leg begins at 0 again
	began    bool
	heard    time.Time // the newest slot came
	out      []byte    // to be written
}

// take is given a frame of one side.
func (e *eavesdropper) take(f *sound) {
	slot := int64((f.at+audio.FrameDur/2)/audio.FrameDur) + e.shift
	switch {
	case !e.began:
		e.began, e.shift = true, -slot
		slot = 0
	case slot < e.next-listenRing: // it is another leg's
		e.shift += e.newest + 1 - slot
		slot = e.newest + 1
	case slot < e.next:
		return // too late
	}
	if slot >= e.next+listenRing { // a listener that was slow goes on with what is said now
		e.ring = [listenRing][2]audio.Frame{}
		e.next = slot
	}
	side := 0
	if f.agent {
		side = 1
	}
	e.ring[slot%listenRing][side] = f.frame
	if slot > e.newest || e.heard.IsZero() {
		e.newest, e.heard = slot, time.Now()
	}
	e.write(e.newest - listenLag)
}

// silence goes on where nothing comes.
func (e *eavesdropper) silence(now time.Time) {
	n := int64(now.Sub(e.heard) / audio.FrameDur)
	if n < int64(listenSilence/audio.FrameDur) {
		return
	}
	e.began = true
	e.heard = e.heard.Add(time.Duration(n) * audio.FrameDur)
	for ; n > 0; n-- {
		e.newest++
		e.write(e.newest - listenLag)
	}
}

// write puts out all slots up to one.
func (e *eavesdropper) write(to int64) {
	for ; e.next <= to; e.next++ {
		at := &e.ring[e.next%listenRing]
		for i := range at[0] {
			caller, agent := at[0][i], at[1][i]
			if e.channels == 2 {
				e.out = append(e.out, byte(caller), byte(uint16(caller)>>8), byte(agent), byte(uint16(agent)>>8))
				continue
			}
			both := int16(max(min(int32(caller)+int32(agent), 32767), -32768))
			e.out = append(e.out, byte(both), byte(uint16(both)>>8))
		}
		*at = [2]audio.Frame{}
	}
}
