package sip

import (
	"errors"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"github.com/parley-voice/parley"
)

var errNoProof = errors.New("sip: no credentials for what was asked")

// proofs are the challenges a request has met. All of them are answered each time it is sent: a proxy on the way and the far
// end may both ask (RFC 3261 §22.3).
type proofs []proof

type proof struct {
	header string // that answers
	c      *digest.Challenge
	count  int // how often its nonce was used
}

// learn takes the first challenge of a 401 or 407 we can answer (RFC 8760: the far end lists what it likes best first). The same
// credentials are not sent twice: only another nonce is worth another try.
func (ps *proofs) learn(a *parley.TrunkAccount, res *sip.Response) error {
	if a == nil || a.Password == "" {
		return errNoProof
	}
	ask, answer := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	for _, h := range res.GetHeaders(ask) {
		c, err := digest.ParseChallenge(h.Value())
		if err != nil || c.Nonce == "" || a.Realm != "" && a.Realm != c.Realm {
			continue
		}
		for i := range c.QOP {
			c.QOP[i] = strings.ToLower(strings.TrimSpace(c.QOP[i]))
		}
		if len(c.QOP) > 0 && !c.SupportsQOP("auth") || !digest.CanDigest(c) {
			continue
		}
		sent := slices.IndexFunc(*ps, func(p proof) bool { return p.header == answer && p.c.Realm == c.Realm })
		switch {
		case sent < 0:
			*ps = append(*ps, proof{header: answer, c: c})
		case c.Stale:
			(*ps)[sent] = proof{header: answer, c: c}
		default:
			return errNoProof // it did not like them
		}
		return nil
	}
	return errNoProof
}

// sign adds a header for each challenge. One that cannot be answered after all is left out, and asked for again.
func (ps proofs) sign(a *parley.TrunkAccount, req *sip.Request) {
	for i := range ps {
		p := &ps[i]
		p.count++
		name := a.AuthUsername
		if name == "" {
			name = a.Username
		}
		cred, err := digest.Digest(p.c, digest.Options{
			Method: req.Method.String(), URI: req.Recipient.String(), Username: name, Password: a.Password, Count: p.count,
		})
		if err == nil {
			req.AppendHeader(sip.NewHeader(p.header, cred.String()))
		}
	}
}
