package auth

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

func request(t testing.TB, method string, headers ...string) *sip.Request {
	t.Helper()
	m, err := sip.ParseMessage([]byte(method + " sip:agent@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx\r\n" +
		"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 " + method + "\r\nContent-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		m.AppendHeader(sip.NewHeader("Authorization", h))
	}
	return m.(*sip.Request)
}

// users are those of a server under test.
func users(m map[string]string) func(string) (string, bool) {
	return func(u string) (string, bool) { p, ok := m[u]; return p, ok }
}

var some = users(map[string]string{"u": "p", "none": ""})

// answered is what another implementation answers to the first of the challenges.
func answered(t testing.TB, hs []sip.Header, o digest.Options) *digest.Credentials {
	t.Helper()
	c, err := digest.ParseChallenge(hs[0].Value())
	if err != nil {
		t.Fatal(err)
	}
	cred, err := digest.Digest(c, o)
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

var good = digest.Options{Method: "INVITE", URI: "sip:agent@127.0.0.1", Username: "u", Password: "p", Count: 1}

func TestCheck(t *testing.T) {
	for _, alg := range []string{"MD5", "SHA-256"} {
		s := NewServer("parley", []string{alg})
		for _, c := range []struct {
			name   string
			change func(*digest.Credentials)
			want   Verdict
		}{
			{"right", func(*digest.Credentials) {}, Right},
			{"in capitals", func(c *digest.Credentials) { c.Response = strings.ToUpper(c.Response) }, Right},
			{"another response", func(c *digest.Credentials) { c.Response = strings.Repeat("0", 32) }, Wrong},
			{"half a response", func(c *digest.Credentials) { c.Response = c.Response[:16] }, Wrong},
			{"no response", func(c *digest.Credentials) { c.Response = "" }, Wrong},
			{"another user", func(c *digest.Credentials) { c.Username = "v" }, Wrong},
			{"nobody", func(c *digest.Credentials) { c.Username = "" }, Wrong},
			{"a user without a password", func(c *digest.Credentials) { c.Username = "none" }, Wrong},
			{"another count", func(c *digest.Credentials) { c.Nc = 7 }, Wrong},
			{"no count", func(c *digest.Credentials) { c.Nc = 0 }, Wrong},
			{"another URI", func(c *digest.Credentials) { c.URI = "sip:admin@127.0.0.1" }, Wrong},
			{"no URI", func(c *digest.Credentials) { c.URI = "" }, Wrong},
			{"an algorithm not asked for", func(c *digest.Credentials) { c.Algorithm = alg + "-sess" }, Wrong},
			{"an unknown algorithm", func(c *digest.Credentials) { c.Algorithm = "none" }, Wrong},
			{"a qop not asked for", func(c *digest.Credentials) { c.QOP = "auth-int" }, Wrong},
			{"a nonce made up", func(c *digest.Credentials) { c.Nonce = "abc" }, Stale},
			{"a nonce of another", func(c *digest.Credentials) { c.Nonce = s.nonces.issue(there, time.Now()) }, Stale},
			{"a nonce not for it", func(c *digest.Credentials) { c.Nonce = s.nonces.issue(here, time.Now()) }, Wrong},
			{"another realm", func(c *digest.Credentials) { c.Realm = "elsewhere" }, Absent},
		} {
			cred := answered(t, s.Challenge(here, false), good)
			c.change(cred)
			got := s.Check(request(t, "INVITE", `Digest realm="elsewhere", nonce="1"`, "Basic eA==", cred.String()), here, some)
			if got.Verdict != c.want || got.User == "u" != (c.want == Right) {
				t.Errorf("%s, %s: %+v, not %v", alg, c.name, got, c.want)
			}
		}
		if got := s.Check(request(t, "INVITE"), here, some); got.Verdict != Absent {
			t.Errorf("nothing: %+v", got)
		}
		cred := answered(t, s.Challenge(here, false), good).String()
		if got := s.Check(request(t, "BYE", cred), here, some); got.Verdict != Wrong {
			t.Errorf("another method: %+v", got)
		}
		if got := s.Check(request(t, "INVITE", cred), there, some); got.Verdict != Stale {
			t.Errorf("from elsewhere: %+v", got)
		}
	}
}

// TestReplay: a nonce and its count are good once, and only for the right password is its use noted.
func TestReplay(t *testing.T) {
	s := NewServer("parley", []string{"MD5"})
	ask := s.Challenge(here, false)
	try := func(n int, password, qop string) Verdict {
		o := good
		o.Count, o.Password = n, password
		c, _ := digest.ParseChallenge(ask[0].Value())
		if c.QOP = []string{qop}; qop == "" {
			c.QOP = nil
		}
		cred, err := digest.Digest(c, o)
		if err != nil {
			t.Fatal(err)
		}
		return s.Check(request(t, "INVITE", cred.String()), here, some).Verdict
	}
	for i, c := range []struct {
		n        int
		password string
		want     Verdict
	}{{1, "p", Right}, {1, "p", Stale}, {9, "q", Wrong}, {2, "p", Right}, {5, "p", Right}, {4, "p", Stale}, {5, "q", Wrong}, {6, "p", Right}} {
		if got := try(c.n, c.password, "auth"); got != c.want {
			t.Errorf("%d: count %d, password %s: %v, not %v", i, c.n, c.password, got, c.want)
		}
	}
	ask = s.Challenge(here, false)
	if a, b := try(0, "p", ""), try(0, "p", ""); a != Right || b != Stale {
		t.Errorf("without qop: %v, then %v", a, b)
	}
}

// TestNonceAges: one that is too old is stale whether the password is right or not.
func TestNonceAges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewServer("parley", []string{"MD5"})
		right := answered(t, s.Challenge(here, false), good).String()
		o := good
		o.Password = "q"
		wrong := answered(t, s.Challenge(here, false), o).String()
		time.Sleep(nonceFor + time.Second)
		for _, cred := range []string{right, wrong} {
			if got := s.Check(request(t, "INVITE", cred), here, some); got.Verdict != Stale {
				t.Errorf("%+v", got)
			}
		}
	})
}

