package turn

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// numerals are the words with which digits are said in a language.
type numerals struct {
	ones     map[string]bool // a digit each
	tens     map[string]bool // two digits each, together with a digit that follows
	tensEnds []string        // endings of such words
	twice    map[string]bool // double, oh: a digit with the one that follows
	signs    string          // digits of a language whose words are runs of them, most as one sign
	long     []string        // and those that are longer
	tails    []string        // what may follow such a run in its word
}

var numeralsOf = map[string]numerals{
	"en": {ones: set("zero|oh|o|one|two|three|four|five|six|seven|eight|nine"), twice: set("double"),
		tens: set("ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety")},
	"es": {ones: set("cero|uno|una|dos|tres|cuatro|cinco|seis|siete|ocho|nueve"), twice: set("doble"),
		tens:     set("diez|once|doce|trece|catorce|quince|veinte|treinta|cuarenta|cincuenta|sesenta|setenta|ochenta|noventa"),
		tensEnds: []string{"dieciséis", "diecisiete", "dieciocho", "diecinueve", "veintiuno", "veintidós", "veintitrés", "veinticuatro", "veinticinco", "veintiséis", "veintisiete", "veintiocho", "veintinueve"}},
	"de": {ones: set("null|eins|ein|zwei|zwo|drei|vier|fünf|sechs|sieben|acht|neun"), twice: set("doppel"), tens: set("zehn|elf|zwölf"), tensEnds: []string{"zehn", "zig", "ßig"}},
	"fr": {ones: set("zéro|un|deux|trois|quatre|cinq|six|sept|huit|neuf"), twice: set("double"),
		tens: set("dix|onze|douze|treize|quatorze|quinze|seize|vingt|vingts|trente|quarante|cinquante|soixante|septante|huitante|nonante")},
	"it": {ones: set("zero|uno|due|tre|quattro|cinque|sei|sette|otto|nove"), twice: set("doppio"),
		tens:     set("dieci|undici|dodici|tredici|quattordici|quindici|sedici|diciassette|diciotto|diciannove|venti|trenta|quaranta"),
		tensEnds: []string{"anta", "antuno", "antadue", "antatré", "antaquattro", "antacinque", "antasei", "antasette", "antotto", "antanove", "ventuno", "ventidue", "ventitré", "ventiquattro", "venticinque"}},
	"pt": {ones: set("zero|um|uma|dois|duas|três|quatro|cinco|seis|meia|sete|oito|nove"), twice: set("duplo"),
		tens: set("dez|onze|doze|treze|catorze|quatorze|quinze|dezesseis|dezasseis|dezessete|dezassete|dezoito|dezenove|dezanove|vinte|trinta|quarenta|cinquenta|sessenta|setenta|oitenta|noventa")},
	"nl": {ones: set("nul|een|één|twee|drie|vier|vijf|zes|zeven|acht|negen"), twice: set("dubbel"), tens: set("tien|elf|twaalf"), tensEnds: []string{"tien", "tig"}},
	"id": {ones: set("nol|kosong|satu|dua|tiga|empat|lima|enam|tujuh|delapan|sembilan"), twice: set("dobel"), tens: set("sepuluh|sebelas|puluh|belas")},
	"hi": {ones: set("शून्य|ज़ीरो|जीरो|एक|दो|तीन|चार|पांच|पाँच|छह|छः|छे|सात|आठ|नौ|shunya|zero|ek|do|teen|char|paanch|panch|chhe|saat|aath|nau"), twice: set("डबल|double"), tens: set("दस|ग्यारह|बारह|बीस|तीस")},
	"ja": {signs: "〇零一二三四五六七八九", long: []string{"ゼロ", "ぜろ", "まる", "いち", "に", "さん", "よん", "ご", "ろく", "なな", "はち", "きゅう", "の"}, tails: []string{"です", "でした", "になります"}},
	"ko": {signs: "공영일이삼사오육륙칠팔구", tails: []string{"예요", "이에요", "입니다", "이요", "요"}},
}

