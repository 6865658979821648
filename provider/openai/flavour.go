package openai

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

// A Flavour is a vendor's own chat completions: where they are, and how they differ from OpenAI's.
type Flavour struct {
	Vendor   string
	Base     string         // the origin of its address; "": there is none by default
	Path     string         // what stands between an origin and /chat/completions; an address that has a path keeps its own
	Query    string         // that every address ends with: ?api-version=… (Azure)
	List     string         // address of the models, when it is not below that of the chat completions
	Header   string         // of the key; "": Authorization, as a bearer's
	Model    string         // when none is named; "": one of the server's list
	Lacks    []string       // options that its API does not have
	Thoughts bool           // thinking: {type}, and thoughts that led to tool calls must be told again (DeepSeek)
	Hybrids  *regexp.Regexp // models that reasoning: {enabled} keeps from thinking (Together)
	Reasons  *regexp.Regexp // models that think always, by reasoning_effort
}

type thinkingType struct {
	Type string `json:"type"`
}

type reasons struct {
	Enabled bool `json:"enabled"`
}

// Open opens a model of the vendor.
func (f Flavour) Open(a provider.Access, name string) (*Model, error) {
	base := strings.TrimRight(a.BaseURL, "/")
	if base == "" {
		base = f.Base
	}
	if f.Base != "" && base == f.Base && a.Key == "" {
		return nil, &parley.VendorError{Vendor: f.Vendor, Code: parley.VendorUnauthorized,
			Message: "no key: set " + strings.ToUpper(f.Vendor) + "_API_KEY or add an account_connection_" + f.Vendor}
	}
	if _, rest, ok := strings.Cut(base, "://"); ok && !strings.Contains(rest, "/") {
		base += f.Path
	}
	a.BaseURL = base
	e, err := newEndpoint(f.Vendor, a)
	if err != nil {
		return nil, err
	}
	if name == "" {
		name = f.Model
	}
	return &Model{endpoint: e, flavour: f, name: name}, nil
}

// header is a new one at each call.
func (m *Model) header() http.Header {
	h := m.endpoint.header()
	if name := m.flavour.Header; name != "" && m.key != "" {
		h.Del("Authorization")
		h.Set(name, m.key)
	}
	return h
}

// models is the address of the list of models.
func (m *Model) models() string {
	if m.flavour.List != "" {
		return m.flavour.List
	}
	return m.base + "/models" + m.flavour.Query
}

// season makes a request the vendor's own, and tells what was left out. A caller waits for the answer: a model that can be kept from
// thinking first is, unless the agent wants an effort.
func (f Flavour) season(q *request, r llm.Request, learnt []string, said *thoughtsSaid) (left []string) {
	for _, field := range f.Lacks {
		if q.drop(field) {
			left = append(left, field)
		}
	}
	thinks := r.ReasoningEffort != "" && r.ReasoningEffort != "minimal"
	switch {
	case f.Thoughts && thinks:
		q.Thinking = &thinkingType{"enabled"}
		if q.drop("temperature") {
			left = append(left, "temperature")
		}
		said.restore(q.Messages)
	case f.Thoughts:
		q.Thinking = &thinkingType{"disabled"}
		q.ReasoningEffort = ""
	case f.Hybrids != nil && f.Hybrids.MatchString(q.Model) && !slices.Contains(learnt, "reasoning"):
		q.Reasoning = &reasons{thinks}
		q.ReasoningEffort = ""
	case f.Reasons != nil && f.Reasons.MatchString(q.Model):
		if !thinks {
			q.ReasoningEffort = "low" // the least there is
		}
	}
	return left
}

const (
	maxThought = 256 << 10 // bytes kept of what led to one answer
	maxSaid    = 64        // answers kept
)

// thoughtsSaid is what led a model to the tools it called: it wants to be told again with each later request.
type thoughtsSaid struct {
	mu   sync.Mutex // guards kept: a call may be thought about by more than one at once
	kept []thoughtSaid
}

type thoughtSaid struct {
	call string // id of the first one
	text string
}

func (t *thoughtsSaid) keep(calls []llm.Call, thought string) {
	if len(calls) == 0 || thought == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.kept) == maxSaid {
		t.kept = slices.Delete(t.kept, 0, 1)
	}
	t.kept = append(t.kept, thoughtSaid{calls[0].ID, thought})
}

// restore puts the thoughts where they belong. A message that calls tools must have some, be they empty.
func (t *thoughtsSaid) restore(messages []message) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range messages {
		m := &messages[i]
		if len(m.ToolCalls) == 0 {
			continue
		}
		text := ""
		for _, k := range t.kept {
			if k.call == m.ToolCalls[0].ID {
				text = k.text
			}
		}
		m.Reasoning = &text
	}
}
