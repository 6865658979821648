package openai

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
)

func openly(t testing.TB, o *providertest.OpenAI, name string) *Model {
	m, err := Spec().Thinking.Open(access(o), name, []byte(`{"openai_api":"responses"}`))
	if err != nil {
		t.Fatal(err)
	}
	return m.(*Model)
}

func TestThinkingByResponses(t *testing.T) {
	for name, effort := range map[string]string{"plain": "", "with thoughts": "low"} {
		t.Run(name, func(t *testing.T) {
			var fake *providertest.OpenAI
			open := func(t testing.TB) llm.Model {
				fake = providertest.NewOpenAI(t)
				return openly(t, fake, "gpt-5-mini")
			}
			request := func(text string) llm.Request {
				r := says(text)
				r.ReasoningEffort = effort
				return r
			}
			act, endless := request("call both"), request("endless")
			providertest.Thinking{
				Open: open,
				Failing: func(t testing.TB, f providertest.Fault) llm.Model {
					m := open(t)
					fake.Fail(f, 1)
					return m
				},
				Talk: request("are you open?"), Say: providertest.Answer, Act: &act, Calls: []string{"transfer", "note"}, Usage: true,
				Endless: &endless, Cancelled: func() int { return fake.Cancelled() },
			}.Test(t)
		})
	}
}

