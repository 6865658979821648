package sip

import (
	"fmt"
	"net"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// flooded are the methods of a flood, each of them as often as the others.
var flooded = []string{"REGISTER", "INVITE", "OPTIONS", "ACK", "BYE"}

// flood comes from many addresses of loopback, as if forged.
type flood struct {
	socks    []*net.UDPConn
	to       *Trunk
	sent     int
	answered atomic.Int64
	answers  sync.WaitGroup
}

func newFlood(t testing.TB, to *Trunk, sources int) *flood {
	f := &flood{to: to}
	for i := range sources {
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 1, byte(i>>8), byte(i))})
		if err != nil {
			t.Skip("loopback has one address here: ", err)
		}
		f.socks = append(f.socks, c)
		f.answers.Go(func() {
			for b := make([]byte, 2048); ; {
				if _, err := c.Read(b); err != nil {
					return
				}
				f.answered.Add(1)
			}
		})
	}
	t.Cleanup(func() {
		for _, c := range f.socks {
			_ = c.Close()
		}
		f.answers.Wait()
	})
	return f
}

// one sends a message that has not been seen before.
func (f *flood) one() {
	i := f.sent
	f.sent++
	method, c := flooded[i%len(flooded)], f.socks[i%len(f.socks)]
	to, body := "<sip:agent@x>", ""
	if method == "ACK" || method == "BYE" {
		to += ";tag=ours"
	}
	if method == "INVITE" {
		body = fmt.Sprintf(peerSDP, 40000, "")
	}
	_, _ = c.WriteTo(fmt.Appendf(nil, "%s sip:agent@%s SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%x;rport\r\nFrom: <sip:%x@x>;tag=%x\r\nTo: %s\r\n"+
		"Call-ID: flood-%x\r\nCSeq: 1 %s\r\nContact: <sip:a@%s>\r\nMax-Forwards: 70\r\nUser-Agent: friendly\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		method, f.to.Addr(), c.LocalAddr(), i, i, i, to, i, method, c.LocalAddr(), len(body), body), net.UDPAddrFromAddrPort(f.to.Addr()))
}

// last sends so many a second for a while.
func (f *flood) last(rate int, d time.Duration) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	n := 0
	for start := time.Now(); time.Since(start) < d; <-tick.C {
		for ; n < int(float64(rate)*time.Since(start).Seconds()); n++ {
			f.one()
		}
	}
}

// busy is a besieged trunk on which so many calls are.
func busy(t testing.TB, calls int) (*Trunk, []*peer) {
	legs := make(chan leg.Leg, 1000)
	tr := besieged(t, Config{Trunks: list(
		parley.TrunkAccount{ID: "pbx", AllowedAddresses: []string{"127.0.0.1"}}, parley.TrunkAccount{ID: "phone", Username: "u", Password: "p"},
	)}, answering(leg.Limits{}, legs))
	var peers []*peer
	for range calls {
		p := newPeer(t, tr)
		p.invite(true)
		<-legs
		peers = append(peers, p)
	}
	return tr, peers
}

// insist asks until there is an answer: the kernel drops what a socket has no place for.
func (p *peer) insist(method, body string) (int, string) {
	p.t.Helper()
	p.seq++
	m := p.request(method, "", "", body)
	for end := time.Now().Add(patience); time.Now().Before(end); {
		p.send(m)
		for got := p.read(patience / 20); got != ""; got = p.read(patience / 20) {
			if code, _ := strconv.Atoi(got[8:11]); code >= 200 && header(got, "CSeq") == header(m, "CSeq") {
				return code, got
			}
		}
	}
	p.t.Fatalf("%s is never answered", method)
	return 0, ""
}

// TestFlood: while it lasts, calls that are stay and new ones come in; few of it are answered, and nothing of it is left.
func TestFlood(t *testing.T) {
	tr, peers := busy(t, 5)
	before := runtime.NumGoroutine()
	f := newFlood(t, tr, 100)
	over, start := make(chan struct{}), time.Now()
	go func() {
		defer close(over)
		f.last(2000*len(flooded), time.Second)
	}()
	for i := 0; ; i++ {
		if code, m := peers[i%len(peers)].insist("OPTIONS", ""); code != 200 {
			t.Errorf("a call that is: %s", m)
		}
		if i == 3 {
			p := newPeer(t, tr)
			code, m := p.insist("INVITE", p.sdp(""))
			if code != 200 {
				t.Fatalf("a new call: %s", m)
			}
			p.totag = tagOf(header(m, "To"))
			ack := p.request("ACK", "", "", "")
			for range 50 { // most are dropped, and one has to come within 64·T1
				p.send(ack)
				time.Sleep(5 * time.Millisecond)
			}
			peers = append(peers, p)
		}
		select {
		case <-over:
		default:
			continue
		}
		if i > 20 {
			break
		}
	}
	for _, p := range peers {
		if code, m := p.insist("BYE", ""); code != 200 {
			t.Errorf("a call that was: %s", m)
		}
	}
	if most := 1000 + 500*int64(time.Since(start)/time.Second+1); f.answered.Load() > most {
		t.Errorf("%d of %d are answered", f.answered.Load(), f.sent)
	}
	left := func() (dialogs int) {
		tr.mu.Lock()
		defer tr.mu.Unlock()
		return len(tr.dialogs)
	}
	for end := time.Now().Add(patience); left() > 0 || runtime.NumGoroutine() > before+100; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d dialogs and %d goroutines are left of %d", left(), runtime.NumGoroutine(), before)
		}
	}
}

