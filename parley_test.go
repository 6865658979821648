package parley_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func TestTranscript(t *testing.T) {
	r := parley.Record{
		Turns: []parley.Turn{
			{Who: parley.Bot, Text: "Hello, how can\nI help?", Start: 40 * time.Millisecond},
			{Who: parley.Human, Text: "What are your hours?", Start: 3210 * time.Millisecond, Interrupted: true},
			{Who: parley.Bot, Text: "We are open", Start: 62*time.Second + 450*time.Millisecond, Interrupted: true},
			{Who: parley.Human, Text: "bye", Start: 100*time.Minute + time.Second},
		},
		Notes: []parley.Note{{At: 61 * time.Second, Text: "BOT_ACTION_START: end_conversation"}},
	}
	want := strings.Join([]string{
		"[00:00.04] BOT: Hello, how can I help?",
		"[00:03.21] HUMAN: What are your hours?",
		"[01:01.00] BOT_ACTION_START: end_conversation",
		"[01:02.45] BOT: We are open-",
		"[100:01.00] HUMAN: bye",
	}, "\n")
	if got := parley.Transcript(r); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := parley.Transcript(parley.Record{}); got != "" {
		t.Errorf("an empty call has the transcript %q", got)
	}
}

func TestTurnJSON(t *testing.T) {
	in := parley.Turn{ID: "t1", Who: parley.Bot, Text: "hi", Start: 1500 * time.Millisecond, End: 2 * time.Second, Interrupted: true,
		Latency: &parley.Latency{STT: 300 * time.Millisecond, LLM: 200500 * time.Microsecond, Total: 500500 * time.Microsecond, Actions: time.Millisecond, Silence: 40 * time.Millisecond}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"start_ms":1500`, `"who":"bot"`, `"llm_ms":200.5`, `"actions_ms":1`, `"tts_silence_ms":40`, `"interrupted":true`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %s", b, want)
		}
	}
	var out parley.Turn
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(in, out) {
		t.Errorf("came back as %+v", out)
	}
	if err := json.Unmarshal([]byte(`{"start_ms":"x"}`), &out); err == nil {
		t.Error("a turn with words for a time was read")
	}
}

func TestEveryCauseHasAFaultAndAnOutcome(t *testing.T) {
	outcomes := map[string]bool{"human_unanswered": true, "call_did_not_connect": true, "human_disconnected": true, "bot_disconnected": true}
	if n := len(parley.Causes()); n != 17 {
		t.Errorf("%d causes, the contract has 17", n)
	}
	for _, c := range parley.Causes() {
		if c.Fault() == "" || !outcomes[c.StageOutcome()] {
			t.Errorf("%s: fault %q, stage_outcome %q", c, c.Fault(), c.StageOutcome())
		}
	}
	for c, failed := range map[parley.Cause]bool{
		parley.CallerHungUp: false, parley.Busy: false, parley.Unreachable: false, parley.Cancelled: false, parley.Expired: false,
		parley.ProviderFailed: true, parley.Configuration: true, parley.NodeLost: true, parley.Unknown: true, "made up": true,
	} {
		if c.Failed() != failed {
			t.Errorf("%s: Failed is %v", c, !failed)
		}
	}
}

func TestErrors(t *testing.T) {
	err := fmt.Errorf("creating the call: %w", parley.NotFound("agent"))
	if !parley.IsNotFound(err) || parley.IsNotFound(parley.Invalid("x", "x is bad")) || parley.IsNotFound(errors.New("no")) {
		t.Error("IsNotFound tells wrong")
	}
	var e *parley.Error
	if !errors.As(err, &e) || e.Code != "not_found" || e.Error() != "agent not found" {
		t.Errorf("%+v", e)
	}
}

// TestAgentKeepsEveryFieldOfTheContract reads the published schema and finds each of its fields again.
func TestAgentKeepsEveryFieldOfTheContract(t *testing.T) {
	fields := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(typ reflect.Type) {
		for i := range typ.NumField() {
			f := typ.Field(i)
			if f.Anonymous {
				walk(f.Type)
				continue
			}
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			fields[name] = true
		}
	}
	walk(reflect.TypeFor[parley.Agent]())
	b, err := os.ReadFile("testdata/create-agent.fields")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range strings.Fields(string(b)) {
		if !fields[f] {
			t.Errorf("the contract's agent has %s, ours has not", f)
		}
	}
}

func TestEventTypes(t *testing.T) {
	e := parley.NewEvent("c", parley.EventMessage, map[string]string{"text": "hi"})
	if e.CallID != "c" || string(e.Payload) != `{"text":"hi"}` || e.Time.IsZero() || e.Time.Location() != time.UTC {
		t.Errorf("%+v", e)
	}
	for typ, want := range map[parley.EventType]bool{parley.EventMessage: true, parley.EventEnded: true, parley.EventPartial: false, parley.EventWarning: false} {
		if typ.Webhookable() != want {
			t.Errorf("%s: Webhookable is %v", typ, !want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a payload that cannot be written went through")
		}
	}()
	parley.NewEvent("c", parley.EventMessage, func() {})
}

// TestTimedWords: words are those between white space; when times and words do not fit, there are none.
func TestTimedWords(t *testing.T) {
	turn := parley.Turn{Text: " Good  morning. ", Words: []parley.Span{{Start: time.Second, End: 1400 * time.Millisecond}, {Start: 1500 * time.Millisecond, End: 2 * time.Second}}}
	if got := turn.Timed(); !slices.Equal(got, []parley.ShownWord{{Text: "Good", Start: 1000, End: 1400}, {Text: "morning.", Start: 1500, End: 2000}}) {
		t.Error(got)
	}
	if b, err := json.Marshal(turn); err != nil || strings.Contains(string(b), "words") {
		t.Errorf("%s %v", b, err)
	}
	turn.Text = "Good"
	if got := turn.Timed(); got != nil {
		t.Error(got)
	}
	if got := (parley.Turn{Text: "untimed"}).Timed(); got != nil {
		t.Error(got)
	}
}
