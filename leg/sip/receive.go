package sip

import (
	"net/netip"
	"time"
	"unicode/utf8"

	"github.com/emiago/sipgo/sip"
)

const identityMost = 512 // bytes of each header that identifies a dialog

// receive handles one request. sipgo calls it in a goroutine per message, so two messages of a dialog may come in either order:
// handlers of one dialog exclude each other, and what a later CSeq implies (that a 2xx has arrived, say) is taken as said.
func (t *Trunk) receive(req *sip.Request, tx *sip.ServerTx) {
	if !t.enter(false) {
		tx.Terminate()
		return
	}
	defer t.leave()
	defer func() { // a request nobody answered would stay for good
		if req.IsAck() {
			tx.Terminate()
		}
	}()
	if req.IsInvite() {
		req = req.Clone() // sipgo answers a CANCEL from its own while we look at ours
	}
	if !echoable(req) {
		tx.Terminate() // even the refusal would carry it
		return
	}
	if !wellFormed(req) {
		t.dismiss(tx, req, 400, "Bad Request")
		return
	}
	if !known(req.Recipient.Scheme) && !req.IsAck() {
		t.dismiss(tx, req, 416, "Unsupported URI Scheme")
		return
	}
	if len(req.GetHeaders("Replaces")) > 0 && !req.IsInvite() { // RFC 3891 §3
		t.dismiss(tx, req, 400, "Bad Request")
		return
	}
	if no := unsupported(req); no != nil && !req.IsInvite() && !req.IsAck() && !req.IsCancel() {
		t.dismiss(tx, req, no.code, no.reason, no.instead...)
		return
	}
	tagged := t.tags.within(req)
	switch req.Method {
	case sip.INVITE:
		if tagged {
			t.within(req, tx, (*dialog).reinvite)
		} else {
			t.invite(req, tx)
		}
	case sip.ACK:
		if d := t.find(ours(req)); d != nil {
			d.ack(req)
		}
	case sip.CANCEL:
		t.straggler(req, tx)
	case sip.BYE:
		t.within(req, tx, (*dialog).farewell)
	case sip.PRACK:
		t.within(req, tx, (*dialog).prack)
	case sip.REFER:
		t.within(req, tx, (*dialog).referred)
	case sip.INFO:
		t.within(req, tx, (*dialog).info)
	case sip.UPDATE:
		t.within(req, tx, (*dialog).update)
	case sip.NOTIFY:
		t.within(req, tx, (*dialog).notified)
	case sip.OPTIONS:
		if tagged {
			t.within(req, tx, (*dialog).options)
		} else if !t.takes() { // who asks to know where calls may go: proxies, carriers
			t.dismiss(tx, req, 503, "Service Unavailable", later())
		} else {
			t.dismiss(tx, req, 200, "OK", append(abilities(), acceptSDP())...)
		}
	case sip.MESSAGE, sip.SUBSCRIBE, sip.PUBLISH, sip.REGISTER:
		t.dismiss(tx, req, 405, "Method Not Allowed", sip.NewHeader("Allow", allow))
	default:
		t.dismiss(tx, req, 501, "Not Implemented", sip.NewHeader("Allow", allow))
	}
}

// known reports whether URIs of that scheme say anything to us; "" is that of *.
func known(scheme string) bool {
	return scheme == "sip" || scheme == "sips" || scheme == "tel" || scheme == ""
}

// ours is the key a request of the far end names its dialog by.
func ours(req *sip.Request) key {
	return key{req.CallID().Value(), req.To().Params.GetOr("tag", "")}
}

// within handles a request inside a dialog: one at a time, in the order of CSeq (RFC 3261 §12.2.2).
func (t *Trunk) within(req *sip.Request, tx *sip.ServerTx, handle func(*dialog, *sip.Request, *sip.ServerTx)) {
	d := t.find(ours(req))
	if d != nil && d.placed != nil {
		d = d.placed.branchOf(req.From().Params.GetOr("tag", ""))
	}
	if d == nil || d.remote.tag != req.From().Params.GetOr("tag", "") {
		t.dismiss(tx, req, 481, "Call/Transaction Does Not Exist")
		return
	}
	t.guard.Proven(source(req).Addr()) // it has our tag
	d.hear(req)
	d.mu.Lock()
	defer d.mu.Unlock()
	if seq := req.CSeq().SeqNo; seq <= d.remoteSeq && d.remoteSeq != 0 {
		_ = t.reply(tx, req, 500, "Server Internal Error")
		return
	}
	d.remoteSeq = req.CSeq().SeqNo
	if u := d.unacked; u != nil && u.implied(req) {
		u.settle(nil)
	}
	handle(d, req, tx)
}

// hear waits, at most T1, for an ACK with the answer to our offer when a request that needs it has overtaken it.
func (d *dialog) hear(req *sip.Request) {
	d.mu.Lock()
	u := d.unacked
	wait := d.offering() && (req.IsInvite() || req.Method == sip.UPDATE) && req.CSeq().SeqNo > u.seq
	d.mu.Unlock()
	if !wait {
		return
	}
	late := time.NewTimer(sip.T1)
	defer late.Stop()
	select {
	case <-u.done:
	case <-late.C:
	}
}

// options tells that the call still is; mu is held.
func (d *dialog) options(req *sip.Request, tx *sip.ServerTx) {
	_ = d.t.reply(tx, req, 200, "OK", append(abilities(), acceptSDP())...)
}

// echoable reports whether what an answer repeats of the request can do no harm there.
func echoable(req *sip.Request) bool {
	for _, name := range []string{"Via", "From", "To", "Call-ID", "CSeq", "Record-Route", "Timestamp"} {
		for _, h := range req.GetHeaders(name) {
			if !clean(h.Value()) {
				return false
			}
		}
	}
	return true
}

// wellFormed reports whether all is there that a dialog is known by, and can be shown.
func wellFormed(req *sip.Request) bool {
	from, to, id, seq := req.From(), req.To(), req.CallID(), req.CSeq()
	if from == nil || to == nil || id == nil || seq == nil || req.Via() == nil {
		return false
	}
	if !clean(user(&req.Recipient)) || !clean(user(&from.Address)) || !utf8.ValidString(id.Value()) {
		return false
	}
	tag := from.Params.GetOr("tag", "")
	return seq.MethodName == req.Method && len(tag) <= identityMost && id.Value() != "" && // no tag: RFC 2543
		len(id.Value()) <= identityMost && len(from.Value()) <= 2*identityMost && len(to.Value()) <= 2*identityMost && source(req).IsValid()
}

// cameBy is the hop a request came by.
func cameBy(req *sip.Request) hop {
	return hop{network: sip.NetworkToUpper(req.Transport()), addr: source(req)}
}

// source is where the request came from; not valid when sipgo cannot say.
func source(req *sip.Request) netip.AddrPort {
	a, err := netip.ParseAddrPort(req.Source())
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
