package spoken

import (
	"strconv"
	"strings"
)

// maxWhole is beyond what anyone counts in words.
const maxWhole = 1_000_000_000_000_000

// A figure is a number as it was written.
type figure struct {
	n       int    // bytes
	digits  string // before the decimal sign, without separators
	part    string // behind it
	grouped bool   // 1,234
	sign    byte   // that stood before one group of three digits or before the decimals
}

func (f *figure) whole() uint64 {
	n, err := strconv.ParseUint(f.digits, 10, 64)
	if err != nil {
		return maxWhole
	}
	return n
}

// number reads the figure that s begins with. ok is false for what has separators that make no number of it: 192.168.1.1.
func (l *language) number(s string) (f figure, ok bool) {
	n := digits(s)
	if n == 0 {
		return f, false
	}
	f.n, f.digits = n, s[:n]
	var seps []byte
	var groups []string
	for i := n; ; {
		sep, w := l.separator(s[i:], len(groups) == 0 && n <= 3 || len(seps) > 0 && seps[0] == ' ')
		d := 0
		if w > 0 {
			d = digits(s[i+w:])
		}
		if d == 0 || sep == ' ' && d != 3 || sep == '\'' && d != 3 {
			break
		}
		seps, groups = append(seps, sep), append(groups, s[i+w:i+w+d])
		i += w + d
		f.n = i
	}
	return f, l.group(&f, seps, groups)
}

// separator is the sign between two groups of digits.
func (l *language) separator(s string, spaced bool) (sep byte, n int) {
	if s == "" {
		return 0, 0
	}
	switch {
	case s[0] == '.' || s[0] == ',':
		return s[0], 1
	case strings.HasPrefix(s, "’"):
		return '\'', len("’")
	case s[0] == '\'':
		return '\'', 1
	case s[0] == ' ' && !l.spaces:
		return 0, 0
	}
	if n := space(s); n > 0 && spaced {
		return ' ', n
	}
	return 0, 0
}

// group makes one number of groups of digits.
func (l *language) group(f *figure, seps []byte, groups []string) bool {
	if len(seps) == 0 {
		return true
	}
	last := len(seps) - 1
	decimals := false
	switch sep := seps[last]; {
	case sep == ' ' || sep == '\'':
	case last > 0:
		decimals = sep != seps[0]
	case sep == l.decimal, len(groups[0]) != 3, len(f.digits) > 3, f.digits[0] == '0':
		decimals = true
	}
	thousands := groups
	if decimals {
		f.part, f.sign, thousands, seps = groups[last], seps[last], groups[:last], seps[:last]
	}
	for i, g := range thousands {
		if seps[i] != seps[0] || len(g) != 3 && (len(g) != 2 || i == len(thousands)-1) || len(f.digits) > 3+3*i {
			return false
		}
		f.digits += g
		f.grouped = true
	}
	return true
}

// count says a figure as a number of what has the form f.
func (l *language) count(x *figure, f form) string {
	if l.cardinal == nil {
		if x.part != "" {
			return x.digits + "." + x.part
		}
		return x.digits
	}
	if x.part == "" {
		return l.counted(x.whole(), f)
	}
	return l.counted(x.whole(), alone) + " " + l.words.point + " " + l.decimals(x.part)
}

func (l *language) counted(n uint64, f form) string {
	if n >= maxWhole {
		return l.spell(strconv.FormatUint(n, 10))
	}
	return l.cardinal(n, f)
}

// decimals says what stands behind the decimal sign.
func (l *language) decimals(d string) string {
	if l.pairs && len(d) == 2 && d[0] != '0' {
		n, _ := strconv.ParseUint(d, 10, 64)
		return l.cardinal(n, alone)
	}
	return l.one(d)
}

// one says digits one by one.
func (l *language) one(d string) string {
	var b strings.Builder
	for i := range len(d) {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(l.digits[d[i]-'0'])
	}
	return b.String()
}

// spell says digits one by one, with a short rest after each group of three or four.
func (l *language) spell(d string) string {
	var b strings.Builder
	for len(d) > 0 {
		n := len(d)
		switch {
		case n <= 5 && b.Len() == 0 || n <= 4:
		case n == 8 || n%4 == 0 && n >= 12:
			n = 4
		default:
			n = 3
		}
		if b.Len() > 0 {
			b.WriteString(l.rest())
		}
		b.WriteString(l.one(d[:n]))
		d = d[n:]
	}
	return b.String()
}

// rest is the sign for a short silence.
func (l *language) rest() string {
	if l.code == "ja" {
		return "、"
	}
	return ", "
}

