package anthropic

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
)

func body(t *testing.T, model string, r llm.Request) string {
	t.Helper()
	m := &Model{kind: kindOf(model)}
	b, err := json.Marshal(m.compose(r, nil))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestBody: what goes over the wire, as the API reference has it.
func TestBody(t *testing.T) {
	got := body(t, "claude-haiku-5-5", llm.Request{
		Messages: []llm.Message{
			{Role: llm.System, Text: "Be brief."},
			{Role: llm.User, Text: "Hello?"},
			{Role: llm.Assistant, Text: "Wait.", Calls: []llm.Call{{ID: "c1", Name: "note", Args: json.RawMessage(`{"a":1}`)}, {ID: "c:2", Name: "end"}}},
			{Role: llm.ToolRole, CallID: "c1", Text: "done"},
			{Role: llm.ToolRole, CallID: "c:2", Text: "over"},
			{Role: llm.System, Text: "It is late."},
		},
		Tools: []llm.Tool{{Name: "note", Description: "Notes.", Schema: json.RawMessage(`{"type":"object"}`), Phrases: []string{"not sent"}}, {Name: "end"}},
	})
	want := `{"model":"claude-haiku-5-5","max_tokens":4096,"system":[{"type":"text","text":"Be brief.","cache_control":{"type":"ephemeral"}}],"messages":[` +
		`{"role":"user","content":[{"type":"text","text":"Hello?"}]},` +
		`{"role":"assistant","content":[{"type":"text","text":"Wait."},{"type":"tool_use","id":"c1","name":"note","input":{"a":1}},{"type":"tool_use","id":"c_2","name":"end","input":{}}]},` +
		`{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"done"},{"type":"tool_result","tool_use_id":"c_2","content":"over"},` +
		`{"type":"text","text":"[Note, not said by the caller: It is late.]","cache_control":{"type":"ephemeral"}}]}],` +
		`"tools":[{"name":"note","description":"Notes.","input_schema":{"type":"object"}},{"name":"end","input_schema":{"type":"object","properties":{}}}],` +
		`"stream":true,"thinking":{"type":"disabled"}}`
	if got != want {
		t.Errorf("body\n%s\nwant\n%s", got, want)
	}
}

func ptr[T any](v T) *T { return &v }

// TestOptions: each option of an agent reaches the wire, or is said to have been left out, by what a model is documented to accept.
func TestOptions(t *testing.T) {
	cold, hot, one := &llm.Request{Temperature: ptr(0.3)}, &llm.Request{Temperature: ptr(1.5)}, &llm.Request{Temperature: ptr(1.0)}
	effort := func(e string) *llm.Request { return &llm.Request{ReasoningEffort: e} }
	for _, tc := range []struct {
		model string
		r     *llm.Request
		want  string // in the body
		never string // not in it
		left  string
	}{
		{"claude-haiku-4-5", cold, `"temperature":0.3`, "thinking", ""},
		{"claude-3-5-haiku-20241022", cold, `"temperature":0.3`, "thinking", ""},
		{"claude-sonnet-4-20250514", cold, `"temperature":0.3`, "thinking", ""},
		{"claude-haiku-4-5-20251001", hot, `"temperature":1`, "1.5", "an llm_temperature above 1"},
		{"claude-opus-4-6", cold, `"temperature":0.3`, "thinking", ""},
		{"claude-opus-4-7", cold, `"model"`, "temperature", "llm_temperature"},
		{"claude-haiku-5-5", cold, `"thinking":{"type":"disabled"}`, "temperature", "llm_temperature"},
		{"claude-haiku-5-5", one, `"thinking":{"type":"disabled"}`, "temperature", ""},
		{"claude-sonnet-5", nil, `"thinking":{"type":"disabled"}`, "output_config", ""},
		{"claude-sonnet-5-5", nil, `"thinking":{"type":"between_tools"}`, "output_config", ""},
		{"claude-opus-5", nil, `"thinking":{"type":"disabled"}`, "output_config", ""},
		{"claude-opus-5-5", nil, `"max_tokens":16384`, "thinking", ""},
		{"claude-opus-5-5", nil, `"output_config":{"effort":"low"}`, "thinking", ""},
		{"claude-fable-5-1", nil, `"output_config":{"effort":"low"}`, "thinking", ""},
		{"anthropic/claude-sonnet-5-5", effort("minimal"), `"thinking":{"type":"between_tools"},"output_config":{"effort":"low"}`, "adaptive", ""},
		{"claude-haiku-5-5", effort("medium"), `"max_tokens":16384`, "disabled", ""},
		{"claude-haiku-5-5", effort("medium"), `"thinking":{"type":"adaptive"},"output_config":{"effort":"medium"}`, "disabled", ""},
		{"claude-opus-4-5", effort("high"), `"output_config":{"effort":"high"}`, "thinking", ""},
		{"claude-opus-4-6", &llm.Request{ReasoningEffort: "low", Temperature: ptr(0.3)}, `"thinking":{"type":"adaptive"}`, "temperature", "llm_temperature"},
		{"claude-haiku-4-5", effort("high"), `"max_tokens":4096`, "effort", "reasoning_effort"},
		{"claude-2.1", effort("low"), `"model"`, "effort", "reasoning_effort"},
		{"house-model", &llm.Request{ReasoningEffort: "low", Temperature: ptr(0.3)}, `"effort":"low"`, "temperature", "llm_temperature"},
		{"house-model", cold, `"temperature":0.3`, "thinking", ""},
		{"claude-haiku-5-5", &llm.Request{Verbosity: "low", Seed: ptr(int64(7))}, `"stream":true`, "verbosity", "verbosity llm_seed"},
	} {
		r := says("hello")
		if tc.r != nil {
			r.Temperature, r.ReasoningEffort, r.Verbosity, r.Seed = tc.r.Temperature, tc.r.ReasoningEffort, tc.r.Verbosity, tc.r.Seed
		}
		m := &Model{kind: kindOf(tc.model)}
		q := m.compose(r, nil)
		b, _ := json.Marshal(q)
		if got := string(b); !strings.Contains(got, tc.want) || strings.Contains(got, tc.never) {
			t.Errorf("%s %+v: sent %s, want %s and no %s", tc.model, tc.r, got, tc.want, tc.never)
		}
		if got := strings.Join(q.left, " "); got != tc.left {
			t.Errorf("%s %+v: left out %q, want %q", tc.model, tc.r, got, tc.left)
		}
	}
}

// TestConversations: whatever was said in whatever order, the API's rules are kept (the fake holds to them), and no word is lost.
func TestConversations(t *testing.T) {
	call := func(ids ...string) llm.Message {
		m := llm.Message{Role: llm.Assistant}
		for _, id := range ids {
			m.Calls = append(m.Calls, llm.Call{ID: id, Name: "note", Args: json.RawMessage(`{"a":1}`)})
		}
		return m
	}
	said := func(role llm.Role, text string) llm.Message { return llm.Message{Role: role, Text: text} }
	done := func(id string) llm.Message { return llm.Message{Role: llm.ToolRole, CallID: id, Text: "done " + id} }
	for name, tc := range map[string]struct {
		messages []llm.Message
		want     []string // in the body
	}{
		"nothing":               {nil, []string{ringing}},
		"a prompt alone":        {[]llm.Message{said(llm.System, "p")}, []string{`"system":[{"type":"text","text":"p"`, ringing}},
		"two prompts":           {[]llm.Message{said(llm.System, "p"), said(llm.System, "q")}, []string{`p\n\nq`}},
		"the agent first":       {[]llm.Message{said(llm.System, "p"), said(llm.Assistant, "Hello!"), said(llm.User, "Hi")}, []string{ringing, "Hello!"}},
		"the agent last":        {[]llm.Message{said(llm.User, "Hi"), said(llm.Assistant, "Hello!")}, []string{silence}},
		"blank words":           {[]llm.Message{said(llm.User, " "), said(llm.Assistant, "\n"), said(llm.User, "x")}, []string{`"x"`}},
		"the caller twice":      {[]llm.Message{said(llm.User, "a"), said(llm.User, "b")}, []string{`"a"`, `"b"`}},
		"cut off":               {[]llm.Message{said(llm.User, "a"), said(llm.Assistant, "Yes, "), said(llm.System, "Go on.")}, []string{"Yes, ", aside + "Go on.]"}},
		"a tool":                {[]llm.Message{said(llm.User, "a"), call("1"), done("1")}, []string{"done 1"}},
		"a note among results":  {[]llm.Message{said(llm.User, "a"), call("1", "2"), done("1"), said(llm.System, "n"), done("2")}, []string{"done 1", "done 2", aside + "n]"}},
		"no result":             {[]llm.Message{said(llm.User, "a"), call("1", "2"), done("2"), said(llm.User, "b")}, []string{unanswered, "done 2"}},
		"no result at all":      {[]llm.Message{said(llm.User, "a"), call("1")}, []string{unanswered}},
		"no result, then words": {[]llm.Message{said(llm.User, "a"), call("1"), said(llm.User, "b")}, []string{unanswered}},
		"a result of nothing":   {[]llm.Message{said(llm.User, "a"), done("9"), said(llm.User, "b")}, []string{"a tool answered: done 9"}},
		"the same call again":   {[]llm.Message{said(llm.User, "a"), call("1"), done("1"), call("1"), done("1")}, []string{"done 1"}},
		"words, then a call":    {[]llm.Message{said(llm.User, "a"), {Role: llm.Assistant, Text: "Wait.", Calls: call("1").Calls}, done("1"), said(llm.Assistant, "So."), said(llm.User, "b")}, []string{"Wait.", "So."}},
		"a call first":          {[]llm.Message{call("1"), done("1")}, []string{ringing, "done 1"}},
		"foreign ids":           {[]llm.Message{said(llm.User, "a"), call("call|ü:1"), done("call|ü:1")}, []string{`"tool_use_id":"call___1"`}},
	} {
		f := providertest.NewAnthropic(t)
		m := model(t, f, "")
		for _, err := range m.Chat(t.Context(), llm.Request{Messages: tc.messages}) {
			if err != nil {
				t.Errorf("%s: %v: %s", name, err, f.Bodies[0])
			}
		}
		for _, w := range tc.want {
			if !strings.Contains(string(f.Bodies[0]), w) {
				t.Errorf("%s: no %s in %s", name, w, f.Bodies[0])
			}
		}
	}
}

// TestToolsStayDeclared: a conversation that used tools names them to the end, and a model that may use none is told so.
func TestToolsStayDeclared(t *testing.T) {
	f := providertest.NewAnthropic(t)
	m := model(t, f, "")
	r := says("call both")
	r.Tools = []llm.Tool{{Name: "transfer", Description: "Transfers."}, {Name: "note"}}
	calls := chat(t, m, r).calls
	r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Calls: calls}, llm.Message{Role: llm.ToolRole, CallID: calls[0].ID, Text: "ok"}, llm.Message{Role: llm.ToolRole, CallID: calls[1].ID, Text: "ok"})
	r.Tools = nil
	if got := chat(t, m, r); got.text != providertest.Answer {
		t.Errorf("said %q", got.text)
	}
	if last := string(f.Bodies[1]); !strings.Contains(last, `"description":"Transfers."`) || !strings.Contains(last, `"tool_choice":{"type":"none"}`) {
		t.Errorf("sent %s", last)
	}
	chat(t, model(t, f, ""), r) // one that never saw the tools
	if last := string(f.Bodies[2]); !strings.Contains(last, `{"name":"note","input_schema":{"type":"object","properties":{}}}`) {
		t.Errorf("sent %s", last)
	}
}

