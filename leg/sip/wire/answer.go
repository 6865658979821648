package wire

import (
	"bytes"
	"hash/maphash"
	"net/netip"
	"strconv"
)

// Answer makes the response that tells the refusal: Via, From, To, Call-ID and CSeq are what the message has of them, and To gets a
// tag, the same one for a repetition (RFC 3261 §8.2.7). nil: the message is a response or an ACK, or it cannot be answered.
func (r *Refusal) Answer(msg []byte) []byte {
	out, _ := r.reply(msg, netip.AddrPort{})
	return out
}

var tagSeed = maphash.MakeSeed()

// reply is the answer to a message from there and where it goes by datagram (RFC 3261 §18.2.2, RFC 3581).
func (r *Refusal) reply(msg []byte, source netip.AddrPort) ([]byte, netip.AddrPort) {
	msg = bytes.TrimLeft(msg, "\r\n")
	line, rest := cutLine(msg)
	if r.Code == 0 || len(line) == 0 || len(line) > 3 && bytes.EqualFold(line[:4], []byte("SIP/")) || bytes.HasPrefix(line, []byte("ACK ")) {
		return nil, source
	}
	var first [kinds][]byte
	var vias []byte
	target := source
	for n := 0; len(rest) > 0 && n < fieldsMost; n++ {
		line, rest = cutLine(rest)
		if len(line) == 0 {
			break
		}
		i := bytes.IndexByte(line, ':')
		if i < 0 || blank(line[0]) {
			continue
		}
		k := kindOf(trimRight(line[:i]))
		switch k {
		case via, from, to, callID, cseq:
		default:
			continue
		}
		value := line[i+1:]
		for len(rest) > 0 && blank(rest[0]) { // RFC 3261 §7.3.1
			line, rest = cutLine(rest)
			value = append(append(value[:len(value):len(value)], ' '), line...)
		}
		value = defused(trim(value))
		switch {
		case k == via && vias == nil:
			value, target = topVia(value, source)
			fallthrough
		case k == via:
			vias = append(append(append(vias, "Via: "...), value...), '\r', '\n')
		case first[k] == nil:
			first[k] = value
		}
	}
	if vias == nil || first[cseq] == nil {
		return nil, source
	}
	out := make([]byte, 0, len(vias)+len(r.Reason)+len(first[from])+len(first[to])+len(first[callID])+len(first[cseq])+160)
	out = append(strconv.AppendInt(append(out, "SIP/2.0 "...), int64(r.Code), 10), ' ')
	out = append(append(append(out, defused([]byte(r.Reason))...), "\r\n"...), vias...)
	for _, f := range []struct {
		name string
		kind kind
	}{{"From", from}, {"To", to}, {"Call-ID", callID}, {"CSeq", cseq}} {
		v := first[f.kind]
		if v == nil {
			continue
		}
		out = append(append(append(out, f.name...), ": "...), v...)
		if f.kind == to && !has(v, "tag") {
			sum := maphash.Bytes(tagSeed, first[callID]) ^ maphash.Bytes(tagSeed, first[cseq]) ^ maphash.Bytes(tagSeed, vias)
			out = strconv.AppendUint(append(out, ";tag="...), sum, 36)
		}
		out = append(out, '\r', '\n')
	}
	return append(out, "Content-Length: 0\r\n\r\n"...), target
}

// topVia notes in the first Via where the message really came from, and gives where the answer goes.
func topVia(v []byte, source netip.AddrPort) ([]byte, netip.AddrPort) {
	if !source.IsValid() {
		return v, source
	}
	one, rest, ok := cutList(v)
	if !ok {
		return v, source
	}
	c, ok := canonVia(nil, one)
	if !ok {
		return v, source
	}
	sentBy := c[bytes.IndexByte(c, ' ')+1:]
	n, _ := hostLen(sentBy)
	host, params := bytes.Trim(sentBy[:n], "[]"), sentBy[n:]
	to := netip.AddrPortFrom(source.Addr(), 5060)
	if len(params) > 0 && params[0] == ':' {
		d := digits(params[1:])
		if p, ok := number(params[1 : 1+d]); ok && p > 0 {
			to = netip.AddrPortFrom(source.Addr(), uint16(p))
		}
		params = params[1+d:]
	}
	if i := rport(params); i >= 0 {
		at := len(c) - len(params) + i
		c = append(c[:at:at], append(strconv.AppendUint([]byte{'='}, uint64(source.Port()), 10), c[at:]...)...)
		to = source
	}
	ip := source.Addr().String()
	if string(host) != ip && !bytes.Contains(c, []byte(";received=")) {
		c = append(append(c, ";received="...), ip...)
	}
	if rest != nil {
		c = append(append(c, ',', ' '), rest...)
	}
	return c, to
}

// rport is where the value of an rport parameter goes, -1 without one that asks for it.
func rport(params []byte) int {
	for at := 0; ; {
		i := bytes.Index(params[at:], []byte(";rport"))
		if i < 0 {
			return -1
		}
		if at += i + len(";rport"); at == len(params) || params[at] == ';' {
			return at
		}
	}
}

// has reports whether a value ends with parameters of which one has that name and a value.
func has(v []byte, name string) bool {
	for rest := v[bytes.LastIndexByte(v, '>')+1:]; ; {
		i := bytes.IndexByte(rest, ';')
		if i < 0 {
			return false
		}
		if rest = trim(rest[i+1:]); len(rest) > len(name) && bytes.EqualFold(rest[:len(name)], []byte(name)) {
			if r := trim(rest[len(name):]); len(r) > 0 && r[0] == '=' {
				return true
			}
		}
	}
}

// defused has a question mark for each control character.
func defused(b []byte) []byte {
	for i, c := range b {
		if control(c) {
			b = bytes.Clone(b)
			for j, c := range b[i:] {
				if control(c) {
					b[i+j] = '?'
				}
			}
			return b
		}
	}
	return b
}

func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}
