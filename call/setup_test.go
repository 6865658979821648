package call

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// fromJSON reads an agent as the API keeps it.
func fromJSON(t *testing.T, doc string) *parley.Agent {
	t.Helper()
	var a parley.Agent
	if err := json.Unmarshal([]byte(doc), &a); err != nil {
		t.Fatal(err)
	}
	return &a
}

func TestWriteDefaults(t *testing.T) {
	s := write(&parley.Call{ID: "c"}, fromJSON(t, `{"prompt":{"content":"Be kind."},"voice":{},"actions":[]}`), nil, time.Now())
	su := s.setup
	if su.CallID != "c" || su.Prompt != "Be kind." || su.Greeting != "" || su.GreetingDelay != 0 {
		t.Errorf("%+v", su)
	}
	if su.Idle.Ask || su.Idle.After != 15*time.Second || su.Idle.AfterInteraction != 15*time.Second || su.Idle.MaxInARow != 2 || su.Idle.MaxInCall != 0 {
		t.Errorf("idle: %+v", su.Idle)
	}
	if su.Turns.Speed != 1 || su.Turns.Dynamic || su.Turns.DynamicMinWait != 0.2 || su.Turns.DynamicMaxSilence != 3 || su.Turns.MinVolume != 0 {
		t.Errorf("turns: %+v", su.Turns)
	}
	if s.limits.MaxDuration != 30*time.Minute || !s.record || len(s.warnings) != 0 {
		t.Errorf("%+v %v %v", s.limits, s.record, s.warnings)
	}
}

func TestWriteTakesEveryFieldItKnows(t *testing.T) {
	a := fromJSON(t, `{
	 "prompt":{"content":"You serve {{name}} of ${company}."}, "voice":{"type":"voice_local"}, "language":"es",
	 "initial_message":"Hola ${name}", "initial_message_delay":1500,
	 "interrupt_sensitivity":"high", "endpointing_sensitivity":"sensitive", "conversation_speed":1.5,
	 "enable_dynamic_turns":true, "dynamic_min_wait_secs":0.1, "dynamic_max_silence_secs":2, "min_volume":7,
	 "ask_if_human_present_on_idle":true, "idle_time_seconds":9, "idle_after_interaction_seconds":5, "max_idle_check_count":4, "max_aggregate_idle_check_count":6,
	 "call_duration_sec":60, "llm_temperature":0.3, "reasoning_effort":"low", "verbosity":"high", "llm_seed":7, "enable_recording":false,
	 "deepgram_keywords":{"kansas":"10","ohio":2.5,"texas":"much","iowa":true},
	 "actions":[{"id":"1","type":"action_end_conversation","config":{}},{"id":"2","type":"action_trigger_phrase_based","config":{}}]}`)
	s := write(&parley.Call{Context: map[string]string{"name": "Ada"}}, a, nil, time.Now())
	su := s.setup
	if su.Prompt != "You serve Ada of ." || su.Greeting != "Hola Ada" || su.GreetingDelay != 1500*time.Millisecond {
		t.Errorf("%q %q %v", su.Prompt, su.Greeting, su.GreetingDelay)
	}
	if o := su.Turns; o.Language != "es" || o.InterruptSensitivity != "high" || o.EndpointingSensitivity != "sensitive" || o.Speed != 1.5 ||
		!o.Dynamic || o.DynamicMinWait != 0.1 || o.DynamicMaxSilence != 2 || o.MinVolume != 7 {
		t.Errorf("turns: %+v", o)
	}
	if i := su.Idle; !i.Ask || i.After != 9*time.Second || i.AfterInteraction != 5*time.Second || i.MaxInARow != 4 || i.MaxInCall != 6 {
		t.Errorf("idle: %+v", i)
	}
	if th := su.Thinking; *th.Temperature != 0.3 || th.ReasoningEffort != "low" || th.Verbosity != "high" || *th.Seed != 7 {
		t.Errorf("thinking: %+v", th)
	}
	if s.limits.MaxDuration != time.Minute || s.record {
		t.Errorf("%v %v", s.limits, s.record)
	}
	if k := su.Hearing.Keywords; k["kansas"] != 10 || k["ohio"] != 2.5 || k["texas"] != 1 || k["iowa"] != 1 || su.Hearing.Language != "es" || su.Speaking.Language != "es" {
		t.Errorf("hearing: %+v", su.Hearing)
	}
	if len(su.Actions) != 1 || su.Actions[0].Describe().Type != "action_end_conversation" {
		t.Errorf("actions: %v", su.Actions)
	}
	all := strings.Join(s.warnings, "\n")
	for _, want := range []string{"no value for ${company}", "texas", "iowa", "action_trigger_phrase_based"} {
		if !strings.Contains(all, want) {
			t.Errorf("no warning about %s in\n%s", want, all)
		}
	}
}

func TestPhrasesAreBoundedAndGreetingFirst(t *testing.T) {
	got := phrases(strings.Repeat("A rule.\n", 500), "Hello! How are you?", []parley.Action{{Label: ptr("Book a table")}})
	if len(got) != maxPhrases || !slices.Equal(got[:3], []string{"Hello", "How are you", "Book a table"}) {
		t.Errorf("%d phrases, first %q", len(got), got[:3])
	}
}

func ptr(s string) *string { return &s }
