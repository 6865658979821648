package api

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// TestOverview: each number is that of the calls behind it.
func TestOverview(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	day := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	cost := 0.25
	agent := h.a.ids["agents"]
	for i, change := range []func(c *parley.Call){
		func(c *parley.Call) {
			c.Cause, c.AgentID, c.Usage = parley.CallerHungUp, agent, parley.Usage{STTSeconds: 12.5, LLMTokensIn: 100, LLMTokensOut: 20, TTSCharacters: 300, TelephonySeconds: 61, Cost: &cost}
			c.Turns = []parley.Turn{
				{Who: parley.Human, Vendors: &parley.Credits{Hearing: parley.Given("deepgram", nil)}},
				{Who: parley.Bot, Interrupted: true, Latency: &parley.Latency{STT: 80 * time.Millisecond, LLM: 90 * time.Millisecond, TTS: 70 * time.Millisecond, Total: 100 * time.Millisecond}, Vendors: &parley.Credits{Thinking: parley.Given("openai", nil), Speaking: parley.Given("cartesia", nil)}},
				{Who: parley.Bot, Latency: &parley.Latency{LLM: 50 * time.Millisecond, Total: 60 * time.Millisecond}, Vendors: &parley.Credits{Thinking: parley.Given("openai", nil)}},
			}
		},
		func(c *parley.Call) { c.Cause, c.IsOutgoing = parley.AgentEnded, true },
		func(c *parley.Call) { c.Cause, c.IsOutgoing, c.Start = parley.Busy, true, time.Time{} },
		func(c *parley.Call) { c.Cause = parley.ProviderFailed; c.Created = day.Add(3 * time.Hour) },
		func(c *parley.Call) { c.Cause = parley.AgentEnded; c.Created = day.Add(-time.Microsecond) },
		func(c *parley.Call) { c.Created, c.Status, c.End = day, parley.InProgress, time.Time{} },
	} {
		h.call(h.a, func(c *parley.Call) {
			c.AgentID = ""
			c.Status, c.Created, c.Start, c.End = parley.Ended, day.Add(time.Duration(i)*time.Minute), day.Add(time.Hour), day.Add(time.Hour+time.Minute)
			change(c)
			if c.Status == parley.Ended {
				c.Status = c.Cause.Status()
			}
		})
	}
	ask := "/v1/overview?from=2026-11-02T08:30:00Z&to=2026-11-02T11:00:01Z&by=hour"
	v := h.do(h.a, "GET", ask, "").object()
	steps := v["steps"].([]any)
	if len(steps) != 4 || v["from"] != "2026-11-02T08:00:00.000Z" || v["to"] != "2026-11-02T12:00:00.000Z" || v["by"] != "hour" || v["time_zone"] != "UTC" || v["pending"] != 0.0 {
		t.Fatalf("%d steps of %v", len(steps), v)
	}
	first := map[string]any{"from": "2026-11-02T08:00:00.000Z", "to": "2026-11-02T09:00:00.000Z", "calls": 3.0, "answered": 2.0, "outgoing": 2.0, "outgoing_answered": 1.0, "failed": 0.0, "talk_seconds": 120.0, "interruptions": 1.0,
		"heard_latency": map[string]any{"turns": 2.0, "p50_ms": 60.0, "p95_ms": 100.0}, "stt_seconds": 12.5, "llm_tokens_in": 100.0, "llm_tokens_out": 20.0, "tts_characters": 300.0, "telephony_seconds": 61.0, "cost": 0.25, "calls_without_cost": 2.0}
	if !reflect.DeepEqual(steps[0], first) {
		t.Errorf("the first step is\n%v, want\n%v", steps[0], first)
	}
	if s := steps[3].(map[string]any); s["calls"] != 1.0 || s["failed"] != 1.0 || s["heard_latency"] != nil || s["cost"] != nil || steps[1].(map[string]any)["calls"] != 0.0 {
		t.Errorf("%v, %v", steps[1], s)
	}
	if total := v["total"].(map[string]any); total["calls"] != 4.0 || total["answered"] != 3.0 || total["cost"] != 0.25 {
		t.Errorf("%v", total)
	}
	spread := func(n, p50, p95 float64) map[string]any {
		return map[string]any{"turns": n, "p50_ms": p50, "p95_ms": p95}
	}
	vendors := []any{
		map[string]any{"skill": "hearing", "vendor": "deepgram", "heard_latency": spread(2, 60, 100), "own_latency": spread(2, 0, 80)},
		map[string]any{"skill": "speaking", "vendor": "cartesia", "heard_latency": spread(1, 100, 100), "own_latency": spread(1, 70, 70)},
		map[string]any{"skill": "thinking", "vendor": "openai", "heard_latency": spread(2, 60, 100), "own_latency": spread(2, 50, 90)},
	}
	if !reflect.DeepEqual(v["vendors"], vendors) {
		t.Errorf("%v", v["vendors"])
	}
	endings := fmt.Sprint(v["ended_reasons"])
	if !strings.Contains(endings, "map[calls:1 ended_reason:busy fault:callee outgoing:1]") || len(v["ended_reasons"].([]any)) != 4 {
		t.Error(endings)
	}
	if agents := v["agents"].([]any); len(agents) != 1 || agents[0].(map[string]any)["agent"] != agent || agents[0].(map[string]any)["stt_seconds"] != 12.5 {
		t.Error(agents)
	}
	if total := h.do(h.a, "GET", ask+"&agent="+agent, "").object()["total"].(map[string]any); total["calls"] != 1.0 {
		t.Error(total)
	}
	if total := h.do(h.b, "GET", ask, "").object()["total"].(map[string]any); total["calls"] != 0.0 || total["heard_latency"] != nil {
		t.Errorf("another tenant's: %v", total)
	}
}

