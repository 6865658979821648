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
	stop := strings.ContainsRune(sentenceMarks, last)
	switch {
	case l.thinks(words):
		return holds
	case strings.HasSuffix(text, "...") || last == '…':
		return 0.1
	case l.dictates(words):
		return 0.2
	case l.spells(words):
		return 0.2
	case strings.ContainsRune(clauseMarks, last):
		return 0.15
	case l.leadsOn(words):
		return 0.1
	case stop && (l.closes(words) || strings.ContainsRune("?？", last)):
		return 1
	case stop && (l.conditional(words) || l.closing != nil):
		return 0.6
	case stop:
		return 0.85
	}
	bare := func(with, without float64) float64 {
		if marks {
			return with
		}
		return without
	}
	switch end := words[len(words)-1]; {
	case l.closes(words):
		return bare(0.8, sure)
	case unicode.IsDigit([]rune(end)[0]):
		return open // more digits may follow
	case l.asks(words):
		return bare(0.6, 0.8)
	}
	return 0.5
}

// thinks: the last words ask for time, or fill it.
func (l *language) thinks(words []string) bool {
	if n := len(words); n > 1 && l.pleads(words[n-1]) {
		words = words[:n-1]
	}
	return l.moments.ends(words, l.unspaced)
}

// pleads: the word is a please, which says nothing of whether a sentence is over that asks for time.
func (l *language) pleads(word string) bool {
	switch word {
	case "please", "bitte", "tolong", "kripya", "कृपया":
		return true
	}
	return false
}

// leadsOn: the last word asks for another.
func (l *language) leadsOn(words []string) bool {
	end := words[len(words)-1]
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
	if (leadIns[words[0]] || l.backchannels[words[0]]) && !l.questions[words[0]] {
		words = words[1:] // "so what is …", "and could you …"
	}
	return l.questions[words[0]]
}

// leadIns are words before a question's first.
var leadIns = set("and|so|but|well|then|sorry|hello|hi|y|pero|entonces|hola|und|aber|also|hallo|et|mais|alors|bonjour|à|a|e|ma|allora|mas|então|en|maar|dus|dan|dan|tapi|lalu|और|लेकिन|तो")

// conditional: it begins with an if, and is too short to hold what follows from it.
func (l *language) conditional(words []string) bool {
	return len(words) < 8 && l.ifs[words[0]]
}
