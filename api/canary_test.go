package api

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
)

// canaries are secrets, one for each place that takes one.
var canaries = map[string]string{
	"trunk": "canary-trunk-password-4711", "openai": "sk-canary-openai-4712", "voice": "canary-voice-key-4713", "vector": "canary-vector-key-4714",
	"private": "canary words of a private prompt 4715", "inline": "canary-inline-voice-key-4716", "oauth": "canary-oauth-password-4717",
}

// TestCanaries: no secret that goes in comes out: not in an answer, a refusal, a list, a replayed answer, the log, or the database's files.
func TestCanaries(t *testing.T) {
	h := newHouse(t)
	var logged bytes.Buffer
	h.api.Logger = slog.New(slog.NewJSONHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var answers []reply
	ask := func(who *tenant, method, path, body string, headers ...string) reply {
		r := h.do(who, method, path, body, headers...)
		answers = append(answers, r)
		return r
	}
	id := func(r reply) string {
		if r.status != 201 {
			t.Fatalf("%d %s", r.status, r.body)
		}
		s, _ := r.object()["id"].(string)
		return s
	}
	trunk := id(ask(h.a, "POST", "/v1/account_connections/create", fmt.Sprintf(`{"type":"account_connection_sip","credentials":{"host":"h","username":"u","password":%q}}`, canaries["trunk"])))
	ask(h.a, "POST", "/v1/account_connections/create", fmt.Sprintf(`{"type":"account_connection_un_pw_oauth","credentials":{"base_url":"https://e.com","username":"u","password":%q}}`, canaries["oauth"]))
	agent := id(ask(h.a, "POST", "/v1/agents/create", fmt.Sprintf(`{"prompt":{"content":"x"},"actions":[{"type":"action_external","config":{"name":"x","url":"https://e.com","input_schema":{}}}],
		"voice":{"type":"voice_openai","voice":"alloy","api_key":%q},"openai_account_connection":{"type":"account_connection_openai","credentials":{"openai_api_key":%q}}}`, canaries["voice"], canaries["openai"]), "Idempotency-Key", "k"))
	ask(h.a, "POST", "/v1/vector_databases/create", fmt.Sprintf(`{"type":"vector_database_pinecone","index":"i","api_environment":"e","api_key":%q}`, canaries["vector"]))
	ends := `"from_number":"+15550001111","to_number":"sip:a@127.0.0.1"`
	call := id(ask(h.a, "POST", "/v1/calls/create", `{`+ends+`,"agent":"`+agent+`"}`))
	ask(h.a, "POST", "/v1/calls/create", fmt.Sprintf(`{%s,"agent":{"prompt":{},"actions":[],"voice":{"type":"voice_openai","voice":"a","api_key":%q}}}`, ends, canaries["inline"]))
	ask(h.a, "POST", "/v1/calls/create", fmt.Sprintf(`{%s,"hipaa_compliant":true,"agent":{"prompt":{"content":%q},"actions":[],"voice":{}}}`, ends, canaries["private"]), "Idempotency-Key", "p")
	made := h.do(h.admin, "POST", "/v1/keys/create", `{}`, "Idempotency-Key", "key").object()["key"].(string)
	// what is wrong with a secret is told without it
	for _, body := range []string{
		`{"type":"account_connection_sip","credentials":{"host":7,"password":"%s"}}`, `{"type":"account_connection_sip","credentials":"%s"}`, `{"type":"%s"}`,
		`{"type":"account_connection_sip","credentials":{"host":"%s more"}}`, `{"type":"account_connection_sip","credentials":{"host":"h","password":"%s"`, `{"a":"%s","a":1}`,
	} {
		ask(h.a, "POST", "/v1/account_connections/create", fmt.Sprintf(body, canaries["trunk"]))
	}
	ask(h.a, "GET", "/v1/agents?id="+agent, "")
	ask(h.a, "GET", "/v1/calls?id="+call, "")
	ask(h.a, "GET", "/v1/account_connections?id="+trunk, "")
	for _, rt := range h.api.Routes() {
		if strings.HasSuffix(rt.path, "/list") {
			ask(h.operator, "GET", rt.path+"?size=100", "")
			ask(h.admin, "GET", rt.path+"?size=100", "")
		}
	}
	ask(h.a, "DELETE", "/v1/agents/delete?id="+agent, "")
	voice := canaries["voice"]
	canaries := append(values(canaries), made, h.a.key, h.operator.key)
	for _, secret := range canaries {
		for _, r := range answers {
			if bytes.Contains(r.body, []byte(secret)) {
				t.Errorf("an answer has %s: %s", secret, r.body)
			}
		}
		if strings.Contains(logged.String(), secret) {
			t.Errorf("the log has %s", secret)
		}
	}
	if err := h.db.Log().Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c, err := h.db.Call(t.Context(), h.a.env, call); err != nil || !bytes.Contains(c.Agent, []byte(voice)) {
		t.Errorf("the telephone does not get the secrets: %v", err)
	}
	for _, f := range h.files() {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // a folder
		}
		for _, secret := range canaries {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s has %s", f, secret)
			}
		}
	}
}

func values(m map[string]string) (l []string) {
	for _, v := range m {
		l = append(l, v)
	}
	return l
}
