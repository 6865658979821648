package rtp

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// offeredDTMF is the payload type under which we offer RFC 4733 events.
const offeredDTMF = 101

// Local is our side of a negotiation.
type Local struct {
	Addr      netip.Addr // what the far end shall send to
	Port      int        // Stream.LocalPort
	SessionID uint64     // o=, the same all call long
	Version   uint64     // o=, one more for every new description of ours
	Codecs    []Codec    // that may be used, best first; empty: DefaultCodecs
	Direction Direction  // what we want: SendRecv, but when we hold
}

func (l *Local) codecs() []Codec {
	if len(l.Codecs) == 0 {
		return DefaultCodecs
	}
	return l.Codecs
}

// Audio is the section a call would use: the first for sound, in plain RTP, that is not refused; nil when there is none.
func (s *SDP) Audio() *Media {
	for i := range s.Media {
		m := &s.Media[i]
		plain := strings.EqualFold(m.Proto, "RTP/AVP") || strings.EqualFold(m.Proto, "RTP/AVPF")
		if m.Type == "audio" && m.Port != 0 && plain {
			return m
		}
	}
	return nil
}

// choice is what of a far end's section we can do, in its order of preference (RFC 3264 §6.1).
func (m *Media) choice(allowed []Codec) (codec Codec, pt, dtmf uint8, ok bool) {
	for _, f := range m.Formats {
		if f.ID != strconv.Itoa(int(f.PT)) {
			continue // not a payload type
		}
		for _, c := range allowed {
			if !ok && f.Name == c.String() && f.Clock == 8000 {
				codec, pt, ok = c, f.PT, true
			}
		}
		if f.Name == "TELEPHONE-EVENT" && f.Clock == 8000 && dtmf == 0 {
			dtmf = f.PT
		}
	}
	return codec, pt, dtmf, ok
}

func (m *Media) agreed(l *Local) (Agreed, error) {
	codec, pt, dtmf, ok := m.choice(l.codecs())
	if !ok {
		return Agreed{}, ErrNoMedia
	}
	a := Agreed{
		Codec: codec, PayloadType: pt, DTMFType: dtmf, DTMFReceive: dtmf,
		Send:    m.Direction.receives() && l.Direction.sends(),
		Receive: m.Direction.sends() && l.Direction.receives(),
	}
	if m.Addr.IsValid() && !m.Addr.IsUnspecified() {
		a.Remote = netip.AddrPortFrom(m.Addr, uint16(m.Port))
	}
	return a, nil
}

// Offer writes an offer of one audio section with RFC 4733 events.
func Offer(l Local) []byte {
	var b strings.Builder
	l.head(&b)
	fmt.Fprintf(&b, "m=audio %d RTP/AVP", l.Port)
	for _, c := range l.codecs() {
		fmt.Fprintf(&b, " %d", c.PayloadType())
	}
	fmt.Fprintf(&b, " %d\r\n", offeredDTMF)
	for _, c := range l.codecs() {
		fmt.Fprintf(&b, "a=rtpmap:%d %s/8000\r\n", c.PayloadType(), c)
	}
	tail(&b, offeredDTMF, l.Direction)
	return []byte(b.String())
}

// Answer answers an offer: its first usable audio section is taken with one codec, in the offer's order of preference, all
// other sections are refused (port 0). ErrNoMedia: nothing in common.
func Answer(offer *SDP, l Local) ([]byte, Agreed, error) {
	m := offer.Audio()
	if m == nil {
		return nil, Agreed{}, ErrNoMedia
	}
	a, err := m.agreed(&l)
	if err != nil {
		return nil, Agreed{}, err
	}
	var b strings.Builder
	l.head(&b)
	for i := range offer.Media {
		o := &offer.Media[i]
		if o != m {
			o.refuse(&b)
			continue
		}
		fmt.Fprintf(&b, "m=audio %d %s %d", l.Port, o.Proto, a.PayloadType)
		if a.DTMFType != 0 {
			fmt.Fprintf(&b, " %d", a.DTMFType)
		}
		fmt.Fprintf(&b, "\r\na=rtpmap:%d %s/8000\r\n", a.PayloadType, a.Codec)
		if o.RTCPMux {
			b.WriteString("a=rtcp-mux\r\n")
		}
		tail(&b, a.DTMFType, direction(a.Send, a.Receive))
	}
	return []byte(b.String()), a, nil
}

// Accept takes the far end's answer to Offer(l). ErrNoMedia: nothing in common.
func Accept(l Local, answer *SDP) (Agreed, error) {
	m := answer.Audio()
	if m == nil {
		return Agreed{}, ErrNoMedia
	}
	a, err := m.agreed(&l)
	if err != nil {
		return Agreed{}, err
	}
	a.DTMFReceive = offeredDTMF // they send under our number, we under theirs
	return a, nil
}

func (l *Local) head(b *strings.Builder) {
	family := "IP4"
	if l.Addr.Is6() && !l.Addr.Is4In6() {
		family = "IP6"
	}
	addr := l.Addr.Unmap().WithZone("")
	fmt.Fprintf(b, "v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n",
		l.SessionID, l.Version, family, addr, family, addr)
}

func tail(b *strings.Builder, dtmf uint8, d Direction) {
	if dtmf != 0 {
		fmt.Fprintf(b, "a=rtpmap:%d telephone-event/8000\r\na=fmtp:%d 0-15\r\n", dtmf, dtmf)
	}
	fmt.Fprintf(b, "a=ptime:20\r\na=%s\r\n", d)
}

// refuse repeats a section's line with port 0 (RFC 3264 §6).
func (m *Media) refuse(b *strings.Builder) {
	ids := make([]string, 0, len(m.Formats))
	for _, f := range m.Formats {
		ids = append(ids, f.ID)
	}
	fmt.Fprintf(b, "m=%s 0 %s %s\r\n", or(m.Type, "audio"), or(m.Proto, "RTP/AVP"), or(strings.Join(ids, " "), "0"))
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
