package trace

import (
	"bytes"
	"strings"
	"testing"
)

func TestSecretsAreMasked(t *testing.T) {
	for raw, want := range map[string]string{
		"A: b\r\nAuthorization: Digest username=\"a\", response=\"0123\", uri=\"sip:x\"\r\n":             "A: b\r\nAuthorization: Digest username=\"a\", response=\"xxxx\", uri=\"sip:x\"\r\n",
		"proxy-authorization : digest RESPONSE = abc,nc=1\n\n":                                           "proxy-authorization : digest RESPONSE = xxx,nc=1\n\n",
		"Authorization: Digest realm=\"response=\",\r\n\tresponse=\r\n \"ab c\"\r\n":                     "Authorization: Digest realm=\"response=\",\r\n\tresponse=\r\n \"xxxx\"\r\n",
		"Authorization:\r\n Digest response=\"abc":                                                       "Authorization:\r\n Digest response=\"xxx",
		"Authorization: Basic dXNlcjpwYXNz\r\nTo: response=a\r\n":                                        "Authorization: Basic xxxxxxxxxxxx\r\nTo: response=a\r\n",
		"Authorization: token\r\n":                                                                       "Authorization: xxxxx\r\n",
		"Authorization:\r\n":                                                                             "Authorization:\r\n",
		"Authentication-Info: rspauth=\"12\", cnonce=\"a\"\r\n":                                          "Authentication-Info: rspauth=\"xx\", cnonce=\"a\"\r\n",
		"Authorization: Digest a=\"x, response=1\\\" response=2\", b, response=\"3\\\"4\"x":              "Authorization: Digest a=\"x, response=1\\\" response=2\", b, response=\"xxxx\"x",
		"\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:c2Vj|2^20|1:4;inline:abc UNENCRYPTED_SRTP\r\n":    "\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:xxxx|2^20|1:4;inline:xxx UNENCRYPTED_SRTP\r\n",
		"A=CRYPTO:1 X INLINE:abc\n":                                                                      "A=CRYPTO:1 X INLINE:xxx\n",
		"a=key-mgmt:mikey AQAFg\r\n":                                                                     "a=key-mgmt:mikey xxxxx\r\n",
		"k=clear:abc\r\nm=audio\r\n":                                                                     "k=xxxxxxxxx\r\nm=audio\r\n",
		"INVITE sip:bob:pw@host SIP/2.0\r\n":                                                             "INVITE sip:bob:xx@host SIP/2.0\r\n",
		"To: \"sip\" <SIPS:bob:p;w@h>, <sip:a@h:5060>\r\n":                                               "To: \"sip\" <SIPS:bob:xxx@h>, <sip:a@h:5060>\r\n",
		"Via: SIP/2.0/UDP h:5060\r\nX: sip:h:5060;a=b\r\n":                                               "Via: SIP/2.0/UDP h:5060\r\nX: sip:h:5060;a=b\r\n",
		"INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nSignal=5\r\nDuration=160\r\n": "INFO sip:a SIP/2.0\r\nContent-Type: application/dtmf-relay\r\n\r\nxxxxxxxx\r\nxxxxxxxxxxxx\r\n",
		"info sip:a SIP/2.0\n\n5":                                                                        "info sip:a SIP/2.0\n\nx",
		"MESSAGE sip:a SIP/2.0\r\n\r\n5\r\n":                                                             "MESSAGE sip:a SIP/2.0\r\n\r\n5\r\n",
		"To: sip:a:b@c sip:":                                                                             "To: sip:a:x@c sip:",
		"":                                                                                               "",
	} {
		in := []byte(raw)
		if got := string(Mask(in)); got != want {
			t.Errorf("%q:\n%q", raw, got)
		}
		if string(in) != raw {
			t.Errorf("%q was changed itself", raw)
		}
	}
}

// What is read from a Recorder has no secrets, what it holds is as it was.
func TestOfMasks(t *testing.T) {
	r := New(0)
	r.Keep("one", "")
	m := invite("one", 1)
	m.Raw = append([]byte("INVITE sip:a SIP/2.0\r\nAuthorization: Digest response=\"deadbeef\"\r\n"), m.Raw[bytes.Index(m.Raw, []byte("Via")):]...)
	r.See(m)
	for range 2 {
		got := r.Of("", "one")
		if len(got) != 1 || strings.Contains(string(got[0].Raw), "deadbeef") {
			t.Fatal(got)
		}
	}
}
