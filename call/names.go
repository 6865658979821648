package call

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxNames     = 40 // of one call: transcribers take about a hundred terms in all, the agent's own among them
	maxNameRunes = 50
	maxNameWords = 5
)

// telling are what the names of variables contain whose values callers say even when they are written small.
var telling = []string{"name", "nombre", "nome", "prenom", "company", "firma", "empresa", "brand", "product", "street", "city"}

// hollow are values that say how things stand; a transcriber that expects them hears them everywhere.
var hollow = map[string]bool{"true": true, "false": true, "yes": true, "no": true, "none": true, "null": true, "unknown": true, "n/a": true,
	"undefined": true, "test": true, "other": true, "male": true, "female": true, "mr": true, "mrs": true, "ms": true, "dr": true}

// names are what of a call's context callers are likely to say and transcribers to get wrong: people, companies, places, products. Not
// numbers, ids, addresses and sentences. Those whose variable says that they are names come first.
func names(context map[string]string) []string {
	type candidate struct {
		rank          int
		variable, say string
	}
	var all []candidate
	for variable, value := range context {
		say := strings.Join(strings.Fields(value), " ")
		v := strings.ToLower(variable)
		told := slices.ContainsFunc(telling, func(t string) bool { return strings.Contains(v, t) })
		if !sayable(say) || !told && !capital(say) {
			continue
		}
		c := candidate{1, variable, say}
		if told {
			c.rank = 0
		}
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b candidate) int { return cmp.Or(a.rank-b.rank, cmp.Compare(a.variable, b.variable)) })
	var out []string
	for _, c := range all {
		same := func(s string) bool { return strings.EqualFold(s, c.say) }
		if len(out) < maxNames && !slices.ContainsFunc(out, same) {
			out = append(out, c.say)
		}
	}
	return out
}

// sayable reports whether s is a few words.
func sayable(s string) bool {
	if n := utf8.RuneCountInString(s); n == 0 || n > maxNameRunes || hollow[strings.ToLower(s)] {
		return false
	}
	words := strings.Fields(s)
	if len(words) > maxNameWords {
		return false
	}
	letters := 0
	for _, w := range words {
		l, d := 0, 0
		for _, r := range w {
			switch {
			case unicode.IsLetter(r) || unicode.IsMark(r):
				l++
			case unicode.IsDigit(r):
				d++
			case !strings.ContainsRune("'’-.&,+!·・", r):
				return false
			}
		}
		if d > 0 && l > 0 && l+d >= 6 || d > 4 { // an id
			return false
		}
		letters += l
	}
	return letters > 0 && !strings.Contains(strings.TrimRight(s, ". "), ".com") && !domain(s)
}

// domain reports whether s is an address on the net without its scheme.
func domain(s string) bool {
	i := strings.LastIndexByte(s, '.')
	return i > 1 && i < len(s)-2 && !strings.ContainsRune(s, ' ') && !strings.ContainsRune(s[:i], '.')
}

// capital reports whether s is written as names are: with a capital, or in a script that has none; longer than a code.
func capital(s string) bool {
	found, n, upper := false, 0, true
	for _, w := range strings.Fields(s) {
		for i, r := range w {
			if !unicode.IsLetter(r) {
				continue
			}
			n++
			caseless := unicode.ToUpper(r) == unicode.ToLower(r)
			if caseless || i == 0 && unicode.IsUpper(r) {
				found = true
			}
			upper = upper && !caseless && unicode.IsUpper(r)
		}
	}
	return found && !(upper && n < 3)
}

// expect adds the call's names to the agent's keywords, which keep their boosts.
func expect(keywords map[string]float64, names []string) map[string]float64 {
	known := make(map[string]bool, len(keywords))
	for w := range keywords {
		known[strings.ToLower(w)] = true
	}
	out := maps.Clone(keywords)
	for _, n := range names {
		if known[strings.ToLower(n)] {
			continue
		}
		if out == nil {
			out = make(map[string]float64, len(names))
		}
		out[n] = 1
	}
	return out
}
