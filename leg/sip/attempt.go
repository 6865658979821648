package sip

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// attempt is one INVITE of a call, and the branches that answer it.
type attempt struct {
	p      *placing
	hop    hop
	invite *sip.Request
	tx     *sip.ClientTx
	alive  bool // something provisional came; of the goroutine that reads tx

	mu     sync.Mutex        // guards all below
	early  map[string]*early // branches that ring, by their tag
	hungUp map[string]bool   // branches that are done with, and the one that was taken
	ended  bool              // no branch is added any more
}

// forksMost is how many branches of one call are answered; a far end that makes up more wants us to send, not to talk.
const forksMost = 16

// quietFor is how long a hop may say nothing at all while there is another.
func quietFor() time.Duration { return 8 * sip.T1 }

// wait waits for the final answer. However many provisional ones come, it goes on.
func (a *attempt) wait(ctx context.Context, ring <-chan time.Time, impatient bool) (*sip.Response, error) {
	p := a.p
	var silent <-chan time.Time
	if impatient {
		timer := time.NewTimer(quietFor())
		defer timer.Stop()
		silent = timer.C
	}
	gone := func(c parley.Cause) (*sip.Response, error) {
		p.t.begin(a.abandon)
		return nil, &leg.Rejected{Cause: c}
	}
	for {
		select {
		case res := <-a.tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
			if !a.alive {
				a.alive, silent = true, nil
				p.t.out.health.Report(a.hop.route(), true)
			}
			news := a.rings(res)
			if toTag(res) != "" {
				p.expose()
			}
			if news && p.call.Progress != nil {
				p.call.Progress(leg.Progress{Code: res.StatusCode, ID: p.d.callID})
			}
		case <-silent:
			p.t.out.health.Report(a.hop.route(), false)
			_, err := gone(parley.Unreachable)
			return nil, errors.Join(err, errElsewhere)
		case <-a.tx.Done():
			a.over()
			p.t.out.health.Report(a.hop.route(), a.alive)
			err := errors.Join(&leg.Rejected{Cause: parley.Unreachable}, fmt.Errorf("sip: INVITE: %w", a.tx.Err()))
			if !a.alive {
				err = errors.Join(err, errElsewhere)
			}
			return nil, err
		case <-ring:
			return gone(parley.NoAnswer)
		case <-ctx.Done():
			return gone(parley.Cancelled)
		case <-p.t.ctx.Done():
			return gone(parley.NodeLost)
		}
	}
}

// succeed makes a leg of the 2xx. It is whole before the ACK goes out: a far end may change it, or hang up, with its next packet.
func (a *attempt) succeed(res *sip.Response) (leg.Leg, error) {
	p := a.p
	d, e := a.take(res)
	cancel := d.depart
	d.depart = func() { cancel(); p.release() }
	a.tx.OnRetransmission(func(again *sip.Response) { a.again(d, again) })
	local, agreed, err := a.session(res, e)
	if err != nil {
		if a.ack(d) != nil {
			d.depart()
		} else {
			p.t.begin(d.bye)
		}
		return nil, errors.Join(&leg.Rejected{Cause: parley.Unreachable, Code: res.StatusCode}, fmt.Errorf("sip: answer: %w", err))
	}
	c := newCall(d, p.stream, local, p.call.Limits)
	p.stream = nil
	d.mu.Lock()
	d.leg = c
	d.mu.Unlock()
	c.begin(agreed)
	closing := p.t.add(d)
	if err := a.ack(d); err != nil {
		c.end(&leg.GoneError{Cause: parley.Unreachable}, false)
		return nil, errors.Join(&leg.Rejected{Cause: parley.Unreachable}, err)
	}
	if closing != nil {
		c.end(closing, true)
		return nil, &leg.Rejected{Cause: parley.NodeLost}
	}
	d.keepTime(res)
	return c, nil
}

// session is what a 2xx came to: its own description of it, or where it has none the one that came while it rang. One that an
// UPDATE has changed since is not brought back.
func (a *attempt) session(res *sip.Response, e *early) (rtp.Local, rtp.Agreed, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if e != nil && e.updated {
		return e.local, e.agreed, nil
	}
	agreed, err := agree(a.p.local, res)
	if err != nil && e != nil && e.described {
		return a.p.local, e.agreed, nil
	}
	return a.p.local, agreed, err
}

var errNoAnswer = errors.New("it describes no session")

// agree reads the answer to our offer out of a response.
func agree(local rtp.Local, res *sip.Response) (rtp.Agreed, error) {
	body, _ := description(res)
	if len(body) == 0 {
		return rtp.Agreed{}, errNoAnswer
	}
	sdp, err := rtp.ParseSDP(body)
	if err != nil {
		return rtp.Agreed{}, err
	}
	return rtp.Accept(local, sdp)
}

// take is the dialog the 2xx belongs to, out of the ones that rang when it is one of them; the others end.
func (a *attempt) take(res *sip.Response) (*dialog, *early) {
	tag := toTag(res)
	a.mu.Lock()
	e := a.early[tag]
	delete(a.early, tag)
	a.hungUp[tag] = true
	a.mu.Unlock()
	a.over()
	if e == nil {
		return a.branch(res), nil
	}
	e.d.mu.Lock()
	defer e.d.mu.Unlock()
	e.d.placed = nil
	e.d.confirm(res)
	return e.d, e
}

// over ends all branches that ring.
func (a *attempt) over() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	for _, e := range a.early { // they are kept, for the numbers they have reached
		e.d.depart()
	}
}

// again takes a further 2xx: a repeated one wants its ACK again, one of another branch of a fork an ACK and a BYE.
func (a *attempt) again(d *dialog, res *sip.Response) {
	t := a.p.t
	if !t.enter(false) {
		return
	}
	defer t.leave()
	tag := toTag(res)
	a.mu.Lock()
	known := a.hungUp[tag]
	if !known && len(a.hungUp) >= forksMost {
		a.mu.Unlock()
		return
	}
	a.hungUp[tag] = true
	a.mu.Unlock()
	switch {
	case tag == d.remote.tag:
		_ = a.ack(d)
	case !known:
		a.decline(res)
	default:
		other := a.branch(res)
		_ = a.ack(other)
		other.depart()
	}
}

// branch is the dialog that this answer begins.
func (a *attempt) branch(res *sip.Response) *dialog {
	p := a.p
	d := &dialog{
		t: p.t, callID: p.d.callID, local: p.d.local, remote: p.d.remote, account: p.d.account,
		localSeq: a.invite.CSeq().SeqNo, target: a.invite.Recipient, peer: a.hop,
	}
	a.mu.Lock()
	e := a.early[toTag(res)]
	a.mu.Unlock()
	if e != nil {
		e.d.mu.Lock()
		d.localSeq = e.d.localSeq
		e.d.mu.Unlock()
	}
	d.there, d.depart = context.WithCancel(p.t.quit)
	d.confirm(res)
	return d
}

// ack acknowledges a 2xx: a request of its own with the INVITE's number and credentials (§13.2.2.4), whatever number the dialog
// has reached meanwhile.
func (a *attempt) ack(d *dialog) error {
	ctx, stop := context.WithTimeout(a.p.t.quit, sip.T2)
	defer stop()
	h, err := d.way(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	req := d.build(sip.ACK, a.invite.CSeq().SeqNo)
	d.mu.Unlock()
	sip.CopyHeaders("Authorization", a.invite, req)
	sip.CopyHeaders("Proxy-Authorization", a.invite, req)
	return a.p.t.write(req, h)
}
