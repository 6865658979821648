package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// besieged is a trunk to which loopback is not friendly: but for its accounts', addresses there are strangers.
func besieged(t testing.TB, c Config, answer func(context.Context, leg.Offer)) *Trunk {
	t.Helper()
	c.besieged = true
	return trunk(t, c, answer)
}

// from is a peer whose messages come from an address.
func from(t testing.TB, to *Trunk, ip string) *peer {
	t.Helper()
	p := newPeer(t, to)
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.ParseIP(ip)})
	if err != nil {
		t.Skip("loopback has one address here: ", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	p.c, p.seq = c, 1
	return p
}

// silence is how long an answer is waited for that must not come.
const silence = 100 * time.Millisecond

// TestAlike: a user who is there and one who is not get the same answers byte for byte, but for what is new in each, whichever
// method they use; and so do agents who are called.
func TestAlike(t *testing.T) {
	tr := besieged(t, Config{Trunks: list(parley.TrunkAccount{ID: "x", Username: "known", Password: "p"})}, nil)
	vary := regexp.MustCompile(`(?m)^(Via|To|From|Call-ID|CSeq):.*$|nonce="[^"]*"`)
	for i, method := range []string{"INVITE", "REGISTER", "OPTIONS", "MESSAGE", "SUBSCRIBE", "BYE"} {
		var answers [2][]string
		for j, user := range []string{"known", "nobody"} {
			p := from(t, tr, fmt.Sprintf("127.0.%d.%d", 2+i, 1+j))
			p.target = tr.uri(user)
			credentials := ""
			for range 3 {
				p.send(p.request(method, "", credentials+strings.Repeat("X-Long: "+strings.Repeat("x", 60)+"\r\n", 9), ""))
				_, m := p.final()
				if h := header(m, "WWW-Authenticate"); h != "" {
					c := proofs{}
					_ = c.learn(&parley.TrunkAccount{Username: user, Password: "wrong"}, res401(t, h))
					req := sip.NewRequest(sip.RequestMethod(method), sip.Uri{})
					if err := sip.ParseUri(p.target, &req.Recipient); err != nil {
						t.Fatal(err)
					}
					c.sign(&parley.TrunkAccount{Username: user, Password: "wrong"}, req)
					credentials = "Authorization: " + req.GetHeader("Authorization").Value() + "\r\n"
				}
				answers[j] = append(answers[j], vary.ReplaceAllString(m, ""))
				p.seq++
			}
		}
		for k := range answers[0] {
			if answers[0][k] != answers[1][k] {
				t.Errorf("%s: %q\nbut %q", method, answers[0][k], answers[1][k])
			}
		}
		if last := answers[0][2]; method == "INVITE" && !strings.HasPrefix(last, "SIP/2.0 403") || strings.Contains(last, product) {
			t.Errorf("%s: %s", method, last)
		}
	}
}

func res401(t testing.TB, challenge string) *sip.Response {
	t.Helper()
	res := sip.NewResponse(401, "Unauthorized")
	res.AppendHeader(sip.NewHeader("WWW-Authenticate", challenge))
	return res
}

// TestBlocked: who tries names and passwords is not answered any more, others are, and the log tells of it once.
func TestBlocked(t *testing.T) {
	for name, try := range map[string]func(*peer, int) string{
		"names":   func(p *peer, i int) string { return p.request("REGISTER", "", "", "") },
		"methods": func(p *peer, i int) string { return p.request("MESSAGE", "", "", "") },
		"nonsense": func(p *peer, i int) string {
			return strings.Replace(p.request("INVITE", "", "", ""), ";tag="+p.tag, "", 1)
		},
		"calls": func(p *peer, i int) string {
			p.target = p.target[:4] + "x" + p.target[4:]
			return p.request("INVITE", "", "", p.sdp(""))
		},
		"by a peer": func(p *peer, i int) string { return p.request("PUBLISH", "", "", "") },
	} {
		tr := besieged(t, Config{Trunks: list(parley.TrunkAccount{ID: "x", Host: "127.0.9.9", AllowedAddresses: []string{"192.0.2.1"}})}, nil)
		p := from(t, tr, "127.0.0.7")
		if name == "by a peer" { // our trunk's host may be as stupid as it likes
			p = from(t, tr, "127.0.9.9")
			if _, err := tr.accounts.get(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		padding := strings.Repeat("X-Long: "+strings.Repeat("x", 60)+"\r\n", 9)
		answered := 0
		for i := range 25 {
			p.send(strings.Replace(try(p, i), "Max-Forwards: 70\r\n", padding, 1))
			wait := patience
			if i >= 19 && name != "by a peer" {
				wait = silence
			}
			if p.read(wait) == "" {
				break
			}
			answered++
			p.seq++
		}
		if name == "by a peer" {
			if answered != 25 || tr.guard.Blocked(netip.MustParseAddr("127.0.9.9")) {
				t.Errorf("%s: %d answers", name, answered)
			}
			continue
		}
		if answered < 19 || answered > 20 || !tr.guard.Blocked(netip.MustParseAddr("127.0.0.7")) {
			t.Errorf("%s: %d answers", name, answered)
		}
		other := from(t, tr, "127.0.0.8")
		other.send(other.request("REGISTER", "", padding, ""))
		if m := other.read(patience); !strings.HasPrefix(m, "SIP/2.0 405") {
			t.Errorf("%s: another gets %q", name, m)
		}
	}
}

// TestNoMoreThanCame: an answer that is longer than what was asked is owed until more came. It is right all the same.
func TestNoMoreThanCame(t *testing.T) {
	tr := besieged(t, Config{Trunks: list(parley.TrunkAccount{ID: "x", Username: "u", Password: "p"})}, nil)
	p := from(t, tr, "127.0.0.7")
	m := fmt.Sprintf("INVITE %s SIP/2.0\r\nv:SIP/2.0/UDP 127.0.0.7:%d;branch=z9hG4bKa\r\nf:<sip:a@b>;tag=1\r\nt:<sip:c@d>\r\ni:1\r\nCSeq:1 INVITE\r\nl:0\r\n\r\n", p.target, p.port())
	came, went, answers := 0, 0, 0
	for range 12 {
		p.send(m)
		came += len(m)
		if a := p.read(silence); a != "" {
			went += len(a)
			answers++
			if code := a[8:11]; code != "401" {
				t.Errorf("%s", a)
			}
		}
		if went > came {
			t.Fatalf("%d bytes came, %d went", came, went)
		}
	}
	if answers == 0 || answers == 12 {
		t.Errorf("%d answers to 12 of %d bytes", answers, len(m))
	}
}

// TestBareAnswer: what is too long with all headers comes without them, to the first of a stranger's requests.
func TestBareAnswer(t *testing.T) {
	tr := besieged(t, Config{}, nil)
	for i, c := range []struct{ method, padding, status, allow string }{
		{"OPTIONS", "", "SIP/2.0 200", ""},
		{"OPTIONS", "X-Long: " + strings.Repeat("x", 600) + "\r\n", "SIP/2.0 200", allow},
		{"REGISTER", "", "SIP/2.0 405", ""},
		{"REGISTER", "X-Long: " + strings.Repeat("x", 600) + "\r\n", "SIP/2.0 405", allow},
	} {
		p := from(t, tr, fmt.Sprintf("127.0.3.%d", 1+i))
		m := p.request(c.method, "", c.padding, "")
		p.send(m)
		if a := p.read(patience); !strings.HasPrefix(a, c.status) || header(a, "Allow") != c.allow || len(a) > len(m) {
			t.Errorf("%s of %d bytes: %d bytes: %s", c.method, len(m), len(a), a)
		}
	}
}

func TestFriends(t *testing.T) {
	f := befriend([]account{
		{TrunkAccount: parley.TrunkAccount{Host: "192.0.2.1", OutboundProxy: "sip:[2001:db8::5]:5062;lr", BackupHosts: []string{"192.0.2.2:5080", "pbx.example.org", ""}}},
		{from: prefixes([]string{"198.51.100.0/24", "10.0.0.0/8", "0.0.0.0/0", "::/0", "2000::/3", "2001:db8:7::/48", "::ffff:203.0.113.9"})},
	})
	for ip, want := range map[string]bool{
		"192.0.2.1": true, "192.0.2.2": true, "192.0.2.3": false, "2001:db8::5": true, "2001:db8::6": false, "198.51.100.77": true, "198.51.101.1": false,
		"10.9.8.7": true, "11.0.0.1": false, "2001:db8:7:8::9": true, "2001:db8:8::9": false, "203.0.113.9": true, "8.8.8.8": false, "2600::1": false,
	} {
		if got := f.include(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: %v", ip, got)
		}
	}
	ip := netip.MustParseAddr("8.8.8.8")
	if n := testing.AllocsPerRun(100, func() { f.include(ip) }); n != 0 {
		t.Errorf("it allocates %v times", n)
	}
	if (*friends)(nil).include(ip) {
		t.Error("of no accounts")
	}
}

// TestAccountsAreLookedAt: whose addresses are exempt is known without a call, and not looked up for every message.
func TestAccountsAreLookedAt(t *testing.T) {
	tr := trunk(t, Config{Trunks: list(parley.TrunkAccount{ID: "x", Host: "192.0.2.1"})}, nil)
	ip := netip.MustParseAddr("192.0.2.1")
	for end := time.Now().Add(patience); !tr.guard.Exempt(ip); time.Sleep(time.Millisecond) {
		tr.admitted(ip, 100)
		if time.Now().After(end) {
			t.Fatal("never exempt")
		}
	}
}

func TestDigestsAreChecked(t *testing.T) {
	if _, err := New(Config{Listen: "127.0.0.1:0", Digests: []string{"MD5", "SHA-512"}}); err == nil || !strings.Contains(err.Error(), "SHA-512") {
		t.Errorf("%v", err)
	}
}

func BenchmarkFriends(b *testing.B) {
	var as []account
	for i := range 1000 {
		as = append(as, account{from: prefixes([]string{fmt.Sprintf("198.%d.%d.0/24", i%256, i/256), fmt.Sprintf("192.0.%d.%d", i/256, i%256), "10.0.0.0/8"})})
	}
	f, ip := befriend(as), netip.MustParseAddr("8.8.8.8")
	b.ReportAllocs()
	for b.Loop() {
		f.include(ip)
	}
}

// BenchmarkAlike: how long a wrong password takes to be refused for a user who is there and for one who is not, over UDP, taken in
// turn. The difference of the medians is what a stranger could tell them apart by.
func BenchmarkAlike(b *testing.B) {
	sip.SetTimers(500*time.Millisecond, 4*time.Second, 5*time.Second)
	defer sip.SetTimers(10*time.Millisecond, 80*time.Millisecond, 100*time.Millisecond)
	var accounts []parley.TrunkAccount
	for i := range 100 {
		accounts = append(accounts, parley.TrunkAccount{ID: fmt.Sprint(i), Username: fmt.Sprintf("user%d", i), Password: "secret"})
	}
	tr := trunk(b, Config{Trunks: list(accounts...)}, nil)
	users := [2]string{"user99", "nobody"}
	var took [2][]time.Duration
	p := newPeer(b, tr)
	for range b.N {
		for i, user := range users {
			account := &parley.TrunkAccount{Username: user, Password: "wrong"}
			p.callID, p.seq = sip.GenerateTagN(12), 1
			p.send(p.request("INVITE", "", "", ""))
			_, m := p.final()
			var ps proofs
			if ps.learn(account, res401(b, header(m, "WWW-Authenticate"))) != nil {
				b.Fatal(m)
			}
			req := sip.NewRequest(sip.INVITE, sip.Uri{})
			_ = sip.ParseUri(p.target, &req.Recipient)
			ps.sign(account, req)
			p.seq++
			second := p.request("INVITE", "", "Authorization: "+req.GetHeader("Authorization").Value()+"\r\n", "")
			start := time.Now()
			p.send(second)
			if code, m := p.final(); code != 403 {
				b.Fatal(m)
			}
			took[i] = append(took[i], time.Since(start))
		}
	}
	for i := range took {
		slices.Sort(took[i])
		b.ReportMetric(float64(took[i][len(took[i])/2].Microseconds()), "µs-"+users[i])
	}
}
