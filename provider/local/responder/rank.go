package responder

import (
	"math"
	"slices"
	"strings"
	"unicode"
)

// BM25: how soon a word's repetition stops counting, and how much a sentence's length does.
const (
	saturation = 1.2
	lengthNorm = 0.3
)

const (
	alike    = 0.55 // weight of a word that only sounds like the caller's
	related  = 0.6  // and of one that goes with it
	first    = 2    // the same, of an emergency
	covered  = 0.42 // share of the caller's words that an answer must take up
	nearly   = 0.8  // of the best score: the sentence is said as well
	maxSaid  = 2    // sentences
	maxBytes = 260
)

// An index finds the sentences of a prompt by a caller's words.
type index struct {
	lang      string
	sentences []sentence
	terms     []map[string]int
	lengths   []int
	mean      float64
	docs      map[string]int // sentences that have the term
}

func newIndex(prompt, lang string) *index {
	x := &index{lang: lang, sentences: sentencesOf(prompt), docs: map[string]int{}}
	total := 0
	for _, s := range x.sentences {
		terms := map[string]int{}
		n := 0
		for _, t := range termsOf(wordsOf(s.found), lang) {
			terms[t]++
			n++
		}
		for t := range terms {
			x.docs[t]++
		}
		x.terms, x.lengths = append(x.terms, terms), append(x.lengths, n)
		total += n
	}
	x.mean = max(1, float64(total)/float64(max(1, len(x.sentences))))
	return x
}

// duration is what questions of how long are made into.
var duration = stem("duration")

// An ask is one word of the caller's: the terms that would answer it, with how well.
type ask struct {
	terms     map[string]float64
	word      string
	attribute bool // price, place: asks something of what the other words name
	moment    bool // says when
	known     bool // the prompt has the word, or one like it
}

// best is the sentences that answer the words, "" when none does well enough.
func (x *index) best(words []string) string {
	asks := x.asks(words)
	if len(asks) == 0 {
		return ""
	}
	scores := make([]float64, len(x.sentences))
	top := 0.0
	for i := range x.sentences {
		scores[i] = x.score(i, asks)
		top = max(top, scores[i])
	}
	if top == 0 {
		return ""
	}
	type hit struct {
		at    int
		score float64
	}
	var hits []hit
	for i, s := range scores {
		if s >= top*nearly {
			hits = append(hits, hit{i, s})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		if a.score > b.score {
			return -1
		} else if a.score < b.score {
			return 1
		}
		return a.at - b.at
	})
	best := hits[0].at
	hits = slices.DeleteFunc(hits, func(h hit) bool { return h.at != best && !x.adds(h.at, best, asks) })
	hits = hits[:min(len(hits), maxSaid)]
	slices.SortFunc(hits, func(a, b hit) int { return a.at - b.at })
	text := ""
	for _, h := range hits {
		s := x.sentences[h.at].spoken
		if text != "" && len(text)+len(s) > maxBytes {
			break
		}
		text = strings.TrimSpace(text + " " + s)
	}
	return text
}

// adds reports whether sentence i is worth saying beside the best: it takes up what that does, in the caller's own words where
// that does, and does not turn to something else. A question for a time may need both.
func (x *index) adds(i, best int, asks []ask) bool {
	if slices.ContainsFunc(asks, func(a ask) bool { return a.moment }) {
		return !x.undoes(i, asks)
	}
	for _, a := range asks {
		if x.terms[best][a.word] > 0 && x.terms[i][a.word] == 0 {
			return false
		}
	}
	return !x.undoes(i, asks)
}

// undoes reports whether sentence i is about undoing what the caller does not want undone.
func (x *index) undoes(i int, asks []ask) bool {
	for t := range x.terms[i] {
		if acts[t] && !slices.ContainsFunc(asks, func(a ask) bool { return a.terms[t] > 0 }) {
			return true
		}
	}
	return false
}

// score is BM25 over what the caller asks, 0 when too little of it is taken up.
func (x *index) score(i int, asks []ask) float64 {
	sum, took, wanted := 0.0, 0.0, 0.0
	object, named := false, false
	norm := saturation * (1 - lengthNorm + lengthNorm*float64(x.lengths[i])/x.mean)
	for _, a := range asks {
		best, weight := 0.0, 0.0
		for t, w := range a.terms {
			n := x.terms[i][t]
			if n == 0 {
				continue
			}
			idf := math.Log(1 + (float64(len(x.sentences)-x.docs[t])+0.5)/(float64(x.docs[t])+0.5))
			if s := w * idf * float64(n) * (saturation + 1) / (float64(n) + norm); s > best {
				best, weight = s, w
			}
		}
		share := 1.0
		switch {
		case !a.known:
			share = 0.6 // perhaps misheard
		case a.moment && best == 0:
			share = 0.5
		}
		wanted += share
		if best > 0 {
			took += min(1, weight+0.3)
			sum += best
		}
		if a.word == duration && best == 0 {
			return 0
		}
		if !a.attribute {
			named = true
			object = object || best > 0
		}
	}
	if x.undoes(i, asks) {
		sum *= 0.8
	}
	if took/wanted < covered || named && !object && x.asksAttribute(asks) {
		return 0
	}
	return sum
}