type outcome struct {
	text, notice string
	calls        []llm.Call
	usage        llm.Usage
	err          error
}

func chat(t *testing.T, m *Model, r llm.Request) (o outcome) {
	t.Helper()
	for d, err := range m.Chat(t.Context(), r) {
		if err != nil {
			o.err = err
			continue
		}
		o.text += d.Text
		o.notice += d.Notice
		if d.Call != nil {
			o.calls = append(o.calls, *d.Call)
		}
		if d.Usage != nil {
			o.usage.In, o.usage.Out = o.usage.In+d.Usage.In, o.usage.Out+d.Usage.Out
		}
	}
	return o
}

// TestThoughtsGoBack: with the results of the tools they led to, as they were, and never in a later turn.
func TestThoughtsGoBack(t *testing.T) {
	f := providertest.NewAnthropic(t)
	m := model(t, f, "claude-haiku-5-5")
	r := says("call both")
	r.ReasoningEffort = "low"
	r.Tools = []llm.Tool{{Name: "transfer"}, {Name: "note"}}
	first := chat(t, m, r)
	if first.text != "" || first.err != nil {
		t.Errorf("a thought was spoken: %q, %v", first.text, first.err)
	}
	r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Calls: first.calls}, llm.Message{Role: llm.ToolRole, CallID: first.calls[0].ID, Text: "ok"}, llm.Message{Role: llm.ToolRole, CallID: first.calls[1].ID, Text: "ok"})
	chat(t, m, r)
	const thought = `{"role":"assistant","content":[{"type":"thinking","thinking":"Hm, what now?","signature":"EqQB"},{"type":"tool_use","id":"toolu_1"`
	if got := string(f.Bodies[1]); !strings.Contains(got, thought) {
		t.Errorf("no thought in %s", got)
	}
	r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Text: "Done."}, llm.Message{Role: llm.User, Text: "Thanks."})
	chat(t, m, r)
	if got := string(f.Bodies[2]); strings.Contains(got, "Hm, what now") {
		t.Errorf("an old thought in %s", got)
	}
	for range 3 * maxKept {
		m.memory.keep(kept{})
	}
	if len(m.memory.kept) != maxKept {
		t.Errorf("%d answers are kept", len(m.memory.kept))
	}
}

