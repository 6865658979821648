package togetherai

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

var live = flag.Bool("live", false, "run the suite's happy path against Together AI itself, with TOGETHERAI_API_KEY")

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
				fake = providertest.NewTogether(t)
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
	if _, err := Spec().Thinking.Open(provider.Access{}, "", nil); !errors.As(err, &v) || v.Code != parley.VendorUnauthorized || !strings.Contains(v.Message, "TOGETHERAI_API_KEY") {
		t.Errorf("without a key: %v", err)
	}
	for _, base := range []string{"https://api.together.ai", "https://api.together.ai/", ""} {
		if _, err := Spec().Thinking.Open(provider.Access{Key: "k", BaseURL: base}, "", nil); err != nil {
			t.Errorf("%s: %v", base, err)
		}
	}
}

// TestLive asks, and has a tool called.
func TestLive(t *testing.T) {
	key := os.Getenv("TOGETHERAI_API_KEY")
	if !*live || key == "" {
		t.Skip("-live and TOGETHERAI_API_KEY not given")
	}
	m, err := Spec().Thinking.Open(provider.Access{Key: key, BaseURL: os.Getenv("TOGETHERAI_BASE_URL")}, os.Getenv("TOGETHERAI_MODEL"), nil)
	if err != nil {
		t.Fatal(err)
	}
	act := says("Please transfer me to sales.")
	act.Tools = []llm.Tool{{Name: "transfer", Description: "Transfers the caller.", Schema: json.RawMessage(`{"type":"object","properties":{"to":{"type":"string"}},"required":["to"]}`)}}
	providertest.Thinking{Open: func(testing.TB) llm.Model { return m }, Talk: says("Say the word apple and nothing else."), Act: &act, Calls: []string{"transfer"}, Usage: true}.Test(t)
}

// TestOptions: each option of an agent reaches the wire, or is said to have been left out.
func TestOptions(t *testing.T) {
	const llama = "meta-llama/Llama-3.3-70B-Instruct-Turbo"
	for _, tc := range []struct {
		model             string
		r                 llm.Request
		want, never, left string
	}{
		{"", llm.Request{}, `"model":"Qwen/Qwen3.5-9B"`, "reasoning_effort", ""},
		{"", llm.Request{}, `"reasoning":{"enabled":false}`, "reasoning_effort", ""},
		{"", llm.Request{ReasoningEffort: "minimal"}, `"reasoning":{"enabled":false}`, "reasoning_effort", ""},
		{"zai-org/GLM-5.1", llm.Request{ReasoningEffort: "high"}, `"reasoning":{"enabled":true}`, "reasoning_effort", ""},
		{"openai/gpt-oss-120b", llm.Request{}, `"reasoning_effort":"low"`, `"reasoning":`, ""},
		{"openai/gpt-oss-120b", llm.Request{ReasoningEffort: "high"}, `"reasoning_effort":"high"`, `"reasoning":`, ""},
		{llama, llm.Request{}, `"stream_options":{"include_usage":true}`, "reasoning", ""},
		{llama, llm.Request{Temperature: ptr(0.3), Seed: ptr(int64(7))}, `"temperature":0.3,"seed":7`, "reasoning", ""},
		{llama, llm.Request{Verbosity: "low"}, `"stream":true`, "verbosity", "verbosity"},
		{llama, llm.Request{Tools: []llm.Tool{{Name: "note"}}}, `"tools":[{"type":"function","function":{"name":"note"}}]`, "reasoning", ""},
	} {
		o := providertest.NewTogether(t)
		tc.r.Messages = says("hello").Messages
		got := chat(t, model(t, o, tc.model), tc.r)
		if body := string(o.Bodies[0]); !strings.Contains(body, tc.want) || strings.Contains(body, tc.never) {
			t.Errorf("%s: sent %s, want %s and no %s", tc.model, body, tc.want, tc.never)
		}
		if got.text != providertest.Answer || tc.left == "" && got.notice != "" || !strings.Contains(got.notice, tc.left) {
			t.Errorf("%s: said %q, noticed %q, want %q", tc.model, got.text, got.notice, tc.left)
		}
	}
}

// TestASwitchThatIsRefused is not pressed again, and nobody is told: nobody asked for it.
func TestASwitchThatIsRefused(t *testing.T) {
	o := providertest.NewTogether(t)
	o.Refuses = []string{"reasoning"}
	m := model(t, o, "")
	for range 2 {
		if got := chat(t, m, says("hello")); got.text != providertest.Answer || got.notice != "" {
			t.Errorf("%+v", got)
		}
	}
	if o.Count() != 3 {
		t.Errorf("%d requests", o.Count())
	}
}
