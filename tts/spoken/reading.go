package spoken

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Reading is a piece of text, and how it is said.
type Reading struct {
	Written, Said string
	spans         []span // all of both, in order
}

// A span is so many bytes as they were written, and how many of those said they became.
type span struct {
	written, said int
	same          bool // said as written
}

// A Reader reads the pieces of one stream, in their order.
type Reader struct {
	language   *language
	contract   string
	dictionary *Dictionary
	phonetic   bool      // words with phonemes are left to the voice
	before     [3]string // the words with which the last piece ended, in lower case, the last one first
	letter     bool      // it ended with a letter: one that follows is of the same word
}

// NewReader reads aloud in a language of the contract; one that is unknown is left as it is, but for the dictionary's words.
// phonetic: who is to say it pronounces by tts.Options.Lexicon.
func NewReader(language string, d *Dictionary, phonetic bool) *Reader {
	return &Reader{language: languageOf(language), contract: short(language), dictionary: d, phonetic: phonetic}
}

// Read says how a piece is said. What goes beyond its end is not known: nothing waits for it.
func (r *Reader) Read(text string) Reading {
	p := piece{Reader: r, text: text, last: r.before[0], second: r.before[1], third: r.before[2]}
	p.read()
	p.keep(len(text) - p.at)
	if text != "" {
		r.letter = endsWord(text) && !digit(text[len(text)-1])
	}
	if r.before = [3]string{p.last, p.second, p.third}; p.said == nil { // all as written
		return Reading{Written: text, Said: text, spans: []span{{len(text), len(text), true}}}
	}
	p.flush()
	said := string(p.said)
	if strings.TrimSpace(said) == "" && strings.TrimSpace(text) != "" {
		return Reading{Written: text, Said: text, spans: []span{{len(text), len(text), true}}}
	}
	return Reading{text, said, p.spans}
}

// A piece is text being read.
type piece struct {
	*Reader
	text  string
	at    int // what comes next
	kept  int // from here to at all is said as written
	said  []byte
	spans []span

	last, second, third string // the word before at, and those before it, in lower case
}

// say has the next n bytes said otherwise. Words that would run into each other are kept apart.
func (p *piece) say(n int, words string) {
	p.flush()
	if p.said == nil {
		p.said = make([]byte, 0, 2*len(p.text)+len(words))
	}
	before := len(p.said)
	if r, _ := utf8.DecodeLastRune(p.said); words != "" && before > 0 && inWord(r) && startsWord(words) {
		p.said = append(p.said, ' ')
	}
	p.said = append(p.said, words...)
	p.at += n
	if p.at < len(p.text) && startsWord(p.text[p.at:]) && words != "" && endsWord(words) {
		p.said = append(p.said, ' ')
	}
	p.spans = append(p.spans, span{written: n, said: len(p.said) - before})
	p.kept = p.at
}

// keep has the next n bytes said as they are.
func (p *piece) keep(n int) { p.at += n }

func (p *piece) flush() {
	if n := p.at - p.kept; n > 0 {
		p.said = append(p.said, p.text[p.kept:p.at]...)
		p.spans = append(p.spans, span{n, n, true})
		p.kept = p.at
	}
}

// next is the text still to be read.
func (p *piece) next() string { return p.text[p.at:] }

// fresh reports whether no word is going on where the piece is: letters of alphabets that write words apart, and digits.
func (p *piece) fresh() bool {
	r, n := utf8.DecodeLastRuneInString(p.text[:p.at])
	if n == 0 {
		return !p.letter || !startsLetter(p.text)
	}
	return !inWord(r)
}

// read goes through the piece, a word or a sign at a time.
func (p *piece) read() {
	for p.at < len(p.text) {
		start := p.at
		r, n := utf8.DecodeRuneInString(p.next())
		if p.fresh() && p.known() {
			p.passed(start)
			continue
		}
		if p.language == nil {
			p.skip(r, n)
			continue
		}
		if p.rules(r) {
			p.passed(start)
			continue
		}
		p.skip(r, n)
	}
}

// skip keeps the word or sign that comes next.
func (p *piece) skip(r rune, n int) {
	if !inWord(r) {
		p.keep(n)
		return
	}
	start := p.at
	p.keep(wordLen(p.next()))
	p.passed(start)
}

// passed remembers the last word written since start.
func (p *piece) passed(start int) {
	s := strings.TrimRightFunc(p.text[start:p.at], apart)
	if s == "" {
		return
	}
	if i := strings.LastIndexFunc(s, apart); i >= 0 {
		_, n := utf8.DecodeRuneInString(s[i:])
		s = s[i+n:]
	}
	p.last, p.second, p.third = strings.ToLower(s), p.last, p.second
}

func apart(r rune) bool { return !inWord(r) }

// rules has one of the language's rules say what comes next.
func (p *piece) rules(r rune) bool {
	switch {
	case r == '<':
		return p.tag()
	case !p.fresh():
		return p.sign(r)
	case r >= '0' && r <= '9':
		return p.web() || p.figures()
	case r < utf8.RuneSelf && unicode.IsLetter(r):
		return p.web() || p.money() || p.weekdays() || p.spelled() || p.account() || p.abbreviation() || p.roman() || p.code()
	case unicode.IsLetter(r):
		return p.weekdays() || p.spelled() || p.abbreviation()
	}
	return p.amount(r) || p.sign(r)
}

// amount reads what begins with a sign and goes on with a figure.
func (p *piece) amount(r rune) bool {
	switch r {
	case '+', '(':
		return p.phone()
	case '-', '−':
		return p.negative()
	case '#', '№':
		return p.numbered()
	case '\'', '’':
		return p.shortYear()
	}
	return p.money()
}

// tag keeps a mark for the voice, such as <break time="1s"/>, as it is.
func (p *piece) tag() bool {
	s := p.next()
	if len(s) < 3 || s[1] != '/' && !asciiLetter(s[1]) {
		return false
	}
	end := strings.IndexAny(s[1:], "<>\n")
	if end < 0 || s[1+end] != '>' {
		return false
	}
	p.keep(end + 2)
	return true
}

// inWord reports whether r is part of words that are written apart from each other. Ideographs, kana and hangul are not: a figure
// that touches them is a figure.
func inWord(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= '0' && r <= '9' || asciiLetter(byte(r))
	}
	return (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)) && !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) &&
		r != 'º' && r != 'ª'
}

func asciiLetter(b byte) bool { return b|0x20 >= 'a' && b|0x20 <= 'z' }

func digit(b byte) bool { return b >= '0' && b <= '9' }

func startsWord(s string) bool {
	r, n := utf8.DecodeRuneInString(s)
	return n > 0 && inWord(r)
}

func endsWord(s string) bool {
	r, n := utf8.DecodeLastRuneInString(s)
	return n > 0 && inWord(r)
}

// wordLen is the length of the word that s begins with.
func wordLen(s string) int {
	for i, r := range s {
		if !inWord(r) {
			return i
		}
	}
	return len(s)
}

// digits is how many digits s begins with.
func digits(s string) int {
	n := 0
	for n < len(s) && digit(s[n]) {
		n++
	}
	return n
}

// space is the length of the one space, of whatever width, that s begins with.
func space(s string) int {
	for _, sp := range [...]string{" ", "\u00a0", "\u202f", "\u2009"} {
		if strings.HasPrefix(s, sp) {
			return len(sp)
		}
	}
	return 0
}
