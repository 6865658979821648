package register

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg/sip/route"
)

// TestRequest: what a REGISTER says, and what stays the same in all of them.
func TestRequest(t *testing.T) {
	w := newWorld(grant())
	running(t, w, func(r *Registration, stop func()) {
		time.Sleep(15 * time.Minute)
		stop()
		all := w.all()
		if len(all) < 3 {
			t.Fatalf("%d requests", len(all))
		}
		for i, s := range all {
			req := s.req
			if req.Method != sip.REGISTER || req.Recipient.String() != "sip:reg.example" || req.To().Address.String() != "sip:line1@reg.example" ||
				req.From().Address.String() != "sip:line1@reg.example" || req.GetHeader("Max-Forwards").Value() != "70" || req.To().Params.Has("tag") {
				t.Errorf("%s", req)
			}
			if req.CallID().Value() != all[0].req.CallID().Value() || req.From().Params.GetOr("tag", "") != all[0].req.From().Params.GetOr("tag", "?") {
				t.Error("another Call-ID or tag")
			}
			if i > 0 && req.CSeq().SeqNo != all[i-1].req.CSeq().SeqNo+1 {
				t.Errorf("CSeq %d after %d", req.CSeq().SeqNo, all[i-1].req.CSeq().SeqNo)
			}
			want := 600
			if i == len(all)-1 {
				want = 0 // taken back
			}
			if s.expires != want || s.contact != "10.0.0.9:5060" {
				t.Errorf("request %d: Expires %d, Contact %s", i, s.expires, s.contact)
			}
		}
	})
}

// TestRefresh: a binding is renewed before it ends, by what the registrar granted, wherever it says so.
func TestRefresh(t *testing.T) {
	for name, c := range map[string]struct {
		headers []string
		granted time.Duration
	}{
		"as asked":              {nil, 10 * time.Minute},
		"the header":            {[]string{"Expires: 60"}, time.Minute},
		"our Contact":           {[]string{"Expires: 600", "Contact: <sip:line1@10.0.0.9:5060>;expires=120"}, 2 * time.Minute},
		"of several":            {[]string{"Contact: <sip:line1@192.0.2.77:5060>;expires=30", "Contact: <sip:line1@10.0.0.9:5060>;expires=120"}, 2 * time.Minute},
		"rewritten by them":     {[]string{"Contact: <sip:line1@203.0.113.1:1024>;expires=90"}, 90 * time.Second},
		"a Contact without":     {[]string{"Expires: 60", "Contact: <sip:line1@10.0.0.9:5060>"}, time.Minute},
		"longer than we asked":  {[]string{"Expires: 3600"}, time.Hour},
		"for as good as ever":   {[]string{"Expires: 99999999"}, expiresMax},
		"nonsense":              {[]string{"Contact: <sip:line1@10.0.0.9:5060>;expires=soon"}, 10 * time.Minute},
		"a second":              {[]string{"Expires: 1"}, time.Second},
		"an Expires with words": {[]string{"Expires: 60 (one minute)"}, time.Minute},
	} {
		w := newWorld(grant(c.headers...))
		running(t, w, func(r *Registration, stop func()) {
			synctest.Wait()
			until := r.State().Until
			if got := until.Sub(w.all()[0].at); got != c.granted || !r.State().Registered {
				t.Errorf("%s: granted for %v, not %v", name, got, c.granted)
			}
			time.Sleep(c.granted*8/10 + time.Second)
			all := w.all()
			if len(all) < 2 {
				t.Fatalf("%s: not refreshed", name)
			}
			if gap := all[1].at.Sub(all[0].at); gap > max(c.granted*77/100, shortest) || gap < c.granted*65/100 {
				t.Errorf("%s: refreshed after %v of %v", name, gap, c.granted)
			}
		})
	}
}

// TestLonger: a registrar that finds our time too short says what it takes (RFC 3261 §10.2.8).
func TestLonger(t *testing.T) {
	w := newWorld(nil)
	w.answer = func(s *sent) *sip.Response {
		if s.expires > 0 && s.expires < 1800 {
			return s.answer(423, "Interval Too Brief", "Min-Expires: 1800")
		}
		return s.answer(200, "OK")
	}
	running(t, w, func(r *Registration, stop func()) {
		synctest.Wait()
		if s := r.State(); !s.Registered || time.Until(s.Until) != 30*time.Minute {
			t.Errorf("%+v", s)
		}
		time.Sleep(25 * time.Minute)
		if all := w.all(); len(all) != 3 || all[2].expires != 1800 {
			t.Errorf("%d requests", len(all))
		}
	})
	for _, least := range []string{"Min-Expires: 5", "Min-Expires: 99999999", "X: y"} { // shorter than asked, out of reason, none
		w := newWorld(func(s *sent) *sip.Response { return s.answer(423, "Interval Too Brief", least) })
		running(t, w, func(r *Registration, stop func()) {
			time.Sleep(time.Second)
			if n := len(w.all()); n != 1 || r.State().Code != 423 {
				t.Errorf("%s: %d requests, %+v", least, n, r.State())
			}
		})
	}
}

