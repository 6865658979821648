package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// chat is POST /v1/chat/completions, streamed or whole. It says the fixed reply.
func (v *Vendors) chat(w http.ResponseWriter, r *http.Request) {
	var req struct {
		Stream   bool   `json:"stream"`
		Model    string `json:"model"`
		Messages []struct {
			Role    string          `json:"role"`
			Content json.RawMessage `json:"content"`
		} `json:"messages"`
	}
	if err := json.NewDecoder(io.LimitReader(r.Body, chunkLimit)).Decode(&req); err != nil {
		http.Error(w, `{"error":{"message":"not JSON"}}`, http.StatusBadRequest)
		return
	}
	tool := ""
	if n := len(req.Messages); v.mind != nil && n > 0 && req.Messages[n-1].Role == "user" {
		tool = v.mind(string(req.Messages[0].Content))
	}
	if !wait(r.Context(), v.delays.LLM) {
		return
	}
	if !req.Stream {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"id":"bench","object":"chat.completion","model":%q,"choices":[{"index":0,"finish_reason":"stop",`+
			`"message":{"role":"assistant","content":%q}}],"usage":{"prompt_tokens":50,"completion_tokens":20,"total_tokens":70}}`, req.Model, fixedReply)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	send := func(choices, rest string) {
		fmt.Fprintf(w, `data: {"id":"bench","object":"chat.completion.chunk","model":%q,"choices":[%s]%s}`+"\n\n", req.Model, choices, rest)
		_ = out.Flush() // a client that has gone ends the request's context
	}
	if tool != "" {
		send(fmt.Sprintf(`{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":[{"index":0,"id":"call_%s","type":"function","function":{"name":%q,"arguments":"{}"}}]},"finish_reason":null}`, tool, tool), "")
		send(`{"index":0,"delta":{},"finish_reason":"tool_calls"}`, "")
		_, _ = io.WriteString(w, "data: [DONE]\n\n")
		return
	}
	for i, word := range strings.SplitAfter(fixedReply, " ") {
		if i > 0 && !wait(r.Context(), v.delays.Token) {
			return
		}
		if i == wordsFirst && v.spoilText(w, r) {
			return
		}
		send(fmt.Sprintf(`{"index":0,"delta":{"role":"assistant","content":%q},"finish_reason":null}`, word), "")
	}
	send(`{"index":0,"delta":{},"finish_reason":"stop"}`, "")
	send("", `,"usage":{"prompt_tokens":50,"completion_tokens":20,"total_tokens":70}`)
	_, _ = io.WriteString(w, "data: [DONE]\n\n")
}
