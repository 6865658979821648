package metrics

import (
	"testing"

	"github.com/parley-voice/parley"
)

func TestEarly(t *testing.T) {
	m := New(Config{})
	for _, p := range []any{
		map[string]any{"result": "used", "ahead_ms": 150, "text": "hello"},
		map[string]any{"result": "used", "ahead_ms": 50},
		map[string]any{"result": "discarded", "llm_tokens_in": 800, "llm_tokens_out": 12, "tts_characters": 40, "text": "I would like"},
		map[string]any{"result": "discarded", "llm_tokens_in": -1},
		map[string]any{"result": "something new"}, "no object",
	} {
		m.count(parley.NewEvent("c", parley.EventEarlyReply, p))
	}
	wants(t, shown(t, m),
		`parley_early_replies_total{result="used"} 2`, `parley_early_replies_total{result="discarded"} 2`, `parley_early_ahead_seconds_sum 0.2`,
		`parley_early_ahead_seconds_count 2`, `parley_early_discarded_total{what="tokens_in"} 800`, `parley_early_discarded_total{what="tokens_out"} 12`,
		`parley_early_discarded_total{what="characters"} 40`)
}