// asksAttribute: the price of something is not answered by the price of something else.
func (x *index) asksAttribute(asks []ask) bool {
	return slices.ContainsFunc(asks, func(a ask) bool { return a.attribute })
}

// asks reads the caller's words. Words that the prompt does not have are taken for the ones in it that sound like them.
func (x *index) asks(words []string) []ask {
	var out []ask
	seen := map[string]bool{}
	english := x.lang == "en"
	if english {
		words = slices.Clone(words)
		for _, p := range idioms {
			if i := find(words, p.said); i >= 0 {
				words[i] = p.word
				words = slices.Delete(words, i+1, i+len(p.said))
			}
		}
	}
	if english && slices.Contains(words, "duration") { // how long it takes; what it takes is another question
		words = slices.DeleteFunc(words, func(w string) bool { return w == "take" || w == "takes" })
	}
	for i, w := range words {
		for _, t := range termsOf([]string{w}, x.lang) {
			if seen[t] {
				continue
			}
			seen[t] = true
			a := ask{word: t, terms: map[string]float64{t: 1}, known: x.docs[t] > 0}
			if english {
				group := families[t]
				weight := related
				if urgent[t] {
					weight = first
				}
				for _, r := range group {
					a.terms[r] = max(a.terms[r], weight)
					a.known = a.known || x.docs[r] > 0
				}
				a.moment = moments[t] || slices.Contains(group, stem("saturday")) || slices.Contains(group, stem("holiday"))
				a.attribute = attributes[t] || moments[t]
			}
			if !a.known {
				x.soundsLike(&a, t, words, i)
			}
			if a.known || !english || !moments[t] {
				out = append(out, a)
			}
		}
	}
	return out
}

func (x *index) soundsLike(a *ask, t string, words []string, i int) {
	heard := []string{t}
	if i+1 < len(words) {
		heard = append(heard, words[i]+words[i+1])
	}
	if i > 0 {
		heard = append(heard, words[i-1]+words[i])
	}
	for term := range x.docs {
		for _, h := range heard {
			if resembles(stem(h), term) {
				a.terms[term] = max(a.terms[term], alike)
				a.known = true
			}
		}
	}
}

// resembles tells words that a recogniser takes for each other: few letters apart, and the same first sound.
func resembles(a, b string) bool {
	if len(a) < 5 || len(b) < 5 {
		return false
	}
	far := 1
	if min(len(a), len(b)) >= 8 {
		far = 2
	}
	return a[0] == b[0] && distance(a, b, far) <= far
}

// distance is Levenshtein's, far+1 when it is more than far.
func distance(a, b string, far int) int {
	if len(a)-len(b) > far || len(b)-len(a) > far {
		return far + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			keep := row[j+1]
			change := last
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, keep+1, row[j]+1)
			last = keep
		}
	}
	return row[len(b)]
}

// termsOf are the words that carry meaning, stemmed; scripts without spaces go by pairs of letters.
func termsOf(words []string, lang string) []string {
	var out []string
	stop := stopWords[lang]
	for _, w := range words {
		if stop[w] {
			continue
		}
		if r := []rune(w); len(r) > 1 && unicode.In(r[0], unicode.Han, unicode.Hiragana, unicode.Katakana) {
			for i := range len(r) - 1 {
				out = append(out, string(r[i:i+2]))
			}
			continue
		}
		if lang == "en" {
			w = stem(strings.TrimSuffix(w, "'s"))
		}
		if len(w) > 1 || w != "" && unicode.IsNumber(rune(w[0])) {
			out = append(out, w)
		}
	}
	return out
}

// stem takes the commonest endings off an English word.
func stem(w string) string {
	if len(w) < 4 {
		return w
	}
	for _, s := range []struct{ end, put string }{{"ies", "y"}, {"sses", "ss"}, {"ches", "ch"}, {"shes", "sh"}, {"xes", "x"}, {"ness", ""},
		{"ations", ""}, {"ation", ""}, {"ings", ""}, {"ing", ""}, {"ers", ""}, {"eed", "eed"}, {"ed", ""}, {"es", ""}, {"er", ""}, {"ly", ""}, {"ss", "ss"}, {"s", ""}} {
		if strings.HasSuffix(w, s.end) && len(w)-len(s.end) >= 3 {
			w = w[:len(w)-len(s.end)] + s.put
			break
		}
	}
	if n := len(w); n > 3 && w[n-1] == w[n-2] && !strings.ContainsRune("aeiou", rune(w[n-1])) {
		w = w[:n-1]
	}
	return strings.TrimSuffix(w, "e")
}
