package spoken

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// code says what mixes letters with digits: A-1042-B, v2.1, Q3, 4K. Up to two digits are a number, more are said one by one; capitals
// beside them are said one by one, too, words are words.
func (p *piece) code() bool {
	s := p.next()
	n, figures, points := 0, 0, 0
	for n < len(s) {
		c := s[n]
		switch {
		case digit(c):
			figures++
		case asciiLetter(c):
		case (c == '-' || c == '.' || c == '/') && n > 0 && n+1 < len(s) && (digit(s[n+1]) || c != '.' && c != '/' && asciiLetter(s[n+1]) && p.coded(s[n+1:], figures)):
			if c == '.' || c == '/' {
				if !digit(s[n-1]) {
					goto done
				}
				points++
			}
		default:
			goto done
		}
		n++
	}
done:
	if figures == 0 || startsWord(s[n:]) || !letters(s[:n]) || n > longAddress {
		return false
	}
	w := s[:n]
	if nth, ok := strings.CutPrefix(w, "ke-"); ok && p.language.code == "id" && len(nth) < 4 && digits(nth) == len(nth) {
		v, _ := strconv.ParseUint(nth, 10, 64)
		p.say(n, p.language.ordinal(v, alone))
		return true
	}
	p.say(n, p.language.coded(w))
	return true
}

// coded reports whether what follows a dash belongs to the code: capitals, or more digits. A word does not: 24-hour.
func (p *piece) coded(s string, figures int) bool {
	n := wordLen(s)
	if figures == 0 { // the digits must be on the way
		for i := range n {
			if digit(s[i]) {
				return true
			}
		}
		return n < len(s) && s[n] == '-' && n <= 3 && n+1 < len(s) && digit(s[n+1])
	}
	for i := range n {
		if s[i] >= 'a' && s[i] <= 'z' {
			return false
		}
	}
	return n <= 4
}

func (l *language) coded(w string) string {
	var b strings.Builder
	put := func(s string) {
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(s)
	}
	serial := strings.ContainsRune(w, '-')
	for i := 0; i < len(w); {
		c := w[i]
		n := 1
		switch {
		case digit(c):
			n = digits(w[i:])
			d := w[i : i+n]
			if l.cardinal == nil || n <= 2 {
				put(l.small(d))
			} else {
				put(l.spell(d))
			}
		case asciiLetter(c):
			for i+n < len(w) && asciiLetter(w[i+n]) {
				n++
			}
			put(l.lettered(w[i:i+n], i == 0 && n == 1, serial))
		case c == '.':
			if l.decimal == ',' {
				put(l.words.dot)
			} else {
				put(l.words.point)
			}
		case c == '/':
			put(l.words.slash)
		case b.Len() > 0 && serial && long(w):
			b.WriteByte(',')
		}
		i += n
	}
	return b.String()
}

// long reports whether a code is said with rests between its parts.
func long(w string) bool { return len(w) > 8 }

// lettered says the letters of a code.
func (l *language) lettered(w string, first, serial bool) string {
	if first && (w == "v" || w == "V") && l.words.version != "" && !serial {
		return l.words.version
	}
	if len(w) > 3 || w != strings.ToUpper(w) {
		if len(w) == 1 {
			return strings.ToUpper(w)
		}
		return w
	}
	return strings.Join(strings.Split(w, ""), " ")
}

// decade says 1980s and 20s.
func (p *piece) decade() bool {
	w := p.next()
	n := wordLen(w)
	if p.language.code == "id" && isWord(w[n:], "-an") {
		n += len("-an")
	}
	words := p.language.decade(w[:n])
	if words == "" {
		return false
	}
	p.say(n, words)
	return true
}

