package bench

import (
	"context"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/parley-voice/parley/leg"
)

// A mortal is a caller who vanishes: with his socket for SIP and the one for sound, at any point of the call.
type mortal struct {
	id   string    // of the call
	last time.Time // when he vanished
}

// forgotten is after how long past its time-out a call that goes on counts as one that never ends, at least.
const forgotten = 20 * time.Second

// die has callers vanish, and sees what becomes of their calls.
func (r *SIPReport) die(ctx context.Context, o SIPOptions) error {
	s, err := newStation("127.0.0.1:0", leg.Limits{MediaTimeout: o.Silent})
	if err != nil {
		return err
	}
	defer s.close()
	wait(ctx, 500*time.Millisecond) // its readers begin
	goroutines := runtime.NumGoroutine()
	var mu sync.Mutex
	var all []mortal
	var lives sync.WaitGroup
	for range o.Deaths {
		lives.Go(func() {
			m, err := live(ctx, s, time.Duration(rand.Int64N(int64(3*time.Second))))
			if err != nil {
				return // died before anybody heard of him
			}
			mu.Lock()
			all = append(all, m)
			mu.Unlock()
		})
	}
	lives.Wait()
	d := &Deaths{N: o.Deaths, Timeout: o.Silent.Seconds(), Causes: map[string]int{}}
	r.Deaths = d
	var late []float64
	until(ctx, o.Silent+max(o.Rest, forgotten), func() bool { // a call gives back its port before it tells its end
		return s.ports.InUse() == 0 && !slices.ContainsFunc(all, func(m mortal) bool { _, ok := s.over(m.id); return !ok })
	})
	for _, m := range all {
		e, ok := s.over(m.id)
		if !ok {
			d.Unended++
			continue
		}
		late = append(late, (e.at.Sub(m.last) - o.Silent).Seconds())
		d.Causes[string(e.cause)]++
	}
	d.N, d.Late = len(all), statsOf(late)
	until(ctx, 2*o.Rest, func() bool { return runtime.NumGoroutine() <= goroutines })
	d.Ports, d.Goroutines = s.ports.InUse(), runtime.NumGoroutine()-goroutines
	return ctx.Err()
}

// live calls, talks, and is gone at a moment of its own choosing, before the ACK as well as after.
func live(ctx context.Context, s *station, at time.Duration) (m mortal, err error) {
	l, err := newLine(s.loopback())
	if err != nil {
		return m, err
	}
	defer l.close()
	mouth, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return m, err
	}
	defer mouth.Close()
	if at < 300*time.Millisecond { // as soon as he is answered: his ACK may be his last word
		at = 0
	}
	d, err := l.dial(ctx, "bench", "agent", mouth.LocalAddr().(*net.UDPAddr).AddrPort())
	if err != nil {
		return m, err
	}
	m.id, m.last = d.id, time.Now()
	packet := make([]byte, 172)
	packet[0] = 0x80
	for end := time.Now().Add(at); time.Now().Before(end); {
		packet[3]++
		if packet[3] == 0 {
			packet[2]++
		}
		ts := (uint32(packet[2])<<8 | uint32(packet[3])) * 160
		packet[4], packet[5], packet[6], packet[7] = byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts)
		_, _ = mouth.WriteToUDPAddrPort(packet, d.Sound)
		m.last = time.Now()
		if !wait(ctx, 20*time.Millisecond) {
			return m, ctx.Err()
		}
	}
	return m, nil
}
