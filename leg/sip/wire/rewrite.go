package wire

import (
	"bytes"
	"hash/maphash"
	"strconv"
)

// straighten writes the lines of the head anew: folded ones joined by a space, CRLF at the end of each, none before the first. A control
// character that is escaped in a quoted string (RFC 3261 §25.1, quoted-pair) becomes a question mark, as no answer could repeat
// it; any other is refused.
func straighten(msg []byte) ([]byte, *Refusal) {
	msg = bytes.TrimLeft(msg, "\r\n")
	out := make([]byte, 0, len(msg)+64)
	first := true
	for {
		i := bytes.IndexByte(msg, '\n')
		if i < 0 {
			return nil, noEnd
		}
		line := msg[:i]
		msg = msg[i+1:]
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		switch {
		case len(line) == 0:
			return append(append(out, '\r', '\n'), msg...), nil
		case first:
			first = false
		case blank(line[0]):
			if bytes.IndexByte(out, '\n') == len(out)-1 {
				return nil, badLine // of the first line there is no more
			}
			out = append(trimRight(out[:len(out)-2]), ' ')
			line = trim(line)
		}
		out = append(append(out, trimLast(line, len(msg) > 0 && blank(msg[0]))...), '\r', '\n')
		if len(msg) == 0 || !blank(msg[0]) { // the line is whole
			begin := bytes.LastIndexByte(out[:len(out)-2], '\n') + 1
			whole, ok := disarm(out[begin : len(out)-2])
			if !ok {
				return nil, badControl
			}
			out = append(out[:begin+whole], '\r', '\n')
		}
	}
}

func trimLast(line []byte, folded bool) []byte {
	if folded {
		return trimRight(line)
	}
	return line
}

// disarm replaces escaped control characters in quoted strings, in place, and returns the new length.
func disarm(line []byte) (int, bool) {
	quoted, n := false, 0
	for i := 0; i < len(line); i++ {
		c := line[i]
		if quoted && c == '\\' && i+1 < len(line) {
			i++
			if d := line[i]; control(d) {
				line[n] = '?'
				n++
				continue
			}
			line[n], line[n+1] = c, line[i]
			n += 2
			continue
		}
		if control(c) {
			return 0, false
		}
		if c == '"' {
			quoted = !quoted
		}
		line[n] = c
		n++
	}
	return n, true
}

// branch gives the first Via of a caller of RFC 2543 a branch, for the parser knows transactions by it, or by the tag such a caller need
// not have. Repetitions, the ACK and the CANCEL get the same one (RFC 3261 §17.2.3).
func (h *head) branch(dst []byte) []byte {
	number, _, _ := bytes.Cut(h.first(cseq), []byte(" "))
	sum := maphash.Bytes(tagSeed, h.first(from))
	for _, b := range [][]byte{h.first(callID), number, h.first(via)} {
		sum = sum*31 + maphash.Bytes(tagSeed, b)
	}
	return strconv.AppendUint(append(dst, ";branch=z9hG4bK-2543-"...), sum, 36)
}

// control is every control character, the tab excepted.
func control(c byte) bool { return c < ' ' && c != '\t' || c == 0x7f }

// write puts the message together the way the parser reads it right.
func (h *head) write(dst []byte) []byte {
	switch {
	case !h.response:
		i := bytes.LastIndexByte(h.start, ' ')
		dst = append(append(dst, h.start[:i]...), " SIP/2.0"...)
	default:
		dst = append(append(dst, "SIP/2.0"...), h.start[7:]...)
		if len(h.start) == len("SIP/2.0 100") {
			dst = append(dst, ' ')
		}
	}
	dst = append(dst, '\r', '\n')
	for _, f := range h.fields {
		name := f.name
		if len(name) == 1 && long[name[0]|0x20] != "" {
			name = []byte(long[name[0]|0x20])
		}
		for rest := f.value; ; {
			one := rest
			rest = nil
			if listed(f.kind) {
				one, rest, _ = cutList(one)
			}
			dst = append(append(dst, name...), ": "...)
			switch f.kind {
			case via, from, to, cseq, contact, route, recordRoute, referTo, referredBy:
				dst, _ = canon(dst, f.kind, one)
			default:
				dst = append(dst, one...)
			}
			if f.kind == via && h.legacy {
				dst = h.branch(dst)
				h.legacy = false
			}
			dst = append(dst, '\r', '\n')
			if len(rest) == 0 {
				break
			}
		}
	}
	return append(append(dst, '\r', '\n'), h.body...)
}
