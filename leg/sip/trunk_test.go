package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/rtp"
)

// TestShutDown: when Serve's context ends, running calls are hung up, ringing ones refused, and all that was taken is given back.
func TestShutDown(t *testing.T) {
	before := runtime.NumGoroutine()
	func() {
		ports := rtp.NewPorts(42000, 42100)
		legs := make(chan leg.Leg, 8)
		ctx, stop := context.WithCancel(t.Context())
		tr, err := New(Config{Listen: "127.0.0.1:0", Ports: ports})
		if err != nil {
			t.Fatal(err)
		}
		rings := make(chan struct{}, 1)
		served := make(chan error)
		go func() {
			served <- tr.Serve(ctx, func(ctx context.Context, o leg.Offer) {
				if o.Ringing().To == "slow" {
					rings <- struct{}{}
					<-ctx.Done()
					return
				}
				answering(leg.Limits{}, legs)(ctx, o)
			})
		}()
		talking, placed, waiting := newPeer(t, tr), newPeer(t, nil), newPeer(t, tr)
		talking.invite(true)
		taken := next(t, legs)
		ch := dial(t, tr, placed, leg.Call{})
		placed.respond(placed.expect("INVITE "), "200 OK", "", placed.sdp(""))
		placed.expect("ACK ")
		l := accepted(t, ch)
		waiting.target, waiting.seq = tr.uri("slow"), 1
		waiting.send(waiting.request("INVITE", "", "", waiting.sdp("")))
		<-rings
		dialling := newPeer(t, nil)
		ringing := dial(t, tr, dialling, leg.Call{})
		dialling.expect("INVITE ")
		if ports.InUse() == 0 {
			t.Error("no port is in use")
		}
		stop()
		talking.respond(talking.expect("BYE "), "200 OK", "", "")
		placed.respond(placed.expect("BYE "), "200 OK", "", "")
		if code, _ := waiting.final(); code != 480 {
			t.Errorf("the one that rang: %d", code)
		}
		if r := rejected(t, ringing); r.Cause != parley.NodeLost {
			t.Errorf("the one being dialled: %+v", r)
		}
		for _, l := range []leg.Leg{taken, l} {
			var g *leg.GoneError
			if err := ended(t, l); !errors.As(err, &g) || g.Cause != parley.NodeLost {
				t.Errorf("ended with %v", err)
			}
		}
		select {
		case err := <-served:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(patience):
			t.Fatal("Serve does not return")
		}
		if n := ports.InUse(); n != 0 {
			t.Errorf("%d ports in use", n)
		}
		if _, err := tr.Dial(t.Context(), leg.Call{To: "sip:a@127.0.0.1"}); err == nil {
			t.Error("Dial after the end")
		}
		if tr.Serve(ctx, nil) == nil {
			t.Error("served twice")
		}
		if l, err := net.Listen("tcp", tr.Addr().String()); err != nil {
			t.Errorf("the address is still taken: %v", err)
		} else {
			_ = l.Close()
		}
	}()
	for end := time.Now().Add(patience); runtime.NumGoroutine() > before; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
	}
}

func TestNeverServed(t *testing.T) {
	tr, err := New(Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Config{Listen: tr.Addr().String()}); err == nil {
		t.Error("an address is taken twice")
	}
	_, _ = tr.Close(), tr.Close()
	if tr.Serve(t.Context(), nil) == nil {
		t.Error("served after Close")
	}
	if _, err := New(Config{Listen: "nowhere:x"}); err == nil {
		t.Error("listens nowhere")
	}
}

