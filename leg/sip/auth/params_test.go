package auth

import (
	"maps"
	"strings"
	"testing"

	"github.com/parley-voice/parley/hammer"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]params{
		`Digest realm="a", nonce="b"`:                      {"realm": "a", "nonce": "b"},
		`DIGEST Realm = "a" ,NONCE=b`:                      {"realm": "a", "nonce": "b"},
		"digest\trealm=\"a\",\tnonce=\"b\"":                {"realm": "a", "nonce": "b"},
		`Digest realm="a\"b\\c", nonce=""`:                 {"realm": `a"b\c`, "nonce": ""},
		`Digest nonce=AbC+/=_.~==, uri=sip:a@b;c=d?e`:      {"nonce": "AbC+/=_.~==", "uri": "sip:a@b;c=d?e"},
		`Digest qop="auth,auth-int", a=b`:                  {"qop": "auth,auth-int", "a": "b"},
		`Digest qop=auth,auth-int, a=b`:                    {"qop": "auth,auth-int", "a": "b"},
		`Digest qop=auth-int, auth`:                        {"qop": "auth-int,auth"},
		`Digest a=1, a=2`:                                  {"a": "1"},
		`Digest a=1,, ,b=2,`:                               {"a": "1", "b": "2"},
		`Digest a="1" b="2"`:                               {"a": "1", "b": "2"},
		`Digest ` + "realm=\"Z\xfcrich, 8\"":               {"realm": "Z\xfcrich, 8"},
		`Digest ` + strings.Repeat(`a=1,`, headerMost/4-2): {"a": "1"},
		`Digest `: {},
	} {
		if got, err := parse(in); err != nil || !maps.Equal(got, want) {
			t.Errorf("%.60q: %v %v", in, got, err)
		}
	}
	many := "Digest "
	for i := range paramsMost + 1 {
		many += string(rune('A'+i)) + "=1, "
	}
	for _, in := range []string{
		``, `Digest`, `Basic a=1`, `Digest a`, `Digest a, b=1`, `Digest ="1"`, `Digest a=`, `Digest a=,b=1`, `Digest a="1`, `Digest a="1\`, `Digest a=b"c"`,
		"Digest a=\"b\x00\"", "Digest a=\"b\\\x00\"", "Digest a=\"b\r\nX: y\"", "Digest a=b\x7f", "Digest a=\"\x7f\"", "Digest qop=0 \x7f", "Digest \x01=1", many, "Digest a=" + strings.Repeat("1", headerMost),
	} {
		if got, err := parse(in); err == nil {
			t.Errorf("%.60q is taken: %v", in, got)
		}
	}
}

// FuzzParse: what is read can be written, and is read the same again.
var digests = []string{
	`Digest realm="a\"b", nonce=x, qop=auth,auth-int, stale=TRUE`,
	`Digest username="u", realm="r", nonce="n", uri="sip:c@d", response="0", nc=00000001, cnonce="c", qop=auth, algorithm=MD5`,
}

func FuzzParse(f *testing.F) {
	for _, s := range digests {
		f.Add(s)
	}
	f.Fuzz(read)
}

func TestHammerParse(t *testing.T) {
	hammer.Strike(t, [][]byte{[]byte(digests[0]), []byte(digests[1])}, func(b []byte) { read(t, string(b)) })
}

func read(t *testing.T, s string) {
	p, err := parse(s)
	if err != nil {
		return
	}
	if len(p) > paramsMost {
		t.Errorf("%d parameters", len(p))
	}
	again := "Digest "
	for k, v := range p {
		if !clean(v) || strings.ContainsAny(k, "=\", \t") || k == "" {
			t.Errorf("%q=%q", k, v)
		}
		again += k + "=" + quote(v) + ", "
	}
	if got, err := parse(again); len(again) <= headerMost && (err != nil || !maps.Equal(got, p)) {
		t.Errorf("%q became %q: %v, not %v (%v)", s, again, got, p, err)
	}
}