// TestChallenged: what the registrar asks is answered; a nonce that is over without a word of stale is asked for anew; wrong
// credentials are not insisted on.
func TestChallenged(t *testing.T) {
	w := newWorld(nil)
	nonce := "n1"
	w.answer = func(s *sent) *sip.Response {
		if h := s.req.GetHeader("Authorization"); h != nil && h.Value() == nonce {
			return s.answer(200, "OK")
		}
		return s.answer(401, "Unauthorized", "WWW-Authenticate: "+nonce)
	}
	running(t, w, func(r *Registration, stop func()) {
		synctest.Wait()
		if n := len(w.all()); n != 2 || !r.State().Registered {
			t.Fatalf("%d requests, %+v", n, r.State())
		}
		time.Sleep(8 * time.Minute)
		if n := len(w.all()); n != 3 {
			t.Errorf("%d requests: the refresh is not signed at once", n)
		}
		w.set(func() { nonce = "n2" })
		time.Sleep(8 * time.Minute)
		if n := len(w.all()); n != 5 || !r.State().Registered {
			t.Errorf("%d requests, %+v", n, r.State())
		}
		stop()
		if all := w.all(); len(all) != 6 || all[5].expires != 0 {
			t.Errorf("%d requests: not taken back with one", len(all))
		}
	})
	w = newWorld(func(s *sent) *sip.Response { return s.answer(401, "Unauthorized", "WWW-Authenticate: n") })
	running(t, w, func(r *Registration, stop func()) {
		time.Sleep(20 * time.Second)
		if n := len(w.all()); n > 3 || r.State().Code != 401 || r.State().Registered {
			t.Errorf("%d requests with wrong credentials, %+v", n, r.State())
		}
	})
	w = newWorld(func(s *sent) *sip.Response { return s.answer(401, "Unauthorized", "WWW-Authenticate: n") })
	w.learnt = 1000
	running(t, w, func(r *Registration, stop func()) {
		synctest.Wait()
		if n := len(w.all()); n != exchangesMost || !errors.Is(r.State().Failure, errChallenged) {
			t.Errorf("%d requests, %+v", n, r.State())
		}
	})
}

// TestBackOff: failures are followed by pauses that grow from a second to five minutes, a clear no by a minute at least, and a
// Retry-After is kept.
func TestBackOff(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(*sent) *sip.Response
		gaps   func(i int) (least, most time.Duration)
	}{
		"silence": {func(*sent) *sip.Response { return nil }, func(i int) (least, most time.Duration) {
			d := min(time.Second<<min(i, 16), 5*time.Minute)
			return 32*time.Second + d/2, 32*time.Second + d
		}},
		"500": {func(s *sent) *sip.Response { return s.answer(500, "Server Internal Error") }, func(i int) (least, most time.Duration) {
			d := min(time.Second<<min(i, 16), 5*time.Minute)
			return d / 2, d
		}},
		"403": {func(s *sent) *sip.Response { return s.answer(403, "Forbidden") }, func(i int) (least, most time.Duration) {
			d := max(time.Minute, min(time.Second<<min(i, 16), 5*time.Minute))
			return d / 2, d
		}},
		"503 with a time": {func(s *sent) *sip.Response {
			return s.answer(503, "Service Unavailable", "Retry-After: 400 (rest);duration=5")
		},
			func(int) (least, most time.Duration) { return 400 * time.Second, 400 * time.Second }},
		"503 for a year": {func(s *sent) *sip.Response { return s.answer(503, "Service Unavailable", "Retry-After: 31536000") },
			func(int) (least, most time.Duration) { return retryMax, retryMax }},
		"a redirect":       {func(s *sent) *sip.Response { return s.answer(302, "Moved", "Contact: <sip:evil@192.0.2.66>") }, func(int) (time.Duration, time.Duration) { return 30 * time.Second, 5 * time.Minute }},
		"no time at all":   {grant("Expires: 0"), func(int) (time.Duration, time.Duration) { return 30 * time.Second, 5 * time.Minute }},
		"a name not found": {nil, nil},
	} {
		w := newWorld(c.answer)
		if c.answer == nil {
			w.hops = nil
		}
		running(t, w, func(r *Registration, stop func()) {
			time.Sleep(2*time.Hour + 137*time.Millisecond)
			synctest.Wait()
			all := w.all()
			if s := r.State(); s.Registered || s.Failure == nil {
				t.Errorf("%s: %+v", name, s)
			}
			if c.answer == nil {
				return
			}
			if len(all) < 5 {
				t.Fatalf("%s: %d requests", name, len(all))
			}
			for i := 1; i < len(all); i++ {
				least, most := c.gaps(i - 1)
				if gap := all[i].at.Sub(all[i-1].at); gap < least || gap > most {
					t.Errorf("%s: %v after failure %d, not between %v and %v", name, gap, i, least, most)
				}
			}
			stop()
			if n := len(w.all()); n != len(all) {
				t.Errorf("%s: what was never granted is taken back", name)
			}
		})
	}
}

