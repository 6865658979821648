// Package number is the one checker of what may be dialled: a telephone number, a SIP address, or an extension. What it passes
// can stand in a SIP message and in a URL without a way out of its field. It starts no goroutine.
package number

import (
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"github.com/parley-voice/parley"
)

// A Kind is the form of an Address.
type Kind uint8

const (
	E164      Kind = iota + 1 // +15551234567
	SIP                       // sip:user@host:port;transport=tcp
	Extension                 // what a PBX calls one of its own: 100, *98, alice
)

func (k Kind) String() string {
	switch k {
	case E164:
		return "E.164 number"
	case SIP:
		return "SIP address"
	case Extension:
		return "extension"
	}
	return "nothing"
}

// An Address is something that may be dialled, checked.
type Address struct {
	Kind Kind
	Text string // as it is dialled
}

// maxLen is the longest address taken, in bytes.
const maxLen = 256

// maxDigits is how many digits a number without its + may have at most: 15, and what is dialled before it to get out of a house and a country.
const maxDigits = 20

var (
	e164 = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	// extension: what RFC 3261 lets a user part hold unescaped, less the characters that have a meaning in URLs and shells.
	extension = regexp.MustCompile(`^[A-Za-z0-9*#_.+-]{1,64}$`)
	// user and password parts: RFC 3261 unreserved, user-unreserved and escapes.
	userPart = regexp.MustCompile(`^(?:[A-Za-z0-9_.!~*'()&=+$,;?/#-]|%[0-9A-Fa-f]{2}){1,128}$`)
	host     = regexp.MustCompile(`^(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.?$`)
	param    = regexp.MustCompile(`^[A-Za-z0-9_.!~*'()+$-]{1,32}(?:=(?:[A-Za-z0-9_.!~*'()+$:/\[\]&-]|%[0-9A-Fa-f]{2}){1,64})?$`)
	hostile  = regexp.MustCompile(`(?i)%(?:0[0-9a-f]|1[0-9a-f]|7f)`) // escaped control characters
)

// Parse checks what the field of a request holds. A + that URL decoding turned into a space comes back. The error names the
// field: a *parley.Error of status 400.
func Parse(field, text string) (Address, error) {
	if fixed := repair(text); e164.MatchString(fixed) {
		return Address{E164, fixed}, nil
	}
	switch {
	case text == "":
		return Address{}, parley.Invalid(field, field+" is missing")
	case len(text) > maxLen:
		return Address{}, parley.Invalid(field, field+" is too long to be dialled")
	case strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r > 0x7e }):
		return Address{}, parley.Invalid(field, field+" has a space or a character that cannot be dialled")
	}
	if scheme, rest, ok := strings.Cut(text, ":"); ok && (strings.EqualFold(scheme, "sip") || strings.EqualFold(scheme, "sips")) {
		if !uri(rest) {
			return Address{}, parley.Invalid(field, field+" is not a SIP address like sip:user@host")
		}
		return Address{SIP, strings.ToLower(scheme) + ":" + rest}, nil
	}
	if strings.HasPrefix(text, "+") {
		return Address{}, parley.Invalid(field, field+" is not an E.164 number: + and 7 to 15 digits, the first not 0, like +15551234567")
	}
	if extension.MatchString(text) {
		return Address{Extension, text}, nil
	}
	return Address{}, parley.Invalid(field, field+" must be an E.164 number like +15551234567, a SIP address like sip:user@host, or an extension")
}

// Number is Parse for a field that takes nothing but an E.164 number.
func Number(field, text string) (string, error) {
	a, err := Parse(field, text)
	if err != nil || a.Kind != E164 {
		return "", parley.Invalid(field, field+" must be an E.164 number like +15551234567")
	}
	return a.Text, nil
}

// repair gives back the + that decoding a query or a form turned into a space.
func repair(text string) string {
	if rest, ok := strings.CutPrefix(text, " "); ok {
		return "+" + rest
	}
	return text
}

// uri checks what follows the scheme: [user[:password]@]host[:port][;parameters]. Headers (?…) are refused: they could
// add anything to the INVITE.
func uri(s string) bool {
	if hostile.MatchString(s) {
		return false
	}
	if user, rest, ok := strings.Cut(s, "@"); ok {
		s = rest
		name, password, has := strings.Cut(user, ":")
		if !userPart.MatchString(name) || has && password != "" && !userPart.MatchString(password) {
			return false
		}
	}
	s, params, has := strings.Cut(s, ";")
	if has {
		for p := range strings.SplitSeq(params, ";") {
			if !param.MatchString(p) {
				return false
			}
		}
	}
	return hostPort(s)
}

func hostPort(s string) bool {
	name, port, has := s, "", false
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return false
		}
		a, err := netip.ParseAddr(s[1:end])
		if err != nil || !a.Is6() || a.Zone() != "" {
			return false
		}
		if s = s[end+1:]; s == "" {
			return true
		}
		if port, has = strings.CutPrefix(s, ":"); !has {
			return false
		}
	} else {
		if name, port, has = strings.Cut(s, ":"); !host.MatchString(name) || len(name) > 253 {
			return false
		}
	}
	return !has || validPort(port)
}

func validPort(s string) bool {
	if len(s) == 0 || len(s) > 5 || s[0] == '0' {
		return false
	}
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' {
			return false
		}
		n = n*10 + int(c-'0')
	}
	return n <= 65535
}

// HostPort is where a sip: address that was parsed leads: its host without brackets, and its port, 0 when it has none.
func HostPort(address string) (host string, port int) {
	_, s, _ := strings.Cut(address, ":")
	if _, after, ok := strings.Cut(s, "@"); ok {
		s = after
	}
	s, _, _ = strings.Cut(s, ";")
	if end := strings.IndexByte(s, ']'); strings.HasPrefix(s, "[") && end > 0 {
		host, s = s[1:end], s[end+1:]
	} else {
		host, s, _ = strings.Cut(s, ":")
		s = ":" + s
	}
	port, _ = strconv.Atoi(strings.TrimPrefix(s, ":"))
	return host, port
}

// Target is Parse for whom an agent may call: an extension is of digits, for a word is a mistake.
func Target(field, text string) (Address, error) {
	a, err := Parse(field, text)
	if err == nil && a.Kind == Extension && strings.ContainsFunc(text, func(r rune) bool { return r < '0' || r > '9' }) {
		return Address{}, parley.Invalid(field, field+" must be an E.164 number like +15551234567, a SIP address like sip:user@host, or an extension of digits")
	}
	if err == nil && a.Kind == Extension && len(text) > maxDigits {
		return Address{}, parley.Invalid(field, field+fmt.Sprintf(" has %d digits: a number has at most 15 behind its +, an extension at most %d", len(text), maxDigits))
	}
	return a, err
}
