package spoken

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// counting says a figure with what it counts: an ordinal, a day of a month, an amount, a share, a measure. before is what has been
// read of it: minus, or the first of two figures.
func (p *piece) counting(f *figure, before string) bool {
	return p.ordinal(f) || p.dayOf(f) || p.ranked(f) || p.height(f) || p.coins(f, before) || p.measure(f, before) ||
		before == "" && (p.multiplied(f) || p.fraction(f))
}

// ordinal says 1st, 2º, 3e.
func (p *piece) ordinal(f *figure) bool {
	l := p.language
	if l.ordinals == nil || l.ordinal == nil || f.part != "" || len(f.digits) > 6 {
		return false
	}
	after := p.text[p.at+f.n:]
	n, g := l.ordinals(after)
	if n == 0 || startsWord(after[n:]) {
		return false
	}
	if l.code == "es" && g == alone && lowerWord(after[n:]) {
		g = masculine // primer piso
	}
	words := l.ordinal(f.whole(), g)
	if words == "" {
		return false
	}
	p.say(f.n+n, words)
	return true
}

// lowerWord reports whether a word of some length follows that is no name.
func lowerWord(s string) bool {
	s = s[space(s):]
	return s != "" && (s[0] >= 'a' && s[0] <= 'z' || s[0] >= utf8.RuneSelf) && wordLen(s) > 3
}

// coins says an amount whose currency stands behind it: 50 €, 5 Mio. Euro, 20 USD.
func (p *piece) coins(f *figure, before string) bool {
	l := p.language
	s := p.next()
	at := f.n
	big, n := p.magnitude(s[at:])
	at += n
	sp := space(s[at:])
	iso, n := currencyAt(s[at+sp:])
	c, ok := l.money[iso]
	if !ok || n == 0 {
		return false
	}
	end := at + sp + n
	each, n := p.each(s[end:])
	p.say(end+n, l.apiece(before+l.amountOf(f, &c, big), each))
	return true
}

// money says an amount whose currency stands before it: $1,234.50, US$ 20, EUR 5.
func (p *piece) money() bool {
	l := p.language
	s := p.next()
	iso, n := currencyAt(s)
	c, ok := l.money[iso]
	if !ok || n == 0 {
		return false
	}
	at := n + space(s[n:])
	minus := ""
	if strings.HasPrefix(s[at:], "-") {
		minus, at = l.words.minus+" ", at+1
	}
	f, ok := l.number(s[at:])
	if !ok {
		return false
	}
	at += f.n
	big, n := p.magnitude(s[at:])
	if at += n; startsWord(s[at:]) && !digit(s[at]) && big == "" {
		return false
	}
	if to, n := p.upTo(s[at:], s, f); n > 0 { // $5-10, €5–€10
		p.say(at+n, p.through(l.count(asMoney(f), c.whole.form), l.amountOf(&to, &c, "")))
		return true
	}
	each, n := p.each(s[at:])
	p.say(at+n, l.apiece(minus+l.amountOf(&f, &c, big), each))
	return true
}

// upTo is the second of two amounts.
func (p *piece) upTo(after, _ string, first figure) (f figure, n int) {
	d := dashAt(after)
	if d == 0 || first.part != "" {
		return f, 0
	}
	_, sign := currencyAt(after[d:])
	f, ok := p.language.number(after[d+sign:])
	if !ok || startsWord(after[d+sign+f.n:]) || dashAt(after[d+sign+f.n:]) > 0 {
		return f, 0
	}
	return f, d + sign + f.n
}

// asMoney is f read as an amount: three digits behind a sign are thousands, whatever the language's own sign is.
func asMoney(f figure) *figure {
	if len(f.part) == 3 && f.digits != "0" {
		f.digits, f.part, f.grouped = f.digits+f.part, "", true
	}
	return &f
}

func (l *language) amountOf(x *figure, c *currency, big string) string {
	f := asMoney(*x)
	switch big {
	case "":
	case "mil", "mille", "mila":
		return l.count(f, masculine) + " " + big + " " + c.whole.many
	default:
		return l.count(f, masculine) + " " + big + " " + l.linked(c.whole.many)
	}
	if strings.Trim(f.part, "0") == "" {
		f.part = ""
	}
	if len(f.part) == 1 && c.part.many != "" {
		f.part += "0"
	}
	if len(f.part) != 2 || c.part.many == "" {
		return l.measured(f, &c.whole)
	}
	whole, cents := f.whole(), &figure{digits: strings.TrimLeft(f.part, "0")}
	f.part = ""
	switch {
	case cents.digits == "":
		return l.measured(f, &c.whole)
	case whole == 0:
		return l.measured(cents, &c.part)
	}
	return l.measured(f, &c.whole) + l.words.cents + l.measured(cents, &c.part)
}

