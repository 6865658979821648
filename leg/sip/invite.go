package sip

import (
	"context"
	"errors"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// invite takes a new call in: who may, is asked first; all else only for those who may.
func (t *Trunk) invite(req *sip.Request, tx *sip.ServerTx) {
	v := t.admit(t.ctx, req)
	switch {
	case v.challenge != nil:
		t.dismiss(tx, req, 401, "Unauthorized", v.challenge...)
		return
	case v.failed:
		t.dismiss(tx, req, 503, "Service Unavailable", sip.NewHeader("Retry-After", "2"))
		return
	case !v.allowed:
		t.dismiss(tx, req, 403, "Forbidden")
		return
	}
	sdp, no := offered(req)
	if no == nil && req.Contact() == nil && req.From().Params.GetOr("tag", "") != "" { // a caller of RFC 2543 need have neither
		no = &objection{400, "Missing Contact", nil}
	}
	if no != nil {
		_ = t.reply(tx, req, no.code, no.reason, no.instead...)
		return
	}
	replaces := len(req.GetHeaders("Replaces")) > 0
	if !replaces && !t.takes() { // before it rings: it is another node's
		t.turnedAway(req, tx, v.trunk)
		return
	}
	o := &offer{t: t, tx: tx, req: req, sdp: sdp}
	o.ctx, o.giveUp = context.WithCancelCause(t.ctx)
	o.d = t.accepted(req, req.To().Params.GetOr("tag", ""))
	o.d.account = t.account(v.trunk)
	o.d.early = o
	if !o.occupy() && !replaces { // who takes the place of a call needs no other
		o.giveUp(nil)
		o.d.depart()
		_ = t.reply(tx, req, 486, "Busy Here")
		return
	}
	if o.timing, no = o.d.grant(req); no != nil {
		o.giveUp(nil)
		o.d.depart()
		_ = t.reply(tx, req, no.code, no.reason, no.instead...)
		return
	}
	if hs := req.GetHeaders("Replaces"); len(hs) > 0 {
		o.replace(hs, v.trunk)
		return
	}
	o.ringing = ringing(req, v.trunk)
	o.ringing.To, o.ringing.From = called(req, o.d.account), read(o.ringing.From, o.d.account)
	if !t.enter(true) {
		o.giveUp(errClosing)
		_ = t.reply(tx, req, 503, "Service Unavailable")
		return
	}
	if err := t.add(o.d); errors.Is(err, errMerged) {
		o.giveUp(err)
		o.d.depart()
		t.leave()
		_ = t.reply(tx, req, 482, "Loop Detected")
		return
	} else if err != nil || !tx.OnCancel(func(*sip.Request) { o.cancelled() }) {
		o.cancelled()
		t.leave()
		return
	}
	if o.ring() != nil {
		o.cancelled()
	}
	go o.run()
}

// occupy takes one of the account's lines, until the dialog ends; false: they are all in use.
func (o *offer) occupy() bool {
	leave, ok := o.t.out.limits.Enter(o.d.account)
	if ok {
		depart := o.d.depart
		o.d.depart = func() { depart(); leave() }
	}
	return ok
}

// account is that of an id, as it was when somebody came in by it just now.
func (t *Trunk) account(id string) *parley.TrunkAccount {
	list, err := t.accounts.get(t.ctx)
	if err != nil || id == "" {
		return nil
	}
	for i := range list {
		if list[i].ID == id {
			return &list[i].TrunkAccount
		}
	}
	return nil
}

// ringing is what the owner is told.
func ringing(req *sip.Request, trunk string) leg.Ringing {
	r := leg.Ringing{
		ID: req.CallID().Value(), From: user(&req.From().Address), To: user(&req.Recipient),
		Headers: variables(req), Trunk: trunk, Source: source(req),
	}
	if name := req.From().DisplayName; len(name) <= identityMost && clean(name) {
		r.FromName = text(strings.Trim(name, `" `))
	}
	return r
}

// user is the part of a URI that says who: of sip: the user without its parameters, of tel: the number.
func user(u *sip.Uri) string {
	s := u.User
	if raw := u.Raw(); raw != "" {
		s = raw
	}
	s, _, _ = strings.Cut(s, ";")
	return text(unescape(s))
}

// text makes UTF-8 of what may be any encoding: a store refuses other strings.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// straggler answers a CANCEL that fits no INVITE we know (§9.2).
func (t *Trunk) straggler(req *sip.Request, tx *sip.ServerTx) {
	t.dismiss(tx, req, 481, "Call/Transaction Does Not Exist")
}

// run hands the call to its owner and hangs up when he returns.
func (o *offer) run() {
	defer o.t.leave()
	defer o.giveUp(nil)
	o.t.answer(o.ctx, o)
	if err := o.Reject(o.ctx, parley.NoAnswer); err == nil || !errors.Is(err, errAnswered) {
		return
	}
	o.d.mu.Lock()
	l := o.leg
	o.leg = nil
	o.d.mu.Unlock()
	if l != nil {
		if o.t.ctx.Err() != nil {
			l.end(&leg.GoneError{Cause: parley.NodeLost}, true)
		}
		_ = l.Hangup(o.t.quit, parley.AgentEnded)
	}
}
