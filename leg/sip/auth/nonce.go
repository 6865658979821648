package auth

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"net/netip"
	"sync"
	"time"
)

const (
	nonceFor   = 5 * time.Minute // then stale: the far end tries again with a new one, unasked
	noncesMost = 100_000         // remembered; only those that came back with a right password are
)

// nonces makes nonces that carry their own time and seal, so that strangers cost no memory. Each is good for the address it was
// made for only: one that comes back has been there, and failures by it cannot be forged.
type nonces struct {
	secret [32]byte

	mu    sync.Mutex // guards all below
	used  map[mark]uint32
	floor int64 // in Unix milliseconds: nonces until then are stale
}

// mark tells nonces apart: time and chance.
type mark [16]byte

func (m mark) born() int64 { return int64(binary.BigEndian.Uint64(m[:8])) }

func newNonces() *nonces {
	n := &nonces{used: map[mark]uint32{}}
	_, _ = rand.Read(n.secret[:])
	return n
}

// issue makes a nonce: time, chance, seal.
func (n *nonces) issue(from netip.Addr, now time.Time) string {
	var m mark
	binary.BigEndian.PutUint64(m[:8], uint64(now.UnixMilli()))
	_, _ = rand.Read(m[8:])
	return base64.RawURLEncoding.EncodeToString(append(m[:], n.seal(m, from)...))
}

func (n *nonces) seal(m mark, from netip.Addr) []byte {
	ip := from.Unmap().As16()
	h := hmac.New(sha256.New, n.secret[:])
	h.Write(m[:])
	h.Write(ip[:])
	return h.Sum(nil)[:16]
}

// open reads a nonce. False: not of ours, not for that address, or too old.
func (n *nonces) open(nonce string, from netip.Addr, now time.Time) (m mark, ok bool) {
	if base64.RawURLEncoding.DecodedLen(len(nonce)) != 32 {
		return m, false
	}
	b, err := base64.RawURLEncoding.DecodeString(nonce)
	if err != nil || len(b) != 32 {
		return m, false
	}
	copy(m[:], b)
	if !hmac.Equal(b[16:], n.seal(m, from)) {
		return m, false
	}
	age := now.UnixMilli() - m.born()
	return m, age >= 0 && age <= nonceFor.Milliseconds()
}

// use takes a nonce that came with the right password. Its count must have grown; without qop, which has none, it is good once.
func (n *nonces) use(m mark, nc uint32, counted bool, now time.Time) bool {
	if !counted {
		nc = 1<<32 - 1
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if m.born() <= n.floor || nc <= n.used[m] {
		return false
	}
	if _, known := n.used[m]; !known && len(n.used) >= noncesMost {
		n.sweep(now)
		if m.born() <= n.floor {
			return false
		}
	}
	n.used[m] = nc
	return true
}

// sweep forgets what is too old by now, or if that is not half of all, all; what was made until then is stale. mu is held.
func (n *nonces) sweep(now time.Time) {
	for m := range n.used {
		if now.UnixMilli()-m.born() > nonceFor.Milliseconds() {
			delete(n.used, m)
		}
	}
	if len(n.used) > noncesMost/2 {
		clear(n.used)
		n.floor = now.UnixMilli()
	}
}
