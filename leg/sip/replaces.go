package sip

import (
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// replaced names a dialog that another is to take the place of (RFC 3891 §6.1), as its own end sees it: to is our tag.
type replaced struct {
	callID, to, from string
	earlyOnly        bool
}

// parseReplaces reads a Replaces header.
func parseReplaces(s string) (replaced, error) {
	var r replaced
	if !clean(s) || len(s) > 3*identityMost {
		return r, fmt.Errorf("%w: Replaces", errUnsafe)
	}
	id, params, _ := strings.Cut(s, ";")
	r.callID = strings.TrimSpace(id)
	for p := range strings.SplitSeq(params, ";") {
		k, v, _ := strings.Cut(p, "=")
		v = strings.TrimSpace(v)
		switch strings.ToLower(strings.TrimSpace(k)) {
		case "to-tag":
			r.to = v
		case "from-tag":
			r.from = v
		case "early-only":
			r.earlyOnly = true
		}
	}
	if r.callID == "" || r.to == "" || r.from == "" || strings.ContainsAny(s, " \t<>\"") && strings.ContainsAny(r.callID, " \t") {
		return r, fmt.Errorf("sip: Replaces %q names no dialog", s)
	}
	return r, nil
}

// replace takes an INVITE that comes in the place of a call we have (RFC 3891 §3): the leg goes on in the new dialog, by the same port, and
// the old dialog ends. Only calls of the same account can be replaced, and only answered ones.
func (o *offer) replace(hs []sip.Header, trunk string) {
	if code, reason := o.succeed(hs, trunk); code != 0 {
		o.d.depart()
		_ = o.t.reply(o.tx, o.req, code, reason)
	}
	o.giveUp(nil)
}

// succeed gives the status the INVITE is refused with, 0 when it is not.
func (o *offer) succeed(hs []sip.Header, trunk string) (code int, reason string) {
	if len(hs) != 1 {
		return 400, "Bad Request"
	}
	r, err := parseReplaces(hs[0].Value())
	if err != nil {
		return 400, "Bad Request"
	}
	old := o.t.find(key{r.callID, r.to})
	if old == nil || old.remote.tag != r.from || old.trunk() != trunk {
		return 481, "Call/Transaction Does Not Exist"
	}
	c := old.answered()
	switch {
	case c == nil: // it rings yet, or is over
		return 481, "Call/Transaction Does Not Exist"
	case r.earlyOnly:
		return 486, "Busy Here"
	}
	local, body, agreed, err := c.answer(o.req, o.sdp)
	if err != nil {
		return 488, "Not Acceptable Here"
	}
	o.d.mu.Lock()
	defer o.d.mu.Unlock()
	o.d.early = nil
	if err := o.t.add(o.d); err != nil {
		return 503, "Service Unavailable"
	}
	if !old.yield(c) || !c.move(o.d) {
		o.t.remove(o.d)
		return 603, "Decline"
	}
	o.d.leg = c
	res := o.t.session(o.req, body, o.d, o.timing)
	u := o.d.await(o.tx, res, o.req.CSeq().SeqNo)
	u.offer = o.sdp == nil
	o.d.watch(o.timing)
	if o.t.respond(o.tx, res) != nil {
		u.settle(nil) // the media timeout finds out
	}
	o.t.begin(u.repeat)
	if o.sdp != nil {
		c.agree(agreed)
	} else {
		o.t.begin(func() {
			if agreed, err := u.answer(o.t.quit, local); err == nil {
				c.agree(agreed)
			}
		})
	}
	o.t.begin(func() {
		old.acknowledged()
		old.bye()
		o.t.remove(old)
	})
	return 0, ""
}

// yield gives the leg up; false: it was given up already.
func (d *dialog) yield(c *call) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.leg != c {
		return false
	}
	d.watch(timing{})
	d.leg = nil
	if d.refer != nil {
		d.refer.gone()
	}
	return true
}

// trunk is the id of the account the dialog belongs to.
func (d *dialog) trunk() string {
	if d.account == nil {
		return ""
	}
	return d.account.ID
}
