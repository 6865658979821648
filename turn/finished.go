package turn

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// enough is how finished a sentence must be to be taken as finished.
const enough = 0.7

const (
	sentenceMarks = ".!?。！？।"
	clauseMarks   = ",;:-–—、，；："
)

// punctuated reports whether a text ends a sentence by its marks.
func punctuated(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(strings.TrimRight(text, " \"'”’)»"))
	return strings.ContainsRune(sentenceMarks, r)
}

// finished says how finished what was said sounds, from 0 (surely goes on) to 1 (surely over). marks: the transcriber is
// one that writes punctuation, so that its absence means something.
func (l *language) finished(text string, marks bool) float64 {
	text = strings.TrimRight(text, " \"'”’)»")
	words := split(text)
	if len(words) == 0 {
		return 0
	}
	last, _ := utf8.DecodeLastRuneInString(text)
	switch {
	case strings.HasSuffix(text, "...") || last == '…':
		return 0.2
	case strings.ContainsRune(clauseMarks, last):
		return 0.15
	case l.leadsOn(words):
		return 0.1
	case strings.ContainsRune(sentenceMarks, last):
		return 1
	}
	bare := func(with, without float64) float64 {
		if marks {
			return with
		}
		return without
	}
	switch end := words[len(words)-1]; {
	case l.closes(words):
		return bare(0.8, 0.95)
	case unicode.IsDigit([]rune(end)[0]):
		return 0.3 // more digits may follow
	case l.asks(words):
		return bare(0.6, 0.85)
	case l.unspaced || l.closing != nil:
		return 0.5 // the language says by its endings that a sentence is over
	case len(words) < 4:
		return bare(0.6, 0.72)
	}
	return bare(0.5, 0.75)
}

// leadsOn: the last word asks for another.
func (l *language) leadsOn(words []string) bool {
	end := words[len(words)-1]
	if l.closes(words) {
		return false
	}
	if l.trailing[end] {
		return !(len(words) == 1 && l.alone[end])
	}
	for _, s := range l.trailingEnds {
		if strings.HasSuffix(end, s) {
			return true
		}
	}
	return false
}

// closes: the last words are ones with which people stop.
func (l *language) closes(words []string) bool {
	n := len(words)
	if l.last[words[n-1]] || n > 1 && l.last[words[n-2]+" "+words[n-1]] {
		return true
	}
	for _, s := range l.closing {
		if strings.HasSuffix(words[n-1], s) {
			return true
		}
	}
	return false
}

// asks: it begins as a question does, and is long enough to be one.
func (l *language) asks(words []string) bool {
	if len(words) < 3 {
		return false
	}
	for _, w := range words[:2] { // "so what is …", "and could you …"
		if l.questions[w] {
			return true
		}
	}
	return false
}
