package sip

import (
	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/sip/auth"
)

// proofs answer the challenges a request has met with what an account has. Copies share what they know.
type proofs struct{ auth.Proofs }

// learn takes the challenges of a 401 or 407; an error when there is nothing (new) to answer.
func (ps *proofs) learn(a *parley.TrunkAccount, res *sip.Response) error {
	return ps.Learn(credentials(a), res)
}

// sign adds a header for each challenge.
func (ps *proofs) sign(a *parley.TrunkAccount, req *sip.Request) { ps.Sign(credentials(a), req) }

// credentials are none without an account.
func credentials(a *parley.TrunkAccount) auth.Credentials {
	if a == nil {
		return auth.Credentials{}
	}
	return auth.Credentials{Username: (&account{TrunkAccount: *a}).name(), Password: a.Password, Realm: a.Realm}
}
