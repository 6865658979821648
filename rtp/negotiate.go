package rtp

import (
	"errors"
	"net/netip"
	"slices"
	"strconv"
)

// Local is our side of a negotiation.
type Local struct {
	Addr      netip.Addr // what the far end shall send to
	Port      int        // Stream.LocalPort
	SessionID uint64     // o=, the same all call long
	Version   uint64     // o=, one more for every new description of ours
	Codecs    []Codec    // that may be used, best first; empty: DefaultCodecs are taken, OfferedCodecs offered
	Direction Direction  // what we want: SendRecv, but when we hold
	NoEvents  bool       // no RFC 4733: digits go and come as tones
	Peer      netip.Addr // where the signalling comes from; not valid: the SDP's address is not checked against it
	Ports     *Ports     // whose ports nobody else may name; may be nil
	SRTP      string     // parley.SRTPOff, SRTPOptional or SRTPRequired
	SDES      bool       // keys may stand in the descriptions: these go by TLS
	Keys      *Keys      // ours, of NewKeys; nil: no SRTP
	Before    *Before    // of what was agreed on last; nil: this is the first offer
}

func (l *Local) taken() []Codec {
	if len(l.Codecs) == 0 {
		return DefaultCodecs
	}
	return l.Codecs
}

func (l *Local) offered() []Codec {
	if len(l.Codecs) == 0 {
		return OfferedCodecs
	}
	return l.Codecs
}

// Audio is the section a call would use: the first for sound, by RTP, that is not refused; nil when there is none.
func (s *SDP) Audio() *Media {
	for i := range s.Media {
		if m := &s.Media[i]; m.usable() {
			return m
		}
	}
	return nil
}

func (m *Media) usable() bool {
	_, known := m.profile()
	return known && m.Type == "audio" && m.Port != 0
}

// agree takes the first section that both sides can do; lines are what our answer says of its encryption.
func (s *SDP) agree(l *Local, answered bool) (m *Media, a Agreed, lines []string, err error) {
	err = ErrNoMedia
	for i := range s.Media {
		if m = &s.Media[i]; !m.usable() {
			continue
		}
		var no error
		if a, lines, no = m.agreed(l, answered); no == nil {
			a.Before = s.before(m)
			return m, a, lines, nil
		}
		if errors.Is(no, ErrAddress) {
			err = no
		}
	}
	return nil, Agreed{}, nil, err
}

// choice is what of a far end's section we can do, in its order of preference (RFC 3264 §6.1).
func (m *Media) choice(l *Local) (a Agreed, ok bool) {
	for i := range m.Formats {
		f := &m.Formats[i]
		c, known := f.codec()
		if !f.isType() || !known || !slices.Contains(l.taken(), c) {
			continue
		}
		if c == Opus && a.OpusType == 0 {
			a.OpusType = f.PT
		}
		if !ok {
			a.Codec, a.PayloadType, ok = c, f.PT, true
		}
	}
	if !ok {
		return a, false
	}
	a.Ptime, a.Tones = a.Codec.ptime(m.Ptime, m.MaxPtime), true
	if f := m.events(a.Codec); f != nil && !l.NoEvents {
		a.DTMFType, a.DTMFReceive, a.DTMFClock, a.Tones = f.PT, f.PT, f.Clock, false
	}
	return a, true
}

// events is the format of RFC 4733 events beside a codec: by its clock (§2.4.1), or for Opus by 8 kHz, as many have it.
func (m *Media) events(c Codec) *Format {
	for _, rate := range [...]int{c.rate(), clock} {
		for i := range m.Formats {
			if f := &m.Formats[i]; f.Name == events && f.Clock == rate && f.isType() && f.PT != 0 {
				return f
			}
		}
	}
	return nil
}

// isType tells an RTP payload type from other formats.
func (f *Format) isType() bool { return f.ID == strconv.Itoa(int(f.PT)) }

func (m *Media) agreed(l *Local, answered bool) (a Agreed, lines []string, err error) {
	a, ok := m.choice(l)
	if !ok {
		return Agreed{}, nil, ErrNoMedia
	}
	if a.Remote, err = l.place(netip.AddrPortFrom(m.Addr, uint16(m.Port))); err != nil {
		return Agreed{}, nil, err
	}
	if a.Secure, lines, err = m.protect(l, answered, a.Remote.IsValid()); err != nil {
		return Agreed{}, nil, err
	}
	if a.RTCPMux = m.RTCPMux; !a.RTCPMux && m.RTCP.Port() != 0 {
		where := m.RTCP
		if !where.Addr().IsValid() {
			where = netip.AddrPortFrom(m.Addr, where.Port())
		}
		a.RTCP, _ = l.place(where) // refused: reports go where they would without it
	}
	a.Peer = l.Peer.Unmap().WithZone("")
	a.Send = m.Direction.receives() && l.Direction.sends()
	a.Receive = m.Direction.sends() && l.Direction.receives()
	return a, lines, nil
}

// Offer writes an offer of one audio section with RFC 4733 events, and of those refused that the call has besides.
func Offer(l Local) []byte {
	w := newDescription(&l)
	w.offer()
	return w.bytes()
}

// Answer answers an offer: its first usable audio section is taken with one codec, in the offer's order of preference, all
// other sections are refused (port 0). ErrNoMedia: nothing in common. ErrAddress: it names a place that is not the far end's.
func Answer(offer *SDP, l Local) ([]byte, Agreed, error) {
	m, a, lines, err := offer.agree(&l, false)
	if err != nil {
		return nil, Agreed{}, err
	}
	if a.Codec != Opus {
		a.OpusType = 0 // the answer names one codec
	}
	w := newDescription(&l)
	for i := range offer.Media {
		if o := &offer.Media[i]; o != m {
			w.WriteString(o.refusal())
		} else {
			w.answer(o, &a, lines)
		}
	}
	return w.bytes(), a, nil
}

// Accept takes the far end's answer to Offer(l). ErrNoMedia: nothing in common. ErrAddress as for Answer.
func Accept(l Local, answer *SDP) (Agreed, error) {
	_, a, _, err := answer.agree(&l, true)
	if err != nil {
		return Agreed{}, err
	}
	// They send under our numbers, we under theirs.
	n := l.numbers()
	switch {
	case l.NoEvents:
	case a.DTMFClock == Opus.rate():
		a.DTMFReceive = n.wide
	default:
		a.DTMFReceive = n.events
	}
	if a.OpusType != 0 {
		a.OpusType = n.opus
	}
	return a, nil
}
