package responder

import (
	"fmt"
	"strings"
)

// taking is the taking of a message: name, message, confirmation. Where it stands is in what the agent said last.
func (t *talk) taking(said, asked string, words []string) (answer, bool) {
	x := t.texts
	stage := t.stage(asked)
	if stage == 0 {
		return answer{}, false
	}
	if x.isBye(words) || stage != confirming && (x.isNo(words) || x.matches(x.never, words)) {
		if stage == naming && !x.isBye(words) {
			return answer{text: x.fineThen + " " + x.more}, true
		}
		return answer{}, false
	}
	if stage == naming && t.asksSomething(words) {
		return answer{}, false // the rules after this one answer
	}
	switch stage {
	case naming:
		name, rest := t.nameIn(said)
		switch {
		case name == "" && x.isYes(words):
			return answer{text: x.askName}, true
		case name == "":
			return answer{text: x.pardon + " " + x.askName}, true
		case rest != "":
			return answer{text: t.confirm(rest, name)}, true
		}
		return answer{text: fmt.Sprintf(x.thankName, name) + " " + x.askMessage}, true
	case telling:
		return answer{text: t.confirm(said, t.callerName())}, true
	}
	switch {
	case x.isNo(words):
		return answer{text: x.fineThen + " " + x.askMessage}, true
	case x.isYes(words):
		return answer{text: x.noted + " " + x.more}, true
	}
	return answer{text: t.confirm(said, t.callerName())}, true
}

// Stages of taking a message, by what the agent asked last.
const (
	naming = iota + 1
	telling
	confirming
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
	case strings.Contains(asked, x.askName), strings.Contains(asked, x.offer):
		return naming
	}
	return 0
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
		if t.turns[i].caller && t.stage(t.turns[i-1].text) == naming {
			if name, _ := t.nameIn(t.turns[i].text); name != "" {
				return name
			}
		}
	}
	return ""
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
