package cli

import (
	"strings"
)

// comparisons of a filter, longest first, and what the API calls them.
var comparisons = []struct{ sign, name string }{{"!=", "ne"}, {">=", "gte"}, {"<=", "lte"}, {"=", ""}, {">", "gt"}, {"<", "lt"}, {"~", "contains"}}

// filters makes what --filter says the object that the API takes.
func (a *act) filters() (map[string]any, error) {
	out := map[string]any{}
	for _, text := range a.flags.Filter {
		field, sign, value := compare(text)
		if field == "" {
			return nil, misuse("--filter: %q is no filter: write field=value; != > >= < <= and ~ (contains) are understood, too", text)
		}
		item := a.verb.item()
		typed, err := convert(property(item, field), field, value)
		if err != nil {
			return nil, err
		}
		if sign == "" {
			out[field] = typed
			continue
		}
		bounds, ok := out[field].(map[string]any)
		if !ok {
			bounds = map[string]any{}
		}
		bounds[sign] = typed
		out[field] = bounds
	}
	return out, nil
}

// compare takes a filter apart at its first sign.
func compare(text string) (field, sign, value string) {
	at := strings.IndexAny(text, "!=<>~")
	if at < 1 {
		return "", "", ""
	}
	for _, c := range comparisons {
		if rest, ok := strings.CutPrefix(text[at:], c.sign); ok {
			return text[:at], c.name, rest
		}
	}
	return "", "", ""
}
