package trace

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// cutLine takes the first line off; the end of a line is LF, or CR LF.
func cutLine(b []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(b, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// field is the first value of a header by its name or its short form (RFC 3261 §7.3.3), as far as its first line goes, or the line that
// continues an empty one; nil when there is none.
func field(raw []byte, name, short string) []byte {
	_, rest := cutLine(bytes.TrimLeft(raw, "\r\n"))
	for len(rest) > 0 {
		var line []byte
		if line, rest = cutLine(rest); len(line) == 0 {
			return nil
		}
		if i := bytes.IndexByte(line, ':'); i > 0 && named(line[:i], name, short) {
			v := bytes.TrimSpace(line[i+1:])
			if len(v) == 0 && len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
				line, _ = cutLine(rest)
				v = bytes.TrimSpace(line)
			}
			return v
		}
	}
	return nil
}

func named(b []byte, name, short string) bool {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return len(b) == len(name) && equalFold(b, name) || len(b) == len(short) && equalFold(b, short)
}

func equalFold(b []byte, lower string) bool {
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

func callID(raw []byte) []byte { return field(raw, "call-id", "i") }

// body is what follows the headers.
func body(raw []byte) []byte {
	for rest := bytes.TrimLeft(raw, "\r\n"); len(rest) > 0; {
		var line []byte
		if line, rest = cutLine(rest); len(line) == 0 {
			return rest
		}
	}
	return nil
}

// A title is what a message says of itself in few words.
type title struct {
	what string // INVITE, or 200 OK
	code int    // 0: a request
	cseq string // its number and method
}

func titleOf(m Message) title {
	line, _ := cutLine(bytes.TrimLeft(m.Raw, "\r\n"))
	seq, method, _ := strings.Cut(string(field(m.Raw, "cseq", "cseq")), " ")
	t := title{cseq: printable(strings.TrimSpace(seq+" "+strings.TrimSpace(method)), 40)}
	first, rest, _ := strings.Cut(string(line), " ")
	if len(first) < 4 || !strings.EqualFold(first[:4], "SIP/") {
		t.what = printable(first, 20)
		return t
	}
	t.what = printable(rest, 60)
	code, _, _ := strings.Cut(rest, " ")
	t.code, _ = strconv.Atoi(code)
	return t
}

// printable is text that does nothing to a terminal: what is no printable character stands escaped. Of long text the beginning.
func printable(s string, most int) string {
	var b strings.Builder
	n := 0
	for len(s) > 0 && n < most {
		r, size := utf8.DecodeRuneInString(s)
		before := b.Len()
		switch {
		case r == utf8.RuneError && size == 1, r < ' ', r == 0x7f:
			b.WriteString(`\x`)
			if s[0] < 16 {
				b.WriteByte('0')
			}
			b.WriteString(strconv.FormatUint(uint64(s[0]), 16))
			n += b.Len() - before
		case !unicode.IsPrint(r):
			b.WriteString(strings.Trim(strconv.QuoteToASCII(string(r)), `"`))
			n += b.Len() - before
		default:
			b.WriteRune(r)
			n++
		}
		s = s[size:]
	}
	if len(s) > 0 {
		b.WriteString("…")
	}
	return b.String()
}