// TestFailover: the next registrar is asked within seconds of silence, at once after a 503; the one that granted is stayed with.
func TestFailover(t *testing.T) {
	for name, c := range map[string]struct {
		dead func(*sent) *sip.Response
		most time.Duration
	}{
		"silence": {func(*sent) *sip.Response { return nil }, impatience},
		"503":     {func(s *sent) *sip.Response { return s.answer(503, "Service Unavailable") }, 0},
		"500":     {func(s *sent) *sip.Response { return s.answer(500, "Server Internal Error") }, 0},
	} {
		w := newWorld(nil)
		w.hops = []route.Hop{first, second}
		w.answer = func(s *sent) *sip.Response {
			if s.hop == first {
				return c.dead(s)
			}
			return s.answer(200, "OK")
		}
		running(t, w, func(r *Registration, stop func()) {
			time.Sleep(10 * time.Second)
			all := w.all()
			if len(all) != 2 || all[1].hop != second || all[1].at.Sub(all[0].at) > c.most {
				t.Fatalf("%s: %d requests", name, len(all))
			}
			if s := r.State(); !s.Registered || s.Hop != second {
				t.Errorf("%s: %+v", name, s)
			}
			time.Sleep(10 * time.Minute)
			if all := w.all(); len(all) != 3 || all[2].hop != second {
				t.Errorf("%s: the refresh went elsewhere", name)
			}
			if up := name == "500"; w.up[first] != up || !w.up[second] {
				t.Errorf("%s: up %v", name, w.up)
			}
		})
	}
	w := newWorld(func(s *sent) *sip.Response { return s.answer(403, "Forbidden") })
	w.hops = []route.Hop{first, second}
	running(t, w, func(r *Registration, stop func()) {
		synctest.Wait()
		if n := len(w.all()); n != 1 {
			t.Errorf("a clear no was asked for %d times", n)
		}
	})
	w = newWorld(func(*sent) *sip.Response { return nil })
	w.hops = slices.Repeat([]route.Hop{first}, 100)
	running(t, w, func(r *Registration, stop func()) {
		time.Sleep(hopsMost*impatience + 30*time.Second)
		if n := len(w.all()); n > hopsMost+2 {
			t.Errorf("%d of any number of hops", n)
		}
	})
}

// TestRenew: when the hop dies we are bound to, the next one is asked at once.
func TestRenew(t *testing.T) {
	w := newWorld(grant())
	w.hops = []route.Hop{first, second}
	running(t, w, func(r *Registration, stop func()) {
		synctest.Wait()
		w.set(func() { w.hops = []route.Hop{second, first} })
		r.Renew()
		r.Renew()
		synctest.Wait()
		if s := r.State(); s.Hop != second || !s.Registered {
			t.Errorf("%+v", s)
		}
		time.Sleep(9 * time.Minute)
		w.set(func() { w.hops = []route.Hop{first, second} })
		n := len(w.all())
		time.Sleep(9 * time.Minute)
		for _, s := range w.all()[n:] {
			if s.hop != second {
				t.Error("went back by itself")
			}
		}
	})
}

