package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// placing is a call of ours on its way (RFC 3261 §13.2): one or several INVITEs, until one is answered.
type placing struct {
	t       *Trunk
	call    leg.Call
	target  sip.Uri
	hops    []hop
	release func() // the account may place another call
	d       *dialog
	local   rtp.Local
	stream  *rtp.Stream
	proofs  proofs
	moved   bool          // a redirection was followed
	least   time.Duration // session interval that was asked for (RFC 4028 §7.3); 0: by nobody

	mu  sync.Mutex // guards now
	now *attempt   // whose branches the far end may speak in
}

// requestsMost is how many INVITEs one hop is sent: challenges, a longer session, a redirection, then enough.
const requestsMost = challengesMost + 3

// errElsewhere marks a failure that another hop may mend.
var errElsewhere = errors.New("sip: no answer of use by this way")

// place tries one way after the other and waits for what comes of it. A way is left when it cannot be reached, says 503, or says
// nothing at all for a while as long as there is another (RFC 3263 §4.3).
func (p *placing) place(ctx context.Context) (leg.Leg, error) {
	patience := p.call.RingTimeout
	if patience <= 0 {
		patience = ringTimeout
	}
	ring := time.NewTimer(patience)
	defer ring.Stop()
	defer p.conceal()
	var failed error
	for i, h := range p.hops {
		l, err := p.try(ctx, h, ring.C, i == len(p.hops)-1)
		if err == nil || !errors.Is(err, errElsewhere) {
			return l, err
		}
		p.t.log.Warn("sip: a call goes another way", "call_id", p.d.callID, "hop", h.route().String(), "error", err)
		failed = err
	}
	return nil, failed
}

// try sends INVITEs to one hop: with other credentials, or for a longer session, when it asks for that.
func (p *placing) try(ctx context.Context, h hop, ring <-chan time.Time, last bool) (leg.Leg, error) {
	if err := p.media(h); err != nil {
		return nil, errors.Join(&leg.Rejected{Cause: parley.Unreachable}, err)
	}
	for range requestsMost {
		a, err := p.invite(ctx, h)
		if err != nil {
			return nil, err
		}
		res, err := a.wait(ctx, ring, !last)
		if err != nil {
			return nil, err
		}
		code := res.StatusCode
		p.t.out.health.Report(h.route(), code != 503 && (code != 408 || a.alive))
		if res.IsSuccess() {
			return a.succeed(res)
		}
		a.over()
		no := &leg.Rejected{Cause: leg.CauseOf(code), Code: code}
		switch {
		case (code == 401 || code == 407) && p.proofs.learn(p.d.account, res) == nil:
			continue
		case code == 422 && p.longer(res):
			continue
		case code >= 300 && code < 400:
			if h, err = p.redirected(ctx, res); err == nil {
				continue
			}
			return nil, errors.Join(no, err)
		case code == 503, code == 408 && !a.alive:
			return nil, errors.Join(no, errElsewhere)
		}
		return nil, no
	}
	return nil, &leg.Rejected{Cause: parley.Configuration, Code: 401}
}

// longer takes the session interval that a 422 asks for.
func (p *placing) longer(res *sip.Response) bool {
	least, _ := interval(res, "Min-SE")
	if least <= p.least {
		return false
	}
	p.least = least
	return true
}

// media binds a port, once, and describes our side as that hop is to see it.
func (p *placing) media(h hop) error {
	addr := p.t.advertised(h.addr.Addr())
	if p.stream != nil && p.local.Addr.Is4() == addr.Is4() {
		p.local.Addr, p.local.Peer, p.local.SDES = addr, h.addr.Addr(), secret(h)
		return nil
	}
	if p.stream != nil {
		_ = p.stream.Close()
		p.stream = nil
	}
	var err error
	p.local, p.stream, err = p.t.openMedia(h, nil, p.call.Trunk)
	return err
}

// errRedirected: we follow nobody who sends us to another number or another operator: what may be dialled, and at whose cost, was
// decided for the ones that were asked for.
var errRedirected = errors.New("sip: redirected to somebody else")

