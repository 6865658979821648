package rtp

import (
	"slices"
	"strings"
)

// Before is what the far end's last description leaves an offer of ours no choice in: sections keep their places, payload types
// their meaning (RFC 3264 §8), and a call that goes on does not change its codec.
type Before struct {
	proto    string
	sections []string // the others, refused, as lines of ours; "" is where the one in use stands; nil: it is alone
	codecs   []Codec
	types    numbers   // 0: not named
	used     [2]uint64 // payload types that mean something, by bit
}

// numbers are the dynamic payload types of an offer.
type numbers struct{ opus, events, wide uint8 }

// of is a codec's payload type in an offer.
func (n numbers) of(c Codec) uint8 {
	if c == Opus {
		return n.opus
	}
	return c.PayloadType()
}

// before keeps of a description what counts later, and nothing of its text; m is the section in use.
func (s *SDP) before(m *Media) *Before {
	p, _ := m.profile()
	b := &Before{proto: p.name}
	if len(s.Media) > 1 {
		for i := range s.Media {
			line := ""
			if o := &s.Media[i]; o != m {
				line = o.refusal()
			}
			b.sections = append(b.sections, line)
		}
	}
	for i := range m.Formats {
		f := &m.Formats[i]
		if !f.isType() {
			continue
		}
		b.used[f.PT>>6] |= 1 << (f.PT & 63)
		c, known := f.codec()
		switch {
		case known && !slices.Contains(b.codecs, c):
			if b.codecs = append(b.codecs, c); c == Opus {
				b.types.opus = f.PT
			}
		case f.Name == events && f.Clock == clock && b.types.events == 0:
			b.types.events = f.PT
		case f.Name == events && f.Clock == Opus.rate() && b.types.wide == 0:
			b.types.wide = f.PT
		}
	}
	return b
}

// numbers are those of our offers: the far end's, where it has named some; where ours mean something else to it, the next that are free.
func (l *Local) numbers() numbers {
	if l.Before == nil {
		return numbers{offeredOpus, offeredEvents, offeredWideEvents}
	}
	n, used := l.Before.types, l.Before.used
	for _, want := range []struct {
		pt    *uint8
		first uint8
	}{{&n.opus, offeredOpus}, {&n.events, offeredEvents}, {&n.wide, offeredWideEvents}} {
		for tries := uint8(0); *want.pt == 0 && tries < 32; tries++ {
			pt := 96 + (want.first-96+tries)%32
			if used[pt>>6]>>(pt&63)&1 == 0 {
				*want.pt = pt
			}
		}
		if *want.pt == 0 {
			*want.pt = want.first
		}
		used[*want.pt>>6] |= 1 << (*want.pt & 63)
	}
	return n
}

// order is our codecs in the order of an offer: those of the call first, as the far end has them.
func (l *Local) order() []Codec {
	ours := l.offered()
	if l.Before == nil {
		return ours
	}
	var list []Codec
	for _, c := range l.Before.codecs {
		if slices.Contains(l.taken(), c) {
			list = append(list, c)
		}
	}
	for _, c := range ours {
		if !slices.Contains(list, c) {
			list = append(list, c)
		}
	}
	return list
}

// profile is the protocol of an offer that is encrypted like this one: the call's own, where it says no less.
func (l *Local) profile(proto string, lines []string) string {
	if l.Before == nil {
		return proto
	}
	p, _ := (&Media{Proto: l.Before.proto}).profile()
	byDTLS := len(lines) > 0 && strings.HasPrefix(lines[0], "fingerprint")
	switch {
	case len(lines) == 0 && p.secure, len(lines) > 0 && !byDTLS && p.dtls:
		return proto
	}
	return p.name
}
