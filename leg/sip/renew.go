package sip

import (
	"context"
	"errors"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// errGlare: the far end changes the session, too.
var errGlare = errors.New("sip: another INVITE is under way")

// renew refreshes a session of which half the interval is over: by UPDATE where the far end takes it, else by re-INVITE (RFC 4028
// §7.4). Where it fails it is tried again as long as there is time; then the call has ended.
func (d *dialog) renew(c *call, tm timing) {
	ctx, stop := context.WithTimeout(d.there, tm.every/2-tm.grace())
	defer stop()
	d.mu.Lock()
	update := d.timer.updates
	d.mu.Unlock()
	for ctx.Err() == nil {
		res, err := d.refreshed(ctx, c, tm, update)
		if err != nil && !errors.Is(err, errGlare) {
			break
		}
		code := 491
		if res != nil {
			code = res.StatusCode
		}
		least := time.Duration(0)
		switch {
		case code < 300:
			d.keepTime(res)
			return
		case code == 422:
			least, _ = interval(res, "Min-SE")
		case code == 408 || code == 481:
			stop()
			continue
		case update && (code == 405 || code == 501):
			update = false
			continue
		}
		if least > tm.every {
			tm.every = least
			continue
		}
		select {
		case <-time.After(max(d.glare(), sip.T1)):
		case <-ctx.Done():
		}
	}
	if d.there.Err() == nil {
		c.end(&leg.GoneError{Cause: parley.Unreachable}, true)
	}
}

// refreshed sends one refresh and gives its final answer.
func (d *dialog) refreshed(ctx context.Context, c *call, tm timing, update bool) (*sip.Response, error) {
	headers := append(abilities(), sip.NewHeader("Session-Expires", seconds(tm.every)+";refresher=uac"), sip.NewHeader("Min-SE", seconds(shortest)))
	if !update {
		return d.propose(ctx, c, headers...)
	}
	res, err := d.ask(ctx, sip.UPDATE, nil, headers...)
	if err == nil && res.IsSuccess() {
		d.mu.Lock()
		d.follow(res)
		d.mu.Unlock()
	}
	return res, err
}

// propose sends a re-INVITE with our side of the session and takes the answer. Only one INVITE at a time (RFC 3261 §14.1): errGlare.
func (d *dialog) propose(ctx context.Context, c *call, headers ...sip.Header) (*sip.Response, error) {
	d.mu.Lock()
	if d.inviting || d.unacked != nil && !d.unacked.over() {
		d.mu.Unlock()
		return nil, errGlare
	}
	d.inviting = true
	h := d.peer
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.inviting = false
		d.mu.Unlock()
	}()
	local := c.propose(h)
	res, err := d.ask(ctx, sip.INVITE, rtp.Offer(local), append(headers, sip.NewHeader("Content-Type", "application/sdp"))...)
	if err != nil || !res.IsSuccess() {
		return res, err
	}
	body, _ := description(res)
	if sdp, err := rtp.ParseSDP(body); err == nil {
		if agreed, err := rtp.Accept(local, sdp); err == nil {
			c.agree(agreed)
		}
	}
	return res, nil
}

// follow takes the target that a 2xx names (RFC 3261 §12.2.1.2); mu is held.
func (d *dialog) follow(res *sip.Response) {
	if c := res.Contact(); c != nil {
		d.target = c.Address
	}
}

// transact sends a request and waits for its final answer, which it acknowledges as often as it comes when it is the 2xx to an INVITE.
func (d *dialog) transact(ctx context.Context, req *sip.Request, h hop) (*sip.Response, error) {
	if !req.IsInvite() {
		return d.t.do(ctx, req, h)
	}
	tx, err := d.t.send(ctx, req, h)
	if err != nil {
		return nil, err
	}
	tx.OnRetransmission(func(*sip.Response) {
		if d.t.enter(false) {
			defer d.t.leave()
			_ = d.acknowledge(req)
		}
	})
	for {
		select {
		case res := <-tx.Responses():
			switch {
			case res.IsProvisional():
				continue
			case !res.IsSuccess():
				return res, nil
			}
			d.mu.Lock()
			d.follow(res)
			d.mu.Unlock()
			return res, d.acknowledge(req)
		case <-tx.Done():
			return nil, tx.Err()
		case <-ctx.Done():
			tx.Terminate()
			return nil, ctx.Err()
		}
	}
}

// acknowledge sends the ACK of a 2xx to a re-INVITE, with the credentials and the number of the INVITE (§13.2.2.4).
func (d *dialog) acknowledge(invite *sip.Request) error {
	ctx, stop := context.WithTimeout(d.t.quit, sip.T2)
	defer stop()
	h, err := d.way(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	req := d.build(sip.ACK, invite.CSeq().SeqNo)
	d.mu.Unlock()
	sip.CopyHeaders("Authorization", invite, req)
	sip.CopyHeaders("Proxy-Authorization", invite, req)
	return d.t.write(req, h)
}
