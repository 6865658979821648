package auth

import (
	"errors"
	"strings"
)

const (
	headerMost = 4096 // bytes of a header that is read
	paramsMost = 32   // parameters in it
)

var errSyntax = errors.New("auth: no digest header")

// params are the parameters of a digest header by their name in lower case. Of a repeated one the first counts.
type params map[string]string

// parse reads a challenge or credentials (RFC 3261 §25.1): after the scheme, name=value with commas between, the value a token or
// a quoted string. It is lenient where it does no harm: tokens may hold what a quoted string may, less separators, for nonces and
// URIs come without quotes; commas may be missing a neighbour, and a list in qop its quotes.
func parse(s string) (params, error) {
	if len(s) > headerMost {
		return nil, errSyntax
	}
	s = strings.TrimLeft(s, " \t")
	end := strings.IndexAny(s, " \t")
	if end < 0 || !strings.EqualFold(s[:end], "digest") {
		return nil, errSyntax
	}
	rest := s[end:]
	p, last := params{}, ""
	for {
		rest = strings.TrimLeft(rest, " \t,")
		if rest == "" {
			return p, nil
		}
		end := strings.IndexAny(rest, "=,\" \t")
		name := rest
		if end >= 0 {
			name = rest[:end]
		}
		after := strings.TrimLeft(rest[len(name):], " \t")
		if after == "" || after[0] != '=' {
			if last != "qop" || name == "" || !clean(name) { // qop=auth,auth-int
				return nil, errSyntax
			}
			p[last] += "," + name
			rest = after
			continue
		}
		v, tail, err := value(strings.TrimLeft(after[1:], " \t"))
		if err != nil || name == "" || !clean(name) || len(p) == paramsMost {
			return nil, errSyntax
		}
		last = strings.ToLower(name)
		if _, again := p[last]; !again {
			p[last] = v
		}
		rest = tail
	}
}

// value takes a token or a quoted string from the front. Control characters are in neither.
func value(s string) (v, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ", \t\"")
		if end < 0 {
			end = len(s)
		}
		v, rest = s[:end], s[end:]
		if v == "" || !clean(v) {
			return "", "", errSyntax
		}
		return v, rest, nil
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"':
			return b.String(), s[i+1:], nil
		case c == '\\' && i+1 < len(s):
			i++
			c = s[i]
			fallthrough
		default:
			if c < ' ' && c != '\t' || c == 0x7f {
				return "", "", errSyntax
			}
			b.WriteByte(c)
		}
	}
	return "", "", errSyntax
}

func clean(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f })
}

// quote is the reverse of value, for what may hold anything but control characters.
func quote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
}
