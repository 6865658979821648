package sip

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

const (
	nonceFor   = 5 * time.Minute // then stale: the caller tries again with a new one, unasked
	noncesMost = 10_000          // remembered; only proven callers are
)

// authenticate asks a stranger who he is and checks what he says (RFC 3261 §22, RFC 8760). Whoever he claims to be and
// whatever is wrong with it, he gets the same refusal.
func (t *Trunk) authenticate(req *sip.Request, accounts []account) verdict {
	if !slices.ContainsFunc(accounts, func(a account) bool { return a.name() != "" }) {
		return verdict{}
	}
	var cred *digest.Credentials
	for _, h := range req.GetHeaders("Authorization") { // several when he talks to several realms
		if c, err := digest.ParseCredentials(h.Value()); err == nil && c.Realm == t.cfg.Realm {
			cred = c
			break
		}
	}
	if cred == nil {
		return verdict{challenge: t.challenge(false)}
	}
	i := slices.IndexFunc(accounts, func(a account) bool { return a.name() != "" && a.name() == cred.Username })
	password := ""
	if i >= 0 {
		password = accounts[i].Password
	}
	right := t.proves(req, cred, password) // worked out for nobody, too: the time tells nothing
	if i < 0 || !right {
		return verdict{}
	}
	if !t.nonces.use(cred.Nonce, cred.Nc, cred.QOP != "", time.Now()) {
		return verdict{challenge: t.challenge(true)}
	}
	return verdict{allowed: true, trunk: accounts[i].ID}
}

// challenge is one header per algorithm, best first.
func (t *Trunk) challenge(again bool) (hs []sip.Header) {
	nonce := t.nonces.issue(time.Now())
	for _, alg := range t.cfg.Digests {
		c := digest.Challenge{Realm: t.cfg.Realm, Nonce: nonce, Stale: again, Algorithm: alg, QOP: []string{"auth"}}
		hs = append(hs, sip.NewHeader("WWW-Authenticate", c.String()))
	}
	return hs
}

// proves checks the response of a digest against the password.
func (t *Trunk) proves(req *sip.Request, c *digest.Credentials, password string) bool {
	alg := strings.ToUpper(c.Algorithm)
	if alg == "" {
		alg = "MD5"
	}
	if !slices.ContainsFunc(t.cfg.Digests, func(a string) bool { return strings.EqualFold(a, alg) }) {
		return false
	}
	chal := &digest.Challenge{Realm: t.cfg.Realm, Nonce: c.Nonce, Algorithm: alg}
	if c.QOP != "" {
		if !strings.EqualFold(c.QOP, "auth") || c.Nc <= 0 || c.Cnonce == "" {
			return false
		}
		chal.QOP = []string{"auth"}
	}
	want, err := digest.Digest(chal, digest.Options{
		Method: req.Method.String(), URI: c.URI, Count: c.Nc, Cnonce: c.Cnonce, Username: c.Username, Password: password,
	})
	if err != nil || !sameTarget(c.URI, &req.Recipient) {
		return false
	}
	return subtle.ConstantTimeCompare([]byte(want.Response), []byte(strings.ToLower(c.Response))) == 1
}

// sameTarget reports whether the URI that was signed is the one that is asked for. Proxies on the way rewrite hosts and
// parameters; who is called they do not.
func sameTarget(signed string, asked *sip.Uri) bool {
	var u sip.Uri
	return sip.ParseUri(signed, &u) == nil && (u.User == asked.User || u.User == "")
}

// nonces makes nonces that carry their own time and seal, so that strangers cost no memory, and remembers how often those
// were used that came back with the right password.
type nonces struct {
	secret [32]byte

	mu    sync.Mutex // guards used and swept
	used  map[string]int
	swept time.Time
}

func newNonces() *nonces {
	n := &nonces{used: map[string]int{}}
	_, _ = rand.Read(n.secret[:])
	return n
}

// issue makes a nonce: time, chance, seal.
func (n *nonces) issue(now time.Time) string {
	var b [32]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli()))
	_, _ = rand.Read(b[8:16])
	copy(b[16:], n.seal(b[:16]))
	return base64.RawURLEncoding.EncodeToString(b[:])
}

func (n *nonces) seal(b []byte) []byte {
	m := hmac.New(sha256.New, n.secret[:])
	m.Write(b)
	return m.Sum(nil)[:16]
}

// use takes a nonce that came with the right password. Its count must have grown; without qop, which has none, it is good once.
// False: stale, or of another process, or made up; with the right password he may try again.
func (n *nonces) use(nonce string, nc int, counted bool, now time.Time) bool {
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 32 || !hmac.Equal(b[16:], n.seal(b[:16])) {
		return false
	}
	born := time.UnixMilli(int64(binary.BigEndian.Uint64(b[:8])))
	if now.Sub(born) > nonceFor || born.After(now) {
		return false
	}
	if !counted {
		nc = 1
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.sweep(now)
	if last, ok := n.used[nonce]; ok && nc <= last {
		return false
	}
	if len(n.used) >= noncesMost {
		return false
	}
	n.used[nonce] = nc
	return true
}

// sweep forgets nonces that are stale by now; mu is held.
func (n *nonces) sweep(now time.Time) {
	if now.Sub(n.swept) < time.Minute && len(n.used) < noncesMost {
		return
	}
	n.swept = now
	for s := range n.used {
		b, _ := base64.RawURLEncoding.DecodeString(s)
		if now.Sub(time.UnixMilli(int64(binary.BigEndian.Uint64(b[:8])))) > nonceFor {
			delete(n.used, s)
		}
	}
}
