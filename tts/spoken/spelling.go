package spoken

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// spelled says letters with dashes between them with rests: S-M-I-T-H.
func (p *piece) spelled() bool {
	s := p.next()
	var b strings.Builder
	n, count := 0, 0
	for {
		r, w := utf8.DecodeRuneInString(s[n:])
		if !unicode.IsUpper(r) || !inWord(r) {
			return false
		}
		if count++; count > 1 {
			b.WriteString(p.language.rest())
		}
		b.WriteRune(r)
		if n += w; !strings.HasPrefix(s[n:], "-") || !startsWord(s[n+1:]) {
			break
		}
		n++
	}
	if count < 3 || startsWord(s[n:]) {
		return false
	}
	p.say(n, b.String())
	return true
}

// account says the number of a bank account, ISO 13616, sign by sign: GB29 NWBK 6016. A group is a span of its own.
func (p *piece) account() bool {
	s := p.next()
	if len(s) < 12 || !bigLetter(s[0]) || !bigLetter(s[1]) || digits(s[2:]) < 2 {
		return false
	}
	var ends []int
	figures := 0
	for at := 0; at < len(s) && len(ends) < 9; {
		n := 0
		for at+n < len(s) && n < 4 && (bigLetter(s[at+n]) || digit(s[at+n])) {
			if digit(s[at+n]) {
				figures++
			}
			n++
		}
		if n == 0 {
			break
		}
		at += n
		ends = append(ends, at)
		if n < 4 || !startsWord(s[at:]) && (space(s[at:]) != 1 || !startsWord(s[at+1:])) {
			break
		}
		if next := strings.TrimPrefix(s[at:], " "); !account(next) {
			break
		}
		at += len(s[at:]) - len(strings.TrimPrefix(s[at:], " "))
	}
	if len(ends) < 3 || startsWord(s[ends[len(ends)-1]:]) || figures < 6 {
		return false
	}
	from := 0
	for i, end := range ends {
		words := p.language.signs(strings.TrimPrefix(s[from:end], " "))
		if i+1 < len(ends) {
			words += p.language.rest()
			if s[end] == ' ' {
				end++
			}
		}
		p.say(end-from, words)
		from = end
	}
	return true
}

// account reports whether s begins with a group of an account's number: four signs or the last of them.
func account(s string) bool {
	n := 0
	for n < len(s) && n < 4 && (bigLetter(s[n]) || digit(s[n])) {
		n++
	}
	return n == 4 || n > 0 && digits(s) == n && !startsWord(s[n:])
}

func bigLetter(b byte) bool { return b >= 'A' && b <= 'Z' }

// signs says letters and digits one by one.
func (l *language) signs(w string) string {
	var b strings.Builder
	for i := range len(w) {
		if i > 0 {
			b.WriteByte(' ')
		}
		if digit(w[i]) {
			b.WriteString(l.digits[w[i]-'0'])
		} else {
			b.WriteByte(w[i])
		}
	}
	return b.String()
}
