package google

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

const (
	maxCalls  = 64       // in one answer
	maxSigned = 256      // calls whose signatures are kept
	maxSign   = 64 << 10 // bytes of one
)

// A Model thinks by POST /v1beta/models/{model}:streamGenerateContent. It serves one call, and keeps the signatures of its
// tool calls for the next request.
type Model struct {
	endpoint
	name    string
	noticed atomic.Bool // what is left out has been told: once a call is enough

	mu     sync.Mutex // guards all below
	signed map[string]string
	order  []string // ids of signed, the oldest first
}

var modelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// NewModel opens a model of Google's, its default when none is named.
func NewModel(a provider.Access, name string) (*Model, error) {
	e, err := newEndpoint(a, thinkingBase)
	if err != nil {
		return nil, err
	}
	if name = strings.TrimPrefix(name, "models/"); name == "" {
		name = defaultModel
	}
	if !modelName.MatchString(name) {
		return nil, parley.Invalid("model", "model is no name of a model of Google's, such as "+defaultModel)
	}
	return &Model{endpoint: e, name: name, signed: map[string]string{}}, nil
}

// Warm opens a connection for the first request to find.
func (m *Model) Warm(ctx context.Context) error {
	return m.net.Touch(ctx, vendor, m.base+"/v1beta/models?pageSize=1", m.header.Clone())
}

// Chat streams one answer. Tool calls come once the answer is whole; a stream that is cut before is an error, and so is one that
// Google stopped. Verbosity is not known to Gemini: it is left out, and told in the first Notice.
func (m *Model) Chat(ctx context.Context, r llm.Request) iter.Seq2[llm.Delta, error] {
	return func(yield func(llm.Delta, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		resp, left, err := m.post(ctx, compose(m.name, r, m.signature), "streamGenerateContent?alt=sse", r)
		if err != nil {
			yield(llm.Delta{}, err)
			return
		}
		defer resp.Body.Close()
		a := answer{Telling: provider.Telling{Vendor: vendor, Yield: yield}, sign: m.sign}
		if len(left) > 0 && m.noticed.CompareAndSwap(false, true) {
			a.Notice = provider.LeftOut(m.name, left)
		}
		if err := a.read(cancel, resp.Body); err != nil && !a.Stopped {
			yield(llm.Delta{}, provider.Fault(ctx, vendor, err))
		}
	}
}

// post sends the request, again with less of a thinkingConfig that the model refuses.
func (m *Model) post(ctx context.Context, q request, action string, r llm.Request) (*http.Response, []string, error) {
	model := m.base + " " + m.name
	for {
		for q.Config.Thinking != nil && thoughtless.has(q.Config.Thinking.of(model)) {
			q.Config.Thinking = q.Config.Thinking.without()
		}
		body, err := json.Marshal(q)
		if err != nil {
			return nil, nil, provider.BadOutput(vendor, "the request cannot be written: "+err.Error(), err)
		}
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, m.base+"/v1beta/models/"+m.name+":"+action, bytes.NewReader(body))
		if err != nil {
			return nil, nil, err
		}
		resp, err := m.do(req)
		var v *parley.VendorError
		if errors.As(err, &v) && v.Status == http.StatusBadRequest && q.Config.Thinking != nil && aboutThinking.MatchString(v.Message) {
			thoughtless.add(q.Config.Thinking.of(model))
			continue
		}
		return resp, leftOut(r, q), err
	}
}

func leftOut(r llm.Request, q request) (left []string) {
	if r.ReasoningEffort != "" && q.Config.Thinking == nil {
		left = append(left, "reasoning_effort")
	}
	if r.Verbosity != "" {
		left = append(left, "verbosity")
	}
	return left
}

