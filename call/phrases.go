package call

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/parley-voice/parley"
)

// maxPhrases bounds what a transcriber is told to expect; the first are the likeliest.
const maxPhrases = 200

// phrases are the sentences that the agent's own words make likely: what is in its prompt, its greeting and its actions.
func phrases(prompt, greeting string, actions []parley.Action) []string {
	var all []string
	add := func(t string) {
		for _, s := range strings.FieldsFunc(t, func(r rune) bool { return strings.ContainsRune(".!?\n;:•", r) }) {
			if s = strings.TrimSpace(s); s != "" && len(all) < maxPhrases {
				all = append(all, s)
			}
		}
	}
	add(greeting)
	for _, a := range actions {
		add(text(a.Label))
		add(text(a.Description))
	}
	add(prompt)
	return all
}

// keywords reads deepgram_keywords, whose boosts are numbers or numeric strings. What is neither is a warning.
func keywords(given map[string]any, warnings []string) (map[string]float64, []string) {
	if len(given) == 0 {
		return nil, warnings
	}
	out := make(map[string]float64, len(given))
	for w, b := range given {
		switch b := b.(type) {
		case float64:
			out[w] = b
		case string:
			f, err := strconv.ParseFloat(strings.TrimSpace(b), 64)
			if err != nil {
				warnings = append(warnings, fmt.Sprintf("deepgram_keywords.%s: %q is no number; the word is expected without a boost", w, b))
				f = 1
			}
			out[w] = f
		default:
			warnings = append(warnings, fmt.Sprintf("deepgram_keywords.%s: a boost is a number; the word is expected without one", w))
			out[w] = 1
		}
	}
	return out, warnings
}
