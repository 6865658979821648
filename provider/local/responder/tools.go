package responder

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-voice/parley/llm"
)

// useTool calls the tool that the caller's words ask for, or asks for what it still needs.
func (t *talk) useTool(said, _ string, words []string) (answer, bool) {
	tool := t.wanted(words)
	if tool == nil {
		return answer{}, false
	}
	return t.fill(tool, []string{said}), true
}

// askedFor goes on with a tool for which the agent asked the caller something: the answer to that is the argument.
func (t *talk) askedFor(_, asked string, words []string) (answer, bool) {
	if !strings.Contains(asked, beginning(t.texts.need)) {
		return answer{}, false
	}
	if t.texts.isBye(words) || t.texts.matches(t.texts.never, words) {
		return answer{text: t.texts.fineThen + " " + t.texts.more}, !t.texts.isBye(words)
	}
	// Back to the words that asked for the tool; what the caller said since are answers.
	n := len(t.turns) - 1
	for n >= 2 && strings.Contains(t.turns[n-1].text, beginning(t.texts.need)) {
		n -= 2
	}
	if n < 0 || !t.turns[n].caller {
		return answer{}, false
	}
	tool := t.wanted(wordsOf(t.turns[n].text))
	if tool == nil {
		return answer{}, false
	}
	var given []string
	for ; n < len(t.turns); n += 2 {
		given = append(given, t.turns[n].text)
	}
	return t.fill(tool, given), true
}

// enough is the share of a long phrase's words that must have been said for it to count.
const enough = 0.6

// wanted is the tool with the longest phrase in the caller's words; then one most of whose description was said.
func (t *talk) wanted(words []string) *llm.Tool {
	if find(words, []string{"don't"}) >= 0 || find(words, []string{"not"}) >= 0 {
		return nil
	}
	stems := termsOf(words, t.lang)
	var best *llm.Tool
	most, end := 0.0, t.ending()
	for i := range t.tools {
		tool := &t.tools[i]
		if len(tool.Questions) > 0 {
			continue // what is found out is asked for
		}
		for _, p := range append([]string{strings.ReplaceAll(tool.Name, "_", " "), tool.Description}, tool.Phrases...) {
			phrase := wordsOf(p)
			if tool == end && t.texts.goodbyes[strings.Join(phrase, " ")] {
				continue // a parting word within a question ends nothing: see done
			}
			score := 0.0
			if len(phrase) <= 5 && find(words, phrase) >= 0 {
				score = 10 + float64(len(p))
			} else if terms := termsOf(phrase, t.lang); len(terms) >= 2 {
				n := 0
				for _, term := range terms {
					if slices.Contains(stems, term) {
						n++
					}
				}
				if share := float64(n) / float64(len(terms)); n >= 2 && share >= enough {
					score = share * float64(n)
				}
			}
			if score > most {
				best, most = tool, score
			}
		}
	}
	return best
}

// ending is the tool that ends the call, nil when there is none.
func (t *talk) ending() *llm.Tool {
	for i := range t.tools {
		if n := t.tools[i].Name; n == "end_conversation" || n == "end_call" || n == "hang_up" {
			return &t.tools[i]
		}
		for _, p := range t.tools[i].Phrases {
			if t.texts.goodbyes[strings.Join(wordsOf(p), " ")] {
				return &t.tools[i]
			}
		}
	}
	return nil
}

func (t *talk) call(tool *llm.Tool, args map[string]any) *llm.Call {
	if args == nil {
		args = map[string]any{}
	}
	b, err := json.Marshal(args)
	if err != nil {
		b = []byte("{}")
	}
	return &llm.Call{ID: fmt.Sprintf("call_%d", t.calls+1), Name: tool.Name, Args: b}
}

// A property is what a tool's schema says of one argument.
type property struct {
	Type        any    `json:"type"`
	Description string `json:"description"`
	Enum        []any  `json:"enum"`
}

// fill makes the call from what the caller said when asking for the tool, and then in answer to each question.
func (t *talk) fill(tool *llm.Tool, said []string) answer {
	var schema struct {
		Properties map[string]property `json:"properties"`
		Required   []string            `json:"required"`
	}
	if json.Unmarshal(tool.Schema, &schema) != nil {
		schema.Required = nil
	}
	args := map[string]any{}
	answers := said[1:]
	for _, name := range schema.Required {
		p := schema.Properties[name]
		if v, ok := t.value(name, p, said[0], false); ok {
			args[name] = v
			continue
		}
		filled := false
		for len(answers) > 0 && !filled {
			args[name], filled = t.value(name, p, answers[0], true)
			answers = answers[1:]
		}
		if !filled {
			what := strings.TrimRight(strings.TrimSpace(p.Description), ".")
			if what == "" {
				what = strings.ReplaceAll(name, "_", " ")
			}
			return answer{text: fmt.Sprintf(t.texts.need, what)}
		}
	}
	if end := t.ending(); end != nil && end.Name == tool.Name {
		return answer{text: t.texts.bye, call: t.call(tool, args)}
	}
	return answer{text: t.texts.moment, call: t.call(tool, args)}
}

