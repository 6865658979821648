package srtp

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// ErrSuite is a crypto line that is well-formed and asks for what is not done here: another suite, no encryption, keys that
// change. The line is passed over and the next one tried (RFC 4568 §5.1.2).
var ErrSuite = errors.New("unsupported")

// A Crypto is one a=crypto line of SDP: the keys its author will send with. It holds a secret: it belongs on TLS and in no log.
type Crypto struct {
	Tag int // 1 to 999999999, the same in offer and answer
	Keys
}

// NewCrypto makes keys of our own for a line.
func NewCrypto(tag int, s Suite) Crypto {
	if !s.known() {
		panic("srtp: no such suite")
	}
	of := suites[s]
	secret := make([]byte, of.key+of.salt)
	_, _ = rand.Read(secret) // does not fail
	return Crypto{tag, Keys{Suite: s, Master: secret[:of.key:of.key], Salt: secret[of.key:]}}
}

// String is the line's value, after "a=crypto:".
func (c Crypto) String() string {
	secret := append(bytes.Clone(c.Master), c.Salt...)
	s := fmt.Sprintf("%d %s inline:%s", c.Tag, c.Suite, base64.StdEncoding.EncodeToString(secret))
	if len(c.MKI) > 0 {
		s += fmt.Sprintf("|%d:%d", new(big.Int).SetBytes(c.MKI), len(c.MKI))
	}
	return s
}

// ParseCrypto reads a line's value, after "a=crypto:" (RFC 4568 §9.1). A key's lifetime is checked for its form and left to its
// owner: who sends with the key counts. The error is an ErrSuite when only what is asked for is not done here.
func ParseCrypto(attr string) (Crypto, error) {
	fields := strings.Fields(attr)
	if len(fields) < 3 {
		return Crypto{}, errors.New("crypto: needs tag, suite and key")
	}
	tag, err := strconv.ParseUint(fields[0], 10, 32)
	if err != nil || len(fields[0]) > 9 || fields[0][0] == '+' {
		return Crypto{}, fmt.Errorf("crypto: tag %.20q is not a number of up to 9 digits", fields[0])
	}
	suite, ok := suiteOf(fields[1])
	if !ok {
		return Crypto{}, fmt.Errorf("crypto: suite %.40q: %w", fields[1], ErrSuite)
	}
	if strings.Contains(fields[2], ";") {
		return Crypto{}, fmt.Errorf("crypto: more than one key: %w", ErrSuite)
	}
	keys, err := parseInline(suite, fields[2])
	if err != nil {
		return Crypto{}, err
	}
	for _, p := range fields[3:] {
		if err := checkParameter(p); err != nil {
			return Crypto{}, err
		}
	}
	return Crypto{int(tag), keys}, nil
}

// parseInline reads "inline:" key and salt, then "|" lifetime and "|" MKI, each of which may be absent.
func parseInline(suite Suite, param string) (Keys, error) {
	method, info, ok := strings.Cut(param, ":")
	if !ok || !strings.EqualFold(method, "inline") {
		return Keys{}, fmt.Errorf("crypto: key method %.20q: %w", method, ErrSuite)
	}
	parts := strings.Split(info, "|")
	secret, err := base64.StdEncoding.DecodeString(parts[0])
	if err != nil { // some leave the padding out
		if secret, err = base64.RawStdEncoding.DecodeString(parts[0]); err != nil {
			return Keys{}, errors.New("crypto: the key is not base64")
		}
	}
	of := suites[suite]
	if len(secret) != of.key+of.salt {
		return Keys{}, fmt.Errorf("crypto: key and salt have %d bytes, %s wants %d", len(secret), suite, of.key+of.salt)
	}
	k := Keys{Suite: suite, Master: secret[:of.key:of.key], Salt: secret[of.key:]}
	rest := parts[1:]
	if len(rest) > 0 && !strings.Contains(rest[0], ":") {
		if !lifetime(rest[0]) {
			return Keys{}, fmt.Errorf("crypto: lifetime %.30q is not a number of packets", rest[0])
		}
		rest = rest[1:]
	}
	if len(rest) > 0 {
		if k.MKI, ok = parseMKI(rest[0]); !ok {
			return Keys{}, fmt.Errorf("crypto: MKI %.60q is not value:length", rest[0])
		}
		rest = rest[1:]
	}
	if len(rest) > 0 {
		return Keys{}, errors.New("crypto: more than lifetime and MKI after the key")
	}
	return k, nil
}

// lifetime knows a count of packets, plain or as a power of two, that is not 0.
func lifetime(s string) bool {
	if power, ok := strings.CutPrefix(s, "2^"); ok {
		return number(power, 2)
	}
	return number(s, 20) && strings.Trim(s, "0") != ""
}

// number knows 1 to most digits.
func number(s string, most int) bool {
	return len(s) > 0 && len(s) <= most && strings.Trim(s, "0123456789") == ""
}

// parseMKI reads value:length: a decimal number in so many bytes, 1 to 128 (RFC 4568 §6.1).
func parseMKI(s string) ([]byte, bool) {
	value, length, _ := strings.Cut(s, ":")
	if !number(value, 309) || !number(length, 3) {
		return nil, false
	}
	n, _ := strconv.Atoi(length)
	v, ok := new(big.Int).SetString(value, 10)
	if !ok || n < 1 || n > 128 || v.BitLen() > 8*n {
		return nil, false
	}
	return v.FillBytes(make([]byte, n)), true
}

// checkParameter knows the session parameters that change nothing here (RFC 4568 §6.3); one with a minus may be passed over
// (§6.3.7), any other not.
func checkParameter(p string) error {
	name, value, _ := strings.Cut(p, "=")
	switch strings.ToUpper(name) {
	case "KDR":
		if value == "0" {
			return nil
		}
	case "WSH":
		if n, err := strconv.Atoi(value); err == nil && n >= 64 { // a hint for the replay window: ours is larger than most ask for
			return nil
		}
	case "FEC_ORDER": // there is no FEC stream
		return nil
	}
	if strings.HasPrefix(p, "-") {
		return nil
	}
	return fmt.Errorf("crypto: session parameter %.40q: %w", p, ErrSuite)
}
