// Package auth is digest authentication both ways (RFC 3261 §22, RFC 7616, RFC 8760): Server asks who sends a request and checks
// what is said, Proofs answer who asks us. It does no I/O and starts no goroutine.
package auth

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
)

// Algorithms are those both sides know, by the names of RFC 7616.
var Algorithms = []string{"MD5", "MD5-sess", "SHA-256", "SHA-256-sess"}

// Known reports whether an algorithm is one of Algorithms, however it is written.
func Known(algorithm string) bool {
	return slices.ContainsFunc(Algorithms, func(a string) bool { return strings.EqualFold(a, algorithm) })
}

// question is all that goes into a response but who answers. What both sides must write the same is kept as it was written.
type question struct {
	realm, nonce, algorithm string
	qop, nc, cnonce         string // qop "": none, then nc counts for nothing
	method, uri             string
}

// response is what proves the password. The algorithm is one of Algorithms, or none: MD5.
func (q *question) response(user, password string) string {
	name := strings.ToUpper(q.algorithm)
	sum := md5sum
	if strings.HasPrefix(name, "SHA-256") {
		sum = sha256sum
	}
	a1 := sum(user, q.realm, password)
	if strings.HasSuffix(name, "-SESS") {
		a1 = sum(a1, q.nonce, q.cnonce)
	}
	a2 := sum(q.method, q.uri)
	if q.qop == "" {
		return sum(a1, q.nonce, a2)
	}
	return sum(a1, q.nonce, q.nc, q.cnonce, q.qop, a2)
}

func md5sum(parts ...string) string {
	h := md5.Sum([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(h[:])
}

func sha256sum(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, ":")))
	return hex.EncodeToString(h[:])
}
