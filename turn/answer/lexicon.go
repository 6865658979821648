package answer

import (
	"slices"
	"strings"

	"github.com/parley-voice/parley/turn"
)

// A lexicon is what people and machines say when a call is answered, in one language. Phrases are as plain writes them: lower case, no
// punctuation, no apostrophes; they stand between spaces but in languages without.
type lexicon struct {
	machine   []string // voicemail: nobody is there, a message may be left
	weak      []string // likewise, if nothing else follows
	company   []string // how people and menus of companies begin
	welcome   []string // how menus do
	full      []string // and none may
	menu      []string // choices to press or say
	screening []string // an assistant asks who calls
	hold      []string // a queue
	nobody    []string // the number cannot be reached
	human     []string // what only people say
	hello     []string // how they answer, as the whole of what they say
	unspaced  bool
}

// plain is text as the lexicons write it: as turn.Plain does, and as one word what people write as two.
func plain(text string) string { return strings.ReplaceAll(turn.Plain(text), "can not", "cannot") }

// has gives the first phrase of a list that stands in a plain text.
func (l *lexicon) has(text string, list []string) (string, bool) {
	if l.unspaced {
		text = strings.ReplaceAll(text, " ", "")
	}
	for _, p := range list {
		if l.unspaced && strings.Contains(text, p) || !l.unspaced && strings.Contains(text, " "+p+" ") {
			return p, true
		}
	}
	return "", false
}

// greets reports whether a plain text is nothing but how people answer.
func (l *lexicon) greets(text string) bool {
	if l.unspaced {
		text = strings.ReplaceAll(text, " ", "")
	}
	for strings.TrimSpace(text) != "" {
		rest := ""
		at := slices.IndexFunc(l.hello, func(h string) (ok bool) {
			if l.unspaced {
				rest, ok = strings.CutPrefix(text, h)
			} else if rest, ok = strings.CutPrefix(text, " "+h+" "); ok {
				rest = " " + rest
			}
			return ok
		})
		if at < 0 {
			return false
		}
		text = rest
	}
	return true
}

// list is phrases with | between.
func list(items string) []string {
	l := strings.Split(items, "|")
	for i := range l {
		l[i] = strings.TrimSpace(l[i])
	}
	return l
}

// Longer phrases first: "hello there" is not "hello" and a word more. In languages without spaces there are none in phrases either.
func init() {
	for _, l := range lexicons {
		slices.SortStableFunc(l.hello, func(a, b string) int { return len(b) - len(a) })
		if l.unspaced {
			for _, words := range [][]string{l.machine, l.weak, l.company, l.welcome, l.full, l.menu, l.screening, l.hold, l.nobody, l.human, l.hello} {
				for i := range words {
					words[i] = strings.ReplaceAll(words[i], " ", "")
				}
			}
		}
	}
}

func lexiconOf(language string) *lexicon {
	if l, ok := lexicons[language]; ok {
		return l
	}
	return lexicons["en"]
}
