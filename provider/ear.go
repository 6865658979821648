package provider

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/stt"
)

// LastWords is how long an Ear waits for what was still being heard when the sound has ended.
const LastWords = 5 * time.Second

const farewell = 100 * time.Millisecond // spent on a last message

// ErrLate is in the error of an Ear whose last words did not come in time.
var ErrLate = errors.New("provider: the last words did not come in time")

// An Ear is one stream heard by a websocket: what of that is a vendor's own. Begin, Sound, Alive and Finish are called by one
// goroutine at a time, Take and Rest by that of the loop; what both use, a vendor guards.
type Ear struct {
	Vendor string
	Socket *Socket
	// Begin is what is said before any sound. nil: nothing is.
	Begin func() error
	// Sound passes a frame on; it may wait, for ctx at most. After an error no more is sent: why is learnt by reading.
	Sound func(ctx context.Context, f *audio.Frame) error
	// Idle is how long there may be no sound before Alive keeps the connection open. 0: for ever.
	Idle  time.Duration
	Alive func() error
	// Finish asks for the last words once the sound has ended.
	Finish func() error
	// Leave is said when the stream is left before Finish, to a vendor that would else hold the session open; at most farewell is spent on it.
	Leave []byte
	// Take makes events of a message, which is valid until it returns. Over: nothing will follow. After an error no more is read.
	Take func(text bool, message []byte) (events []stt.Event, over bool, err error)
	// Rest is asked when the connection has ended by err, or Take said over (err is nil then): events that nobody has told, and what
	// of err is a failure. nil: an orderly close once the sound has ended is none.
	Rest func(err error) ([]stt.Event, error)

	ended atomic.Bool
	late  atomic.Bool
	gone  sync.Once
}

// Ended reports whether the sound has ended: the vendor's goodbye is no failure from then on.
func (e *Ear) Ended() bool { return e.ended.Load() }

// Hear is a stt.Transcriber's Transcribe by the Ear that open gives, connected, for each loop. Its one goroutine, which sends, ends
// with the loop. The loop ends once in is closed and the vendor has said goodbye, LastWords later at most.
func Hear(ctx context.Context, in <-chan audio.Frame, open func(context.Context) (*Ear, error)) iter.Seq2[stt.Event, error] {
	return func(yield func(stt.Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		e, err := open(ctx)
		if err != nil {
			yield(stt.Event{}, err)
			return
		}
		stop := context.AfterFunc(ctx, e.leave)
		defer stop()
		var sending sync.WaitGroup
		defer sending.Wait()
		defer e.leave()
		defer cancel()
		sending.Go(func() { e.send(ctx, in) })
		more, err := e.listen(yield)
		switch {
		case !more:
		case ctx.Err() != nil:
			yield(stt.Event{}, ctx.Err())
		case err != nil:
			yield(stt.Event{}, err)
		}
	}
}

// send passes the sound on. It allocates nothing per frame.
func (e *Ear) send(ctx context.Context, in <-chan audio.Frame) {
	if e.Begin != nil && e.Begin() != nil {
		return // the listener finds out why
	}
	var tick <-chan time.Time
	if e.Idle > 0 {
		t := time.NewTicker(e.Idle)
		defer t.Stop()
		tick = t.C
	}
	var f audio.Frame // one for all: Sound is given its address
	sent, ok := false, true
	for {
		select {
		case f, ok = <-in:
			if !ok {
				e.finish(ctx)
				return
			}
			if e.Sound(ctx, &f) != nil {
				return
			}
			sent = true
		case <-tick:
			if !sent && e.Alive() != nil {
				return
			}
			sent = false
		case <-ctx.Done():
			return
		}
	}
}

// leave closes the connection.
func (e *Ear) leave() {
	e.gone.Do(func() {
		if e.Leave != nil && !e.Ended() {
			e.Socket.last(e.Leave)
		}
		e.Socket.Close()
	})
}

func (e *Ear) finish(ctx context.Context) {
	e.ended.Store(true)
	if e.Finish() != nil {
		return
	}
	timer := time.NewTimer(LastWords)
	defer timer.Stop()
	select {
	case <-timer.C:
		e.late.Store(true)
		e.Socket.Close()
	case <-ctx.Done():
	}
}

// listen reads until the connection ends. More: the consumer wants to know how.
func (e *Ear) listen(yield func(stt.Event, error) bool) (more bool, err error) {
	var buf []byte
	for over := false; !over; {
		text, r, err := e.Socket.Next()
		if err == nil {
			buf, err = ReadAll(r, buf)
		}
		if err != nil {
			return e.rest(yield, err)
		}
		var events []stt.Event
		events, over, err = e.Take(text, buf)
		if !tell(yield, events) {
			return false, nil
		}
		if err != nil {
			return true, err
		}
	}
	return e.rest(yield, nil)
}

func tell(yield func(stt.Event, error) bool, events []stt.Event) bool {
	for _, ev := range events {
		if !yield(ev, nil) {
			return false
		}
	}
	return true
}

func (e *Ear) rest(yield func(stt.Event, error) bool, err error) (more bool, _ error) {
	if err != nil && e.late.Load() {
		err = &parley.VendorError{Vendor: e.Vendor, Code: parley.VendorTimeout, Message: fmt.Sprintf("did not give the last words within %s", LastWords), Err: ErrLate}
	}
	var events []stt.Event
	switch {
	case e.Rest != nil:
		events, err = e.Rest(err)
	case e.Ended() && Farewell(err):
		err = nil
	}
	return tell(yield, events), err
}
