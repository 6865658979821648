package wire

import (
	"bytes"
	"net/netip"
)

// canonAddress writes a name-addr or addr-spec with its parameters, without white space outside of names (RFC 3261 §20.10).
func canonAddress(dst []byte, k kind, v []byte) ([]byte, bool) {
	v = trim(v)
	open := bytes.IndexByte(v, '<')
	if len(v) > 0 && v[0] == '"' {
		n := quotedLen(v)
		if n == 0 {
			return dst, false
		}
		dst = appendQuoted(dst, k, v[:n])
		if v = v[n:]; len(v) > 0 && blank(v[0]) {
			dst = append(dst, ' ')
		}
		if v = trim(v); len(v) == 0 || v[0] != '<' {
			return dst, false
		}
		open = 0
	} else if open > 0 {
		name := trimRight(v[:open])
		// Of what is no token only what could be mistaken is refused: many write names without quotes.
		if bytes.IndexByte(name, ';') >= 0 && looksURI(name) {
			open = -1 // a < in a parameter
		} else {
			if bytes.ContainsAny(name, ",;\"") {
				return dst, false
			}
			dst = append(dst, name...)
			if blank(v[open-1]) {
				dst = append(dst, ' ')
			}
			v = v[open:]
			open = 0
		}
	}
	var uri []byte
	if open == 0 {
		end := bytes.IndexByte(v, '>')
		if end < 0 {
			return dst, false
		}
		uri, v = v[1:end], v[end+1:]
		dst = append(append(append(dst, '<'), uri...), '>')
	} else {
		end := 0
		for end < len(v) && v[end] != ';' && !blank(v[end]) {
			end++
		}
		uri, v = v[:end], v[end:]
		if bytes.IndexByte(uri, ',') >= 0 || k != referTo && k != referredBy && bytes.IndexByte(uri, '?') >= 0 {
			return dst, false // must stand in <> (RFC 3261 §20), but many a Refer-To does not
		}
		dst = append(dst, uri...)
	}
	if _, ok := checkURI(uri, true); !ok {
		return dst, false
	}
	q := always
	if k == from || k == to {
		q = careful
	}
	return canonParams(dst, k, v, q)
}

// appendQuoted keeps what is between quotation marks, but for escaped ones where the parser takes them for the end: they become
// apostrophes.
func appendQuoted(dst []byte, k kind, v []byte) []byte {
	if !listed(k) && k != referTo {
		return append(dst, v...)
	}
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) {
			if i++; v[i] == '"' {
				dst = append(dst, '\'')
				continue
			}
			dst = append(dst, '\\')
		}
		dst = append(dst, v[i])
	}
	return dst
}

func looksURI(b []byte) bool {
	i := bytes.IndexByte(b, ':')
	return i > 0 && i < bytes.IndexByte(b, ';')
}

// apart are the characters that no URI contains, and that would end it.
var apart = func() (t [256]bool) {
	for c := range ' ' + 1 {
		t[c] = true
	}
	t[0x7f], t['<'], t['>'], t['"'] = true, true, true, true
	return t
}()

// scheme is how a URI begins.
type scheme uint8

const (
	foreign scheme = iota // none that leads to a telephone
	sips                  // sip, sips
	tel
)

// checkURI reports whether the parser reads the URI as it is meant. headers: may it ask for headers ("?…")?
func checkURI(u []byte, headers bool) (scheme, bool) {
	colon := bytes.IndexByte(u, ':')
	if colon < 1 || colon == len(u)-1 || u[0]|0x20 < 'a' || u[0]|0x20 > 'z' {
		return foreign, false
	}
	for _, c := range u[:colon] {
		if !tokens[c] || headers && (c|0x20 < 'a' || c|0x20 > 'z') { // the parser knows schemes of letters alone
			return foreign, false
		}
	}
	for _, c := range u {
		if apart[c] {
			return foreign, false
		}
	}
	name, rest := u[:colon], u[colon+1:]
	switch {
	case bytes.EqualFold(name, []byte("sip")), bytes.EqualFold(name, []byte("sips")):
	case bytes.EqualFold(name, []byte("tel")):
		return tel, ascii(rest)
	default:
		return foreign, ascii(rest)
	}
	if at := bytes.IndexByte(rest, '@'); at >= 0 {
		if bytes.IndexByte(rest[:at], '[') >= 0 || bytes.IndexByte(rest[at+1:], '@') >= 0 {
			return sips, false
		}
		rest = rest[at+1:]
	} else if bytes.IndexByte(rest, '[') > 0 { // the parser would take what follows for the host
		return sips, false
	}
	n, ok := hostLen(rest)
	if !ok {
		return sips, false
	}
	if rest = rest[n:]; len(rest) > 0 && rest[0] == ':' {
		n = digits(rest[1:])
		if !port(rest[1 : 1+n]) {
			return sips, false
		}
		rest = rest[1+n:]
	}
	if len(rest) > 0 && rest[0] != ';' && rest[0] != '?' || !ascii(rest) { // names before the @ may be what they like
		return sips, false
	}
	return sips, headers || bytes.IndexByte(rest, '?') < 0
}

func ascii(b []byte) bool {
	for _, c := range b {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// hostLen is how much of b is a host: a name, an IPv4 address or an IPv6 one in brackets.
func hostLen(b []byte) (int, bool) {
	if len(b) > 0 && b[0] == '[' {
		end := bytes.IndexByte(b[:min(len(b), 41)], ']')
		if end < 0 {
			return 0, false
		}
		ip, err := netip.ParseAddr(string(b[1:end]))
		return end + 1, err == nil && ip.Is6()
	}
	n := 0
	for n < len(b) && (b[n]|0x20 >= 'a' && b[n]|0x20 <= 'z' || b[n] >= '0' && b[n] <= '9' || b[n] == '-' || b[n] == '.' || b[n] == '_') {
		n++
	}
	return n, n > 0
}

func digits(b []byte) int {
	n := 0
	for n < len(b) && b[n] >= '0' && b[n] <= '9' {
		n++
	}
	return n
}

func port(b []byte) bool {
	n, ok := number(b)
	return ok && n <= 65535
}
