package providertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// Anthropic is a fake of the Messages API, after platform.claude.com/docs/en/api/messages and …/build-with-claude/streaming. It holds
// requests to the rules of a conversation. Its model answers "endless" without end, "both" with two tool calls at once, all else
// with Answer; first it thinks when it is asked to. Its address is URL.
type Anthropic struct {
	Server
	Refuses    map[string]string // words of a body that it answers with a 400, and what it says then
	Overloaded bool              // answers 529
	Midway     string            // type of an error event after some words
	Stop       string            // stop_reason, when it is not the usual
	Bodies     []json.RawMessage // of the requests; read them once the test is over
	Headers    []http.Header
}

// NewAnthropic starts one; it ends with the test.
func NewAnthropic(t testing.TB) *Anthropic {
	a := new(Anthropic)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/messages", a.messages)
	mux.HandleFunc("GET /v1/models", keyed("X-Api-Key", `{"data":[],"has_more":false}`))
	start(t, &a.Server, mux)
	return a
}

type anthropicBlock struct {
	Type, Text, ID, Name, Signature string
	Input                           map[string]any
	ToolUseID                       string          `json:"tool_use_id"`
	Content                         string          `json:"content"`
	Cache                           json.RawMessage `json:"cache_control"`
}

type anthropicBody struct {
	Model     string
	MaxTokens *int `json:"max_tokens"`
	Stream    bool
	Messages  []struct {
		Role    string
		Content anthropicBlocks
	}
	Tools []struct {
		Name   string
		Schema struct{ Type string } `json:"input_schema"`
	}
	Thinking *struct{ Type string }
}

// anthropicBlocks may be written as a string, too.
type anthropicBlocks []anthropicBlock

func (b *anthropicBlocks) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		*b = anthropicBlocks{{Type: "text", Text: text}}
		return nil
	}
	return json.Unmarshal(raw, (*[]anthropicBlock)(b))
}

// wrong is what the API would say of a body; "" nothing.
func (b *anthropicBody) wrong() string {
	switch {
	case b.Model == "":
		return "model: Field required"
	case b.MaxTokens == nil:
		return "max_tokens: Field required"
	case *b.MaxTokens < 0:
		return "max_tokens: must be greater than or equal to 0"
	case *b.MaxTokens == 0 && (b.Stream || b.Thinking != nil && b.Thinking.Type == "adaptive"):
		return "max_tokens: 0 is not supported with streaming or thinking"
	case len(b.Messages) == 0:
		return "messages: at least one message is required"
	case b.Messages[0].Role != "user":
		return "messages: first message must use the \"user\" role"
	case b.Messages[len(b.Messages)-1].Role == "assistant":
		return "This model does not support assistant message prefill. The conversation must end with a user message."
	}
	for _, t := range b.Tools {
		if t.Schema.Type != "object" {
			return "tools.0.custom.input_schema.type: Field required"
		}
	}
	var open []string // tool_use ids that the next message must answer
	marks := 0
	for i, m := range b.Messages {
		if len(m.Content) == 0 {
			return fmt.Sprintf("messages.%d: user messages must have non-empty content", i)
		}
		var asked []string
		words := false
		for _, c := range m.Content {
			if len(c.Cache) > 0 {
				marks++
			}
			switch c.Type {
			case "text":
				if words = true; strings.TrimSpace(c.Text) == "" {
					return "messages: text content blocks must contain non-whitespace text"
				}
			case "tool_use":
				if asked = append(asked, c.ID); len(b.Tools) == 0 {
					return "Requests which include `tool_use` or `tool_result` blocks must define tools."
				}
			case "tool_result":
				at := slices.Index(open, c.ToolUseID)
				if at < 0 || words {
					return fmt.Sprintf("messages.%d: unexpected `tool_use_id` found in `tool_result` blocks: %s", i, c.ToolUseID)
				}
				open = slices.Delete(open, at, at+1)
			}
		}
		if len(open) > 0 {
			return fmt.Sprintf("messages.%d: `tool_use` ids were found without `tool_result` blocks immediately after: %s", i-1, strings.Join(open, ", "))
		}
		open = asked
	}
	if marks > 4 {
		return "A maximum of 4 blocks with cache_control may be provided."
	}
	return ""
}

