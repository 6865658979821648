package metrics

import (
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// TestLatencyByVendor: each vendor is charged its own part, and hearing is counted once for a turn that is heard and answered.
func TestLatencyByVendor(t *testing.T) {
	m := New(Config{})
	ears, mind, voice := parley.Given("deepgram", nil), parley.Given("openai", nil), parley.Given("rime", nil)
	const ms = time.Millisecond
	for _, p := range []map[string]any{
		{"sender": "human", "vendors": parley.Credits{Hearing: ears}},
		{"sender": "bot", "vendors": parley.Credits{Hearing: ears, Thinking: mind, Speaking: voice},
			"latency": parley.Latency{STT: 300 * ms, LLM: 200 * ms, Actions: 400 * ms, TTS: 350 * ms, Silence: 200 * ms, Playout: 10 * ms, Total: 1260 * ms}},
		{"sender": "bot", "vendors": parley.Credits{Speaking: voice}}, // a greeting answers nothing
		{"sender": "bot", "latency": parley.Latency{Total: 40 * ms}},  // nobody was told who served it
	} {
		m.count(parley.NewEvent("c", parley.EventMessage, p))
	}
	wants(t, shown(t, m),
		`parley_vendor_turns_total{skill="hearing",stood="first",vendor="deepgram"} 1`, `parley_vendor_turns_total{skill="speaking",stood="first",vendor="rime"} 2`,
		`parley_vendor_latency_seconds_sum{skill="hearing",vendor="deepgram"} 0.3`, `parley_vendor_latency_seconds_count{skill="hearing",vendor="deepgram"} 1`,
		`parley_vendor_latency_seconds_sum{skill="thinking",vendor="openai"} 0.2`, `parley_vendor_latency_seconds_sum{skill="speaking",vendor="rime"} 0.35`,
		`parley_vendor_latency_seconds_count{skill="speaking",vendor="rime"} 1`, `parley_voice_silence_seconds_sum{vendor="rime"} 0.2`,
		`parley_turn_latency_seconds_sum{stage="actions"} 0.4`, `parley_turn_latency_seconds_sum{stage="total"} 1.3`, `parley_turn_latency_seconds_count{stage="llm"} 2`)
}
