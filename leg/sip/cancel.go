package sip

import (
	"context"
	"time"

	"github.com/emiago/sipgo/sip"
)

// abandon is what is left of a call we no longer want: the INVITE is cancelled as soon as the far end has shown a sign of life
// (RFC 3261 §9.1), and answered properly should it be accepted all the same.
func (p *placing) abandon() {
	t := p.t
	timer := time.NewTimer(64 * sip.T1)
	defer timer.Stop()
	asked := false
	for {
		if p.alive && !asked {
			asked = true
			t.begin(p.cancel)
		}
		select {
		case res := <-p.tx.Responses():
			switch {
			case res.IsProvisional():
				p.alive = true
			case res.IsSuccess():
				p.decline(res)
				return
			default:
				return
			}
		case <-p.tx.Done():
			return
		case <-timer.C:
			p.tx.Terminate()
			return
		case <-t.quit.Done():
			return
		}
	}
}

// cancel sends the CANCEL: the INVITE's own Via, Route, From, To, Call-ID and number (§9.1).
func (p *placing) cancel() {
	req := sip.NewRequest(sip.CANCEL, *p.invite.Recipient.Clone())
	req.AppendHeader(p.invite.Via().Clone())
	sip.CopyHeaders("Route", p.invite, req)
	for _, name := range []string{"Max-Forwards", "From", "To", "Call-ID"} {
		sip.CopyHeaders(name, p.invite, req)
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: p.invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	if _, err := p.t.do(p.t.quit, req, p.hop); err != nil {
		p.t.log.Debug("sip: CANCEL was not answered", "call_id", p.d.callID, "error", err)
	}
}

// decline takes a 2xx that nobody wants (late, or from another branch of a fork): ACK, then BYE.
func (p *placing) decline(res *sip.Response) {
	d := p.branch(res)
	if err := p.ack(d, p.invite.CSeq().SeqNo); err != nil {
		d.depart()
		return
	}
	p.t.begin(d.bye)
}

// branch is the dialog that this 2xx begins.
func (p *placing) branch(res *sip.Response) *dialog {
	d := &dialog{
		t: p.t, callID: p.d.callID, local: p.d.local, remote: p.d.remote, account: p.d.account,
		localSeq: p.invite.CSeq().SeqNo, target: p.invite.Recipient, peer: p.hop,
	}
	d.there, d.depart = context.WithCancel(p.t.quit)
	d.confirm(res)
	return d
}

// ack acknowledges a 2xx: a request of its own with the INVITE's number and credentials (§13.2.2.4).
func (p *placing) ack(d *dialog, seq uint32) error {
	ctx, stop := context.WithTimeout(p.t.quit, sip.T2)
	defer stop()
	h, err := d.way(ctx)
	if err != nil {
		return err
	}
	d.mu.Lock()
	req := d.build(sip.ACK, seq)
	d.mu.Unlock()
	sip.CopyHeaders("Authorization", p.invite, req)
	sip.CopyHeaders("Proxy-Authorization", p.invite, req)
	return p.t.write(req, h)
}
