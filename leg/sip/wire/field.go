package wire

import "bytes"

// kind is a header that is looked at.
type kind uint8

const (
	other kind = iota
	compact
	via
	from
	to
	callID
	cseq
	contentLength
	contact
	route
	recordRoute
	maxForwards
	contentType
	referTo
	referredBy
	accept
	kinds
)

// long are the names of those headers whose compact form the parser does not know.
var long = map[byte]string{
	'a': "Accept-Contact", 'b': "Referred-By", 'd': "Request-Disposition", 'e': "Content-Encoding", 'j': "Reject-Contact", 'k': "Supported",
	'n': "Identity-Info", 'o': "Event", 'r': "Refer-To", 's': "Subject", 'u': "Allow-Events", 'x': "Session-Expires", 'y': "Identity",
}

func kindOf(name []byte) kind {
	is := func(s string) bool {
		for i := range len(s) {
			if name[i]|0x20 != s[i]|0x20 {
				return false
			}
		}
		return true
	}
	switch len(name) {
	case 1:
		switch c := name[0] | 0x20; c {
		case 'v':
			return via
		case 'f':
			return from
		case 't':
			return to
		case 'i':
			return callID
		case 'l':
			return contentLength
		case 'm':
			return contact
		case 'c':
			return contentType
		case 'r':
			return referTo
		case 'b':
			return referredBy
		default:
			if long[c] != "" {
				return compact
			}
		}
	case 2:
		return pick(is("to"), to)
	case 3:
		return pick(is("via"), via)
	case 4:
		return max(pick(is("from"), from), pick(is("cseq"), cseq))
	case 5:
		return pick(is("route"), route)
	case 6:
		return pick(is("accept"), accept)
	case 7:
		return max(pick(is("call-id"), callID), pick(is("contact"), contact))
	case 8:
		return pick(is("refer-to"), referTo)
	case 11:
		return pick(is("referred-by"), referredBy)
	case 12:
		return max(pick(is("max-forwards"), maxForwards), pick(is("content-type"), contentType), pick(is("record-route"), recordRoute))
	case 14:
		return pick(is("content-length"), contentLength)
	}
	return other
}

func pick(yes bool, k kind) kind {
	if yes {
		return k
	}
	return other
}

// listed reports whether the header's values may stand in one line with commas between them. The parser splits such lines wrongly.
func listed(k kind) bool { return k == via || k == contact || k == route || k == recordRoute }

// cutList splits at the first comma that is neither quoted nor in <>.
func cutList(b []byte) (one, rest []byte, ok bool) {
	quoted, bracketed := false, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted:
			if c == '\\' {
				i++
			} else if c == '"' {
				quoted = false
			}
		case c == '"':
			quoted = true
		case c == '<':
			bracketed = true
		case c == '>':
			bracketed = false
		case c == ',' && !bracketed:
			one, rest = trimRight(b[:i]), trim(b[i+1:])
			return one, rest, len(one) > 0 && len(rest) > 0
		}
	}
	return b, nil, len(b) > 0
}

// canon appends one value of a header the way the parser reads it right; false: it is malformed.
func canon(dst []byte, k kind, v []byte) ([]byte, bool) {
	switch k {
	case via:
		return canonVia(dst, v)
	case cseq:
		return canonSeq(dst, v)
	case contact:
		if string(v) == "*" {
			return append(dst, '*'), true
		}
	}
	return canonAddress(dst, k, v)
}

// canonSeq wants exactly one space (RFC 3261 §20.16 has LWS).
func canonSeq(dst, v []byte) ([]byte, bool) {
	i := bytes.IndexAny(v, " \t")
	if i < 0 {
		return dst, false
	}
	if _, ok := number(v[:i]); !ok {
		return dst, false
	}
	method := trim(v[i:])
	dst = append(append(dst, v[:i]...), ' ')
	return append(dst, method...), token(method)
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

func trim(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	return trimRight(b)
}

func trimRight(b []byte) []byte {
	for len(b) > 0 && blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

// tokens are the characters of a token (RFC 3261 §25.1).
var tokens = func() (t [256]bool) {
	for _, c := range "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.!%*_+`'~" {
		t[c] = true
	}
	return t
}()

func token(b []byte) bool {
	for _, c := range b {
		if !tokens[c] {
			return false
		}
	}
	return len(b) > 0
}
