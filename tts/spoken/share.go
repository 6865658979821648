package spoken

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fraction says 1/2, 3/4, 4.8/5, and other figures with a stroke between them.
func (p *piece) fraction(f *figure) bool {
	l := p.language
	s := p.next()
	if f.grouped || f.n >= len(s) || s[f.n] != '/' || l.cardinal == nil {
		return false
	}
	n := digits(s[f.n+1:])
	end := f.n + 1 + n
	if n == 0 || n > 4 || len(f.digits) > 4 || startsWord(s[end:]) || end < len(s) && s[end] == '/' {
		return false
	}
	whole, of := f.digits, s[f.n+1:end]
	if share := l.share(s[:end], s[end:]); share != "" {
		if p.last != "" && digits(p.last) == len(p.last) && strings.HasSuffix(p.text[:p.at], p.last+" ") { // 1 1/2
			share = l.words.and + " " + share
		}
		p.say(end, share)
		return true
	}
	switch {
	case s[:end] == "24/7":
		p.say(end, l.small("24")+" "+l.small("7"))
	case l.outOf != "" && (of == "5" || of == "10" || of == "100") && (len(whole) < len(of) || len(whole) == len(of) && whole <= of):
		p.say(end, l.count(f, alone)+" "+l.outOf+" "+l.few(of))
	case f.part != "":
		return false
	default:
		p.say(end, l.few(whole)+" "+l.words.slash+" "+l.few(of))
	}
	return true
}

// share is what a part of a whole is called before what follows it, "" for one that has no name here.
func (l *language) share(s, after string) string {
	switch s {
	case "1/2":
		if sp := space(after); sp > 0 {
			if half, ok := halves[l.code]; ok && wordLen(after[sp:]) > 3 {
				return feminineIf(strings.HasSuffix(after[sp:sp+wordLen(after[sp:])], "a"), half)
			}
		}
		return l.words.shares[0]
	case "1/4":
		return l.words.shares[1]
	case "3/4":
		return l.words.shares[2]
	case "1/3":
		return l.words.shares[3]
	case "2/3":
		return l.words.shares[4]
	}
	return ""
}

// halves agree with what they are of.
var halves = map[string]string{"es": "medio", "pt": "meio", "it": "mezzo"}

// each is what an amount is for one of: /month, and its length.
func (p *piece) each(s string) (words string, n int) {
	l := p.language
	if len(s) < 2 || s[0] != '/' {
		return "", 0
	}
	r, _ := utf8.DecodeRuneInString(s[1:])
	if !unicode.IsLetter(r) {
		return "", 0
	}
	if l.cardinal == nil { // 月1980円
		for of, words := range l.per {
			if strings.HasPrefix(s[1:], of) {
				return words, 1 + len(of)
			}
		}
		return "", 0
	}
	n = wordLen(s[1:])
	w := s[1 : 1+n]
	if words = l.per[strings.ToLower(w)]; words != "" {
		return words, 1 + n
	}
	if u, ok := l.units[w]; ok {
		w = u.one
	}
	return l.per[""] + " " + w, 1 + n
}

// apiece puts together an amount and what it is for one of.
func (l *language) apiece(words, each string) string {
	switch {
	case each == "":
		return words
	case l.cardinal == nil:
		return each + words
	}
	return words + " " + each
}

// isWord reports whether s begins with the word w, in any case, and w ends there.
func isWord(s, w string) bool {
	return len(s) >= len(w) && strings.EqualFold(s[:len(w)], w) && !startsWord(s[len(w):])
}
