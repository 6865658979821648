package wire

import "bytes"

// canonVia writes one Via without white space but the one before the host (RFC 3261 §20.42 allows it everywhere). Quoted parameters are
// refused: the parser loses all that follow them, the branch too.
func canonVia(dst, v []byte) ([]byte, bool) {
	for i := range 3 { // protocol, version, transport
		end := 0
		for end < len(v) && tokens[v[end]] {
			end++
		}
		if end == 0 {
			return dst, false
		}
		dst = append(dst, v[:end]...)
		spaced := end < len(v) && blank(v[end])
		v = trim(v[end:])
		if i == 2 {
			if !spaced {
				return dst, false
			}
			break
		}
		if len(v) == 0 || v[0] != '/' {
			return dst, false
		}
		dst = append(dst, '/')
		v = trim(v[1:])
	}
	n, ok := hostLen(v)
	if !ok {
		return dst, false
	}
	dst = append(append(dst, ' '), v[:n]...)
	v = trim(v[n:])
	if len(v) > 0 && v[0] == ':' {
		v = trim(v[1:])
		n = digits(v)
		if !port(v[:n]) {
			return dst, false
		}
		dst = append(append(dst, ':'), v[:n]...)
		v = trim(v[n:])
	}
	return canonParams(dst, via, v, never)
}

// quotes is where values in quotation marks may stand.
type quotes uint8

const (
	never   quotes = iota
	careful        // without a semicolon: the parser would split it there, and find a tag in it
	always
)

// canonParams writes *(";" name ["=" value]) without white space and without empty ones.
func canonParams(dst []byte, k kind, v []byte, q quotes) ([]byte, bool) {
	for v = trim(v); len(v) > 0; v = trim(v) {
		if v[0] != ';' {
			return dst, false
		}
		if v = trim(v[1:]); len(v) == 0 || v[0] == ';' {
			continue
		}
		n := 0
		for n < len(v) && tokens[v[n]] {
			n++
		}
		if n == 0 {
			return dst, false
		}
		dst = append(append(dst, ';'), v[:n]...)
		if v = trim(v[n:]); len(v) == 0 || v[0] != '=' {
			continue
		}
		dst = append(dst, '=')
		if v = trim(v[1:]); len(v) > 0 && v[0] == '"' {
			n = quotedLen(v)
			if n == 0 || q == never || q == careful && bytes.IndexByte(v[:n], ';') >= 0 {
				return dst, false
			}
			dst = appendQuoted(dst, k, v[:n])
		} else {
			for n = 0; n < len(v) && !apart[v[n]] && v[n] < 0x80 && v[n] != ';' && v[n] != ','; {
				n++
			}
			dst = append(dst, v[:n]...)
		}
		v = v[n:]
	}
	return dst, true
}

// quotedLen is how long the quoted string at the beginning is, 0 when it does not end.
func quotedLen(b []byte) int {
	for i := 1; i < len(b); i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return 0
}
