package spoken

import (
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/parley-voice/parley/tts"
)

// A Word is an entry of a pronunciation dictionary. With phonemes and without a respelling, voices that read no phonemes say it as
// it is written.
type Word struct {
	Word          string // as it is written: a word, or several
	Respelling    string // as the language's letters would have it
	IPA           string // phonemes of the International Phonetic Alphabet
	Language      string // of the contract; "": every one
	CaseSensitive bool   // US, and not us
}

// A Dictionary is the words of one environment. It may be used by any goroutine; nil has none.
type Dictionary struct {
	words map[string][]Word // by the first word of each, in lower case; the longest entry first, one of a language before one of all
}

// NewDictionary sorts words for looking them up.
func NewDictionary(words []Word) *Dictionary {
	d := &Dictionary{words: make(map[string][]Word, len(words))}
	for _, w := range words {
		if w.Word = strings.TrimSpace(w.Word); w.Word == "" || w.Respelling == "" && w.IPA == "" {
			continue
		}
		k := key(w.Word)
		d.words[k] = append(d.words[k], w)
	}
	for _, ws := range d.words {
		sort.SliceStable(ws, func(i, j int) bool {
			a, b := ws[i], ws[j]
			switch {
			case len(a.Word) != len(b.Word):
				return len(a.Word) > len(b.Word)
			case (a.Language != "") != (b.Language != ""):
				return a.Language != ""
			}
			return a.CaseSensitive && !b.CaseSensitive
		})
	}
	return d
}

// key is what an entry is found by: its first word, or its first sign.
func key(s string) string {
	n := wordLen(s)
	if n == 0 {
		_, n = utf8.DecodeRuneInString(s)
	}
	return strings.ToLower(s[:n])
}

// find looks for the entry that text begins with.
func (d *Dictionary) find(text, language string) (w Word, ok bool) {
	if d == nil || len(d.words) == 0 || text == "" {
		return Word{}, false
	}
	for _, w := range d.words[key(text)] {
		if w.Language != "" && w.Language != language || len(w.Word) > len(text) {
			continue
		}
		have := text[:len(w.Word)]
		if have != w.Word && (w.CaseSensitive || !strings.EqualFold(have, w.Word)) {
			continue
		}
		if endsWord(w.Word) && startsWord(text[len(w.Word):]) {
			continue
		}
		return w, true
	}
	return Word{}, false
}

// lexicon is the words that have phonemes, for voices that read them; nil when none has.
func (d *Dictionary) lexicon(language string) tts.Lexicon {
	if d == nil {
		return nil
	}
	code := short(language)
	return func(text string) (n int, ipa string) {
		if w, ok := d.find(text, code); ok && w.IPA != "" {
			return len(w.Word), w.IPA
		}
		return 0, ""
	}
}

// known says a word of the dictionary.
func (p *piece) known() bool {
	w, ok := p.dictionary.find(p.next(), p.contract)
	switch {
	case !ok:
		return false
	case w.IPA != "" && p.phonetic, w.Respelling == "":
		p.keep(len(w.Word))
	default:
		p.say(len(w.Word), w.Respelling)
	}
	return true
}