// TestOverviewSteps: steps begin where a clock of the zone begins one, also where clocks are put forward and back.
func TestOverviewSteps(t *testing.T) {
	now := time.Date(2026, 11, 27, 21, 10, 0, 0, time.UTC)
	for query, want := range map[string]string{
		"": "hour 2026-11-26T21:00:00Z … 2026-11-27T22:00:00Z 25",
		"from=2026-11-27T21:00:00Z&to=2026-11-27T22:00:00Z":                                   "hour 2026-11-27T21:00:00Z … 2026-11-27T22:00:00Z 1",
		"from=2026-11-20T00:00:00Z":                                                           "day 2026-11-20T00:00:00Z … 2026-11-28T00:00:00Z 8",
		"from=1795813200":                                                                     "hour 2026-11-27T21:00:00Z … 2026-11-27T22:00:00Z 1",
		"from=2026-11-24T21:10:00Z&time_zone=Asia/Kathmandu":                                  "hour 2026-11-24T20:15:00Z … 2026-11-27T21:15:00Z 73",
		"from=2026-11-27T12:00:00Z&by=day&time_zone=Asia/Kathmandu":                           "day 2026-11-26T18:15:00Z … 2026-11-28T18:15:00Z 2",
		"from=2026-11-27T00:00:00Z&by=week&time_zone=Europe/Berlin":                           "week 2026-11-22T23:00:00Z … 2026-11-29T23:00:00Z 1",
		"from=2026-10-24T12:00:00Z&to=2026-10-26T12:00:00Z&by=day&time_zone=Europe/Berlin":    "day 2026-10-23T22:00:00Z … 2026-10-26T23:00:00Z 3",
		"from=2026-10-24T22:00:00Z&to=2026-10-25T23:00:00Z&by=hour&time_zone=Europe/Berlin":   "hour 2026-10-24T22:00:00Z … 2026-10-25T23:00:00Z 25",
		"from=2025-09-05T12:00:00Z&to=2025-09-08T12:00:00Z&by=day&time_zone=America/Santiago": "day 2025-09-05T04:00:00Z … 2025-09-09T03:00:00Z 4",
		"from=2026-01-31T00:00:00Z&to=2026-12-31T00:00:00Z&by=month":                          "month 2026-01-01T00:00:00Z … 2027-01-01T00:00:00Z 12",
		"from=2025-01-31T00:00:00Z&to=2025-03-01T00:00:00Z":                                   "day 2025-01-31T00:00:00Z … 2025-03-01T00:00:00Z 29",
		"from=2025-01-01T00:00:00Z":                                                           "week 2024-12-30T00:00:00Z … 2026-11-30T00:00:00Z 100",
		"from=2020-01-01T00:00:00Z":                                                           "month 2020-01-01T00:00:00Z … 2026-12-01T00:00:00Z 83",
		"from=2026-11-27T22:00:00Z":                                                           "from must lie before to",
		"from=yesterday&to=tomorrow":                                                          "from must be a time",
		"by=minute":                                                                           "by must be one of hour, day, week, month",
		"time_zone=Atlantis":                                                                  "time_zone must be a time zone",
		"time_zone=../../etc/passwd":                                                          "time_zone must be a time zone",
		"time_zone=local":                                                                     "time_zone must be a time zone",
		"from=2020-01-01T00:00:00Z&by=hour":                                                   "more than 1000 steps of a hour",
		"from=2000-01-01T00:00:00Z&to=2199-12-31T00:00:00Z&by=week":                           "more than 1000 steps",
	} {
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		s, err := (&request{query: values}).span(now)
		if err != nil {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %s", query, err, want)
			}
			continue
		}
		n := len(s.bounds) - 1
		got := fmt.Sprint(s.by, " ", s.bounds[0].UTC().Format(time.RFC3339), " … ", s.bounds[n].UTC().Format(time.RFC3339), " ", n)
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
		for i := range n {
			if !s.bounds[i].Before(s.bounds[i+1]) || s.bounds[i].UnixMicro()%900e6 != 0 {
				t.Errorf("%s: step %d is from %v to %v", query, i, s.bounds[i], s.bounds[i+1])
			}
		}
	}
}
