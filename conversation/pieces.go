package conversation

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	shortPiece = 24  // characters: a later piece ends at a clause mark only beyond it
	longFirst  = 120 // bytes without any mark: the first piece is cut at a space
	longPiece  = 240 // and later ones
)

// A cutter cuts the stream of a model into pieces that can be spoken: the first ends at the first clause mark, later ones
// at sentences and longer clauses. A mark counts once white space has come after it, so that 3.5, 1,000 and addresses stay
// whole. All pieces together are the text.
type cutter struct {
	buf     string
	scanned int  // bytes of buf in which there is no end
	later   bool // a piece was cut before
}

func (c *cutter) add(token string) { c.buf += token }

// next gives a piece that is complete.
func (c *cutter) next() (string, bool) {
	for i := c.scanned; i < len(c.buf); {
		r, n := utf8.DecodeRuneInString(c.buf[i:])
		end, kind := c.ends(i, r, n)
		if kind == undecided {
			c.scanned = i
			return c.tooLong()
		}
		if kind == sentence || kind == clause && (!c.later || utf8.RuneCountInString(c.buf[:i]) >= shortPiece) {
			if speakable(c.buf[:i]) {
				return c.cut(end), true
			}
		}
		i += n
		c.scanned = i
	}
	return c.tooLong()
}

// rest is what is left when the stream is over.
func (c *cutter) rest() string { return c.cut(len(c.buf)) }

func (c *cutter) cut(at int) string {
	p := c.buf[:at]
	c.buf, c.scanned = c.buf[at:], 0
	c.later = c.later || speakable(p)
	return p
}

func (c *cutter) tooLong() (string, bool) {
	limit := longFirst
	if c.later {
		limit = longPiece
	}
	if len(c.buf) <= limit {
		return "", false
	}
	if at := strings.LastIndexAny(c.buf, " \n"); at > 0 && speakable(c.buf[:at]) {
		return c.cut(at + 1), true
	}
	return "", false
}

type mark uint8

const (
	noMark mark = iota
	undecided
	clause
	sentence
)

// ends says what the sign at i ends, and where the next piece would begin.
func (c *cutter) ends(i int, r rune, n int) (end int, kind mark) {
	after := c.buf[i+n:]
	switch r {
	case '\n', '。', '！', '？':
		return i + n + spaces(after), sentence
	case '、', '，', '；', '：', '—':
		return i + n + spaces(after), clause
	case '.', '!', '?', '।':
		kind = sentence
	case ',', ';', ':', '…':
		kind = clause
	case '-', '–':
		if i == 0 || !strings.ContainsRune(" \n", rune(c.buf[i-1])) {
			return 0, noMark
		}
		kind = clause
	default:
		return 0, noMark
	}
	closing := len(after) - len(strings.TrimLeft(after, "\"'”’)]»*_`"))
	space := spaces(after[closing:])
	if space == 0 {
		if closing == len(after) {
			return 0, undecided // what comes next decides
		}
		return 0, noMark
	}
	if r == '.' && closing == 0 {
		switch before := c.buf[:i]; {
		case strings.HasSuffix(before, "."):
			kind = clause
		case abbreviated(before):
			return 0, noMark
		}
	}
	return i + n + closing + space, kind
}

func spaces(s string) int { return len(s) - len(strings.TrimLeft(s, " \t\n\r")) }

func speakable(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// abbreviations do not end a sentence with their point; those of all languages of the contract together, for none of them
// is a word of another that often ends one.
var abbreviations = words("mr mrs ms dr prof st sr jr sra srta vs etc approx dept est inc ltd co corp ave blvd rd apt tel ext fig vol ed " +
	"jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat " +
	"bzw ca usw evtl ggf inkl zzgl str nr hr fr frau abs " +
	"m mme mlle av bd env art " +
	"sig dott avv ing pag ecc " +
	"ud uds pág núm aprox admón " +
	"exmo exma dra profa " +
	"mevr dhr bijv blz " +
	"bpk dll dsb jl tgl yth")

func words(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(s) {
		m[w] = true
	}
	return m
}

// abbreviated reports whether a point after text belongs to its last word: Dr., e.g., J., 5. (a list, or a German date).
func abbreviated(text string) bool {
	last := text[strings.LastIndexAny(text, " \n\t(\"'“‘")+1:]
	if last == "" {
		return false
	}
	if strings.Contains(last, ".") {
		parts := strings.Split(last, ".")
		return utf8.RuneCountInString(parts[len(parts)-1]) <= 2 && utf8.RuneCountInString(parts[0]) <= 2
	}
	r, n := utf8.DecodeRuneInString(last)
	switch {
	case n == len(last) && unicode.IsUpper(r):
		return last != "I"
	case unicode.IsDigit(r) && len(last) <= 2:
		return strings.IndexFunc(last, func(r rune) bool { return !unicode.IsDigit(r) }) < 0
	}
	return abbreviations[strings.ToLower(last)]
}
