package conversation

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A plainer makes of a model's Markdown what can be spoken: marks for the eye go, the words stay. It is given the pieces in
// their order. What the operator wrote (greeting, questions, commands to say) does not pass here.
type plainer struct {
	inLine bool // the next piece goes on within a line
}

// piece is text without headings' and lists' signs, emphasis, code marks, emoji, and the addresses behind links. An address
// in angle brackets is left as people say it: without its scheme. Tags stay, for some voices read them (<break/>).
func (p *plainer) piece(text string) string {
	if text == "" {
		return ""
	}
	var b strings.Builder
	for l := range strings.SplitAfterSeq(text, "\n") {
		if l == "" {
			continue
		}
		if !p.inLine {
			l = unmarked(l)
		}
		p.inLine = !strings.HasSuffix(l, "\n")
		plainInto(&b, l)
	}
	return b.String()
}

// unmarked is a line without the signs at its beginning that say what kind of line it is.
func unmarked(l string) string {
	end := ""
	if strings.HasSuffix(l, "\n") {
		end = "\n"
	}
	if bare := strings.Map(notSpace, l); len(bare) > 2 && strings.Trim(bare, bare[:1]) == "" && strings.ContainsAny(bare[:1], "-*_=") {
		return end // a rule
	}
	for {
		rest := strings.TrimLeft(l, " \t")
		switch n := len(rest) - len(strings.TrimLeft(rest, "#")); {
		case strings.HasPrefix(rest, "```"), strings.HasPrefix(rest, "~~~"): // a fence, with the name of what it fences
			return end
		case n >= 1 && n <= 6 && strings.HasPrefix(rest[n:], " "):
			return rest[n+1:]
		case strings.HasPrefix(rest, "> "), strings.HasPrefix(rest, "- "), strings.HasPrefix(rest, "* "):
			l = rest[2:]
		case strings.HasPrefix(rest, "• "), strings.HasPrefix(rest, "– "):
			_, size := utf8.DecodeRuneInString(rest)
			l = rest[size+1:]
		default:
			return l
		}
	}
}

func notSpace(r rune) rune {
	if unicode.IsSpace(r) {
		return -1
	}
	return r
}

// plainInto writes part of a line without the signs within it.
func plainInto(b *strings.Builder, s string) {
	before := ' '
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		skip, put := sign(s[i:], r, n, before)
		if skip == 0 {
			b.WriteString(s[i : i+n])
			before, i = r, i+n
			continue
		}
		plainLink(b, put)
		i += skip
		if r > 0x2000 && before == ' ' && i < len(s) && s[i] == ' ' {
			i++ // the space before an emoji is enough
		}
	}
}

// plainLink writes the words of a link, which may be emphasized.
func plainLink(b *strings.Builder, words string) {
	if words != "" {
		plainInto(b, words)
	}
}

// sign says how many bytes at the beginning of s are no words, and which words stand in their place; 0: r is to be said.
func sign(s string, r rune, n int, before rune) (skip int, put string) {
	switch r {
	case '`':
		return n, ""
	case '\\':
		if len(s) > 1 && strings.IndexByte("*_#`~[]()<>-+.!", s[1]) >= 0 {
			return 2, s[1:2] // alone, it is none that goes
		}
	case '*', '_', '~':
		run := len(s) - len(strings.TrimLeft(s, string(r)))
		after, _ := utf8.DecodeRuneInString(s[run:])
		if run == len(s) {
			after = ' '
		}
		if emphasis(r, run, before, after) {
			return run, ""
		}
	case '!':
		if strings.HasPrefix(s, "![") {
			if skip, put := link(s[1:]); skip > 0 {
				return skip + 1, put
			}
		}
	case '[':
		return link(s)
	case ']': // the words of the link were in an earlier piece
		if end := target(s[1:]); end > 0 {
			return 1 + end, ""
		}
	case '<':
		return address(s)
	}
	if emoji(r) || (r == '\u200d' || r == '\ufe0f') && before < 0x300 {
		return n, ""
	}
	return 0, ""
}

// emphasis tells * and _ around words from those that are signs of their own: 3 * 4, 2*3, snake_case.
func emphasis(r rune, run int, before, after rune) bool {
	word := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }
	switch {
	case r == '~':
		return run == 2
	case unicode.IsSpace(before) && unicode.IsSpace(after):
		return run > 1 && r == '*'
	case r == '_':
		return !(word(before) && word(after))
	}
	return run > 1 || !(unicode.IsDigit(before) && unicode.IsDigit(after))
}

// link reads [words](address).
func link(s string) (skip int, words string) {
	shut := strings.IndexByte(s, ']')
	if shut < 0 {
		return 0, ""
	}
	if end := target(s[shut+1:]); end > 0 {
		return shut + 1 + end, s[1:shut]
	}
	return 0, ""
}

// target is the length of an (address) at the beginning of s, 0: there is none.
func target(s string) int {
	if !strings.HasPrefix(s, "(") {
		return 0
	}
	end := strings.IndexAny(s, ") \n")
	if end < 0 || s[end] != ')' || !strings.ContainsAny(s[:end], ":/#.") {
		return 0
	}
	return end + 1
}

// address reads <https://example.com> and <somebody@example.com>.
func address(s string) (skip int, words string) {
	end := strings.IndexAny(s, "> \n")
	if end < 0 || s[end] != '>' {
		return 0, ""
	}
	inner := s[1:end]
	for _, scheme := range []string{"https://", "http://", "mailto:", "tel:"} {
		if rest, ok := strings.CutPrefix(inner, scheme); ok {
			return end + 1, strings.TrimSuffix(strings.TrimPrefix(rest, "www."), "/")
		}
	}
	if strings.Contains(inner, "@") || strings.HasPrefix(inner, "www.") {
		return end + 1, inner
	}
	return 0, ""
}

// emoji reports whether r is a picture, or part of one.
func emoji(r rune) bool {
	return r >= 0x1F000 && r <= 0x1FAFF || r >= 0x2600 && r <= 0x27BF || r == 0x2B50 || r == 0x20E3 || r >= 0xE0020 && r <= 0xE007F
}
