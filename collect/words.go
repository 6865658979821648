package collect

import (
	"strings"
)

// words are what collecting needs of a language.
type words struct {
	code     string
	numerals *numerals
	asIn     map[string]bool   // "b as in boy": between the letter and the word
	signs    map[string]string // "dot" ".", "at" "@"; several words with a space
	sign     map[rune]string   // and how they are read back
	plus     map[string]bool
	intro    []string // "my number is": what values are begun with
	months   [12]string
	alsos    map[string]int // other words for months
	dayFirst bool           // 3/4 is the third of April
	days     map[string]int // "tomorrow" 1, from today
	weekdays map[string]int // from Sunday 0
	yes, no  map[string]bool
	fill     map[string]bool // beside a yes it is still one
	phrases
}

// phrases are what the agent says by itself.
type phrases struct {
	noted  string // "I have noted: %s."
	right  string // "Is that right?"
	please string // "Please tell me: %s."
	keys   string // the same of what can be keyed in
	labels map[Kind]string
	date   func(year int, month string, n, day int) string
}

func set(list string) map[string]bool {
	m := map[string]bool{}
	for _, s := range strings.Split(list, "|") {
		if s != "" {
			m[s] = true
		}
	}
	return m
}

// numbered gives every item of a list, parted by |, its place; alternatives are parted by a comma.
func numbered(list string, from int) map[string]int {
	m := map[string]int{}
	for i, s := range strings.Split(list, "|") {
		for _, w := range strings.Split(s, ",") {
			if w != "" {
				m[w] = from + i
			}
		}
	}
	return m
}

// signsFrom reads at, dot, dash, underscore and plus, parted by |, alternatives by commas; the first of each is how it is read back.
func signsFrom(list string) (signs map[string]string, sign map[rune]string) {
	signs, sign = map[string]string{}, map[rune]string{}
	for i, s := range strings.Split(list, "|") {
		r := []rune("@.-_+")[i]
		for j, w := range strings.Split(s, ",") {
			signs[w] = string(r)
			if j == 0 {
				sign[r] = w
			}
		}
	}
	return signs, sign
}

// bare is a row of words without what introduces the value: up to the last such phrase at its beginning.
func (w *words) bare(tokens []string) []string {
	for _, p := range w.intro {
		phrase := strings.Fields(p)
		for i := 0; i+len(phrase) < len(tokens) && i <= mostIntro; i++ {
			if equal(tokens[i:i+len(phrase)], phrase) {
				return tokens[i+len(phrase):]
			}
		}
	}
	return tokens
}

// mostIntro is how many words may stand before the phrase that introduces a value: "well, I think the number is".
const mostIntro = 6

func equal(a, b []string) bool {
	for i := range b {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// wordsOf are those of a language of the contract; of any other, those of English.
func wordsOf(language string) *words {
	if w := languages[language]; w != nil {
		return w
	}
	return languages["en"]
}

var languages = map[string]*words{}

// speak adds a language.
func speak(code, signs, asIn, intro, months string, w words) {
	w.code, w.numerals, w.asIn = code, numeralsOf[code], set(asIn)
	w.signs, w.sign = signsFrom(signs)
	w.plus = map[string]bool{w.sign['+']: true}
	for _, s := range strings.Split(intro, "|") {
		if s != "" {
			w.intro = append(w.intro, s)
		}
	}
	w.alsos = numbered(months, 1)
	for i, s := range strings.Split(months, "|") {
		w.months[i%12], _, _ = strings.Cut(s, ",")
	}
	languages[code] = &w
}

func (w *words) label(f *Field) string {
	if f.Label != "" {
		return f.Label
	}
	if l := w.labels[f.Kind]; l != "" {
		return l
	}
	return strings.NewReplacer("_", " ", "-", " ").Replace(f.Name)
}
