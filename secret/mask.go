package secret

import (
	"strings"
	"unicode/utf8"
)

// A masked value is this sign and the last four characters; one with fewer than maskWhole characters shows nothing.
const (
	maskSign  = "…"
	maskWhole = 12
	maskShown = 4
)

// Mask gives a copy of v in which every value is hidden and every key stays: text becomes …last4, short text, numbers and
// booleans become …, null stays null.
func Mask(v any) any {
	switch v := v.(type) {
	case nil:
		return nil
	case map[string]any:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[k] = Mask(x)
		}
		return m
	case map[string]string:
		m := make(map[string]any, len(v))
		for k, x := range v {
			m[k] = maskText(x)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, x := range v {
			l[i] = Mask(x)
		}
		return l
	case string:
		return maskText(v)
	}
	return maskSign
}

func maskText(s string) string {
	if s == "" {
		return ""
	}
	if IsMasked(s) {
		return s
	}
	n := utf8.RuneCountInString(s)
	if n < maskWhole || !utf8.ValidString(s) {
		return maskSign
	}
	tail := len(s)
	for range maskShown {
		_, size := utf8.DecodeLastRuneInString(s[:tail])
		tail -= size
	}
	return maskSign + s[tail:]
}

// IsMasked reports whether s has the form of a masked value: in a request it means "unchanged".
func IsMasked(s string) bool {
	rest, ok := strings.CutPrefix(s, maskSign)
	return ok && (rest == "" || utf8.RuneCountInString(rest) == maskShown)
}
