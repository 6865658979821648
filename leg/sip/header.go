package sip

import (
	"errors"
	"fmt"
	"strings"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg"
)

const (
	headerValueMost = 1024 // bytes of one header taken in or sent
	headersMost     = 64   // headers taken in or sent as variables
	product         = "Parley"
	allow           = "INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, NOTIFY"
)

// errUnsafe: something in a message of ours could end a header and begin another.
var errUnsafe = errors.New("sip: control character in an outgoing message")

// clean reports whether s may stand in a header: no control character at all, CR, LF and NUL least of all.
func clean(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// safe refuses a message with control characters in its start line or any header. Everything we send passes here.
func safe(start string, m interface{ Headers() []sip.Header }) error {
	if !clean(start) {
		return errUnsafe
	}
	for _, h := range m.Headers() {
		if !clean(h.Name()) || !clean(h.Value()) {
			return fmt.Errorf("%w: %s", errUnsafe, h.Name()[:min(len(h.Name()), 32)])
		}
	}
	return nil
}

// told are the headers of an INVITE worth having as variables, besides X-*: RFC 5806, 7044, 3325 and 7433. Those that may be set, too.
var told = []struct {
	name string
	set  bool
}{{"Diversion", true}, {"History-Info", false}, {"P-Asserted-Identity", true}, {"User-To-User", true}}

// wanted gives the canonical name of a header that is worth having as a variable, and says whether calls of ours may carry it.
func wanted(name string) (canonical string, has, set bool) {
	if len(name) > 2 && strings.EqualFold(name[:2], "X-") {
		return name, true, true
	}
	for _, t := range told {
		if strings.EqualFold(name, t.name) {
			return t.name, true, t.set
		}
	}
	return "", false, false
}

// variables are the headers worth having. Of a repeated one the first counts.
func variables(req *sip.Request) map[string]string {
	m := map[string]string{}
	for _, h := range req.Headers() {
		name, has, _ := wanted(h.Name())
		if !has || !token(h.Name()) || len(h.Name()) > 64 || len(m) >= headersMost {
			continue
		}
		if v := h.Value(); len(v) <= headerValueMost && clean(v) {
			if _, again := m[name]; !again {
				m[name] = text(v)
			}
		}
	}
	return m
}

// extra adds the caller's own headers to a request, in a form that cannot break the message: X-* and those an operator may need to see.
// Others are an error.
func extra(req *sip.Request, c leg.Call) error {
	if len(c.Headers) > headersMost {
		return fmt.Errorf("sip: %d headers, %d are the most", len(c.Headers), headersMost)
	}
	for name, value := range c.Headers {
		canonical, _, set := wanted(name)
		if !set || !token(name) {
			return fmt.Errorf("sip: header %q: only X-*, Diversion, P-Asserted-Identity and User-To-User can be set", name)
		}
		if len(value) > headerValueMost || !clean(value) {
			return fmt.Errorf("sip: header %s: %w", name, errUnsafe)
		}
		req.AppendHeader(sip.NewHeader(canonical, value))
	}
	if c.Replaces != "" {
		if _, err := parseReplaces(c.Replaces); err != nil {
			return err
		}
		req.AppendHeader(sip.NewHeader("Require", "replaces"))
		req.AppendHeader(sip.NewHeader("Replaces", c.Replaces))
	}
	return nil
}

// token is RFC 3261 §25.1.
func token(s string) bool {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("-.!%*_+`'~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// userPart escapes what may not stand before the @ of a URI (RFC 3261 §25.1, user).
func userPart(s string) string {
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-_.!~*'()&=+$,;?/", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// unescape is the reverse; a broken escape stays as it is.
func unescape(s string) string {
	if !strings.Contains(s, "%") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			hi, lo := hex(s[i+1]), hex(s[i+2])
			if c := hi<<4 | lo; hi >= 0 && lo >= 0 && c >= ' ' && c != 0x7f {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
