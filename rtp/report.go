package rtp

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// readControl reads the odd port until it is closed.
func (s *Stream) readControl() {
	var buf [maxPacket]byte
	for bad := 0; bad < mostReadErrors; {
		n, from, err := s.rtcp.odd.ReadFromUDPAddrPort(buf[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			bad++
			continue
		}
		bad = 0
		s.hearControl(time.Now(), netip.AddrPortFrom(from.Addr().Unmap(), from.Port()), buf[:n])
	}
}

// hearControl takes RTCP, of which only the far end's counts.
func (s *Stream) hearControl(now time.Time, from netip.AddrPort, b []byte) {
	var c control
	ssrc, first, rate := s.out.identity()
	if s.in.takeControl(from, b, &c, ssrc) {
		s.rtcp.take(now, from, &c, rate, first)
		if c.reports {
			s.out.lost(float64(c.block.fraction) / 256)
		}
	}
}

// report sends RTCP if an address is known.
func (s *Stream) report(bye bool) {
	on, heard := s.in.report()
	var block *block
	if heard {
		block = &on
	}
	now := time.Now()
	s.rtcp.mu.Lock()
	defer s.rtcp.mu.Unlock()
	ssrc, about := s.out.info()
	s.out.sendControl(s.rtcp.compose(now, ssrc, about, block, bye), s.rtcp)
}
