package google

import (
	"encoding/json"
	"strings"

	"github.com/parley-voice/parley/llm"
)

// request is the body of POST /v1beta/models/{model}:streamGenerateContent (https://ai.google.dev/api/generate-content).
type request struct {
	System   *content         `json:"systemInstruction,omitempty"`
	Contents []content        `json:"contents"`
	Tools    []tool           `json:"tools,omitempty"`
	Config   generationConfig `json:"generationConfig"`
}

type content struct {
	Role  string `json:"role,omitempty"`
	Parts []part `json:"parts"`
}

// part is one of text, a call or its result.
type part struct {
	Text      string            `json:"text,omitempty"`
	Thought   bool              `json:"thought,omitempty"`
	Call      *functionCall     `json:"functionCall,omitempty"`
	Response  *functionResponse `json:"functionResponse,omitempty"`
	Signature string            `json:"thoughtSignature,omitempty"`
}

type functionCall struct {
	ID   string          `json:"id,omitempty"`
	Name string          `json:"name"`
	Args json.RawMessage `json:"args,omitempty"`
}

type functionResponse struct {
	ID       string          `json:"id,omitempty"`
	Name     string          `json:"name"`
	Response json.RawMessage `json:"response"`
}

type tool struct {
	Functions []declaration `json:"functionDeclarations"`
}

type declaration struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"parametersJsonSchema,omitempty"`
}

type generationConfig struct {
	Temperature *float64        `json:"temperature,omitempty"`
	MaxTokens   int             `json:"maxOutputTokens,omitempty"`
	Thinking    *thinkingConfig `json:"thinkingConfig,omitempty"`
}

// What is said where Gemini wants a user's turn and the conversation has none.
const (
	aside   = "[Note, not said by the caller: "
	ringing = "[The phone rings.]"
	goOn    = "[Go on.]"
)

// unsigned stands for the signature of a call that another model made, or this one for another process
// (https://ai.google.dev/gemini-api/docs/thought-signatures).
const unsigned = "skip_thought_signature_validator"

// compose makes the body for a model. Signature tells the signature that came with a call, "" when none is known.
func compose(model string, r llm.Request, signature func(id string) string) request {
	d := dialogue{messages: r.Messages, used: make([]bool, len(r.Messages)), signature: signature, strict: signs(model)}
	q := request{Contents: d.contents(), Config: generationConfig{Temperature: r.Temperature, Thinking: thoughtFor(model, r.ReasoningEffort)}}
	if len(d.system) > 0 {
		q.System = &content{Parts: d.system}
	}
	var fs []declaration
	for _, t := range r.Tools {
		fs = append(fs, declaration{Name: t.Name, Description: t.Description, Schema: schema(t.Schema)})
	}
	if fs != nil {
		q.Tools = []tool{{Functions: fs}}
	}
	return q
}

// schema is that of arguments, none when there are none: Gemini refuses objects without properties.
func schema(s json.RawMessage) json.RawMessage {
	var o struct{ Properties map[string]json.RawMessage }
	if json.Unmarshal(s, &o) == nil && len(o.Properties) == 0 {
		return nil
	}
	return s
}

// A dialogue is messages on their way into contents. Gemini wants a user first and last, each call's result in the content just
// after it, and as many results as calls.
type dialogue struct {
	messages  []llm.Message
	used      []bool // tool messages that have their place
	signature func(id string) string
	strict    bool // calls need signatures

	system []part
	out    []content
}

func (d *dialogue) contents() []content {
	for i, m := range d.messages {
		switch {
		case m.Role == llm.System && len(d.out) == 0 && m.Text != "":
			d.system = append(d.system, part{Text: m.Text})
		case m.Role == llm.System && m.Text != "":
			d.add("user", part{Text: aside + m.Text + "]"}) // where it stands: moved to the front it would undo the cache of the prompt
		case m.Role == llm.User && m.Text != "":
			d.add("user", part{Text: m.Text})
		case m.Role == llm.Assistant:
			d.said(i, m)
		case m.Role == llm.ToolRole && !d.used[i]:
			d.add("user", part{Text: aside + m.Text + "]"})
		}
	}
	switch n := len(d.out); {
	case n == 0:
		d.add("user", part{Text: ringing})
	case d.out[n-1].Role == "model":
		d.add("user", part{Text: goOn})
	}
	return d.out
}

// add goes on with the last content, unless it is another's or holds results.
func (d *dialogue) add(role string, ps ...part) {
	if n := len(d.out); n > 0 && d.out[n-1].Role == role && d.out[n-1].Parts[0].Response == nil && ps[0].Response == nil {
		d.out[n-1].Parts = append(d.out[n-1].Parts, ps...)
		return
	}
	d.out = append(d.out, content{Role: role, Parts: ps})
}

// said adds what the model said and called, and the results.
func (d *dialogue) said(i int, m llm.Message) {
	var said, results []part
	if m.Text != "" {
		said = append(said, part{Text: m.Text})
	}
	for n, c := range m.Calls {
		p := part{Call: &functionCall{ID: c.ID, Name: c.Name, Args: c.Args}, Signature: d.signature(c.ID)}
		if n == 0 && p.Signature == "" && d.strict { // of parallel calls the first alone is signed
			p.Signature = unsigned
		}
		said = append(said, p)
		results = append(results, part{Response: &functionResponse{ID: c.ID, Name: c.Name, Response: d.result(i, c.ID)}})
	}
	if len(said) == 0 {
		return
	}
	if len(d.out) == 0 {
		d.add("user", part{Text: ringing})
	}
	d.add("model", said...)
	if len(results) > 0 {
		d.add("user", results...)
	}
}

// result is what the call of message i gave: an object.
func (d *dialogue) result(i int, id string) json.RawMessage {
	for j := i + 1; j < len(d.messages); j++ {
		m := &d.messages[j]
		if m.Role != llm.ToolRole || m.CallID != id || d.used[j] {
			continue
		}
		d.used[j] = true
		if text := strings.TrimSpace(m.Text); strings.HasPrefix(text, "{") && json.Valid([]byte(text)) {
			return json.RawMessage(text)
		}
		b, _ := json.Marshal(map[string]string{"result": m.Text}) // strings always marshal
		return b
	}
	return json.RawMessage(`{"error":"there is no result"}`)
}
