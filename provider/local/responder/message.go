package responder

import (
	"fmt"
	"slices"
	"strings"
)

// taking is the taking of a message: name, message, confirmation. Where it stands is in what the agent said last.
func (t *talk) taking(said, asked string, words []string) (answer, bool) {
	x := t.texts
	stage := t.stage(asked)
	if stage == 0 {
		return answer{}, false
	}
	if x.isBye(words) || stage != confirming && (x.isNo(words) || len(words) <= 8 && x.matches(x.never, words)) {
		if (stage == naming || stage == wanting) && !x.isBye(words) {
			return answer{text: x.fineThen + " " + x.more}, true
		}
		return answer{}, false
	}
	if stage == telling && x.wh[words[0]] && newIndex(t.prompt, t.lang).best(words) != "" ||
		(stage == naming || stage == wanting) && (t.asksSomething(words) || t.saysNoName(words)) {
		return answer{}, false // the rules after this one answer
	}
	switch stage {
	case naming, wanting:
		name, rest := t.nameIn(said)
		if dayWord.MatchString(name) {
			rest = said
		}
		name = t.nameGiven(len(t.turns) - 1)
		if request := t.request(); request != "" {
			return t.requested(request, name, rest), true
		}
		switch {
		case name == "" && x.isYes(words) || x.only(words, x.yesWords, x.fine, x.fillers):
			return answer{text: x.askName}, true
		case name == "":
			return answer{text: x.pardon + " " + x.askName}, true
		case rest != "":
			return answer{text: t.confirm(rest, name)}, true
		}
		return answer{text: fmt.Sprintf(x.thankName, name) + " " + x.askMessage}, true
	case telling:
		if name := t.nameGiven(len(t.turns) - 1); name != "" {
			return answer{text: fmt.Sprintf(x.thankName, name) + " " + x.askMessage}, true
		}
		return answer{text: t.confirm(said, t.callerName())}, true
	}
	switch {
	case x.isNo(words):
		return answer{text: x.fineThen + " " + x.askMessage}, true
	case x.isYes(words):
		return answer{text: x.noted + " " + x.more}, true
	}
	if t.meaningless(said) { // a yes or a no that was misheard
		return answer{text: asked}, true
	}
	if old := t.confirmed(asked); old != "" && len(words) <= 4 { // too little to be all of it
		said = old + ", " + said
	}
	return answer{text: t.confirm(said, t.callerName())}, true
}

// Stages of taking a message, by what the agent asked last.
const (
	naming = iota + 1
	telling
	confirming
	wanting // the prompt's own words have asked for a name
)

// stage looks for the beginnings of the questions: an agent that was interrupted may not have come to their ends.
func (t *talk) stage(asked string) int {
	x := t.texts
	switch {
	case asked == "":
		return 0
	case strings.Contains(asked, beginning(x.confirm)):
		return confirming
	case strings.Contains(asked, x.askMessage):
		return telling
	case strings.Contains(asked, x.askName), slices.Contains(splitSentences(asked), x.offer):
		return naming
	case x.wantName != nil && x.wantName.MatchString(asked):
		return wanting
	}
	return 0
}

// request is what the caller said before the agent's own text asked for a name, and since; "" when it has not.
func (t *talk) request() string {
	n := len(t.turns) - 1 // the caller's last turn
	i := n - 1
	for i > 1 && strings.HasSuffix(t.turns[i].text, t.texts.askName) && !strings.Contains(t.turns[i].text, t.texts.offer) {
		i -= 2
	}
	if i < 1 || t.stage(t.turns[i].text) != wanting {
		return ""
	}
	var said []string
	for j := i - 1; j < n; j += 2 {
		if t.texts.only(wordsOf(t.turns[j].text), t.texts.yesWords, t.texts.fine, t.texts.fillers) {
			continue
		}
		said = append(said, strings.TrimRight(t.turns[j].text, ".!? "))
	}
	return strings.Join(said, ", ")
}

// requested goes on with a request for which a name is needed.
func (t *talk) requested(request, name, rest string) answer {
	switch {
	case name == "":
		return answer{text: t.texts.askName}
	case rest != "":
		request += ", " + rest
	}
	return answer{text: t.confirm(request, name)}
}

// meaningless reports whether a name is made of words that carry no meaning, as recognisers make of noise. Some are names, too.
func (t *talk) meaningless(name string) bool {
	for _, w := range wordsOf(name) {
		if !stopWords[t.lang][w] || w == "will" || w == "may" || w == "guy" {
			return false
		}
	}
	return true
}

