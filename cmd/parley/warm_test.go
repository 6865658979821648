package main

import (
	"testing"

	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider"
	"github.com/parley-voice/parley/provider/openai"
	"github.com/parley-voice/parley/provider/providertest"
)

// TestWarmings: through all that stands between a call and a vendor, all three skills are warmed, measured and named; the model is vital when
// nobody stands behind it; and it reads prompts ahead.
func TestWarmings(t *testing.T) {
	fake := providertest.NewOpenAI(t)
	t.Cleanup(func() { provider.Access{}.Net.CloseIdle() })
	v := newVendors([]provider.Spec{openai.Spec()}, openStore(t))
	v.getenv = func(k string) string {
		return map[string]string{"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": fake.URL + "/v1"}[k]
	}
	for agent, vital := range map[string]bool{
		`{"model":"m","provider":"openai","transcriber":{"type":"transcriber_openai"},"voice":{"type":"voice_openai"}}`: true,
		`{"model":"m","provider":"openai","transcriber":{"type":"transcriber_openai"},"voice":{"type":"voice_openai"},
			"llm_fallback":{"provider":"openai","model":"n"}}`: false,
	} {
		r, err := open(t, v, "env", agent)
		if err != nil {
			t.Fatal(err)
		}
		skills := map[string]bool{}
		for _, w := range r.Warm {
			skills[w.Skill] = true
			got, err := w.Do(t.Context())
			if err != nil || w.Vendor != "openai" || w.Vital != (vital && w.Skill == "thinking") || got.TookMS < got.SavedMS {
				t.Errorf("%+v: %+v, %v", w, got, err)
			}
		}
		if !skills["hearing"] || !skills["thinking"] || !skills["speaking"] || len(r.Warm) != 3 {
			t.Errorf("warmed are %v", skills)
		}
		p, ok := r.Think.(llm.Preloader)
		if !ok {
			t.Fatalf("%T reads no prompts ahead", r.Think)
		}
		if got, err := p.Preload(t.Context(), providertest.Says("x")); err != nil || got.Usage.In == 0 {
			t.Errorf("%+v, %v", got, err)
		}
		r.Close()
	}
}
