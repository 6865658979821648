package sip

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync/atomic"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

var (
	errGivenUp  = errors.New("sip: the caller gave up")
	errAnswered = errors.New("sip: the call is answered or refused already")
)

// What an offer can come to. Only the first counts.
const (
	undecided int32 = iota
	answered
	refused
	cancelled
)

// offer is an INVITE of the far end that rings: a leg.Offer.
type offer struct {
	t       *Trunk
	tx      *sip.ServerTx
	req     *sip.Request
	d       *dialog
	sdp     *rtp.SDP // nil: we are to offer
	ringing leg.Ringing
	timing  timing
	leg     *call // once answered; guarded by the dialog's mu
	state   atomic.Int32
	ctx     context.Context // the owner's: done when the caller gives up before the answer
	giveUp  context.CancelCauseFunc
}

func (o *offer) Ringing() leg.Ringing { return o.ringing }

func (o *offer) decide(to int32) error {
	if o.state.CompareAndSwap(undecided, to) {
		return nil
	}
	if o.state.Load() == cancelled {
		return errGivenUp
	}
	return errAnswered
}

// cancelled is called by sipgo, which answers the CANCEL and the INVITE itself. It must not touch the transaction.
func (o *offer) cancelled() {
	if o.decide(cancelled) == nil {
		o.giveUp(errGivenUp)
		o.t.remove(o.d)
	}
}

// Reject implements leg.Offer.
func (o *offer) Reject(_ context.Context, c parley.Cause) error {
	if err := o.decide(refused); err != nil {
		return err
	}
	code, reason := rejection(c)
	return o.refuse(code, reason)
}

func (o *offer) refuse(code int, reason string) error {
	o.t.remove(o.d)
	var more []sip.Header
	if code == 503 {
		more = append(more, later())
	}
	if err := o.t.reply(o.tx, o.req, code, reason, more...); err != nil {
		return o.mend(err)
	}
	return nil
}

// mend is for an answer that came after a CANCEL: the transaction has refused it, but would repeat it instead of its 487.
func (o *offer) mend(err error) error {
	if !errors.Is(err, sip.ErrTransactionCanceled) {
		return fmt.Errorf("sip: answer: %w", err)
	}
	_ = o.t.reply(o.tx, o.req, 487, "Request Terminated")
	o.giveUp(errGivenUp)
	return errGivenUp
}

// Answer implements leg.Offer. It returns as soon as the 200 is out; an INVITE without an offer is waited for until its ACK.
func (o *offer) Answer(ctx context.Context, l leg.Limits) (leg.Leg, error) {
	if err := o.decide(answered); err != nil {
		return nil, err
	}
	o.d.mu.Lock()
	from := o.d.peer // an UPDATE may move it meanwhile
	o.d.mu.Unlock()
	local, stream, err := o.t.openMedia(from, o.sdp, o.d.account)
	if err != nil {
		_ = o.refuse(503, "Service Unavailable")
		return nil, err
	}
	var body []byte
	var agreed rtp.Agreed
	if o.sdp == nil {
		body = rtp.Offer(local)
	} else if body, agreed, err = rtp.Answer(o.sdp, local); err != nil {
		_ = stream.Close()
		_ = o.refuse(488, "Not Acceptable Here")
		return nil, fmt.Errorf("sip: answer: %w", err)
	}
	c := newCall(o.d, stream, local, l)
	c.unproven.Store(from.network == "UDP" && agreed.Remote.IsValid() && agreed.Remote.Addr() != from.addr.Addr())
	o.d.mu.Lock()
	res := o.t.session(o.req, body, o.d, o.timing)
	o.d.leg, o.d.early, o.leg = c, nil, c
	u := o.d.await(o.tx, res, o.req.CSeq().SeqNo)
	u.offer = o.sdp == nil
	o.d.watch(o.timing)
	o.d.mu.Unlock()
	if err := o.t.respond(o.tx, res); err != nil {
		u.settle(nil)
		c.abandon()
		return nil, o.mend(err)
	}
	o.t.begin(u.repeat)
	late := o.sdp == nil
	o.req, o.tx, o.sdp = nil, nil, nil // nobody who reads them gets past decide any more; the owner keeps the offer as long as the call
	if late {
		if agreed, err = u.answer(ctx, local); err != nil {
			_ = c.Hangup(ctx, parley.Configuration)
			return nil, fmt.Errorf("sip: answer: %w", err)
		}
	}
	c.begin(agreed)
	return c, nil
}

// openMedia binds a port and describes our side to that peer, as the account wants it. An offer may name the other family than its signalling uses.
func (t *Trunk) openMedia(h hop, offer *rtp.SDP, a *parley.TrunkAccount) (rtp.Local, *rtp.Stream, error) {
	addr := t.advertised(h.addr.Addr())
	if offer != nil {
		if m := offer.Audio(); m != nil && m.Addr.IsValid() && m.Addr.Is4() != addr.Is4() {
			if other := t.advertised(m.Addr); other.Is4() == m.Addr.Is4() {
				addr = other
			}
		}
	}
	c := rtp.Config{Ports: t.cfg.Ports}
	if addr.Is6() {
		c.Local = netip.IPv6Unspecified()
	}
	stream, err := rtp.Open(c)
	if err != nil {
		return rtp.Local{}, nil, fmt.Errorf("sip: open media: %w", err)
	}
	l := rtp.Local{
		Addr: addr, Port: stream.LocalPort(), SessionID: uint64(firstSeq()), Version: 1, Codecs: codecs(a),
		Peer: h.addr.Addr(), Ports: t.cfg.Ports, Keys: rtp.NewKeys(), SDES: secret(h),
	}
	if a != nil {
		l.NoEvents, l.SRTP = a.Media.DTMF == parley.DTMFInband, a.Media.SRTP
	}
	return l, stream, nil
}

// secret tells a hop over which the keys of a call may go: nobody else reads along.
func secret(h hop) bool { return h.network == "TLS" || h.addr.Addr().Unmap().IsLoopback() }

// session is a 200 with a session description, and what was granted of a session timer.
func (t *Trunk) session(req *sip.Request, body []byte, d *dialog, tm timing) *sip.Response {
	res := sip.NewResponseFromRequest(req, 200, "OK", body)
	res.AppendHeader(t.contact(d.local.uri.User, d.peer))
	for _, h := range d.abilities() {
		res.AppendHeader(h)
	}
	tm.say(res)
	if len(body) > 0 {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	}
	return res
}
