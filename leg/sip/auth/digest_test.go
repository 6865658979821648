package auth

import (
	"strings"
	"testing"

	"github.com/icholy/digest"
)

// TestResponses are the examples of RFC 2617 §3.5 and RFC 7616 §3.9.1, with their passwords.
func TestResponses(t *testing.T) {
	old := question{
		realm: "testrealm@host.com", nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093", qop: "auth", nc: "00000001", cnonce: "0a4f113b",
		method: "GET", uri: "/dir/index.html",
	}
	if got := old.response("Mufasa", "Circle Of Life"); got != "6629fae49393a05397450978507c4ef1" {
		t.Errorf("RFC 2617: %s", got)
	}
	for alg, want := range map[string]string{
		"MD5":     "8ca523f5e9506fed4657c9700eebdbec",
		"SHA-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
		"sha-256": "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
		"":        "8ca523f5e9506fed4657c9700eebdbec",
	} {
		q := question{
			realm: "http-auth@example.org", nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", algorithm: alg, qop: "auth", nc: "00000001",
			cnonce: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", method: "GET", uri: "/dir/index.html",
		}
		if got := q.response("Mufasa", "Circle of Life"); got != want {
			t.Errorf("%s: %s", alg, got)
		}
	}
}

// TestAgainstAnother: another implementation works out the same, for each algorithm, with and without qop. It has no -sess of its
// own but takes the key of one.
func TestAgainstAnother(t *testing.T) {
	for _, alg := range Algorithms {
		for _, qop := range [][]string{nil, {"auth"}} {
			q := question{
				realm: "r", nonce: "n", algorithm: alg, qop: strings.Join(qop, ""), nc: "0000002a", cnonce: "c", method: "INVITE", uri: "sip:a@b",
			}
			plain := strings.TrimSuffix(alg, "-sess")
			o := digest.Options{Method: "INVITE", URI: "sip:a@b", Username: "u:v", Password: "p w", Count: 42, Cnonce: "c"}
			if plain != alg {
				sum := md5sum
				if plain == "SHA-256" {
					sum = sha256sum
				}
				o.A1 = sum(sum("u:v", "r", "p w"), "n", "c")
			}
			want, err := digest.Digest(&digest.Challenge{Realm: "r", Nonce: "n", Algorithm: plain, QOP: qop}, o)
			if err != nil {
				t.Fatal(err)
			}
			if got := q.response("u:v", "p w"); got != want.Response {
				t.Errorf("%s, qop %v: %s, not %s", alg, qop, got, want.Response)
			}
		}
	}
}

func TestKnown(t *testing.T) {
	for alg, want := range map[string]bool{"MD5": true, "md5": true, "sha-256-SESS": true, "SHA-512": false, "": false, "AKAv1-MD5": false} {
		if Known(alg) != want {
			t.Errorf("%q: %v", alg, !want)
		}
	}
}
