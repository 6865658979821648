package openai

import (
	"encoding/json"
	"errors"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

// question is the body of POST /responses (https://platform.openai.com/docs/api-reference/responses/create). Nothing is stored with the
// vendor: each carries the whole conversation.
type question struct {
	Model       string        `json:"model"`
	Input       []item        `json:"input"`
	Tools       []openTool    `json:"tools,omitempty"`
	Stream      bool          `json:"stream"`
	Store       bool          `json:"store"` // true unless it is said
	Temperature *float64      `json:"temperature,omitempty"`
	MaxOutput   int           `json:"max_output_tokens,omitempty"`
	Reasoning   *reasonEffort `json:"reasoning,omitempty"`
	Text        *textShape    `json:"text,omitempty"`
}

// item is a message, a function_call, or a function_call_output.
type item struct {
	Type      string  `json:"type,omitempty"`
	Role      string  `json:"role,omitempty"`
	Content   *string `json:"content,omitempty"`
	CallID    string  `json:"call_id,omitempty"`
	Name      string  `json:"name,omitempty"`
	Arguments string  `json:"arguments,omitempty"`
	Output    *string `json:"output,omitempty"`
}

type openTool struct {
	Type        string          `json:"type"`
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters"`
	Strict      bool            `json:"strict"` // true unless it is said: schemas of agents need not keep to its rules
}

type reasonEffort struct {
	Effort string `json:"effort"`
}

type textShape struct {
	Verbosity string `json:"verbosity"`
}

var anyArguments = json.RawMessage(`{"type":"object","properties":{}}`)

// inquire makes the body for a model, leaving out what it is known not to accept, and what was learnt that it does not.
func inquire(model string, r llm.Request, learnt []string) (*question, []string) {
	q := &question{Model: model, Stream: true, Temperature: r.Temperature}
	if r.ReasoningEffort != "" {
		q.Reasoning = &reasonEffort{r.ReasoningEffort}
	}
	if r.Verbosity != "" {
		q.Text = &textShape{r.Verbosity}
	}
	for _, m := range r.Messages {
		text := m.Text
		if m.Role == llm.ToolRole {
			q.Input = append(q.Input, item{Type: "function_call_output", CallID: m.CallID, Output: &text})
			continue
		}
		if text != "" || len(m.Calls) == 0 {
			q.Input = append(q.Input, item{Role: string(m.Role), Content: &text})
		}
		for _, c := range m.Calls {
			args := string(c.Args)
			if args == "" {
				args = "{}"
			}
			q.Input = append(q.Input, item{Type: "function_call", CallID: c.ID, Name: c.Name, Arguments: args})
		}
	}
	for _, t := range r.Tools {
		schema := t.Schema
		if len(schema) == 0 {
			schema = anyArguments
		}
		q.Tools = append(q.Tools, openTool{Type: "function", Name: t.Name, Description: t.Description, Parameters: schema})
	}
	var left []string
	for _, field := range append(unknownTo(model), learnt...) {
		if q.drop(field) {
			left = append(left, field)
		}
	}
	if r.Seed != nil {
		left = append(left, "seed") // this API has none
	}
	return q, left
}

func (q *question) drop(field string) (was bool) {
	switch field {
	case "temperature":
		was, q.Temperature = q.Temperature != nil, nil
	case "reasoning_effort":
		was, q.Reasoning = q.Reasoning != nil, nil
	case "reasoning_effort=none":
		if was = q.Reasoning == nil || q.Reasoning.Effort != "none"; was {
			q.Reasoning = &reasonEffort{"none"}
		}
	case "verbosity":
		was, q.Text = q.Text != nil, nil
	}
	return was
}

// openEvent is an event of a streamed response (https://platform.openai.com/docs/api-reference/responses-streaming), as far as we read it.
type openEvent struct {
	Type      string `json:"type"`
	Index     int    `json:"output_index"`
	Delta     string `json:"delta"`
	Arguments string `json:"arguments"`
	Item      struct {
		Type      string `json:"type"`
		CallID    string `json:"call_id"`
		Name      string `json:"name"`
		Arguments string `json:"arguments"`
	} `json:"item"`
	Response struct {
		Error *struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
		Incomplete *struct {
			Reason string `json:"reason"`
		} `json:"incomplete_details"`
		Usage *struct {
			In  int `json:"input_tokens"`
			Out int `json:"output_tokens"`
		} `json:"usage"`
	} `json:"response"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// event takes one event of the Responses API. Types that are not known are skipped.
func (a *answer) event(data []byte) error {
	var e openEvent
	if err := json.Unmarshal(data, &e); err != nil {
		return provider.BadOutput(a.Vendor, "an event is not JSON: "+provider.Line(string(data)), err)
	}
	switch e.Type {
	case "response.output_text.delta":
		a.say(e.Delta)
	case "response.output_item.added", "response.output_item.done":
		if e.Item.Type == "function_call" {
			return a.called(a.calls.put(e.Index, e.Item.CallID, e.Item.Name, e.Item.Arguments))
		}
	case "response.function_call_arguments.delta":
		a.Send(llm.Delta{Busy: true})
		return a.called(a.calls.extend(e.Index, e.Delta))
	case "response.function_call_arguments.done":
		return a.called(a.calls.put(e.Index, "", "", e.Arguments))
	case "response.refusal.done":
		a.refused = true
	case "response.completed", "response.incomplete":
		return a.complete(&e)
	case "response.failed":
		if f := e.Response.Error; f != nil {
			return openFault(a.Vendor, f.Code, f.Message)
		}
		return openFault(a.Vendor, "", "the response failed")
	case "error":
		return openFault(a.Vendor, e.Code, e.Message)
	}
	return nil
}

func (a *answer) called(err error) error {
	if err != nil {
		return provider.BadOutput(a.Vendor, err.Error(), err)
	}
	return nil
}

func (a *answer) complete(e *openEvent) error {
	if u := e.Response.Usage; u != nil {
		a.usage = &llm.Usage{In: u.In, Out: u.Out}
	}
	reason := ""
	if i := e.Response.Incomplete; i != nil {
		reason = i.Reason // content_filter, max_output_tokens
	}
	if a.refused && !a.spoke {
		return &parley.VendorError{Vendor: a.Vendor, Code: parley.VendorRefused, Message: "the model declined to answer"}
	}
	return a.finish(reason)
}

func openFault(vendor, code, message string) *parley.VendorError {
	e := &parley.VendorError{Vendor: vendor, Code: parley.VendorUnavailable, Message: provider.Line(message)}
	switch {
	case code == "rate_limit_exceeded", code == "insufficient_quota":
		e.Code = parley.VendorRateLimited
	case code == "invalid_api_key":
		e.Code, e.Message = parley.VendorUnauthorized, "the key is missing, wrong or not allowed to do this"
	case strings.HasPrefix(code, "invalid_"), strings.Contains(code, "policy"):
		e.Code = parley.VendorRefused
	}
	return e
}

// put is what is known of a call so far, or all of it; what is empty is not known.
func (a *assembly) put(index int, id, name, args string) error {
	c, err := a.at(index)
	if err != nil {
		return err
	}
	if id != "" {
		c.id = id
	}
	if name != "" {
		c.name = name
	}
	if args != "" {
		if a.size += max(0, len(args)-c.args.Len()); a.size > maxArgs {
			return errLongArgs
		}
		c.args.Reset()
		c.args.WriteString(args)
	}
	return nil
}

// extend goes on with the arguments of a call.
func (a *assembly) extend(index int, text string) error {
	c, err := a.at(index)
	if err != nil {
		return err
	}
	if a.size += len(text); a.size > maxArgs {
		return errLongArgs
	}
	c.args.WriteString(text)
	return nil
}

var errLongArgs = errors.New("the arguments of a tool call are too long")

func (a *assembly) at(index int) (*assembled, error) {
	for _, c := range a.calls {
		if c.index == index {
			return c, nil
		}
	}
	if len(a.calls) == maxCalls {
		return nil, errors.New("too many tool calls in one answer")
	}
	c := &assembled{index: index}
	a.calls = append(a.calls, c)
	return c, nil
}
