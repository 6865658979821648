package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// list is a Config.Trunks that says the same each time.
func list(as ...parley.TrunkAccount) func(context.Context) ([]parley.TrunkAccount, error) {
	return func(context.Context) ([]parley.TrunkAccount, error) { return as, nil }
}

// unserved is a trunk without sockets: it only decides.
func unserved(c Config) *Trunk {
	c.Realm, c.Digests = "parley", []string{"MD5"}
	tr := &Trunk{cfg: c, log: slog.New(slog.DiscardHandler)}
	tr.accounts.load = c.Trunks
	tr.guard = newWatch(c, &tr.accounts, tr.log)
	return tr
}

// invitation is an INVITE as if it had come from there.
func invitation(t testing.TB, to, from string) *sip.Request {
	t.Helper()
	m, err := sip.ParseMessage([]byte("INVITE sip:" + to + "@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx\r\n" +
		"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	m.SetSource(from)
	m.SetTransport("UDP")
	return m.(*sip.Request)
}

func TestAdmit(t *testing.T) {
	carrier := parley.TrunkAccount{ID: "carrier", AllowedAddresses: []string{"192.0.2.1", "198.51.100.0/24", "::ffff:203.0.113.9", "nonsense"}}
	local := parley.TrunkAccount{ID: "local", AllowedAddresses: []string{"127.0.0.0/8"}}
	phone := parley.TrunkAccount{ID: "phone", Username: "u", Password: "p"}
	for _, c := range []struct {
		name     string
		accounts []parley.TrunkAccount
		trust    bool
		from, to string
		want     string // "allowed ID", "refused", "challenged"
	}{
		{"loopback, no accounts", nil, false, "127.0.0.1:5060", "x", "allowed "},
		{"loopback IPv6, no accounts", nil, false, "[::1]:5060", "x", "allowed "},
		{"loopback as IPv6, no accounts", nil, false, "[::ffff:127.0.0.1]:5060", "x", "allowed "},
		{"a stranger, no accounts", nil, false, "192.0.2.7:5060", "x", "refused"},
		{"a stranger to demo", nil, false, "192.0.2.7:5060", "demo", "refused"},
		{"loopback, accounts", []parley.TrunkAccount{carrier}, false, "127.0.0.1:5060", "x", "refused"},
		{"loopback to demo", []parley.TrunkAccount{carrier}, false, "127.0.0.1:5060", "demo", "allowed "},
		{"loopback, trusted", []parley.TrunkAccount{carrier}, true, "127.0.0.1:5060", "x", "allowed "},
		{"loopback is an account's", []parley.TrunkAccount{carrier, local}, false, "127.0.0.1:5060", "x", "allowed local"},
		{"an address", []parley.TrunkAccount{local, carrier}, false, "192.0.2.1:9", "x", "allowed carrier"},
		{"a prefix", []parley.TrunkAccount{carrier}, false, "198.51.100.200:5060", "x", "allowed carrier"},
		{"an address written as IPv6", []parley.TrunkAccount{carrier}, false, "203.0.113.9:5060", "x", "allowed carrier"},
		{"outside all", []parley.TrunkAccount{carrier}, false, "198.51.101.1:5060", "x", "refused"},
		{"a stranger who may prove himself", []parley.TrunkAccount{carrier, phone}, false, "8.8.8.8:5060", "x", "challenged"},
		{"loopback that may prove itself", []parley.TrunkAccount{phone}, false, "127.0.0.1:5060", "x", "challenged"},
		{"an account without a password", []parley.TrunkAccount{{ID: "n", Username: "u"}}, false, "8.8.8.8:5060", "x", "refused"},
	} {
		tr := unserved(Config{TrustLoopback: c.trust, DemoUser: "demo", Trunks: list(c.accounts...)})
		v := tr.admit(t.Context(), invitation(t, c.to, c.from))
		got := "refused"
		switch {
		case v.allowed:
			got = "allowed " + v.trunk
		case v.challenge != nil:
			got = "challenged"
		}
		if got != c.want {
			t.Errorf("%s: %s, not %s", c.name, got, c.want)
		}
	}
}

// TestWhose: of several accounts that a caller may come in by, the one that the number called belongs to is taken; a stranger's call asks
// for none.
func TestWhose(t *testing.T) {
	shared := []string{"192.0.2.0/24"}
	asked := 0
	tr := unserved(Config{Whose: func(_ context.Context, to string, accounts []string) string {
		asked++
		if strings.Join(accounts, " ") != "a b" {
			t.Errorf("%q", accounts)
		}
		return map[string]string{"for-b": "b", "for-nobody": "", "for-a-third": "c"}[to]
	}, Trunks: list(parley.TrunkAccount{ID: "a", AllowedAddresses: shared}, parley.TrunkAccount{ID: "b", AllowedAddresses: shared, Username: "registers-elsewhere", Register: parley.TrunkRegister{On: true}},
		parley.TrunkAccount{ID: "c", AllowedAddresses: []string{"198.51.100.1"}})})
	for to, want := range map[string]string{"for-b": "b", "for-nobody": "a", "for-a-third": "a", "registers-elsewhere": "a"} {
		if v := tr.admit(t.Context(), invitation(t, to, "192.0.2.9:5060")); !v.allowed || v.trunk != want {
			t.Errorf("%s: %+v, want %s", to, v, want)
		}
	}
	before := asked
	if v := tr.admit(t.Context(), invitation(t, "for-b", "198.51.100.1:5060")); v.trunk != "c" || asked != before {
		t.Errorf("one account alone: %+v, asked %d times", v, asked-before)
	}
}

// TestWhoseRegistration: who is registered there by the name called has the call, whoever else has calls from there.
func TestWhoseRegistration(t *testing.T) {
	p := newPeer(t, nil)
	mine := p.account()
	mine.Username, mine.AllowedAddresses = "line1", []string{"127.0.0.1"}
	r := &registry{}
	r.set(parley.TrunkAccount{ID: "a", AllowedAddresses: []string{"127.0.0.1"}}, mine)
	tr := tending(t, Config{Whose: func(context.Context, string, []string) string { return "" }}, r, nil)
	p.grants(p.expect("REGISTER "))
	comes(t, "registered", func() bool { return lineOf(tr).isRegistered() })
	for to, want := range map[string]string{"line1": "t1", "+15551234567": "a"} {
		if v := tr.admit(t.Context(), invitation(t, to, "127.0.0.1:5060")); v.trunk != want {
			t.Errorf("%s: %+v, want %s", to, v, want)
		}
	}
}

// TestStrangerLearnsNothing: whoever he calls, he gets the same answer, and the owner hears of none.
func TestStrangerLearnsNothing(t *testing.T) {
	var asked atomic.Int32
	tr := trunk(t, Config{Trunks: list(parley.TrunkAccount{ID: "x", AllowedAddresses: []string{"192.0.2.1"}})},
		func(context.Context, leg.Offer) { asked.Add(1) })
	vary := regexp.MustCompile(`(?m)^(Via|To|From|Call-ID|CSeq):.*$`)
	var first string
	for _, to := range []string{"agent", "+15551234567", "00000000-0000-0000-0000-000000000001", "nobody"} {
		p := newPeer(t, tr)
		p.target = tr.uri(to)
		p.seq = 1
		p.send(p.request("INVITE", "", "", p.sdp("")))
		m := vary.ReplaceAllString(p.read(patience), "")
		if !strings.HasPrefix(m, "SIP/2.0 403") {
			t.Errorf("%s: %s", to, m)
		}
		if first == "" {
			first = m
		}
		if m != first {
			t.Errorf("%s: another answer: %s", to, m)
		}
	}
	if asked.Load() != 0 {
		t.Error("the owner was asked")
	}
}

func TestAccountsFail(t *testing.T) {
	tr := trunk(t, Config{Trunks: func(context.Context) ([]parley.TrunkAccount, error) { return nil, errors.New("disk") }}, nil)
	p := newPeer(t, tr)
	p.seq = 1
	p.send(p.request("INVITE", "", "", p.sdp("")))
	if code, _ := p.final(); code != 503 {
		t.Errorf("status %d", code)
	}
}

func TestAccountsAreAskedOnceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		a := accounts{load: func(context.Context) ([]parley.TrunkAccount, error) {
			if n++; n == 3 {
				return nil, errors.New("disk")
			}
			return []parley.TrunkAccount{{ID: fmt.Sprint(n)}}, nil
		}}
		for i := range 30 {
			got, err := a.get(t.Context())
			if want := i/10 + 1; want < 3 && (err != nil || got[0].ID != fmt.Sprint(want)) {
				t.Errorf("after %d00 ms: %v %v", i, got, err)
			}
			if i == 20 && err == nil {
				t.Error("an error is hidden")
			}
			if i == 21 && (err != nil || n != 4) {
				t.Errorf("an error is remembered: %v", err)
			}
			time.Sleep(accountsFor / 10)
		}
	})
}

