package sip

import (
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg/sip/route"
)

// moved marks the address that a call was sent to by a 302: it is sent on once, and the next node takes it or refuses it.
const moved = "parley-moved"

// NodeURI reads the address by which callers are told of another node: sip: or sips:, a host, a port and by what transport, and nothing else.
func NodeURI(s string) (sip.Uri, error) {
	var u sip.Uri
	if !clean(s) || len(s) > identityMost || sip.ParseUri(s, &u) != nil {
		return u, fmt.Errorf("%q is no SIP address", s)
	}
	u.Scheme = strings.ToLower(u.Scheme)
	transport, has := u.UriParams.Get("transport")
	switch {
	case u.Scheme != "sip" && u.Scheme != "sips":
		return u, fmt.Errorf("%q has neither sip: nor sips: before it", s)
	case !address(u.Host) && (strings.Contains(u.Host, ":") || !route.Hostname(u.Host)):
		return u, fmt.Errorf("%q names no host", s)
	case u.Port < 0 || u.Port > 65535:
		return u, fmt.Errorf("%q has a port that there is not", s)
	case u.User != "" || u.Password != "" || len(u.Headers) > 0 || len(u.UriParams) > 1 || len(u.UriParams) == 1 && !has:
		return u, fmt.Errorf("%q has more than host, port and transport", s)
	}
	if has {
		if _, err := carried(u.Scheme, transport); err != nil {
			return u, fmt.Errorf("%q: its transport is none of udp, tcp and tls, or does not go with %s", s, u.Scheme)
		}
	}
	return u, nil
}

// turnedAway refuses a new call that is not taken here: where another node has room, and the far end goes where it is sent, it is sent there.
func (t *Trunk) turnedAway(req *sip.Request, tx *sip.ServerTx, trunk string) {
	if c := t.onward(req, trunk); c != nil {
		_ = t.reply(tx, req, 302, "Moved Temporarily", c)
		return
	}
	_ = t.reply(tx, req, 503, "Service Unavailable", later())
}

// onward is where a call may go instead; nil: nowhere.
func (t *Trunk) onward(req *sip.Request, trunk string) *sip.ContactHeader {
	a := t.account(trunk)
	if a == nil || !a.FollowsRedirect || t.cfg.Elsewhere == nil || req.Recipient.UriParams.Has(moved) {
		return nil
	}
	who := user(&req.Recipient)
	at := t.cfg.Elsewhere(func(s string) bool {
		u, err := NodeURI(s)
		return err == nil && who != "" && !t.lessSafe(req, &u)
	})
	u, err := NodeURI(at)
	if err != nil {
		return nil
	}
	u.User = userPart(who)
	u.UriParams.Add(moved, "1")
	return &sip.ContactHeader{Address: u}
}

// lessSafe reports whether who calls by TLS would have to call there in clear.
func (t *Trunk) lessSafe(req *sip.Request, to *sip.Uri) bool {
	tls := to.Scheme == "sips" || strings.EqualFold(to.UriParams.GetOr("transport", ""), "tls")
	return !tls && (req.Recipient.Scheme == "sips" || cameBy(req).network == "TLS")
}
