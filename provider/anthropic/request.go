package anthropic

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

// What an answer may take, in tokens; thoughts count. Nobody listens that long: it only bounds what a model that runs wild costs.
const (
	maxTokens         = 4096
	maxTokensThinking = 16384
)

// request is the body of POST /v1/messages.
type request struct {
	Model        string        `json:"model"`
	MaxTokens    int           `json:"max_tokens"`
	System       []block       `json:"system,omitempty"`
	Messages     []message     `json:"messages"`
	Tools        []tool        `json:"tools,omitempty"`
	ToolChoice   *typed        `json:"tool_choice,omitempty"`
	Stream       bool          `json:"stream"`
	Temperature  *float64      `json:"temperature,omitempty"`
	Thinking     *typed        `json:"thinking,omitempty"`
	OutputConfig *outputConfig `json:"output_config,omitempty"`

	left []string // what the agent wanted and the model is not asked for
}

type typed struct {
	Type string `json:"type"`
}

type outputConfig struct {
	Effort string `json:"effort"`
}

type tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"input_schema"`
}

var (
	ephemeral = &typed{"ephemeral"}
	anyObject = json.RawMessage(`{"type":"object","properties":{}}`)
)

// compose makes the body for a model, leaving out what it is known not to accept, and what was learnt that it does not.
func (m *Model) compose(r llm.Request, learnt []string) request {
	q := request{Model: m.kind.name, MaxTokens: maxTokens, Stream: true}
	q.System, q.Messages = m.converse(r.Messages)
	m.declare(&q, r)
	q.tune(m.kind, r)
	for _, field := range learnt {
		q.drop(field)
	}
	return q
}

// declare names the tools. A conversation that used some must name them even when the model may use none any more; then they are the
// last ones, as they were, so that the prompt's cache still fits.
func (m *Model) declare(q *request, r llm.Request) {
	tools := m.memory.declared(r.Tools)
	if len(r.Tools) == 0 {
		if !q.calls() {
			return
		}
		if len(tools) == 0 {
			tools = named(r.Messages)
		}
		q.ToolChoice = &typed{"none"}
	}
	for _, t := range tools {
		schema := t.Schema
		if len(schema) == 0 {
			schema = anyObject
		}
		q.Tools = append(q.Tools, tool{Name: t.Name, Description: t.Description, Schema: schema})
	}
}

// calls reports whether tools are spoken of in the messages.
func (q *request) calls() bool {
	for _, m := range q.Messages {
		for _, b := range m.Content {
			if b.Type == "tool_use" || b.Type == "tool_result" {
				return true
			}
		}
	}
	return false
}

// named are tools of which nothing is known but that they were used.
func named(messages []llm.Message) (out []llm.Tool) {
	for _, m := range messages {
		for _, c := range m.Calls {
			if !slices.ContainsFunc(out, func(t llm.Tool) bool { return t.Name == c.Name }) {
				out = append(out, llm.Tool{Name: c.Name})
			}
		}
	}
	return out
}

// tune sets how the model thinks. A caller waits for the answer: it thinks first only when the agent wants an effort, and as little
// as can be when it cannot be kept from it.
func (q *request) tune(k kind, r llm.Request) {
	effort := r.ReasoningEffort
	if effort != "" && !k.efforts {
		effort = ""
		q.left = append(q.left, "reasoning_effort")
	}
	thinks := effort != "" && effort != "minimal"
	if effort == "minimal" || effort == "" && k.always {
		effort = "low" // the least there is
	}
	if effort != "" {
		q.OutputConfig = &outputConfig{effort}
	}
	switch {
	case thinks && k.adapts:
		q.Thinking = &typed{"adaptive"}
		q.MaxTokens = maxTokensThinking
	case k.always:
		q.MaxTokens = maxTokensThinking
	case k.off != "":
		q.Thinking = &typed{k.off}
	}
	if r.Temperature != nil {
		q.sample(*r.Temperature, k)
	}
	if r.Verbosity != "" {
		q.left = append(q.left, "verbosity")
	}
	if r.Seed != nil {
		q.left = append(q.left, "llm_seed")
	}
}

// sample sets the temperature, which goes to 1 here and to 2 in the contract. Where it is not taken, 1 is what the model has.
func (q *request) sample(t float64, k kind) {
	switch {
	case t == 1 && !k.samples:
	case !k.samples, q.Thinking != nil && q.Thinking.Type == "adaptive":
		q.left = append(q.left, "llm_temperature")
	case t > 1:
		q.left = append(q.left, "an llm_temperature above 1")
		t = 1
		q.Temperature = &t
	default:
		q.Temperature = &t
	}
}

const (
	noTemperature = "llm_temperature"
	noEffort      = "reasoning_effort"
	noThinking    = "thinking"
	betweenTools  = "thinking between tools"
	noCaching     = "cache_control"
)

// drop takes out what was refused, and reports whether there was anything.
func (q *request) drop(field string) bool {
	was := false
	switch field {
	case noTemperature:
		was, q.Temperature = q.Temperature != nil, nil
	case noEffort:
		was, q.OutputConfig = q.OutputConfig != nil, nil
	case noThinking:
		was, q.Thinking = q.Thinking != nil, nil
		return was // nobody asked for that
	case betweenTools:
		was = q.Thinking != nil && q.Thinking.Type == "disabled"
		if was {
			q.Thinking = &typed{"between_tools"}
		}
		return was
	case noCaching:
		return q.uncache()
	}
	if was && !slices.Contains(q.left, field) {
		q.left = append(q.left, field)
	}
	return was
}

// refused finds in the words of an error what the server did not like and can be done without, "" when it was something else.
func refused(status int, message string) string {
	if status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
		return ""
	}
	for _, f := range []struct{ word, field string }{
		{"between_tools", betweenTools}, {"temperature", noTemperature}, {"effort", noEffort}, {"output_config", noEffort}, {"cache_control", noCaching},
	} {
		if strings.Contains(message, f.word) && !(f.field == noEffort && strings.Contains(message, "thinking.type")) {
			return f.field
		}
	}
	if strings.Contains(message, "thinking") && !strings.Contains(message, "block") {
		return noThinking
	}
	return ""
}

// learnt is what models have refused so far, by address and model.
var learnt provider.Refusals