// redirected is where a 3xx sends the call, once: only the same number at the same host, by another port or transport.
func (p *placing) redirected(ctx context.Context, res *sip.Response) (hop, error) {
	c := res.Contact()
	if c == nil || p.moved || c.Address.User != p.target.User || !strings.EqualFold(c.Address.Host, p.target.Host) || !clean(c.Address.String()) {
		return hop{}, errRedirected
	}
	p.moved = true
	u := *c.Address.Clone()
	u.Headers, u.Password = nil, ""
	network := ""
	if p.call.Trunk != nil {
		network = p.call.Trunk.Transport
	}
	h, err := p.t.nextHop(ctx, &u, network, p.call.Trunk)
	if err == nil {
		p.target = u
	}
	return h, err
}

// uri is who is asked for by that hop.
func (p *placing) uri(h hop) sip.Uri {
	u := *p.target.Clone()
	if a := p.call.Trunk; a != nil && !p.moved {
		elsewhere(a, &u, h.route())
	}
	return u
}

// invite writes and sends an INVITE: a new transaction with the next number.
func (p *placing) invite(ctx context.Context, h hop) (*attempt, error) {
	p.t.traced(p.d.callID, p.call.ID)
	p.d.mu.Lock()
	p.d.target, p.d.peer = p.uri(h), h
	req := p.d.next(sip.INVITE)
	p.d.mu.Unlock()
	req.AppendHeader(p.t.contact(p.d.local.uri.User, h))
	for _, x := range abilities() {
		req.AppendHeader(x)
	}
	if every := sessionExpires(p.d.account); every > 0 {
		req.AppendHeader(sip.NewHeader("Session-Expires", seconds(max(every, p.least))))
		req.AppendHeader(sip.NewHeader("Min-SE", seconds(max(shortest, p.least))))
	}
	req.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
	if p.call.ID != "" {
		req.AppendHeader(sip.NewHeader("X-Parley-Call-ID", p.call.ID))
	}
	_ = extra(req, p.call) // plan has tried it
	if id := callerID(p.call, p.d.local.uri.Host); id != nil && req.GetHeader(id.Name()) == nil {
		req.AppendHeader(id)
	}
	p.proofs.sign(p.d.account, req)
	req.SetBody(rtp.Offer(p.local))
	a := &attempt{p: p, hop: h, invite: req, early: map[string]*early{}, hungUp: map[string]bool{}}
	var err error
	if a.tx, err = p.t.send(ctx, req, h); err != nil {
		err = fmt.Errorf("sip: INVITE: %w", err)
		if errors.Is(err, errUnsafe) {
			return nil, errors.Join(&leg.Rejected{Cause: parley.Configuration}, err)
		}
		if ctx.Err() != nil {
			return nil, errors.Join(&leg.Rejected{Cause: parley.Cancelled}, err)
		}
		p.t.out.health.Report(h.route(), false)
		cause := parley.Unreachable
		if wrong := new(tls.CertificateVerificationError); errors.As(err, &wrong) {
			cause = parley.Configuration
		}
		return nil, errors.Join(&leg.Rejected{Cause: cause}, err, errElsewhere)
	}
	p.mu.Lock()
	p.now = a
	p.mu.Unlock()
	return a, nil
}

// expose lets the far end speak in the branches of the call before one of them answers: UPDATE, OPTIONS.
func (p *placing) expose() { _ = p.t.add(p.d) }

// conceal ends that. What the call has become stands under the same key, and stays.
func (p *placing) conceal() {
	p.t.mu.Lock()
	defer p.t.mu.Unlock()
	if p.t.dialogs[p.d.key()] == p.d {
		delete(p.t.dialogs, p.d.key())
	}
}

// branchOf is the early dialog of that tag, nil when there is none.
func (p *placing) branchOf(tag string) *dialog {
	p.mu.Lock()
	a := p.now
	p.mu.Unlock()
	if a == nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if e := a.early[tag]; e != nil && !a.ended {
		return e.d
	}
	return nil
}
