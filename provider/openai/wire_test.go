package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
	"github.com/parley-voice/parley/stt"
	"github.com/parley-voice/parley/tts"
)

// TestBody: what goes over the wire, as the API reference has it.
func TestBody(t *testing.T) {
	temperature := 0.0
	q, left := compose("gpt-4o-mini", llm.Request{
		Messages: []llm.Message{
			{Role: llm.System, Text: "Be brief."},
			{Role: llm.User, Text: ""},
			{Role: llm.Assistant, Calls: []llm.Call{{ID: "c1", Name: "note", Args: json.RawMessage(`{"a":1}`)}, {ID: "c2", Name: "end"}}},
			{Role: llm.ToolRole, CallID: "c1", Text: "done"},
			{Role: llm.Assistant, Text: "Wait.", Calls: []llm.Call{{ID: "c3", Name: "end"}}},
		},
		Tools:       []llm.Tool{{Name: "note", Description: "Notes.", Schema: json.RawMessage(`{"type":"object"}`), Phrases: []string{"not sent"}}, {Name: "end"}},
		Temperature: &temperature,
	}, nil)
	got, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"model":"gpt-4o-mini","messages":[{"role":"system","content":"Be brief."},{"role":"user","content":""},` +
		`{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"note","arguments":"{\"a\":1}"}},{"id":"c2","type":"function","function":{"name":"end","arguments":"{}"}}]},` +
		`{"role":"tool","content":"done","tool_call_id":"c1"},{"role":"assistant","content":"Wait.","tool_calls":[{"id":"c3","type":"function","function":{"name":"end","arguments":"{}"}}]}],` +
		`"tools":[{"type":"function","function":{"name":"note","description":"Notes.","parameters":{"type":"object"}}},{"type":"function","function":{"name":"end"}}],` +
		`"stream":true,"stream_options":{"include_usage":true},"temperature":0}`
	if string(got) != want || left != nil {
		t.Errorf("body\n%s\nwant\n%s\nleft out %q", got, want, left)
	}
}

// TestLeftOut: what a model is known not to accept is not sent, and said so.
func TestLeftOut(t *testing.T) {
	one := 1.0
	r := llm.Request{Temperature: &one, ReasoningEffort: "low", Verbosity: "low"}
	for model, want := range map[string]string{
		"gpt-4o-mini":         "reasoning_effort verbosity",
		"gpt-4.1":             "reasoning_effort verbosity",
		"chatgpt-4o-latest":   "reasoning_effort verbosity",
		"gpt-5-chat-latest":   "reasoning_effort verbosity",
		"gpt-5-mini":          "temperature",
		"openai/gpt-5.1":      "temperature",
		"o3-mini":             "temperature verbosity",
		"o4-mini":             "temperature verbosity",
		"openchat-3.5":        "",
		"llama3.1:8b":         "",
		"Qwen/Qwen3-8B":       "",
		"meta/llama-o1-style": "",
	} {
		_, left := compose(model, r, nil)
		if got := strings.Join(left, " "); got != want {
			t.Errorf("%s: left out %q, want %q", model, got, want)
		}
	}
	if _, left := compose("gpt-4o", llm.Request{}, nil); len(left) != 0 {
		t.Errorf("left out %q that nobody asked for", left)
	}
}

// TestRefusedFields: a field that a server answers with a 400 is left out, told once a call, and not sent again.
func TestRefusedFields(t *testing.T) {
	o := providertest.NewOpenAI(t)
	o.Refuses = []string{"temperature", "stream_options", "verbosity"}
	m := model(t, o, t.Name())
	r := says("hello")
	one := 1.0
	r.Temperature, r.Verbosity, r.ReasoningEffort = &one, "low", "low"
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
		if text != providertest.Answer || strings.Count(notice, "temperature") != 1 || !strings.Contains(notice, "verbosity") {
			t.Errorf("said %q with the notice %q", text, notice)
		}
	}
	if o.Count() != 5 {
		t.Errorf("%d requests, want 4 to learn and 1 more", o.Count())
	}
	if last := string(o.Bodies[4]); strings.Contains(last, "temperature") || !strings.Contains(last, "reasoning_effort") {
		t.Errorf("sent %s", last)
	}
	if got := refused(400, `Function tools with reasoning_effort are not supported for x. Set reasoning_effort to 'none'.`); got != "reasoning_effort=none" {
		t.Errorf("understood %q", got)
	}
	if refused(400, "model not found") != "" {
		t.Error("a model that is not there is no field")
	}
}

// read plays a body to the reader of answers.
func read(body string) (text string, calls []llm.Call, err error) {
	a := answer{Telling: provider.Telling{Vendor: "acme", Yield: func(d llm.Delta, _ error) bool {
		text += d.Text
		if d.Call != nil {
			calls = append(calls, *d.Call)
		}
		return true
	}}}
	a.take = a.chunk
	err = a.read(func() {}, strings.NewReader(body))
	return text, calls, err
}

func data(lines ...string) string {
	return "data: " + strings.Join(lines, "\n\ndata: ") + "\n\n"
}

func delta(body string) string { return `{"choices":[{"index":0,"delta":{` + body + `}}]}` }

const stop = `{"choices":[{"delta":{},"finish_reason":"stop"}]}`

// TestDialects: recorded shapes of servers that are not quite OpenAI's.
func TestDialects(t *testing.T) {
	for name, tc := range map[string]struct {
		body  string
		text  string
		calls string
		code  parley.VendorCode
	}{
		"index 0 for all, ids differ": {data(delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]`), delta(`"tool_calls":[{"index":0,"id":"b","function":{"name":"g","arguments":"{}"}}]`), stop), "", "a:f{} b:g{}", ""},
		"id and name repeated":        {data(delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]`), delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":":1}"}}]`), stop), "", `a:f{"x":1}`, ""},
		"neither id nor index":        {data(delta(`"tool_calls":[{"function":{"name":"f","arguments":"{}"}},{"function":{"name":"f","arguments":"{\"y\":2}"}}]`), stop), "", `call_0:f{} call_1:f{"y":2}`, ""},
		"null and missing arguments":  {data(delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":null}},{"index":1,"id":"b","function":{"name":"g"}}]`), stop), "", "a:f{} b:g{}", ""},
		"interleaved":                 {data(delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}},{"index":1,"id":"b","function":{"name":"g","arguments":"{"}}]`), delta(`"tool_calls":[{"index":0,"function":{"arguments":":1}"}},{"index":1,"function":{"arguments":"}"}}]`), stop), "", `a:f{"x":1} b:g{}`, ""},
		"text, then calls":            {data(delta(`"content":"One moment. "`), delta(`"content":null,"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{}"}}]`), stop), "One moment. ", "a:f{}", ""},
		"[DONE] without a reason":     {data(delta(`"content":"Hi"`), "[DONE]"), "Hi", "", ""},
		"no end at all":               {data(delta(`"content":"Hi"`)), "Hi", "", parley.VendorUnavailable},
		"arguments cut":               {data(delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}]`), stop), "", "", parley.VendorBadOutput},
		"arguments are no object":     {data(delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"[1]"}}]`), stop), "", "", parley.VendorBadOutput},
		"a call without a name":       {data(delta(`"tool_calls":[{"index":0,"id":"a","function":{"arguments":"{}"}}]`), stop), "", "", parley.VendorBadOutput},
		"an error in the stream":      {data(delta(`"content":"Hi"`), `{"error":{"message":"overloaded"}}`), "Hi", "", parley.VendorUnavailable},
		"filtered":                    {data(`{"choices":[{"delta":{},"finish_reason":"content_filter"}]}`), "", "", parley.VendorRefused},
		"not JSON":                    {data(`<html>`), "", "", parley.VendorBadOutput},
		"no choices":                  {data(`{"id":"x","choices":[],"prompt_filter_results":[]}`, delta(`"content":"Hi"`), stop, "[DONE]"), "Hi", "", ""},
		"only a thought":              {data(delta(`"content":"<think>no end"`), stop), "", "", ""},
		"less than a thought":         {data(delta(`"content":"<3"`), stop), "<3", "", ""},
		"text after the end":          {data(delta(`"content":"Hi"`), stop, delta(`"content":" again"`), "[DONE]"), "Hi", "", ""},
	} {
		text, calls, err := read(tc.body)
		var got []string
		for _, c := range calls {
			got = append(got, c.ID+":"+c.Name+string(c.Args))
		}
		err = provider.Fault(t.Context(), "acme", err)
		var v *parley.VendorError
		if errors.As(err, &v); (v != nil) != (tc.code != "") || v != nil && v.Code != tc.code {
			t.Errorf("%s: error %v, want %q", name, err, tc.code)
		}
		if text != tc.text || strings.Join(got, " ") != tc.calls {
			t.Errorf("%s: said %q, called %q", name, text, got)
		}
		if v != nil && len(calls) > 0 {
			t.Errorf("%s: an answer in error called %q", name, got)
		}
	}
}

func TestTooMuchIsRefused(t *testing.T) {
	var many strings.Builder
	for i := range maxCalls + 1 {
		many.WriteString(data(delta(fmt.Sprintf(`"tool_calls":[{"index":%d,"id":"%d","function":{"name":"f","arguments":"{}"}}]`, i, i))))
	}
	long := data(delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":\""}}]`)) +
		strings.Repeat(data(delta(`"tool_calls":[{"index":0,"function":{"arguments":"`+strings.Repeat("x", 100<<10)+`"}}]`)), 11)
	for _, body := range []string{many.String(), long, "data: " + strings.Repeat("x", 3<<20)} {
		_, calls, err := read(body)
		var v *parley.VendorError
		if !errors.As(err, &v) || v.Code != parley.VendorBadOutput || len(calls) > 0 {
			t.Errorf("%d bytes gave %d calls, %v", len(body), len(calls), err)
		}
	}
}

