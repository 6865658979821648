package knowledge

import (
	_ "embed"
	"strings"
	"unicode/utf8"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/dutch"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/spanish"
)

// A language is how its words are read.
type language struct {
	stem   func(string) string // nil: as they are
	stop   map[string]bool     // words that say nothing about the matter
	elides bool                // l'heure is l' and heure
}

// The words that say nothing, a line for each language: its code, then they.
//
//go:embed stopwords.txt
var stopwords string

var languages = readLanguages()

func readLanguages() map[string]*language {
	all := map[string]*language{
		"en": {stem: snowball(english.Stem)}, "de": {stem: snowball(german.Stem)}, "es": {stem: snowball(spanish.Stem)},
		"fr": {stem: snowball(french.Stem), elides: true}, "it": {stem: snowball(italian.Stem), elides: true},
		"nl": {stem: snowball(dutch.Stem)}, "pt": {stem: snowball(portuguese.Stem)},
		"hi": {stem: hindi}, "id": {stem: indonesian}, "ja": {}, "ko": {},
	}
	for line := range strings.Lines(stopwords) {
		code, words, _ := strings.Cut(strings.TrimSpace(line), " ")
		l := all[code]
		if l == nil {
			panic("knowledge: stopwords of no language: " + code)
		}
		l.stop = map[string]bool{}
		for w := range strings.FieldsSeq(words) {
			l.stop[w] = true
		}
	}
	return all
}

// languageOf is a language by its code; English when it is unknown.
func languageOf(code string) *language {
	if l := languages[code]; l != nil {
		return l
	}
	return languages["en"]
}

func snowball(stem func(*snowballstem.Env) bool) func(string) string {
	return func(w string) string {
		env := snowballstem.NewEnv(w)
		stem(env)
		return env.Current()
	}
}

// Endings are taken off the longest first, one of each row, and never so that fewer than least characters are left.
var (
	hindiEndings = [][]string{{
		"ाएंगी", "ाएंगे", "ाऊंगी", "ाऊंगा", "ाइयाँ", "ाइयों", "ाइयां", "ाएगी", "ाएगा", "ाओगी", "ाओगे", "एंगी", "ेंगी", "एंगे", "ेंगे", "ूंगी", "ूंगा",
		"ातीं", "नाओं", "नाएं", "ताओं", "ताएं", "ियाँ", "ियों", "ियां", "ाकर", "ाइए", "ाईं", "ाया", "ेगी", "ेगा", "ोगी", "ोगे", "ाने", "ाना", "ाते", "ाती", "ाता", "तीं", "ाओं", "ाएं",
		"ुओं", "ुएं", "ुआं", "कर", "ाओ", "िए", "ाई", "ाए", "ने", "नी", "ना", "ते", "ीं", "ती", "ता", "ाँ", "ां", "ों", "ें",
		"ो", "े", "ू", "ु", "ी", "ि", "ा",
	}}
	indonesianEndings = [][]string{{"lah", "kah", "tah", "pun"}, {"nya", "ku", "mu"}, {"kan", "an"}}
	indonesianFronts  = []string{"meng", "meny", "peng", "peny", "mem", "men", "pem", "pen", "ber", "ter", "per", "di", "ke", "se", "me"}
)

// hindi takes the endings of inflection off (the list of Ramanathan and Rao, 2003).
func hindi(w string) string { return without(w, hindiEndings, 2) }

// indonesian takes off particles, possessives, and the affixes that make verbs and nouns; what changes within a word stays.
func indonesian(w string) string {
	w = without(w, indonesianEndings, 4)
	for _, p := range indonesianFronts {
		if rest, ok := strings.CutPrefix(w, p); ok && len(rest) >= 4 {
			return rest
		}
	}
	return w
}

func without(w string, rows [][]string, least int) string {
	for _, row := range rows {
		for _, end := range row {
			if rest, ok := strings.CutSuffix(w, end); ok && utf8.RuneCountInString(rest) >= least {
				w = rest
				break
			}
		}
	}
	return w
}