func TestUsage(t *testing.T) {
	f := providertest.NewAnthropic(t)
	if o := chat(t, model(t, f, ""), says("hello")); o.usage != (llm.Usage{In: 50, Out: 20}) {
		t.Errorf("counted %+v", o.usage)
	}
	for d, err := range model(t, f, "").Chat(t.Context(), says("endless")) {
		if err != nil || d.Usage == nil || d.Usage.In != 50 || d.Vendor != vendor {
			t.Errorf("an answer that nobody hears out begins with %+v, %v", d, err)
		}
		break
	}
}

// TestRefusedFields: what a server answers with a 400 is left out, told once a call, and not sent again.
func TestRefusedFields(t *testing.T) {
	for name, tc := range map[string]struct {
		refuses map[string]string
		notice  string
		last    string
	}{
		"temperature":   {map[string]string{`"temperature"`: "`temperature` is deprecated for this model."}, "llm_temperature", `"output_config":{"effort":"low"}`},
		"effort":        {map[string]string{`"output_config"`: "This model does not support the effort parameter."}, "reasoning_effort", `"thinking"`},
		"caching":       {map[string]string{`"cache_control"`: "system.0.cache_control: Extra inputs are not permitted"}, "", `"system":[{"type":"text","text":"You are brief."}]`},
		"adaptive":      {map[string]string{`"adaptive"`: "adaptive thinking is not supported on this model"}, "", `"effort":"low"`},
		"most of those": {map[string]string{`"cache_control"`: "cache_control: no", `"output_config"`: "output_config: no", `"thinking"`: "thinking: Extra inputs are not permitted"}, "reasoning_effort", `"stream":true`},
	} {
		f := providertest.NewAnthropic(t)
		f.Refuses = tc.refuses
		m := model(t, f, "house-"+strings.ReplaceAll(name, " ", "-"))
		r := says("hello")
		r.Temperature = ptr(0.5)
		if name != "temperature" {
			r.Temperature = nil
		}
		r.ReasoningEffort = "low"
		if name == "temperature" {
			r.ReasoningEffort = "minimal"
		}
		notice := ""
		for range 2 {
			o := chat(t, m, r)
			if o.err != nil || o.text != providertest.Answer {
				t.Errorf("%s: said %q, %v", name, o.text, o.err)
			}
			notice += o.notice
		}
		if tc.notice == "" && notice != "" || strings.Count(notice, tc.notice) != 1 && tc.notice != "" {
			t.Errorf("%s: noticed %q, want %q once", name, notice, tc.notice)
		}
		if f.Count() != len(tc.refuses)+2 {
			t.Errorf("%s: %d requests", name, f.Count())
		}
		if last := string(f.Bodies[len(f.Bodies)-1]); !strings.Contains(last, tc.last) {
			t.Errorf("%s: sent %s", name, last)
		}
	}
	for message, want := range map[string]string{
		`"thinking.type.disabled" is not supported for this model. Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.`: noThinking,
		`To turn thinking off on this model, send "thinking": {"type": "between_tools"}`:                                                                  betweenTools,
		"messages.1.content.0.type: expected `thinking` or `redacted_thinking`, but found `tool_use`: thinking blocks must come first":                    "",
		"model: claude-9 not found": "",
	} {
		if got := refused(400, message); got != want {
			t.Errorf("understood %q of %s", got, message)
		}
	}
	if refused(500, "temperature") != "" {
		t.Error("a 500 says nothing of fields")
	}
}

