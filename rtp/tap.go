package rtp

import (
	"net/netip"
	"sync/atomic"
	"time"
)

// A Tap is shown every RTP packet of a stream in clear, those of strangers too where it is not encrypted. It must neither block nor
// keep the packet, and is called by two goroutines at once.
type Tap func(at time.Time, out bool, local, remote netip.AddrPort, packet []byte)

// tap is where a Tap is put.
type tap struct {
	f     atomic.Pointer[Tap]
	local netip.AddrPort
}

func (t *tap) show(out bool, remote netip.AddrPort, packet []byte) {
	if t == nil { // of a receiver or sender by itself
		return
	}
	if f := t.f.Load(); f != nil {
		(*f)(time.Now(), out, t.local, remote, packet)
	}
}

// Tap shows the packets of the stream to f from now on; false: somebody looks already.
func (s *Stream) Tap(f Tap) (stop func(), ok bool) {
	if !s.out.tap.f.CompareAndSwap(nil, &f) {
		return nil, false
	}
	return func() { s.out.tap.f.CompareAndSwap(&f, nil) }, true
}
