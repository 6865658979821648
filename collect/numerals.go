package collect

import (
	"strconv"
	"strings"
)

// numerals are the words for numbers below a hundred, as people say digits with them.
type numerals struct {
	words    map[string]string // a word and its digits: "seven" 7, "seventeen" 17
	tens     map[string]int    // words that a digit may follow: "twenty" 20
	links    map[string]bool   // what stands between them: "treinta y uno"
	times    map[string]int    // "double" 2, "triple" 3
	teens    bool              // eleven to nineteen may follow sixty and eighty: "soixante douze"
	unspaced []run             // words that are written without spaces between them, the longest first
}

// A run is part of a word that is digits.
type run struct{ text, digits string }

// numeralsFrom reads words from 0 up, parted by spaces; alternatives by |, a word of several by _. tens are from 20 or 10 up, of ten
// each.
func numeralsFrom(from0, tens string, links, double, triple string) *numerals {
	n := &numerals{words: map[string]string{}, tens: map[string]int{}, links: map[string]bool{}, times: map[string]int{}}
	for i, alternatives := range strings.Fields(from0) {
		for _, w := range strings.Split(alternatives, "|") {
			n.words[w] = strconv.Itoa(i)
		}
	}
	list := strings.Fields(tens)
	for i, alternatives := range list {
		value := (10 - len(list) + i) * 10
		for _, w := range strings.Split(alternatives, "|") {
			n.tens[w] = value
		}
	}
	for _, w := range strings.Fields(links) {
		n.links[w] = true
	}
	for _, w := range strings.Fields(double) {
		n.times[w] = 2
	}
	for _, w := range strings.Fields(triple) {
		n.times[w] = 3
	}
	return n
}

// compounds adds words made of a digit and tens: "einundzwanzig", "ventitré".
func (n *numerals) compounds(join func(one string, tens string) []string) *numerals {
	for ten, value := range n.tens {
		for one, digit := range n.words {
			if len(digit) != 1 || digit == "0" {
				continue
			}
			d, _ := strconv.Atoi(digit)
			for _, w := range join(one, ten) {
				n.words[w] = strconv.Itoa(value + d)
			}
		}
	}
	return n
}

var numeralsOf = map[string]*numerals{
	"en": numeralsFrom("zero|oh|o one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen",
		"twenty thirty forty|fourty fifty sixty seventy eighty ninety", "", "double", "triple"),
	"es": numeralsFrom("cero uno|un|una dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis|dieciseis diecisiete dieciocho diecinueve "+
		"veinte veintiuno|veintiún veintidós|veintidos veintitrés|veintitres veinticuatro veinticinco veintiséis|veintiseis veintisiete veintiocho veintinueve",
		"treinta cuarenta cincuenta sesenta setenta ochenta noventa", "y", "doble", "triple"),
	"de": numeralsFrom("null eins|ein zwei|zwo drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn",
		"zwanzig dreißig|dreissig vierzig fünfzig sechzig siebzig achtzig neunzig", "", "doppel", "dreifach").
		compounds(func(one, ten string) []string { return []string{one + "und" + ten} }),
	"hi": numeralsFrom("शून्य|ज़ीरो|जीरो|zero|shunya एक|ek|one दो|do|two तीन|teen|three चार|char|four पांच|पाँच|paanch|panch|five छह|छः|छे|chhe|six सात|saat|seven आठ|aath|eight नौ|nau|nine "+
		"दस|das|ten ग्यारह|gyarah बारह|barah तेरह|terah चौदह|chaudah पंद्रह|pandrah सोलह|solah सत्रह|satrah अठारह|atharah उन्नीस|unnis", "", "", "डबल double", "ट्रिपल triple"),
	"pt": numeralsFrom("zero um|uma dois|duas três|tres quatro cinco seis|meia sete oito nove dez onze doze treze catorze|quatorze quinze dezesseis|dezasseis dezessete|dezassete dezoito dezenove|dezanove",
		"vinte trinta quarenta cinquenta sessenta setenta oitenta noventa", "e", "duplo", "triplo"),
	"fr": french(),
	"nl": numeralsFrom("nul een|één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien achttien negentien",
		"twintig dertig veertig vijftig zestig zeventig tachtig negentig", "", "dubbel", "driemaal").
		compounds(func(one, ten string) []string { return []string{one + "en" + ten, one + "ën" + ten} }),
	"id": numeralsFrom("nol|kosong satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas", "", "", "dobel", ""),
	"it": numeralsFrom("zero uno|un|una due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici sedici diciassette diciotto diciannove",
		"venti trenta quaranta cinquanta sessanta settanta ottanta novanta", "", "doppio", "triplo").
		compounds(func(one, ten string) []string {
			if one == "uno" || one == "otto" {
				return []string{ten[:len(ten)-1] + one}
			}
			if one == "tre" {
				return []string{ten + "tré", ten + "tre"}
			}
			return []string{ten + one}
		}),
	"ja": unspaced("零|〇|ゼロ|ぜろ|れい|まる|マル 一|いち|イチ 二|に|ニ 三|さん|サン 四|よん|ヨン|し 五|ご|ゴ 六|ろく|ロク 七|なな|ナナ|しち 八|はち|ハチ 九|きゅう|キュウ|く", "の"),
	"ko": unspaced("공|영|제로 일|하나 이|둘 삼|셋 사|넷 오 육|륙 칠 팔 구", "의|에"),
}