// TestKeepAlive: every 25 s while registered; a connection that is gone is made anew.
func TestKeepAlive(t *testing.T) {
	w := newWorld(grant("Expires: 3600"))
	running(t, w, func(r *Registration, stop func()) {
		time.Sleep(10*time.Minute + time.Second)
		if n := w.keptAlive(); n != 24 {
			t.Errorf("%d keep-alives in 10 min", n)
		}
		w.set(func() { w.broken = true })
		n := len(w.all())
		time.Sleep(keepAlive)
		if got := len(w.all()); got != n+1 {
			t.Errorf("%d requests after the connection broke", got-n)
		}
	})
	w = newWorld(func(*sent) *sip.Response { return nil })
	running(t, w, func(r *Registration, stop func()) {
		time.Sleep(time.Hour)
		if w.keptAlive() != 0 {
			t.Error("nothing is open, and kept so")
		}
	})
}

// TestStops: the end does not wait for a registrar that does not answer, in whatever state it comes.
func TestStops(t *testing.T) {
	for name, at := range map[string]time.Duration{"asking": time.Second, "pausing": 33 * time.Second} {
		w := newWorld(func(*sent) *sip.Response { return nil })
		running(t, w, func(r *Registration, stop func()) {
			time.Sleep(at)
			start := time.Now()
			stop()
			if d := time.Since(start); d > 0 {
				t.Errorf("%s: %v", name, d)
			}
		})
	}
	w := newWorld(nil)
	w.answer = func(s *sent) *sip.Response {
		if s.expires == 0 {
			return nil
		}
		return s.answer(200, "OK")
	}
	running(t, w, func(r *Registration, stop func()) {
		synctest.Wait()
		start := time.Now()
		stop()
		if d := time.Since(start); d > farewell || r.State().Registered {
			t.Errorf("%v, %+v", d, r.State())
		}
	})
}

// TestState: a lost registrar is news, but the binding lasts for as long as it was granted.
func TestState(t *testing.T) {
	w := newWorld(grant("Expires: 60"))
	synctest.Test(t, func(t *testing.T) {
		var told []State
		c := config(w)
		c.Changed = func(s State) { told = append(told, s) }
		start := time.Now()
		run(t, New(c), func(r *Registration, stop func()) {
			synctest.Wait()
			if s := r.State(); !s.Registered || !s.Since.Equal(start) || s.Hop != first || s.Contact != "sip:line1@10.0.0.9:5060" || s.Failure != nil || s.Code != 200 {
				t.Errorf("%+v", s)
			}
			w.set(func() {
				w.answer = func(s *sent) *sip.Response { return s.answer(500, strings.Repeat("x", 1000)+"\xff") }
			})
			time.Sleep(55 * time.Second)
			if s := r.State(); !s.Registered || s.Failure == nil || s.Code != 500 || len(s.Failure.Error()) > 200 {
				t.Errorf("%+v", s)
			}
			time.Sleep(6 * time.Second)
			if s := r.State(); s.Registered || !s.Since.Equal(start.Add(time.Minute)) {
				t.Errorf("%+v", s)
			}
			n := w.keptAlive()
			time.Sleep(time.Minute)
			if w.keptAlive() != n {
				t.Error("keep-alives of what is over")
			}
			w.set(func() { w.answer = grant("Expires: 60") })
			time.Sleep(5 * time.Minute)
			if s := r.State(); !s.Registered || s.Failure != nil || s.Since.Before(start.Add(time.Minute)) {
				t.Errorf("%+v", s)
			}
		})
		if len(told) < 4 || told[0].Failure != nil || told[1].Failure == nil {
			t.Errorf("told %d times", len(told))
		}
	})
}

