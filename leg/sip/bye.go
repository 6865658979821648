package sip

import (
	"io"

	"github.com/emiago/sipgo/sip"
)

// farewell answers a BYE; mu is held. One that comes while we ring ends the ringing (RFC 3261 §15.1.2).
func (d *dialog) farewell(req *sip.Request, tx *sip.ServerTx) {
	_ = d.t.reply(tx, req, 200, "OK")
	d.depart()
	if d.unacked != nil {
		d.unacked.settle(nil)
	}
	if d.refer != nil {
		d.refer.gone()
	}
	switch {
	case d.leg != nil:
		d.leg.end(io.EOF, false)
	case d.early != nil:
		if o := d.early; o.decide(refused) == nil {
			o.giveUp(errGivenUp)
			_ = o.refuse(487, "Request Terminated")
		}
	}
}
