package togetherai

import (
	"flag"
	"strings"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider/providertest"
)

var live = flag.Bool("live", false, "run the suite's happy path against Together AI itself, with TOGETHERAI_API_KEY")

var vendor = providertest.Flavour{Spec: Spec(), Fake: func(t testing.TB) *providertest.OpenAI { return providertest.NewTogether(t) }}

func TestThinking(t *testing.T) { vendor.Think(t) }
func TestKeys(t *testing.T)     { vendor.Keys(t, "TOGETHERAI_API_KEY", "https://api.together.ai") }
func TestLive(t *testing.T)     { vendor.Live(t, *live) }

func ptr[T any](v T) *T { return &v }

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
		tc.r.Messages = providertest.Says("hello").Messages
		got := providertest.Chat(t, vendor.Model(t, o, tc.model), tc.r)
		if body := string(o.Bodies[0]); !strings.Contains(body, tc.want) || strings.Contains(body, tc.never) {
			t.Errorf("%s: sent %s, want %s and no %s", tc.model, body, tc.want, tc.never)
		}
		if got.Text != providertest.Answer || tc.left == "" && got.Notice != "" || !strings.Contains(got.Notice, tc.left) {
			t.Errorf("%s: said %q, noticed %q, want %q", tc.model, got.Text, got.Notice, tc.left)
		}
	}
}

// TestASwitchThatIsRefused is not pressed again, and nobody is told: nobody asked for it.
func TestASwitchThatIsRefused(t *testing.T) {
	o := providertest.NewTogether(t)
	o.Refuses = []string{"reasoning"}
	m := vendor.Model(t, o, "")
	for range 2 {
		if got := providertest.Chat(t, m, providertest.Says("hello")); got.Text != providertest.Answer || got.Notice != "" {
			t.Errorf("%+v", got)
		}
	}
	if o.Count() != 3 {
		t.Errorf("%d requests", o.Count())
	}
}
