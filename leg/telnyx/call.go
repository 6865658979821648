package telnyx

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/stream"
	"github.com/parley-voice/parley/rtp"
)

const (
	goodbye    = time.Second // after the end of the sound, for the event that says why
	digitsWait = 16          // rows of digits that wait to be sent; more are lost
	digitLasts = 200         // ms; Telnyx takes 100 to 500
)

var errGone = errors.New("telnyx: the call is over")

// A call is an answered leg.
type call struct {
	*stream.Stream
	l        *line
	stream   string // its id at Telnyx
	sip      bool   // the far end is reached by SIP
	digits   chan string
	ours     fact          // we hang up
	finished chan struct{} // closed when Telnyx has been told of the end
}

var (
	_ leg.Leg          = (*call)(nil)
	_ leg.Identified   = (*call)(nil)
	_ leg.Backgrounded = (*call)(nil)
	_ leg.Measured     = (*call)(nil)
)

// connect makes the leg of a line whose sound has come. The line is the leg's from now on.
func (l *line) connect(a *arrival, socket stream.Socket, codec rtp.Codec, limits leg.Limits, sip bool) *call {
	c := &call{l: l, stream: a.id, sip: sip, digits: make(chan string, digitsWait), ours: newFact(), finished: make(chan struct{})}
	c.Stream = stream.New(socket, stream.Options{Words: words, Codec: codec, Heard: a.heard, Clock: l.d.cfg.Clock, Limits: limits, Digits: c.press})
	l.seat(c)
	l.d.begin(c.tend)
	return c
}

// press has digits sent by Telnyx (RFC 4733, to those who take it); it does not wait.
func (c *call) press(digits string) {
	select {
	case c.digits <- digits:
	default:
		c.l.d.log.Warn("telnyx: digits are lost, too many wait", "call", c.l.control())
	}
}

// tend commands the leg until it has ended, and hangs up.
func (c *call) tend() {
	defer close(c.finished)
	defer c.l.end()
	for {
		select {
		case digits := <-c.digits:
			ctx, stop := context.WithTimeout(c.l.d.quit, farewell)
			if err := c.l.command(ctx, "send_dtmf", map[string]any{"digits": digits, "duration_millis": digitLasts}); err != nil {
				c.l.d.log.Warn("telnyx: sending digits", "call", c.l.control(), "error", err)
			}
			stop()
		case <-c.Stopped():
			late := time.NewTimer(goodbye)
			select {
			case <-c.l.over.is:
			case <-c.ours.is:
			case <-late.C:
			case <-c.l.d.ctx.Done():
			}
			late.Stop()
			c.l.hangUp()
			return
		}
	}
}

// Hangup implements leg.Leg.
func (c *call) Hangup(ctx context.Context, _ parley.Cause) error {
	c.ours.set()
	c.Stop()
	select {
	case <-c.finished:
	case <-ctx.Done():
	}
	return nil
}

// ID implements leg.Identified.
func (c *call) ID() string { return c.l.control() }

// Metadata implements leg.Identified.
func (c *call) Metadata() map[string]string {
	ids := c.l.named()
	return map[string]string{"type": "telephony_metadata_telnyx", "call_control_id": ids.Control, "call_leg_id": ids.Leg, "call_session_id": ids.Session, "stream_id": c.stream}
}

// Refer implements leg.Leg: a far end that is reached by SIP is asked to call a sip: address itself. All others are bridged, so that the call
// stays in our hands.
func (c *call) Refer(ctx context.Context, to string) error {
	if !c.sip || !address(to) {
		return errors.ErrUnsupported
	}
	if c.l.referred.known() {
		return errors.ErrUnsupported // one transfer is what a call is good for
	}
	if err := c.l.command(ctx, "refer", map[string]any{"sip_address": to}); err != nil {
		if no := new(Refusal); errors.As(err, &no) && !no.Doubt {
			return errors.ErrUnsupported
		}
		return err
	}
	select {
	case <-c.l.referred.is:
	case <-c.l.over.is:
		return nil // as many do once theirs is answered
	case <-ctx.Done():
		return ctx.Err()
	}
	c.l.mu.Lock()
	code := c.l.refer
	c.l.mu.Unlock()
	if code >= 300 {
		return fmt.Errorf("telnyx: the far end could not be transferred: %d", code)
	}
	return nil
}

// address reports whether s is a sip: address that may stand in a command.
func address(s string) bool {
	scheme, rest, ok := strings.Cut(strings.ToLower(s), ":")
	return ok && (scheme == "sip" || scheme == "sips") && rest != "" && len(s) <= 256 && clean(s) && !strings.ContainsAny(s, " ,<>\"?")
}
