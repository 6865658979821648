package sip

import (
	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/rtp"
)

// update is a re-INVITE without an ACK (RFC 3311 §5.2), or with no body a refresh of the target; mu is held. An offer has to wait
// for the answer to the one before: with 500 when that is ours to give, with 491 when it is theirs.
func (d *dialog) update(req *sip.Request, tx *sip.ServerTx) {
	c := d.leg
	sdp, no := offered(req)
	switch {
	case no != nil:
		_ = d.t.reply(tx, req, no.code, no.reason, no.instead...)
		return
	case c == nil && sdp != nil && d.placed != nil:
		d.placed.renegotiate(d, sdp, req, tx)
		return
	case c == nil && sdp != nil:
		_ = d.t.reply(tx, req, 500, "Server Internal Error", later())
		return
	case sdp != nil && (d.inviting || d.offering()):
		_ = d.t.reply(tx, req, 491, "Request Pending")
		return
	}
	tm, no := d.grant(req)
	if no != nil {
		_ = d.t.reply(tx, req, no.code, no.reason, no.instead...)
		return
	}
	var body []byte
	var agreed rtp.Agreed
	if sdp != nil {
		var err error
		if _, body, agreed, err = c.answer(req, sdp); err != nil {
			_ = d.t.reply(tx, req, 488, "Not Acceptable Here")
			return
		}
	}
	d.refresh(req)
	if d.t.respond(tx, d.t.session(req, body, d, tm)) != nil {
		return
	}
	d.watch(tm)
	if sdp != nil {
		c.agree(agreed)
	}
}
