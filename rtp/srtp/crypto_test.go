package srtp

import (
	"bytes"
	"encoding/base64"
	"errors"
	"strings"
	"testing"
)

const (
	key30 = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz" // RFC 4568 §4.1's
	key28 = "MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZA=="
	key44 = "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVpbXF1eX2BhYmNkZWZnaGlqa2w="
)

func TestParseCrypto(t *testing.T) {
	for _, c := range []struct {
		attr  string
		tag   int
		suite Suite
		mki   []byte
	}{
		{"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30, 1, AES_CM_128_HMAC_SHA1_80, nil},
		{"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4 FEC_ORDER=FEC_SRTP", 1, AES_CM_128_HMAC_SHA1_80, []byte{0, 0, 0, 1}},
		{"2 AES_CM_128_HMAC_SHA1_32 inline:" + key30 + "|2^20", 2, AES_CM_128_HMAC_SHA1_32, nil},
		{"999999999 aes_cm_128_hmac_sha1_32  INLINE:" + key30 + "|1066:4 ", 999999999, AES_CM_128_HMAC_SHA1_32, []byte{0, 0, 4, 42}},
		{"3\tAES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|1000000|255:1", 3, AES_CM_128_HMAC_SHA1_80, []byte{255}},
		{"4 AEAD_AES_128_GCM inline:" + key28, 4, AEAD_AES_128_GCM, nil},
		{"4 AEAD_AES_128_GCM inline:" + strings.TrimRight(key28, "="), 4, AEAD_AES_128_GCM, nil},
		{"5 AEAD_AES_256_GCM inline:" + key44 + "|2^48", 5, AEAD_AES_256_GCM, nil},
		{"1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + " WSH=64 KDR=0 -X=2", 1, AES_CM_128_HMAC_SHA1_80, nil},
	} {
		got, err := ParseCrypto(c.attr)
		if err != nil {
			t.Errorf("%s: %v", c.attr, err)
			continue
		}
		if got.Tag != c.tag || got.Suite != c.suite || !bytes.Equal(got.MKI, c.mki) {
			t.Errorf("%s: %+v", c.attr, got)
		}
		of := suites[c.suite]
		if len(got.Master) != of.key || len(got.Salt) != of.salt {
			t.Errorf("%s: key of %d, salt of %d bytes", c.attr, len(got.Master), len(got.Salt))
		}
		again, err := ParseCrypto(got.String())
		if err != nil || again.String() != got.String() {
			t.Errorf("%s: %v, %v", got, again, err)
		}
		if _, err := New(got.Keys); err != nil {
			t.Errorf("%s: %v", c.attr, err)
		}
	}
	c, _ := ParseCrypto("1 AES_CM_128_HMAC_SHA1_80 inline:" + key30)
	if secret, _ := base64.StdEncoding.DecodeString(key30); !bytes.Equal(append(c.Master, c.Salt...), secret) {
		t.Error("the key is another")
	}
}

func TestParseCryptoRefuses(t *testing.T) {
	good := "1 AES_CM_128_HMAC_SHA1_80 inline:" + key30
	for attr, suite := range map[string]bool{ // value: an ErrSuite, so that another line may be taken
		"": false, "1": false, "1 AES_CM_128_HMAC_SHA1_80": false,
		"x AES_CM_128_HMAC_SHA1_80 inline:" + key30:          false,
		"-1 AES_CM_128_HMAC_SHA1_80 inline:" + key30:         false,
		"+1 AES_CM_128_HMAC_SHA1_80 inline:" + key30:         false,
		"1234567890 AES_CM_128_HMAC_SHA1_80 inline:" + key30: false,
		"1 F8_128_HMAC_SHA1_80 inline:" + key30:              true,
		"1 AES_CM_128_HMAC_SHA1_80 kms:" + key30:             true,
		"1 AES_CM_128_HMAC_SHA1_80 " + key30:                 true,
		"1 AES_CM_128_HMAC_SHA1_80 inline:" + key28:          false,
		"1 AEAD_AES_128_GCM inline:" + key30:                 false,
		"1 AEAD_AES_256_GCM inline:" + key28:                 false,
		"1 AES_CM_128_HMAC_SHA1_80 inline:":                  false,
		"1 AES_CM_128_HMAC_SHA1_80 inline:?" + key30[1:]:     false,
		good + ";inline:" + key30:                            true,
		good + "|0":                                          false,
		good + "|2^":                                         false,
		good + "|2^x":                                        false,
		good + "|":                                           false,
		good + "|1:0":                                        false,
		good + "|1:129":                                      false,
		good + "|256:1":                                      false,
		good + "|:4":                                         false,
		good + "|1:":                                         false,
		good + "|-1:4":                                       false,
		good + "|2^20|1:4|1:4":                               false,
		good + "|2^20|2^20":                                  false,
		good + " UNENCRYPTED_SRTP":                           true,
		good + " UNENCRYPTED_SRTCP":                          true,
		good + " UNAUTHENTICATED_SRTP":                       true,
		good + " KDR=1":                                      true,
		good + " WSH=1":                                      true,
		good + " FEC_KEY=inline:" + key30:                    true,
		good + " whatever":                                   true,
	} {
		c, err := ParseCrypto(attr)
		if err == nil {
			t.Errorf("%q was taken: %v", attr, c)
		} else if errors.Is(err, ErrSuite) != suite {
			t.Errorf("%q: %v", attr, err)
		} else if strings.Contains(err.Error(), key30) {
			t.Errorf("%q: the error tells the key: %v", attr, err)
		}
	}
}

func TestNewCryptoIsAlwaysAnother(t *testing.T) {
	for i, s := range Suites() {
		a, b := NewCrypto(i+1, s), NewCrypto(i+1, s)
		if a.String() == b.String() {
			t.Errorf("%v: the same key twice", s)
		}
		got, err := ParseCrypto(a.String())
		if err != nil || !bytes.Equal(got.Master, a.Master) || !bytes.Equal(got.Salt, a.Salt) || got.Tag != i+1 || got.Suite != s {
			t.Errorf("%s: %v", a, err)
		}
	}
	if Suite(0).String() != "none" || Suite(9).String() != "none" {
		t.Error("an unknown suite has a name")
	}
	defer func() {
		if recover() == nil {
			t.Error("keys were made for no suite")
		}
	}()
	NewCrypto(1, 0)
}

func FuzzParseCrypto(f *testing.F) {
	f.Add("1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + "|2^20|1:4 FEC_ORDER=FEC_SRTP")
	f.Add("4 AEAD_AES_128_GCM inline:" + key28)
	f.Add("1 AES_CM_128_HMAC_SHA1_80 inline:" + key30 + ";inline:" + key30 + " KDR=3")
	f.Fuzz(func(t *testing.T, attr string) {
		c, err := ParseCrypto(attr)
		if err != nil {
			return
		}
		again, err := ParseCrypto(c.String())
		if err != nil || again.String() != c.String() {
			t.Errorf("%q prints as %q, %v", attr, c, err)
		}
		if _, err := New(c.Keys); err != nil {
			t.Errorf("%q gives keys that are none: %v", attr, err)
		}
	})
}
