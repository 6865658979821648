package responder

import "regexp"

// texts are what is said in a language, and the words that are understood in it. Of words, a list of phrases is found
// anywhere in what the caller says; a set holds single words.
type texts struct {
	phrases
	words
	niceties
}

// phrases are spoken. need, confirm, confirmFrom and thankName have places for what the caller said.
type phrases struct {
	hello, pardon, unknown, offer, askName, thankName, askMessage, confirm, confirmFrom, noted string
	more, fineThen, welcome, what, bye, moment, need, happened                                 string
	here, itself                                                                               string
}

// words are understood.
type words struct {
	yesWords, noWords, fine, thanks, greets, fillers, goodbyes, questions, asks, endsName map[string]bool
	repeat, there, person, message, robot, who, introduces, myName, never                 []string
}

// niceties are what a language may do without.
type niceties struct {
	small    []exchange
	whats    map[string]bool // whole utterances of who did not hear
	wh       map[string]bool // questions that nobody gives as a message
	wantName *regexp.Regexp  // sentences of prompts that ask for the caller's name
}

// matches reports whether one of the phrases was said.
func (x *texts) matches(phrases []string, said []string) bool {
	for _, p := range phrases {
		if find(said, wordsOf(p)) >= 0 {
			return true
		}
	}
	return false
}

// only reports whether there is nothing else in the words than what is in the sets.
func (x *texts) only(said []string, sets ...map[string]bool) bool {
	for _, w := range said {
		in := false
		for _, s := range sets {
			in = in || s[w]
		}
		if !in {
			return false
		}
	}
	return true
}

func (x *texts) has(said []string, set map[string]bool) bool {
	for _, w := range said {
		if set[w] {
			return true
		}
	}
	return false
}

// isYes and isNo look at what an answer begins with; a no further on may belong to anything.
func (x *texts) isYes(said []string) bool {
	w := x.first(said)
	return x.yesWords[w] || x.fine[w] && !x.isNo(said)
}

func (x *texts) isNo(said []string) bool { return x.noWords[x.first(said)] }

func (x *texts) first(said []string) string {
	for _, w := range said {
		if !x.fillers[w] && !x.greets[w] {
			return w
		}
	}
	return ""
}

// isBye: a word of parting, in an utterance with little else.
func (x *texts) isBye(said []string) bool {
	for n := 1; n <= 4; n++ {
		for i := 0; i+n <= len(said); i++ {
			p := said[i]
			for _, w := range said[i+1 : i+n] {
				p += " " + w
			}
			if x.goodbyes[p] && len(said) <= n+6 && !x.has(said[:i], x.questions) && !x.has(said[i+n:], x.questions) {
				return true
			}
		}
	}
	return false
}

func list(lines ...string) map[string]bool {
	m := map[string]bool{}
	for _, l := range lines {
		m[l] = true
	}
	return m
}

// textsOf has the texts of every language of the contract.
var textsOf = map[string]*texts{"en": english, "es": spanish, "de": german, "fr": french, "pt": portuguese, "it": italian, "nl": dutch,
	"id": indonesian, "hi": hindi, "ja": japanese, "ko": korean}