// sign keeps the signature of a call for the requests to come.
func (m *Model) sign(id, signature string) {
	if signature == "" || len(signature) > maxSign {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.signed[id]; !ok {
		m.order = append(m.order, id)
	}
	m.signed[id] = signature
	if len(m.order) > maxSigned {
		delete(m.signed, m.order[0])
		m.order = slices.Delete(m.order, 0, 1)
	}
}

func (m *Model) signature(id string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.signed[id]
}

// chunk is a GenerateContentResponse, as far as we read it.
type chunk struct {
	Candidates []struct {
		Content       content `json:"content"`
		FinishReason  string  `json:"finishReason"`
		FinishMessage string  `json:"finishMessage"`
	} `json:"candidates"`
	Feedback struct {
		BlockReason string `json:"blockReason"`
	} `json:"promptFeedback"`
	Usage *struct {
		Prompt   int `json:"promptTokenCount"`
		Answer   int `json:"candidatesTokenCount"`
		Thoughts int `json:"thoughtsTokenCount"`
	} `json:"usageMetadata"`
	Error *struct {
		Code int `json:"code"`
	} `json:"error"`
}

// An answer is being read.
type answer struct {
	provider.Telling
	sign     func(id, signature string)
	calls    []llm.Call
	usage    *llm.Usage
	finished bool // finishReason has come: the answer is whole
}

func (a *answer) read(cancel func(), body io.Reader) error {
	err := provider.NewEvents(body).Answer(&a.Telling, cancel, func(data []byte) (whole bool, err error) {
		var c chunk
		if err := json.Unmarshal(data, &c); err != nil {
			return false, provider.BadOutput(vendor, "an event is not as documented: "+provider.Line(string(data)), err)
		}
		err = a.take(&c, data)
		return a.finished, err
	})
	if err == nil && a.usage != nil {
		a.Send(llm.Delta{Usage: a.usage})
	}
	return err
}

func (a *answer) take(c *chunk, data []byte) error {
	switch {
	case c.Error != nil:
		return provider.StatusError(vendor, c.Error.Code, data)
	case c.Feedback.BlockReason != "":
		return &parley.VendorError{Vendor: vendor, Code: parley.VendorRefused, Message: "the prompt was blocked: " + provider.Line(c.Feedback.BlockReason)}
	}
	if u := c.Usage; u != nil && u.Prompt+u.Answer > 0 {
		a.usage = &llm.Usage{In: u.Prompt, Out: u.Answer + u.Thoughts} // each counts all so far
	}
	if len(c.Candidates) == 0 || a.finished {
		return nil
	}
	candidate := &c.Candidates[0]
	for i := range candidate.Content.Parts {
		if err := a.part(&candidate.Content.Parts[i]); err != nil || a.Stopped {
			return err
		}
	}
	if candidate.FinishReason == "" {
		return nil
	}
	return a.finish(candidate.FinishReason, candidate.FinishMessage)
}

func (a *answer) part(p *part) error {
	switch {
	case p.Thought:
	case p.Call != nil:
		c := llm.Call{ID: p.Call.ID, Name: p.Call.Name, Args: p.Call.Args}
		if len(c.Args) == 0 || string(c.Args) == "null" {
			c.Args = json.RawMessage("{}")
		}
		switch {
		case c.Name == "":
			return provider.BadOutput(vendor, "a tool call has no name", nil)
		case c.Args[0] != '{':
			return provider.BadOutput(vendor, "the arguments of the call to "+provider.Line(c.Name)+" are not a JSON object", nil)
		case len(a.calls) == maxCalls:
			return provider.BadOutput(vendor, "too many tool calls in one answer", nil)
		}
		if c.ID == "" || slices.ContainsFunc(a.calls, func(o llm.Call) bool { return o.ID == c.ID }) {
			c.ID = "call_" + rand.Text() // the models before 3 give none
		}
		a.sign(c.ID, p.Signature)
		a.calls = append(a.calls, c)
	case p.Text != "":
		a.Send(llm.Delta{Text: p.Text})
	}
	return nil
}

// stops are the ends of answers that Google does not let be said; another try would be stopped, too.
var stops = []string{"SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"}

// finish passes the tool calls on.
func (a *answer) finish(reason, message string) error {
	switch {
	case reason == "STOP", reason == "MAX_TOKENS" && len(a.calls) == 0:
	case slices.Contains(stops, reason):
		return &parley.VendorError{Vendor: vendor, Code: parley.VendorRefused, Message: "the answer was stopped: " + reason}
	default: // MALFORMED_FUNCTION_CALL, OTHER, …
		return provider.BadOutput(vendor, provider.Line("the answer ended with "+reason+" "+message), nil)
	}
	a.finished = true
	for i := range a.calls {
		a.Send(llm.Delta{Call: &a.calls[i]})
	}
	return nil
}
