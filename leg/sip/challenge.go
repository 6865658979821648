package sip

import (
	"slices"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg/sip/auth"
)

// authenticate asks a stranger who he is and checks what he says (RFC 3261 §22, RFC 8760). Whoever he claims to be and
// whatever is wrong with it, he gets the same refusal.
func (t *Trunk) authenticate(req *sip.Request, accounts []account) verdict {
	if !slices.ContainsFunc(accounts, func(a account) bool { return a.name() != "" }) {
		return verdict{}
	}
	from, trunk := source(req).Addr(), ""
	switch found := t.guard.asks.Check(req, from, func(user string) (password string, ok bool) {
		i := slices.IndexFunc(accounts, func(a account) bool { return a.name() != "" && a.name() == user })
		if i < 0 {
			return "", false
		}
		trunk = accounts[i].ID
		return accounts[i].Password, true
	}); found.Verdict {
	case auth.Right:
		t.guard.Proven(from) // the nonce was made for that address
		return verdict{allowed: true, trunk: trunk}
	case auth.Wrong:
		return verdict{guessed: true}
	case auth.Stale:
		return verdict{challenge: t.guard.asks.Challenge(from, true)}
	}
	return verdict{challenge: t.guard.asks.Challenge(from, false)}
}
