package openai

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
)

// a strict server renders a conversation as the chat templates of open models do, and refuses as its kind does.
type strict struct {
	*httptest.Server
	mu     sync.Mutex
	bodies [][]message
}

// The three kinds: Qwen by llama.cpp, Mistral or Gemma by vLLM, Gemma 2 by vLLM.
const (
	qwen    = `{"error":{"code":500,"message":"Unable to generate parser for this template. Automatic parser generation failed: \n------------\nWhile executing CallExpression at line 85, column 32 in source:\n...first %}↵            {{- raise_exception('System message must be at the beginnin...\n                                           ^\nError: Jinja Exception: System message must be at the beginning.","type":"server_error"}}`
	mistral = `{"object":"error","message":"After the optional system message, conversation roles must alternate user/assistant/user/assistant/...","type":"BadRequestError","param":null,"code":400}`
	gemma   = `{"object":"error","message":"System role not supported","type":"BadRequestError","param":null,"code":400}`
)

func newStrict(t *testing.T, check func([]message) string) *strict {
	s := new(strict)
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var q struct{ Messages []message }
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
			http.Error(w, err.Error(), 400)
			return
		}
		s.mu.Lock()
		s.bodies = append(s.bodies, q.Messages)
		s.mu.Unlock()
		if refusal := check(q.Messages); refusal != "" {
			status := 400
			if refusal == qwen {
				status = 500
			}
			w.WriteHeader(status)
			fmt.Fprint(w, refusal)
			return
		}
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"fine\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}))
	t.Cleanup(s.Close)
	return s
}

func systemFirst(ms []message) string {
	for i, m := range ms {
		if m.Role == "system" && i > 0 {
			return qwen
		}
	}
	return ""
}

func alternates(ms []message) string {
	if len(ms) > 0 && ms[0].Role == "system" {
		ms = ms[1:]
	}
	for i, m := range ms {
		if want := []string{"user", "assistant"}[i%2]; m.Role != want {
			return mistral
		}
	}
	return ""
}

func noSystem(ms []message) string {
	for _, m := range ms {
		if m.Role == "system" {
			return gemma
		}
	}
	return alternates(ms)
}

// called is a conversation as calls make it: the agent greets first, a note comes in the middle, the caller speaks twice.
var called = llm.Request{Messages: []llm.Message{
	{Role: llm.System, Text: "Be brief."},
	{Role: llm.Assistant, Text: "Hello, this is Harbor Dental."},
	{Role: llm.User, Text: "Hi."},
	{Role: llm.System, Text: "The caller is a regular."},
	{Role: llm.User, Text: "Are you open?"},
	{Role: llm.Assistant, Text: "Yes, we"},
	{Role: llm.System, Text: "Your last message was cut off."},
}}

func said(ms []message) string {
	var out []string
	for _, m := range ms {
		out = append(out, m.Role+": "+*m.Content)
	}
	return strings.Join(out, "\n")
}

