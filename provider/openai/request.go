package openai

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/parley-voice/parley/llm"
)

// request is the body of POST /chat/completions (https://platform.openai.com/docs/api-reference/chat/create).
type request struct {
	Model           string         `json:"model"`
	Messages        []message      `json:"messages"`
	Tools           []tool         `json:"tools,omitempty"`
	Stream          bool           `json:"stream"`
	StreamOptions   *streamOptions `json:"stream_options,omitempty"`
	Temperature     *float64       `json:"temperature,omitempty"`
	ReasoningEffort string         `json:"reasoning_effort,omitempty"`
	Verbosity       string         `json:"verbosity,omitempty"`
	Seed            *int64         `json:"seed,omitempty"`
	MaxTokens       int            `json:"max_tokens,omitempty"`
	MaxCompletion   int            `json:"max_completion_tokens,omitempty"` // what OpenAI calls it now
	Thinking        *thinkingType  `json:"thinking,omitempty"`              // DeepSeek's
	Reasoning       *reasons       `json:"reasoning,omitempty"`             // Together's

	roles string // what the messages were rearranged for
}

type streamOptions struct {
	IncludeUsage bool `json:"include_usage"`
}

type message struct {
	Role       string     `json:"role"`
	Content    *string    `json:"content"` // null for an assistant that only called tools
	ToolCalls  []toolCall `json:"tool_calls,omitempty"`
	ToolCallID string     `json:"tool_call_id,omitempty"`
	Reasoning  *string    `json:"reasoning_content,omitempty"` // what the model thought before, where it must be told
}

type toolCall struct {
	ID       string   `json:"id"`
	Type     string   `json:"type"`
	Function function `json:"function"`
}

type function struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

type tool struct {
	Type     string      `json:"type"`
	Function declaration `json:"function"`
}

type declaration struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"`
}

// compose makes the body for a model, leaving out what it is known not to accept, and what was learnt that it does not.
func compose(model string, r llm.Request, learnt []string) (request, []string) {
	q := request{Model: model, Stream: true, StreamOptions: &streamOptions{IncludeUsage: true},
		Temperature: r.Temperature, ReasoningEffort: r.ReasoningEffort, Verbosity: r.Verbosity, Seed: r.Seed}
	for _, m := range r.Messages {
		out := message{Role: string(m.Role), ToolCallID: m.CallID}
		if m.Text != "" || len(m.Calls) == 0 {
			text := m.Text
			out.Content = &text
		}
		for _, c := range m.Calls {
			args := string(c.Args)
			if args == "" {
				args = "{}"
			}
			out.ToolCalls = append(out.ToolCalls, toolCall{ID: c.ID, Type: "function", Function: function{Name: c.Name, Arguments: args}})
		}
		q.Messages = append(q.Messages, out)
	}
	for _, t := range r.Tools {
		q.Tools = append(q.Tools, tool{Type: "function", Function: declaration{Name: t.Name, Description: t.Description, Parameters: t.Schema}})
	}
	var left []string
	for _, field := range slices.Concat(unknownTo(model), learnt) {
		if q.drop(field) && q.roles != field { // nothing is lost by another order
			left = append(left, field)
		}
	}
	return q, left
}

// drop takes an optional field out and reports whether it was in.
func (q *request) drop(field string) bool {
	switch field {
	case "temperature":
		was := q.Temperature != nil
		q.Temperature = nil
		return was
	case "reasoning_effort":
		was := q.ReasoningEffort != ""
		q.ReasoningEffort = ""
		return was
	case "reasoning_effort=none":
		was := q.ReasoningEffort != "none"
		q.ReasoningEffort = "none"
		return was
	case "verbosity":
		was := q.Verbosity != ""
		q.Verbosity = ""
		return was
	case "seed":
		was := q.Seed != nil
		q.Seed = nil
		return was
	case "reasoning":
		was := q.Reasoning != nil
		q.Reasoning = nil
		return was
	case "stream_options":
		was := q.StreamOptions != nil
		q.StreamOptions = nil
		return was
	case lateSystem, roleOrder, anySystem:
		was := q.roles
		q.roles = field
		q.Messages = plain(q.Messages, field)
		return was != field
	}
	return false
}

var (
	reasoning = regexp.MustCompile(`^(o[1-9]|gpt-(5|[6-9]))`)
	chatOnly  = regexp.MustCompile(`^(gpt-3|gpt-4|chatgpt)|^gpt-5.*-chat`)
	fieldIn   = regexp.MustCompile(`temperature|reasoning_effort|verbosity|stream_options|\bseed\b`)
	switchIn  = regexp.MustCompile(`\breasoning\b`)
)

// unknownTo is what a model of OpenAI's is documented not to accept. Of other servers' models nothing is known.
func unknownTo(model string) []string {
	name := strings.TrimPrefix(model, "openai/")
	switch {
	case chatOnly.MatchString(name):
		return []string{"reasoning_effort", "verbosity"}
	case strings.HasPrefix(name, "o"):
		if reasoning.MatchString(name) {
			return []string{"temperature", "verbosity"}
		}
	case reasoning.MatchString(name):
		return []string{"temperature"}
	}
	return nil
}

// refused finds in the words of an error what the server did not like and can be done without, "" when it was something else.
func refused(status int, message string) string {
	if field := refusedRoles(message); field != "" && (status == http.StatusInternalServerError || status/100 == 4) {
		return field
	}
	if status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
		return ""
	}
	if strings.Contains(message, "reasoning_effort") && strings.Contains(message, "'none'") {
		return "reasoning_effort=none"
	}
	message = strings.ReplaceAll(message, "reasoning.effort", "reasoning_effort") // as the Responses API calls it
	if field := fieldIn.FindString(message); field != "" {
		return field
	}
	return switchIn.FindString(message)
}
