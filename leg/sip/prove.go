package sip

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"github.com/parley-voice/parley"
)

var errNoProof = errors.New("sip: no credentials for what was asked")

// prove answers the first challenge of a 401 or 407 we can (RFC 8760: the far end lists what it likes best first). The same
// credentials are not sent twice: only another nonce is worth another try.
func prove(a *parley.TrunkAccount, req *sip.Request, res *sip.Response) (sip.Header, error) {
	if a == nil || a.Password == "" {
		return nil, errNoProof
	}
	ask, answer := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	name := a.AuthUsername
	if name == "" {
		name = a.Username
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
		if sent := req.GetHeader(answer); sent != nil && !c.Stale {
			return nil, errNoProof // it did not like them
		}
		cred, err := digest.Digest(c, digest.Options{
			Method: req.Method.String(), URI: req.Recipient.String(), Username: name, Password: a.Password,
		})
		if err != nil {
			return nil, fmt.Errorf("sip: digest: %w", err)
		}
		return sip.NewHeader(answer, cred.String()), nil
	}
	return nil, errNoProof
}