func (l *language) decade(w string) string {
	ending, ok := map[string]string{"en": "s", "de": "er", "id": "-an"}[l.code]
	if !ok || !strings.HasSuffix(w, ending) {
		return ""
	}
	d, ok := strings.CutSuffix(w, ending)
	if !ok || len(d) != 4 && len(d) != 2 || digits(d) != len(d) || d[len(d)-1] != '0' {
		return ""
	}
	f := figure{digits: d}
	n := f.whole()
	if n < 20 || n > 90 && n < 1500 || n > 2100 {
		return ""
	}
	words := l.cardinal(n, alone)
	if len(d) == 4 {
		words = l.annum(n)
	}
	if l.code != "en" {
		return words + strings.TrimPrefix(ending, "-")
	}
	if y, ok := strings.CutSuffix(words, "y"); ok {
		return y + "ies"
	}
	return words + "s"
}

// numbered says #3 and №3.
func (p *piece) numbered() bool {
	l := p.language
	s := p.next()
	n := 1
	if s[0] != '#' {
		n = len("№")
	}
	at := n + space(s[n:])*min(n-1, 1)
	d := digits(s[at:])
	if d == 0 || startsWord(s[at+d:]) || l.words.number == "" || l.cardinal == nil {
		return false
	}
	f := figure{n: d, digits: s[at : at+d]}
	if len(f.digits) >= 4 || f.digits[0] == '0' {
		p.say(at+d, l.words.number+" "+l.spell(f.digits))
	} else {
		p.say(at+d, l.words.number+" "+l.counted(f.whole(), alone))
	}
	return true
}

// sign says signs that are words.
func (p *piece) sign(r rune) bool {
	l := p.language
	s := p.next()
	word := ""
	switch r {
	case '&':
		word = l.words.and
	case '@':
		word = l.words.at
	case '=':
		word = l.words.equals
	case '%':
		word = l.words.percent
	case '+':
		if p.last == "" || !strings.HasPrefix(s, "+ ") {
			return false
		}
		word = l.words.plus
	}
	if word == "" {
		return false
	}
	if strings.HasPrefix(s, "&") && strings.IndexByte(s[:min(len(s), 8)], ';') > 0 {
		return false // an entity
	}
	p.say(1, word)
	return true
}

// abbreviation says a word that ends in a point, or that is always short for another.
func (p *piece) abbreviation() bool {
	l := p.language
	s := p.next()
	n := wordLen(s)
	for n < len(s) && s[n] == '.' && startsWord(s[n+1:]) { // z.B., e.g., p.ej.
		n += 1 + wordLen(s[n+1:])
		if n > 24 {
			return false
		}
	}
	for _, o := range [...]string{"º", "°"} { // nº
		if strings.HasPrefix(s[n:], o) && n > 0 {
			n += len(o)
		}
	}
	if n == 0 || n > 24 {
		return false
	}
	dotted := n < len(s) && s[n] == '.'
	if dotted && n == 1 && p.at > 1 && p.text[p.at-1] == ' ' && bigLetter(p.text[p.at-2]) && len(p.last) == 1 {
		return false // the last of letters said one by one
	}
	key := strings.ToLower(s[:n])
	after := s[n:]
	if dotted {
		key, after = key+".", s[n+1:]
	}
	if strings.HasPrefix(s[n:], "/ ") && l.abbreviations[key+"/"] != "" { // c/ Serrano
		p.say(n+1, l.abbreviations[key+"/"])
		return true
	}
	word := ""
	if key == "no." && digits(after[space(after):]) > 0 {
		word = l.words.number
	} else if title, ok := l.titles[key]; ok && capital(after) {
		word = title
	} else if street, ok := l.streets[key]; ok && p.last != "" && !capital(after) && p.named() {
		word = street
	} else {
		word = l.abbreviations[key]
	}
	if street, ok := strings.CutSuffix(s[:n], "str"); word == "" && dotted && ok && street != "" && (l.code == "de" || l.code == "nl") { // Hauptstr.
		word = street + map[string]string{"de": "straße", "nl": "straat"}[l.code]
	}
	if bare := l.abbreviations[strings.TrimSuffix(key, ".")]; word == "" && bare != "" {
		word, dotted = bare, false
	}
	if dotted && wordsToo[key] && !goesOn(after) {
		return false
	}
	if word == "" && dotted { // z. B. is two
		return p.apart(key)
	}
	if word == "" {
		return false
	}
	if dotted {
		n++
		if strings.Trim(after, " \n\t\"'”’)»") == "" {
			n-- // the point ends the sentence, too
		}
	}
	p.say(n, word)
	return true
}

