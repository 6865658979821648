package sip

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
)

// A dialog is the bond of two ends by Call-ID and tags (RFC 3261 §12). What arrives for it is handled one message at a time.
type dialog struct {
	t       *Trunk
	callID  string
	local   party
	remote  party                // its tag is not set before the dialog is in the trunk's map
	account *parley.TrunkAccount // by which the call goes; nil: none
	taken   uint64               // one more than the CSeq of the INVITE by which the far end began it; 0: we did
	there   context.Context      // done when the far end has said BYE, or nobody is to wait for it
	depart  context.CancelFunc   // ends there

	mu        sync.Mutex // guards all below, and is held while one message is handled
	localSeq  uint32     // CSeq of our last request
	remoteSeq uint32     // and of the far end's
	target    sip.Uri    // its Contact
	routes    []sip.Uri  // in the order they are visited
	peer      hop        // where its messages come from, or where ours went first
	timer     sessionTimer
	open               // what waits for its end
	leg       *call    // once answered
	placed    *placing // our call whose branch it is, before one answers
	early     *offer   // while it rings
	refer     *refer   // while one is under way
}

// open is what one end still owes the other.
type open struct {
	unacked  *unacked  // a 2xx of ours to an INVITE that waits for its ACK
	reliable *reliable // a provisional answer of ours that waits for its PRACK
	inviting bool      // a re-INVITE of ours is under way
	referral *referral // a REFER of the far end whose outcome it is told

	subscribed bool // there was one
}

// party is one end as From and To show it.
type party struct {
	name string
	uri  sip.Uri
	tag  string
}

func (d *dialog) key() key { return key{d.callID, d.local.tag} }

// beginning is how the far end began the dialog; false: it did not.
func (d *dialog) beginning() (beginning, bool) {
	return beginning{key{d.callID, d.remote.tag}, uint32(d.taken - 1)}, d.taken != 0
}

func (d *dialog) answered() *call {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.leg
}

// accepted makes the dialog that an INVITE of the far end begins (§12.1.1).
func (t *Trunk) accepted(req *sip.Request, tag string) *dialog {
	from, to := req.From(), req.To()
	d := &dialog{
		t: t, callID: req.CallID().Value(), taken: uint64(req.CSeq().SeqNo) + 1,
		local:     party{to.DisplayName, to.Address, tag},
		remote:    party{from.DisplayName, from.Address, from.Params.GetOr("tag", "")},
		localSeq:  firstSeq(),
		remoteSeq: req.CSeq().SeqNo,
		peer:      cameBy(req),
		routes:    recordRoutes(req),
	}
	d.there, d.depart = context.WithCancel(t.quit)
	d.timer.updates = lists(req, "Allow", string(sip.UPDATE))
	d.target = d.remote.uri
	if c := req.Contact(); c != nil {
		d.target = c.Address
	}
	return d
}

// confirm completes a dialog of ours from the 2xx (§12.1.2). The caller holds mu or is alone.
func (d *dialog) confirm(res *sip.Response) {
	d.remote.tag = toTag(res)
	if c := res.Contact(); c != nil {
		d.target = c.Address
	}
	d.routes = recordRoutes(res)
	slices.Reverse(d.routes)
}

// toTag is the far end's tag; "" too when the answer has no To at all.
func toTag(res *sip.Response) string {
	if to := res.To(); to != nil {
		return to.Params.GetOr("tag", "")
	}
	return ""
}

func recordRoutes(m sip.Message) (routes []sip.Uri) {
	for _, h := range m.GetHeaders("Record-Route") {
		if r, ok := h.(*sip.RecordRouteHeader); ok {
			routes = append(routes, r.Address)
			continue
		}
		var r sip.Uri
		if _, err := sip.ParseAddressValue(h.Value(), &r, nil); err == nil {
			routes = append(routes, r)
		}
	}
	return routes
}

// next builds the next request of the dialog; mu is held.
func (d *dialog) next(method sip.RequestMethod) *sip.Request {
	d.localSeq++
	return d.build(method, d.localSeq)
}