func TestStrictTemplates(t *testing.T) {
	for name, c := range map[string]struct {
		check func([]message) string
		tries int
		want  string
	}{
		"anything goes": {func([]message) string { return "" }, 1, "system: Be brief.\nassistant: Hello, this is Harbor Dental.\nuser: Hi.\nsystem: The caller is a regular.\nuser: Are you open?\nassistant: Yes, we\nsystem: Your last message was cut off."},
		"system first":  {systemFirst, 2, "system: Be brief.\nassistant: Hello, this is Harbor Dental.\nuser: Hi.\nuser: [Note, not said by the caller: The caller is a regular.]\nuser: Are you open?\nassistant: Yes, we\nuser: [Note, not said by the caller: Your last message was cut off.]"},
		"alternating":   {alternates, 2, "system: Be brief.\nuser: [The phone rings.]\nassistant: Hello, this is Harbor Dental.\nuser: Hi.\n[Note, not said by the caller: The caller is a regular.]\nAre you open?\nassistant: Yes, we\nuser: [Note, not said by the caller: Your last message was cut off.]"},
		"both, one after the other": {func(ms []message) string {
			if e := systemFirst(ms); e != "" {
				return e
			}
			return alternates(ms)
		}, 3, "system: Be brief.\nuser: [The phone rings.]\nassistant: Hello, this is Harbor Dental.\nuser: Hi.\n[Note, not said by the caller: The caller is a regular.]\nAre you open?\nassistant: Yes, we\nuser: [Note, not said by the caller: Your last message was cut off.]"},
		"no system": {noSystem, 2, "user: Be brief.\nassistant: Hello, this is Harbor Dental.\nuser: Hi.\n[Note, not said by the caller: The caller is a regular.]\nAre you open?\nassistant: Yes, we\nuser: [Note, not said by the caller: Your last message was cut off.]"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStrict(t, c.check)
			for turn := range 2 {
				m, err := NewModel("openai_compatible", provider.Access{BaseURL: s.URL + "/v1"}, "some-model")
				if err != nil {
					t.Fatal(err)
				}
				text := ""
				for d, err := range m.Chat(t.Context(), called) {
					if err != nil {
						t.Fatal(err)
					}
					text += d.Text
					if d.Notice != "" {
						t.Errorf("nothing is left out, but it says %q", d.Notice)
					}
				}
				if text != "fine" || len(s.bodies) != c.tries+turn {
					t.Errorf("call %d: said %q after %d requests, want %d", turn, text, len(s.bodies), c.tries+turn)
				}
			}
			if got := said(s.bodies[len(s.bodies)-1]); got != c.want {
				t.Errorf("sent\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestAServerThatIsNeverPleased: what was learnt once is not tried without end.
func TestAServerThatIsNeverPleased(t *testing.T) {
	for _, refusal := range []string{qwen, mistral, gemma} {
		s := newStrict(t, func([]message) string { return refusal })
		if err := ask(t, s.URL+"/v1", "some-model"); err == nil || len(s.bodies) != 2 {
			t.Errorf("%d requests, %v", len(s.bodies), err)
		}
	}
}

// TestToolsStayTogether: calls and their results are not moved or joined.
func TestToolsStayTogether(t *testing.T) {
	q, _ := compose("m", llm.Request{Messages: []llm.Message{
		{Role: llm.User, Text: "bye"},
		{Role: llm.Assistant, Text: "One moment.", Calls: []llm.Call{{ID: "c1", Name: "end"}}},
		{Role: llm.ToolRole, CallID: "c1", Text: "done"},
		{Role: llm.Assistant, Text: "Done."},
		{Role: llm.Assistant, Text: "Anything else?"},
	}}, []string{roleOrder})
	var roles []string
	for _, m := range q.Messages {
		roles = append(roles, m.Role)
	}
	if got := strings.Join(roles, " "); got != "user assistant tool assistant" {
		t.Errorf("roles %q", got)
	}
	if len(q.Messages[1].ToolCalls) != 1 || q.Messages[2].ToolCallID != "c1" || *q.Messages[3].Content != "Done.\nAnything else?" {
		t.Errorf("%+v", q.Messages)
	}
}

func TestRefusedRoles(t *testing.T) {
	for message, want := range map[string]string{
		"System message must be at the beginning.":             lateSystem,
		"Only one system message is allowed":                   lateSystem,
		"System role not supported":                            anySystem,
		"roles must alternate user/assistant":                  roleOrder,
		"A conversation must alternate between user and model": roleOrder,
		"The system is overloaded":                             "",
		"":                                                     "",
	} {
		if got := refusedRoles(message); got != want {
			t.Errorf("%q is understood as %q, want %q", message, got, want)
		}
	}
	if refused(503, "roles must alternate") != "" || refused(500, "temperature is bad") != "" || refused(500, "roles must alternate") != roleOrder {
		t.Error("the status decides wrongly")
	}
}

// TestModelThatIsGone: a model taken from the server's list is asked for anew once the server no longer has it.
func TestModelThatIsGone(t *testing.T) {
	var mu sync.Mutex
	have := "first"
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "/models") {
			fmt.Fprintf(w, `{"data":[{"id":%q}]}`, have)
			return
		}
		var q struct{ Model string }
		json.NewDecoder(r.Body).Decode(&q)
		if q.Model != have {
			http.Error(w, `{"error":"model not found"}`, 404)
			return
		}
		fmt.Fprint(w, "data: {\"choices\":[{\"delta\":{\"content\":\"hi\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
	}))
	defer srv.Close()
	if err := ask(t, srv.URL, ""); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	have = "second"
	mu.Unlock()
	if err := ask(t, srv.URL, ""); err == nil {
		t.Error("a model that is gone answered")
	}
	if err := ask(t, srv.URL, ""); err != nil {
		t.Errorf("the next turn: %v", err)
	}
}

// FuzzPlain: whatever the history, a strict template gets what it takes, and no words are lost.
func FuzzPlain(f *testing.F) {
	f.Add("saususs", 1)
	f.Add("aaauusu", 2)
	f.Add("", 0)
	f.Add("ssss", 2)
	f.Fuzz(func(t *testing.T, order string, how int) {
		field := []string{lateSystem, roleOrder, anySystem}[((how%3)+3)%3]
		var in []llm.Message
		for _, c := range order {
			role := map[rune]llm.Role{'s': llm.System, 'a': llm.Assistant}[c]
			if role == "" {
				role = llm.User
			}
			in = append(in, llm.Message{Role: role, Text: fmt.Sprintf("<%d>", len(in))})
		}
		q, left := compose("m", llm.Request{Messages: in}, []string{field})
		if len(left) != 0 {
			t.Errorf("left out %q", left)
		}
		check := map[string]func([]message) string{lateSystem: systemFirst, roleOrder: alternates, anySystem: noSystem}[field]
		if e := check(q.Messages); e != "" {
			t.Errorf("%q for %s:\n%s\n%s", order, field, said(q.Messages), e)
		}
		all := said(q.Messages)
		for i := range in {
			if strings.Count(all, fmt.Sprintf("<%d>", i)) != 1 {
				t.Errorf("%q for %s: message %d is not there once:\n%s", order, field, i, all)
			}
		}
	})
}
