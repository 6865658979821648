package auth

import (
	"errors"
	"strings"
	"testing"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// asks is a 401 or 407 with those challenges.
func asks(code int, challenges ...string) *sip.Response {
	name := "WWW-Authenticate"
	if code == 407 {
		name = "Proxy-Authenticate"
	}
	res := sip.NewResponse(code, "Who are you")
	for _, c := range challenges {
		res.AppendHeader(sip.NewHeader(name, c))
	}
	return res
}

var us = Credentials{Username: "u", Password: "p"}

// signed are the values of a header in a request we sign.
func signed(t testing.TB, p *Proofs, c Credentials, header string) (vs []string) {
	t.Helper()
	req := request(t, "INVITE")
	p.Sign(c, req)
	for _, h := range req.GetHeaders(header) {
		vs = append(vs, h.Value())
	}
	return vs
}

func TestLearn(t *testing.T) {
	for _, c := range []struct {
		name  string
		with  Credentials
		res   *sip.Response
		want  string // "" when it is not answered, else what stands in the header
		parts []string
	}{
		{"the plainest", us, asks(401, `Digest realm="r", nonce="n"`), "Authorization", []string{`username="u"`, `realm="r"`, `nonce="n"`, `uri="sip:agent@127.0.0.1"`}},
		{"a proxy", us, asks(407, `Digest realm="r", nonce="n"`), "Proxy-Authorization", []string{`realm="r"`}},
		{"a qop", us, asks(401, `Digest realm="r", nonce="n", qop="auth-int, AUTH"`), "Authorization", []string{", qop=auth, nc=00000001", `cnonce="`}},
		{"a qop we cannot", us, asks(401, `Digest realm="r", nonce="n", qop="auth-int"`), "", nil},
		{"a qop without quotes", us, asks(401, `Digest realm="r", nonce="n", qop=auth,auth-int`), "Authorization", []string{"qop=auth,"}},
		{"an opaque", us, asks(401, `Digest realm="r", nonce="n", opaque="a\"b"`), "Authorization", []string{`opaque="a\"b"`}},
		{"an empty opaque", us, asks(401, `Digest realm="r", nonce="n", opaque=""`), "Authorization", []string{`opaque=""`}},
		{"an algorithm", us, asks(401, `Digest realm="r", nonce="n", algorithm=sha-256-SESS`), "Authorization", []string{"algorithm=sha-256-SESS", `cnonce="`}},
		{"an algorithm we have not", us, asks(401, `Digest realm="r", nonce="n", algorithm=AKAv1-MD5`), "", nil},
		{"the first we can", us, asks(401, `Digest realm="r", nonce="1", algorithm=SHA-512`, `Digest realm="r", nonce="2", algorithm=SHA-256`, `Digest realm="r", nonce="3"`),
			"Authorization", []string{`nonce="2"`}},
		{"our realm", Credentials{"u", "p", "s"}, asks(401, `Digest realm="r", nonce="1"`, `Digest realm="s", nonce="2"`), "Authorization", []string{`realm="s"`}},
		{"not our realm", Credentials{"u", "p", "s"}, asks(401, `Digest realm="r", nonce="1"`), "", nil},
		{"an empty realm", us, asks(401, `Digest realm="", nonce="1"`), "Authorization", []string{`realm=""`}},
		{"no realm", us, asks(401, `Digest nonce="1"`), "", nil},
		{"no nonce", us, asks(401, `Digest realm="r"`), "", nil},
		{"no challenge", us, asks(401), "", nil},
		{"another scheme", us, asks(401, `Basic realm="r"`, `NTLM abc=`), "", nil},
		{"one that would break our header", us, asks(401, "Digest realm=\"r\", nonce=\"a\rX: y\""), "", nil},
		{"we have no password", Credentials{Username: "u"}, asks(401, `Digest realm="r", nonce="1"`), "", nil},
	} {
		var p Proofs
		err := p.Learn(c.with, c.res)
		if (err == nil) != (c.want != "") || err != nil && !errors.Is(err, ErrNoProof) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, h := range []string{"Authorization", "Proxy-Authorization"} {
			vs := signed(t, &p, c.with, h)
			if h != c.want && len(vs) > 0 || h == c.want && len(vs) != 1 {
				t.Errorf("%s: %s: %v", c.name, h, vs)
			}
			for _, part := range c.parts {
				if h == c.want && (len(vs) != 1 || !strings.Contains(vs[0], part)) {
					t.Errorf("%s: no %s in %s", c.name, part, vs)
				}
			}
		}
	}
}

// TestSeveralRealms: a proxy, another behind it, and the far end each get their own, together.
func TestSeveralRealms(t *testing.T) {
	var p Proofs
	for _, res := range []*sip.Response{
		asks(407, `Digest realm="near", nonce="1"`, `Digest realm="next", nonce="2", algorithm=SHA-256`, `Digest realm="near", nonce="9", algorithm=MD5`),
		asks(401, `Digest realm="far", nonce="3"`),
	} {
		if err := p.Learn(us, res); err != nil {
			t.Fatal(err)
		}
	}
	proxies, far := signed(t, &p, us, "Proxy-Authorization"), signed(t, &p, us, "Authorization")
	if len(proxies) != 2 || !strings.Contains(proxies[0], `"near", nonce="1"`) || !strings.Contains(proxies[1], `"next"`) || len(far) != 1 {
		t.Errorf("%v %v", proxies, far)
	}
	for i := range 100 {
		_ = p.Learn(us, asks(407, `Digest realm="`+strings.Repeat("x", i)+`", nonce="1"`))
	}
	if n := len(signed(t, &p, us, "Proxy-Authorization")); n > realmsMost {
		t.Errorf("%d realms are proven to", n)
	}
}

// TestNotTwice: what was refused is not sent again; by a nonce that was good for a while, or that is called stale, it is.
func TestNotTwice(t *testing.T) {
	first, next := `Digest realm="r", nonce="1", qop="auth"`, `Digest realm="r", nonce="2", qop="auth"`
	var p Proofs
	if p.Learn(us, asks(401, first)) != nil || len(signed(t, &p, us, "Authorization")) != 1 {
		t.Fatal("the first is not answered")
	}
	for _, again := range []string{first, next} {
		if p.Learn(us, asks(401, again)) == nil {
			t.Errorf("%s: what was refused is sent again", again)
		}
	}
	if p.Learn(us, asks(401, next+", stale=TRUE")) != nil {
		t.Fatal("a stale nonce is the end")
	}
	for _, nc := range []string{"nc=00000001", "nc=00000002", "nc=00000003"} {
		if v := signed(t, &p, us, "Authorization"); !strings.Contains(v[0], `nonce="2"`) || !strings.HasSuffix(v[0], nc) {
			t.Errorf("no %s in %s", nc, v)
		}
	}
	if p.Learn(us, asks(401, next)) == nil {
		t.Error("the same nonce again")
	}
	if p.Learn(us, asks(401, first)) != nil || !strings.HasSuffix(signed(t, &p, us, "Authorization")[0], "nc=00000001") {
		t.Error("a nonce that was good until now has ended, and that is the end")
	}
}

// FuzzLearn: whatever a far end asks, what we answer is one clean header that another implementation can read, if it can read the
// challenge.
func FuzzLearn(f *testing.F) {
	f.Add(`Digest realm="r", nonce="n", qop="auth,auth-int", opaque="\"", algorithm=MD5-sess`)
	f.Add("Digest realm=\"\xff\\\\\", nonce=a+/=, stale=true")
	f.Fuzz(func(t *testing.T, h string) {
		var p Proofs
		if p.Learn(us, asks(401, h)) != nil {
			return
		}
		vs := signed(t, &p, us, "Authorization")
		if len(vs) != 1 || !clean(vs[0]) {
			t.Fatalf("%q: %q", h, vs)
		}
		ours, err := parse(vs[0])
		theirs, _ := parse(h)
		if len(vs[0]) <= headerMost && (err != nil || ours["realm"] != theirs["realm"] || ours["nonce"] != theirs["nonce"] || ours["opaque"] != theirs["opaque"]) {
			t.Errorf("%q: %q (%v)", h, vs, err)
		}
		if c, err := digest.ParseChallenge(h); err == nil && strings.ToValidUTF8(h, "") == h {
			if cred, err := digest.ParseCredentials(vs[0]); err != nil || cred.Response == "" {
				t.Errorf("%+v: %q: %v", c, vs, err)
			}
		}
	})
}
