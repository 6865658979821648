// Package stream is the sound of a leg that goes over a carrier's websocket (Twilio's Media Streams, Telnyx' media streaming): an rtp.Stream
// whose packets travel as JSON, the queue of what is played, and the clock that paces both. What was heard is what the carrier says it has
// played: a mark goes to it and comes back. What answers a call, and how its end is told, is its owner's.
//
// Goroutines: one that reads the socket, one that writes it and one that pings, from Begin to the end; the clock's calls step.
package stream

import (
	"cmp"
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

const (
	// lead is how many frames the carrier has more than it plays, while there is something to say: so much jitter of the network is not heard.
	lead = 3
	// markPatience is how long after it was sent a mark counts as heard without its echo: the sound before it was taken, and has passed.
	markPatience = 5 * time.Second

	pingEvery  = 10 * time.Second
	pingWithin = 10 * time.Second // a far end that neither answers nor sends sound for so long is gone: TCP alone would not tell for minutes
)

// Options are what a stream is made of.
type Options struct {
	Words  Words
	Codec  rtp.Codec // of what we send; 0: PCMU
	Heard  rtp.Codec // of what comes; 0: the same
	Clock  *leg.Clock
	Limits leg.Limits
	Digits func(digits string) // sends digits, by another way than the socket; it must not block. nil: they go as tones in the sound
}

// A Stream has all of a leg.Leg but Refer and Hangup. Stop ends it; it also ends by itself: when its limits are reached, the far end says
// so, or does not read any more.
type Stream struct {
	socket Socket
	words  Words
	codec  rtp.Codec
	heard  rtp.Codec
	digits func(string) // nil: tones
	clock  *leg.Clock
	limits leg.Limits
	sound  *rtp.Stream
	wire   *wire
	out    *outbox
	line   *leg.Playout
	feed   *leg.Events
	run    running

	mu       sync.Mutex // guards all below, and keeps Marked before the Dropped of a later Clear
	begun    bool
	answered time.Time
	frames   int // ticks since answer
	voice    voice
	marks    marks
	trip     time.Duration // of the last ping; 0: none came back
}

// running is what ends with a stream.
type running struct {
	once    sync.Once
	over    atomic.Bool
	stopped chan struct{} // closed when nothing is received, sent or told any more
	quit    context.CancelFunc
	tasks   sync.WaitGroup
	remove  func() // from the clock

	emit       func(rtp.Received)      // Stream.received, made once
	writeMedia func(dst []byte) []byte // and those of the outbox
	writeMark  func(dst []byte) []byte
}

// New makes the stream of a socket on which the sound is about to begin. The socket is its own from now on.
func New(socket Socket, o Options) *Stream {
	s := &Stream{socket: socket, words: o.Words, clock: o.Clock, limits: o.Limits.OrDefault(), out: newOutbox(),
		line: leg.NewPlayout(), feed: leg.NewEvents()}
	s.codec = cmp.Or(o.Codec, rtp.PCMU)
	s.heard, s.digits = cmp.Or(o.Heard, s.codec), o.Digits
	s.wire = &wire{s: s}
	s.sound = rtp.OpenOn(s.wire, far)
	s.run.stopped = make(chan struct{})
	s.run.emit = s.received
	s.run.writeMedia = func(dst []byte) []byte { return s.words.media(dst, s.wire.sound) }
	s.run.writeMark = func(dst []byte) []byte { return s.words.mark(dst, s.marks.names) }
	return s
}

// Begin starts the sound: the time line is 0 now. After an end it does nothing.
func (s *Stream) Begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run.over.Load() {
		return
	}
	s.begun, s.answered = true, time.Now()
	s.sound.Start(rtp.Agreed{Codec: s.codec, PayloadType: s.codec.PayloadType(), OpusType: rtp.Opus.PayloadType(), Remote: far, Send: true, Receive: true, Patient: true})
	ctx, quit := context.WithCancel(context.Background())
	s.run.quit = quit
	s.run.tasks.Go(func() { _ = s.sound.Receive(s.run.emit) }) // it ends with the wire, which says why
	s.run.tasks.Go(s.write)
	s.run.tasks.Go(func() { s.ping(ctx) })
	s.run.remove = s.clock.Add(s.step)
}

