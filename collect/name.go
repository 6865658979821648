package collect

import (
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// mostNames is how many words a name has.
const mostNames = 8

// name reads a name. What is spelled behind a word with the same first letter takes its place: "Maier, M A Y E R".
func (w *words) name(said string) (string, error) {
	said = strings.Trim(said, " .,;:!?\"")
	fields := strings.FieldsFunc(said, func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune(",;:!?\"", r) })
	lower := make([]string, len(fields))
	for i, f := range fields {
		lower[i] = strings.Join(tokens(f), "")
	}
	fields = fields[len(fields)-len(w.bare(lower)):]
	fields = unhyphened(fields)
	plain := make([]string, len(fields))
	for i, f := range fields {
		plain[i] = strings.ToLower(strings.Trim(f, "."))
	}
	out, spelt := w.spelt(fields, plain)
	small := !strings.ContainsFunc(strings.Join(out, ""), unicode.IsUpper) // as recognisers write
	for i := range out {
		if small || spelt[i] {
			out[i] = titled(out[i])
		}
	}
	name := strings.Join(out, " ")
	switch {
	case strings.ContainsFunc(name, unicode.IsDigit):
		return "", errors.New("there are digits in it")
	case strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !strings.ContainsRune(" '’.-·・", r)
	}):
		return "", errors.New("there are signs in it that names do not have")
	case len(out) > mostNames || utf8.RuneCountInString(name) > mostName:
		return "", errors.New("it is too long for a name")
	}
	return bounded(name, 1, mostName, true)
}

// unhyphened parts what is spelled with hyphens, M-E-Y-E-R, and leaves Anne-Marie.
func unhyphened(fields []string) (out []string) {
	for _, f := range fields {
		parts := strings.FieldsFunc(f, func(r rune) bool { return r == '-' || r == '.' })
		letters := len(parts) > 2
		for _, p := range parts {
			letters = letters && utf8.RuneCountInString(p) == 1
		}
		if letters {
			out = append(out, parts...)
		} else {
			out = append(out, f)
		}
	}
	return out
}

// spelt joins rows of two letters or more, and says which of out they are.
func (w *words) spelt(fields, plain []string) (out []string, rows map[int]bool) {
	rows = map[int]bool{}
	for i := 0; i < len(fields); {
		row, n := w.row(plain[i:])
		if row == "" {
			out = append(out, fields[i])
			i++
			continue
		}
		i += n
		if last := len(out) - 1; last >= 0 && sameStart(out[last], row) {
			out[last] = row
		} else {
			out = append(out, row)
		}
		rows[len(out)-1] = true
	}
	return out, rows
}

// row is what is spelled at the beginning of words, and of how many.
func (w *words) row(plain []string) (row string, took int) {
	for took < len(plain) {
		word := plain[took]
		times := w.numerals.times[word]
		switch {
		case utf8.RuneCountInString(word) == 1 && letter(word):
			row += word
			took++
			for n := 2; n > 0; n-- {
				if took+n < len(plain) && w.asIn[strings.Join(plain[took:took+n], " ")] && strings.HasPrefix(plain[took+n], word) {
					took += n + 1
					break
				}
			}
			continue
		case times > 0 && took+1 < len(plain) && utf8.RuneCountInString(plain[took+1]) == 1:
			row += strings.Repeat(plain[took+1], times)
			took += 2
			continue
		}
		break
	}
	if utf8.RuneCountInString(row) < 2 {
		return "", 0
	}
	return row, took
}

func letter(s string) bool {
	r, _ := utf8.DecodeRuneInString(s)
	return unicode.IsLetter(r) && r < 0x2E80
}

func sameStart(a, b string) bool {
	x, _ := utf8.DecodeRuneInString(strings.ToLower(a))
	y, _ := utf8.DecodeRuneInString(b)
	return x == y
}

// titled is a word that is written small with a capital.
func titled(s string) string {
	if s != strings.ToLower(s) {
		return s
	}
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}
