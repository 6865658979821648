// Package responder answers without a language model, by rules that anybody can follow: the sentences of the agent's own
// prompt that fit the caller's words best, a tool when the words ask for it, and otherwise it takes a message. It says nothing
// that it was not given. It keeps no state between requests and starts no goroutine.
package responder

import (
	"context"
	"iter"
	"slices"
	"strings"

	"github.com/parley-voice/parley/llm"
)

// Name is what it is called wherever a person may read it.
const Name = "built-in responder (no language model)"

// vendor is the name in the deltas.
const vendor = "local"

// New is the responder. It serves any number of calls.
func New() llm.Model { return llm.Func(chat) }

// An answer is words, and then perhaps a tool.
type answer struct {
	text string
	call *llm.Call
}

// chat streams the answer to the last message word by word, as a language model would.
func chat(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		a := read(r).answer()
		name := vendor
		for word := range strings.SplitAfterSeq(a.text, " ") {
			if word == "" {
				continue
			}
			if err := ctx.Err(); err != nil {
				yield(llm.Delta{}, err)
				return
			}
			if !yield(llm.Delta{Text: word, Vendor: name}, nil) {
				return
			}
			name = ""
		}
		if a.call != nil {
			yield(llm.Delta{Call: a.call, Vendor: name}, nil)
		}
	}
}

// A talk is a request, read: who said what, in which language.
type talk struct {
	prompt string
	turns  []turn // what was said, the caller's last at the end
	cut    bool   // the agent's last turn is another model's that has failed: go on with it
	result string // what a tool answered since, when one did
	ran    bool
	calls  int // tools asked for so far
	tools  []llm.Tool
	wants  *collecting // nil: nothing is to be found out from the caller
	texts  *texts
	lang   string
}

// A turn is what one side said before the other did.
type turn struct {
	caller bool
	text   string
}

func read(r llm.Request) *talk {
	t := &talk{tools: r.Tools}
	var results []string
	for _, m := range r.Messages {
		switch m.Role {
		case llm.System:
			said, _, _ := strings.Cut(m.Text, llm.Rules)
			t.prompt += said + "\n"
		case llm.User:
			t.add(true, m.Text)
		case llm.Assistant:
			t.add(false, m.Text)
			t.calls += len(m.Calls)
			t.ran = false
		case llm.ToolRole:
			t.result, t.ran = m.Text, true
			results = append(results, m.Text)
		}
	}
	if n := len(r.Messages); n > 0 && r.Messages[n-1].Role != llm.ToolRole {
		t.ran = false
	}
	if n := len(r.Messages); n > 1 {
		t.cut = r.Messages[n-1].Role == llm.System && r.Messages[n-2].Role == llm.Assistant
	}
	sample := t.prompt
	for _, u := range t.turns {
		sample += " " + u.text
	}
	t.lang = languageOf(sample)
	t.texts = textsOf[t.lang]
	t.wants = t.collection(results)
	return t
}

func (t *talk) add(caller bool, text string) {
	if text = strings.TrimSpace(text); text == "" {
		return
	}
	if n := len(t.turns); n > 0 && t.turns[n-1].caller == caller {
		t.turns[n-1].text += " " + text
		return
	}
	t.turns = append(t.turns, turn{caller, text})
}

// caller is what the caller said last and asked is what the agent had said before that; "" when there is none.
func (t *talk) caller() (said, asked string) {
	n := len(t.turns)
	if t.cut && n > 1 {
		n--
	}
	if n == 0 || !t.turns[n-1].caller {
		return "", ""
	}
	if n > 1 {
		asked = t.turns[n-2].text
	}
	return t.turns[n-1].text, asked
}

// answer goes through the rules in their order; the first that fits decides.
func (t *talk) answer() answer {
	if t.ran {
		if a, ok := t.toldOf(); ok {
			return a
		}
		return answer{text: t.tellResult()}
	}
	said, asked := t.caller()
	if said == "" {
		return answer{text: t.texts.hello}
	}
	words := wordsOf(said)
	if len(words) == 0 {
		return answer{text: t.texts.pardon}
	}
	type rule = func(said, asked string, words []string) (answer, bool)
	for _, r := range []rule{t.askedFor, t.again, t.collects, t.taking, t.done} {
		if a, ok := r(said, asked, words); ok {
			return a
		}
	}
	for _, r := range []rule{t.useTool, t.aboutItself, t.smallTalk, t.courtesy, t.fromPrompt, t.whereAmI} {
		if a, ok := r(said, asked, words); ok {
			return t.onwardsWith(a)
		}
	}
	if t.wants.next() != "" {
		return t.onwardsWith(answer{text: t.texts.unknown})
	}
	return answer{text: t.texts.unknown + " " + t.texts.offer + " " + t.texts.askName}
}

