package deepseek

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/providertest"
)

var live = flag.Bool("live", false, "run the suite's happy path against DeepSeek itself, with DEEPSEEK_API_KEY")

func model(t testing.TB, o *providertest.OpenAI, name string) llm.Model {
	m, err := Spec().Thinking.Open(provider.Access{Key: "sk-secret-key", BaseURL: o.URL}, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func says(text string) llm.Request {
	return llm.Request{Messages: []llm.Message{{Role: llm.System, Text: "You are brief."}, {Role: llm.User, Text: text}}}
}

func TestThinking(t *testing.T) {
	for name, effort := range map[string]string{"plain": "", "with thoughts": "high"} {
		t.Run(name, func(t *testing.T) {
			var fake *providertest.OpenAI
			open := func(t testing.TB) llm.Model {
				fake = providertest.NewDeepSeek(t)
				return model(t, fake, "")
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

type outcome struct {
	text, notice string
	calls        []llm.Call
}

func chat(t *testing.T, m llm.Model, r llm.Request) (o outcome) {
	t.Helper()
	for d, err := range m.Chat(t.Context(), r) {
		if err != nil {
			t.Error(err)
			continue
		}
		o.text += d.Text
		o.notice += d.Notice
		if d.Call != nil {
			o.calls = append(o.calls, *d.Call)
		}
	}
	return o
}

func ptr[T any](v T) *T { return &v }

func TestKeys(t *testing.T) {
	var v *parley.VendorError
	if _, err := Spec().Thinking.Open(provider.Access{}, "", nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized || !strings.Contains(v.Message, "DEEPSEEK_API_KEY") {
		t.Errorf("without a key: %v", err)
	}
	for _, base := range []string{"https://api.deepseek.com", "https://api.deepseek.com/", ""} {
		if _, err := Spec().Thinking.Open(provider.Access{Key: "k", BaseURL: base}, "", nil); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// TestLive asks, and has a tool called.
func TestLive(t *testing.T) {
	key := os.Getenv("DEEPSEEK_API_KEY")
	if !*live || key == "" {
		t.Skip("-live and DEEPSEEK_API_KEY not given")
	}
	m, err := Spec().Thinking.Open(provider.Access{Key: key, BaseURL: os.Getenv("DEEPSEEK_BASE_URL")}, os.Getenv("DEEPSEEK_MODEL"), nil)
	if err != nil {
		t.Fatal(err)
	}
	act := says("Please transfer me to sales.")
	act.Tools = []llm.Tool{{Name: "transfer", Description: "Transfers the caller.", Schema: json.RawMessage(`{"type":"object","properties":{"to":{"type":"string"}},"required":["to"]}`)}}
	providertest.Thinking{Open: func(testing.TB) llm.Model { return m }, Talk: says("Say the word apple and nothing else."), Act: &act, Calls: []string{"transfer"}, Usage: true}.Test(t)
}

// TestOptions: each option of an agent reaches the wire, or is said to have been left out.
func TestOptions(t *testing.T) {
	for _, tc := range []struct {
		r                 llm.Request
		want, never, left string
	}{
		{llm.Request{}, `"model":"deepseek-flash"`, "reasoning", ""},
		{llm.Request{}, `"thinking":{"type":"disabled"}`, "reasoning", ""},
		{llm.Request{}, `"stream_options":{"include_usage":true}`, "reasoning", ""},
		{llm.Request{Temperature: ptr(0.3)}, `"temperature":0.3`, "reasoning", ""},
		{llm.Request{Temperature: ptr(0.3), ReasoningEffort: "minimal"}, `"thinking":{"type":"disabled"}`, "reasoning", ""},
		{llm.Request{ReasoningEffort: "low"}, `"reasoning_effort":"low","thinking":{"type":"enabled"}`, "disabled", ""},
		{llm.Request{Temperature: ptr(0.3), ReasoningEffort: "high"}, `"reasoning_effort":"high"`, `"temperature"`, "temperature"},
		{llm.Request{Verbosity: "low", Seed: ptr(int64(7))}, `"stream":true`, `"seed"`, "verbosity, seed"},
		{llm.Request{Tools: []llm.Tool{{Name: "note", Description: "Notes."}}}, `"tools":[{"type":"function","function":{"name":"note","description":"Notes."}}]`, "reasoning", ""},
	} {
		o := providertest.NewDeepSeek(t)
		tc.r.Messages = says("hello").Messages
		got := chat(t, model(t, o, ""), tc.r)
		if body := string(o.Bodies[0]); !strings.Contains(body, tc.want) || strings.Contains(body, tc.never) {
			t.Errorf("sent %s, want %s and no %s", body, tc.want, tc.never)
		}
		if got.text != providertest.Answer || tc.left == "" && got.notice != "" || !strings.Contains(got.notice, tc.left) {
			t.Errorf("said %q, noticed %q, want %q", got.text, got.notice, tc.left)
		}
	}
}

// TestThoughtsGoBack: in each later request, or DeepSeek refuses it; calls of other vendors go with an empty thought.
func TestThoughtsGoBack(t *testing.T) {
	o := providertest.NewDeepSeek(t)
	m := model(t, o, "")
	r := says("call both")
	r.ReasoningEffort = "high"
	r.Messages = append([]llm.Message{{Role: llm.User, Text: "a"}, {Role: llm.Assistant, Calls: []llm.Call{{ID: "foreign", Name: "note"}}}, {Role: llm.ToolRole, CallID: "foreign", Text: "ok"}}, r.Messages...)
	first := chat(t, m, r)
	if first.text != "" || len(first.calls) != 2 {
		t.Errorf("a thought was spoken: %+v", first)
	}
	r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Calls: first.calls}, llm.Message{Role: llm.ToolRole, CallID: "c1", Text: "ok"}, llm.Message{Role: llm.ToolRole, CallID: "c2", Text: "ok"})
	for range 2 {
		if got := chat(t, m, r); got.text != providertest.Answer {
			t.Errorf("said %q", got.text)
		}
		r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Text: "Done."}, llm.Message{Role: llm.User, Text: "Thanks."})
	}
	for _, body := range o.Bodies[1:] {
		if got := string(body); strings.Count(got, `"reasoning_content":"Hm, what now?"`) != 1 || strings.Count(got, `"reasoning_content":""`) != 1 {
			t.Errorf("sent %s", got)
		}
	}
}
