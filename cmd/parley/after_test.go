package main

import (
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/all"
	"github.com/parley-voice/parley/provider/local"
)

// TestOpenMind: the agent's own model reads its calls, whoever stands behind it after it; rules alone analyse nothing.
func TestOpenMind(t *testing.T) {
	l := local.New(local.Config{CacheDir: t.TempDir()})
	defer l.Close()
	named := func(s string) *string { return &s }
	for name, c := range map[string]struct {
		agent  parley.Agent
		env    map[string]string
		vendor string // "": there is no model
	}{
		"no key at all":           {},
		"the built-in responder":  {agent: parley.Agent{Thinking: parley.Thinking{Provider: named("local"), Model: named(local.BuiltIn)}}, env: map[string]string{"OPENAI_API_KEY": "k"}},
		"a key that is not there": {agent: parley.Agent{Thinking: parley.Thinking{Provider: named("openai")}}},
		"the server's own choice": {env: map[string]string{"OPENAI_API_KEY": "k"}, vendor: "openai"},
		"the agent's":             {agent: parley.Agent{Thinking: parley.Thinking{Provider: named("anthropic"), Model: named("claude")}}, env: map[string]string{"ANTHROPIC_API_KEY": "k"}, vendor: "anthropic"},
	} {
		v := newVendors(append([]provider.Spec(nil), all.Specs(l)...), openStore(t))
		v.getenv = func(k string) string { return c.env[k] }
		m, err := v.OpenMind(t.Context(), "env", &c.agent)
		if err != nil || (m.Model != nil) != (c.vendor != "") || m.Vendor != c.vendor {
			t.Errorf("%s: %+v %v", name, m, err)
		}
	}
}
