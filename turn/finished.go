package turn

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// How finished what was said sounds, from 0, it surely goes on, to 1, it is surely over.
const (
	sure   = 0.95 // it could hardly go on
	enough = 0.7  // it is taken as a sentence that is over
	unsure = 0.45 // nothing tells
	open   = 0.3  // below it something is still owed, and is waited for the longer the less there is
	holds  = 0.0  // they ask for time
)

const (
	sentenceMarks = ".!?。！？।"
	clauseMarks   = ",;:-–—、，；："
)

// punctuated reports whether a text ends a sentence by its marks.
func punctuated(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(text, " \"'”’)»"))
	return strings.ContainsRune(sentenceMarks, r)
}

// written reports whether a final is by a transcriber that writes sentences: with a mark at the end or a capital at the beginning.
func written(text string) bool {
	r, _ := utf8.DecodeRuneInString(strings.TrimLeft(text, " \"'¿¡“«("))
	return unicode.IsUpper(r) || punctuated(text)
}

// finished says how finished what was said sounds. marks: the transcriber is one that writes punctuation, so that its absence
// means something. A full stop is weak evidence: transcribers write it at any pause.
func (l *language) finished(text string, marks bool) float64 {
	text = strings.TrimRight(text, " \"'”’)»")
	words := split(text)
	if len(words) == 0 {
		return 0
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	stop, asked := strings.ContainsRune(sentenceMarks, last), strings.ContainsRune("?？", last)
	switch {
	case l.thinks(words, asked):
		return holds
	case strings.HasSuffix(text, "...") || last == '…':
		return 0.1
	case l.dictates(words):
		return 0.2
	case l.spells(words):
		return 0.2
	case strings.ContainsRune(clauseMarks, last):
		return 0.15
	case l.leadsOn(words, asked) && l.mayClose(words):
		return unsure
	case l.leadsOn(words, asked):
		return 0.1
	case !asked && l.halfIf(words):
		return open
	case stop && (l.closes(words) || asked):
		return 1
	case stop && (l.conditional(words) || l.closing != nil):
		return 0.6
	case !asked && l.unclosed(words):
		return open
	case stop:
		switch l.built(words, text) {
		case adjunct, bracket, infinitive:
			return 0.9
		case object:
			return 0.85
		case modifier:
			return open
		}
		return 0.65
	}
	bare := func(with, without float64) float64 {
		if marks {
			return with
		}
		return without
	}
	switch end := words[len(words)-1]; {
	case l.closes(words) && l.closing != nil && !l.last[end] && !l.questioned(words):
		return bare(0.8, l.final)
	case l.closes(words):
		return bare(0.8, sure)
	case unicode.IsDigit([]rune(end)[0]):
		return open // more digits may follow
	case l.inquires(words, text):
		if l.built(words, text) == modifier {
			return open
		}
		return bare(0.8, sure)
	case l.asks(words):
		return bare(0.6, 0.8)
	}
	switch l.built(words, text) {
	case infinitive:
		return bare(0.8, sure)
	case bracket:
		return bare(0.65, 0.8)
	case adjunct:
		return bare(0.65, 0.8)
	case object:
		return 0.6
	case modifier:
		return open
	}
	return 0.5
}

// mayClose: the last word leads on as often as it closes, and there is enough before it that it may have closed.
func (l *language) mayClose(words []string) bool {
	n := len(words)
	return n == 2 && l.either[words[1]] && objections[words[0]] || n >= 3 && l.either[words[n-1]] && !l.trailing[words[n-2]] && !l.leads[words[n-2]] || n >= 4 && l.either[words[n-1]]
}

// thinks: the last words ask for time, or fill it. asked: there is a question mark behind them, so that they are no offer.
func (l *language) thinks(words []string, asked bool) bool {
	for n := len(words); n > 1 && (l.pleads(words[n-1]) || particles[words[n-1]]); n-- {
		words = words[:n-1]
	}
	if n := len(words); l.unspaced && n > 0 {
		words = append(words[:n-1:n-1], strings.TrimSuffix(words[n-1], "ね"))
	}
	return l.moments.ends(words, l.unspaced) || !asked && l.offers(words)
}

// How many words an offer has at most: let me grab my glasses first; and one that a single word begins, which says less.
const (
	longestOffer = 6
	shortOffer   = 4
)

// offers: the caller says that they look, and will go on once they have found it: let me find it.
func (l *language) offers(words []string) bool {
	if l.unspaced {
		return longest(strings.Join(words, ""), l.offerEnds) > 0
	}
	words = words[max(0, len(words)-longestOffer):]
	for i := range len(words) - 1 {
		if i >= len(words)-shortOffer && l.offer[words[i]] {
			return true
		}
		if l.offer[words[i]+" "+words[i+1]] && !(i+2 < len(words) && words[i+2] == "know") { // let me know
			return true
		}
	}
	return longest(words[len(words)-1], l.offerEnds) > 0
}

// particles soften what asks for time, and say nothing of whether it is over.
var particles = set("ya|hoor|ज़रा|जरा|ना|eben|kurz")

// pleads: the word is a please, which says nothing of whether a sentence is over that asks for time.
func (l *language) pleads(word string) bool {
	switch word {
	case "please", "bitte", "tolong", "kripya", "कृपया":
		return true
	}
	return false
}

// leadsOn: the last word asks for another. asked: there is a question mark after it.
func (l *language) leadsOn(words []string, asked bool) bool {
	end := words[len(words)-1]
	if n := len(words); n > 2 && !asked && l.asks(words) && (wanting[end] || subjects[end] && l.questions[words[n-2]]) {
		return true // is it possible, how much does it
	} else if n > 3 && subjects[end] && l.asks(words) {
		return false // how long does that take us, was kostet mich das
	}
	if l.last[end] || len(words) > 1 && l.last[words[len(words)-2]+" "+end] {
		return false
	}
	if l.trailing[end] {
		return !(len(words) == 1 && l.alone[end])
	}
	if len(words) > 1 && l.leads[end] && !l.asks(words) {
		return true
	}
	return longest(end, l.trailingEnds) > longest(end, l.closing)
}

var (
	wanting  = set("okay|ok|possible|able|allowed|posible|possibile|possível|möglich|mogelijk|mungkin|संभव|सम्भव")
	subjects = set("it|you|there|that|this|they|we|es|das|man|sie|het|dat|u|je")
)

// longest is the length of the longest of the endings that a word has.
func longest(word string, endings []string) int {
	n := 0
	for _, s := range endings {
		if len(s) > n && strings.HasSuffix(word, s) {
			n = len(s)
		}
	}
	return n
}

// closes: the last words are ones with which people stop.
func (l *language) closes(words []string) bool {
	n := len(words)
	if l.last[words[n-1]] || n > 1 && l.last[words[n-2]+" "+words[n-1]] {
		return true
	}
	return longest(words[n-1], l.closing) > 0
}

// asks: it begins as a question does, and is long enough to be one.
func (l *language) asks(words []string) bool {
	if len(words) < 3 {
		return false
	}
	words = l.question(words)
	return l.questions[words[0]] && !l.relates(words)
}

// relates: what I do not understand, which is half a sentence.
func (l *language) relates(words []string) bool {
	return len(words) > 1 && relatives[words[0]] && persons[words[1]]
}

var (
	relatives = set("what|when|where|which|who|how|was|wie|wo|wer|wat|waar|que|quand|quando")
	persons   = set("i|you|we|they|he|she|ich|du|wir|er|man|ik|je|jij|u|wij|we|hij|yo|je|tu|nous|vous|il|elle|on|io|noi|eu|nós")
)

// inquires: it asks by a word that begins nothing but questions, and has what it asks about.
func (l *language) inquires(words []string, text string) bool {
	if l.inverted(text) {
		return true
	}
	if len(words) < 3 || !l.asks(words) {
		return false
	}
	words = l.question(words)
	return !l.vague[words[0]] && (len(words) > 3 || !l.wonders[words[0]]) || len(words) > 3 && words[0] == "est" && words[1] == "ce"
}

// questioned: a word of it asks, where such words stand before the verb.
func (l *language) questioned(words []string) bool {
	for _, w := range words {
		if l.questions[w] {
			return true
		}
	}
	return false
}

// inverted: the verb stands before its pronoun, which French writes: avez-vous.
func (l *language) inverted(text string) bool {
	for _, s := range l.inversions {
		if strings.Contains(text, s) && !strings.HasSuffix(text, s) {
			return true
		}
	}
	return false
}

// question is what is asked, from its first word: without the and, the hello, and the preposition of at what time.
func (l *language) question(words []string) []string {
	if len(words) > 1 && (leadIns[words[0]] || l.backchannels[words[0]]) && !l.questions[words[0]] {
		words = words[1:]
	}
	if len(words) > 1 && (l.grammar.preps[words[0]] || words[0] == "jam") && l.questions[words[1]] {
		words = words[1:]
	}
	return words
}

// leadIns are words before a question's first.
var leadIns = set("and|so|but|well|then|sorry|hello|hi|y|pero|entonces|hola|und|aber|also|hallo|et|mais|alors|bonjour|à|a|e|ma|allora|mas|então|en|maar|dus|dan|dan|tapi|lalu|और|लेकिन|तो")

// halfIf: an if and what it is about, and nothing yet of what follows from it: so if I cancel now.
func (l *language) halfIf(words []string) bool {
	for len(words) > 1 && leadIns[words[0]] {
		words = words[1:]
	}
	n := len(words)
	return n > 2 && n < 7 && l.ifs[words[0]] && !gracious(words[n-2:])
}

// graces are the ends of courtesies of several words.
var graces = set("thank you|vous plaît|vous plait|per favore")

// gracious: the last two words end with a courtesy or a goodbye, before which a sentence is over: if possible, please.
func gracious(words []string) bool {
	end := words[1]
	return courtesies[end] || farewells[end] || graces[words[0]+" "+end]
}

// conditional: it begins with an if, and is too short to hold what follows from it.
func (l *language) conditional(words []string) bool {
	return len(words) < 8 && l.ifs[words[0]]
}
