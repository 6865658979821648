package bench

import (
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// expected is a call that a line will answer.
type expected struct {
	sound netip.AddrPort
	comes chan *dialog
}

// address is a user of the line.
func (l *line) address(user string) string { return fmt.Sprintf("sip:%s@%s", user, l.from) }

// expect has the line answer the next call to user, with sound at an address. The channel gives it, answered; forget it with unexpect.
func (l *line) expect(user string, sound netip.AddrPort) <-chan *dialog {
	e := expected{sound, make(chan *dialog, 1)}
	l.mu.Lock()
	l.expected[user] = e
	l.mu.Unlock()
	return e.comes
}

// unexpect has the line decline calls to user.
func (l *line) unexpect(user string) {
	l.mu.Lock()
	delete(l.expected, user)
	l.mu.Unlock()
}

// invited answers a call that is expected, and is busy for any other.
func (l *line) invited(m string, at time.Time, from netip.AddrPort) {
	_, rest, _ := strings.Cut(m, " ")
	user, _, _ := strings.Cut(strings.TrimPrefix(rest, "sip:"), "@")
	d := &dialog{line: l, id: header(m, "Call-ID"), user: user, to: header(m, "From"), tag: fmt.Sprintf("%x.%d", l.run, l.last.Add(1)), answers: make(chan answer, 4),
		contact: address(header(m, "Contact")), remote: header(m, "From"), Asked: at, seq: header(m, "CSeq")}
	l.mu.Lock()
	e, ok := l.expected[user]
	delete(l.expected, user)
	l.mu.Unlock()
	var err error
	if d.Sound, err = mediaAddress(m); err != nil || !ok {
		l.send(tagged(reply(m, "486 Busy Here"), d), from)
		return
	}
	body := answerTo(m, e.sound)
	d.taken = tagged(reply(m, "200 OK"), d)
	d.taken = fmt.Appendf([]byte(strings.TrimSuffix(string(d.taken), "Content-Length: 0\r\n\r\n")),
		"Contact: <sip:%s@%s>\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", user, l.from, len(body), body)
	l.mu.Lock()
	l.calls[d.id] = d
	l.mu.Unlock()
	l.send(tagged(reply(m, "180 Ringing"), d), from)
	l.send(d.taken, from)
	d.Answered = time.Now()
	e.comes <- d
}

// tagged gives a response the dialog's tag.
func tagged(response []byte, d *dialog) []byte {
	to := header(string(response), "To")
	return []byte(strings.Replace(string(response), to, to+";tag="+d.tag, 1))
}

// invitedAgain answers a repeated INVITE as the first; a new one within the call is declined.
func (d *dialog) invitedAgain(m string, from netip.AddrPort) {
	if d.taken != nil && header(m, "CSeq") == d.seq {
		d.line.send(d.taken, from)
		return
	}
	d.line.send(reply(m, "488 Not Acceptable Here"), from)
}

// answerTo is SDP for PCMU, with the digits' payload type as the offer has it.
func answerTo(m string, sound netip.AddrPort) string {
	s := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\n", sound.Addr())
	digits := ""
	for l := range strings.SplitSeq(m, "\r\n") {
		if at, name, ok := strings.Cut(strings.TrimPrefix(l, "a=rtpmap:"), " "); ok && name == "telephone-event/8000" {
			digits = at
		}
	}
	if digits == "" {
		return s + fmt.Sprintf("m=audio %d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na=sendrecv\r\n", sound.Port())
	}
	return s + fmt.Sprintf("m=audio %d RTP/AVP 0 %[2]s\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:%[2]s telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n", sound.Port(), digits)
}