// saysNoName tells courtesies and the names of things that callers ask for from the names of people.
func (t *talk) saysNoName(words []string) bool {
	x := t.texts
	if x.matches(x.myName, words) {
		return false
	}
	if x.only(words, x.thanks, x.fine, x.fillers) && x.has(words, x.thanks) || x.whats[strings.Join(words, " ")] {
		return true
	}
	terms := termsOf(words, t.lang)
	for _, w := range terms {
		if families[w] == nil {
			return false
		}
	}
	return t.lang == "en" && len(terms) > 0
}

func beginning(format string) string {
	s, _, _ := strings.Cut(format, "%")
	return strings.TrimSpace(s)
}

func (t *talk) confirm(message, name string) string {
	message = strings.TrimRight(strings.TrimSpace(message), ".!? ")
	if name == "" {
		return fmt.Sprintf(t.texts.confirm, message)
	}
	return fmt.Sprintf(t.texts.confirmFrom, message, name)
}

// confirmed is the message that the agent has read back, "" when the caller did not let it finish.
func (t *talk) confirmed(asked string) string {
	_, rest, _ := strings.Cut(asked, beginning(t.texts.confirm))
	from := strings.Split(t.texts.confirmFrom, "%s")
	if message, _, ok := strings.Cut(rest, from[1]); ok && t.callerName() != "" {
		return strings.TrimSpace(message)
	}
	_, end, _ := strings.Cut(t.texts.confirm, "%s")
	message, _, ok := strings.Cut(rest, end)
	if !ok {
		return ""
	}
	return strings.TrimSpace(message)
}

// asksSomething tells a question, or the wish for a person, from a name.
func (t *talk) asksSomething(words []string) bool {
	x := t.texts
	if len(words) < 3 || x.matches(x.myName, words) {
		return false
	}
	if x.questions[words[0]] {
		return true
	}
	start := words[:min(len(words), 6)] // further on, it is part of a message
	return x.asks[words[0]] && x.matches(x.person, start) || x.matches(x.there, start) || x.matches(x.repeat, start)
}

// callerName is the name given in this call, last first.
func (t *talk) callerName() string {
	for i := len(t.turns) - 1; i > 0; i-- {
		if name := t.nameGiven(i); t.turns[i].caller && name != "" {
			return name
		}
	}
	return ""
}

// nameGiven is the name in turn i, when that answers the question for it.
func (t *talk) nameGiven(i int) string {
	said := t.turns[i].text
	switch t.stage(t.turns[i-1].text) {
	case naming, wanting:
		if name, _ := t.nameIn(said); !dayWord.MatchString(name) && (!t.meaningless(name) || t.saysName(said)) {
			return name
		}
	case telling:
		if name, rest := t.nameIn(said); rest == "" && t.saysName(said) {
			return name // the first was misheard
		}
	}
	return ""
}

// saysName reports whether the caller says little but a name, and says that it is one.
func (t *talk) saysName(said string) bool {
	words := wordsOf(said)
	return len(words) <= 6 && t.texts.matches(t.texts.myName, words[:min(len(words), 3)])
}

const maxName = 4 // words

// nameIn finds a name in the answer to the question for it, and a message that may follow it.
func (t *talk) nameIn(said string) (name, rest string) {
	x := t.texts
	words := strings.Fields(said)
	plain := make([]string, len(words))
	for i, w := range words {
		plain[i] = strings.Join(wordsOf(w), "")
	}
	from := 0
	for _, p := range x.myName {
		if i := find(plain, strings.Fields(p)); i >= 0 {
			from = i + len(strings.Fields(p))
			break
		}
	}
	for from < len(plain) && !x.endsName[plain[from]] && (x.fillers[plain[from]] || x.yesWords[plain[from]] || x.greets[plain[from]] || plain[from] == "") {
		from++
	}
	to := from
	for to < len(plain) && to-from < maxName && !x.endsName[plain[to]] {
		to++
		if strings.HasSuffix(words[to-1], ",") || strings.HasSuffix(words[to-1], ".") {
			break
		}
	}
	for _, w := range plain[from:to] {
		name += " " + title(w)
	}
	for to < len(plain) && x.endsName[plain[to]] {
		to++
	}
	if len(words)-to >= 3 {
		rest = strings.Join(words[to:], " ")
	} else if to < len(words) && to-from >= maxName {
		return "", "" // too long to be a name, too short to be one and a message
	}
	return strings.TrimSpace(name), rest
}

func title(w string) string {
	r := []rune(w)
	if len(r) == 0 {
		return ""
	}
	return strings.ToUpper(string(r[:1])) + string(r[1:])
}

// find is where the phrase begins in words, −1 when it does not.
func find(words, phrase []string) int {
	for i := 0; len(phrase) > 0 && i+len(phrase) <= len(words); i++ {
		j := 0
		for j < len(phrase) && words[i+j] == phrase[j] {
			j++
		}
		if j == len(phrase) {
			return i
		}
	}
	return -1
}
