package auth

import (
	"crypto/subtle"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emiago/sipgo/sip"
)

// A Verdict is what a request says of who sent it.
type Verdict uint8

const (
	Absent Verdict = iota // nothing that we asked for: to be challenged
	Stale                 // by a nonce that is too old, used up, or not of ours: to be challenged anew
	Wrong                 // by a nonce of ours, but not with the password
	Right
)

// Result is what Check found.
type Result struct {
	Verdict Verdict
	User    string // if Right
}

// Server checks digests of one realm. Safe from any goroutine.
type Server struct {
	realm      string
	algorithms []string
	nonces     *nonces
}

// NewServer makes one that challenges with those algorithms, best first; they must be Known.
func NewServer(realm string, algorithms []string) *Server {
	return &Server{realm: realm, algorithms: algorithms, nonces: newNonces()}
}

// Challenge asks an address who it is: one WWW-Authenticate per algorithm, best first.
func (s *Server) Challenge(from netip.Addr, stale bool) (hs []sip.Header) {
	nonce := s.nonces.issue(from, time.Now())
	for _, alg := range s.algorithms {
		v := "Digest realm=" + quote(s.realm) + ", nonce=" + quote(nonce)
		if stale {
			v += ", stale=true"
		}
		hs = append(hs, sip.NewHeader("WWW-Authenticate", v+", algorithm="+alg+`, qop="auth"`))
	}
	return hs
}

// nobody's password: what a user who is not there, or one without a password, is checked against.
const nobody = "f2c1e9a07b5d4836"

// Check looks at a request's Authorization for our realm. The same work is done whoever is named and whatever is wrong, and
// Stale says nothing about the password.
func (s *Server) Check(req *sip.Request, from netip.Addr, lookup func(user string) (password string, ok bool)) Result {
	var p params
	for _, h := range req.GetHeaders("Authorization") { // several when it talks to several realms
		if one, err := parse(h.Value()); err == nil && one["realm"] == s.realm {
			p = one
			break
		}
	}
	if p == nil {
		return Result{}
	}
	now := time.Now()
	nonce, sound := s.nonces.open(p["nonce"], from, now)
	password, known := lookup(p["username"])
	if !known || password == "" {
		known, password = false, nobody
	}
	nc, right := s.answers(req, p, password)
	switch {
	case !sound:
		return Result{Verdict: Stale}
	case !right || !known:
		return Result{Verdict: Wrong}
	case !s.nonces.use(nonce, nc, p["qop"] != "", now):
		return Result{Verdict: Stale}
	}
	return Result{Right, p["username"]}
}

// answers reports whether the response is that of the password, and the nonce count that it is for.
func (s *Server) answers(req *sip.Request, p params, password string) (nc uint32, ok bool) {
	q := question{
		realm: s.realm, nonce: p["nonce"], algorithm: p["algorithm"], qop: p["qop"], nc: p["nc"], cnonce: p["cnonce"],
		method: req.Method.String(), uri: p["uri"],
	}
	if q.algorithm == "" {
		q.algorithm = "MD5"
	}
	want := q.response(p["username"], password)
	ok = subtle.ConstantTimeCompare([]byte(want), []byte(strings.ToLower(p["response"]))) == 1
	ok = slices.ContainsFunc(s.algorithms, func(a string) bool { return strings.EqualFold(a, q.algorithm) }) && ok
	if q.qop != "" {
		n, err := strconv.ParseUint(q.nc, 16, 32)
		nc = uint32(n)
		ok = err == nil && n > 0 && q.cnonce != "" && strings.EqualFold(q.qop, "auth") && ok
	}
	return nc, sameTarget(q.uri, &req.Recipient) && ok
}

// sameTarget reports whether the URI that was signed is the one that is asked for. Proxies on the way rewrite hosts and
// parameters; who is called they do not.
func sameTarget(signed string, asked *sip.Uri) bool {
	var u sip.Uri
	return sip.ParseUri(signed, &u) == nil && (u.User == asked.User || u.User == "")
}
