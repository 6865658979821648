package action

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/parley-voice/parley"
)

// variable is a place that Site.Fill fills: ${name}, {{name}}, each with or without |default.
var variable = regexp.MustCompile(`\$\{[^{}]*\}|\{\{[^{}]*\}\}`)

// fillURL puts the call's variables into an address so that each stays one name of its path, or one value of its query: some are a
// caller's words, and must lead nowhere else. In what comes before the path none may stand.
func (s Site) fillURL(field, address string) (string, error) {
	address = strings.TrimSpace(address)
	places := variable.FindAllStringIndex(address, -1)
	if len(places) == 0 {
		return address, nil
	}
	path := strings.Index(address, "://")
	if path >= 0 {
		if path += len("://"); !strings.ContainsAny(address[path:], "/?#") {
			path = len(address)
		} else {
			path += strings.IndexAny(address[path:], "/?#")
		}
	}
	if path < 0 || places[0][0] < path {
		return "", parley.Invalid(field, field+": a variable may stand in the path and in the query only, as in https://example.com/orders/${order}?from=${from_number}")
	}
	query := strings.IndexByte(variable.ReplaceAllStringFunc(address, func(p string) string { return strings.Repeat("x", len(p)) }), '?')
	var b strings.Builder
	end := 0
	for _, p := range places {
		b.WriteString(address[end:p[0]])
		end = p[1]
		switch v := s.fill(field, address[p[0]:end]); {
		case s.Fill == nil:
			b.WriteString(v) // known at the call only
		case query >= 0 && p[0] > query:
			b.WriteString(url.QueryEscape(v))
		case v == "." || v == "..": // a step, not a name
		default:
			b.WriteString(url.PathEscape(v))
		}
	}
	return b.String() + address[end:], nil
}
