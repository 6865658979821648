package providertest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// responses answers as the Responses API does, after platform.openai.com/docs/api-reference/responses-streaming: an item at a time, the
// reasoning first when an effort is asked for, and the whole response in the end.
func (o *OpenAI) responses(w http.ResponseWriter, r *http.Request) {
	raw, _ := io.ReadAll(r.Body)
	var body struct {
		Model string
		Input []struct {
			Type, Role, Content, Output string
			CallID                      string `json:"call_id"`
		}
		Tools []struct {
			Name       string
			Parameters json.RawMessage
		}
		Reasoning *struct{ Effort string }
		Stream    bool
		MaxOutput *int `json:"max_output_tokens"`
	}
	fail := func(says string) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(400)
		fmt.Fprintf(w, `{"error":{"message":%q,"type":"invalid_request_error","param":null,"code":null}}`, says)
	}
	if err := json.Unmarshal(raw, &body); err != nil || len(body.Input) == 0 {
		fail(fmt.Sprintf("bad body: %v", err))
		return
	}
	o.mu.Lock()
	o.Bodies = append(o.Bodies, raw)
	o.mu.Unlock()
	for _, f := range o.Refuses {
		if strings.Contains(string(raw), `"`+f[strings.LastIndex(f, ".")+1:]+`"`) {
			fail("Unsupported parameter: '" + f + "' is not supported with this model.")
			return
		}
	}
	if n := body.MaxOutput; n != nil && *n < 16 {
		fail(fmt.Sprintf("Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got %d instead.", *n))
		return
	}
	calls := map[string]bool{}
	for _, i := range body.Input {
		switch i.Type {
		case "function_call":
			calls[i.CallID] = true
		case "function_call_output":
			if !calls[i.CallID] {
				fail("No tool call found for function call output with call_id " + i.CallID + ".")
				return
			}
			delete(calls, i.CallID)
		}
	}
	for id := range calls {
		fail("No tool output found for function call " + id + ".")
		return
	}
	if !body.Stream {
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"id":"resp_1","object":"response","created_at":1,"status":"incomplete","model":"m","output":[],"incomplete_details":{"reason":"max_output_tokens"},`+
			`"error":null,"usage":{"input_tokens":50,"input_tokens_details":{"cached_tokens":32},"output_tokens":16,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":66}}`)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	s := &responseStream{sse: sse{w: w, r: r}, fault: faultOf(r), failure: o.Failure, model: body.Model}
	s.flush()
	last := body.Input[len(body.Input)-1]
	s.answer(last.Content, body.Reasoning != nil && body.Reasoning.Effort != "none")
	if s.gone() {
		o.gaveUp()
	}
}

// responseStream writes the events of one response.
type responseStream struct {
	sse
	fault   Fault
	failure string
	model   string
	seq     int
	items   int
}

func (s *responseStream) event(name, fields string) {
	s.raw(fmt.Sprintf("event: %s\ndata: {\"type\":%q,\"sequence_number\":%d,%s}\n\n", name, name, s.seq, fields))
	s.seq++
}

func (s *responseStream) whole(status, rest string) string {
	return fmt.Sprintf(`"response":{"id":"resp_1","object":"response","created_at":1,"status":%q,"model":%q,"parallel_tool_calls":true,"tools":[],"output":[]%s}`, status, s.model, rest)
}

const openUsage = `,"error":null,"incomplete_details":null,"usage":{"input_tokens":50,"input_tokens_details":{"cached_tokens":0},"output_tokens":20,"output_tokens_details":{"reasoning_tokens":0},"total_tokens":70}`

func (s *responseStream) answer(text string, thinks bool) {
	switch s.fault {
	case Hang:
		<-s.r.Context().Done()
		return
	case Garbage:
		s.raw("data: <html>oops</html>\n\n")
		return
	}
	s.event("response.created", s.whole("in_progress", ""))
	s.event("response.in_progress", s.whole("in_progress", ""))
	if s.fault == Drip {
		for !s.gone() {
			s.event("response.in_progress", s.whole("in_progress", ""))
			time.Sleep(2 * time.Millisecond)
		}
		return
	}
	if thinks {
		s.event("response.output_item.added", `"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}`)
		s.event("response.reasoning_summary_text.delta", `"item_id":"rs_1","output_index":0,"summary_index":0,"delta":"Hm, what now?"`)
		s.event("response.output_item.done", `"output_index":0,"item":{"id":"rs_1","type":"reasoning","summary":[]}`)
		s.items++
	}
	switch {
	case strings.Contains(text, "endless"):
		for !s.gone() {
			s.delta("on and on ")
			time.Sleep(2 * time.Millisecond)
		}
	case strings.Contains(text, "both"):
		if !s.call("call_1", "transfer", `{"to":`, `"sales"}`) || !s.call("call_2", "note", `{"te`, `xt":"a \"b\""}`) {
			return
		}
		s.event("response.completed", s.whole("completed", openUsage))
	default:
		s.words()
	}
}

func (s *responseStream) delta(text string) {
	b, _ := json.Marshal(text)
	s.event("response.output_text.delta", fmt.Sprintf(`"item_id":"msg_1","output_index":%d,"content_index":0,"delta":%s,"logprobs":[]`, s.items, b))
}

func (s *responseStream) words() {
	item := func(status, content string) string {
		return fmt.Sprintf(`"output_index":%d,"item":{"id":"msg_1","type":"message","status":%q,"role":"assistant","content":[%s]}`, s.items, status, content)
	}
	s.event("response.output_item.added", item("in_progress", ""))
	s.event("response.content_part.added", fmt.Sprintf(`"item_id":"msg_1","output_index":%d,"content_index":0,"part":{"type":"output_text","text":"","annotations":[]}`, s.items))
	for i, t := range strings.SplitAfter(Answer, " ") {
		if i == 3 {
			switch {
			case s.fault == Stall:
				<-s.r.Context().Done()
				return
			case s.fault == CutJSON:
				s.raw("event: response.output_text.delta\ndata: {\"type\":\"response.output_te")
				return
			case s.fault == Close:
				return
			case s.failure == "error":
				s.event("error", `"code":"server_error","message":"sorry","param":null`)
				return
			case s.failure == "content_filter":
				s.event("response.incomplete", s.whole("incomplete", `,"incomplete_details":{"reason":"content_filter"}`))
				return
			case s.failure != "":
				s.event("response.failed", s.whole("failed", `,"error":{"code":"`+s.failure+`","message":"sorry"}`))
				return
			}
		}
		s.delta(t)
	}
	text, _ := json.Marshal(Answer)
	s.event("response.output_text.done", fmt.Sprintf(`"item_id":"msg_1","output_index":%d,"content_index":0,"text":%s`, s.items, text))
	s.event("response.output_item.done", item("completed", `{"type":"output_text","annotations":[],"text":`+string(text)+`}`))
	s.event("response.completed", s.whole("completed", openUsage))
}

// call asks for a tool, its arguments in two pieces; false: it went wrong.
func (s *responseStream) call(id, name, one, two string) bool {
	item := func(status, args string) string {
		b, _ := json.Marshal(args)
		return fmt.Sprintf(`"output_index":%d,"item":{"id":"fc_%s","type":"function_call","status":%q,"call_id":%q,"name":%q,"arguments":%s}`, s.items, id, status, id, name, b)
	}
	piece := func(event, field, text string) {
		b, _ := json.Marshal(text)
		s.event(event, fmt.Sprintf(`"item_id":"fc_%s","output_index":%d,"name":%q,%q:%s`, id, s.items, name, field, b))
	}
	s.event("response.output_item.added", item("in_progress", ""))
	piece("response.function_call_arguments.delta", "delta", one)
	switch {
	case s.fault == CutJSON:
		s.raw("event: response.function_call_arguments.delta\ndata: {\"type\":\"resp")
		return false
	case s.fault == Close:
		return false
	case s.fault == Stall && name == "note":
		<-s.r.Context().Done()
		return false
	}
	piece("response.function_call_arguments.delta", "delta", two)
	piece("response.function_call_arguments.done", "arguments", one+two)
	s.event("response.output_item.done", item("completed", one+two))
	s.items++
	return true
}
