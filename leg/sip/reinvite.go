package sip

import (
	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/rtp"
)

// reinvite takes a change of the session: hold, resume, another address (RFC 3261 §14.2); mu is held.
func (d *dialog) reinvite(req *sip.Request, tx *sip.ServerTx) {
	c := d.leg
	if c == nil { // the first INVITE is not answered yet
		_ = d.t.reply(tx, req, 491, "Request Pending")
		return
	}
	sdp, no := offered(req)
	if no != nil {
		_ = d.t.reply(tx, req, no.code, no.reason, no.instead...)
		return
	}
	local := c.describe()
	if sdp == nil {
		d.refresh(req)
		res := d.t.session(req, rtp.Offer(local), d)
		u := d.await(tx, res, req.CSeq().SeqNo)
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

// update is a re-INVITE without an ACK (RFC 3311), or with no body a refresh of the target; mu is held.
func (d *dialog) update(req *sip.Request, tx *sip.ServerTx) {
	c := d.leg
	sdp, no := offered(req)
	switch {
	case no != nil:
		_ = d.t.reply(tx, req, no.code, no.reason, no.instead...)
		return
	case c == nil && sdp != nil:
		_ = d.t.reply(tx, req, 491, "Request Pending")
		return
	}
	if sdp == nil {
		d.refresh(req)
		_ = d.t.respond(tx, d.t.session(req, nil, d))
		return
	}
	body, agreed, err := rtp.Answer(sdp, c.describe())
	if err != nil {
		_ = d.t.reply(tx, req, 488, "Not Acceptable Here")
		return
	}
	d.refresh(req)
	if d.t.respond(tx, d.t.session(req, body, d)) == nil {
		c.agree(agreed)
	}
}

// refresh takes a new Contact (RFC 3261 §12.2.2), and where the far end writes from now; mu is held. What is refused must
// change nothing.
func (d *dialog) refresh(req *sip.Request) {
	if c := req.Contact(); c != nil {
		d.target = c.Address
	}
	d.peer = hop{network: sip.NetworkToUpper(req.Transport()), addr: source(req)}
}