func FuzzChat(f *testing.F) {
	f.Add([]byte(data(delta(`"content":"Hi"`), stop, "[DONE]")))
	f.Add([]byte(data(delta(`"tool_calls":[{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}]`), stop)))
	f.Add([]byte(data(delta(`"tool_calls":[{"index":-1,"function":{"name":"f","arguments":{"x":1}}},{}]`), stop)))
	f.Add([]byte(data(delta(`"content":"<think>a</think>b"`), `{"error":"x"}`)))
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

// TestRealtimeEvents: what the realtime API sends, and what becomes of it.
func TestRealtimeEvents(t *testing.T) {
	h := hearing{vendor: "openai", partial: map[string]string{}}
	for _, tc := range []struct {
		in   string
		want *stt.Event
	}{
		{`{"type":"session.created","session":{"type":"transcription"}}`, nil},
		{`{"type":"input_audio_buffer.speech_started","audio_start_ms":100,"item_id":"a"}`, &stt.Event{Started: true}},
		{`{"type":"input_audio_buffer.speech_stopped","audio_end_ms":900,"item_id":"a"}`, nil},
		{`{"type":"input_audio_buffer.committed","item_id":"a"}`, nil},
		{`{"type":"conversation.item.input_audio_transcription.delta","item_id":"a","delta":"Hello"}`, &stt.Event{Text: "Hello"}},
		{`{"type":"conversation.item.input_audio_transcription.delta","item_id":"a","delta":""}`, nil},
		{`{"type":"conversation.item.input_audio_transcription.delta","item_id":"a","delta":" there"}`, &stt.Event{Text: "Hello there"}},
		{`{"type":"conversation.item.input_audio_transcription.completed","item_id":"a","transcript":"Hello there.\n"}`, &stt.Event{Text: "Hello there.", Final: true, End: true}},
		{`{"type":"conversation.item.input_audio_transcription.completed","item_id":"b","transcript":""}`, nil},
		{`{"type":"error","error":{"code":"input_audio_buffer_commit_empty"}}`, nil},
	} {
		e, err := parseEvent([]byte(tc.in))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := h.take(e); err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s gave %+v, %v", tc.in, got, err)
		}
	}
	if h.pending != 0 || len(h.partial) != 0 {
		t.Errorf("%d pending, partials %v", h.pending, h.partial)
	}
	for in, code := range map[string]parley.VendorCode{
		`{"type":"error","error":{"code":"invalid_api_key","message":"sk-secret"}}`:                                       parley.VendorUnauthorized,
		`{"type":"error","error":{"code":"rate_limit_exceeded"}}`:                                                         parley.VendorRateLimited,
		`{"type":"error","error":{"type":"server_error"}}`:                                                                parley.VendorUnavailable,
		`{"type":"error","error":{"code":"session_expired","type":"invalid_request_error"}}`:                              parley.VendorUnavailable,
		`{"type":"error","error":{"type":"invalid_request_error","message":"bad model"}}`:                                 parley.VendorRefused,
		`{"type":"conversation.item.input_audio_transcription.failed","item_id":"c","error":{"message":"cannot decode"}}`: parley.VendorUnavailable,
	} {
		e, _ := parseEvent([]byte(in))
		_, err := h.take(e)
		var v *parley.VendorError
		if !errors.As(err, &v) || v.Code != code || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s gave %v", in, err)
		}
	}
}

