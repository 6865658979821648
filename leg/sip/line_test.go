package sip

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// registry is what Config.Trunks says, and can be made to say something else.
type registry struct {
	mu   sync.Mutex // guards list
	list []parley.TrunkAccount
}

func (r *registry) read(context.Context) ([]parley.TrunkAccount, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]parley.TrunkAccount(nil), r.list...), nil
}

func (r *registry) set(list ...parley.TrunkAccount) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = list
}

// tending is a trunk that looks at its accounts often.
func tending(t *testing.T, c Config, r *registry, answer func(context.Context, leg.Offer)) *Trunk {
	c.Trunks = r.read
	return trunkThat(t, c, answer, func(tr *Trunk) { tr.out.lines.every = 20 * time.Millisecond })
}

// comes waits until it is so.
func comes(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !so(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

// lineOf is the state of the one account there is.
func lineOf(tr *Trunk) TrunkState {
	if s := tr.State(); len(s) == 1 {
		return s[0]
	}
	return TrunkState{}
}

func (s TrunkState) isRegistered() bool { return s.Registration != nil && s.Registration.Registered }

// account is one that registers at the peer, and asks for no pulse.
func (p *peer) account() parley.TrunkAccount {
	return parley.TrunkAccount{
		ID: "t1", Host: "127.0.0.1", Port: p.port(), Username: "line 1", AuthUsername: "auth", Password: "p", TrunkTimers: parley.TrunkTimers{Health: -1},
		Register: parley.TrunkRegister{On: true, Expires: 5 * time.Minute},
	}
}

// grants answers a REGISTER as it came.
func (p *peer) grants(m string) {
	p.respond(m, "200 OK", "Expires: "+header(m, "Expires")+"\r\nContact: "+header(m, "Contact")+"\r\n", "")
}

// TestRegistered: an account is registered while we serve, with digest, calls come in by it unasked, and it is taken back in the end.
func TestRegistered(t *testing.T) {
	p := newPeer(t, nil)
	r := &registry{}
	r.set(p.account())
	rang := make(chan leg.Ringing, 1)
	tr, stop := stoppable(t, Config{Trunks: r.read}, func(ctx context.Context, o leg.Offer) {
		rang <- o.Ringing()
		_ = o.Reject(ctx, parley.Busy)
	})
	m := p.expect(fmt.Sprintf("REGISTER sip:127.0.0.1:%d SIP/2.0", p.port()))
	for name, want := range map[string]string{
		"To": "<sip:line%201@127.0.0.1>", "Expires": "300", "Contact": "<sip:line%201@" + tr.Addr().String() + ">", "User-Agent": "Parley",
	} {
		if got := header(m, name); got != want {
			t.Errorf("%s: %q, not %q", name, got, want)
		}
	}
	p.respond(m, "401 Unauthorized", "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=SHA-256\r\n", "")
	m = p.anew("REGISTER", m)
	if a := header(m, "Authorization"); !strings.Contains(a, `username="auth"`) || !strings.Contains(a, "SHA-256") {
		t.Errorf("Authorization: %s", a)
	}
	p.grants(m)
	comes(t, "registered", func() bool { return lineOf(tr).isRegistered() })
	s := lineOf(tr)
	if s.ID != "t1" || s.Registration.Hop.Addr.String() != fmt.Sprintf("127.0.0.1:%d", p.port()) || time.Until(s.Registration.Until) < 4*time.Minute {
		t.Errorf("%+v", s)
	}
	p.to, p.target, p.seq = net.UDPAddrFromAddrPort(tr.Addr()), "sip:line%201@"+tr.Addr().String(), 1
	for dialled, want := range map[string]string{"": "line 1", "+15550001111": "+15550001111"} {
		p.callID = "call" + dialled
		inv := p.request("INVITE", "", "", p.sdp(""))
		if dialled != "" {
			inv = strings.Replace(inv, "To: <"+p.target+">", "To: <sip:"+dialled+"@pbx.example.org>", 1)
		}
		p.send(inv)
		if code, m := p.final(); code != 486 {
			t.Errorf("a call by the registration: %s", m)
		}
		if r := <-rang; r.Trunk != "t1" || r.To != want {
			t.Errorf("%q came by %q, not for %q", r.To, r.Trunk, want)
		}
	}
	done := make(chan struct{})
	go func() { stop(); close(done) }()
	m = p.anew("REGISTER", m)
	if header(m, "Expires") != "0" || header(m, "Authorization") == "" {
		t.Errorf("not taken back: %s", m)
	}
	p.grants(m)
	<-done
}

// stoppable is a trunk that is stopped by the test.
func stoppable(t *testing.T, c Config, answer func(context.Context, leg.Offer)) (*Trunk, func()) {
	t.Helper()
	c.Listen, c.Logger = "127.0.0.1:0", slog.New(slog.DiscardHandler)
	tr, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	tr.out.lines.every = 20 * time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- tr.Serve(ctx, answer) }()
	return tr, sync.OnceFunc(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
}

// TestAccountsChange: a new account is registered, a changed one anew after the old one is taken back, one that is gone taken back;
// what does not matter to it changes nothing.
func TestAccountsChange(t *testing.T) {
	p := newPeer(t, nil)
	r := &registry{}
	tr := tending(t, Config{}, r, nil)
	p.quiet("no accounts")
	a := p.account()
	r.set(a)
	m := p.expect("REGISTER ")
	p.grants(m)
	comes(t, "registered", func() bool { return lineOf(tr).isRegistered() })
	a.Policy.Extensions, a.AllowedAddresses = true, []string{"192.0.2.1"}
	r.set(a)
	time.Sleep(accountsFor + 100*time.Millisecond)
	p.quiet("what is no matter of the registration")
	a.Username = "line2"
	r.set(a)
	m = p.anew("REGISTER", m)
	if header(m, "Expires") != "0" || !strings.Contains(header(m, "To"), "line%201") {
		t.Errorf("first the old one is taken back: %s", m)
	}
	p.grants(m)
	m = p.expect("REGISTER ")
	for strings.Contains(header(m, "To"), "line%201") {
		m = p.expect("REGISTER ")
	}
	if header(m, "Expires") != "300" {
		t.Errorf("%s", m)
	}
	p.grants(m)
	comes(t, "registered", func() bool { return lineOf(tr).isRegistered() })
	r.set()
	m = p.anew("REGISTER", m)
	if header(m, "Expires") != "0" {
		t.Errorf("one that is gone: %s", m)
	}
	p.grants(m)
	comes(t, "none", func() bool { return len(tr.State()) == 0 })
}

// TestNotRegistered: accounts that do not ask for it, or cannot be, are left alone.
func TestNotRegistered(t *testing.T) {
	p := newPeer(t, nil)
	off, nobody, nowhere, unnamed := p.account(), p.account(), p.account(), p.account()
	off.ID, off.Register.On = "off", false
	nobody.ID, nobody.Username = "nobody", ""
	nowhere.ID, nowhere.Host = "nowhere", ""
	unnamed.ID = ""
	r := &registry{}
	r.set(off, nobody, nowhere, unnamed)
	tr := tending(t, Config{}, r, nil)
	time.Sleep(100 * time.Millisecond)
	p.quiet("nobody registers")
	states := tr.State()
	if len(states) != 1 || states[0].ID != "nobody" || states[0].Registration == nil || !errors.Is(states[0].Registration.Failure, errNobody) {
		t.Errorf("%+v", states)
	}
}

// TestSeenThroughNAT: the address the registrar sees is told in the Contact of that far end from then on, in calls as well.
func TestSeenThroughNAT(t *testing.T) {
	for _, public := range []string{"", "203.0.113.77"} {
		p := newPeer(t, nil)
		a := p.account()
		r := &registry{}
		r.set(a)
		c := Config{}
		if public != "" {
			c.PublicIP = netip.MustParseAddr(public)
		}
		tr := tending(t, c, r, nil)
		m := p.expect("REGISTER ")
		seen := func(m string) string { return strings.Replace(m, ";rport", ";rport=40001;received=203.0.113.9", 1) }
		p.grants(seen(m))
		if public != "" {
			comes(t, "registered", func() bool { return lineOf(tr).isRegistered() })
			p.quiet("the public address is configured")
			continue
		}
		back := p.anew("REGISTER", m)
		if header(back, "Expires") != "0" || header(back, "Contact") != header(m, "Contact") {
			t.Errorf("the address that leads nowhere is not taken back: %s", back)
		}
		p.grants(seen(back))
		m = p.anew("REGISTER", back)
		if header(m, "Contact") != "<sip:line%201@203.0.113.9:40001>" || header(m, "Expires") != "300" {
			t.Errorf("%s", m)
		}
		p.grants(seen(m))
		comes(t, "registered", func() bool { return lineOf(tr).isRegistered() })
		ch := dial(t, tr, p, leg.Call{To: "200", From: "line1", Trunk: &a})
		inv := p.expect("INVITE ")
		if header(inv, "Contact") != "<sip:line1@203.0.113.9:40001>" || !strings.Contains(inv, "c=IN IP4 203.0.113.9") {
			t.Errorf("%s", inv)
		}
		p.respond(inv, "486 Busy Here", "", "")
		p.expect("ACK ")
		rejected(t, ch)
	}
}

// TestPulse: hops that do not answer OPTIONS, or answer 503, are tried last and known as down until they do; whatever else is
// answered means that somebody is there.
func TestPulse(t *testing.T) {
	a, p, q := two(t)
	a.Health = 40 * time.Millisecond
	r := &registry{}
	r.set(*a)
	tr := tending(t, Config{}, r, nil)
	say := map[*peer]string{p: "", q: "404 Not Found"}
	var mu sync.Mutex // guards say
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	for _, x := range []*peer{p, q} {
		all.Go(func() {
			for ctx.Err() == nil {
				m := x.read(20 * time.Millisecond)
				mu.Lock()
				status := say[x]
				mu.Unlock()
				if strings.HasPrefix(m, "OPTIONS sip:127.0.0.1:") && status != "" {
					x.respond(m, status, "", "")
				} else if strings.HasPrefix(m, "INVITE ") {
					x.respond(m, "486 Busy Here", "", "")
				}
			}
		})
	}
	up := func(p *peer) bool {
		for _, h := range lineOf(tr).Hops {
			if int(h.Addr.Port()) == p.port() {
				return h.Up && h.Failure == nil && h.RoundTrip > 0
			}
		}
		return false
	}
	comes(t, "the second up and the first down", func() bool { return up(q) && !up(p) && len(lineOf(tr).Hops) == 2 })
	hops, err := tr.accountHops(t.Context(), a)
	if err != nil || len(hops) != 2 || int(hops[0].addr.Port()) != q.port() {
		t.Errorf("%v %v", hops, err)
	}
	for _, status := range []string{"200 OK", "503 Service Unavailable", "401 Unauthorized", "408 Request Timeout", "501 Not Implemented"} {
		mu.Lock()
		say[p] = status
		mu.Unlock()
		good := !strings.HasPrefix(status, "503") && !strings.HasPrefix(status, "408")
		comes(t, status, func() bool { return up(p) == good })
	}
}

// TestRegistrarDies: when the hop a registration rests on stops answering, the next one is registered at without waiting.
func TestRegistrarDies(t *testing.T) {
	a, p, q := two(t)
	a.Health, a.Register = 40*time.Millisecond, parley.TrunkRegister{On: true}
	r := &registry{}
	r.set(*a)
	tr := tending(t, Config{}, r, nil)
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	dead := make(chan struct{})
	for _, x := range []*peer{p, q} {
		all.Go(func() {
			for ctx.Err() == nil {
				m := x.read(20 * time.Millisecond)
				if x == p {
					select {
					case <-dead:
						continue
					default:
					}
				}
				switch {
				case strings.HasPrefix(m, "OPTIONS "):
					x.respond(m, "200 OK", "", "")
				case strings.HasPrefix(m, "REGISTER "):
					x.grants(m)
				}
			}
		})
	}
	at := func(p *peer) func() bool {
		return func() bool {
			s := lineOf(tr)
			return s.isRegistered() && int(s.Registration.Hop.Addr.Port()) == p.port()
		}
	}
	comes(t, "registered at the first", at(p))
	close(dead)
	comes(t, "registered at the second", at(q))
}

// TestByProxy: what goes out for an account goes by its proxy, in the name of its domain.
func TestByProxy(t *testing.T) {
	p := newPeer(t, nil)
	a := p.account()
	a.Host, a.Port, a.OutboundProxy, a.Health = "pbx.example.org", 0, fmt.Sprintf("127.0.0.1:%d", p.port()), time.Minute
	r := &registry{}
	r.set(a)
	tending(t, Config{}, r, nil)
	for range 2 {
		var m string
		for m == "" || !strings.HasPrefix(m, "REGISTER ") && !strings.HasPrefix(m, "OPTIONS ") {
			m = p.read(patience)
		}
		if !strings.Contains(m, " sip:pbx.example.org SIP/2.0\r\n") || !strings.Contains(header(m, "Route"), fmt.Sprint(p.port(), ";lr")) {
			t.Errorf("%s", m)
		}
		p.respond(m, "200 OK", "", "")
	}
}

// TestLinesEnd: whatever state a registrar is in when we stop, nothing runs on and nobody is waited for long.
func TestLinesEnd(t *testing.T) {
	before := runtime.NumGoroutine()
	for name, wait := range map[string]string{"no answer": "REGISTER ", "granted, then silence": "grant", "at once": ""} {
		p := newPeer(t, nil)
		a := p.account()
		a.Health, a.BackupHosts = 30*time.Millisecond, []string{"nowhere.invalid", "127.0.0.1:9"}
		r := &registry{}
		r.set(a)
		tr, stop := stoppable(t, Config{Trunks: r.read}, func(context.Context, leg.Offer) {})
		switch wait {
		case "grant":
			p.grants(p.expect("REGISTER "))
			comes(t, "registered", func() bool { return lineOf(tr).isRegistered() })
		case "":
		default:
			p.expect(wait)
		}
		start := time.Now()
		stop()
		if d := time.Since(start); d > patience {
			t.Errorf("%s: it took %v", name, d)
		}
	}
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}
