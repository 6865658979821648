package trace

import (
	"bytes"
	"slices"
)

const blanks = " \t\r\n"

// Mask is a copy of a message in which an x stands for every character of a secret: proofs in Authorization and the like, keys of
// SRTP (RFC 4568) and others in session descriptions, passwords in SIP addresses, and keys pressed by INFO. Its length stays.
func Mask(raw []byte) []byte {
	out := slices.Clone(raw)
	head := out
	if i := bodyOf(out); hasPrefixFold(out, "info ") {
		blot(out[i:]) // a PIN, or a card's number
		head = out[:i]
	}
	for rest := head; len(rest) > 0; {
		var line []byte
		line, rest = cutField(rest)
		maskPasswords(line)
		name, value, ok := bytes.Cut(line, []byte(":"))
		switch {
		case hasPrefixFold(line, "a=crypto:"), hasPrefixFold(line, "a=key-mgmt:"):
			maskKeys(line)
		case hasPrefixFold(line, "k="):
			blot(line[2:])
		case !ok:
		case named(name, "authorization", "proxy-authorization"):
			maskProof(value)
		case named(name, "authentication-info", "proxy-authentication-info"):
			maskParams(value)
		}
	}
	return out
}

// bodyOf is where the body of a message begins.
func bodyOf(b []byte) int {
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(b, []byte(end)); i >= 0 {
			return i + len(end)
		}
	}
	return len(b)
}

// cutField takes the first line off with those that continue it (RFC 3261 §7.3.1).
func cutField(b []byte) (line, rest []byte) {
	for end := 0; ; {
		i := bytes.IndexByte(b[end:], '\n')
		if i < 0 {
			return b, nil
		}
		if end += i + 1; end == len(b) || b[end] != ' ' && b[end] != '\t' {
			return b[:end], b[end:]
		}
	}
}

func blot(b []byte) {
	for i, c := range b {
		if c != '\r' && c != '\n' {
			b[i] = 'x'
		}
	}
}

// maskProof masks what follows the scheme; of Digest only what proves something.
func maskProof(value []byte) {
	value = bytes.Trim(value, blanks)
	i := bytes.IndexAny(value, blanks)
	switch {
	case i < 0:
		blot(value)
	case equalFoldAll(value[:i], "digest"):
		maskParams(value[i:])
	default:
		blot(value[i+1:])
	}
}

// maskParams masks the values of response and rspauth in a list of name=value.
func maskParams(b []byte) {
	for b = bytes.TrimLeft(b, ", \t\r\n"); len(b) > 0; b = bytes.TrimLeft(b, ", \t\r\n") {
		i := bytes.IndexAny(b, "=,")
		if i < 0 {
			return
		}
		name := bytes.TrimRight(b[:i], blanks)
		if b = b[i:]; b[0] == ',' {
			continue
		}
		b = bytes.TrimLeft(b[1:], blanks)
		n := valueLen(b)
		if equalFoldAll(name, "response") || equalFoldAll(name, "rspauth") {
			blot(bytes.Trim(b[:n], `"`+blanks))
		}
		b = b[n:]
	}
}

// valueLen is how long a value is: a quoted string, or all before the next comma.
func valueLen(b []byte) int {
	if len(b) > 0 && b[0] == '"' {
		for i := 1; i < len(b); i++ {
			switch b[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(b)
	}
	if i := bytes.IndexByte(b, ','); i >= 0 {
		return i
	}
	return len(b)
}

func equalFoldAll(b []byte, lower string) bool { return len(b) == len(lower) && equalFold(b, lower) }

// maskKeys masks what follows inline: and the like.
func maskKeys(line []byte) {
	for _, name := range []string{"inline:", "mikey "} {
		for rest := line; ; {
			i := indexFold(rest, name)
			if i < 0 {
				break
			}
			rest = rest[i+len(name):]
			end := bytes.IndexAny(rest, "|; \t\r\n")
			if end < 0 {
				end = len(rest)
			}
			blot(rest[:end])
			rest = rest[end:]
		}
	}
}

// maskPasswords masks what stands between user and host of SIP addresses.
func maskPasswords(line []byte) {
	for rest := line; ; {
		i := indexFold(rest, "sip")
		if i < 0 {
			return
		}
		rest = rest[i+len("sip"):]
		uri := bytes.TrimPrefix(bytes.TrimPrefix(rest, []byte("s")), []byte("S"))
		if len(uri) == 0 || uri[0] != ':' {
			continue
		}
		uri = uri[1:]
		if end := bytes.IndexAny(uri, " \t\r\n<>\""); end >= 0 {
			uri = uri[:end]
		}
		at := bytes.IndexByte(uri, '@')
		if at < 0 {
			continue
		}
		if colon := bytes.IndexByte(uri[:at], ':'); colon >= 0 {
			blot(uri[colon+1 : at])
		}
	}
}

func hasPrefixFold(b []byte, lower string) bool {
	return len(b) >= len(lower) && equalFold(b[:len(lower)], lower)
}

func indexFold(b []byte, lower string) int {
	for i := 0; i+len(lower) <= len(b); i++ {
		if b[i]|0x20 == lower[0] && equalFold(b[i:i+len(lower)], lower) {
			return i
		}
	}
	return -1
}
