package telnyx

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"net/http"
	"strconv"
	"time"
)

// signedWithin is how far a webhook's time may be from ours (developers.telnyx.com/docs/voice/programmable-voice/receiving-webhooks).
const signedWithin = 5 * time.Minute

var (
	errKey       = errors.New("the account connection's public_key is none: Telnyx shows it in base64 under Keys & Credentials")
	errSignature = errors.New("the signature is not Telnyx'")
	errAge       = errors.New("it was signed more than five minutes ago, or will be")
)

// verify checks that Telnyx has signed a webhook just now: Ed25519 over the time, a bar and the body.
func verify(key string, h http.Header, body []byte, now time.Time) error {
	public, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return errKey
	}
	stamp := h.Get("Telnyx-Timestamp")
	signature, err := base64.StdEncoding.DecodeString(h.Get("Telnyx-Signature-Ed25519"))
	if err != nil || len(signature) != ed25519.SignatureSize || len(stamp) > 20 {
		return errSignature
	}
	if !ed25519.Verify(public, append([]byte(stamp+"|"), body...), signature) {
		return errSignature
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return errAge
	}
	if age := now.Unix() - seconds; age > int64(signedWithin/time.Second) || age < -int64(signedWithin/time.Second) {
		return errAge
	}
	return nil
}