// TestNAT: the address the registrar sees takes the place of ours, the old one is taken back, and nothing goes in circles.
func TestNAT(t *testing.T) {
	contacts := func(w *world) string {
		var s []string
		for _, x := range w.all() {
			s = append(s, fmt.Sprintf("%s=%d", x.contact, x.expires))
		}
		return strings.Join(s, " ")
	}
	for name, c := range map[string]struct {
		network   string
		seen      func() func(*sent) string
		challenge bool
		fixed     bool
		deaf      bool
		want      string
	}{
		"the same": {"UDP", func() func(*sent) string { return always("10.0.0.9:5060") }, false, false, false, "10.0.0.9:5060=600"},
		"another":  {"UDP", func() func(*sent) string { return always("203.0.113.5:1024") }, false, false, false, "10.0.0.9:5060=600 10.0.0.9:5060=0 203.0.113.5:1024=600"},
		"known from the challenge": {"UDP", func() func(*sent) string { return always("203.0.113.5:1024") }, true, false, false,
			"10.0.0.9:5060=600 203.0.113.5:1024=600"},
		"a public address is configured":   {"UDP", func() func(*sent) string { return always("203.0.113.5:1024") }, false, true, false, "10.0.0.9:5060=600"},
		"another port":                     {"UDP", func() func(*sent) string { return always("10.0.0.9:1024") }, false, false, false, "10.0.0.9:5060=600 10.0.0.9:5060=0 10.0.0.9:1024=600"},
		"the port of a TCP connection":     {"TCP", func() func(*sent) string { return always("10.0.0.9:1024") }, false, false, false, "10.0.0.9:5060=600"},
		"a TCP connection through NAT":     {"TCP", func() func(*sent) string { return always("203.0.113.5:1024") }, false, false, false, "10.0.0.9:5060=600 10.0.0.9:5060=0 203.0.113.5:1024=600"},
		"what can be no address of ours":   {"UDP", func() func(*sent) string { return always("127.0.0.1:1024") }, false, false, false, "10.0.0.9:5060=600"},
		"nonsense":                         {"UDP", func() func(*sent) string { return always("evil.example:99999") }, false, false, false, "10.0.0.9:5060=600"},
		"a NAT that changes with each one": {"UDP", changing, false, false, false, ""},
		"by TLS where we do not listen":    {"TLS", func() func(*sent) string { return always("10.0.0.9:1024") }, false, false, true, "10.0.0.9:0=600 10.0.0.9:0=0 10.0.0.9:1024=600"},
		"so, with a public address":        {"TLS", func() func(*sent) string { return always("203.0.113.5:1024") }, false, true, true, "10.0.0.9:0=600 10.0.0.9:0=0 203.0.113.5:1024=600"},
	} {
		w := newWorld(grant())
		w.hops = []route.Hop{{Network: c.network, Addr: first.Addr, Name: "reg.example"}}
		w.seen, w.deaf = c.seen(), c.deaf
		if c.challenge {
			w.answer = func(s *sent) *sip.Response {
				if s.req.GetHeader("Authorization") == nil {
					return s.answer(401, "Unauthorized", "WWW-Authenticate: n")
				}
				return s.answer(200, "OK")
			}
		}
		synctest.Test(t, func(t *testing.T) {
			cfg := config(w)
			cfg.Fixed = c.fixed
			run(t, New(cfg), func(r *Registration, stop func()) {
				synctest.Wait()
				if got := contacts(w); c.want != "" && got != c.want {
					t.Errorf("%s: %s, not %s", name, got, c.want)
				}
				if n := len(w.all()); n > 8 || !r.State().Registered {
					t.Errorf("%s: %d requests, %+v", name, n, r.State())
				}
				last := w.all()[len(w.all())-1]
				if s := r.State(); !strings.Contains(s.Contact, last.contact) {
					t.Errorf("%s: state says %s, the registrar %s", name, s.Contact, last.contact)
				}
			})
			all := w.all()
			if last := all[len(all)-1]; last.expires != 0 || last.contact != all[len(all)-2].contact {
				t.Errorf("%s: the end leaves something behind: %s", name, contacts(w))
			}
		})
	}
}

func always(s string) func(*sent) string { return func(*sent) string { return s } }

func changing() func(*sent) string {
	n := 0
	return func(*sent) string {
		n++
		return fmt.Sprintf("203.0.113.5:%d", 1024+n)
	}
}

// FuzzGranted: whatever a registrar answers, we neither hurry nor sleep for ever.
func FuzzGranted(f *testing.F) {
	f.Add("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bKx;received=203.0.113.5;rport=9\r\nContact: <sip:line1@10.0.0.9:5060>;expires=60\r\nExpires: 5\r\nCSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n")
	f.Add("SIP/2.0 423 Too Brief\r\nMin-Expires: 99999999999999999999\r\nRetry-After: 4 (x)\r\n\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := sip.ParseMessage([]byte(s))
		if err != nil {
			return
		}
		res, ok := m.(*sip.Response)
		if !ok {
			return
		}
		w := newWorld(nil)
		r := New(config(w))
		r.look(res, first)
		if u := r.contact(first); strings.ContainsAny(u.Host, "\r\n <>;@") || u.Port <= 0 || u.Port > 65535 {
			t.Errorf("Contact %s", u.String())
		}
		own := w.Contact(first)
		if d := granted(res, &own, time.Minute); d < 0 || d > expiresMax || refresh(d) < shortest {
			t.Errorf("granted for %v", d)
		}
		if p := pause(3, refusal(res)); p <= 0 || p > retryMax {
			t.Errorf("a pause of %v", p)
		}
	})
}