// build makes a request of the dialog with that CSeq (§12.2.1.1); mu is held.
func (d *dialog) build(method sip.RequestMethod, seq uint32) *sip.Request {
	uri, routes := d.target, d.routes
	if len(routes) > 0 && !routes[0].UriParams.Has("lr") { // a strict router of RFC 2543
		uri, routes = routes[0], append(slices.Clone(routes[1:]), d.target)
	}
	uri.Headers = nil
	req := sip.NewRequest(method, uri)
	for _, r := range routes {
		req.AppendHeader(&sip.RouteHeader{Address: *r.Clone()})
	}
	maxForwards, callID := sip.MaxForwardsHeader(70), sip.CallIDHeader(d.callID)
	req.AppendHeader(&maxForwards)
	from := &sip.FromHeader{DisplayName: d.local.name, Address: *d.local.uri.Clone()}
	from.Params.Add("tag", d.local.tag)
	to := &sip.ToHeader{DisplayName: d.remote.name, Address: *d.remote.uri.Clone()}
	if d.remote.tag != "" {
		to.Params.Add("tag", d.remote.tag)
	}
	req.AppendHeader(from)
	req.AppendHeader(to)
	req.AppendHeader(&callID)
	req.AppendHeader(&sip.CSeqHeader{SeqNo: seq, MethodName: method})
	return req
}

// way is where requests of the dialog go: its first route, or its target. A target that names a private address, while the
// far end's messages come from elsewhere, sits behind NAT; and what came by a connection goes back by it.
func (d *dialog) way(ctx context.Context) (hop, error) {
	d.mu.Lock()
	target, routes, peer := d.target, d.routes, d.peer
	d.mu.Unlock()
	if len(routes) > 0 {
		return d.t.nextHop(ctx, &routes[0], peer.network, d.account)
	}
	if peer.network != "UDP" {
		return peer, nil
	}
	h, err := d.t.nextHop(ctx, &target, peer.network, d.account)
	if err != nil {
		return peer, nil
	}
	ip, from := h.addr.Addr(), peer.addr.Addr()
	if ip != from && (inside(ip) && !inside(from) || ip.IsLoopback() || ip.IsUnspecified()) {
		return peer, nil
	}
	return h, nil
}

// ask sends a request of the dialog and waits for its final answer. A challenge is answered (§22.2), on any method; a 2xx to an
// INVITE gets its ACK.
func (d *dialog) ask(ctx context.Context, method sip.RequestMethod, body []byte, headers ...sip.Header) (*sip.Response, error) {
	h, err := d.way(ctx)
	if err != nil {
		return nil, err
	}
	var proofs proofs
	for range challengesMost {
		d.mu.Lock()
		req := d.next(method)
		d.mu.Unlock()
		req.AppendHeader(d.t.contact(d.local.uri.User, h))
		for _, x := range headers {
			req.AppendHeader(sip.NewHeader(x.Name(), x.Value()))
		}
		proofs.sign(d.account, req)
		req.SetBody(body)
		res, err := d.transact(ctx, req, h)
		if err != nil && h.network != "UDP" && ctx.Err() == nil { // its connection is gone: where does its Contact lead?
			d.mu.Lock()
			target := d.target
			d.mu.Unlock()
			if again, lookErr := d.t.nextHop(ctx, &target, h.network, d.account); lookErr == nil && again.addr != h.addr {
				h = again
				continue
			}
		}
		if err != nil {
			return nil, fmt.Errorf("sip: %s: %w", method, err)
		}
		if res.StatusCode != 401 && res.StatusCode != 407 {
			return res, nil
		}
		if proofs.learn(d.account, res) != nil {
			return res, nil
		}
	}
	return nil, errors.New("sip: challenged again and again")
}

// bye ends the dialog (§15). Whatever is answered, and if nothing is, it is over; a BYE of the far end that crosses ours is an
// answer, too.
func (d *dialog) bye() {
	defer d.depart()
	if _, err := d.ask(d.there, sip.BYE, nil); err != nil {
		d.t.log.Debug("sip: BYE was not answered", "call_id", d.callID, "error", err)
	}
}
