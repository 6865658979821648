package webrtc

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pion/ice/v4"

	"github.com/parley-voice/parley/rtp"
)

// An outset is what a browser's offer says of ICE (RFC 8839), of its first section for sound, or of all.
type outset struct {
	ufrag, pwd string
	candidates []string
	mids       []string // of all sections, in order; "" where none is said
}

// outsetOf reads it. false: there is none, or no sound.
func outsetOf(sdp []byte) (o outset, ok bool) {
	audio, found := false, false
	for line := range strings.FieldsFuncSeq(string(sdp), func(r rune) bool { return r == '\n' || r == '\r' }) {
		kind, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		if kind == "m" {
			audio = !found && strings.HasPrefix(value, "audio ")
			found = found || audio
			o.mids = append(o.mids, "")
			continue
		}
		if kind != "a" {
			continue
		}
		name, value, _ := strings.Cut(value, ":")
		n := len(o.mids)
		switch {
		case name == "mid" && n > 0 && token(value):
			o.mids[n-1] = value
		case n > 0 && !audio:
		case name == "ice-ufrag":
			o.ufrag = value
		case name == "ice-pwd":
			o.pwd = value
		case name == "candidate" && len(o.candidates) < maxFar:
			o.candidates = append(o.candidates, value)
		}
	}
	return o, found && len(o.ufrag) >= 4 && len(o.ufrag) <= 256 && len(o.pwd) >= 22 && len(o.pwd) <= 256
}

// fragmentOf reads candidates that come after the offer.
func fragmentOf(b []byte) (o outset) {
	for line := range strings.FieldsFuncSeq(string(b), func(r rune) bool { return r == '\n' || r == '\r' }) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch {
		case name == "a=ice-ufrag":
			o.ufrag = value
		case name == "a=candidate" && len(o.candidates) < maxFar:
			o.candidates = append(o.candidates, value)
		}
	}
	return o
}

// token reports whether s may stand in a line of ours.
func token(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// describe is rtp's answer with what WebRTC wants besides: the bundle (RFC 9143), mids, ICE, and a stream for the browser to name.
func describe(answer []byte, o *outset, ufrag, pwd string, candidates []ice.Candidate) []byte {
	head, sections := split(string(answer))
	mid := func(i int) string {
		if i < len(o.mids) && o.mids[i] != "" {
			return o.mids[i]
		}
		return fmt.Sprint(i)
	}
	sound := slices.IndexFunc(sections, func(s string) bool {
		return strings.HasPrefix(s, "m=audio ") && !strings.HasPrefix(s, "m=audio 0 ") // of those that are refused the port is 0
	})
	var b strings.Builder
	b.WriteString(head)
	if sound >= 0 {
		fmt.Fprintf(&b, "a=group:BUNDLE %s\r\na=msid-semantic: WMS parley\r\n", mid(sound))
	}
	for i, s := range sections {
		fmt.Fprintf(&b, "%sa=mid:%s\r\n", s, mid(i))
		if i != sound {
			continue
		}
		fmt.Fprintf(&b, "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", ufrag, pwd)
		for _, c := range candidates {
			fmt.Fprintf(&b, "a=candidate:%s\r\n", c.Marshal())
		}
		b.WriteString("a=end-of-candidates\r\na=msid:parley agent\r\n")
	}
	return []byte(b.String())
}

// split parts a description of ours into what is said of all of it, and its sections.
func split(sdp string) (head string, sections []string) {
	parts := strings.SplitAfter(sdp, "\r\n")
	at := -1
	for _, line := range parts {
		if strings.HasPrefix(line, "m=") {
			sections = append(sections, "")
			at++
		}
		if at < 0 {
			head += line
		} else {
			sections[at] += line
		}
	}
	return head, sections
}

// codecs are those that browsers have, too; which is best is the browser's to say.
var codecs = []rtp.Codec{rtp.Opus, rtp.G722, rtp.PCMU, rtp.PCMA}

// agree is what we answer to an offer, and what it comes to. The addresses in it say nothing: ICE finds the way.
func agree(sdp []byte, session uint64) (answer []byte, a rtp.Agreed, err error) {
	var placed strings.Builder
	for line := range strings.FieldsFuncSeq(string(sdp), func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.HasPrefix(line, "c=") {
			line = "c=IN IP4 " + far.Addr().String() // 0.0.0.0 is no hold here
		}
		placed.WriteString(line + "\r\n")
	}
	offered, err := rtp.ParseSDP([]byte(placed.String()))
	if err != nil {
		return nil, a, ErrOffer
	}
	answer, a, err = rtp.Answer(offered, rtp.Local{Addr: far.Addr(), Port: int(far.Port()), SessionID: session, Version: 1, Codecs: codecs,
		SRTP: "required", Keys: rtp.NewKeys()})
	if err != nil {
		return nil, a, ErrCodec
	}
	if a.Secure == nil || a.Secure.Fingerprint == "" || !a.RTCPMux {
		return nil, a, ErrOffer
	}
	a.Remote = far
	return answer, a, nil
}