// received takes what the wire brings; the sound's lock is held.
func (s *Stream) received(r rtp.Received) {
	if r.Kind != rtp.Frame {
		return
	}
	ev := leg.Event{Kind: leg.Audio, At: r.At, Frame: r.Frame}
	if r.Came > 0 {
		ev.Edge = s.answered.Add(r.Came)
	}
	s.feed.Push(&ev)
}

// write takes messages out of the outbox: it alone waits for a far end that is slow.
func (s *Stream) write() {
	var text []byte
	for ok := true; ; {
		if text, ok = s.out.take(text); !ok {
			return
		}
		if s.socket.Write(text) != nil {
			return // the reader learns of it, too
		}
	}
}

// ping asks the far end whether it is there, and how far away.
func (s *Stream) ping(ctx context.Context) {
	every := time.NewTicker(pingEvery)
	defer every.Stop()
	for {
		select {
		case <-every.C:
		case <-ctx.Done():
			return
		}
		within, done := context.WithTimeout(ctx, pingWithin)
		asked := time.Now()
		err := s.socket.Ping(within)
		late := within.Err() != nil
		done()
		switch {
		case err == nil:
			s.mu.Lock()
			s.trip = time.Since(asked)
			s.mu.Unlock()
		case !late || s.sound.Quiet(time.Now()) >= pingWithin:
			s.broken()
			return
		}
	}
}

// at is the stream's time; mu is held.
func (s *Stream) at() time.Duration { return time.Duration(s.frames) * audio.FrameDur }

// broken ends the stream of a socket that ended without a goodbye.
func (s *Stream) broken() { s.Leave(parley.MediaTimeout) }

// Leave ends the stream without waiting for it: "" because the far end has hung up, else for that cause.
func (s *Stream) Leave(c parley.Cause) { s.end(leg.Ended(c)) }

// Stop ends the stream, once, and returns when the socket is closed: Read then gives what was left, and io.EOF.
func (s *Stream) Stop() {
	s.end(io.EOF)
	<-s.run.stopped
}

// Stopped is closed when the stream has ended.
func (s *Stream) Stopped() <-chan struct{} { return s.run.stopped }

func (s *Stream) end(err error) {
	s.run.once.Do(func() {
		s.run.over.Store(true)
		go s.finish(err)
	})
}

func (s *Stream) finish(err error) {
	s.mu.Lock()
	begun := s.begun
	s.cut()
	s.feed.Marks(leg.Dropped, s.line.Close(), s.at())
	s.mu.Unlock()
	if begun {
		s.run.remove()
		s.run.quit()
	}
	s.out.close()
	_ = s.sound.Close() // and the socket by it
	s.run.tasks.Wait()
	s.feed.End(err)
	close(s.run.stopped)
}

// Tell puts an event of the owner's among those of the stream, at the time it is now.
func (s *Stream) Tell(e leg.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun {
		e.At = s.at()
		s.feed.Push(&e)
	}
}

// Background implements leg.Backgrounded.
func (s *Stream) Background(b leg.Background) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.voice.under = b
}

// Read, Play, Mark, Clear and SendDTMF implement leg.Leg.
func (s *Stream) Read(ctx context.Context) (leg.Event, error) { return s.feed.Read(ctx) }

func (s *Stream) Play(ctx context.Context, f audio.Frame) error { return s.line.Play(ctx, &f) }

func (s *Stream) Mark(id uint64) error { return s.line.Mark(id) }

// Clear forgets what waits here and at the carrier. What of that it may have played without our having been told of it counts as not heard.
func (s *Stream) Clear() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.begun && !s.run.over.Load() {
		s.out.wipe(s.words.Clear)
	}
	s.cut()
	s.feed.Marks(leg.Dropped, s.line.Clear(), s.at())
	return nil
}

// SendDTMF sends digits as tones in the sound, unless there is another way.
func (s *Stream) SendDTMF(_ context.Context, digits string) error {
	if err := leg.CheckDigits(digits); err != nil {
		return err
	}
	return s.line.Digits(digits)
}

// Quality implements leg.Measured. TCP loses nothing: what is lost, the carrier lost before.
func (s *Stream) Quality() leg.Quality {
	st := s.sound.Stats()
	s.mu.Lock()
	defer s.mu.Unlock()
	return leg.Quality{Codec: s.codec.String(), Sent: st.Sent, Received: st.Received, Lost: st.Lost, Late: st.Late, Concealed: st.Concealed,
		Jitter: st.Jitter, RoundTrip: s.trip}
}