// figures says what begins with a digit.
func (p *piece) figures() bool {
	if p.day() || p.dayAndMonth() || p.clock() || p.decade() || p.phone() || p.dotted() || p.span() {
		return true
	}
	f, ok := p.language.number(p.next())
	if !ok {
		return false
	}
	return p.counting(&f, "") || p.plain(&f)
}

// plain says a figure that nothing else was known of.
func (p *piece) plain(f *figure) bool {
	l := p.language
	switch {
	case p.versioned(f):
		return true
	case f.grouped || f.part != "":
	case p.mixed(f.n) && p.code():
		return true
	case p.house(f):
		return true
	case l.cardinal == nil && countable(p.text[p.at+f.n:]):
		return false
	case p.serial() || len(f.digits) > 1 && f.digits[0] == '0' || len(f.digits) >= 5 && !strings.HasSuffix(f.digits, "000"):
		p.say(f.n, l.spell(f.digits))
		return true
	case p.annual(f):
		p.say(f.n, l.annum(f.whole()))
		return true
	case l.cardinal == nil, l.varies != nil && l.varies(f.whole()) && startsWord(p.text[p.at+f.n:][space(p.text[p.at+f.n:]):]):
		return false // as it is: the voice sees the noun
	}
	if l.varies != nil && f.part == "" && f.grouped && l.varies(f.whole()) {
		p.say(f.n, f.digits)
		return true
	}
	p.say(f.n, l.count(f, alone))
	return true
}

// serial reports whether a figure is no quantity by the words before it: PIN 1234, the code is 1234.
func (p *piece) serial() bool {
	l := p.language
	if l.codes[p.second] && len(p.last) <= 3 && p.last != "" { // flight DL 1187
		before := strings.TrimRight(p.text[:p.at], " ")
		if i := len(before) - len(p.last); i >= 0 && before[i:] == strings.ToUpper(p.last) && bigLetter(before[i]) {
			return true
		}
	}
	return l.codes[p.last] || l.is[p.last] && (l.codes[p.second] || l.is[p.second] && l.codes[p.third])
}

// countable reports whether what follows a figure is counted by it, in Japanese or Korean.
func countable(s string) bool {
	for _, counter := range [...]string{"円", "人", "件", "個", "ドル", "ユーロ", "ポイント", "원", "명", "개", "건", "달러", "유로", "포인트"} {
		if strings.HasPrefix(s, counter) {
			return true
		}
	}
	return false
}

// versioned says the number of a version, whose point is none of a decimal.
func (p *piece) versioned(f *figure) bool {
	l := p.language
	if f.part == "" || f.grouped || f.sign != '.' || l.decimal == '.' || p.last != strings.ToLower(l.words.version) {
		return false
	}
	p.say(f.n, l.points(p.next()[:f.n]))
	return true
}

// mixed reports whether letters follow the digits at once: 4K, 3D, 1042-B.
func (p *piece) mixed(n int) bool {
	s := p.text[p.at+n:]
	return s != "" && (asciiLetter(s[0]) || s[0] == '-' && len(s) > 1 && asciiLetter(s[1]))
}

// annual reports whether a figure of four digits is a year.
func (p *piece) annual(f *figure) bool {
	if p.language.cardinal == nil || len(f.digits) != 4 || f.part != "" || f.grouped {
		return false
	}
	n := f.whole()
	if n >= 1900 && n < 2100 {
		return true
	}
	return p.language.year != nil && n >= 1100 && n < 2200 && (p.language.years[p.last] || p.language.months[p.last] > 0)
}

func (l *language) annum(n uint64) string {
	if l.year != nil {
		return l.year(n)
	}
	return l.count(&figure{digits: strconv.FormatUint(n, 10)}, alone)
}

// dotted says numbers with more than one point: versions and addresses of machines.
func (p *piece) dotted() bool {
	s := p.next()
	n, points := digits(s), 0
	for n < len(s) && s[n] == '.' && n+1 < len(s) && digit(s[n+1]) {
		n += 1 + digits(s[n+1:])
		points++
	}
	if points < 2 || startsWord(s[n:]) {
		return false
	}
	if f, ok := p.language.number(s); ok && f.n == n && f.grouped {
		return false
	}
	p.say(n, p.language.points(s[:n]))
	return true
}

// points says numbers with points between them.
func (l *language) points(s string) string {
	var b strings.Builder
	for i, part := range strings.Split(s, ".") {
		if i > 0 {
			b.WriteString(" " + l.words.dot + " ")
		}
		b.WriteString(l.small(part))
	}
	return b.String()
}

// small says up to two digits as a number, more of them one by one.
func (l *language) small(d string) string {
	if l.cardinal == nil || len(d) > 2 || len(d) == 2 && d[0] == '0' {
		return l.one(d)
	}
	n, _ := strconv.ParseUint(d, 10, 64)
	return l.cardinal(n, alone)
}
