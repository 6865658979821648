package auth

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/emiago/sipgo/sip"
)

// Credentials are who we are to a far end. A Realm limits them to challenges for it.
type Credentials struct{ Username, Password, Realm string }

// ErrNoProof is an answer that asks for what the credentials cannot prove, or asks again for what they did not.
var ErrNoProof = errors.New("auth: no credentials for what was asked")

// Proofs are the challenges a request has met. All of them are answered each time it is sent: a proxy on the way and the far end
// may both ask, and several proxies of several realms (RFC 3261 §22.3). Kept, they also answer for later requests without being
// asked. The zero value has met none. One goroutine at a time.
type Proofs struct{ list []proof }

// realmsMost is how many realms are proven to at once.
const realmsMost = 8

type proof struct {
	header string // that answers
	q      question
	opaque string
	asked  bool   // opaque was given, if empty
	count  uint32 // how often its nonce was used
}

// Learn takes the challenges of a 401 or 407: for each realm the first that can be answered (RFC 8760: the far end lists what it
// likes best first). What was refused is not sent again: only a nonce that the far end calls stale, or one that was good before, is
// worth another try.
func (p *Proofs) Learn(c Credentials, res *sip.Response) error {
	if c.Password == "" {
		return ErrNoProof
	}
	ask, answer := "WWW-Authenticate", "Authorization"
	if res.StatusCode == 407 {
		ask, answer = "Proxy-Authenticate", "Proxy-Authorization"
	}
	met, learnt := map[string]bool{}, false
	for _, h := range res.GetHeaders(ask) {
		fresh, stale, ok := challenge(h.Value())
		if !ok || c.Realm != "" && c.Realm != fresh.q.realm || met[fresh.q.realm] {
			continue
		}
		met[fresh.q.realm] = true
		fresh.header = answer
		sent := slices.IndexFunc(p.list, func(o proof) bool { return o.header == answer && o.q.realm == fresh.q.realm })
		switch {
		case sent < 0 && len(p.list) < realmsMost:
			p.list = append(p.list, fresh)
		case sent >= 0 && (stale || p.list[sent].count > 1 && p.list[sent].q.nonce != fresh.q.nonce):
			p.list[sent] = fresh
		default:
			continue
		}
		learnt = true
	}
	if !learnt {
		return ErrNoProof
	}
	return nil
}

// challenge reads one; false when we cannot answer it.
func challenge(header string) (_ proof, stale, ok bool) {
	m, err := parse(header)
	if err != nil || m["nonce"] == "" || m["algorithm"] != "" && !Known(m["algorithm"]) {
		return proof{}, false, false
	}
	_, realm := m["realm"]
	p := proof{q: question{realm: m["realm"], nonce: m["nonce"], algorithm: m["algorithm"]}, opaque: m["opaque"]}
	_, p.asked = m["opaque"]
	if qop := m["qop"]; qop != "" {
		auth := slices.ContainsFunc(strings.Split(qop, ","), func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), "auth") })
		if !auth {
			return proof{}, false, false
		}
		p.q.qop = "auth"
	}
	return p, strings.EqualFold(m["stale"], "true"), realm
}

// Sign adds a header for each challenge to a request that has none yet; whoever calls it repeats neither.
func (p *Proofs) Sign(c Credentials, req *sip.Request) {
	for i := range p.list {
		p.list[i].count++
		req.AppendHeader(sip.NewHeader(p.list[i].header, p.list[i].sign(c, req.Method.String(), req.Recipient.String())))
	}
}

// sign is the value of the header. Its order is the one most far ends are used to.
func (p *proof) sign(c Credentials, method, uri string) string {
	q := p.q
	q.method, q.uri, q.nc = method, uri, fmt.Sprintf("%08x", p.count)
	sess := strings.HasSuffix(strings.ToUpper(q.algorithm), "-SESS")
	if q.qop != "" || sess {
		var b [8]byte
		_, _ = rand.Read(b[:])
		q.cnonce = hex.EncodeToString(b[:])
	}
	v := "Digest username=" + quote(c.Username) + ", realm=" + quote(q.realm) + ", nonce=" + quote(q.nonce) + ", uri=" + quote(uri) +
		", response=" + quote(q.response(c.Username, c.Password))
	if q.algorithm != "" {
		v += ", algorithm=" + q.algorithm
	}
	if q.cnonce != "" {
		v += ", cnonce=" + quote(q.cnonce)
	}
	if p.asked {
		v += ", opaque=" + quote(p.opaque)
	}
	if q.qop != "" {
		v += ", qop=" + q.qop + ", nc=" + q.nc
	}
	return v
}
