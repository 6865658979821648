package responder

import "strings"

// An exchange is words that ask for nothing the prompt could answer, and what is said to them.
type exchange struct {
	heard []string // phrases, each with nothing of weight beside it
	say   func(t *talk, asked string) string
}

// smallTalk answers an utterance that is one of the language's exchanges and nothing else.
func (t *talk) smallTalk(_, asked string, words []string) (answer, bool) {
	for _, e := range t.texts.small {
		for _, p := range e.heard {
			if t.only(words, strings.Fields(p)) {
				return answer{text: e.say(t, asked)}, true
			}
		}
	}
	return answer{}, false
}

// only reports whether the phrase was said, and beside it nothing but courtesies and words without meaning.
func (t *talk) only(words, phrase []string) bool {
	i := find(words, phrase)
	if i < 0 {
		return false
	}
	x := t.texts
	for j, w := range words {
		if j >= i && j < i+len(phrase) || x.fillers[w] || x.greets[w] || x.fine[w] || x.thanks[w] || x.yesWords[w] || x.noWords[w] {
			continue
		}
		if !stopWords[t.lang][w] || x.questions[w] {
			return false
		}
	}
	return true
}

// again repeats what the agent said, for a caller who did not hear or understand it.
func (t *talk) again(_, asked string, words []string) (answer, bool) {
	x := t.texts
	most := 10
	if t.stage(asked) == telling {
		most = 4 // more is a message
	}
	if len(words) > most || !x.matches(x.repeat, words) && !x.whats[strings.Join(words, " ")] {
		return answer{}, false
	}
	if asked == "" {
		return answer{text: x.hello}, true
	}
	return answer{text: asked}, true
}

// say makes an exchange's answer of one text.
func say(text string) func(*talk, string) string { return func(*talk, string) string { return text } }

// onwards is what to say to someone who has agreed to what was said, or has nothing to say to it.
func (t *talk) onwards() string {
	if len(t.turns) > 2 {
		return t.texts.more
	}
	return t.texts.what
}
