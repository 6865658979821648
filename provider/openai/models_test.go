package openai

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

// shelf is a server that has the models and says which was asked for.
func shelf(t *testing.T, models ...string) (url string, asked *atomic.Pointer[string], lists *atomic.Int32) {
	t.Helper()
	asked, lists = new(atomic.Pointer[string]), new(atomic.Int32)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/models") {
			lists.Add(1)
			data := []map[string]string{}
			for _, m := range models {
				data = append(data, map[string]string{"id": m})
			}
			json.NewEncoder(w).Encode(map[string]any{"data": data})
			return
		}
		var q struct{ Model string }
		json.NewDecoder(r.Body).Decode(&q)
		asked.Store(&q.Model)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Write([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"))
	}))
	t.Cleanup(srv.Close)
	return srv.URL + "/v1", asked, lists
}

func ask(t *testing.T, url, model string) error {
	t.Helper()
	m, err := Spec().Thinking.Open(provider.Access{BaseURL: url}, model, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range m.Chat(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "hello"}}}) {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestOnesOwnServerIsAskedForItsModels(t *testing.T) {
	for _, tc := range []struct {
		models []string
		named  string
		want   string
		lists  int32
	}{
		{[]string{"llama3.2", "qwen"}, "", "llama3.2", 1},
		{[]string{"llama3.2", "gpt-4o-mini"}, "", "gpt-4o-mini", 1},
		{[]string{"llama3.2", "qwen"}, "qwen", "qwen", 0},
		{[]string{"whisper-large-v3", "nomic-embed-text", "playai-tts", "llama-guard-4", "qwen"}, "", "qwen", 1},
	} {
		url, asked, lists := shelf(t, tc.models...)
		for range 3 {
			if err := ask(t, url, tc.named); err != nil {
				t.Fatal(err)
			}
		}
		if got := *asked.Load(); got != tc.want {
			t.Errorf("%v, named %q: asked for %q, want %q", tc.models, tc.named, got, tc.want)
		}
		if lists.Load() != tc.lists {
			t.Errorf("the list was asked for %d times in three calls, want %d", lists.Load(), tc.lists)
		}
	}
}

func TestAServerWithoutModelsSaysSo(t *testing.T) {
	url, _, _ := shelf(t)
	if err := ask(t, url, ""); err == nil || !strings.Contains(err.Error(), "no models") {
		t.Errorf("%v", err)
	}
}

func TestAServerWithoutAListIsAskedForTheDefault(t *testing.T) {
	var asked atomic.Pointer[string]
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasSuffix(r.URL.Path, "/chat/completions") {
			http.NotFound(w, r)
			return
		}
		var q struct{ Model string }
		json.NewDecoder(r.Body).Decode(&q)
		asked.Store(&q.Model)
		w.Header().Set("Content-Type", "text/event-stream")
		w.Write([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"))
	}))
	t.Cleanup(srv.Close)
	if err := ask(t, srv.URL+"/v1", ""); err != nil {
		t.Fatal(err)
	}
	if got := asked.Load(); got == nil || *got != defaultModel {
		t.Errorf("asked for %v", got)
	}
}