// TestDigestBothRoles: our own two ends prove each other, by each algorithm.
func TestDigestBothRoles(t *testing.T) {
	for _, algs := range [][]string{{"MD5"}, {"SHA-256"}, {"SHA-256", "MD5"}} {
		for _, transport := range []string{"udp", "tcp"} {
			got := make(chan leg.Ringing, 1)
			legs := make(chan leg.Leg, 1)
			take := answering(leg.Limits{}, legs)
			b := trunk(t, Config{Digests: algs, Trunks: list(
				parley.TrunkAccount{ID: "other", Username: "x", Password: "y"},
				parley.TrunkAccount{ID: "phone", Username: "line", AuthUsername: "auth", Password: "secret"})},
				func(ctx context.Context, o leg.Offer) { got <- o.Ringing(); take(ctx, o) })
			a := trunk(t, Config{}, nil)
			account := parley.TrunkAccount{Host: "127.0.0.1", Port: int(b.Addr().Port()), Transport: transport, Username: "line", AuthUsername: "auth", Password: "secret"}
			l, err := a.Dial(t.Context(), leg.Call{To: "agent", Trunk: &account})
			if err != nil {
				t.Fatalf("%v, %s: %v", algs, transport, err)
			}
			if r := <-got; r.Trunk != "phone" || r.From != "line" {
				t.Errorf("%v: %+v", algs, r)
			}
			_ = l.Hangup(t.Context(), parley.AgentEnded)
			ended(t, next(t, legs))
			wrong := account // our BYE may still be proving itself by the right one
			wrong.Password = "wrong"
			_, err = a.Dial(t.Context(), leg.Call{To: "agent", Trunk: &wrong})
			var r *leg.Rejected
			if !errors.As(err, &r) || r.Code != 403 {
				t.Errorf("%v, wrong password: %v", algs, err)
			}
			nobody := wrong
			nobody.AuthUsername = "nobody"
			_, err = a.Dial(t.Context(), leg.Call{To: "agent", Trunk: &nobody})
			if !errors.As(err, &r) || r.Code != 403 {
				t.Errorf("%v, unknown user: %v", algs, err)
			}
		}
	}
}

