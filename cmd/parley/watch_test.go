package main

import (
	"compress/gzip"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley/provider"
)

// TestACollectorIsTold: a call that was asked for over the API is a trace at the collector, from the request to the hang-up, under the
// call's own id.
func TestACollectorIsTold(t *testing.T) {
	type span struct{ TraceID, SpanID, ParentSpanID, Name string }
	spans := make(chan []span, 10)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			ResourceSpans []struct{ ScopeSpans []struct{ Spans []span } }
		}
		z, err := gzip.NewReader(r.Body)
		if err == nil {
			err = json.NewDecoder(z).Decode(&in)
		}
		if err != nil || r.Header.Get("Api-Key") != "a secret" || r.URL.Path != "/v1/traces" {
			t.Errorf("%v %s %v", err, r.URL, r.Header)
		} else {
			spans <- in.ResourceSpans[0].ScopeSpans[0].Spans
		}
		w.Write([]byte("{}"))
	}))
	defer collector.Close()
	r := startWith(t, &serveCmd{Data: t.TempDir(), HTTP: "127.0.0.1:0", SIP: "127.0.0.1:0", RTPPorts: portRange{45000, 45999}, AllowNetworks: []string{"127.0.0.0/8"},
		Watch: watchConfig{OTLP: collector.URL, Headers: []string{"Api-Key=a%20secret"}}})
	person := newStation(t)
	c := r.made("/v1/calls/create", `{"from_number":"1000","to_number":"sip:person@`+person.trunk.Addr().String()+`","agent":`+silentAgent+`}`)
	a := <-person.taken
	if err := a.Hangup(person.ctx, "agent_ended"); err != nil {
		t.Error(err)
	}
	r.ended(0)
	got := <-spans
	id, _ := c["id"].(string)
	names := map[string]bool{}
	for _, s := range got {
		if s.TraceID != strings.ReplaceAll(id, "-", "") {
			t.Errorf("a span of %s, not of the call %s", s.TraceID, id)
		}
		names[s.Name] = true
	}
	for _, want := range []string{"call outbound", "POST /v1/calls/create", "job dial"} {
		if !names[want] {
			t.Errorf("there is no %q among %v", want, got)
		}
	}
}

func TestWatchConfig(t *testing.T) {
	for _, c := range []watchConfig{{}, {OTLP: "http://127.0.0.1:4318"}, {OTLP: "https://otlp.example.com/otlp/", Headers: []string{"Authorization=Basic%20a%3D%3D", " x-key = v "}}} {
		if err := c.check(); err != nil {
			t.Errorf("%+v: %v", c, err)
		}
	}
	h, err := watchConfig{Headers: []string{"Authorization=Basic%20a%3D%3D", " x-key = v ", "x-key=w"}}.header()
	if err != nil || h.Get("Authorization") != "Basic a==" || !slices.Equal(h["X-Key"], []string{"v", "w"}) {
		t.Errorf("%v %v", h, err)
	}
	for want, c := range map[string]watchConfig{
		"PARLEY_OTLP_URL":      {OTLP: "127.0.0.1:4318"},
		"without /v1/traces":   {OTLP: "http://127.0.0.1:4318/v1/traces"},
		"is no address":        {OTLP: "grpc://127.0.0.1:4317"},
		"PARLEY_OTLP_HEADERS":  {Headers: []string{"key"}},
		"number 1":             {Headers: []string{"a key=v"}},
		"number 2":             {Headers: []string{"a=b", "k=%0d%0aHost: x"}},
		"number 1 of":          {Headers: []string{"=hush"}},
		"api-key=secret, more": {Headers: []string{"api-key: hush"}},
	} {
		if err := c.check(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%+v: %v, want %s", c, err, want)
		}
	}
}

// TestErrorsHoldNoSecret: what is wrong with a setting is said without what it holds, where that may be a secret.
func TestErrorsHoldNoSecret(t *testing.T) {
	for _, s := range []string{"turn:user:hush", "turn:user:hush@", "hush", "turns:hush", "hush:3478", "turn:hush@example.com:x"} {
		if _, err := (&webConfig{TURN: []string{s}}).relays(); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: %v", s, err)
		}
	}
	v := &vendors{specs: []provider.Spec{{Name: "openai", Env: "OPENAI"}}, operator: operator{getenv: func(name string) string {
		if name == "OPENAI_BASE_URL" {
			return "hush"
		}
		return ""
	}}}
	if err := v.checkAddresses(); err == nil || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "OPENAI_BASE_URL") {
		t.Error(err)
	}
}