// fromPrompt answers with what the prompt says.
func (t *talk) fromPrompt(said, _ string, words []string) (answer, bool) {
	text := newIndex(t.prompt, t.lang).best(words)
	return answer{text: text}, text != ""
}

// done takes a no to "anything else?" and a goodbye as the end of the call.
func (t *talk) done(said, asked string, words []string) (answer, bool) {
	bye := t.texts.isBye(words)
	if !bye && !(strings.Contains(asked, t.texts.more) && t.texts.isNo(words)) {
		return answer{}, false
	}
	if !bye && len(words) > 3 && t.texts.has(words, t.texts.questions) && newIndex(t.prompt, t.lang).best(words) != "" {
		return answer{}, false // "no, but where …"
	}
	a := answer{text: t.texts.bye}
	if tool := t.ending(); tool != nil {
		a.call = t.call(tool, nil)
	}
	return a, true
}

// courtesy answers words that ask for nothing.
func (t *talk) courtesy(said, asked string, words []string) (answer, bool) {
	x := t.texts
	switch {
	case x.matches(x.there, words):
		return answer{text: x.here}, true
	case x.matches(x.person, words), x.matches(x.message, words):
		return answer{text: x.offer + " " + x.askName}, true
	case x.only(words, x.greets):
		return answer{text: x.hello}, true
	case x.only(words, x.thanks, x.fine, x.fillers, x.noWords):
		if x.has(words, x.thanks) {
			return answer{text: x.welcome + " " + x.more}, true
		}
		return answer{text: t.onwards()}, true
	case x.only(words, x.yesWords, x.fine, x.fillers):
		if strings.Contains(asked, x.more) {
			return answer{text: x.what}, true
		}
		return answer{text: t.onwards()}, true
	}
	return answer{}, false
}

// aboutItself says what it is, and whom one has reached in the words of the greeting.
func (t *talk) aboutItself(said, _ string, words []string) (answer, bool) {
	x := t.texts
	if x.matches(x.robot, words) {
		return answer{text: x.itself}, true
	}
	if x.matches(x.who, words) || t.isHere(words) && t.introduction() != "" {
		return answer{text: strings.TrimSpace(t.introduction() + " " + x.itself)}, true
	}
	return answer{}, false
}

// introduction is the sentence of the greeting that says whom one has reached, "" when there is none.
func (t *talk) introduction() string {
	for _, u := range t.turns {
		for _, s := range splitSentences(u.text) {
			if !u.caller && t.texts.matches(t.texts.introduces, wordsOf(s)) {
				return s
			}
		}
	}
	return ""
}

// whereAmI tells a caller who asks whether this is somewhere else.
func (t *talk) whereAmI(_, _ string, words []string) (answer, bool) {
	intro := t.introduction()
	if intro == "" || len(words) > 6 || !t.asksWhere(words) {
		return answer{}, false
	}
	return answer{text: intro + " " + t.texts.what}, true
}

func (t *talk) asksWhere(words []string) bool {
	i := find(words, []string{"is", "this"})
	return t.lang == "en" && i >= 0 && i < 3
}

// isHere reports whether the caller asks for what the agent is: all that is named is in the greeting or in the prompt's first
// sentence, which says who the agent is.
func (t *talk) isHere(words []string) bool {
	if !t.asksWhere(words) {
		return false
	}
	first := ""
	if s := splitSentences(t.prompt); len(s) > 0 {
		first = s[0]
	}
	known := termsOf(wordsOf(t.introduction()+" "+first), t.lang)
	asked := termsOf(words, t.lang)
	for _, w := range asked {
		alike := func(k string) bool { return k == w || len(w) > 4 && len(k) >= 4 && strings.HasPrefix(k, w[:4]) } // dentist, dental
		if !slices.ContainsFunc(known, alike) {
			return false
		}
	}
	return len(asked) > 0
}
