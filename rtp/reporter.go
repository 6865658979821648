package rtp

import (
	"encoding/base64"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/parley-voice/parley/rtp/srtp"
)

const (
	reportEvery = 5 * time.Second // RFC 3550 §6.2; each time half of it less or more at random
	mostTrip    = 30 * time.Second
	sentKept    = 4 // reports of ours that an answer may be about
)

// A reporter is a stream's RTCP: what the far end says of what it hears, and when to tell it what we do.
type reporter struct {
	odd *net.UDPConn // the port above; nil: not to be had, or no longer needed

	mu     sync.Mutex // guards all below
	cname  string     // the same all call long (RFC 7022 §4.2)
	due    time.Time  // zero: nothing is sent yet
	heard  netip.AddrPort
	packet [maxControl + srtp.Overhead]byte

	sent    [sentKept]uint32 // the middles of our last reports' times
	sentAt  int
	packets uint64 // sent at the last report
	lastSR  uint32 // the far end's
	lastAt  time.Time

	lost   float64 // the far end's figures on us
	jitter time.Duration
	trip   time.Duration
}

func newReporter(odd *net.UDPConn) *reporter {
	var name [12]byte
	binary.LittleEndian.PutUint64(name[:], rand.Uint64())
	binary.LittleEndian.PutUint32(name[8:], rand.Uint32())
	return &reporter{odd: odd, cname: base64.RawURLEncoding.EncodeToString(name[:])}
}

// agree begins. A far end that shares the port needs no other; one that moves away is waited for anew.
func (r *reporter) agree(now time.Time, a Agreed, moved bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.due.IsZero() {
		r.due = now.Add(r.pause() / 2)
	}
	if moved {
		r.heard = netip.AddrPort{}
	}
	if a.RTCPMux && r.odd != nil {
		_ = r.odd.Close() // its reader ends
	}
}

func (r *reporter) pause() time.Duration {
	return reportEvery/2 + time.Duration(rand.Int64N(int64(reportEvery)))
}

// isDue tells whether a report is to be sent, and plans the next.
func (r *reporter) isDue(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.due.IsZero() || now.Before(r.due) {
		return false
	}
	r.due = now.Add(r.pause())
	return true
}

// take takes what the far end reports, from an address on its machine. rate is the clock of what we send in Hz, first the
// sequence number it began with.
func (r *reporter) take(now time.Time, from netip.AddrPort, c *control, rate int, first uint16) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = from
	if c.sends {
		r.lastSR, r.lastAt = middle(c.info.ntp), now
	}
	if !c.reports {
		return
	}
	// Who counts from what it heard first cannot have lost what it never heard of: the share is of what we sent.
	if due := int64(c.block.highest-uint32(first)) + 1; due > 0 && due < 1<<31 {
		r.lost = min(1, float64(max(0, c.block.lost))/float64(due))
	}
	r.jitter = min(mostTrip, time.Duration(c.block.jitter)*time.Second/time.Duration(rate))
	for _, ours := range r.sent {
		if ours == 0 || ours != c.block.lastSR {
			continue
		}
		if trip := int32(middle(ntp(now)) - ours - c.block.delay); trip >= 0 && long(uint32(trip)) <= mostTrip {
			r.trip = long(uint32(trip))
		}
	}
}

// compose writes the next report; on is nil when nothing was received.
func (r *reporter) compose(now time.Time, ssrc uint32, s info, on *block, bye bool) []byte {
	if on != nil && !r.lastAt.IsZero() {
		on.lastSR, on.delay = r.lastSR, short(now.Sub(r.lastAt))
	}
	sender := &s
	if s.ntp = ntp(now); uint64(s.packets) == r.packets {
		sender = nil
	} else {
		r.sent[r.sentAt%sentKept] = middle(s.ntp)
		r.sentAt++
	}
	r.packets = uint64(s.packets)
	return appendControl(r.packet[:0], ssrc, sender, on, r.cname, bye)
}

// to is where reports go: to the port of the sound when it is shared; else to where the far end's come from, or its SDP says, or to
// the port above that of the sound.
func (r *reporter) to(a *Agreed, sound netip.AddrPort) netip.AddrPort {
	switch {
	case a.RTCPMux || !sound.IsValid():
		return sound
	case r.heard.IsValid():
		return r.heard
	case a.RTCP.IsValid() && sound == a.Remote:
		return a.RTCP
	case sound.Port() == 65535:
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(sound.Addr(), sound.Port()+1)
}

// figures puts the far end's into the stream's.
func (r *reporter) figures(s *Stats) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.FarLost, s.FarJitter, s.RoundTrip = r.lost, r.jitter, r.trip
}
