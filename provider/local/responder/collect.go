package responder

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/parley-voice/parley/llm"
)

// mostAsked is how often something is asked for that the caller does not give.
const mostAsked = 3

// A collecting is what the agent is to find out from the caller by a tool with questions, and how far it has come.
type collecting struct {
	tool  *llm.Tool
	open  []string // values of the tool's field that are still to be asked for
	field string   // that was written down, or refused, last
	value string   // as it was
	asked string   // the question by which it was read back last; "" it was not
	wrong bool     // it was refused
	fresh bool     // that was just now
}

// collection is nil when there is nothing to find out.
func (t *talk) collection(results []string) *collecting {
	i := slices.IndexFunc(t.tools, func(x llm.Tool) bool { return len(x.Questions) > 0 })
	if i < 0 {
		return nil
	}
	c := &collecting{tool: &t.tools[i]}
	for _, q := range c.tool.Questions {
		c.open = append(c.open, q.Value)
	}
	for _, r := range results {
		var told struct {
			Field, Value, Asked string
			Left                []string `json:"still_to_ask"`
		}
		c.fresh = false
		switch name, ok := strings.CutPrefix(r, "error: "); {
		case ok:
			if name, _, _ = strings.Cut(name, " "); slices.ContainsFunc(c.tool.Questions, func(q llm.Question) bool { return q.Value == name }) {
				c.field, c.asked, c.wrong, c.fresh = name, "", true, true
			}
		case json.Unmarshal([]byte(r), &told) == nil && told.Field != "":
			c.field, c.value, c.asked, c.open, c.wrong, c.fresh = told.Field, told.Value, told.Asked, told.Left, false, true
		}
	}
	c.open = slices.DeleteFunc(c.open, func(v string) bool { return t.timesAsked(c.question(v)) >= mostAsked })
	return c
}

func (c *collecting) question(value string) string {
	for _, q := range c.tool.Questions {
		if q.Value == value {
			return q.Text
		}
	}
	return ""
}

// enoughAsked is the share of a question that must have been heard to know which one it was.
const enoughAsked = 0.8

// timesAsked is in how many turns the agent has asked a question.
func (t *talk) timesAsked(question string) (n int) {
	for _, u := range t.turns {
		if !u.caller && share(u.text, question) >= enoughAsked {
			n++
		}
	}
	return n
}

// share is how much of a question is in what was heard, from its beginning: the caller may have cut it off. Less than half is nothing.
func share(heard, question string) float64 {
	r := []rune(question)
	for n := len(r); n > 0 && n >= len(r)/2; n-- {
		if strings.Contains(heard, string(r[:n])) {
			return float64(n) / float64(len(r))
		}
	}
	return 0
}

// askedFor is the value whose question is in what was heard, "" none is.
func (c *collecting) askedFor(heard string) (value string) {
	most := 0.0
	for _, q := range c.tool.Questions {
		s := share(heard, q.Text)
		if s > most || s == most && s > 0 && len(c.open) > 0 && q.Value == c.open[0] {
			value, most = q.Value, s
		}
	}
	return value
}

// next asks for what is still to be found out; "" nothing is.
func (c *collecting) next() string {
	if c == nil || len(c.open) == 0 {
		return ""
	}
	return c.question(c.open[0])
}

// collects takes the answer to a question for something, or to whether it was understood.
func (t *talk) collects(said, asked string, words []string) (answer, bool) {
	c := t.wants
	if c == nil || asked == "" || t.texts.isBye(words) {
		return answer{}, false
	}
	if c.asked != "" && strings.Contains(asked, c.asked) {
		switch {
		case t.texts.isNo(words):
			return answer{text: t.texts.fineThen + " " + c.question(c.field)}, true
		case t.texts.isYes(words):
			return answer{call: t.call(c.tool, map[string]any{"field": c.field, "value": c.value, "confirmed": true})}, true
		}
		return answer{call: t.given(c.field, said)}, true
	}
	field := c.askedFor(asked)
	switch {
	case field == "":
		return answer{}, false
	case t.texts.isNo(words), t.texts.matches(t.texts.never, words):
		c.open = slices.DeleteFunc(c.open, func(v string) bool { return v == field })
		return answer{text: strings.TrimSpace(t.texts.fineThen + " " + t.onOr(t.texts.more))}, true
	}
	return answer{call: t.given(field, said)}, true
}

// given writes down what was said.
func (t *talk) given(field, said string) *llm.Call {
	if strings.Contains(strings.ToLower(field), "name") {
		if name, _ := t.nameIn(said); name != "" {
			said = name
		}
	}
	return t.call(t.wants.tool, map[string]any{"field": field, "value": said})
}

// collected goes on once something is written down.
func (t *talk) collected() string {
	return t.texts.noted + " " + t.onOr(t.texts.more)
}

// onOr is the next question; other when there is none.
func (t *talk) onOr(other string) string {
	if q := t.wants.next(); q != "" {
		return q
	}
	return other
}

// toldOf goes on after what came back from the tool: it was written down, or is asked for again. A caller who asked something instead is
// answered first.
func (t *talk) toldOf() (answer, bool) {
	c := t.wants
	if c == nil || !c.fresh {
		return answer{}, false
	}
	if !c.wrong {
		return answer{text: t.collected()}, true
	}
	question := c.question(c.field)
	if t.timesAsked(question) >= mostAsked {
		return answer{text: t.texts.fineThen + " " + t.onOr(t.texts.more)}, true
	}
	nothing := strings.Contains(t.result, "there are no ") || strings.Contains(t.result, "there is no ") // not a part of it that was misheard
	if said, _ := t.lastSaid(); said != "" && nothing {
		if words := wordsOf(said); len(words) > 2 && t.texts.has(words, t.texts.questions) {
			if text := newIndex(t.prompt, t.lang).best(words); text != "" {
				return answer{text: text + " " + question}, true
			}
		}
	}
	return answer{text: t.texts.pardon + " " + question}, true
}

// lastSaid is what the caller said last, though the agent may have spoken since.
func (t *talk) lastSaid() (said string, ok bool) {
	for i := len(t.turns) - 1; i >= 0; i-- {
		if t.turns[i].caller {
			return t.turns[i].text, true
		}
	}
	return "", false
}

// onwardsWith puts what is still to be found out at the end of an answer that asks nothing itself.
func (t *talk) onwardsWith(a answer) answer {
	next := t.wants.next()
	if next == "" || a.call != nil {
		return a
	}
	for _, end := range []string{t.texts.more, t.texts.what} {
		a.text = strings.TrimSpace(strings.TrimSuffix(a.text, end))
	}
	if strings.ContainsAny(a.text, "?？") || share(a.text, next) >= enoughAsked {
		return a
	}
	return answer{text: strings.TrimSpace(a.text + " " + next)}
}
