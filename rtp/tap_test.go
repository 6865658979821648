package rtp

import (
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley/audio"
)

func TestTap(t *testing.T) {
	open := func() *Stream {
		s, err := Open(Config{Local: netip.MustParseAddr("127.0.0.1")})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	a, b := open(), open()
	var mu sync.Mutex
	var seen []Packet
	var outs int
	tap := func(at time.Time, out bool, local, remote netip.AddrPort, packet []byte) {
		mu.Lock()
		defer mu.Unlock()
		var p Packet
		if err := p.Parse(packet); err != nil || at.IsZero() || int(local.Port()) != a.LocalPort() || int(remote.Port()) != b.LocalPort() {
			t.Error(err, at, local, remote)
		}
		if p.Payload = nil; out {
			outs++
		} else {
			seen = append(seen, p)
		}
	}
	stop, ok := a.Tap(tap)
	if _, again := a.Tap(tap); !ok || again {
		t.Error("two look at once", ok, again)
	}
	at := func(s *Stream) netip.AddrPort {
		return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), uint16(s.LocalPort()))
	}
	a.Start(Agreed{Codec: PCMU, Ptime: 20, Remote: at(b), Send: true, Receive: true})
	b.Start(Agreed{Codec: PCMU, Ptime: 20, Remote: at(a), Send: true, Receive: true})
	go func() { _ = a.Receive(func(Received) {}) }()
	both := func() (int, int) { mu.Lock(); defer mu.Unlock(); return outs, len(seen) }
	var f audio.Frame
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		_ = a.Send(&f)
		_ = b.Send(&f)
		if out, in := both(); out > 3 && in > 3 {
			break
		} else if time.Now().After(end) {
			t.Fatal("nothing is seen", out, in)
		}
	}
	stop()
	out, _ := both()
	_ = a.Send(&f)
	if more, _ := both(); more != out {
		t.Error("it looks on after stop")
	}
	if stop, ok = a.Tap(tap); !ok {
		t.Error("nobody may look any more")
	} else {
		stop()
	}
}