var (
	digits  = regexp.MustCompile(`\d[\d .,-]*`)
	dayWord = regexp.MustCompile(`(?i)\b(?:(?:next|this|on) )?(monday|tuesday|wednesday|thursday|friday|saturday|sunday|today|tomorrow)\b(?: (?:morning|afternoon|evening))?`)
	atTime  = regexp.MustCompile(`(?i)\bat ((?:half past |quarter (?:past|to) )?(?:\d{1,2}(?::\d\d)?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)(?: (?:thirty|fifteen|forty five|o'clock|a\.?m\.?|p\.?m\.?))*)`)
)

// value reads an argument from the caller's words. An answer to the question for it may be anything; otherwise only
// what can be mistaken for nothing else is taken.
func (t *talk) value(name string, p property, said string, asked bool) (any, bool) {
	words := wordsOf(said)
	for _, e := range p.Enum {
		if s, ok := e.(string); ok && find(words, wordsOf(s)) >= 0 {
			return s, true
		}
	}
	if len(p.Enum) > 0 {
		return nil, false
	}
	switch kind, _ := p.Type.(string); kind {
	case "boolean":
		if asked && (t.texts.isYes(words) || t.texts.isNo(words)) {
			return t.texts.isYes(words), true
		}
		return nil, false
	case "integer", "number":
		if d := digitsIn(said, words); d != "" {
			if n, err := strconv.ParseInt(d, 10, 64); err == nil {
				return n, true
			}
		}
		return nil, false
	case "string", "":
		return t.textValue(strings.ToLower(name), said, words, asked)
	}
	return nil, false
}

func (t *talk) textValue(name, said string, words []string, asked bool) (any, bool) {
	said = strings.TrimSpace(said)
	has := func(parts ...string) bool {
		return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
	}
	switch {
	case has("phone", "number", "digits", "code"):
		if d := digitsIn(said, words); len(d) >= 2 {
			return d, true
		}
	case has("date", "day"):
		if m := dayWord.FindString(said); m != "" {
			return m, true
		}
	case has("time"):
		if m := atTime.FindStringSubmatch(said); m != nil {
			return m[1], true
		}
	case has("name"):
		if n, _ := t.nameIn(said); n != "" && (asked || t.texts.matches(t.texts.myName, words)) {
			return n, true
		}
	case has("message", "text", "query", "question", "reason", "summary", "topic", "note"):
		return said, true
	}
	return said, asked && said != ""
}

var spokenDigits = map[string]string{"zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
	"seven": "7", "eight": "8", "nine": "9", "ten": "10", "eleven": "11", "twelve": "12"}

// digitsIn are the digits in a text, written or spoken one by one.
func digitsIn(said string, words []string) string {
	keep := func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}
	if m := digits.FindString(said); m != "" {
		return strings.Map(keep, m)
	}
	out, double := "", false
	for _, w := range words {
		d := spokenDigits[w]
		switch {
		case w == "double":
			double = true
			continue
		case d != "" && double:
			out += d + d
		case d != "":
			out += d
		case out != "":
			return out
		}
		double = false
	}
	return out
}

// tellResult says what a tool came back with, when that is for human ears.
func (t *talk) tellResult() string {
	s := strings.TrimSpace(t.result)
	if s == "" {
		return t.texts.happened + " " + t.texts.more
	}
	var o map[string]any
	if json.Unmarshal([]byte(s), &o) == nil {
		for _, k := range []string{"message", "text", "answer", "result", "error"} {
			if v, ok := o[k].(string); ok && v != "" {
				return ended(v)
			}
		}
		var parts []string
		for k, v := range o {
			switch v.(type) {
			case string, float64, bool:
				parts = append(parts, fmt.Sprintf("%s: %v", strings.ReplaceAll(k, "_", " "), v))
			}
		}
		if slices.Sort(parts); len(parts) > 0 && len(parts) <= 6 {
			return ended(strings.Join(parts, ", "))
		}
		return t.texts.happened + " " + t.texts.more
	}
	if strings.ContainsAny(s[:1], "[<{") || len(s) > 400 {
		return t.texts.happened + " " + t.texts.more
	}
	return ended(s)
}