// measured says so many of a unit.
func (l *language) measured(f *figure, u *unit) string {
	n := f.whole()
	sp := " "
	if l.cardinal == nil {
		sp = ""
	}
	switch {
	case l.cardinal != nil && (n == 1 && f.part == "" || l.code == "fr" && n < 2):
		return l.count(f, u.form) + sp + u.one
	case n >= 1_000_000 && n%1_000_000 == 0 && l.words.of != "" && f.part == "":
		return l.count(f, u.form) + " " + l.linked(u.many)
	}
	if before, name, ok := strings.Cut(u.many, "+"); ok { // 시속 60킬로미터
		return before + l.count(f, u.form) + name
	}
	return l.count(f, u.form) + sp + u.many
}

// linked puts before a noun what a million wants: de euros, d'euros.
func (l *language) linked(noun string) string {
	of := l.words.of
	switch {
	case of == "":
		return noun
	case strings.HasSuffix(of, "e") && l.code == "fr" && strings.ContainsRune("aeiouéh", []rune(noun)[0]):
		return of[:len(of)-1] + "’" + noun
	}
	return of + " " + noun
}

// magnitude is what multiplies the figure before it, and the length of it with the space before.
func (p *piece) magnitude(s string) (word string, n int) {
	sp := space(s)
	w := wordLen(s[sp:])
	if w == 0 {
		return "", 0
	}
	name := s[sp : sp+w]
	if sp+w < len(s) && s[sp+w] == '.' {
		if word = p.language.magnitudes[strings.ToLower(name)+"."]; word != "" {
			return word, sp + w + 1
		}
	}
	if word = p.language.magnitudes[name]; word == "" {
		word = p.language.magnitudes[strings.ToLower(name)]
	}
	if word == "" {
		return "", 0
	}
	return word, sp + w
}

// signs are what currencies are written as, longer ones first, besides their codes.
var signs = []struct{ sign, iso string }{
	{"US$", "USD"}, {"CA$", "CAD"}, {"MX$", "MXN"}, {"AU$", "AUD"}, {"A$", "AUD"}, {"C$", "CAD"}, {"R$", "BRL"}, {"Rp.", "IDR"}, {"Rp", "IDR"}, {"Rs.", "INR"},
	{"$", "USD"}, {"€", "EUR"}, {"£", "GBP"}, {"¥", "JPY"}, {"￥", "JPY"}, {"₹", "INR"}, {"₩", "KRW"},
}

// currencyAt is the currency whose sign or code s begins with.
func currencyAt(s string) (iso string, n int) {
	if s == "" || s[0] < utf8.RuneSelf && s[0] != '$' && (s[0] < 'A' || s[0] > 'Z') {
		return "", 0
	}
	if len(s) >= 3 && s[0] >= 'A' && s[0] <= 'Z' && !startsLetter(s[3:]) {
		switch s[:3] {
		case "USD", "EUR", "GBP", "JPY", "INR", "KRW", "BRL", "IDR", "CHF", "MXN", "CAD", "AUD":
			return s[:3], 3
		}
	}
	for _, x := range signs {
		if strings.HasPrefix(s, x.sign) {
			if asciiLetter(x.sign[len(x.sign)-1]) && startsLetter(s[len(x.sign):]) {
				continue
			}
			return x.iso, len(x.sign)
		}
	}
	return "", 0
}

func startsLetter(s string) bool { return startsWord(s) && !digit(s[0]) }

// measure says a figure with its unit or as a share: 10 kg, 50 %, 20 °C.
func (p *piece) measure(f *figure, before string) bool {
	l := p.language
	s := p.next()
	sp := space(s[f.n:])
	u, n := l.unitAt(s[f.n+sp:], sp > 0)
	if n == 0 {
		return false
	}
	if speed, name, ok := strings.Cut(u.many, "+"); ok && strings.HasSuffix(strings.TrimRight(p.text[:p.at], " "), strings.TrimSpace(speed)) {
		u.many, u.one = name, name
	}
	end := f.n + sp + n
	each, n := p.each(s[end:])
	p.say(end+n, l.apiece(before+l.measured(f, &u), each))
	return true
}

// unitAt is the unit that s begins with. One that is a word, too, has to touch its figure.
func (l *language) unitAt(s string, apart bool) (u unit, n int) {
	if strings.HasPrefix(s, "%") && l.words.percent != "" {
		return unit{one: l.words.percent, many: l.words.percent}, 1
	}
	n = 0
	for n < len(s) && n < 12 {
		switch c := s[n]; {
		case asciiLetter(c), c == '/', c >= 0x80: // degrees, squares and µ are beyond ASCII
			n++
			continue
		}
		break
	}
	for ; n > 0; n-- { // the longest first
		u, ok := l.units[s[:n]]
		if !ok || startsWord(s[n:]) && s[n-1] < 0x80 || apart && wordToo[s[:n]] {
			continue
		}
		return u, n
	}
	return unit{}, 0
}

// wordToo are units that are also words: 5 in the morning.
var wordToo = map[string]bool{"in": true, "A": true}

