package relay_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/legtest"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/rtp/relay"
)

const patience = 10 * time.Second

// between is a SIP proxy without any rights: it passes datagrams on and puts the relay's ports in the place of those the ends name.
type between struct {
	front, back *net.UDPConn // the caller's side, the other's
	caller      netip.AddrPort
	callee      netip.AddrPort
	media       *relay.Relay
	wg          sync.WaitGroup
}

func newBetween(t *testing.T, callee netip.AddrPort, m *relay.Relay) *between {
	t.Helper()
	b := &between{callee: callee, media: m}
	for _, c := range []**net.UDPConn{&b.front, &b.back} {
		var err error
		if *c, err = net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
			t.Fatal(err)
		}
	}
	// The answers come back by the top Via, which is the caller's: it asks for them where the packet came from (rport).
	b.wg.Go(func() {
		b.pass(b.front, b.back, func(from netip.AddrPort) netip.AddrPort { b.caller = from; return b.callee }, m.SetA, m.ForB)
	})
	b.wg.Go(func() {
		b.pass(b.back, b.front, func(netip.AddrPort) netip.AddrPort { return b.caller }, m.SetB, m.ForA)
	})
	t.Cleanup(func() {
		b.front.Close()
		b.back.Close()
		b.wg.Wait()
	})
	return b
}

var audioPort = regexp.MustCompile(`m=audio (\d+) `)

func (b *between) pass(in, out *net.UDPConn, way func(netip.AddrPort) netip.AddrPort, is func(netip.AddrPort), instead func() netip.AddrPort) {
	buf := make([]byte, 65535)
	for {
		n, from, err := in.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		head, body, _ := bytes.Cut(buf[:n], []byte("\r\n\r\n"))
		if m := audioPort.FindSubmatch(body); m != nil {
			port, _ := strconv.Atoi(string(m[1]))
			is(netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port)))
			body = audioPort.ReplaceAll(body, fmt.Appendf(nil, "m=audio %d ", instead().Port()))
			head = regexp.MustCompile(`(?i)content-length: *\d+`).ReplaceAll(head, fmt.Appendf(nil, "Content-Length: %d", len(body)))
		}
		_, _ = out.WriteToUDPAddrPort(bytes.Join([][]byte{head, body}, []byte("\r\n\r\n")), way(from))
	}
}

// ear drains a leg.
type ear struct {
	mu     sync.Mutex // guards all below
	frames []audio.Frame
	digits strings.Builder
	gone   chan struct{}
}

func listen(l leg.Leg) *ear {
	e := &ear{gone: make(chan struct{})}
	go func() {
		defer close(e.gone)
		for {
			ev, err := l.Read(context.Background())
			if err != nil {
				return
			}
			e.mu.Lock()
			switch ev.Kind {
			case leg.Audio:
				e.frames = append(e.frames, ev.Frame)
			case leg.DTMF:
				e.digits.WriteByte(ev.Digit)
			}
			e.mu.Unlock()
		}
	}()
	return e
}

func (e *ear) heard() ([]audio.Frame, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]audio.Frame(nil), e.frames...), e.digits.String()
}

