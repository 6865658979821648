package deepseek

import (
	"flag"
	"strings"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider/providertest"
)

var live = flag.Bool("live", false, "run the suite's happy path against DeepSeek itself, with DEEPSEEK_API_KEY")

var vendor = providertest.Flavour{Spec: Spec(), Fake: func(t testing.TB) *providertest.OpenAI { return providertest.NewDeepSeek(t) }}

func TestThinking(t *testing.T) { vendor.Think(t) }
func TestKeys(t *testing.T)     { vendor.Keys(t, "DEEPSEEK_API_KEY", "https://api.deepseek.com") }
func TestLive(t *testing.T)     { vendor.Live(t, *live) }

func ptr[T any](v T) *T { return &v }

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
		tc.r.Messages = providertest.Says("hello").Messages
		got := providertest.Chat(t, vendor.Model(t, o, ""), tc.r)
		if body := string(o.Bodies[0]); !strings.Contains(body, tc.want) || strings.Contains(body, tc.never) {
			t.Errorf("sent %s, want %s and no %s", body, tc.want, tc.never)
		}
		if got.Text != providertest.Answer || tc.left == "" && got.Notice != "" || !strings.Contains(got.Notice, tc.left) {
			t.Errorf("said %q, noticed %q, want %q", got.Text, got.Notice, tc.left)
		}
	}
}

// TestThoughtsGoBack: in each later request, or DeepSeek refuses it; calls of other vendors go with an empty thought.
func TestThoughtsGoBack(t *testing.T) {
	o := providertest.NewDeepSeek(t)
	m := vendor.Model(t, o, "")
	r := providertest.Says("call both")
	r.ReasoningEffort = "high"
	r.Messages = append([]llm.Message{{Role: llm.User, Text: "a"}, {Role: llm.Assistant, Calls: []llm.Call{{ID: "foreign", Name: "note"}}}, {Role: llm.ToolRole, CallID: "foreign", Text: "ok"}}, r.Messages...)
	first := providertest.Chat(t, m, r)
	if first.Text != "" || len(first.Calls) != 2 {
		t.Errorf("a thought was spoken: %+v", first)
	}
	r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Calls: first.Calls}, llm.Message{Role: llm.ToolRole, CallID: "c1", Text: "ok"}, llm.Message{Role: llm.ToolRole, CallID: "c2", Text: "ok"})
	for range 2 {
		if got := providertest.Chat(t, m, r); got.Text != providertest.Answer {
			t.Errorf("said %q", got.Text)
		}
		r.Messages = append(r.Messages, llm.Message{Role: llm.Assistant, Text: "Done."}, llm.Message{Role: llm.User, Text: "Thanks."})
	}
	for _, body := range o.Bodies[1:] {
		if got := string(body); strings.Count(got, `"reasoning_content":"Hm, what now?"`) != 1 || strings.Count(got, `"reasoning_content":""`) != 1 {
			t.Errorf("sent %s", got)
		}
	}
}