func (a *Anthropic) messages(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	a.mu.Lock()
	a.Bodies, a.Headers = append(a.Bodies, raw), append(a.Headers, r.Header.Clone())
	a.mu.Unlock()
	fail := func(status int, kind, message string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(map[string]any{"type": "error", "error": map[string]string{"type": kind, "message": message}, "request_id": "req_1"})
	}
	if r.Header.Get("Anthropic-Version") == "" {
		fail(400, "invalid_request_error", "anthropic-version: header is required")
		return
	}
	if r.Header.Get("X-Api-Key") == "" && r.Header.Get("Authorization") == "" { // the latter is its SDK's way
		fail(401, "authentication_error", "x-api-key header is required")
		return
	}
	var body anthropicBody
	if err := json.Unmarshal(raw, &body); err != nil {
		fail(400, "invalid_request_error", err.Error())
		return
	}
	if wrong := body.wrong(); wrong != "" {
		fail(400, "invalid_request_error", wrong)
		return
	}
	for word, says := range a.Refuses {
		if strings.Contains(string(raw), word) {
			fail(400, "invalid_request_error", says)
			return
		}
	}
	if a.Overloaded {
		fail(529, "overloaded_error", "Overloaded")
		return
	}
	if !body.Stream {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"msg_1","type":"message","role":"assistant","model":%q,"content":[],"stop_reason":"max_tokens","stop_sequence":null,`+
			`"usage":{"input_tokens":8,"cache_creation_input_tokens":10,"cache_read_input_tokens":32,"output_tokens":%d}}`, body.Model, *body.MaxTokens)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	s := &anthropicStream{sse: sse{w: w, r: r}, fault: faultOf(r), midway: a.Midway, stop: a.Stop}
	s.flush()
	a.answer(s, &body)
	if s.gone() {
		a.gaveUp()
	}
}

func (a *Anthropic) answer(s *anthropicStream, body *anthropicBody) {
	last := body.Messages[len(body.Messages)-1]
	text := last.Content[len(last.Content)-1].Text
	switch s.fault {
	case Hang:
		<-s.r.Context().Done()
		return
	case Garbage:
		s.raw("event: message_start\ndata: <html>oops</html>\n\n")
		return
	}
	s.event("message_start", `"message":{"id":"msg_1","type":"message","role":"assistant","model":"`+body.Model+`","content":[],"stop_reason":null,"stop_sequence":null,`+
		`"usage":{"input_tokens":20,"cache_creation_input_tokens":10,"cache_read_input_tokens":20,"output_tokens":1}}`)
	if s.fault == Drip {
		for !s.gone() {
			s.event("ping", "")
			time.Sleep(2 * time.Millisecond)
		}
		return
	}
	if body.Thinking != nil && body.Thinking.Type == "adaptive" {
		s.begin(`{"type":"thinking","thinking":"","signature":""}`)
		s.delta(`{"type":"thinking_delta","thinking":"Hm, "}`)
		s.delta(`{"type":"thinking_delta","thinking":"what now?"}`)
		s.delta(`{"type":"signature_delta","signature":"EqQB"}`)
		s.end()
	}
	switch {
	case strings.Contains(text, "endless"):
		s.begin(`{"type":"text","text":""}`)
		for !s.gone() {
			s.delta(`{"type":"text_delta","text":"on and on "}`)
			time.Sleep(2 * time.Millisecond)
		}
	case strings.Contains(text, "both"):
		s.calls()
	default:
		s.words()
	}
}

// anthropicStream writes the events of one answer.
type anthropicStream struct {
	sse
	fault  Fault
	midway string
	stop   string
	blocks int
}

func (s *anthropicStream) event(name, fields string) {
	if fields != "" {
		fields = "," + fields
	}
	s.raw("event: " + name + "\ndata: {\"type\":\"" + name + "\"" + fields + "}\n\n")
}

func (s *anthropicStream) begin(block string) {
	s.event("content_block_start", fmt.Sprintf(`"index":%d,"content_block":%s`, s.blocks, block))
}

func (s *anthropicStream) delta(delta string) {
	s.event("content_block_delta", fmt.Sprintf(`"index":%d,"delta":%s`, s.blocks, delta))
}

func (s *anthropicStream) end() {
	s.event("content_block_stop", fmt.Sprintf(`"index":%d`, s.blocks))
	s.blocks++
}

func (s *anthropicStream) finish(reason string) {
	if s.stop != "" {
		reason = s.stop
	}
	s.event("message_delta", `"delta":{"stop_reason":"`+reason+`","stop_sequence":null},"usage":{"output_tokens":20}`)
	s.event("message_stop", "")
}

func (s *anthropicStream) words() {
	s.begin(`{"type":"text","text":""}`)
	s.event("ping", "")
	for i, t := range strings.SplitAfter(Answer, " ") {
		if i == 3 {
			switch {
			case s.fault == Stall:
				<-s.r.Context().Done()
				return
			case s.fault == CutJSON:
				s.raw("event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_d")
				return
			case s.fault == Close:
				return
			case s.midway != "":
				s.event("error", `"error":{"type":"`+s.midway+`","message":"Overloaded"}`)
				return
			}
		}
		text, _ := json.Marshal(t)
		s.delta(`{"type":"text_delta","text":` + string(text) + `}`)
	}
	s.end()
	s.finish("end_turn")
}

// calls asks for transfer {"to":"sales"} and note {"text":"a \"b\""}.
func (s *anthropicStream) calls() {
	args := func(piece string) {
		b, _ := json.Marshal(piece)
		s.delta(`{"type":"input_json_delta","partial_json":` + string(b) + `}`)
	}
	s.begin(`{"type":"tool_use","id":"toolu_1","name":"transfer","input":{}}`)
	args("")
	args(`{"to":`)
	switch s.fault {
	case CutJSON:
		s.raw("event: content_block_delta\ndata: {\"type\":\"content_bl")
		return
	case Close:
		return
	}
	args(` "sales"}`)
	s.end()
	s.begin(`{"type":"tool_use","id":"toolu_2","name":"note","input":{}}`)
	args(`{"te`)
	if s.fault == Stall {
		<-s.r.Context().Done()
		return
	}
	args(`xt": "a \"b\""}`)
	s.end()
	s.finish("tool_use")
}
