package google

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/tts"
)

func none(string) string { return "" }

func wire(t *testing.T, model string, r llm.Request, signature func(string) string) string {
	t.Helper()
	b, err := json.Marshal(compose(model, r, signature))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestBody: what each field of a request is on the wire, as the API reference has it.
func TestBody(t *testing.T) {
	zero := 0.0
	hi := []llm.Message{{Role: llm.User, Text: "Hi"}}
	const said = `"contents":[{"role":"user","parts":[{"text":"Hi"}]}]`
	for name, tc := range map[string]struct {
		model string
		r     llm.Request
		want  string
	}{
		"words":                {"gemini-2.0-flash", llm.Request{Messages: hi}, `{` + said + `,"generationConfig":{}}`},
		"a prompt":             {"gemini-2.0-flash", llm.Request{Messages: append([]llm.Message{{Role: llm.System, Text: "Be brief."}, {Role: llm.System, Text: "Now: noon."}}, hi...)}, `{"systemInstruction":{"parts":[{"text":"Be brief."},{"text":"Now: noon."}]},` + said + `,"generationConfig":{}}`},
		"temperature":          {"gemini-2.0-flash", llm.Request{Messages: hi, Temperature: &zero}, `{` + said + `,"generationConfig":{"temperature":0}}`},
		"tools":                {"gemini-2.0-flash", llm.Request{Messages: hi, Tools: []llm.Tool{{Name: "note", Description: "Notes.", Schema: json.RawMessage(`{"type":"object","properties":{"a":{"type":"string"}}}`), Phrases: []string{"not sent"}}, {Name: "end", Schema: json.RawMessage(`{"type":"object","properties":{}}`)}}}, `{` + said + `,"tools":[{"functionDeclarations":[{"name":"note","description":"Notes.","parametersJsonSchema":{"type":"object","properties":{"a":{"type":"string"}}}},{"name":"end"}]}],"generationConfig":{}}`},
		"2.5: no thoughts":     {"gemini-2.5-flash", llm.Request{Messages: hi}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}`},
		"2.5, lite":            {"gemini-2.5-flash-lite", llm.Request{Messages: hi}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":0}}}`},
		"2.5 Pro has to think": {"gemini-2.5-pro", llm.Request{Messages: hi}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":128}}}`},
		"2.5, minimal":         {"gemini-2.5-flash", llm.Request{Messages: hi, ReasoningEffort: "minimal"}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":1024}}}`},
		"2.5, low":             {"gemini-2.5-flash", llm.Request{Messages: hi, ReasoningEffort: "low"}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":1024}}}`},
		"2.5, medium":          {"gemini-2.5-pro", llm.Request{Messages: hi, ReasoningEffort: "medium"}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":8192}}}`},
		"2.5, high":            {"gemini-2.5-flash", llm.Request{Messages: hi, ReasoningEffort: "high"}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingBudget":24576}}}`},
		"3":                    {"gemini-3.5-flash-lite", llm.Request{Messages: hi}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingLevel":"MINIMAL"}}}`},
		"3 Pro":                {"gemini-3.1-pro-preview", llm.Request{Messages: hi}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}`},
		"3, the newest":        {"gemini-flash-latest", llm.Request{Messages: hi}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingLevel":"MINIMAL"}}}`},
		"3, low":               {"gemini-3-flash-preview", llm.Request{Messages: hi, ReasoningEffort: "low"}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingLevel":"LOW"}}}`},
		"3, medium":            {"gemini-3.8-flash", llm.Request{Messages: hi, ReasoningEffort: "medium"}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingLevel":"MEDIUM"}}}`},
		"3, high":              {"gemini-10-flash", llm.Request{Messages: hi, ReasoningEffort: "high"}, `{` + said + `,"generationConfig":{"thinkingConfig":{"thinkingLevel":"HIGH"}}}`},
		"older, high":          {"gemini-1.5-flash", llm.Request{Messages: hi, ReasoningEffort: "high"}, `{` + said + `,"generationConfig":{}}`},
		"another":              {"gemma-3-27b-it", llm.Request{Messages: hi, ReasoningEffort: "high", Verbosity: "low"}, `{` + said + `,"generationConfig":{}}`},
	} {
		if got := wire(t, tc.model, tc.r, none); got != tc.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, tc.want)
		}
	}
}

// TestTurns: contents that Gemini takes, whatever the conversation was.
func TestTurns(t *testing.T) {
	const ring = `{"role":"user","parts":[{"text":"[The phone rings.]"}]}`
	call := func(id string) llm.Call { return llm.Call{ID: id, Name: "note", Args: json.RawMessage(`{"a":1}`)} }
	for name, tc := range map[string]struct {
		messages []llm.Message
		want     string
	}{
		"nothing":               {nil, ring},
		"a prompt alone":        {[]llm.Message{{Role: llm.System, Text: "Be brief."}}, ring},
		"the agent speaks last": {[]llm.Message{{Role: llm.Assistant, Text: "Hello?"}}, ring + `,{"role":"model","parts":[{"text":"Hello?"}]},{"role":"user","parts":[{"text":"[Go on.]"}]}`},
		"a note in between": {[]llm.Message{{Role: llm.User, Text: "Hi"}, {Role: llm.Assistant, Text: "Hello."}, {Role: llm.System, Text: "The line is bad."}},
			`{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Hello."}]},{"role":"user","parts":[{"text":"[Note, not said by the caller: The line is bad.]"}]}`},
		"one side twice, and nothing said": {[]llm.Message{{Role: llm.User, Text: "Hi"}, {Role: llm.User}, {Role: llm.Assistant}, {Role: llm.User, Text: "there"}}, `{"role":"user","parts":[{"text":"Hi"},{"text":"there"}]}`},
		"calls and results": {[]llm.Message{{Role: llm.User, Text: "Hi"}, {Role: llm.Assistant, Text: "Wait.", Calls: []llm.Call{call("1"), call("2")}}, {Role: llm.ToolRole, CallID: "1", Text: "done"}, {Role: llm.ToolRole, CallID: "2", Text: ` {"ok":true}`}, {Role: llm.User, Text: "And?"}},
			`{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"text":"Wait."},{"functionCall":{"id":"1","name":"note","args":{"a":1}},"thoughtSignature":"s1"},{"functionCall":{"id":"2","name":"note","args":{"a":1}}}]},` +
				`{"role":"user","parts":[{"functionResponse":{"id":"1","name":"note","response":{"result":"done"}}},{"functionResponse":{"id":"2","name":"note","response":{"ok":true}}}]},{"role":"user","parts":[{"text":"And?"}]}`},
		"a call of another's, no result": {[]llm.Message{{Role: llm.Assistant, Calls: []llm.Call{call("x")}}, {Role: llm.User, Text: "Well?"}},
			ring + `,{"role":"model","parts":[{"functionCall":{"id":"x","name":"note","args":{"a":1}},"thoughtSignature":"skip_thought_signature_validator"}]},{"role":"user","parts":[{"functionResponse":{"id":"x","name":"note","response":{"error":"there is no result"}}}]},{"role":"user","parts":[{"text":"Well?"}]}`},
		"results that come late, or twice": {[]llm.Message{{Role: llm.User, Text: "Hi"}, {Role: llm.Assistant, Calls: []llm.Call{call("1")}}, {Role: llm.User, Text: "So?"}, {Role: llm.ToolRole, CallID: "1", Text: "done"}, {Role: llm.ToolRole, CallID: "1", Text: "again"}},
			`{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"id":"1","name":"note","args":{"a":1}},"thoughtSignature":"s1"}]},{"role":"user","parts":[{"functionResponse":{"id":"1","name":"note","response":{"result":"done"}}}]},{"role":"user","parts":[{"text":"So?"},{"text":"[Note, not said by the caller: again]"}]}`},
	} {
		var q struct{ Contents json.RawMessage }
		body := wire(t, "gemini-3-flash", llm.Request{Messages: tc.messages}, func(id string) string {
			if id == "1" {
				return "s1"
			}
			return ""
		})
		if json.Unmarshal([]byte(body), &q) != nil || string(q.Contents) != "["+tc.want+"]" {
			t.Errorf("%s:\n%s\nwant\n[%s]", name, q.Contents, tc.want)
		}
		g := providertest.NewGoogle(t)
		if _, _, err := chat(t.Context(), model(t, g, "gemini-3-flash"), llm.Request{Messages: tc.messages}); err != nil {
			t.Errorf("%s: the fake refuses it: %v", name, err)
		}
	}
}

func chat(ctx context.Context, m *Model, r llm.Request) (text string, calls []llm.Call, err error) {
	for d, e := range m.Chat(ctx, r) {
		text += d.Text + d.Notice
		if d.Call != nil {
			calls = append(calls, *d.Call)
		}
		if e != nil {
			err = e
		}
	}
	return text, calls, err
}

// TestSignaturesComeBack: a tool's result goes back with the call as it came, signature and all; an id is made up where there is none.
func TestSignaturesComeBack(t *testing.T) {
	for name, want := range map[string]string{"gemini-3.5-flash-lite": `"functionCall":{"id":"fc1","name":"transfer","args":{"to":"sales"}},"thoughtSignature":"` + providertest.Signature + `"}`, "gemini-2.5-flash": `"functionCall":{"id":"call_`} {
		g := providertest.NewGoogle(t)
		m := model(t, g, name)
		r := says("call both")
		_, calls, err := chat(t.Context(), m, r)
		if err != nil || len(calls) != 2 {
			t.Fatalf("%s: called %v, %v", name, calls, err)
		}
		r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Calls: calls}, llm.Message{Role: llm.ToolRole, CallID: calls[0].ID, Text: "ok"}, llm.Message{Role: llm.ToolRole, CallID: calls[1].ID, Text: "ok"})
		if text, _, err := chat(t.Context(), m, r); err != nil || text != providertest.Answer {
			t.Errorf("%s: %q, %v", name, text, err)
		}
		if body := string(g.Bodies[1]); !strings.Contains(body, want) || strings.Count(body, "thoughtSignature") != strings.Count(want, "thoughtSignature") {
			t.Errorf("%s: sent %s", name, body)
		}
		if want := "/v1beta/models/" + name + ":streamGenerateContent?alt=sse"; g.Paths[0] != want {
			t.Errorf("asked %s, want %s", g.Paths[0], want)
		}
	}
	m := &Model{signed: map[string]string{}}
	for i := range 10 * maxSigned {
		m.sign(fmt.Sprint(i), "s")
		m.sign(fmt.Sprint(i), "s")
	}
	if m.sign("long", strings.Repeat("s", maxSign+1)); len(m.signed) != maxSigned || len(m.order) != maxSigned || m.signature("long") != "" || m.signature(fmt.Sprint(10*maxSigned-1)) != "s" {
		t.Errorf("%d signatures, %d in order", len(m.signed), len(m.order))
	}
}

// TestThinkingRefused: a level that a model does not take is told once, and less is asked for from then on.
func TestThinkingRefused(t *testing.T) {
	for refuse, want := range map[string]string{"MINIMAL": `"LOW"`, "MINIMAL,LOW": `"generationConfig":{}`} {
		g := providertest.NewGoogle(t)
		g.Refuse = refuse
		for range 2 {
			if text, _, err := chat(t.Context(), model(t, g, "gemini-3-flash"), says("hello")); err != nil || text != providertest.Answer {
				t.Errorf("%q, %v", text, err)
			}
		}
		n := len(g.Bodies)
		if n != 3+strings.Count(refuse, ",") || !strings.Contains(string(g.Bodies[n-1]), want) {
			t.Errorf("without %s: %d requests, the last %s", refuse, n, g.Bodies[n-1])
		}
	}
	g := providertest.NewGoogle(t)
	r := says("hello")
	r.ReasoningEffort, r.Verbosity = "high", "low"
	m := model(t, g, "gemini-2.0-flash")
	if text, _, err := chat(t.Context(), m, r); err != nil || !strings.Contains(text, "gemini-2.0-flash does not accept reasoning_effort, verbosity: left out") {
		t.Errorf("%q, %v", text, err)
	}
	if text, _, _ := chat(t.Context(), m, r); text != providertest.Answer {
		t.Errorf("told again: %q", text)
	}
	var f refusals
	for i := range 10 * maxRefusals {
		f.add(fmt.Sprint(i))
	}
	if len(f.refused) > maxRefusals || !f.has(fmt.Sprint(10*maxRefusals-1)) {
		t.Errorf("%d refusals", len(f.refused))
	}
}

// TestEnds: how Google ends answers, and what it means to whoever asks again.
func TestEnds(t *testing.T) {
	for say, want := range map[string]struct {
		code  parley.VendorCode
		words string
	}{
		"block SAFETY":                 {parley.VendorRefused, "blocked: SAFETY"},
		"block PROHIBITED_CONTENT":     {parley.VendorRefused, "PROHIBITED_CONTENT"},
		"stop SAFETY":                  {parley.VendorRefused, "stopped: SAFETY"},
		"stop RECITATION":              {parley.VendorRefused, "RECITATION"},
		"stop LANGUAGE":                {parley.VendorRefused, "LANGUAGE"},
		"stop BLOCKLIST":               {parley.VendorRefused, "BLOCKLIST"},
		"stop PROHIBITED_CONTENT":      {parley.VendorRefused, "PROHIBITED_CONTENT"},
		"stop SPII":                    {parley.VendorRefused, "SPII"},
		"stop MALFORMED_FUNCTION_CALL": {parley.VendorBadOutput, "MALFORMED_FUNCTION_CALL"},
		"stop OTHER":                   {parley.VendorBadOutput, "OTHER"},
		"stop NEW_REASON":              {parley.VendorBadOutput, "NEW_REASON"},
		"stop MAX_TOKENS":              {"", ""},
		"stop STOP":                    {"", ""},
		"error":                        {parley.VendorUnavailable, "overloaded"},
	} {
		g := providertest.NewGoogle(t)
		text, _, err := chat(t.Context(), model(t, g, ""), says(say))
		var v *parley.VendorError
		if errors.As(err, &v); (v == nil) != (want.code == "") || v != nil && (v.Code != want.code || !strings.Contains(v.Message, want.words)) {
			t.Errorf("%s gave %v", say, err)
		}
		if !strings.HasPrefix(say, "block") && text != "Yes, of " {
			t.Errorf("%s said %q", say, text)
		}
	}
}

// TestKeys: a key that is missing or wrong, and that no error tells it.
func TestKeys(t *testing.T) {
	g := providertest.NewGoogle(t)
	for _, key := range []string{"", "wrong-key-of-ours"} {
		a := provider.Access{Key: key, BaseURL: g.URL}
		m, err := NewModel(a, "")
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = chat(t.Context(), m, says("hello"))
		var e *parley.VendorError
		if !errors.As(err, &e) || e.Code != parley.VendorUnauthorized {
			t.Errorf("the key %q thinks: %v", key, err)
		}
		v, err := NewVoice(a, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range v.Speak(t.Context(), pieces("Hello."), tts.Options{}) {
			if !errors.As(err, &e) || e.Code != parley.VendorUnauthorized || key != "" && strings.Contains(err.Error(), key) {
				t.Errorf("the key %q speaks: %v", key, err)
			}
		}
		if m.Warm(t.Context()) == nil || v.Warm(t.Context()) == nil {
			t.Errorf("the key %q warms", key)
		}
	}
	if err := errors.Join(model(t, g, "").Warm(t.Context()), voice(t, g).Warm(t.Context())); err != nil {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	s := Spec()
	var v *parley.VendorError
	var e *parley.Error
	if _, err := s.Thinking.Open(provider.Access{BaseURL: s.BaseURL}, "", nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("a model without a key: %v", err)
	}
	if _, err := s.Speaking.Open(provider.Access{BaseURL: s.BaseURL}, nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("a voice without a key: %v", err)
	}
	if m, err := s.Thinking.Open(provider.Access{Key: "k", BaseURL: s.BaseURL}, "", nil); err != nil || m.(*Model).base != thinkingBase || m.(*Model).name != s.Thinking.Default {
		t.Errorf("default model: %+v, %v", m, err)
	}
	if o, err := s.Speaking.Open(provider.Access{Key: "k", BaseURL: s.BaseURL}, nil); err != nil || o.(*Voice).base != speakingBase {
		t.Errorf("default voice: %+v, %v", o, err)
	}
	if _, err := s.Thinking.Open(provider.Access{Key: "k"}, "../v1/files", nil); !errors.As(err, &e) || e.Field != "model" {
		t.Errorf("a strange model: %v", err)
	}
	for _, options := range []string{`{"voice_name":7}`, `{"voice_name":"Kore"}`, `{"voice_name":"en-US-A\"B"}`} {
		if _, err := s.Speaking.Open(provider.Access{Key: "k"}, []byte(options)); !errors.As(err, &e) || !strings.HasPrefix(e.Field, "voice") {
			t.Errorf("%s: %v", options, err)
		}
	}
	if o, err := s.Hearing.Open(provider.Access{Key: "k", BaseURL: s.BaseURL}, nil); err != nil || o.(*Transcriber).base != hearingBase {
		t.Errorf("default hearing: %+v, %v", o, err)
	}
}

// read plays a body to the reader of answers.
func read(body string) (text string, calls []llm.Call, err error) {
	a := answer{sign: func(string, string) {}, Telling: provider.Telling{Vendor: vendor, Yield: func(d llm.Delta, _ error) bool {
		text += d.Text
		if d.Call != nil {
			calls = append(calls, *d.Call)
		}
		return true
	}}}
	err = a.read(func() {}, strings.NewReader(body))
	return text, calls, err
}

func data(parts, finish string) string {
	if finish != "" {
		finish = `,"finishReason":"` + finish + `"`
	}
	return `data: {"candidates":[{"content":{"parts":[` + parts + `],"role":"model"}` + finish + `}],"usageMetadata":{"promptTokenCount":1}}` + "\r\n\r\n"
}

// TestStreams: the shapes in which answers come.
func TestStreams(t *testing.T) {
	for name, tc := range map[string]struct {
		body, text, calls string
		code              parley.VendorCode
	}{
		"thoughts are not said":    {data(`{"text":"Hm.","thought":true},{"text":"Yes."}`, "STOP"), "Yes.", "", ""},
		"text, then a call":        {data(`{"text":"Wait. "}`, "") + data(`{"functionCall":{"id":"a","name":"f","args":{"x":1}}}`, "STOP"), "Wait. ", `f{"x":1}`, ""},
		"a call without arguments": {data(`{"functionCall":{"name":"f"}},{"functionCall":{"name":"g","args":null}}`, "STOP"), "", "f{} g{}", ""},
		"calls of one id":          {data(`{"functionCall":{"id":"a","name":"f"}},{"functionCall":{"id":"a","name":"g"}}`, "STOP"), "", "f{} g{}", ""},
		"a finish of its own":      {data(`{"text":"Yes."}`, "") + `data: {"candidates":[{"finishReason":"STOP"}]}` + "\n\n", "Yes.", "", ""},
		"more after the end":       {data(`{"text":"Yes."}`, "STOP") + data(`{"text":"No."}`, "STOP"), "Yes.", "", ""},
		"no end":                   {data(`{"text":"Yes."}`, ""), "Yes.", "", parley.VendorUnavailable},
		"calls cut by the limit":   {data(`{"functionCall":{"name":"f"}}`, "MAX_TOKENS"), "", "", parley.VendorBadOutput},
		"a call without a name":    {data(`{"functionCall":{}}`, "STOP"), "", "", parley.VendorBadOutput},
		"arguments are a list":     {data(`{"functionCall":{"name":"f","args":[1]}}`, "STOP"), "", "", parley.VendorBadOutput},
		"too many calls":           {data(strings.Repeat(`{"functionCall":{"name":"f"}},`, maxCalls)+`{"functionCall":{"name":"f"}}`, "STOP"), "", "", parley.VendorBadOutput},
		"no JSON":                  {"data: <html>\n\n", "", "", parley.VendorBadOutput},
		"a line without end":       {"data: " + strings.Repeat("x", 3<<20), "", "", parley.VendorBadOutput},
		"an error":                 {`data: {"error":{"code":429,"message":"slow down","status":"RESOURCE_EXHAUSTED"}}` + "\n\n", "", "", parley.VendorRateLimited},
	} {
		text, calls, err := read(tc.body)
		err = provider.Fault(t.Context(), vendor, err)
		var got []string
		ids := map[string]bool{"": true}
		for _, c := range calls {
			got = append(got, c.Name+string(c.Args))
			if ids[c.ID] {
				t.Errorf("%s: the id %q twice, or none", name, c.ID)
			}
			ids[c.ID] = true
		}
		var v *parley.VendorError
		if errors.As(err, &v); (v == nil) != (tc.code == "") || v != nil && v.Code != tc.code {
			t.Errorf("%s: %v, want %q", name, err, tc.code)
		}
		if text != tc.text || strings.Join(got, " ") != tc.calls {
			t.Errorf("%s: said %q, called %q", name, text, got)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte(data(`{"text":"Hi"}`, "STOP")))
	f.Add([]byte(data(`{"functionCall":{"id":"a","name":"f","args":{"x":1}},"thoughtSignature":"x"}`, "STOP")))
	f.Add([]byte(`data: {"promptFeedback":{"blockReason":"SAFETY"}}`))
	f.Add([]byte(`data: {"error":{"code":503}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		_, calls, _ := read(string(b))
		for _, c := range calls {
			var o map[string]any
			if json.Unmarshal(c.Args, &o) != nil || c.Name == "" || c.ID == "" {
				t.Errorf("called %+v", c)
			}
		}
	})
}

// BenchmarkFirstWord is what we add between asking and the first word, with the kernel's part and the fake's.
func BenchmarkFirstWord(b *testing.B) {
	m := model(b, providertest.NewGoogle(b), "")
	r := says("are you open?")
	for b.Loop() {
		for _, err := range m.Chat(b.Context(), r) {
			if err != nil {
				b.Fatal(err)
			}
			break
		}
	}
}

// BenchmarkAnswer reads 200 chunks.
func BenchmarkAnswer(b *testing.B) {
	body := strings.Repeat(data(`{"text":" word"}`, ""), 200) + data("", "STOP")
	b.ReportAllocs()
	for b.Loop() {
		if text, _, err := read(body); err != nil || len(text) != 1000 {
			b.Fatal(err)
		}
	}
}
