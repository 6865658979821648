package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/parley-voice/parley/llm"
)

const (
	maxCalls = 64      // in one answer
	maxArgs  = 1 << 20 // bytes of arguments in one answer
)

// fragment is a part of a tool call. OpenAI numbers calls by index and gives id and name once; servers like it leave the
// index out, give 0 for all, repeat id and name, or send the arguments as an object.
type fragment struct {
	Index    *int   `json:"index"`
	ID       string `json:"id"`
	Function struct {
		Name      string          `json:"name"`
		Arguments json.RawMessage `json:"arguments"`
	} `json:"function"`
}

// An assembly puts tool calls together.
type assembly struct {
	calls []*assembled
	size  int
}

type assembled struct {
	index int
	id    string
	name  string
	args  strings.Builder
}

func (a *assembly) add(f fragment) error {
	c := a.find(f)
	if c == nil {
		if len(a.calls) == maxCalls {
			return errors.New("too many tool calls in one answer")
		}
		c = &assembled{index: -1}
		if f.Index != nil {
			c.index = *f.Index
		}
		a.calls = append(a.calls, c)
	}
	if c.id == "" {
		c.id = f.ID
	}
	if c.name == "" {
		c.name = f.Function.Name
	}
	args := f.Function.Arguments
	if len(args) == 0 || string(args) == "null" {
		return nil
	}
	if a.size += len(args); a.size > maxArgs {
		return errLongArgs
	}
	if args[0] != '"' { // an object, whole
		c.args.Reset()
		c.args.Write(args)
		return nil
	}
	var s string
	if err := json.Unmarshal(args, &s); err != nil {
		return fmt.Errorf("the arguments of a tool call cannot be read: %w", err)
	}
	c.args.WriteString(s)
	return nil
}

// find is the call that f goes on with, nil when it begins one.
func (a *assembly) find(f fragment) *assembled {
	for i := len(a.calls) - 1; i >= 0; i-- {
		c := a.calls[i]
		if f.ID != "" && c.id != "" && f.ID != c.id {
			continue
		}
		if f.Index == nil || c.index == *f.Index {
			if f.ID == "" && f.Index == nil && f.Function.Name != "" && c.name != "" && i == len(a.calls)-1 && json.Valid([]byte(c.args.String())) {
				return nil // a second whole call without id or index
			}
			return c
		}
	}
	return nil
}

// whole is the calls, in order, with arguments that are a JSON object.
func (a *assembly) whole() ([]llm.Call, error) {
	var out []llm.Call
	for i, c := range a.calls {
		args := strings.TrimSpace(c.args.String())
		if args == "" || args == "null" {
			args = "{}"
		}
		if c.name == "" {
			return nil, errors.New("a tool call has no name")
		}
		if args[0] != '{' || !json.Valid([]byte(args)) {
			return nil, fmt.Errorf("the arguments of the call to %s are not a JSON object", c.name)
		}
		id := c.id
		if id == "" {
			id = fmt.Sprintf("call_%d", i)
		}
		out = append(out, llm.Call{ID: id, Name: c.name, Args: json.RawMessage(args)})
	}
	return out, nil
}

// thoughts drops a leading <think>…</think>, which local reasoning models send as if it were the answer.
type thoughts struct {
	state thinkState
	held  string
}

type thinkState uint8

const (
	mayThink thinkState = iota
	isThinking
	hasThought
)

const (
	openThink  = "<think>"
	closeThink = "</think>"
)

// drop gives what of text is to be said.
func (t *thoughts) drop(text string) string {
	if t.state == hasThought || text == "" {
		return text
	}
	t.held += text
	if t.state == mayThink {
		head := strings.TrimLeft(t.held, " \n\r\t")
		switch {
		case strings.HasPrefix(head, openThink):
			t.state = isThinking
			t.held = head[len(openThink):]
		case strings.HasPrefix(openThink, head):
			return "" // may yet become the mark
		default:
			t.state = hasThought
			return t.held
		}
	}
	if i := strings.Index(t.held, closeThink); i >= 0 {
		t.state = hasThought
		return strings.TrimLeft(t.held[i+len(closeThink):], " \n\r\t")
	}
	t.held = t.held[max(0, len(t.held)-len(closeThink)):]
	return ""
}
