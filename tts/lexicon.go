package tts

import (
	"iter"
	"unicode/utf8"
)

// A Lexicon knows words by their phonemes: of the word that text begins with, its length in bytes and its phonemes, in the
// International Phonetic Alphabet; 0 for a word that it does not know. Ask where a word begins.
type Lexicon func(text string) (n int, ipa string)

// Phonetic is a Synthesizer that says words of Options.Lexicon by their phonemes in some languages, by their contract codes.
type Phonetic interface{ Phonetic(language string) bool }

// Parts is text cut at the words that l knows, which come with their phonemes; what lies between has none. All parts together are
// the text.
func (l Lexicon) Parts(text string) iter.Seq2[string, string] {
	return func(yield func(part, ipa string) bool) {
		from, fresh := 0, true
		for i := 0; i < len(text) && l != nil; {
			if fresh {
				if n, ipa := l(text[i:]); n > 0 && i+n <= len(text) {
					if from < i && !yield(text[from:i], "") || !yield(text[i:i+n], ipa) {
						return
					}
					i += n
					from, fresh = i, false
					continue
				}
			}
			r, n := utf8.DecodeRuneInString(text[i:])
			fresh = !letter(r)
			i += n
		}
		if from < len(text) {
			yield(text[from:], "")
		}
	}
}