// BenchmarkFlood: how evenly the sound of 20 calls comes while nothing happens, and during 2,000 a second of each method.
func BenchmarkFlood(b *testing.B) {
	sip.SetTimers(500*time.Millisecond, 4*time.Second, 5*time.Second)
	defer sip.SetTimers(10*time.Millisecond, 80*time.Millisecond, 100*time.Millisecond)
	for _, c := range []struct{ sources, each int }{{1, 0}, {1, 2000}, {1000, 2000}} {
		b.Run(fmt.Sprintf("%d-of-each-a-second-from-%d", c.each, c.sources), func(b *testing.B) {
			for range b.N {
				tr, peers := busy(b, 0)
				heard := make([]*sound, 20)
				for i := range heard {
					p := newPeer(b, tr)
					heard[i] = listen(b)
					p.seq++
					p.send(p.request("INVITE", "", "", strings.Replace(p.sdp(""), "40000", fmt.Sprint(heard[i].port), 1)))
					_, ok := p.final()
					p.totag = tagOf(header(ok, "To"))
					p.send(p.request("ACK", "", "", ""))
					peers = append(peers, p)
				}
				f := newFlood(b, tr, c.sources)
				time.Sleep(time.Second)
				for _, s := range heard {
					s.begin()
				}
				var u0, u1 syscall.Rusage
				_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u0)
				f.last(c.each*len(flooded), 10*time.Second)
				_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u1)
				var gaps []time.Duration
				for _, s := range heard {
					gaps = append(gaps, s.end()...)
				}
				slices.Sort(gaps)
				cpu := func(u syscall.Rusage) float64 { return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9 }
				for _, p := range peers {
					if code, _ := p.ask("BYE", "", ""); code != 200 {
						b.Errorf("BYE: %d", code)
					}
				}
				runtime.GC()
				runtime.GC() // what pools hold goes with the second
				var mem runtime.MemStats
				runtime.ReadMemStats(&mem)
				b.ReportMetric(float64(gaps[len(gaps)*999/1000])/1e6, "ms-p99.9")
				b.ReportMetric(float64(gaps[len(gaps)-1])/1e6, "ms-max")
				b.ReportMetric(float64(f.answered.Load()), "answers")
				b.ReportMetric((cpu(u1)-cpu(u0))/10, "cores")
				b.ReportMetric(float64(mem.HeapAlloc)/1e6, "MB-after")
				b.ReportMetric(float64(len(gaps)), "packets")
			}
		})
	}
}

// sound notes when packets come.
type sound struct {
	c    *net.UDPConn
	port int
	mu   sync.Mutex // guards all below
	on   bool
	last time.Time
	gaps []time.Duration
}

func listen(t testing.TB) *sound {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	s := &sound{c: c, port: c.LocalAddr().(*net.UDPAddr).Port}
	go func() {
		for b := make([]byte, 2048); ; {
			if _, err := c.Read(b); err != nil {
				return
			}
			now := time.Now()
			s.mu.Lock()
			if s.on && !s.last.IsZero() {
				s.gaps = append(s.gaps, now.Sub(s.last))
			}
			s.last = now
			s.mu.Unlock()
		}
	}()
	return s
}

func (s *sound) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = true
}

func (s *sound) end() []time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.on = false
	return s.gaps
}
