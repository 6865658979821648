package trace

import (
	"bytes"
	"context"
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A studio is a call whose media is played by the test.
type studio struct {
	mu   sync.Mutex
	taps map[string]func(time.Time, bool, netip.AddrPort, netip.AddrPort, []byte)
	over bool
}

func (s *studio) live(legs ...string) Live {
	return Live{
		Tap: func(id string, f func(time.Time, bool, netip.AddrPort, netip.AddrPort, []byte)) (func(), bool) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.taps[id] != nil || !strings.Contains(strings.Join(legs, " "), id) {
				return nil, false
			}
			s.taps[id] = f
			return func() { s.mu.Lock(); defer s.mu.Unlock(); delete(s.taps, id) }, true
		},
		Runs: func() bool { s.mu.Lock(); defer s.mu.Unlock(); return !s.over },
	}
}

func (s *studio) play(id string, out bool, n int) {
	s.mu.Lock()
	f := s.taps[id]
	s.mu.Unlock()
	for range n {
		b := append([]byte{0x80, 0}, make([]byte, 170)...)
		f(time.Now(), out, netip.MustParseAddrPort("192.0.2.1:20000"), netip.MustParseAddrPort("192.0.2.7:4000"), b)
		clear(b)
	}
}

func TestACallIsFollowed(t *testing.T) {
	var b bytes.Buffer
	var sent int
	synctest.Test(t, func(t *testing.T) {
		r, s := New(0), &studio{taps: map[string]func(time.Time, bool, netip.AddrPort, netip.AddrPort, []byte){}}
		see := func(id string, n int) {
			m := invite(id, n)
			m.At = time.Now()
			r.See(m)
		}
		r.Keep("in", "")
		see("in", 1)
		done := make(chan error)
		flushed := 0
		go func() {
			done <- r.Follow(t.Context(), &b, func() error { flushed++; return nil }, s.live("in", "out"), "call", "in")
		}()
		time.Sleep(time.Second)
		s.play("in", false, 3)
		s.play("in", true, 2)
		r.Keep("out", "call") // another leg
		time.Sleep(time.Nanosecond)
		see("out", 2)
		time.Sleep(time.Second)
		s.play("out", true, 1)
		time.Sleep(time.Second)
		s.play("out", true, 5*followQueue) // more than anybody can take
		see("in", 3)
		s.mu.Lock()
		s.over = true
		s.mu.Unlock()
		if err := <-done; err != nil || flushed < 3 || len(s.taps) != 0 {
			t.Error(err, flushed, len(s.taps))
		}
		sent = 3 + 6 + followQueue
	})
	out := dissect(t, b.Bytes(), "-T", "fields", "-e", "sip.Method", "-e", "rtp.version", "-d", "udp.port==20000,rtp")
	if lines := strings.Split(strings.TrimSuffix(out, "\n"), "\n"); len(lines) != sent || strings.Count(out, "INVITE") != 3 || strings.Count(out, "\t2") != sent-3 || lines[0] != "INVITE\t" {
		t.Errorf("%d packets, want %d: %.200q", len(lines), sent, out)
	}
}

func TestFollowingEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &studio{taps: map[string]func(time.Time, bool, netip.AddrPort, netip.AddrPort, []byte){}}
		began := time.Now()
		if err := New(0).Follow(t.Context(), &bytes.Buffer{}, nil, s.live("x"), "call", "x"); err != nil || time.Since(began) != followMost {
			t.Error(err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := New(0).Follow(ctx, &bytes.Buffer{}, nil, s.live("x"), "call", "x"); err != nil || len(s.taps) != 0 {
			t.Error(err, len(s.taps))
		}
		if err := New(0).Follow(t.Context(), &full{}, nil, s.live("x"), "call", "x"); !errors.Is(err, errFull) {
			t.Error(err)
		}
		if err := New(0).Follow(t.Context(), &bytes.Buffer{}, func() error { return errFull }, s.live("x"), "call", "x"); !errors.Is(err, errFull) {
			t.Error(err)
		}
	})
}

// What the media shows costs it nothing but a copy.
func TestTakingAllocatesNothing(t *testing.T) {
	f := &follower{packets: make(chan packet, 8)}
	b := make([]byte, 172)
	if n := testing.AllocsPerRun(100, func() {
		f.take(began, true, us, them, b)
		packets.Put((<-f.packets).bytes)
	}); n > 0 {
		t.Error(n)
	}
}