// TestErrors: what goes wrong, by status and in the middle of an answer.
func TestErrors(t *testing.T) {
	ask := func(set func(f *providertest.Anthropic)) (o outcome, v *parley.VendorError) {
		f := providertest.NewAnthropic(t)
		set(f)
		o = chat(t, model(t, f, ""), says("hello"))
		errors.As(o.err, &v)
		return o, v
	}
	if _, v := ask(func(f *providertest.Anthropic) { f.Overloaded = true }); v == nil || v.Code != parley.VendorUnavailable || v.Status != 529 || v.Message != "Overloaded" {
		t.Errorf("529 gave %+v", v)
	}
	for kind, want := range map[string]parley.VendorCode{
		"overloaded_error": parley.VendorUnavailable, "api_error": parley.VendorUnavailable, "something_new": parley.VendorUnavailable,
		"rate_limit_error": parley.VendorRateLimited, "billing_error": parley.VendorRateLimited, "timeout_error": parley.VendorTimeout,
		"authentication_error": parley.VendorUnauthorized, "permission_error": parley.VendorUnauthorized, "invalid_request_error": parley.VendorRefused,
	} {
		if o, v := ask(func(f *providertest.Anthropic) { f.Midway = kind }); v == nil || v.Code != want || o.text != "Yes, of course. " {
			t.Errorf("%s gave %v after %q", kind, o.err, o.text)
		}
	}
	if o, _ := ask(func(f *providertest.Anthropic) { f.Stop = "refusal" }); o.err != nil || o.text != providertest.Answer {
		t.Errorf("words, then a refusal: %+v", o)
	}
	if o, _ := ask(func(f *providertest.Anthropic) { f.Stop = "max_tokens" }); o.err != nil {
		t.Errorf("too long: %+v", o)
	}
	_, v := ask(func(f *providertest.Anthropic) {
		f.Refuses = map[string]string{"brief": "the key sk-ant-secret may not do this"}
	})
	if v == nil || v.Code != parley.VendorRefused || strings.Contains(v.Message, "secret") {
		t.Errorf("a key was quoted: %v", v)
	}
}