// answering401 is a stranger's INVITE that answers the challenge, as another implementation would.
func answering401(t testing.TB, h sip.Header, o digest.Options) *sip.Request {
	t.Helper()
	c, err := digest.ParseChallenge(h.Value())
	if err != nil {
		t.Fatal(err)
	}
	cred, err := digest.Digest(c, o)
	if err != nil {
		t.Fatal(err)
	}
	req := invitation(t, "agent", "8.8.8.8:5060")
	req.AppendHeader(sip.NewHeader("Authorization", `Digest realm="elsewhere", nonce="1"`))
	req.AppendHeader(sip.NewHeader("Authorization", cred.String()))
	return req
}

func TestAuthenticate(t *testing.T) {
	accounts := []account{{TrunkAccount: parley.TrunkAccount{ID: "phone", Username: "u", Password: "p"}}, {TrunkAccount: parley.TrunkAccount{ID: "open"}}}
	tr := unserved(Config{})
	ask := tr.authenticate(invitation(t, "agent", "8.8.8.8:5060"), accounts).challenge
	if len(ask) != 1 {
		t.Fatal("not challenged")
	}
	try := func(user, password string, count int) string {
		v := tr.authenticate(answering401(t, ask[0], digest.Options{Method: "INVITE", URI: "sip:agent@127.0.0.1", Username: user, Password: password, Count: count}), accounts)
		switch {
		case v.allowed:
			return "allowed " + v.trunk
		case v.challenge != nil && strings.Contains(v.challenge[0].Value(), "stale=true"):
			return "stale"
		case v.refused() && v.guessed:
			return "guessed"
		}
		return fmt.Sprint(v)
	}
	for i, c := range []struct {
		user, password string
		count          int
		want           string
	}{
		{"u", "q", 1, "guessed"}, {"nobody", "p", 1, "guessed"}, {"", "", 1, "guessed"},
		{"u", "p", 1, "allowed phone"}, {"u", "p", 1, "stale"}, {"u", "p", 2, "allowed phone"},
	} {
		if got := try(c.user, c.password, c.count); got != c.want {
			t.Errorf("%d: %s", i, got)
		}
	}
	if v := tr.authenticate(invitation(t, "agent", "8.8.8.8:5060"), accounts[1:]); !v.refused() || v.guessed {
		t.Errorf("nobody can prove himself: %+v", v)
	}
}

