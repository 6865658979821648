package knowledge

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/words"
	"golang.org/x/text/unicode/norm"
)

// longestWord is how many bytes of a word are looked at: what is longer is no word.
const longestWord = 64

// terms gives each word of a text as the index knows it: by Unicode's words (UAX #29), lower case, without accents, stemmed by the
// rules of the language, without words that say nothing. Scripts without spaces, and Korean, whose particles stick to its words, are
// pairs of characters.
func terms(text, language string, give func(term string)) {
	lang := languageOf(language)
	var run []rune // of a script that is read by pairs
	pairs := func() {
		for i := range run {
			switch {
			case i+1 < len(run):
				if p := string(run[i : i+2]); !lang.stop[p] {
					give(p)
				}
			case len(run) == 1 && !unicode.Is(unicode.Hiragana, run[0]):
				give(string(run))
			}
		}
		run = run[:0]
	}
	for t := words.FromString(strings.ToLower(norm.NFKC.String(text))); t.Next(); {
		w := t.Value()
		r, _ := utf8.DecodeRuneInString(w)
		if paired(r) {
			for _, r := range w {
				if paired(r) {
					run = append(run, r)
				}
			}
			if unicode.Is(unicode.Hangul, r) {
				pairs()
			}
			continue
		}
		pairs()
		if !unicode.IsLetter(r) && !unicode.IsNumber(r) {
			continue
		}
		w = strings.ReplaceAll(w, "’", "'")
		if lang.elides {
			for part := range strings.SplitSeq(w, "'") {
				lang.term(part, give)
			}
			continue
		}
		lang.term(w, give)
	}
	pairs()
}

// paired reports whether a script is read by pairs of characters.
func paired(r rune) bool {
	return r >= 0x1100 && (unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) || r == 'ー')
}

func (l *language) term(w string, give func(string)) {
	if w == "" || len(w) > longestWord || l.stop[w] {
		return
	}
	if l.stem != nil {
		w = l.stem(w)
	}
	if w = unaccented(w); w != "" {
		give(w)
	}
}

// unaccented takes the accents off Latin letters; the signs of other scripts stay.
func unaccented(w string) string {
	ascii := true
	for i := 0; i < len(w); i++ {
		ascii = ascii && w[i] < utf8.RuneSelf
	}
	if ascii {
		return w
	}
	return norm.NFC.String(strings.Map(func(r rune) rune {
		if r >= 0x300 && r < 0x370 {
			return -1
		}
		return r
	}, norm.NFD.String(w)))
}

// wordy reports whether a text has a word.
func wordy(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) >= 0
}
