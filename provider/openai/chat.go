package openai

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"sync/atomic"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

// learnt is what servers have refused so far, by address and model.
var learnt provider.Refusals

// A Model thinks by POST /chat/completions, or by POST /responses when it is asked to and the server has that.
type Model struct {
	endpoint
	flavour   Flavour
	name      string
	said      thoughtsSaid
	responses bool
	lacks     atomic.Bool // the server has no /responses
	noticed   atomic.Bool // what is left out has been told: once a call is enough
}

// ThinkingOptions is how a model is asked.
type ThinkingOptions struct {
	API string `json:"openai_api" enum:"chat_completions,responses" doc:"Which of OpenAI's two APIs: chat_completions, or responses"`
}

// NewModel opens a model of a server; without a name it is one of the server's list. The vendor's name goes into errors.
func NewModel(vendor string, a provider.Access, name string) (*Model, error) {
	return Flavour{Vendor: vendor}.Open(a, name)
}

// Warm opens a connection for the first request to find.
func (m *Model) Warm(ctx context.Context) error {
	if m.name == "" {
		_, err := m.named(ctx)
		return err
	}
	return m.net.Touch(ctx, m.vendor, m.models(), m.header())
}

// Chat streams one answer. What the model does not accept is left out, and told in the first Notice. Tool calls come once they are whole; a stream that is cut before the answer is over is an error.
func (m *Model) Chat(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		resp, left, err := m.post(ctx, r, false)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		defer resp.Body.Close()
		a := answer{Telling: provider.Telling{Vendor: m.vendor, Yield: yield}}
		if m.flavour.Thoughts {
			a.said = &m.said
		}
		a.take = a.chunk
		if m.responses && !m.lacks.Load() {
			a.take = a.event
		}
		if len(left) > 0 && m.noticed.CompareAndSwap(false, true) {
			name, _ := m.named(ctx) // known by now
			a.Notice = provider.LeftOut(name, left)
		}
		if err := a.read(cancel, resp.Body); err != nil && !a.Stopped {
			yield(llm.Delta{}, provider.Fault(ctx, m.vendor, err))
		}
	}
}

// post sends the request, again without what the server says it does not accept. Brief: for the shortest answer there is.
func (m *Model) post(ctx context.Context, r llm.Request, brief bool) (*http.Response, []string, error) {
	name, err := m.named(ctx)
	if err != nil {
		return nil, nil, err
	}
	for tries := 0; ; tries++ {
		d := m.draft(name, r)
		if brief {
			d.body.brief(m.own())
		}
		body, err := json.Marshal(d.body)
		if err != nil {
			return nil, nil, provider.BadOutput(m.vendor, "the request cannot be written: "+err.Error(), err)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.base+d.path+m.flavour.Query, bytes.NewReader(body))
		if err != nil {
			return nil, nil, err
		}
		req.Header = m.header()
		if !brief {
			req.Header.Set("Accept", "text/event-stream")
		}
		resp, err := m.net.Do(m.vendor, req)
		var v *parley.VendorError
		if err != nil && tries < 5 && errors.As(err, &v) {
			if field := refused(v.Status, v.Message); field != "" && d.body.drop(field) {
				learnt.Add(d.key, field)
				continue
			}
			if d.path == responses && absent(v.Status) && m.lacks.CompareAndSwap(false, true) {
				continue
			}
		}
		if m.name == "" && errors.As(err, &v) && v.Status == http.StatusNotFound {
			served.Forget(m.base, name) // it is not there any more: the next request asks for the list
		}
		return resp, d.left, err
	}
}

const (
	completions = "/chat/completions"
	responses   = "/responses"
)

// A draft is a request before it is written.
type draft struct {
	path string
	key  string // what was learnt of the model at that address goes by it
	body interface {
		drop(field string) bool
		brief(own bool)
	}
	left []string
}

func (m *Model) draft(name string, r llm.Request) (d draft) {
	d.path, d.key = completions, m.base+" "+name
	if m.responses && !m.lacks.Load() {
		d.path, d.key = responses, d.key+" "+responses
		d.body, d.left = inquire(name, r, learnt.Of(d.key))
		return d
	}
	known := learnt.Of(d.key)
	q, left := compose(name, r, known)
	d.left = append(left, m.flavour.season(&q, r, known, &m.said)...)
	if m.responses {
		d.left = append(d.left, "the Responses API")
	}
	d.body = &q
	return d
}