func french() *numerals {
	n := numeralsFrom("zéro|zero un|une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize",
		"vingt|vingts trente quarante cinquante soixante septante huitante|octante nonante", "et", "double", "triple")
	n.teens = true
	return n
}

// unspaced reads digits from 0 up, and what may stand among them.
func unspaced(from0, among string) *numerals {
	n := numeralsFrom("", "", "", "", "")
	for i, alternatives := range strings.Fields(from0) {
		for _, w := range strings.Split(alternatives, "|") {
			n.unspaced = append(n.unspaced, run{w, strconv.Itoa(i)})
		}
	}
	for _, w := range strings.Split(among, "|") {
		n.unspaced = append(n.unspaced, run{w, ""})
	}
	for i := 1; i < len(n.unspaced); i++ { // longest first: few, once
		for j := i; j > 0 && len(n.unspaced[j].text) > len(n.unspaced[j-1].text); j-- {
			n.unspaced[j], n.unspaced[j-1] = n.unspaced[j-1], n.unspaced[j]
		}
	}
	return n
}

// number reads a number at the beginning of words; took 0: there is none. Signs are digits as they stand.
func (n *numerals) number(words []string) (digits string, took int) {
	w := words[0]
	if isDigits(w) {
		return w, 1
	}
	if times := n.times[w]; times > 0 && len(words) > 1 {
		if d, _ := n.number(words[1:2]); len(d) == 1 {
			return strings.Repeat(d, times), 2
		}
	}
	if n.teens && w == "quatre" && len(words) > 1 && n.tens[words[1]] == 20 {
		d, took := n.after(80, words[1:])
		return d, took + 1
	}
	if n.teens && w == "dix" && len(words) > 1 {
		switch words[1] {
		case "sept", "huit", "neuf":
			return "1" + n.words[words[1]], 2
		}
	}
	if ten := n.tens[w]; ten > 0 {
		return n.after(ten, words)
	}
	if d, ok := n.words[w]; ok {
		return d, 1
	}
	return n.runOf(w)
}

// after reads what follows tens.
func (n *numerals) after(ten int, words []string) (digits string, took int) {
	rest, linked := words[1:], 0
	if len(rest) > 1 && n.links[rest[0]] {
		rest, linked = rest[1:], 1
	}
	if len(rest) > 0 && !isDigits(rest[0]) && n.tens[rest[0]] == 0 {
		d, more := n.number(rest)
		v, _ := strconv.Atoi(d)
		if v > 0 && (v < 10 && len(d) == 1 || v < 20 && n.teens && (ten == 60 || ten == 80)) {
			return strconv.Itoa(ten + v), 1 + linked + more
		}
	}
	return strconv.Itoa(ten), 1
}

// runOf reads a word that is digits and nothing else.
func (n *numerals) runOf(w string) (digits string, took int) {
	for w != "" {
		found := false
		for _, r := range n.unspaced {
			if strings.HasPrefix(w, r.text) {
				digits, w, found = digits+r.digits, w[len(r.text):], true
				break
			}
		}
		if !found && w[0] >= '0' && w[0] <= '9' {
			digits, w, found = digits+w[:1], w[1:], true
		}
		if !found {
			return "", 0
		}
	}
	if digits == "" {
		return "", 0
	}
	return digits, 1
}

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// digitsIn are all digits of words, and the words that are none.
func (n *numerals) digitsIn(words []string) (digits string, others []string) {
	for i := 0; i < len(words); {
		d, took := n.number(words[i:])
		if took == 0 {
			others = append(others, words[i])
			i++
			continue
		}
		digits += d
		i += took
	}
	return digits, others
}
