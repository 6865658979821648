package sip

import (
	"context"
	"errors"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
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
	if no != nil {
		_ = t.reply(tx, req, no.code, no.reason, no.instead...)
		return
	}
	o := &offer{t: t, tx: tx, req: req, sdp: sdp}
	o.ctx, o.giveUp = context.WithCancelCause(t.ctx)
	tag := newTag()
	req.To().Params.Add("tag", tag) // every answer of ours carries it
	o.d = t.accepted(req, tag)
	o.d.early = o
	o.ringing = ringing(req, v.trunk)
	if !t.enter(true) {
		o.giveUp(errClosing)
		_ = t.reply(tx, req, 503, "Service Unavailable")
		return
	}
	if t.add(o.d) != nil || !tx.OnCancel(func(*sip.Request) { o.cancelled() }) {
		o.cancelled()
		t.leave()
		return
	}
	if t.reply(tx, req, 180, "Ringing", t.contact(o.d.local.uri.User, o.d.peer)) != nil {
		o.cancelled()
	}
	go o.run()
}

// objection is why what a request asks for cannot even be talked about, and what could be instead.
type objection struct {
	code    int
	reason  string
	instead []sip.Header
}

// offered parses what an INVITE or UPDATE offers: nil without a body. We support no extension (RFC 3261 §8.2.2.3).
func offered(req *sip.Request) (*rtp.SDP, *objection) {
	if require := req.GetHeaders("Require"); len(require) > 0 {
		names := make([]string, len(require))
		for i, h := range require {
			names[i] = h.Value()
		}
		return nil, &objection{420, "Bad Extension", []sip.Header{sip.NewHeader("Unsupported", strings.Join(names, ", "))}}
	}
	if len(req.Body()) == 0 {
		return nil, nil
	}
	if ct := req.ContentType(); ct == nil || !isSDP(ct.Value()) {
		return nil, &objection{415, "Unsupported Media Type", []sip.Header{acceptSDP()}}
	}
	sdp, err := rtp.ParseSDP(req.Body())
	if err != nil {
		return nil, &objection{400, "Bad Session Description", nil}
	}
	return sdp, nil
}

func acceptSDP() sip.Header { return sip.NewHeader("Accept", "application/sdp") }

func isSDP(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(kind), "application/sdp")
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
	if l := o.d.answered(); l != nil {
		if o.t.ctx.Err() != nil {
			l.end(&leg.GoneError{Cause: parley.NodeLost}, true)
		}
		_ = l.Hangup(o.t.quit, parley.AgentEnded)
	}
}
