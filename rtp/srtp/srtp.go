// Package srtp encrypts and opens a call's RTP and RTCP packets (RFC 3711, AES-GCM by RFC 7714) and agrees on the keys for it:
// in the SDP (SDES, RFC 4568) or on the media path (DTLS-SRTP, RFC 5764). The ciphers' packet formats and DTLS are pion's; what
// may come from the line is bounded here. It starts no goroutine that outlives the function that started it.
package srtp

import "strings"

// A Suite is a cipher with its tags and key lengths. The zero value is none.
type Suite uint8

// The suites, in the order in which they are offered: what every telephone knows comes first.
const (
	AES_CM_128_HMAC_SHA1_80 Suite = iota + 1 // RFC 4568 §6.2.1
	AES_CM_128_HMAC_SHA1_32                  // RFC 4568 §6.2.2: a tag of 4 bytes in RTP, of 10 in RTCP
	AEAD_AES_128_GCM                         // RFC 7714 §14.2
	AEAD_AES_256_GCM
)

// Overhead is how many bytes Seal and SealRTCP add at most: a tag of 16 bytes and RTCP's index. A far end's master key
// identifier is never sent.
const Overhead = 16 + 4

var suites = [...]struct {
	name      string
	key, salt int // bytes
}{
	AES_CM_128_HMAC_SHA1_80: {"AES_CM_128_HMAC_SHA1_80", 16, 14},
	AES_CM_128_HMAC_SHA1_32: {"AES_CM_128_HMAC_SHA1_32", 16, 14},
	AEAD_AES_128_GCM:        {"AEAD_AES_128_GCM", 16, 12},
	AEAD_AES_256_GCM:        {"AEAD_AES_256_GCM", 32, 12},
}

// Suites are all, in the order in which they are offered.
func Suites() []Suite {
	return []Suite{AES_CM_128_HMAC_SHA1_80, AES_CM_128_HMAC_SHA1_32, AEAD_AES_256_GCM, AEAD_AES_128_GCM}
}

func (s Suite) known() bool { return s > 0 && int(s) < len(suites) }

// String is the suite's name in SDP.
func (s Suite) String() string {
	if !s.known() {
		return "none"
	}
	return suites[s].name
}

func suiteOf(name string) (Suite, bool) {
	for s := AES_CM_128_HMAC_SHA1_80; s.known(); s++ {
		if strings.EqualFold(suites[s].name, name) {
			return s, true
		}
	}
	return 0, false
}

// Keys are the master key and salt of one direction.
type Keys struct {
	Suite        Suite
	Master, Salt []byte
	MKI          []byte // the identifier that the sender of these keys appends to its packets, nil: none
}
