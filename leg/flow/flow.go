// Package flow is the sound of a leg that goes over RTP: an rtp.Stream, the queue of what is played, and the clock that paces both. What
// answers a call, and how its end is told, is its owner's.
//
// Goroutines: one that reads the stream, from Begin to the end; the clock's calls step.
package flow

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// A Flow has all of a leg.Leg but Refer and Hangup. Stop ends it; it also ends by itself, when its limits are reached or nothing can be
// received any more.
type Flow struct {
	stream *rtp.Stream
	clock  *leg.Clock
	limits leg.Limits
	line   *leg.Playout
	feed   *leg.Events
	emit   func(rtp.Received) // received, made once
	reader chan struct{}      // closed when the reader has ended

	once    sync.Once
	over    atomic.Bool
	stopped chan struct{} // closed when nothing is received, sent or told any more

	mu       sync.Mutex // guards all below, and keeps Marked before the Dropped of a later Clear
	begun    bool
	answered time.Time
	remove   func() // from the clock
	frames   int    // ticks since answer
	tick     leg.Tick
	under    leg.Background // nil: none
	mixed    audio.Frame    // tick's with it
}

// New makes the flow of a stream, which is its own from now on.
func New(stream *rtp.Stream, clock *leg.Clock, limits leg.Limits) *Flow {
	f := &Flow{stream: stream, clock: clock, limits: limits.OrDefault(), line: leg.NewPlayout(), feed: leg.NewEvents(),
		reader: make(chan struct{}), stopped: make(chan struct{})}
	f.emit = f.received
	return f
}

// Begin starts the sound: the time line is 0 now. After an end it does nothing.
func (f *Flow) Begin(a rtp.Agreed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.over.Load() {
		return
	}
	f.begun, f.answered = true, time.Now()
	f.stream.Start(a)
	go func() {
		defer close(f.reader)
		if err := f.stream.Receive(f.emit); err != nil { // else it ends with Close
			f.Leave(parley.MediaTimeout)
		}
	}()
	f.remove = f.clock.Add(f.step)
}

// received takes what the wire brings; the stream's lock is held.
func (f *Flow) received(r rtp.Received) {
	switch r.Kind {
	case rtp.Frame:
		ev := leg.Event{Kind: leg.Audio, At: r.At, Frame: r.Frame}
		if r.Came > 0 {
			ev.Edge = f.answered.Add(r.Came)
		}
		f.feed.Push(&ev)
	case rtp.Digit:
		f.feed.Push(&leg.Event{Kind: leg.DTMF, At: r.At, Digit: r.Digit})
	}
}

// step is one tick of the clock.
func (f *Flow) step(due time.Time) {
	if f.over.Load() {
		return
	}
	switch {
	case due.Sub(f.answered) >= f.limits.MaxDuration:
		f.Leave(parley.DurationLimit)
		return
	case f.stream.Quiet(due) >= f.limits.MediaTimeout:
		f.Leave(parley.MediaTimeout)
		return
	}
	f.stream.Tick(due, f.emit)
	f.mu.Lock()
	defer f.mu.Unlock()
	out := &f.tick.Frame
	if !f.stream.Ready() || f.stream.SendingDigits() { // what is played waits
		f.tick.Frame, f.tick.Marks = audio.Frame{}, f.tick.Marks[:0]
	} else if f.line.Next(&f.tick); f.tick.Digits != "" {
		_ = f.stream.SendDigits(f.tick.Digits) // SendDTMF took digits only, and not too many
	} else if f.under != nil {
		out = &f.mixed
		*out = f.tick.Frame
		f.under.Under(out, f.tick.Queued)
	}
	left := time.Now()
	_ = f.stream.Send(out) // a far end that cannot be reached is for the media timeout
	ev := leg.Event{Kind: leg.Played, At: f.at(), Frame: f.tick.Frame, Edge: left.Add(f.stream.Waits())}
	f.feed.Push(&ev)
	f.feed.Marks(leg.Marked, f.tick.Marks, ev.At)
	f.frames++
}

// at is the flow's time; mu is held.
func (f *Flow) at() time.Duration { return time.Duration(f.frames) * audio.FrameDur }

// Leave ends the flow without waiting for it: "" because the far end has hung up, else for that cause.
func (f *Flow) Leave(c parley.Cause) { f.end(leg.Ended(c)) }

// Stop ends the flow, once, and returns when the stream is closed: Read then gives what was left, and io.EOF.
func (f *Flow) Stop() {
	f.end(io.EOF)
	<-f.stopped
}

// Stopped is closed when the flow has ended.
func (f *Flow) Stopped() <-chan struct{} { return f.stopped }

func (f *Flow) end(err error) {
	f.once.Do(func() {
		f.over.Store(true)
		go f.finish(err)
	})
}

func (f *Flow) finish(err error) {
	f.mu.Lock()
	begun := f.begun
	f.feed.Marks(leg.Dropped, f.line.Close(), f.at())
	f.mu.Unlock()
	if begun {
		f.remove()
	}
	_ = f.stream.Close()
	if begun {
		<-f.reader
	}
	f.feed.End(err)
	close(f.stopped)
}

// Quiet is how long nothing has come from the far end.
func (f *Flow) Quiet() time.Duration { return f.stream.Quiet(time.Now()) }

// Background implements leg.Backgrounded.
func (f *Flow) Background(b leg.Background) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.under = b
}

// Read, Play, Mark, Clear and SendDTMF implement leg.Leg.
func (f *Flow) Read(ctx context.Context) (leg.Event, error) { return f.feed.Read(ctx) }

func (f *Flow) Play(ctx context.Context, fr audio.Frame) error { return f.line.Play(ctx, &fr) }

func (f *Flow) Mark(id uint64) error { return f.line.Mark(id) }

func (f *Flow) Clear() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.feed.Marks(leg.Dropped, f.line.Clear(), f.at())
	return nil
}

func (f *Flow) SendDTMF(_ context.Context, digits string) error {
	if err := leg.CheckDigits(digits); err != nil {
		return err
	}
	return f.line.Digits(digits)
}

// Quality implements leg.Measured.
func (f *Flow) Quality() leg.Quality {
	s := f.stream.Stats()
	return leg.Quality{
		Codec: s.Codec.String(), Encrypted: s.Encrypted, Sent: s.Sent, Received: s.Received, Lost: s.Lost, Late: s.Late, Concealed: s.Concealed, Jitter: s.Jitter,
		FarLost: s.FarLost, FarJitter: s.FarJitter, RoundTrip: s.RoundTrip,
	}
}
