package sip

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// call is an answered dialog with its media: a leg.Leg. The reader of the wire and the clock's tick bring events; both stop
// before the port is given back.
type call struct {
	t      *Trunk
	id     string // the Call-ID it was answered under
	stream *rtp.Stream
	line   *leg.Playout
	feed   *leg.Events
	limits leg.Limits
	keys   keys // digits sent by INFO

	answered time.Time
	emit     func(rtp.Received) // received, made once
	remove   func()             // from the clock
	reader   chan struct{}      // closed when the reader of the wire has ended
	vouched  time.Time          // when a far end that holds us was last asked whether it is there; the clock's
	held     atomic.Bool
	parked   parking
	unproven atomic.Bool // nothing is sent yet: who named the address of the media has not shown that he gets what we answer

	near   // our side of the session
	onWire // what is sent
	ending
}

// onWire is the leg's own time line.
type onWire struct {
	wire   sync.Mutex // guards all below, and keeps Marked before the Dropped of a later Clear
	begun  bool
	frames int // ticks since answer
	tick   leg.Tick
	under  leg.Background // nil: none
	mixed  audio.Frame    // tick's with it
}

// near is our side of the session, and the dialog that carries it.
type near struct {
	side  sync.Mutex // guards all below; no lock of a dialog is taken under it
	local rtp.Local
	d     *dialog     // another one once the call was replaced (RFC 3891)
	safe  *rtp.Secure // how the call is encrypted; nil: it is not
}

// ending is how a leg ends, once.
type ending struct {
	once    sync.Once
	over    atomic.Bool
	stopped chan struct{} // closed when media has stopped and the port is free
}

var (
	_ leg.Leg          = (*call)(nil)
	_ leg.Identified   = (*call)(nil)
	_ leg.Backgrounded = (*call)(nil)
)

// newCall makes a leg that Serve waits for: begin and end it, or abandon it. The caller is one that Serve waits for.
func newCall(d *dialog, stream *rtp.Stream, local rtp.Local, l leg.Limits) *call {
	c := &call{
		t: d.t, id: d.callID, stream: stream, line: leg.NewPlayout(), feed: leg.NewEvents(), limits: l.OrDefault(),
		reader: make(chan struct{}), near: near{d: d, local: local}, ending: ending{stopped: make(chan struct{})},
	}
	c.emit = c.received
	d.t.enter(false)
	return c
}

// dialog is what carries the call now.
func (c *call) dialog() *dialog {
	c.side.Lock()
	defer c.side.Unlock()
	return c.d
}

// move lets another dialog carry the call; false: it has ended.
func (c *call) move(to *dialog) bool {
	c.side.Lock()
	defer c.side.Unlock()
	if c.over.Load() {
		return false
	}
	c.d = to
	return true
}

// begin starts media: the time line of the leg is 0 now. After an end it does nothing.
func (c *call) begin(a rtp.Agreed) {
	c.wire.Lock()
	defer c.wire.Unlock()
	if c.over.Load() {
		return
	}
	c.begun, c.answered = true, time.Now()
	c.held.Store(!a.Send)
	c.stream.Start(c.settled(a))
	go func() {
		defer close(c.reader)
		if err := c.stream.Receive(c.emit); err != nil { // else it ends with Close
			c.end(&leg.GoneError{Cause: parley.MediaTimeout}, true)
		}
	}()
	c.remove = c.t.clock.Add(c.step)
}

// settled takes note of what was agreed on. Digits that come by INFO are not looked for in the sound, too.
func (c *call) settled(a rtp.Agreed) rtp.Agreed {
	c.side.Lock()
	defer c.side.Unlock()
	c.safe, c.local.Before = a.Secure, a.Before
	if t := c.d.account; t != nil && t.Media.DTMF == parley.DTMFInfo {
		a.Tones = false
	}
	return a
}

// abandon is for a call that never was: nobody is told.
func (c *call) abandon() {
	c.end(io.EOF, false)
	<-c.stopped
}

// received takes what the wire brings; the stream's lock is held.
func (c *call) received(r rtp.Received) {
	switch r.Kind {
	case rtp.Frame:
		ev := leg.Event{Kind: leg.Audio, At: r.At, Frame: r.Frame}
		if r.Came > 0 {
			ev.Edge = c.answered.Add(r.Came)
		}
		if c.held.Load() {
			ev.Frame = audio.Frame{} // music on hold is nothing the far end says
		}
		c.feed.Push(&ev)
	case rtp.Digit:
		c.feed.Push(&leg.Event{Kind: leg.DTMF, At: r.At, Digit: r.Digit})
	}
}