// HasNumber reports whether a digit is said in a text, as a figure or in the words of a language or of English.
func HasNumber(code, text string) bool {
	words := split(text)
	for _, l := range []*language{languageOf(code), languages["en"]} {
		for _, w := range words {
			if l.numbers.says(w) {
				return true
			}
		}
	}
	return false
}

// digit gives how many digits a word is, and whether the next may belong to it.
func (n *numerals) digit(word string) (count int, more bool) {
	switch {
	case n.ones[word]:
		return 1, false
	case n.tens[word]:
		return 2, true
	case n.twice[word]:
		return 1, false
	case longest(word, n.tensEnds) > 0:
		return 2, true
	}
	for _, r := range word {
		if !unicode.IsDigit(r) {
			return n.run(word), false
		}
		count++
	}
	return count, false
}

// says reports whether a word has a digit in it, or, in a language without spaces, two in a row.
func (n *numerals) says(word string) bool {
	if count, _ := n.digit(word); count > 0 || strings.ContainsFunc(word, unicode.IsDigit) {
		return true
	}
	for row := 0; word != ""; {
		r, took := utf8.DecodeRuneInString(word)
		is := strings.ContainsRune(n.signs, r)
		for _, l := range n.long {
			if !is && strings.HasPrefix(word, l) {
				is, took = true, len(l)
			}
		}
		if row++; !is {
			row = 0
		}
		if row == 2 {
			return true
		}
		word = word[took:]
	}
	return false
}

// run is how many digits a word is that is written as a run of them: 공일공.
func (n *numerals) run(word string) int {
	if n.signs == "" {
		return 0
	}
	count := 0
	for word != "" {
		r, size := utf8.DecodeRuneInString(word)
		took := 0
		if strings.ContainsRune(n.signs, r) || unicode.IsDigit(r) {
			took = size
		}
		for _, l := range n.long {
			if took == 0 && strings.HasPrefix(word, l) {
				took = len(l)
			}
		}
		if took == 0 {
			for _, t := range n.tails {
				if word == t && count > 1 {
					return count
				}
			}
			return 0
		}
		count++
		word = word[took:]
	}
	if count < 2 {
		return 0 // 이, "this", is a word, too
	}
	return count
}

// A figure is a run of digits.
type figure struct {
	words, digits int
	all           int // digits of the whole text
}

// figure gives the digits with which the words end, and how many there are in all.
func (l *language) figure(words []string) figure {
	if l.unspaced {
		return l.unspacedFigure(strings.Join(words, ""))
	}
	var f figure
	tens := false
	for _, w := range words {
		n, more := l.numbers.digit(w)
		if n == 0 {
			f.words, f.digits, tens = 0, 0, false
			continue
		}
		if tens && n == 1 {
			n = 0 // twenty-two is two digits
		}
		f.words++
		f.digits += n
		f.all += n
		tens = more
	}
	return f
}

// unspacedFigure finds the longest run of digits at the end.
func (l *language) unspacedFigure(text string) figure {
	for at := range text {
		if n := l.numbers.run(text[at:]); n > 0 {
			return figure{words: n, digits: n, all: n}
		}
	}
	return figure{}
}

// wholeNumber is how many digits may be a number of any kind by itself: shorter ones in groups may go on.
const wholeNumber = 10

// dictates: the text ends in the middle of a number that is said digit by digit.
func (l *language) dictates(words []string) bool {
	f := l.figure(words)
	return f.words >= 3 && f.all < wholeNumber || f.words == 2 && f.digits >= 6 && f.all < wholeNumber
}

// spells: the text ends with letters that are said one by one.
func (l *language) spells(words []string) bool {
	n := 0
	for i := len(words) - 1; i >= 0 && utf8.RuneCountInString(words[i]) == 1 && unicode.Is(unicode.Latin, []rune(words[i])[0]); i-- {
		n++
	}
	return n >= 2
}
