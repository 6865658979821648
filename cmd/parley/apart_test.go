package main

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/tts"
)

// castApart is a vendor whose skills have keys of their own.
func castApart(t *testing.T, env map[string]string) (*vendors, map[string]provider.Access) {
	v, _ := cast(t, env)
	seen := map[string]provider.Access{}
	v.specs = append([]provider.Spec{{Name: "cloud", Title: "Cloud", Env: "CLOUD_SPEECH", ConnectionType: "account_connection_azure_speech", KeyField: "api_key", Vars: []string{"endpoint", "region"},
		Thinking: &provider.Thinking{By: &provider.By{Env: "CLOUD_LLM", ConnectionType: "account_connection_azure_llm", Vars: []string{"endpoint", "deployment"}},
			Open: func(a provider.Access, _ string, _ json.RawMessage) (llm.Model, error) {
				seen["think"] = a
				return llm.Func(nil), nil
			}},
		Speaking: &provider.Speaking{Open: func(a provider.Access, _ json.RawMessage) (tts.Synthesizer, error) {
			seen["speak"] = a
			return tts.Func(nil), nil
		}}}}, v.specs...)
	v.guarded = provider.Guarded(func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("not there") })
	return v, seen
}

// TestSkillsWithKeysOfTheirOwn: a vendor that thinks by other keys than it speaks by, from the environment and from connections.
func TestSkillsWithKeysOfTheirOwn(t *testing.T) {
	const agent = `{"provider":"cloud","transcriber":{"type":"transcriber_local"},"voice":{"type":"voice_cloud"}}`
	v, seen := castApart(t, map[string]string{"CLOUD_LLM_API_KEY": "thinks", "CLOUD_LLM_ENDPOINT": "https://mine.example/", "CLOUD_LLM_DEPLOYMENT": "prod",
		"CLOUD_SPEECH_API_KEY": "speaks", "CLOUD_SPEECH_REGION": "westus"})
	env, _, err := firstStart(t.Context(), v.db, "k", forget)
	if err != nil {
		t.Fatal(err)
	}
	open1 := func() {
		t.Helper()
		if r, err := open(t, v, env, agent); err != nil || len(r.Warnings) > 0 {
			t.Fatal(err, r.Warnings)
		}
	}
	open1()
	if a := seen["think"]; a.Key != "thinks" || a.BaseURL != "https://mine.example" || a.Extra["deployment"] != "prod" || a.Net != nil {
		t.Errorf("thinks by %+v", a)
	}
	if a := seen["speak"]; a.Key != "speaks" || a.BaseURL != "" || a.Extra["region"] != "westus" || a.Net != nil {
		t.Errorf("speaks by %+v", a)
	}
	for kind, c := range map[string]store.Doc{"account_connection_azure_llm": {"api_key": "theirs", "endpoint": "https://theirs.example/", "deployment": "d"},
		"account_connection_azure_speech": {"api_key": "theirs too", "region": "eastus"}} {
		if _, err := v.db.Create(t.Context(), env, store.AccountConnections, store.Doc{"type": kind, "config": store.Doc{}, "credentials": c}); err != nil {
			t.Fatal(err)
		}
	}
	open1()
	if a := seen["think"]; a.Key != "theirs" || a.BaseURL != "https://theirs.example" || a.Extra["deployment"] != "d" || a.Net != v.guarded {
		t.Errorf("thinks by %+v: a tenant's endpoint is guarded", a)
	}
	if a := seen["speak"]; a.Key != "theirs too" || a.Extra["region"] != "eastus" || a.BaseURL != "" {
		t.Errorf("speaks by %+v", a)
	}
}

// TestARegionIsNotTheOperatorsResource: a tenant's key goes to its own region, not to the resource that the operator has.
func TestARegionIsNotTheOperatorsResource(t *testing.T) {
	v, seen := castApart(t, map[string]string{"CLOUD_SPEECH_ENDPOINT": "https://operators.example"})
	env, _, err := firstStart(t.Context(), v.db, "k", forget)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.db.Create(t.Context(), env, store.AccountConnections, store.Doc{"type": "account_connection_azure_speech", "config": store.Doc{},
		"credentials": store.Doc{"api_key": "theirs", "region": "eastus"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := open(t, v, env, `{"provider":"local","transcriber":{"type":"transcriber_local"},"voice":{"type":"voice_cloud"}}`); err != nil {
		t.Fatal(err)
	}
	if a := seen["speak"]; a.BaseURL != "" || a.Key != "theirs" {
		t.Errorf("speaks by %+v", a)
	}
}

func TestEndpointsAreAddresses(t *testing.T) {
	v, _ := castApart(t, map[string]string{"CLOUD_LLM_ENDPOINT": "banana", "CLOUD_SPEECH_BASE_URL": "apple", "OPENAI_ENDPOINT": "pear"})
	err := v.checkAddresses()
	if err == nil || !strings.Contains(err.Error(), "CLOUD_LLM_ENDPOINT") || !strings.Contains(err.Error(), "CLOUD_SPEECH_BASE_URL") || strings.Contains(err.Error(), "pear") {
		t.Error(err)
	}
}
