package rtp

import (
	"fmt"
	"slices"
	"strings"
)

// A description is an SDP of ours being written.
type description struct {
	strings.Builder
	l *Local
}

func newDescription(l *Local) *description {
	w := &description{l: l}
	family := "IP4"
	if l.Addr.Is6() && !l.Addr.Is4In6() {
		family = "IP6"
	}
	addr := l.Addr.Unmap().WithZone("")
	fmt.Fprintf(w, "v=0\r\no=- %d %d IN %s %s\r\ns=-\r\nc=IN %s %s\r\nt=0 0\r\n",
		l.SessionID, l.Version, family, addr, family, addr)
	return w
}

func (w *description) bytes() []byte { return []byte(w.String()) }

// offer writes our section where it stands among the call's.
func (w *description) offer() {
	if w.l.Before == nil || w.l.Before.sections == nil {
		w.section()
		return
	}
	for _, line := range w.l.Before.sections {
		if line == "" {
			w.section()
		}
		w.WriteString(line)
	}
}

func (w *description) section() {
	codecs, n := w.l.order(), w.l.numbers()
	narrow, wide := slices.ContainsFunc(codecs, func(c Codec) bool { return c != Opus }), slices.Contains(codecs, Opus)
	proto, lines := w.l.encryption()
	fmt.Fprintf(w, "m=audio %d %s", w.l.Port, w.l.profile(proto, lines))
	for _, c := range codecs {
		fmt.Fprintf(w, " %d", n.of(c))
	}
	if narrow && !w.l.NoEvents {
		fmt.Fprintf(w, " %d", n.events)
	}
	if wide && !w.l.NoEvents {
		fmt.Fprintf(w, " %d", n.wide)
	}
	w.WriteString("\r\n")
	for _, c := range codecs {
		w.codec(c, n.of(c))
	}
	if narrow && !w.l.NoEvents {
		w.events(n.events, clock)
	}
	if wide && !w.l.NoEvents {
		w.events(n.wide, Opus.rate())
	}
	w.WriteString("a=rtcp-mux\r\n")
	w.attributes(lines)
	w.tail(w.l.Direction)
}

func (w *description) answer(o *Media, a *Agreed, lines []string) {
	p, _ := o.profile()
	fmt.Fprintf(w, "m=audio %d %s %d", w.l.Port, p.name, a.PayloadType)
	if a.DTMFType != 0 {
		fmt.Fprintf(w, " %d", a.DTMFType)
	}
	w.WriteString("\r\n")
	w.codec(a.Codec, a.PayloadType)
	if a.DTMFType != 0 {
		w.events(a.DTMFType, a.DTMFClock)
	}
	if o.RTCPMux {
		w.WriteString("a=rtcp-mux\r\n")
	}
	w.attributes(lines)
	w.tail(direction(a.Send, a.Receive))
}

func (w *description) codec(c Codec, pt uint8) {
	fmt.Fprintf(w, "a=rtpmap:%d %s\r\n", pt, c.rtpmap())
	if c == Opus {
		fmt.Fprintf(w, "a=fmtp:%d %s\r\n", pt, opusFmtp)
	}
}

func (w *description) events(pt uint8, rate int) {
	fmt.Fprintf(w, "a=rtpmap:%d telephone-event/%d\r\na=fmtp:%d 0-15\r\n", pt, rate, pt)
}

func (w *description) attributes(lines []string) {
	for _, line := range lines {
		fmt.Fprintf(w, "a=%s\r\n", line)
	}
}

func (w *description) tail(d Direction) { fmt.Fprintf(w, "a=ptime:20\r\na=%s\r\n", d) }

// refusal repeats a section's line with port 0 (RFC 3264 §6).
func (m *Media) refusal() string {
	var ids []string
	for _, f := range m.Formats {
		if id := printable(f.ID); id != "" {
			ids = append(ids, id)
		}
	}
	return fmt.Sprintf("m=%s 0 %s %s\r\n", or(printable(m.Type), "audio"), or(printable(m.Proto), "RTP/AVP"), or(strings.Join(ids, " "), "0"))
}

// printable leaves out of a far end's word what no line of ours may bear.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}
