package anthropic

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"

	"github.com/parley-voice/parley/llm"
)

type message struct {
	Role    string  `json:"role"`
	Content []block `json:"content"`
}

// A block is a piece of a message: text, tool_use, tool_result, or one that came from the model and goes back as it is.
type block struct {
	Type      string          `json:"type"`
	Text      string          `json:"text,omitempty"`
	ID        string          `json:"id,omitempty"`
	Name      string          `json:"name,omitempty"`
	Input     json.RawMessage `json:"input,omitempty"`
	ToolUseID string          `json:"tool_use_id,omitempty"`
	Content   string          `json:"content,omitempty"`
	Thinking  *string         `json:"thinking,omitempty"`
	Signature string          `json:"signature,omitempty"`
	Data      string          `json:"data,omitempty"`
	Cache     *typed          `json:"cache_control,omitempty"`
}

const (
	aside      = "[Note, not said by the caller: "
	ringing    = "[The phone rings.]"      // what an agent that speaks first answers to
	silence    = "[The caller is silent.]" // a conversation may not end with the agent's own words
	unanswered = "error: nothing came of it"
)

// converse is a conversation as the API takes it: the prompt beside it, user and agent in turn, the user first and last. Each tool_use
// is answered in the very next message, before any other words. Notes after the beginning are the user's. No text is blank.
func (m *Model) converse(messages []llm.Message) (system []block, out []message) {
	var prompt []string
	for len(messages) > 0 && messages[0].Role == llm.System {
		prompt = append(prompt, messages[0].Text)
		messages = messages[1:]
	}
	if p := strings.TrimSpace(strings.Join(prompt, "\n\n")); p != "" {
		system = []block{{Type: "text", Text: p, Cache: ephemeral}}
	}
	loop := 1 + slices.IndexFunc(backwards(messages), func(x llm.Message) bool { return x.Role == llm.User })
	if loop == 0 {
		loop = len(messages) + 1
	}
	for i, x := range messages {
		switch x.Role {
		case llm.Assistant:
			out = turn(out, "assistant", m.said(x, len(messages)-i < loop)...)
		case llm.ToolRole:
			out = result(out, x)
		case llm.System:
			if text := strings.TrimSpace(x.Text); text != "" {
				out = turn(out, "user", block{Type: "text", Text: aside + text + "]"})
			}
		default:
			out = turn(out, "user", words(x.Text)...)
		}
	}
	out = settle(out)
	if n := len(out); n == 0 {
		out = []message{{Role: "user", Content: words(ringing)}}
	} else if out[n-1].Role == "assistant" {
		out = append(out, message{Role: "user", Content: words(silence)})
	}
	last := out[len(out)-1].Content
	last[len(last)-1].Cache = ephemeral
	return system, out
}

func backwards(messages []llm.Message) []llm.Message {
	out := slices.Clone(messages)
	slices.Reverse(out)
	return out
}

func words(text string) []block {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	return []block{{Type: "text", Text: text}}
}

// said is what the model said and asked for. current: its tools are being run, and what it thought before goes back with it.
func (m *Model) said(x llm.Message, current bool) []block {
	if current && len(x.Calls) > 0 {
		if kept := m.memory.content(x); kept != nil {
			return kept
		}
	}
	out := words(x.Text)
	for _, c := range x.Calls {
		input := c.Args
		if len(input) == 0 {
			input = json.RawMessage("{}")
		}
		out = append(out, block{Type: "tool_use", ID: callID(c.ID), Name: c.Name, Input: input})
	}
	return out
}

// turn adds to what a side says.
func turn(out []message, role string, blocks ...block) []message {
	switch n := len(out); {
	case len(blocks) == 0:
	case n > 0 && out[n-1].Role == role:
		out[n-1].Content = append(out[n-1].Content, blocks...)
	case n == 0 && role == "assistant":
		out = append(out, message{Role: "user", Content: words(ringing)}, message{Role: role, Content: blocks})
	default:
		out = append(out, message{Role: role, Content: blocks})
	}
	return out
}

// result adds what came of a tool, before other words of that message. One that nobody asked for is a note.
func result(out []message, x llm.Message) []message {
	id := callID(x.CallID)
	b := block{Type: "tool_result", ToolUseID: id, Content: x.Text}
	n := len(out)
	switch {
	case n >= 2 && out[n-1].Role == "user" && asked(out[n-2], id):
		at := 0
		for at < len(out[n-1].Content) && out[n-1].Content[at].Type == "tool_result" {
			at++
		}
		out[n-1].Content = slices.Insert(out[n-1].Content, at, b)
	case n >= 1 && asked(out[n-1], id):
		out = append(out, message{Role: "user", Content: []block{b}})
	case strings.TrimSpace(x.Text) != "":
		out = turn(out, "user", block{Type: "text", Text: aside + "a tool answered: " + x.Text + "]"})
	}
	return out
}

func asked(m message, id string) bool {
	return slices.ContainsFunc(m.Content, func(b block) bool { return b.Type == "tool_use" && b.ID == id })
}

// settle answers each tool_use that was left without an answer.
func settle(in []message) (out []message) {
	for i, m := range in {
		out = append(out, m)
		if m.Role != "assistant" {
			continue
		}
		var missing []block
		for _, b := range m.Content {
			if b.Type == "tool_use" && (i+1 == len(in) || !answered(in[i+1], b.ID)) {
				missing = append(missing, block{Type: "tool_result", ToolUseID: b.ID, Content: unanswered})
			}
		}
		switch {
		case len(missing) == 0:
		case i+1 == len(in):
			out = append(out, message{Role: "user", Content: missing})
		default:
			in[i+1].Content = append(missing, in[i+1].Content...)
		}
	}
	return out
}

func answered(m message, id string) bool {
	return slices.ContainsFunc(m.Content, func(b block) bool { return b.Type == "tool_result" && b.ToolUseID == id })
}

var notInID = regexp.MustCompile(`[^a-zA-Z0-9_-]`)

// callID is the id of a call that may have come from another vendor, as this one takes it.
func callID(id string) string {
	if id == "" {
		return "call"
	}
	return notInID.ReplaceAllString(id, "_")
}

// uncache takes the marks of the prompt's cache out, and reports whether there were any.
func (q *request) uncache() (was bool) {
	clear := func(bs []block) {
		for i := range bs {
			was = was || bs[i].Cache != nil
			bs[i].Cache = nil
		}
	}
	clear(q.System)
	for _, m := range q.Messages {
		clear(m.Content)
	}
	return was
}
