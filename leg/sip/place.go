package sip

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// place sends the INVITE, with other credentials when it is challenged, and waits for what comes of it.
func (p *placing) place(ctx context.Context) (leg.Leg, error) {
	patience := p.call.RingTimeout
	if patience <= 0 {
		patience = ringTimeout
	}
	ring := time.NewTimer(patience)
	defer ring.Stop()
	var proofs proofs
	for range challengesMost {
		p.compose(proofs)
		var err error
		if p.tx, err = p.t.send(ctx, p.invite, p.hop); err != nil {
			cause := parley.Unreachable
			if errors.Is(err, errUnsafe) {
				cause = parley.Configuration
			}
			return nil, errors.Join(&leg.Rejected{Cause: cause}, fmt.Errorf("sip: INVITE: %w", err))
		}
		res, err := p.wait(ctx, ring.C)
		if err != nil {
			return nil, err
		}
		switch {
		case res.IsSuccess():
			return p.succeed(res)
		case res.StatusCode == 401 || res.StatusCode == 407:
			if proofs.learn(p.d.account, res) == nil {
				continue
			}
		}
		return nil, &leg.Rejected{Cause: refusal(res.StatusCode), Code: res.StatusCode}
	}
	return nil, &leg.Rejected{Cause: parley.Configuration, Code: 401}
}

// compose writes the INVITE. Each attempt is a new transaction with the next number.
func (p *placing) compose(ps proofs) {
	p.d.mu.Lock()
	p.d.target = p.target
	req := p.d.next(sip.INVITE)
	p.d.mu.Unlock()
	req.AppendHeader(p.t.contact(p.d.local.uri.User, p.hop))
	req.AppendHeader(sip.NewHeader("Allow", allow))
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	if p.call.ID != "" {
		req.AppendHeader(sip.NewHeader("X-Parley-Call-ID", p.call.ID))
	}
	_ = extra(req, p.call.Headers) // plan has tried it
	ps.sign(p.d.account, req)
	req.SetBody(rtp.Offer(p.local))
	p.invite, p.alive = req, false
}

// wait waits for the final answer to one INVITE. However many provisional ones come, it goes on.
func (p *placing) wait(ctx context.Context, ring <-chan time.Time) (*sip.Response, error) {
	for {
		select {
		case res := <-p.tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
			p.alive = true
			if p.call.Progress != nil && res.StatusCode > 100 {
				p.call.Progress(leg.Progress{Code: res.StatusCode, ID: p.d.callID})
			}
		case <-p.tx.Done():
			return nil, errors.Join(&leg.Rejected{Cause: parley.Unreachable}, fmt.Errorf("sip: INVITE: %w", p.tx.Err()))
		case <-ring:
			p.t.begin(p.abandon)
			return nil, &leg.Rejected{Cause: parley.NoAnswer}
		case <-ctx.Done():
			p.t.begin(p.abandon)
			return nil, &leg.Rejected{Cause: parley.Cancelled}
		case <-p.t.ctx.Done():
			p.t.begin(p.abandon)
			return nil, &leg.Rejected{Cause: parley.NodeLost}
		}
	}
}

// succeed makes a leg of the 2xx.
func (p *placing) succeed(res *sip.Response) (leg.Leg, error) {
	d := p.branch(res)
	seq := p.invite.CSeq().SeqNo
	p.hungUp[d.remote.tag] = true // not another branch
	p.tx.OnRetransmission(func(again *sip.Response) { p.again(d, again) })
	if err := p.ack(d, seq); err != nil {
		d.depart()
		return nil, errors.Join(&leg.Rejected{Cause: parley.Unreachable}, err)
	}
	sdp, err := rtp.ParseSDP(res.Body())
	var agreed rtp.Agreed
	if err == nil {
		agreed, err = rtp.Accept(p.local, sdp)
	}
	if err != nil {
		p.t.begin(d.bye)
		return nil, errors.Join(&leg.Rejected{Cause: parley.Unreachable, Code: res.StatusCode}, fmt.Errorf("sip: answer: %w", err))
	}
	c := newCall(d, p.stream, p.local, p.call.Limits)
	d.leg, p.stream = c, nil
	if err := p.t.add(d); err != nil {
		c.end(err, true)
		return nil, &leg.Rejected{Cause: parley.NodeLost}
	}
	c.begin(agreed)
	return c, nil
}

// forksMost is how many branches of one call are answered; a far end that makes up more wants us to send, not to talk.
const forksMost = 16

// again takes a further 2xx: a repeated one wants its ACK again, one of another branch of a fork an ACK and a BYE.
func (p *placing) again(d *dialog, res *sip.Response) {
	if !p.t.enter(false) {
		return
	}
	defer p.t.leave()
	tag := toTag(res)
	p.forks.Lock()
	known := p.hungUp[tag]
	if !known && len(p.hungUp) >= forksMost {
		p.forks.Unlock()
		return
	}
	p.hungUp[tag] = true
	p.forks.Unlock()
	switch {
	case tag == d.remote.tag:
		_ = p.ack(d, p.invite.CSeq().SeqNo)
	case !known:
		p.decline(res)
	default:
		other := p.branch(res)
		_ = p.ack(other, p.invite.CSeq().SeqNo)
		other.depart()
	}
}
