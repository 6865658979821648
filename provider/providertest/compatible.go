package providertest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// NewDeepSeek starts a fake of DeepSeek, after api-docs.deepseek.com: chat completions without a /v1. Its model thinks first, in
// reasoning_content, unless thinking is disabled; then calls of tools that come back without what was thought are a 400.
func NewDeepSeek(t testing.TB) *OpenAI {
	o := &OpenAI{Dialect: Dialect{CommentFirst: true}, field: "reasoning_content"}
	o.thinks = func(body []byte) bool {
		var b struct{ Thinking *struct{ Type string } }
		return json.Unmarshal(body, &b) == nil && (b.Thinking == nil || b.Thinking.Type == "enabled")
	}
	o.wrong = func(body []byte) string {
		var b struct {
			Messages []struct {
				ToolCalls []any   `json:"tool_calls"`
				Thought   *string `json:"reasoning_content"`
			}
		}
		_ = json.Unmarshal(body, &b)
		for _, m := range b.Messages {
			if o.thinks(body) && len(m.ToolCalls) > 0 && m.Thought == nil {
				return "The `reasoning_content` in the thinking mode must be passed back to the API."
			}
		}
		return ""
	}
	compatible(t, o, "")
	return o
}

// NewTogether starts a fake of Together AI, after docs.together.ai. Its hybrid models (all whose names have no "gpt-oss" in them) think
// first, in reasoning, unless that is disabled.
func NewTogether(t testing.TB) *OpenAI {
	o := &OpenAI{field: "reasoning"}
	o.thinks = func(body []byte) bool {
		var b struct {
			Model     string
			Reasoning *struct{ Enabled bool }
		}
		return json.Unmarshal(body, &b) == nil && (b.Reasoning == nil || b.Reasoning.Enabled || strings.Contains(b.Model, "gpt-oss"))
	}
	compatible(t, o, "/v1")
	return o
}

func compatible(t testing.TB, o *OpenAI, path string) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path+"/chat/completions", o.chat)
	mux.HandleFunc("GET "+path+"/models", keyed("Authorization", `{"object":"list","data":[]}`))
	start(t, &o.Server, mux)
}
