package anthropic

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

const (
	maxBlocks = 256     // in one answer
	maxHeld   = 1 << 20 // bytes of arguments and thoughts in one answer
)

// event is a server-sent event (https://platform.claude.com/docs/en/build-with-claude/streaming), as far as we read it. Types that are
// not known are to be skipped.
type event struct {
	Type    string `json:"type"`
	Index   int    `json:"index"`
	Message struct {
		Usage usage `json:"usage"`
	} `json:"message"`
	Block struct {
		Type     string          `json:"type"`
		Text     string          `json:"text"`
		Thinking string          `json:"thinking"`
		Data     string          `json:"data"`
		ID       string          `json:"id"`
		Name     string          `json:"name"`
		Input    json.RawMessage `json:"input"`
	} `json:"content_block"`
	Delta struct {
		Type       string `json:"type"`
		Text       string `json:"text"`
		JSON       string `json:"partial_json"`
		Thinking   string `json:"thinking"`
		Signature  string `json:"signature"`
		StopReason string `json:"stop_reason"`
	} `json:"delta"`
	Usage usage `json:"usage"`
	Error struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"error"`
}

// usage counts tokens. What was written to the prompt's cache, or read from it, is not in Input.
type usage struct {
	Input  int `json:"input_tokens"`
	Wrote  int `json:"cache_creation_input_tokens"`
	Cached int `json:"cache_read_input_tokens"`
	Output int `json:"output_tokens"`
}

// An answer is being read.
type answer struct {
	provider.Telling
	memory   *memory
	blocks   []*part
	held     int  // bytes of arguments and thoughts
	out      int  // tokens, so far
	finished bool // stop_reason has come: the answer is whole
	spoke    bool
}

// A part is a content block as it comes in.
type part struct {
	index     int
	kind      string
	id, name  string
	whole     json.RawMessage // a tool's input that came at once
	text      strings.Builder // or arguments, or thoughts
	signature string
	data      string
}

func (a *answer) take(e *event) error {
	switch e.Type {
	case "message_start":
		if u := e.Message.Usage; u.Input+u.Wrote+u.Cached > 0 {
			a.Send(llm.Delta{Usage: &llm.Usage{In: u.Input + u.Wrote + u.Cached}})
		}
	case "content_block_start":
		return a.start(e)
	case "content_block_delta":
		return a.add(e)
	case "message_delta":
		a.out = max(a.out, e.Usage.Output) // the sum so far
		if e.Delta.StopReason != "" {
			return a.finish(e.Delta.StopReason)
		}
	case "message_stop":
		return a.finish("")
	case "error":
		return fault(e.Error.Type, e.Error.Message)
	}
	return nil
}

func (a *answer) start(e *event) error {
	if len(a.blocks) == maxBlocks {
		return provider.BadOutput(vendor, "too many content blocks in one answer", nil)
	}
	b := e.Block
	p := &part{index: e.Index, kind: b.Type, id: b.ID, name: b.Name, whole: b.Input, data: b.Data}
	a.blocks = append(a.blocks, p)
	if b.Type == "text" {
		a.say(p, b.Text)
	}
	p.text.WriteString(b.Thinking)
	return a.hold(len(b.Input) + len(b.Data) + len(b.Thinking))
}

func (a *answer) add(e *event) error {
	p := a.part(e.Index)
	if p == nil {
		return provider.BadOutput(vendor, "a piece of a content block that never began", nil)
	}
	d := e.Delta
	switch d.Type {
	case "text_delta":
		a.say(p, d.Text)
		return a.hold(0)
	case "input_json_delta":
		p.text.WriteString(d.JSON)
		a.Send(llm.Delta{Busy: true})
	case "thinking_delta":
		p.text.WriteString(d.Thinking)
		a.Send(llm.Delta{Busy: true})
	case "signature_delta":
		p.signature += d.Signature
	}
	return a.hold(len(d.JSON) + len(d.Thinking) + len(d.Signature))
}

func (a *answer) hold(n int) error {
	if a.held += n; a.held > maxHeld {
		return provider.BadOutput(vendor, "the arguments of a tool call are too long", nil)
	}
	return nil
}

func (a *answer) part(index int) *part {
	for i := len(a.blocks) - 1; i >= 0; i-- {
		if a.blocks[i].index == index {
			return a.blocks[i]
		}
	}
	return nil
}

func (a *answer) say(p *part, text string) {
	if text == "" || a.finished {
		return
	}
	a.spoke = true
	p.text.WriteString(text)
	a.Send(llm.Delta{Text: text})
}

// finish passes the tool calls and the count of tokens on, once.
func (a *answer) finish(reason string) error {
	if a.finished || a.Stopped {
		return nil
	}
	if reason == "refusal" && !a.spoke {
		return &parley.VendorError{Vendor: vendor, Code: parley.VendorRefused, Message: "the model's safeguards stopped the answer"}
	}
	var calls []llm.Call
	if reason != "refusal" { // its calls are not meant to be made
		var err error
		if calls, err = a.calls(); err != nil {
			return err
		}
	}
	a.finished = true
	a.keep(calls)
	if a.out > 0 {
		a.Send(llm.Delta{Usage: &llm.Usage{Out: a.out}})
	}
	for i := range calls {
		a.Send(llm.Delta{Call: &calls[i]})
	}
	return nil
}

// calls are the tools asked for, with arguments that are a JSON object.
func (a *answer) calls() (out []llm.Call, err error) {
	for _, p := range a.blocks {
		if p.kind != "tool_use" {
			continue
		}
		args := strings.TrimSpace(p.text.String())
		if args == "" {
			args = string(p.whole)
		}
		if args == "" || args == "null" {
			args = "{}"
		}
		switch {
		case p.name == "":
			return nil, provider.BadOutput(vendor, "a tool call has no name", nil)
		case args[0] != '{' || !json.Valid([]byte(args)):
			return nil, provider.BadOutput(vendor, fmt.Sprintf("the arguments of the call to %s are not a JSON object", p.name), nil)
		}
		id := p.id
		if id == "" {
			id = fmt.Sprintf("call_%d", len(out))
		}
		p.id, p.whole = id, json.RawMessage(args)
		out = append(out, llm.Call{ID: id, Name: p.name, Args: json.RawMessage(args)})
	}
	return out, nil
}

// keep remembers an answer that has both thoughts and calls.
func (a *answer) keep(calls []llm.Call) {
	k := kept{ids: idsOf(calls)}
	thought := false
	for _, p := range a.blocks {
		text := p.text.String()
		switch p.kind {
		case "text":
			k.text += text
			k.content = append(k.content, words(text)...)
		case "tool_use":
			k.content = append(k.content, block{Type: p.kind, ID: callID(p.id), Name: p.name, Input: p.whole})
		case "thinking":
			thought = true
			k.content = append(k.content, block{Type: p.kind, Thinking: &text, Signature: p.signature})
		case "redacted_thinking":
			thought = true
			k.content = append(k.content, block{Type: p.kind, Data: p.data})
		}
	}
	if thought && len(calls) > 0 {
		a.memory.keep(k)
	}
}
