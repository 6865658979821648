package sip

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// vouch asks a far end that holds us in silence whether the call still is, once a media timeout: while it sends nothing it may as
// well be dead. Only the clock calls it, and it does not wait.
func (c *call) vouch(now time.Time) {
	if c.stream.Quiet(now) < c.limits.MediaTimeout || now.Sub(c.vouched) < c.limits.MediaTimeout {
		return
	}
	c.vouched = now
	c.t.begin(func() {
		d := c.dialog()
		ctx, stop := context.WithTimeout(d.there, 64*sip.T1)
		defer stop()
		res, err := d.ask(ctx, sip.OPTIONS, nil)
		gone := err != nil || res.StatusCode == 481 || res.StatusCode == 408
		if gone && d.there.Err() == nil {
			c.end(&leg.GoneError{Cause: parley.Unreachable}, true)
		}
	})
}