func TestChallenge(t *testing.T) {
	s := NewServer(`our "realm"`, []string{"SHA-256", "MD5"})
	for _, stale := range []bool{false, true} {
		var algs []string
		for _, h := range s.Challenge(here, stale) {
			c, err := digest.ParseChallenge(h.Value())
			if err != nil || h.Name() != "WWW-Authenticate" || c.Realm != `our "realm"` || c.Stale != stale || !slices.Equal(c.QOP, []string{"auth"}) || c.Nonce == "" {
				t.Errorf("%s: %v", h, err)
			}
			algs = append(algs, c.Algorithm)
		}
		if fmt.Sprint(algs) != "[SHA-256 MD5]" {
			t.Errorf("%v", algs)
		}
	}
}

// TestOurOwn: our two sides understand each other by every algorithm, and later requests need no challenge.
func TestOurOwn(t *testing.T) {
	for _, alg := range Algorithms {
		s, c := NewServer("parley", []string{alg}), Credentials{Username: `u "\ü`, Password: "p"}
		lookup := users(map[string]string{c.Username: "p"})
		res := sip.NewResponse(401, "Unauthorized")
		for _, h := range s.Challenge(here, false) {
			res.AppendHeader(h)
		}
		var p Proofs
		if err := p.Learn(c, res); err != nil {
			t.Fatalf("%s: %v", alg, err)
		}
		for i := range 5 {
			req := request(t, "INVITE")
			p.Sign(c, req)
			if got := s.Check(req, here, lookup); got.Verdict != Right || got.User != c.Username {
				t.Errorf("%s, request %d: %+v of %s", alg, i, got, req.GetHeader("Authorization"))
			}
		}
	}
}

// TestSessWithoutQOP: the key of a -sess algorithm needs a cnonce, qop or not.
func TestSessWithoutQOP(t *testing.T) {
	s := NewServer("parley", []string{"MD5-sess"})
	h := strings.Replace(s.Challenge(here, false)[0].Value(), `, qop="auth"`, "", 1)
	res := sip.NewResponse(401, "Unauthorized")
	res.AppendHeader(sip.NewHeader("WWW-Authenticate", h))
	var p Proofs
	c := Credentials{Username: "u", Password: "p"}
	if err := p.Learn(c, res); err != nil {
		t.Fatal(err)
	}
	req := request(t, "REGISTER")
	p.Sign(c, req)
	if got := s.Check(req, here, some); got.Verdict != Right {
		t.Errorf("%+v of %s", got, req.GetHeader("Authorization"))
	}
}

// FuzzCheck: whatever stands in the header, nobody is let in who has no password.
func FuzzCheck(f *testing.F) {
	s := NewServer("parley", []string{"MD5", "SHA-256-sess"})
	f.Add(answered(f, s.Challenge(here, false), good).String())
	f.Add(`Digest username="u", realm="parley", nonce="n", uri="sip:agent@127.0.0.1", response="", nc=00000001, cnonce="c", qop=auth`)
	f.Add(`Digest realm=parley`)
	f.Add("Digest username=\"\xff\", realm=\"parley\", qop=auth,auth-int")
	f.Fuzz(func(t *testing.T, h string) {
		if got := s.Check(request(t, "INVITE", h), netip.MustParseAddr("203.0.113.1"), some); got.Verdict == Right {
			t.Errorf("%q: %+v", h, got)
		}
	})
}

// BenchmarkCheck: how long a user who is there takes, and one who is not. What strangers are told apart by would be the difference.
func BenchmarkCheck(b *testing.B) {
	for _, user := range []string{"u", "nobody"} {
		b.Run(user, func(b *testing.B) {
			s := NewServer("parley", []string{"MD5"})
			o := good
			o.Username, o.Password = user, "wrong"
			req := request(b, "INVITE", answered(b, s.Challenge(here, false), o).String())
			b.ReportAllocs()
			for b.Loop() {
				if s.Check(req, here, some).Verdict != Wrong {
					b.Fatal("let in")
				}
			}
		})
	}
}
