package call

import (
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

// Fill puts values into ${name}, ${name|default}, {{name}} and {{name|default}}. A name without value and default becomes
// nothing and is reported in missing, once each, in order of appearance.
func Fill(text string, vars map[string]string) (filled string, missing []string) {
	var b strings.Builder
	for {
		start, open, shut := nextBrace(text)
		if start < 0 {
			b.WriteString(text)
			return b.String(), missing
		}
		end := strings.Index(text[start+len(open):], shut)
		if end < 0 {
			b.WriteString(text)
			return b.String(), missing
		}
		inner := text[start+len(open) : start+len(open)+end]
		name, fallback, hasDefault := strings.Cut(inner, "|")
		name = strings.TrimSpace(name)
		if !parley.IsVariable(name) { // not ours: JSON in a prompt, a template of somebody else's
			b.WriteString(text[:start+len(open)])
			text = text[start+len(open):]
			continue
		}
		b.WriteString(text[:start])
		switch v, ok := vars[name]; {
		case ok && v != "":
			b.WriteString(v)
		case hasDefault:
			b.WriteString(fallback)
		case !ok:
			missing = appendOnce(missing, name)
		}
		text = text[start+len(open)+end+len(shut):]
	}
}

func nextBrace(s string) (at int, open, shut string) {
	d, m := strings.Index(s, "${"), strings.Index(s, "{{")
	switch {
	case d < 0 && m < 0:
		return -1, "", ""
	case m < 0 || d >= 0 && d < m:
		return d, "${", "}"
	}
	return m, "{{", "}}"
}

func appendOnce(list []string, s string) []string {
	for _, x := range list {
		if x == s {
			return list
		}
	}
	return append(list, s)
}

// withoutBlocks takes {{> label}} out of a prompt, in whose place no block has been put, and says which, once each.
func withoutBlocks(text string) (rest string, gone []string) {
	var b strings.Builder
	for {
		before, after, found := strings.Cut(text, "{{>")
		b.WriteString(before)
		if !found {
			return b.String(), gone
		}
		label, after, closed := strings.Cut(after, "}}")
		if !closed {
			b.WriteString("{{>" + label)
			return b.String(), gone
		}
		gone = appendOnce(gone, strings.TrimSpace(label))
		text = after
	}
}

// variables are the call's own, over which nothing in its context can write.
func variables(c *parley.Call, now time.Time) map[string]string {
	v := make(map[string]string, len(c.Context)+5)
	for k, x := range c.Context {
		v[k] = x
	}
	direction := "inbound"
	if c.IsOutgoing {
		direction = "outbound"
	}
	v["call_id"], v["from_number"], v["to_number"], v["direction"] = c.ID, c.From, c.To, direction
	v["now"] = now.UTC().Format(time.RFC3339)
	return v
}