// wordsToo are abbreviations that are words, or names, where a sentence ends with them.
var wordsToo = set("art. ex. max. min. fig. est. wed. mon. mind. es. no.")

// goesOn reports whether a sentence does: with a figure, or no capital.
func goesOn(s string) bool {
	s = s[space(s):]
	return s != "" && (digit(s[0]) || s[0] >= 'a' && s[0] <= 'z' || s[0] >= utf8.RuneSelf)
}

// apart says an abbreviation of two letters with a space between: z. B., d. h., p. ej., a. m.
func (p *piece) apart(first string) bool {
	s := p.next()
	at := len(first)
	sp := space(s[min(at, len(s)):])
	if sp == 0 {
		return false
	}
	n := wordLen(s[at+sp:])
	end := at + sp + n
	if n == 0 || n > 4 || end >= len(s) || s[end] != '.' {
		return false
	}
	word := p.language.abbreviations[first+strings.ToLower(s[at+sp:end])+"."]
	if word == "" {
		return false
	}
	if strings.TrimSpace(s[end+1:]) != "" {
		end++
	}
	p.say(end, word)
	return true
}

// capital reports whether a name follows.
func capital(s string) bool {
	s = s[space(s):]
	return s != "" && s[0] != strings.ToLower(s[:1])[0] && asciiLetter(s[0]) || strings.HasPrefix(s, "Ö") || strings.HasPrefix(s, "Ü") || strings.HasPrefix(s, "É")
}

// named reports whether the word before was a name or a number: Main St., 5th Ave.
func (p *piece) named() bool {
	before := strings.TrimRight(p.text[:p.at], " ")
	i := strings.LastIndexByte(before, ' ') + 1
	return i < len(before) && (before[i] >= 'A' && before[i] <= 'Z' || digit(before[i]))
}

// roman says a Roman numeral after what is numbered by them: Chapter IV, World War II.
func (p *piece) roman() bool {
	l := p.language
	s := p.next()
	if p.century() {
		return true
	}
	king := l.kings[p.last] && p.named()
	if !l.chapters[p.last] && !king {
		return false
	}
	n := wordLen(s)
	v := romanOf(s[:n])
	if king && v > 1 && n > 1 {
		p.say(n, "the "+l.ordinal(uint64(v), alone))
		return true
	}
	if v == 0 || king || v == 1 && (!p.named() || strings.HasPrefix(s[n:], " ")) { // the part I love
		return false
	}
	p.say(n, l.counted(uint64(v), alone))
	return true
}

// century says the number of one: le XXe siècle, il XX secolo.
func (p *piece) century() bool {
	l := p.language
	s := p.next()
	n := wordLen(s)
	w, after := s[:n], s[n:][space(s[n:]):]
	switch {
	case l.code == "fr" && (isWord(after, "siècle") || isWord(after, "arrondissement")):
		w = strings.TrimSuffix(strings.TrimSuffix(w, "e"), "èm")
	case l.code == "it" && isWord(after, "secolo"):
	default:
		return false
	}
	v := romanOf(w)
	if v == 0 {
		return false
	}
	p.say(n, l.ordinal(uint64(v), alone))
	return true
}

// romanOf is what a Roman numeral up to 39 counts, 0 when w is none.
func romanOf(w string) int {
	total := 0
	for strings.HasPrefix(w, "X") && total < 30 {
		total, w = total+10, w[1:]
	}
	for i, ones := range [...]string{"", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX"} {
		if w == ones {
			return total + i
		}
	}
	return 0
}