// step is one tick of the clock. On hold the queue stands still.
func (c *call) step(due time.Time) {
	if c.over.Load() {
		return
	}
	held, unproven := c.held.Load(), c.unproven.Load()
	silent := held || c.parked.on.Load() // the far end may send nothing
	switch {
	case due.Sub(c.answered) >= c.limits.MaxDuration:
		c.end(&leg.GoneError{Cause: parley.DurationLimit}, true)
		return
	case !silent && c.stream.Quiet(due) >= c.limits.MediaTimeout:
		c.end(&leg.GoneError{Cause: parley.MediaTimeout}, true)
		return
	}
	if silent {
		c.vouch(due)
	}
	c.stream.Tick(due, c.emit)
	c.wire.Lock()
	defer c.wire.Unlock()
	out := &c.tick.Frame
	if held || unproven || c.stream.SendingDigits() || c.keys.pressing.Load() {
		c.tick.Frame, c.tick.Marks = audio.Frame{}, c.tick.Marks[:0]
	} else if c.line.Next(&c.tick); c.tick.Digits != "" {
		c.press(c.tick.Digits)
	} else if c.under != nil {
		out = &c.mixed
		*out = c.tick.Frame
		c.under.Under(out, c.tick.Queued)
	}
	left := time.Now()
	if !unproven {
		_ = c.stream.Send(out) // a far end whose port is closed is for the media timeout
	}
	ev := leg.Event{Kind: leg.Played, At: c.at(), Frame: c.tick.Frame, Edge: left.Add(c.stream.Waits())}
	c.feed.Push(&ev)
	c.feed.Marks(leg.Marked, c.tick.Marks, ev.At)
	c.frames++
}

// Background implements leg.Backgrounded.
func (c *call) Background(b leg.Background) {
	c.wire.Lock()
	defer c.wire.Unlock()
	c.under = b
}

// at is the leg's time; wire is held.
func (c *call) at() time.Duration { return time.Duration(c.frames) * audio.FrameDur }

// end ends the leg, once: err is what Read returns in the end, bye whether the far end is to be told. It does not wait, and takes
// no lock of the dialog.
func (c *call) end(err error, bye bool) {
	c.once.Do(func() {
		c.over.Store(true)
		go c.finish(err, bye)
	})
}

func (c *call) finish(err error, bye bool) {
	defer c.t.leave()
	c.wire.Lock()
	begun := c.begun
	c.feed.Marks(leg.Dropped, c.line.Close(), c.at())
	c.wire.Unlock()
	if begun {
		c.remove()
	}
	_ = c.stream.Close()
	if begun {
		<-c.reader
	}
	c.feed.End(err)
	close(c.stopped)
	d := c.dialog()
	if bye {
		d.acknowledged()
		d.reported()
		d.bye()
	}
	c.t.remove(d)
	d.mu.Lock()
	d.watch(timing{})
	d.leg, d.unacked = nil, nil // sipgo keeps the INVITE's transaction, and through it the dialog, for 32 s; not our buffers
	d.mu.Unlock()
}

// acknowledged waits until the 2xx has its ACK or is given up: no BYE before (RFC 3261 §15).
func (d *dialog) acknowledged() {
	d.mu.Lock()
	u := d.unacked
	d.mu.Unlock()
	if u != nil {
		<-u.done
	}
}

// agree takes what a re-INVITE came to.
func (c *call) agree(a rtp.Agreed) {
	c.stream.Update(c.settled(a))
	if was := c.held.Swap(!a.Send); was == a.Send {
		k := leg.Held
		if a.Send {
			k = leg.Resumed
		}
		c.wire.Lock()
		c.feed.Push(&leg.Event{Kind: k, At: c.at()})
		c.wire.Unlock()
	}
}

// describe is our side for the next session description, which goes to that hop.
func (c *call) describe(h hop) rtp.Local {
	c.side.Lock()
	defer c.side.Unlock()
	c.local.Version++
	local := c.local
	local.Peer, local.SDES = h.addr.Addr(), secret(h)
	return local
}

// propose is describe for an offer: what is encrypted is not offered in the clear, nor by other means.
func (c *call) propose(h hop) rtp.Local {
	local := c.describe(h)
	c.side.Lock()
	defer c.side.Unlock()
	if c.safe != nil {
		local.SRTP, local.SDES = parley.SRTPRequired, local.SDES && c.safe.Fingerprint == ""
	}
	return local
}

// answer is our side of the session that a request offers or, when it does not, our own offer. An error: there is nothing in common.
func (c *call) answer(req *sip.Request, sdp *rtp.SDP) (local rtp.Local, body []byte, a rtp.Agreed, err error) {
	h := cameBy(req)
	if sdp == nil {
		local = c.propose(h)
		return local, rtp.Offer(local), a, nil
	}
	local = c.describe(h)
	body, a, err = rtp.Answer(sdp, local)
	return local, body, a, err
}

func (c *call) Read(ctx context.Context) (leg.Event, error) { return c.feed.Read(ctx) }

func (c *call) Play(ctx context.Context, f audio.Frame) error { return c.line.Play(ctx, &f) }

func (c *call) Mark(id uint64) error { return c.line.Mark(id) }

func (c *call) Clear() error {
	c.wire.Lock()
	defer c.wire.Unlock()
	c.feed.Marks(leg.Dropped, c.line.Clear(), c.at())
	return nil
}

func (c *call) SendDTMF(_ context.Context, digits string) error {
	if err := leg.CheckDigits(digits); err != nil {
		return err
	}
	return c.line.Digits(digits)
}

// Hangup returns when media has stopped; the BYE is on its way.
func (c *call) Hangup(ctx context.Context, _ parley.Cause) error {
	c.end(io.EOF, true)
	select {
	case <-c.stopped:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (c *call) Refer(ctx context.Context, to string) error {
	if c.over.Load() {
		return io.EOF
	}
	return c.dialog().transfer(ctx, to)
}

// ID implements leg.Identified: the Call-ID.
func (c *call) ID() string { return c.id }

// Metadata implements leg.Identified.
func (c *call) Metadata() map[string]string {
	return map[string]string{"type": "telephony_metadata_sip", "call_id": c.id}
}
