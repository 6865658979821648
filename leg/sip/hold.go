package sip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// holdWithin is how long the far end may take to agree to a hold, other changes of the session before it included.
const holdWithin = 10 * time.Second

// parking is the far end on hold, as we have told it.
type parking struct {
	one sync.Mutex  // held while it is told
	on  atomic.Bool // it was: it need not send anything
}

var _ leg.Holding = (*call)(nil)

// Hold implements leg.Holding: a re-INVITE that offers sendonly, for there is music, and later sendrecv (RFC 3264 §8.4, RFC 6337 §5.3). Only
// far ends whose account wants it are told.
func (c *call) Hold(ctx context.Context, on bool) error {
	if t := c.dialog().account; t == nil || t.Media.Hold != parley.HoldReinvite {
		return errors.ErrUnsupported
	}
	c.parked.one.Lock()
	defer c.parked.one.Unlock()
	if c.parked.on.Load() == on {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, holdWithin)
	defer stop()
	c.direct(on)
	c.parked.on.Store(true) // it may fall silent at once, and is waited for once it has agreed to be back
	res, err := c.reoffer(ctx)
	switch {
	case err == nil && res.IsSuccess():
		c.parked.on.Store(on)
		return nil
	case c.over.Load():
		err = io.EOF
	case err == nil:
		err = fmt.Errorf("the far end answered %d %s", res.StatusCode, res.Reason)
	}
	c.direct(!on)
	c.parked.on.Store(!on)
	return fmt.Errorf("telling the far end of a hold: %w", err)
}

// direct sets what is offered, and answered, from now on.
func (c *call) direct(on bool) {
	c.side.Lock()
	defer c.side.Unlock()
	c.local.Direction = rtp.SendRecv
	if on {
		c.local.Direction = rtp.SendOnly
	}
}

// reoffer sends a re-INVITE, again where the far end changes the session, too (RFC 3261 §14.1).
func (c *call) reoffer(ctx context.Context) (*sip.Response, error) {
	for {
		d := c.dialog()
		timer := d.timing()
		res, err := d.propose(ctx, c, append(d.abilities(), timer...)...)
		if err == nil && res.IsSuccess() && timer != nil {
			d.keepTime(res)
		}
		if !errors.Is(err, errGlare) && (err != nil || res.StatusCode != 491) {
			return res, err
		}
		select {
		case <-time.After(max(d.glare(), sip.T1)):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// timing is what a request that changes the session says of its timer, which would end otherwise (RFC 4028 §7.4); nil: there is none.
func (d *dialog) timing() []sip.Header {
	d.mu.Lock()
	defer d.mu.Unlock()
	tm := d.timer.timing
	if tm.every == 0 {
		return nil
	}
	who := "uas"
	if tm.ours {
		who = "uac"
	}
	return []sip.Header{sip.NewHeader("Session-Expires", seconds(tm.every)+";refresher="+who), sip.NewHeader("Min-SE", seconds(shortest))}
}