// play reads a body.
func play(body string) (o outcome) {
	a := answer{memory: new(memory), Telling: provider.Telling{Vendor: vendor, Yield: func(d llm.Delta, _ error) bool {
		o.text += d.Text
		if d.Call != nil {
			o.calls = append(o.calls, *d.Call)
		}
		return true
	}}}
	o.err = a.read(func() {}, strings.NewReader(body))
	return o
}

func events(lines ...string) string { return "data: " + strings.Join(lines, "\n\ndata: ") + "\n\n" }

const (
	begin = `{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}`
	stop  = `{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":3}}`
)

func piece(json string) string {
	return `{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":` + json + `}}`
}

// TestAnswers: shapes of answers beyond the usual one.
func TestAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		body  string
		text  string
		calls string
		code  parley.VendorCode
	}{
		"no arguments":          {events(begin, stop), "", "t:f{}", ""},
		"at once":               {events(`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"x":1}}}`, stop), "", `t:f{"x":1}`, ""},
		"interleaved":           {events(begin, piece(`"{\"x\""`), `{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"u","name":"g"}}`, piece(`":1}"`), `{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"y\":2}"}}`, stop), "", `t:f{"x":1} u:g{"y":2}`, ""},
		"only message_stop":     {events(begin, `{"type":"message_stop"}`), "", "t:f{}", ""},
		"half the arguments":    {events(begin, piece(`"{\"x\""`), stop), "", "", parley.VendorBadOutput},
		"cut at max_tokens":     {events(begin, piece(`"{\"x\""`), `{"type":"message_delta","delta":{"stop_reason":"max_tokens"}}`), "", "", parley.VendorBadOutput},
		"no object":             {events(begin, piece(`"[1]"`), stop), "", "", parley.VendorBadOutput},
		"no name":               {events(`{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t"}}`, stop), "", "", parley.VendorBadOutput},
		"no end":                {events(begin, piece(`"{}"`)), "", "", parley.VendorUnavailable},
		"a piece of nothing":    {events(piece(`"{}"`)), "", "", parley.VendorBadOutput},
		"refused":               {events(`{"type":"message_delta","delta":{"stop_reason":"refusal"}}`), "", "", parley.VendorRefused},
		"refused after words":   {events(`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Well"}}`, strings.Replace(begin, `"index":0`, `"index":1`, 1), `{"type":"message_delta","delta":{"stop_reason":"refusal"}}`), "Well", "", ""},
		"text in the beginning": {events(`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":"Hi"}}`, stop), "Hi", "", ""},
		"new events and blocks": {events(`{"type":"novelty","index":7}`, `{"type":"content_block_start","index":0,"content_block":{"type":"novelty"}}`, `{"type":"content_block_delta","index":0,"delta":{"type":"novelty_delta","text":"x"}}`, stop), "", "", ""},
		"not JSON":              {events("<html>"), "", "", parley.VendorBadOutput},
	} {
		o := play(tc.body)
		var got []string
		for _, c := range o.calls {
			got = append(got, c.ID+":"+c.Name+string(c.Args))
		}
		var v *parley.VendorError
		if errors.As(provider.Fault(t.Context(), vendor, o.err), &v); (v != nil) != (tc.code != "") || v != nil && v.Code != tc.code {
			t.Errorf("%s: error %v, want %q", name, o.err, tc.code)
		}
		if o.text != tc.text || strings.Join(got, " ") != tc.calls {
			t.Errorf("%s: said %q, called %q", name, o.text, got)
		}
	}
	many := events(slices.Repeat([]string{begin}, maxBlocks+1)...)
	long := events(begin) + strings.Repeat(events(piece(`"`+strings.Repeat("x", 100<<10)+`"`)), 11)
	for _, body := range []string{many, long, "data: " + strings.Repeat("x", 3<<20)} {
		var v *parley.VendorError
		if o := play(body); !errors.As(o.err, &v) || v.Code != parley.VendorBadOutput || len(o.calls) > 0 {
			t.Errorf("%d bytes gave %v", len(body), o.err)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(events(begin, piece(`"{\"x\":1}"`), stop, `{"type":"message_stop"}`)))
	f.Add([]byte(events(`{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"a"}}`, `{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"s"}}`, stop)))
	f.Add([]byte(events(`{"type":"error","error":{"type":"overloaded_error"}}`)))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, c := range play(string(b)).calls {
			var o map[string]any
			if json.Unmarshal(c.Args, &o) != nil || c.Name == "" || c.ID == "" {
				t.Errorf("called %+v", c)
			}
		}
	})
}

// BenchmarkAnswer reads 200 pieces of text.
func BenchmarkAnswer(b *testing.B) {
	body := events(`{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`) +
		strings.Repeat(events(`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":" word"}}`), 200) + events(stop)
	b.ReportAllocs()
	for b.Loop() {
		if o := play(body); o.err != nil || len(o.text) != 1000 {
			b.Fatal(o.err)
		}
	}
}

// BenchmarkFirstWords is what we add between the first byte of an answer and its first words.
func BenchmarkFirstWords(b *testing.B) {
	body := events(`{"type":"message_start","message":{"usage":{"input_tokens":10}}}`, `{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}`,
		`{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Yes, "}}`)
	b.ReportAllocs()
	for b.Loop() {
		a := answer{memory: new(memory), Telling: provider.Telling{Vendor: vendor, Yield: func(d llm.Delta, _ error) bool { return d.Text == "" }}}
		if err := a.read(func() {}, strings.NewReader(body)); err != nil {
			b.Fatal(err)
		}
	}
}