// TestGarbage: what is no SIP is dropped, and the trunk goes on.
func TestGarbage(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, tr)
	for _, m := range []string{
		"x", "\r\n\r\n", strings.Repeat("\x00", 100), strings.Repeat("A", 60000), "INVITE sip:a SIP/2.0\r\n\r\n",
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 1.1.1.1;branch=z9hG4bKno\r\nCSeq: 1 INVITE\r\n\r\n",
		"INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKg\r\nCSeq: 1 INVITE\r\nCall-ID: 1\r\nFrom: <sip:a\r\n\r\n",
		strings.Replace(p.request("OPTIONS", "", "", ""), "\"Ann\"", "\"A\rX-Evil: 1\"", 1),
		strings.Replace(p.request("OPTIONS", "", "", ""), "\"Ann\"", "\"A\nX-Evil: 1\"", 1),
	} {
		p.send(m)
	}
	p.seq = 77
	p.send(p.request("OPTIONS", "", "", ""))
	for {
		m := p.expect("SIP/2.0 ")
		if strings.Contains(m, "\nX-Evil") || strings.Contains(m, "\rX-Evil") {
			t.Errorf("echoed: %q", m)
		}
		if header(m, "CSeq") == "77 OPTIONS" {
			break
		}
	}
	c, err := net.Dial("tcp", tr.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_, _ = c.Write([]byte(strings.Repeat("garbage\r\n", 100) + "\r\n"))
}

// TestManyCalls: many at once, each answered and ended once, by either side, and nothing is left.
func TestManyCalls(t *testing.T) {
	ports := rtp.NewPorts(42100, 42600)
	b := trunk(t, Config{Ports: ports}, func(ctx context.Context, o leg.Offer) {
		l, err := o.Answer(ctx, leg.Limits{})
		if err != nil {
			t.Error(err)
			return
		}
		if strings.HasSuffix(o.Ringing().From, "0") {
			return // hangs up
		}
		for err == nil {
			_, err = l.Read(ctx)
		}
	})
	a := trunk(t, Config{Ports: ports}, nil)
	var wg sync.WaitGroup
	for i := range 60 {
		wg.Go(func() {
			tp := []string{"udp", "tcp"}[i%2]
			l, err := a.Dial(t.Context(), leg.Call{From: fmt.Sprintf("1%d", i/2%2), To: b.uri("x") + ";transport=" + tp})
			if err != nil {
				t.Errorf("call %d: %v", i, err)
				return
			}
			if i/2%2 != 0 {
				_ = l.Hangup(t.Context(), parley.AgentEnded)
			}
			for err == nil {
				_, err = l.Read(t.Context())
			}
		})
	}
	wg.Wait()
	for end := time.Now().Add(patience); ports.InUse() > 0 || dialogs(a)+dialogs(b) > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d ports, %d and %d dialogs", ports.InUse(), dialogs(a), dialogs(b))
		}
	}
}

func dialogs(t *Trunk) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.dialogs)
}

// BenchmarkSetUp has 200 calls a second set up, each held for a moment, and reports INVITE→200.
func BenchmarkSetUp(b *testing.B) {
	serve := func(answer func(context.Context, leg.Offer)) (*Trunk, func()) {
		tr, err := New(Config{Listen: "127.0.0.1:0"})
		if err != nil {
			b.Fatal(err)
		}
		ctx, stop := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() { _ = tr.Serve(ctx, answer); close(done) }()
		return tr, func() { stop(); <-done }
	}
	legs := make(chan leg.Leg, 10000)
	far, stopFar := serve(answering(leg.Limits{}, legs))
	near, stopNear := serve(func(context.Context, leg.Offer) {})
	var mu sync.Mutex // guards took
	var took []time.Duration
	var wg sync.WaitGroup
	tick := time.NewTicker(5 * time.Millisecond)
	for b.Loop() {
		<-tick.C
		wg.Go(func() {
			start := time.Now()
			l, err := near.Dial(context.Background(), leg.Call{To: far.uri("x")})
			d := time.Since(start)
			if err != nil {
				b.Error(err)
				return
			}
			mu.Lock()
			took = append(took, d)
			mu.Unlock()
			time.Sleep(200 * time.Millisecond)
			_ = l.Hangup(context.Background(), parley.AgentEnded)
		})
	}
	wg.Wait()
	stopNear()
	stopFar()
	slices.Sort(took)
	ms := func(q float64) float64 { return float64(took[int(q*float64(len(took)-1))].Microseconds()) / 1000 }
	b.ReportMetric(ms(0.5), "p50-ms")
	b.ReportMetric(ms(0.99), "p99-ms")
}
