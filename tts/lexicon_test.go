package tts

import (
	"strings"
	"testing"
)

func TestLexiconParts(t *testing.T) {
	l := Lexicon(func(text string) (int, string) {
		for word, ipa := range map[string]string{"Zoë": "zoʊi", "Aer Lingus": "ɛɹ"} {
			if strings.HasPrefix(text, word) && !letterAt(text[len(word):]) {
				return len(word), ipa
			}
		}
		return 0, ""
	})
	for text, want := range map[string]string{
		"":                          "",
		"Hello there.":              "Hello there.|",
		"Zoë":                       "Zoë|zoʊi",
		"Is Zoë's with Aer Lingus?": "Is |;Zoë|zoʊi;'s with |;Aer Lingus|ɛɹ;?|",
		"Zoës, McZoë, Zoë":          "Zoës, McZoë, |;Zoë|zoʊi",
		"\xffZoë":                   "\xff|;Zoë|zoʊi",
	} {
		var got []string
		for part, ipa := range l.Parts(text) {
			got = append(got, part+"|"+ipa)
		}
		if s := strings.Join(got, ";"); s != want {
			t.Errorf("%q is %s, want %s", text, s, want)
		}
		for range l.Parts(text) {
			break
		}
		whole := ""
		for part, ipa := range Lexicon(nil).Parts(text) {
			whole += part + ipa
		}
		if whole != text {
			t.Errorf("without a lexicon %q is %q", text, whole)
		}
	}
}