func trunk(t *testing.T, answer func(context.Context, leg.Offer)) *sip.Trunk {
	t.Helper()
	tr, err := sip.New(sip.Config{Listen: "127.0.0.1:0", Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- tr.Serve(ctx, answer) }()
	t.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return tr
}

// call is a call of two legs whose sound goes through a relay. What the one says is heard by the ear.
func call(t *testing.T, c relay.Config) (leg.Leg, *ear, *relay.Relay) {
	t.Helper()
	m, err := relay.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	taken, over := make(chan leg.Leg, 1), make(chan struct{})
	b := trunk(t, func(ctx context.Context, o leg.Offer) {
		if l, err := o.Answer(ctx, leg.Limits{}); err == nil {
			taken <- l
			<-over
		}
	})
	t.Cleanup(func() { close(over) })
	a := trunk(t, func(context.Context, leg.Offer) {})
	front := newBetween(t, b.Addr(), m).front.LocalAddr()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	placed, err := a.Dial(ctx, leg.Call{From: "alice", To: fmt.Sprintf("sip:bob@%s", front)})
	if err != nil {
		t.Fatal(err)
	}
	listen(placed)
	return placed, listen(<-taken), m
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for over := time.Now().Add(60 * time.Second); !ok(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(over) {
			t.Fatalf("never: %s", what)
		}
	}
}

// gap is the longest run of frames without hz between the first and the last that carry it.
func gap(fs []audio.Frame, hz float64) time.Duration {
	most, now, begun := 0, 0, false
	for _, f := range fs {
		if legtest.Carries(f, hz) {
			if begun {
				most = max(most, now)
			}
			begun, now = true, 0
			continue
		}
		now++
	}
	return time.Duration(most) * audio.FrameDur
}

// stalls measures how long the machine let a goroutine of ours wait at most, until the test asks.
func stalls() (most func() time.Duration) {
	stop, got := make(chan struct{}), make(chan time.Duration)
	go func() {
		var most time.Duration
		for {
			before := time.Now()
			select {
			case <-stop:
				got <- most
				return
			case <-time.After(time.Millisecond):
				most = max(most, time.Since(before)-time.Millisecond)
			}
		}
	}()
	return func() time.Duration { close(stop); return <-got }
}

// TestLossIsConcealed: at 1 % loss no gap is longer than 60 ms, and what the machine itself stood still.
func TestLossIsConcealed(t *testing.T) {
	l, e, m := call(t, relay.Config{AToB: relay.Link{Loss: 0.01, Delay: 20 * time.Millisecond, Jitter: 10 * time.Millisecond}, Seed: 4})
	const hz, length = 600, 6 * time.Second
	stalled := stalls()
	for _, f := range legtest.Tone(hz, length, 8000) {
		if err := l.Play(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the tone is heard out", func() bool { // Play runs a second ahead of the wire
		fs, _ := e.heard()
		n := len(fs)
		return n > 100 && legtest.Count(fs[:n-50], hz) > 0 && legtest.Count(fs[n-50:], hz) == 0
	})
	fs, _ := e.heard()
	if n, sent := legtest.Count(fs, hz), int(length/audio.FrameDur); n < sent*9/10 {
		t.Logf("%d frames of %d carry the tone", n, sent)
	}
	if g, stood := gap(fs, hz), stalled(); g > 60*time.Millisecond+2*stood {
		t.Errorf("a gap of %v; the machine stood still for %v", g, stood)
	}
	if c := m.AToB(); c.Lost == 0 {
		t.Errorf("nothing was lost: %+v", c)
	}
}

// TestDigitsSurviveLoss: at 5 % every digit arrives once, in order.
func TestDigitsSurviveLoss(t *testing.T) {
	l, e, m := call(t, relay.Config{AToB: relay.Link{Loss: 0.05, Jitter: 15 * time.Millisecond, Reorder: 0.02, Duplicate: 0.02}, Seed: 6})
	const digits = "0123456789*#55500112233ABCD999"
	if err := l.SendDTMF(t.Context(), digits); err != nil {
		t.Fatal(err)
	}
	until(t, "as many digits as were sent", func() bool { _, got := e.heard(); return len(got) >= len(digits) })
	time.Sleep(300 * time.Millisecond) // were there one too many, it would be here by now
	if _, got := e.heard(); got != digits {
		t.Errorf("%q became %q", digits, got)
	}
	if c := m.AToB(); c.Lost == 0 || c.Doubled == 0 {
		t.Errorf("a good network: %+v", c)
	}
}

// TestClocksApart: two ends whose clocks differ by 200 ppm, either way: bursts of tone come as far apart as they were sent, to within the
// 100 ms the buffer may hold.
func TestClocksApart(t *testing.T) {
	for _, ppm := range []float64{200, -200} {
		t.Run(fmt.Sprintf("%+.0f ppm", ppm), func(t *testing.T) {
			t.Parallel()
			l, e, _ := call(t, relay.Config{AToB: relay.Link{Drift: ppm, Delay: 50 * time.Millisecond}, Seed: 8})
			const hz, bursts = 600, 5
			stalled := stalls()
			tone, rest := legtest.Tone(hz, 400*time.Millisecond, 8000), make([]audio.Frame, 30)
			for range bursts {
				for _, f := range append(append([]audio.Frame(nil), rest...), tone...) {
					if err := l.Play(t.Context(), f); err != nil {
						t.Fatal(err)
					}
				}
			}
			var fs []audio.Frame
			until(t, "the last burst is over", func() bool {
				fs, _ = e.heard()
				return len(fs) > bursts*(len(tone)+len(rest)) && legtest.Count(fs[len(fs)-2*len(rest):], hz) == 0
			})
			if stood := stalled(); stood > 100*time.Millisecond {
				t.Skipf("the machine stood still for %v: more than what is measured", stood)
			}
			var begins []int
			for i := 10; i < len(fs); i++ {
				if legtest.Carries(fs[i], hz) && legtest.Count(fs[i-10:i], hz) == 0 {
					begins = append(begins, i)
				}
			}
			if len(begins) != bursts {
				t.Fatalf("bursts begin at frames %v", begins)
			}
			for i, at := range begins {
				if d := at - begins[0] - i*(len(tone)+len(rest)); d < -5 || d > 5 {
					t.Errorf("burst %d is %d frames off: %v", i, d, begins)
				}
			}
		})
	}
}
