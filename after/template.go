package after

import (
	"bytes"
	"encoding/json"
	"html"
	"net/url"
	"strings"

	"github.com/parley-voice/parley"
)

// A piece of a template is text, or the place of a value: ${name}, {{name}} or {name}, each with a default after a bar.
type piece struct {
	text     string
	name     string // "": it is text
	fallback string
	given    bool // there is a fallback
}

// parse reads a template. Braces around anything but a name, or a known value's, are text.
func parse(s string, known values) (list []piece) {
	var b strings.Builder
	flush := func() {
		if b.Len() > 0 {
			list = append(list, piece{text: b.String()})
			b.Reset()
		}
	}
	for len(s) > 0 {
		i := strings.IndexAny(s, "${")
		if i < 0 {
			break
		}
		b.WriteString(s[:i])
		s = s[i:]
		p, n := place(s, known)
		if n == 0 {
			b.WriteByte(s[0])
			s = s[1:]
			continue
		}
		flush()
		list = append(list, p)
		s = s[n:]
	}
	b.WriteString(s)
	flush()
	return list
}

// place reads the place of a value at the beginning of s; n 0: there is none.
func place(s string, known values) (p piece, n int) {
	for _, b := range [][2]string{{"${", "}"}, {"{{", "}}"}, {"{", "}"}} {
		inner, ok := strings.CutPrefix(s, b[0])
		if !ok {
			continue
		}
		inner, _, ok = strings.Cut(inner, b[1])
		if !ok {
			continue
		}
		p.name, p.fallback, p.given = strings.Cut(inner, "|")
		p.name = strings.TrimSpace(p.name)
		if _, is := known[p.name]; is && p.name != "" || parley.IsVariable(p.name) {
			return p, len(b[0]) + len(inner) + len(b[1])
		}
	}
	return piece{}, 0
}

// An escape writes a value so that it stays one where it is put.
type escape func(string) string

func plainly(s string) string { return s }

// oneLine is for where a line break would begin something else: headers and subjects.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029' }), " ")
}

func inHTML(s string) string { return strings.ReplaceAll(html.EscapeString(s), "\n", "<br>\n") }

func inPath(s string) string {
	if s == "." || s == ".." {
		return "" // a step, not a name
	}
	return url.PathEscape(s)
}

// value is a piece's: its own, else its default; false: there is none.
func (p piece) value(v values) (any, bool) {
	x, ok := v[p.name]
	switch {
	case ok && x != "" && x != nil:
		return x, true
	case p.given:
		return p.fallback, true
	}
	return x, ok
}

// fill puts the values in. Those that are missing become nothing and are named, once each.
func fill(template string, v values, esc escape) (filled string, missing []string) {
	var b strings.Builder
	for _, p := range parse(template, v) {
		if p.name == "" {
			b.WriteString(p.text)
			continue
		}
		x, ok := p.value(v)
		if !ok {
			missing = addTo(missing, p.name)
			continue
		}
		b.WriteString(esc(asText(x)))
	}
	return b.String(), missing
}

// fillJSON puts the values into a JSON document: within quotes as text, elsewhere as what they are, null where there is none. The
// result need not be JSON: the template may not be.
func fillJSON(template string, v values) (filled []byte, missing []string) {
	var b bytes.Buffer
	quoted, escaped := false, false
	for _, p := range parse(template, v) {
		if p.name == "" {
			for i := range len(p.text) {
				switch c := p.text[i]; {
				case escaped:
					escaped = false
				case quoted && c == '\\':
					escaped = true
				case c == '"':
					quoted = !quoted
				}
			}
			b.WriteString(p.text)
			continue
		}
		x, ok := p.value(v)
		if !ok {
			missing = addTo(missing, p.name)
		}
		if quoted {
			x = asText(x)
		}
		doc, err := json.Marshal(x)
		if err != nil {
			doc = []byte("null")
		}
		if quoted {
			doc = doc[1 : len(doc)-1]
		}
		b.Write(doc)
	}
	return b.Bytes(), missing
}

// isDocument reports whether b is a JSON object or array.
func isDocument(b []byte) bool {
	b = bytes.TrimSpace(b)
	return len(b) > 0 && (b[0] == '{' || b[0] == '[') && json.Valid(b)
}

// asText is a value as people read it.
func asText(x any) string {
	switch x := x.(type) {
	case nil:
		return ""
	case string:
		return x
	case json.RawMessage:
		var s string
		if json.Unmarshal(x, &s) == nil {
			return s
		}
		var b bytes.Buffer
		if json.Compact(&b, x) != nil {
			return string(x)
		}
		return b.String()
	}
	b, err := json.Marshal(x)
	if err != nil {
		return ""
	}
	return string(b)
}

// missingOf are the warnings about values that a field wants and nobody has.
func missingOf(field string, missing []string) (warnings []string) {
	for _, m := range missing {
		warnings = append(warnings, field+": no value for ${"+m+"}; it was left out")
	}
	return warnings
}