func TestPrefixes(t *testing.T) {
	got := prefixes([]string{" 10.0.0.1 ", "10.1.2.3/8", "2001:db8::/32", "::ffff:10.0.0.0/104", "fe80::1%eth0", "", "x", "10.0.0.0/33"})
	want := []string{"10.0.0.1/32", "10.0.0.0/8", "2001:db8::/32", "10.0.0.0/8", "fe80::1/128"}
	if s := fmt.Sprint(got); s != fmt.Sprint(want) {
		t.Errorf("%s", s)
	}
	if slices.ContainsFunc(got, func(p netip.Prefix) bool { return !p.IsValid() }) {
		t.Error("an invalid prefix")
	}
}

// TestTakesNoMore: what takes no new calls says so to callers, before it rings, and to who asks by OPTIONS; calls that are there go on, and one
// may still take the place of another.
func TestTakesNoMore(t *testing.T) {
	var full atomic.Bool
	legs := make(chan leg.Leg, 4)
	c := pbx(func(*parley.TrunkAccount) {})
	c.Takes = func() bool { return !full.Load() }
	tr := trunk(t, c, answering(leg.Limits{}, legs))
	asked := func(want int) {
		t.Helper()
		p := newPeer(t, tr)
		p.seq = 1
		p.send(p.request("OPTIONS", "", "", ""))
		if code, m := p.final(); code != want || (header(m, "Retry-After") != "") != (want == 503) {
			t.Errorf("OPTIONS: %s", m)
		}
	}
	asked(200)
	there := newPeer(t, tr)
	there.invite(true)
	next(t, legs)
	full.Store(true)
	asked(503)
	late := newPeer(t, tr)
	late.seq = 1
	late.send(late.request("INVITE", "", "", late.sdp("")))
	for m := late.read(patience); ; m = late.read(patience) {
		if strings.HasPrefix(m, "SIP/2.0 100") {
			continue
		}
		if !strings.HasPrefix(m, "SIP/2.0 503") || header(m, "Retry-After") == "" {
			t.Errorf("a new call: %s", m)
		}
		break
	}
	if code, m := there.ask("OPTIONS", "", ""); code != 200 {
		t.Errorf("OPTIONS within a call: %s", m)
	}
	instead := newPeer(t, tr)
	if code, m := instead.timed("Replaces: " + there.callID + ";to-tag=" + there.totag + ";from-tag=" + there.tag + "\r\n"); code != 200 {
		t.Errorf("in its place: %s", m)
	}
	there.respond(there.expect("BYE "), "200 OK", "", "")
	if code, m := instead.ask("BYE", "", ""); code != 200 {
		t.Errorf("BYE: %s", m)
	}
	full.Store(false)
	asked(200)
}
