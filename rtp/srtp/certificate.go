package srtp

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// ErrFingerprint is a far end that shows another certificate than its SDP announced.
var ErrFingerprint = errors.New("the certificate has another fingerprint")

// A Certificate is what we show in DTLS: self-signed, one for the process. It is safe for concurrent use.
type Certificate struct {
	tls         tls.Certificate
	fingerprint string
}

// NewCertificate makes a key on P-256 and the certificate of it. It names nobody.
func NewCertificate() (*Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("dtls certificate: %w", err)
	}
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("dtls certificate: %w", err)
	}
	now := time.Now()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: "srtp"},
		NotBefore:    now.AddDate(0, 0, -1), // clocks differ
		NotAfter:     now.AddDate(10, 0, 0),
	}, &x509.Certificate{Subject: pkix.Name{CommonName: "srtp"}}, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("dtls certificate: %w", err)
	}
	sum := sha256.Sum256(der)
	return &Certificate{
		tls:         tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		fingerprint: "sha-256 " + colons(sum[:]),
	}, nil
}

// Fingerprint is the value of our a=fingerprint line (RFC 8122 §5).
func (c *Certificate) Fingerprint() string { return c.fingerprint }

func colons(b []byte) string {
	var s strings.Builder
	for i, v := range b {
		if i > 0 {
			s.WriteByte(':')
		}
		fmt.Fprintf(&s, "%02X", v)
	}
	return s.String()
}

// A fingerprint is a far end's certificate's.
type fingerprint struct {
	sum  func([]byte) []byte
	want []byte
}

// hashes known to a=fingerprint that are as good as they were: one of a certificate must not be met by another, which is still
// hard for SHA-1, and not for MD5 and MD2.
var hashes = map[string]func([]byte) []byte{
	"sha-1":   func(b []byte) []byte { s := sha1.Sum(b); return s[:] },
	"sha-224": func(b []byte) []byte { s := sha256.Sum224(b); return s[:] },
	"sha-256": func(b []byte) []byte { s := sha256.Sum256(b); return s[:] },
	"sha-384": func(b []byte) []byte { s := sha512.Sum384(b); return s[:] },
	"sha-512": func(b []byte) []byte { s := sha512.Sum512(b); return s[:] },
}

// CheckFingerprint says what is wrong with the value of an a=fingerprint line. Of several lines one that passes is to be taken.
func CheckFingerprint(value string) error {
	_, err := parseFingerprint(value)
	return err
}

func parseFingerprint(value string) (fingerprint, error) {
	name, digits, ok := strings.Cut(strings.TrimSpace(value), " ")
	if !ok {
		return fingerprint{}, errors.New("fingerprint: needs a hash and its value")
	}
	sum := hashes[strings.ToLower(name)]
	if sum == nil {
		return fingerprint{}, fmt.Errorf("fingerprint: hash %.20q: %w", name, ErrSuite)
	}
	parts := strings.SplitN(strings.TrimSpace(digits), ":", sha512.Size+1)
	want := make([]byte, 0, len(parts))
	for _, p := range parts {
		b, err := hex.DecodeString(p)
		if err != nil || len(b) != 1 {
			return fingerprint{}, fmt.Errorf("fingerprint: %.20q is not a byte in hexadecimal", p)
		}
		want = append(want, b[0])
	}
	if n := len(sum(nil)); len(want) != n {
		return fingerprint{}, fmt.Errorf("fingerprint: %d bytes, %s has %d", len(want), strings.ToLower(name), n)
	}
	return fingerprint{sum, want}, nil
}

func (f fingerprint) of(der []byte) bool { return subtle.ConstantTimeCompare(f.sum(der), f.want) == 1 }
