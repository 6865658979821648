package sip

import (
	"github.com/emiago/sipgo/sip"
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
	tm, no := d.grant(req)
	if no != nil {
		_ = d.t.reply(tx, req, no.code, no.reason, no.instead...)
		return
	}
	local, body, agreed, err := c.answer(req, sdp)
	if err != nil {
		_ = d.t.reply(tx, req, 488, "Not Acceptable Here")
		return
	}
	d.refresh(req)
	res := d.t.session(req, body, d, tm)
	u := d.await(tx, res, req.CSeq().SeqNo)
	u.offer = sdp == nil
	if d.t.respond(tx, res) != nil {
		u.settle(nil)
		return
	}
	d.watch(tm)
	d.t.begin(u.repeat)
	if sdp != nil {
		c.agree(agreed)
		return
	}
	d.t.begin(func() {
		if agreed, err := u.answer(d.t.quit, local); err == nil {
			c.agree(agreed)
		}
	})
}

// refresh takes a new Contact (RFC 3261 §12.2.2), and where the far end writes from now; mu is held. What is refused must
// change nothing.
func (d *dialog) refresh(req *sip.Request) {
	if c := req.Contact(); c != nil {
		d.target = c.Address
	}
	d.peer = cameBy(req)
}
