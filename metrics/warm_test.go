package metrics

import (
	"testing"

	"github.com/parley-voice/parley"
)

func TestWarm(t *testing.T) {
	m := New(Config{})
	for _, w := range []any{
		parley.Warmth{Skill: "speaking", Vendor: "acme", TookMS: 120, SavedMS: 100},
		parley.Warmth{Skill: "speaking", Vendor: "acme", TookMS: 20, Open: true},
		parley.Warmth{Skill: "hearing", Vendor: "acme", TookMS: 5000, Error: "401"},
		parley.Warmth{Skill: "prompt", Vendor: "acme", TookMS: 400, TokensIn: 1500, TokensOut: 1, TokensCached: 1024},
		parley.Warmth{Skill: "prompt", Vendor: "acme", Skipped: "short", TokensIn: -1},
		"no object", parley.Warmth{},
	} {
		m.count(parley.NewEvent("c", parley.EventWarmed, w))
	}
	wants(t, shown(t, m),
		`parley_warm_seconds_sum{result="opened",skill="speaking",vendor="acme"} 0.12`, `parley_warm_seconds_count{result="open",skill="speaking",vendor="acme"} 1`,
		`parley_warm_seconds_count{result="failed",skill="hearing",vendor="acme"} 1`, `parley_warm_saved_seconds_sum{skill="speaking",vendor="acme"} 0.1`,
		`parley_warm_seconds_count{result="skipped",skill="prompt",vendor="acme"} 1`, `parley_preloaded_tokens_total{vendor="acme",what="in"} 1500`,
		`parley_preloaded_tokens_total{vendor="acme",what="cached"} 1024`)
}