func FuzzRealtime(f *testing.F) {
	f.Add([]byte(`{"type":"conversation.item.input_audio_transcription.delta","item_id":"a","delta":"x"}`))
	f.Add([]byte(`{"type":"conversation.item.input_audio_transcription.completed","item_id":"a","transcript":"x"}`))
	f.Add([]byte(`{"type":"error","error":{"code":"x","message":"y"}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := parseEvent(b)
		if err != nil {
			return
		}
		h := hearing{vendor: "openai", partial: map[string]string{}}
		got, err := h.take(e)
		var v *parley.VendorError
		if err != nil && !errors.As(err, &v) {
			t.Errorf("the untyped %v", err)
		}
		if got != nil && got.Final && got.Text == "" {
			t.Error("a final without text")
		}
	})
}

func TestRealtimeSession(t *testing.T) {
	o := providertest.NewOpenAI(t)
	tr, err := NewTranscriber(access(o), []byte(`{"model":"whisper-1","silence_duration_ms":700,"prompt":"A call to a bakery."}`))
	if err != nil {
		t.Fatal(err)
	}
	providertest.Hear(t, tr, providertest.Spoken("one"), 0, stt.Options{Language: "de", Keywords: map[string]float64{"Brezn": 1, "Semmel": 3}})
	want := `{"session":{"audio":{"input":{"format":{"rate":24000,"type":"audio/pcm"},"transcription":{"language":"de","model":"whisper-1","prompt":"A call to a bakery.\nSemmel, Brezn"},"turn_detection":{"silence_duration_ms":700,"type":"server_vad"}}},"type":"transcription"},"type":"session.update"}`
	if len(o.Events) != 1 || o.Events[0] != want {
		t.Errorf("sent %s", o.Events)
	}
	if n := len(hint("gpt-4o-transcribe", strings.Repeat("ü", 1000), stt.Options{})); n > maxHint {
		t.Errorf("a prompt of %d bytes", n)
	}
}

func TestSpeechBody(t *testing.T) {
	o := providertest.NewOpenAI(t)
	v, err := NewVoice(access(o), []byte(`{"voice":"nova","instructions":"Be merry.","speed":1.25}`))
	if err != nil {
		t.Fatal(err)
	}
	providertest.Say(t, v, "Good morning! ")
	want := `{"model":"gpt-4o-mini-tts","input":"Good morning!","voice":"nova","response_format":"pcm","instructions":"Be merry.","speed":1.25}`
	if len(o.Voices) != 1 || string(o.Voices[0]) != want {
		t.Errorf("sent %s", o.Voices)
	}
}

// TestPiecesOverlap: a piece is asked for while the one before is still being spoken.
func TestPiecesOverlap(t *testing.T) {
	o := providertest.NewOpenAI(t)
	in := make(chan string)
	var got string
	go func() {
		defer close(in)
		for _, p := range []string{"One, ", "two, ", "three. "} {
			in <- p
		}
	}()
	for c, err := range voice(t, o).Speak(t.Context(), in, tts.Options{}) {
		if err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(5 * time.Second); o.Count() < 3; time.Sleep(time.Millisecond) { // the first is still being spoken
			if time.Now().After(end) {
				t.Fatalf("%d pieces were asked for", o.Count())
			}
		}
		got += c.Text
	}
	if got != "One, two, three. " {
		t.Errorf("spoke %q", got)
	}
}

func TestWrongWAV(t *testing.T) {
	head := []byte("RIFF\xff\xff\xff\xffWAVEfmt \x10\x00\x00\x00\x01\x00\x02\x00\x44\xac\x00\x00\x00\x00\x00\x00\x04\x00\x10\x00data\xff\xff\xff\xff12345678")
	v := &Voice{endpoint: endpoint{vendor: "openai"}}
	for _, b := range [][]byte{head, head[:20]} {
		_, err := v.begin(strings.NewReader(string(b)), make([]byte, 4096))
		var ve *parley.VendorError
		if !errors.As(err, &ve) || ve.Code != parley.VendorBadOutput {
			t.Errorf("%d bytes gave %v", len(b), err)
		}
	}
	for _, s := range []string{"", "x", "xy", "abcd"} {
		b, err := v.begin(strings.NewReader(s), make([]byte, 4096))
		if string(b) != s || err != nil && !errors.Is(err, io.EOF) {
			t.Errorf("%q gave %q, %v", s, b, err)
		}
	}
}

func TestOpen(t *testing.T) {
	var v *parley.VendorError
	var e *parley.Error
	s := Spec()
	if _, err := s.Thinking.Open(provider.Access{}, "", nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized {
		t.Errorf("without a key: %v", err)
	}
	if m, err := s.Thinking.Open(provider.Access{Key: "k"}, "", nil); err != nil || m.(*Model).name != s.Thinking.Default || m.(*Model).base != defaultBase {
		t.Errorf("default model: %+v, %v", m, err)
	}
	if _, err := s.Hearing.Open(provider.Access{Key: "k"}, []byte(`{"model":1}`)); !errors.As(err, &e) || e.Field != "transcriber" {
		t.Errorf("a model that is a number: %v", err)
	}
	if _, err := s.Speaking.Open(provider.Access{Key: "k"}, []byte(`[]`)); !errors.As(err, &e) || e.Field != "voice" {
		t.Errorf("a voice that is a list: %v", err)
	}
	c := Compatible()
	if _, err := c.Thinking.Open(provider.Access{}, "m", nil); !errors.As(err, &e) || e.Field != "base_url" {
		t.Errorf("without an address: %v", err)
	}
	if m, err := c.Thinking.Open(provider.Access{BaseURL: "http://127.0.0.1:1/v1"}, "", nil); err != nil || m.(*Model).name != "" {
		t.Errorf("without a model the server's list is asked later: %v", err)
	}
	if m, err := c.Thinking.Open(provider.Access{BaseURL: "http://127.0.0.1:1/v1"}, "m", nil); err != nil || m.(*Model).header().Get("Authorization") != "" {
		t.Errorf("a server of one's own wants no key: %v", err)
	}
}

func TestWarm(t *testing.T) {
	o := providertest.NewOpenAI(t)
	if err := model(t, o, "m").Warm(t.Context()); err != nil || o.Count() != 1 {
		t.Errorf("%d requests, %v", o.Count(), err)
	}
	if err := voice(t, o).Warm(t.Context()); err != nil {
		t.Error(err)
	}
}

// BenchmarkAnswer reads 200 chunks.
func BenchmarkAnswer(b *testing.B) {
	body := strings.Repeat(data(`{"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"content":" word"},"finish_reason":null}]}`), 200) + data(stop, "[DONE]")
	b.ReportAllocs()
	for b.Loop() {
		if text, _, err := read(body); err != nil || len(text) != 1000 {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend is the arithmetic of a frame on its way to the realtime API.
func BenchmarkAppend(b *testing.B) {
	e := newEncoder()
	var f audio.Frame
	b.ReportAllocs()
	for b.Loop() {
		e.append(&f)
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	e := newEncoder()
	var f audio.Frame
	e.append(&f)
	if n := testing.AllocsPerRun(100, func() { e.append(&f) }); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
	if !json.Valid(e.append(&f)) {
		t.Error("not JSON")
	}
}
