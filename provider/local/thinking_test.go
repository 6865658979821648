package local

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/local/responder"
	"github.com/parley-voice/parley/provider/providertest"
)

// thinkers is a Local that only thinks; what it opens says who it is.
func thinkers(t *testing.T, log *strings.Builder, servers ...Server) *Local {
	t.Helper()
	logger := slog.New(slog.DiscardHandler)
	if log != nil {
		logger = slog.New(slog.NewTextHandler(log, nil))
	}
	l := New(Config{CacheDir: t.TempDir(), Logger: logger, Servers: append([]Server{}, servers...), OpenAICompatible: func(base, model string) (llm.Model, error) {
		return saying(base + " " + model), nil
	}})
	t.Cleanup(l.Close)
	return l
}

func saying(text string) llm.Model {
	return llm.Func(func(context.Context, llm.Request) iter.Seq2[llm.Delta, error] {
		return func(yield func(llm.Delta, error) bool) { yield(llm.Delta{Text: text}, nil) }
	})
}

func answerOf(t *testing.T, m llm.Model, said string) string {
	t.Helper()
	var b strings.Builder
	for d, err := range m.Chat(t.Context(), llm.Request{Messages: []llm.Message{{Role: llm.User, Text: said}}}) {
		if err != nil {
			return err.Error()
		}
		b.WriteString(d.Text)
	}
	return b.String()
}

func serve(t *testing.T, h http.HandlerFunc) Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return Server{"test", s.URL + "/v1"}
}

const models = `{"object":"list","data":[{"id":"nomic-embed-text"},{"id":"small"},{"id":"able"}]}`

func TestThinkingSuite(t *testing.T) {
	l := thinkers(t, nil)
	bye := llm.Tool{Name: "end_conversation", Schema: json.RawMessage(`{"type":"object"}`), Phrases: []string{"goodbye"}}
	providertest.Thinking{
		Open: func(t testing.TB) llm.Model { return open(t, l, "") },
		Talk: llm.Request{Messages: []llm.Message{{Role: llm.System, Text: "Parking is free behind the house."}, {Role: llm.User, Text: "where can i park"}}},
		Say:  "behind the house",
		Act:  &llm.Request{Messages: []llm.Message{{Role: llm.User, Text: "goodbye"}}, Tools: []llm.Tool{bye}}, Calls: []string{"end_conversation"},
	}.Test(t)
}

func TestNoModelOnThisMachine(t *testing.T) {
	var log strings.Builder
	gone := serve(t, http.NotFound)
	l := thinkers(t, &log, gone)
	if got := l.ThinksBy(); got != responder.Name {
		t.Errorf("thinks by %q", got)
	}
	l.Close() // the log is whole
	if !strings.Contains(log.String(), "built-in responder (no language model)") {
		t.Errorf("the log does not say who thinks:\n%s", &log)
	}
	if got := answerOf(t, open(t, l, ""), "hello"); !strings.Contains(got, "How can I help") {
		t.Errorf("answered %q", got)
	}
	for _, err := range open(t, l, "llama3").Chat(t.Context(), llm.Request{}) {
		var v *parley.VendorError
		if !errors.As(err, &v) || v.Vendor != "local" || !strings.Contains(v.Message, "llama3") {
			t.Errorf("a model that is not there gave %v", err)
		}
	}
}

func TestFindsAModel(t *testing.T) {
	wrong := map[string]http.HandlerFunc{
		"404":        http.NotFound,
		"our own":    func(w http.ResponseWriter, _ *http.Request) { http.Error(w, `{"error":{"code":"unauthorized"}}`, 401) },
		"a web page": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>hello</html>") },
		"no models":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"object":"list","data":[]}`) },
		"other JSON": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data":[{"id":"x"}]}`) },
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://example.com/v1/models", 302)
		},
		"embeddings": func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"object":"list","data":[{"id":"bge-embed"}]}`)
		},
		"slow": func(w http.ResponseWriter, r *http.Request) {
			select {
			case <-r.Context().Done():
			case <-time.After(5 * time.Second):
			}
			fmt.Fprint(w, models)
		},
	}
	var servers []Server
	for name, h := range wrong {
		s := serve(t, h)
		s.Name = name
		servers = append(servers, s)
	}
	plain := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/v1/models" {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, models)
	})
	l := thinkers(t, nil, append(append([]Server{{"elsewhere", "http://192.0.2.1:1/v1"}, {"a name", "http://localhost:1/v1"}}, servers...), plain)...)
	if got := l.ThinksBy(); got != "small by test" {
		t.Fatalf("thinks by %q", got)
	}
	for name, want := range map[string]string{"": plain.BaseURL + " small", "other": plain.BaseURL + " other", BuiltIn: "How can I help you?"} {
		if got := answerOf(t, open(t, l, name), "hello"); !strings.Contains(got, want) {
			t.Errorf("model %q: %q, want %q", name, got, want)
		}
	}
}

func TestPrefersAModelWithTools(t *testing.T) {
	ollama := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/models":
			fmt.Fprint(w, models)
		case "/api/show":
			var q struct{ Model string }
			if json.NewDecoder(r.Body).Decode(&q) != nil || q.Model == "" {
				http.Error(w, "no model", 400)
			} else if q.Model == "able" {
				fmt.Fprint(w, `{"capabilities":["completion","tools"]}`)
			} else {
				fmt.Fprint(w, `{"capabilities":["completion"]}`)
			}
		}
	})
	if got := thinkers(t, nil, ollama).ThinksBy(); got != "able by test" {
		t.Errorf("thinks by %q", got)
	}
}

// warmModel counts.
type warmModel struct {
	llm.Model
	warmed *int
}

func (w warmModel) Warm(ctx context.Context) error { *w.warmed++; return nil }

func TestWarmsTheModel(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, models) })
	opened, warmed := 0, 0
	l := New(Config{CacheDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Servers: []Server{s}, OpenAICompatible: func(string, string) (llm.Model, error) {
		opened++
		return warmModel{saying("hi"), &warmed}, nil
	}})
	defer l.Close()
	for name, want := range map[string]int{"": 1, BuiltIn: 0} {
		opened, warmed = 0, 0
		m := open(t, l, name)
		if err := m.(provider.Warmer).Warm(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := answerOf(t, m, "hello"); got == "" || opened != want || warmed != want {
			t.Errorf("model %q: %q, opened %d, warmed %d", name, got, opened, warmed)
		}
	}
}

func TestServersAreOnLoopback(t *testing.T) {
	for _, s := range Servers() {
		if err := onLoopback(s.BaseURL); err != nil || !strings.HasSuffix(s.BaseURL, "/v1") {
			t.Errorf("%s: %s: %v", s.Name, s.BaseURL, err)
		}
	}
	for _, bad := range []string{"http://10.0.0.1/v1", "http://example.com/v1", "http://localhost/v1", "::", "http:///v1"} {
		if onLoopback(bad) == nil {
			t.Errorf("%s passes for loopback", bad)
		}
	}
}

func TestOpeningAModelFails(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, models) })
	l := New(Config{CacheDir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Servers: []Server{s},
		OpenAICompatible: func(string, string) (llm.Model, error) { return nil, errors.New("no such luck") }})
	defer l.Close()
	if got := answerOf(t, open(t, l, ""), "hello"); !strings.Contains(got, "no such luck") {
		t.Errorf("answered %q", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range (&thinking{l: &Local{looked: make(chan struct{}), ctx: t.Context()}}).Chat(ctx, llm.Request{}) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled wait for the probe gave %v", err)
		}
	}
}