// TestResponsesBody: what goes over the wire, as the API reference has it.
func TestResponsesBody(t *testing.T) {
	r := llm.Request{
		Messages: []llm.Message{
			{Role: llm.System, Text: "Be brief."},
			{Role: llm.User, Text: ""},
			{Role: llm.Assistant, Text: "Wait.", Calls: []llm.Call{{ID: "c1", Name: "note", Args: json.RawMessage(`{"a":1}`)}, {ID: "c2", Name: "end"}}},
			{Role: llm.ToolRole, CallID: "c1", Text: "done"},
			{Role: llm.ToolRole, CallID: "c2"},
		},
		Tools: []llm.Tool{{Name: "note", Description: "Notes.", Schema: json.RawMessage(`{"type":"object"}`)}, {Name: "end"}},
	}
	q, left := inquire("gpt-4o-mini", r, nil)
	got, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"model":"gpt-4o-mini","input":[{"role":"system","content":"Be brief."},{"role":"user","content":""},{"role":"assistant","content":"Wait."},` +
		`{"type":"function_call","call_id":"c1","name":"note","arguments":"{\"a\":1}"},{"type":"function_call","call_id":"c2","name":"end","arguments":"{}"},` +
		`{"type":"function_call_output","call_id":"c1","output":"done"},{"type":"function_call_output","call_id":"c2","output":""}],` +
		`"tools":[{"type":"function","name":"note","description":"Notes.","parameters":{"type":"object"},"strict":false},{"type":"function","name":"end","parameters":{"type":"object","properties":{}},"strict":false}],` +
		`"stream":true,"store":false}`
	if string(got) != want || left != nil {
		t.Errorf("body\n%s\nwant\n%s\nleft out %q", got, want, left)
	}
}

func ptr[T any](v T) *T { return &v }

// TestOptions: each option of an agent reaches the wire of both APIs, or is said to have been left out.
func TestOptions(t *testing.T) {
	for _, tc := range []struct {
		model      string
		r          llm.Request
		chat, resp string // in the body
		left       string // of both; the Responses API has no seed, either
	}{
		{"gpt-4o", llm.Request{Temperature: ptr(0.3)}, `"temperature":0.3`, `"temperature":0.3`, ""},
		{"gpt-4o", llm.Request{Seed: ptr(int64(7))}, `"seed":7`, `"stream":true`, ""},
		{"gpt-5-mini", llm.Request{Temperature: ptr(0.3), ReasoningEffort: "minimal"}, `"reasoning_effort":"minimal"`, `"reasoning":{"effort":"minimal"}`, "temperature"},
		{"gpt-5-mini", llm.Request{Verbosity: "low"}, `"verbosity":"low"`, `"text":{"verbosity":"low"}`, ""},
		{"gpt-4o", llm.Request{Verbosity: "low", ReasoningEffort: "low"}, `"stream":true`, `"stream":true`, "reasoning_effort verbosity"},
		{"o4-mini", llm.Request{Temperature: ptr(0.3), Verbosity: "low"}, `"stream":true`, `"stream":true`, "temperature verbosity"},
	} {
		tc.r.Messages = says("hello").Messages
		q, left := compose(tc.model, tc.r, nil)
		b, _ := json.Marshal(q)
		if !strings.Contains(string(b), tc.chat) || strings.Join(left, " ") != tc.left {
			t.Errorf("%s %+v: sent %s, left out %q", tc.model, tc.r, b, left)
		}
		open, left := inquire(tc.model, tc.r, nil)
		b, _ = json.Marshal(open)
		if tc.r.Seed != nil {
			tc.left = strings.TrimSpace(tc.left + " seed")
		}
		if !strings.Contains(string(b), tc.resp) || strings.Join(left, " ") != tc.left {
			t.Errorf("%s %+v: sent %s, left out %q", tc.model, tc.r, b, left)
		}
	}
}

func TestResponsesRefusedFields(t *testing.T) {
	o := providertest.NewOpenAI(t)
	o.Refuses = []string{"temperature", "reasoning.effort", "text.verbosity"}
	m := openly(t, o, "house-model")
	r := says("hello")
	r.Temperature, r.Verbosity, r.ReasoningEffort = ptr(1.0), "low", "low"
	notice := ""
	for range 2 {
		text := ""
		for d, err := range m.Chat(t.Context(), r) {
			if err != nil {
				t.Fatal(err)
			}
			text += d.Text
			notice += d.Notice
		}
		if text != providertest.Answer {
			t.Errorf("said %q", text)
		}
	}
	if notice != "house-model does not accept temperature, reasoning_effort, verbosity: left out" || o.Count() != 5 {
		t.Errorf("noticed %q after %d requests", notice, o.Count())
	}
}

// TestAServerWithoutResponses is asked by chat completions, and the call is told.
func TestAServerWithoutResponses(t *testing.T) {
	o := providertest.NewOpenAI(t)
	to := providertest.Through(t, o.URL)
	lists := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/responses") {
			lists++
			http.NotFound(w, r)
			return
		}
		to.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	m, err := Compatible().Thinking.Open(provider.Access{BaseURL: srv.URL + "/v1"}, "llama", []byte(`{"openai_api":"responses"}`))
	if err != nil {
		t.Fatal(err)
	}
	notice := ""
	for range 2 {
		text := ""
		for d, err := range m.Chat(t.Context(), says("hello")) {
			if err != nil {
				t.Fatal(err)
			}
			text += d.Text
			notice += d.Notice
		}
		if text != providertest.Answer {
			t.Errorf("said %q", text)
		}
	}
	if lists != 1 || strings.Count(notice, "the Responses API") != 1 {
		t.Errorf("%d requests for responses, noticed %q", lists, notice)
	}
	var e *parley.Error
	if _, err := Spec().Thinking.Open(provider.Access{Key: "k"}, "m", []byte(`{"openai_api":1}`)); !errors.As(err, &e) {
		t.Errorf("an API that is a number: %v", err)
	}
	if m, err := Spec().Thinking.Open(provider.Access{Key: "k"}, "m", []byte(`{"openai_api":"chat_completions"}`)); err != nil || m.(*Model).responses {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestFailedResponses(t *testing.T) {
	for code, want := range map[string]parley.VendorCode{
		"server_error": parley.VendorUnavailable, "rate_limit_exceeded": parley.VendorRateLimited, "invalid_prompt": parley.VendorRefused,
		"bio_policy": parley.VendorRefused, "error": parley.VendorUnavailable, "content_filter": "",
	} {
		o := providertest.NewOpenAI(t)
		o.Failure = code
		text := ""
		var v *parley.VendorError
		for d, err := range openly(t, o, "gpt-4o").Chat(t.Context(), says("hello")) {
			text += d.Text
			errors.As(err, &v)
		}
		if text != "Yes, of course. " || (v == nil) != (want == "") || v != nil && v.Code != want {
			t.Errorf("%s: said %q, then %v", code, text, v)
		}
	}
}

func openRead(body string) (text string, calls []llm.Call, err error) {
	a := answer{Telling: provider.Telling{Vendor: "acme", Yield: func(d llm.Delta, _ error) bool {
		text += d.Text
		if d.Call != nil {
			calls = append(calls, *d.Call)
		}
		return true
	}}}
	a.take = a.event
	err = a.read(func() {}, strings.NewReader(body))
	return text, calls, err
}

// TestResponseEvents: shapes of streams beyond the usual one.
func TestResponseEvents(t *testing.T) {
	const (
		added = `{"type":"response.output_item.added","output_index":1,"item":{"type":"function_call","call_id":"c","name":"f","arguments":""}}`
		half  = `{"type":"response.function_call_arguments.delta","output_index":1,"delta":"{\"x\""}`
		rest  = `{"type":"response.function_call_arguments.delta","output_index":1,"delta":":1}"}`
		done  = `{"type":"response.completed","response":{"usage":{"input_tokens":1,"output_tokens":2}}}`
	)
	for name, tc := range map[string]struct {
		body, text, calls string
		code              parley.VendorCode
	}{
		"deltas alone":           {data(added, half, rest, done), "", `c:f{"x":1}`, ""},
		"the whole at once":      {data(`{"type":"response.output_item.done","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}}`, done), "", "c:f{}", ""},
		"[DONE] after all":       {data(added, done, "[DONE]"), "", "c:f{}", ""},
		"half a call":            {data(added, half, done), "", "", parley.VendorBadOutput},
		"half a call, cut short": {data(added, half, `{"type":"response.incomplete","response":{"incomplete_details":{"reason":"max_output_tokens"}}}`), "", "", parley.VendorBadOutput},
		"filtered":               {data(`{"type":"response.incomplete","response":{"incomplete_details":{"reason":"content_filter"}}}`), "", "", parley.VendorRefused},
		"declined":               {data(`{"type":"response.refusal.delta","delta":"I can't"}`, `{"type":"response.refusal.done","refusal":"I can't"}`, done), "", "", parley.VendorRefused},
		"no end":                 {data(`{"type":"response.output_text.delta","delta":"Hi"}`), "Hi", "", parley.VendorUnavailable},
		"a wrong key":            {data(`{"type":"error","code":"invalid_api_key","message":"sk-1"}`), "", "", parley.VendorUnauthorized},
		"failed without a word":  {data(`{"type":"response.failed","response":{}}`), "", "", parley.VendorUnavailable},
		"not JSON":               {data("<html>"), "", "", parley.VendorBadOutput},
		"too many calls":         {strings.Repeat(data(added), 1) + manyCalls(), "", "", parley.VendorBadOutput},
		"too long":               {data(added) + strings.Repeat(data(`{"type":"response.function_call_arguments.delta","output_index":1,"delta":"`+strings.Repeat("x", 100<<10)+`"}`), 11), "", "", parley.VendorBadOutput},
	} {
		text, calls, err := openRead(tc.body)
		var got []string
		for _, c := range calls {
			got = append(got, c.ID+":"+c.Name+string(c.Args))
		}
		var v *parley.VendorError
		if errors.As(provider.Fault(t.Context(), "acme", err), &v); (v != nil) != (tc.code != "") || v != nil && v.Code != tc.code {
			t.Errorf("%s: error %v, want %q", name, err, tc.code)
		}
		if text != tc.text || strings.Join(got, " ") != tc.calls {
			t.Errorf("%s: said %q, called %q", name, text, got)
		}
	}
}

func manyCalls() string {
	var b strings.Builder
	for i := range maxCalls + 1 {
		b.WriteString(data(strings.Replace(`{"type":"response.output_item.added","output_index":N,"item":{"type":"function_call","name":"f"}}`, "N", string(rune('1'+i%9))+strings.Repeat("0", i/9), 1)))
	}
	return b.String()
}

func FuzzResponses(f *testing.F) {
	f.Add([]byte(data(`{"type":"response.output_text.delta","delta":"Hi"}`, `{"type":"response.completed","response":{}}`)))
	f.Add([]byte(data(`{"type":"response.output_item.added","output_index":0,"item":{"type":"function_call","call_id":"c","name":"f"}}`, `{"type":"response.completed"}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, calls, _ := openRead(string(b))
		for _, c := range calls {
			var o map[string]any
			if json.Unmarshal(c.Args, &o) != nil || c.Name == "" || c.ID == "" {
				t.Errorf("called %+v", c)
			}
		}
	})
}
