package answer

import "strings"

// A Gist is what a text alone tells of who says it.
type Gist struct {
	Class   Class   // of the machine whose phrase is in it; "": of none
	Sure    float64 // 0–1
	Phrase  string  // of the machine's
	Person  string  // and one that only people say
	Greets  bool    // it is nothing but how people answer
	Company bool    // it begins as people and menus of companies do, and nobody has told their name
}

// GistOf looks for what is known of the language, and of English.
func GistOf(language, text string) Gist {
	c := Classifier{words: []*lexicon{lexiconOf(language)}}
	if en := lexicons["en"]; c.words[0] != en {
		c.words = append(c.words, en)
	}
	f := c.find(plain(text))
	g := Gist{Person: f.person, Greets: f.greets && strings.TrimSpace(f.said) != "", Company: f.company}
	if m := f.machine; m != nil {
		g.Class, g.Sure, g.Phrase = m.class, m.sure, m.phrase
	}
	return g
}
