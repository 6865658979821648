package sip

import (
	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/rtp"
)

// reinvite takes a change of the session: hold, resume, another address (RFC 3261 §14.2); mu is held.
func (d *dialog) reinvite(req *sip.Request, tx *sip.ServerTx) {
	c := d.leg
	sdp, no := offered(req)
	switch {
	case no != nil:
		_ = d.t.reply(tx, req, no.code, no.reason, no.instead...)
		return
	case c == nil: // the first INVITE is not answered yet
		_ = d.t.reply(tx, req, 500, "Server Internal Error", later())
		return
	case d.inviting || d.offering():
		_ = d.t.reply(tx, req, 491, "Request Pending")
		return
	}
	local := c.describe()
	if sdp == nil {
		d.refresh(req)
		res := d.t.session(req, rtp.Offer(local), d)
		u := d.await(tx, res, req.CSeq().SeqNo)
		u.offer = true
		if d.t.respond(tx, res) == nil {
			d.t.begin(u.repeat)
			d.t.begin(func() {
				if agreed, err := u.answer(d.t.quit, local); err == nil {
					c.agree(agreed)
				}
			})
		}
		return
	}
	body, agreed, err := rtp.Answer(sdp, local)
	if err != nil {
		_ = d.t.reply(tx, req, 488, "Not Acceptable Here")
		return
	}
	d.refresh(req)
	res := d.t.session(req, body, d)
	u := d.await(tx, res, req.CSeq().SeqNo)
	if d.t.respond(tx, res) != nil {
		u.settle(nil)
		return
	}
	d.t.begin(u.repeat)
	c.agree(agreed)
}

// refresh takes a new Contact (RFC 3261 §12.2.2), and where the far end writes from now; mu is held. What is refused must
// change nothing.
func (d *dialog) refresh(req *sip.Request) {
	if c := req.Contact(); c != nil {
		d.target = c.Address
	}
	d.peer = hop{network: sip.NetworkToUpper(req.Transport()), addr: source(req)}
}
