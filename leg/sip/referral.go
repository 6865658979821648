package sip

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg"
)

// referral is a REFER of the far end that we have taken: it is told by NOTIFY how our call goes (RFC 3515 §2.4).
type referral struct {
	d     *dialog
	event string        // of the NOTIFYs
	codes chan int      // to be told; closed by the last
	told  chan struct{} // closed when the last is, or nobody is there to be told
	last  atomic.Bool   // codes is closed
}

// reports is how many are told of one referral.
const reports = 8

// referred takes a REFER; mu is held. Only an account that may is told anything but no.
func (d *dialog) referred(req *sip.Request, tx *sip.ServerTx) {
	c := d.leg
	if c == nil || d.account == nil || !d.account.AllowRefer {
		_ = d.t.reply(tx, req, 603, "Decline")
		return
	}
	to, replaces, ok := d.referee(req)
	switch {
	case !ok:
		_ = d.t.reply(tx, req, 400, "Bad Refer-To")
		return
	case d.referral != nil:
		_ = d.t.reply(tx, req, 491, "Request Pending")
		return
	}
	d.refresh(req)
	if strings.EqualFold(field(req, "Refer-Sub"), "false") { // RFC 4488
		_ = d.t.reply(tx, req, 202, "Accepted", d.t.contact(d.local.uri.User, d.peer), sip.NewHeader("Refer-Sub", "false"))
		c.tell(leg.NewReferral(to, replaces, nil))
		return
	}
	if d.t.reply(tx, req, 202, "Accepted", d.t.contact(d.local.uri.User, d.peer)) != nil {
		return
	}
	r := &referral{d: d, event: "refer", codes: make(chan int, reports), told: make(chan struct{})}
	if d.subscribed { // all but the first must say which they are about
		r.event += ";id=" + strconv.FormatUint(uint64(req.CSeq().SeqNo), 10)
	}
	d.referral, d.subscribed = r, true
	r.codes <- 100
	d.t.begin(r.run)
	c.tell(leg.NewReferral(to, replaces, r.report))
}

// tell passes a referral on to the leg's owner.
func (c *call) tell(r *leg.Referral) {
	c.wire.Lock()
	defer c.wire.Unlock()
	c.feed.Push(&leg.Event{Kind: leg.Referred, At: c.at(), Referral: r})
}

// referee is who we are to call: a number where the address is one of the far end's own, and the dialog we replace there.
func (d *dialog) referee(req *sip.Request) (to, replaces string, ok bool) {
	hs := fields(req, "Refer-To")
	if len(hs) != 1 || len(hs[0].Value()) > 4*identityMost {
		return "", "", false
	}
	var u sip.Uri
	if _, err := sip.ParseAddressValue(hs[0].Value(), &u, nil); err != nil || !clean(hs[0].Value()) {
		return "", "", false
	}
	if m, has := u.UriParams.Get("method"); has && !strings.EqualFold(m, string(sip.INVITE)) {
		return "", "", false
	}
	for _, kv := range u.Headers {
		if strings.EqualFold(kv.K, "Replaces") {
			replaces = unescape(kv.V)
			if _, err := parseReplaces(replaces); err != nil {
				return "", "", false
			}
		}
	}
	name := user(&u)
	switch {
	case name == "" || len(name) > identityMost || !clean(name):
		return "", "", false
	case u.Scheme == "tel" || d.home(&u):
		return name, replaces, true
	case u.Scheme != "sip" || u.Host == "":
		return "", "", false
	}
	there := sip.Uri{Scheme: "sip", User: u.User, Host: u.Host, Port: u.Port}
	return there.String(), replaces, true
}

// home reports whether an address is at the account's, the far end's or our host: what stands before it is a number there.
func (d *dialog) home(u *sip.Uri) bool {
	own := []sip.Uri{
		d.remote.uri, d.local.uri, d.target, {Host: d.peer.addr.Addr().String(), Port: int(d.peer.addr.Port())},
		{Host: d.t.advertised(d.peer.addr.Addr()).String(), Port: int(d.t.Addr().Port())},
	}
	if d.account != nil {
		own = append(own, sip.Uri{Host: d.account.Host, Port: d.account.Port})
	}
	return slices.ContainsFunc(own, func(o sip.Uri) bool {
		return o.Host != "" && strings.EqualFold(strings.Trim(o.Host, "[]"), strings.Trim(u.Host, "[]")) &&
			(u.Port == 0 || u.Port == o.Port || o.Port == 0 && (u.Port == 5060 || u.Port == 5061))
	})
}

// report never blocks: more than there is room for are left out, but for the last.
func (r *referral) report(code int) {
	if code < 200 {
		if len(r.codes) < reports-1 {
			r.codes <- code
		}
		return
	}
	r.codes <- code // room is kept for it
	r.last.Store(true)
	close(r.codes)
}

// reported waits until the far end has been told how a referral went, should it be on its way: a BYE would end that.
func (d *dialog) reported() {
	d.mu.Lock()
	r := d.referral
	d.mu.Unlock()
	if r != nil && r.last.Load() {
		<-r.told
	}
}

// run sends the NOTIFYs, one after the other.
func (r *referral) run() {
	defer close(r.told)
	defer func() {
		r.d.mu.Lock()
		r.d.referral = nil
		r.d.mu.Unlock()
	}()
	for {
		select {
		case code, more := <-r.codes:
			if !more {
				return
			}
			state := "active;expires=180"
			if code >= 200 {
				state = "terminated;reason=noresource"
			}
			res, err := r.d.ask(r.d.there, sip.NOTIFY, fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", code, phrase(code)),
				sip.NewHeader("Event", r.event), sip.NewHeader("Subscription-State", state),
				sip.NewHeader("Content-Type", "message/sipfrag;version=2.0"))
			if err != nil || res.StatusCode == 481 {
				return
			}
		case <-r.d.there.Done():
			return
		}
	}
}

// phrase is a reason for a status in a sipfrag.
func phrase(code int) string {
	switch {
	case code == 100:
		return "Trying"
	case code < 200:
		return "Ringing"
	case code < 300:
		return "OK"
	}
	return "Failed"
}
