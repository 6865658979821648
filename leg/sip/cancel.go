package sip

import (
	"time"

	"github.com/emiago/sipgo/sip"
)

// abandon is what is left of an INVITE we no longer want: it is cancelled as soon as the far end has shown a sign of life
// (RFC 3261 §9.1), and answered properly should it be accepted all the same.
func (a *attempt) abandon() {
	t := a.p.t
	defer a.over()
	timer := time.NewTimer(64 * sip.T1)
	defer timer.Stop()
	asked := false
	for {
		if a.alive && !asked {
			asked = true
			t.begin(a.cancel)
		}
		select {
		case res := <-a.tx.Responses():
			switch {
			case res.IsProvisional():
				a.alive = true
				a.rings(res) // a reliable one is repeated until it is acknowledged
			case res.IsSuccess():
				a.decline(res)
				return
			default:
				return
			}
		case <-a.tx.Done():
			return
		case <-timer.C:
			a.tx.Terminate()
			return
		case <-t.quit.Done():
			return
		}
	}
}

// cancel sends the CANCEL: the INVITE's own Via, Route, From, To, Call-ID and number (§9.1).
func (a *attempt) cancel() {
	t := a.p.t
	req := sip.NewRequest(sip.CANCEL, *a.invite.Recipient.Clone())
	req.AppendHeader(a.invite.Via().Clone())
	sip.CopyHeaders("Route", a.invite, req)
	for _, name := range []string{"Max-Forwards", "From", "To", "Call-ID"} {
		sip.CopyHeaders(name, a.invite, req)
	}
	req.AppendHeader(&sip.CSeqHeader{SeqNo: a.invite.CSeq().SeqNo, MethodName: sip.CANCEL})
	if _, err := t.do(t.quit, req, a.hop); err != nil {
		t.log.Debug("sip: CANCEL was not answered", "call_id", a.p.d.callID, "error", err)
	}
}

// decline takes a 2xx that nobody wants (late, or from another branch of a fork): ACK, then BYE.
func (a *attempt) decline(res *sip.Response) {
	d := a.branch(res)
	if err := a.ack(d); err != nil {
		d.depart()
		return
	}
	a.p.t.begin(d.bye)
}
