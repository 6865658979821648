package trace

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"
)

// A Shown is a message as JSON shows it.
type Shown struct {
	Time           string  `json:"time"`
	Offset         float64 `json:"offset_ms"` // since the first
	Direction      string  `json:"direction"` // in, out
	Transport      string  `json:"transport"` // udp, tcp, tls
	Local          string  `json:"local_address"`
	Remote         string  `json:"remote_address"`
	CallID         string  `json:"sip_call_id"`
	Summary        string  `json:"summary"` // INVITE, or 200 OK
	CSeq           string  `json:"cseq"`
	SDP            string  `json:"sdp"` // in few words; "" when there is none
	Retransmission bool    `json:"retransmission"`
	Skipped        int     `json:"skipped"` // messages left out before it
	Message        string  `json:"message"` // bytes that are no UTF-8 as \xNN
}

// Show is what JSON shows of messages.
func Show(ms []Message) []Shown {
	out := make([]Shown, len(ms))
	for i, m := range ms {
		t := titleOf(m)
		direction := "in"
		if m.Out {
			direction = "out"
		}
		out[i] = Shown{
			Time: m.At.UTC().Format("2006-01-02T15:04:05.000000Z"), Offset: float64(m.At.Sub(ms[0].At)/(10*time.Microsecond)) / 100,
			Direction: direction, Transport: strings.ToLower(m.Network), Local: tidy(m.Local).String(), Remote: tidy(m.Remote).String(),
			CallID: printable(string(callID(m.Raw)), 256), Summary: t.what, CSeq: t.cseq, SDP: summary(m.Raw),
			Retransmission: repeated(m, ms[:i]), Skipped: m.Skipped, Message: legible(m.Raw),
		}
	}
	return out
}

// JSON writes messages as an object with a list of them.
func JSON(w io.Writer, ms []Message) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(struct {
		Messages []Shown `json:"messages"`
	}{Show(ms)})
}

// legible is text in which the bytes that are no UTF-8 stand as \xNN.
func legible(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	var s strings.Builder
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 {
			fmt.Fprintf(&s, `\x%02x`, b[0])
		} else {
			s.Write(b[:n])
		}
		b = b[n:]
	}
	return s.String()
}
