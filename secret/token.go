package secret

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// prefixLen is how much of an API key stays visible: its kind and eight characters.
const prefixLen = len("sk_live_") + 8

// NewAPIKey makes a key of 256 random bits, sk_live_… or sk_test_…; prefix is the part that may be shown and stored in
// clear, hash what is looked up.
func NewAPIKey(live bool) (key, prefix string, hash [32]byte) {
	kind := "sk_test_"
	if live {
		kind = "sk_live_"
	}
	key = kind + base64.RawURLEncoding.EncodeToString(random(32))
	return key, KeyPrefix(key), HashAPIKey(key)
}

// HashAPIKey is how a key is stored. Keys have 256 random bits (or are the operator's own choice), so a plain SHA-256 does.
func HashAPIKey(key string) [32]byte { return sha256.Sum256([]byte(key)) }

// KeyPrefix is the part of a key that may be shown; a key of any other form shows no more than a quarter of itself.
func KeyPrefix(key string) string {
	n := prefixLen
	if !strings.HasPrefix(key, "sk_live_") && !strings.HasPrefix(key, "sk_test_") || len(key) < 2*prefixLen {
		n = min(len(key)/4, prefixLen)
	}
	return key[:n]
}

// webhookPrefix marks a webhook secret, as the Standard Webhooks specification has it.
const webhookPrefix = "whsec_"

// NewWebhookSecret makes a Standard Webhooks secret: whsec_ and 32 random bytes in base64.
func NewWebhookSecret() string {
	return webhookPrefix + base64.StdEncoding.EncodeToString(random(32))
}

// SignWebhook gives one entry (v1,…) of a webhook-signature header for a message, by the Standard Webhooks specification.
// A secret that is not base64 after whsec_ is used as it is.
func SignWebhook(secret, id string, at time.Time, body []byte) string {
	return "v1," + mac(secret, []byte(id+"."+strconv.FormatInt(at.Unix(), 10)+"."), body)
}

// SignBody is the x-vocode-signature of a request of the hosted API: a MAC over its body alone.
func SignBody(secret string, body []byte) string { return mac(secret, body) }

// mac is the HMAC-SHA256 of what parts make together, in base64.
func mac(secret string, parts ...[]byte) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, webhookPrefix))
	if err != nil {
		key = []byte(secret)
	}
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}