// multiplied says 5k and 3 Mio.: what is short for a power of ten.
func (p *piece) multiplied(f *figure) bool {
	s := p.text[p.at+f.n:]
	big, n := p.magnitude(s)
	if n == 1 && f.part == "" && strings.IndexByte("KBT", s[0]) >= 0 {
		return false // 4K, apartment 4B
	}
	if n == 0 || space(s) > 0 && s[n-1] != '.' || p.language.cardinal == nil || startsWord(s[n:]) {
		return false
	}
	if s[n-1] == '.' && strings.Trim(s[n:], " \n\"'”") == "" {
		n--
	}
	p.say(f.n+n, p.language.count(f, feminine)+" "+big)
	return true
}

// few says up to four digits as a number.
func (l *language) few(d string) string {
	n, _ := strconv.ParseUint(d, 10, 64)
	if d[0] == '0' {
		return l.one(d)
	}
	return l.counted(n, alone)
}

// negative says a figure below nothing.
func (p *piece) negative() bool {
	l := p.language
	s := p.next()
	n := 1
	if s[0] != '-' {
		n = len("−")
	}
	if before := p.text[:p.at]; before != "" && !strings.ContainsAny(before[len(before)-1:], " (\n:") && (l.cardinal != nil || before[len(before)-1] < utf8.RuneSelf) {
		return false
	}
	iso, sign := currencyAt(s[n:])
	f, ok := l.number(s[n+sign:])
	if !ok || f.n == 0 || l.words.minus == "" {
		return false
	}
	if c, ok := l.money[iso]; ok && sign > 0 {
		p.say(n+sign+f.n, l.words.minus+" "+l.amountOf(&f, &c, ""))
		return true
	}
	if sign > 0 || dashAt(s[n+f.n:]) > 0 {
		return false
	}
	f.n += n // the sign is part of what is read
	if p.coins(&f, l.words.minus+" ") || p.measure(&f, l.words.minus+" ") {
		return true
	}
	if p.mixed(f.n) {
		return false
	}
	p.say(f.n, l.words.minus+" "+l.count(&f, alone))
	return true
}

// dashAt is the length of the dash between two figures.
func dashAt(s string) int {
	for _, d := range [...]string{"-", "–", "—", "~", "～", "〜"} {
		if strings.HasPrefix(s, d) {
			return len(d)
		}
	}
	return 0
}

// span says two figures with a dash between them as from one to the other.
func (p *piece) span() bool {
	l := p.language
	s := p.next()
	a, ok := l.number(s)
	if !ok || a.n == 0 {
		return false
	}
	at := a.n
	if u := space(s[at:]); u > 0 && dashAt(s[at+u:]) > 1 && space(s[at+u+dashAt(s[at+u:]):]) > 0 { // 5 – 10
		at += u
	}
	d := dashAt(s[at:])
	if d == 0 || l.words.to == "" {
		return false
	}
	at += d
	if at > a.n+d {
		at += space(s[at:])
	}
	b, ok := l.number(s[at:])
	if !ok || b.n == 0 || !ranges(&a, &b) || startsLetter(s[at+b.n:]) && !p.unitBehind(s[at+b.n:]) || dashAt(s[at+b.n:]) > 0 {
		return false
	}
	first := l.count(&a, alone)
	if p.annual(&a) && p.annual(&b) {
		p.say(at+b.n, p.through(l.annum(a.whole()), l.annum(b.whole())))
		return true
	}
	if l.cardinal == nil || l.varies != nil && (l.varies(a.whole()) || l.varies(b.whole())) {
		first = a.digits
		if a.part != "" {
			first = l.count(&a, alone)
		}
	}
	b.n += at
	if p.coins(&b, p.through(first, "")) || p.measure(&b, p.through(first, "")) {
		return true
	}
	if half, n := halfOf(s[b.n:]); n > 0 && l.cardinal != nil && b.part == "" && b.whole() <= 12 { // 2-4pm
		p.say(b.n+n, p.through(first, l.clock(moment{hour: int(b.whole()), half: half, last: p.last})))
		return true
	}
	second := l.count(&b, alone)
	if l.varies != nil && l.varies(b.whole()) && startsWord(s[b.n:][space(s[b.n:]):]) {
		second = b.digits
	}
	p.say(b.n, p.through(first, second))
	return true
}

func (p *piece) unitBehind(s string) bool {
	_, n := p.language.unitAt(s, false)
	_, m := currencyAt(s)
	return n > 0 || m > 0
}

// ranges reports whether b can be the end of what a begins.
func ranges(a, b *figure) bool {
	if len(a.digits) > 1 && a.digits[0] == '0' || len(b.digits) > 1 && b.digits[0] == '0' {
		return false
	}
	if !a.grouped && !b.grouped && len(a.digits) == 3 && len(b.digits) == 4 && !strings.HasSuffix(b.digits, "00") {
		return false // a telephone number
	}
	if len(a.digits) > 4 && !a.grouped || len(b.digits) > 4 && !b.grouped && !strings.HasSuffix(b.digits, "000") {
		return false
	}
	return a.whole() < b.whole() || a.whole() == b.whole() && a.part < b.part
}