// absent reports whether a server has nothing at a path.
func absent(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

// chunk is a chat.completion.chunk, as far as we read it.
type chunk struct {
	Choices []struct {
		Delta struct {
			Content   string     `json:"content"`
			Thought   string     `json:"reasoning_content"` // never spoken
			ToolCalls []fragment `json:"tool_calls"`
		} `json:"delta"`
		FinishReason string `json:"finish_reason"`
	} `json:"choices"`
	Usage *struct {
		In  int `json:"prompt_tokens"`
		Out int `json:"completion_tokens"`
	} `json:"usage"`
	Error json.RawMessage `json:"error"`
}

// An answer is being read.
type answer struct {
	provider.Telling
	take     func(data []byte) error // chunk or event
	calls    assembly
	thoughts thoughts
	said     *thoughtsSaid // where thoughts must be told again; nil: nowhere
	thought  string
	finished bool // finish_reason has come: the answer is whole
	usage    *llm.Usage
	spoke    bool
	refused  bool // the model said why it will not answer, in words that are no answer
}

func (a *answer) read(cancel func(), body io.Reader) error {
	err := provider.NewEvents(body).Answer(&a.Telling, cancel, func(data []byte) (whole bool, err error) {
		if string(data) == "[DONE]" {
			err = a.finish("")
		} else {
			err = a.take(data)
		}
		return a.finished, err
	})
	if err == nil && a.usage != nil {
		a.Send(llm.Delta{Usage: a.usage})
	}
	return err
}

// chunk takes one event of chat completions.
func (a *answer) chunk(data []byte) error {
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return provider.BadOutput(a.Vendor, "an event is not JSON: "+provider.Line(string(data)), err)
	}
	if len(c.Error) > 0 && string(c.Error) != "null" {
		e := provider.StatusError(a.Vendor, 0, data)
		e.Code = parley.VendorUnavailable
		return e
	}
	if c.Usage != nil && (c.Usage.In > 0 || c.Usage.Out > 0) {
		a.usage = &llm.Usage{In: c.Usage.In, Out: c.Usage.Out} // some count up with every chunk: the last is the sum
	}
	for i := range c.Choices {
		choice := &c.Choices[i]
		a.say(choice.Delta.Content)
		if a.said != nil && len(a.thought) < maxThought {
			a.thought += choice.Delta.Thought
		}
		for _, f := range choice.Delta.ToolCalls {
			if err := a.calls.add(f); err != nil {
				return provider.BadOutput(a.Vendor, err.Error(), err)
			}
		}
		if len(choice.Delta.ToolCalls) > 0 {
			a.Send(llm.Delta{Busy: true})
		}
		if choice.FinishReason != "" {
			if err := a.finish(choice.FinishReason); err != nil {
				return err
			}
		}
	}
	return nil
}

// say passes words on, less what a model only thinks.
func (a *answer) say(text string) {
	if text = a.thoughts.drop(text); text != "" && !a.finished {
		a.spoke = true
		a.Send(llm.Delta{Text: text})
	}
}

// finish passes the tool calls on, once. Whether reason says tool_calls or stop does not matter: servers differ.
func (a *answer) finish(reason string) error {
	if a.finished || a.Stopped {
		return nil
	}
	calls, err := a.calls.whole()
	if err != nil {
		return provider.BadOutput(a.Vendor, err.Error(), err)
	}
	if reason == "content_filter" && !a.spoke {
		return &parley.VendorError{Vendor: a.Vendor, Code: parley.VendorRefused, Message: "the content filter stopped the answer"}
	}
	if reason == "insufficient_system_resource" { // DeepSeek: it was cut off
		return provider.Closed(a.Vendor, "the answer was cut off: "+reason)
	}
	a.finished = true
	if a.said != nil {
		a.said.keep(calls, a.thought)
	}
	for i := range calls {
		a.Send(llm.Delta{Call: &calls[i]})
	}
	return nil
}
