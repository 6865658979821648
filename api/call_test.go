package api

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// finished is a call with something in every field.
func finished(n *tenant) func(*parley.Call) {
	return func(c *parley.Call) {
		began := time.Date(2026, 11, 23, 9, 30, 0, 120_000_000, time.FixedZone("CET", 3600))
		c.ID, c.AgentID = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
		c.Status, c.IsOutgoing, c.Start, c.End = parley.Failed, true, began, began.Add(65*time.Second)
		cost := 0.031
		c.Created, c.Usage = began.Add(-2*time.Second), parley.Usage{STTSeconds: 62.5, LLMTokensIn: 3120, LLMTokensOut: 240, TTSCharacters: 910, TelephonySeconds: 65, Cost: &cost,
			Early: parley.Early{Used: 9, Discarded: 1, LLMTokensIn: 310, LLMTokensOut: 12, TTSCharacters: 24}}
		c.Agent = json.RawMessage(`{"id":"22222222-2222-4222-8222-222222222222","user_id":"e","prompt":{"id":"p","user_id":"e","content":"x"},"actions":[],"voice":{"id":"v","user_id":"e","api_key":"sk-123456789012345"}}`)
		c.Context, c.Params, c.NoHumanAction = map[string]string{"name": "Bo"}, map[string]string{"X-Tag": "t"}, "hangup"
		c.TelephonyID, c.Metadata, c.Recording, c.TrunkID = "abc@host", map[string]string{"call_id": "abc@host"}, "x.wav", "33333333-3333-4333-8333-333333333333"
		lost, trip := 0.4, 38.25
		c.Quality = &parley.Quality{Codec: "PCMU", Encrypted: true, Sent: 3250, Received: 3244, Lost: 5, Late: 1, Concealed: 6, Jitter: 2.4, FarLost: &lost, RoundTrip: &trip}
		c.Cause, c.ErrorMessage = parley.ProviderFailed, "the model gave no answer"
		c.Turns = []parley.Turn{
			{ID: "t1", Who: parley.Bot, Text: "Hello, how can", Start: 300 * time.Millisecond, End: 1200 * time.Millisecond, Interrupted: true,
				Words: []parley.Span{{Start: 300 * time.Millisecond, End: 620 * time.Millisecond}, {Start: 700 * time.Millisecond, End: 1010 * time.Millisecond}, {Start: 1010 * time.Millisecond, End: 1200 * time.Millisecond}}},
			{ID: "t2", Who: parley.Human, Text: "Stop.", Start: 1100 * time.Millisecond, End: 1600 * time.Millisecond},
			{ID: "t3", Who: parley.Bot, Text: "Yes?", Start: 62*time.Second + 40*time.Millisecond, End: 63 * time.Second,
				Latency: &parley.Latency{Endpointing: 40 * time.Millisecond, LLM: 15500 * time.Microsecond, Total: 55500 * time.Microsecond}},
		}
		c.ActionHistory = []json.RawMessage{json.RawMessage(`{"event_type":"action_completed","action_type":"action_dtmf"}`)}
		c.After = parley.Aftermath{Run: "end", Analysis: "They hung up.", Insights: map[string]json.RawMessage{"mood": json.RawMessage(`"cross"`), "stars": json.RawMessage("1")},
			Support: map[string][]string{"mood": {"t2"}}, Actions: []parley.AfterAction{
				{Key: "k1", ID: "a1", Type: "email", Label: "Follow up", State: parley.AfterDone, Attempts: 2, Status: 250, Ended: began.Add(80 * time.Second)},
				{Key: "k2", ID: "post_call_actions.1", Type: "trigger_custom_api", State: parley.AfterWaiting, Attempts: 1, Status: 503, Error: "it answered 503", Next: began.Add(90 * time.Second)}}}
		c.Warnings = []string{"prompt: no value for ${who}; it was left out"}
		asked := true
		c.Human, c.DoNotCall = "human", &asked
		c.Collected = []parley.Collected{{Name: "email", Kind: "email", Value: "ada@example.com", Confirmed: true}}
	}
}

func TestCallAsShown(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, finished(h.a))
	got := h.do(h.a, "GET", "/v1/calls?id="+id, "").body
	pretty, err := json.MarshalIndent(json.RawMessage(strings.ReplaceAll(string(got), h.a.env, "the environment")), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile("testdata/call.json")
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(pretty)) != strings.TrimSpace(string(want)) {
		t.Errorf("the call is shown as\n%s\nwant testdata/call.json", pretty)
	}
	if l := h.do(h.a, "GET", "/v1/calls/list", "").body; !strings.Contains(string(l), `"agent":"22222222-2222-4222-8222-222222222222"`) {
		t.Errorf("the list shows its agent otherwise than by id: %s", l)
	} else if strings.Contains(string(l), `"words"`) {
		t.Errorf("the list has each word: %s", l)
	}
}

// TestCallIsPlaced: the row, its job and its first event are there when the answer is.
func TestCallIsPlaced(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	sub, cancel := h.db.Log().Subscribe("")
	defer cancel()
	r := h.do(h.a, "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"+15552223333","agent":"`+h.a.ids["agents"]+`"}`)
	id, _ := r.object()["id"].(string)
	c, err := h.db.Call(t.Context(), "", id)
	if err != nil || c.Status != parley.NotStarted || !c.IsOutgoing || c.TrunkID != h.a.ids["account_connections"] || c.Telephony != "sip" {
		t.Errorf("the row is %+v, %v", c, err)
	}
	var agent parley.Agent
	if err := json.Unmarshal(c.Agent, &agent); err != nil || agent.ID != h.a.ids["agents"] || *agent.Prompt.Content != "Be kind." {
		t.Errorf("the snapshot is %s, %v", c.Agent, err)
	}
	if e := <-sub; e.Type != parley.EventCreated || e.CallID != id || !strings.Contains(string(e.Payload), "outbound") {
		t.Errorf("the first event is %+v", e)
	}
}

// placed counts the jobs that a call left.
type placed struct {
	Store
	jobs []store.Job
}

func (p *placed) PlaceCall(ctx context.Context, c parley.Call, first []parley.Event, jobs ...store.Job) error {
	p.jobs = append(p.jobs, jobs...)
	return p.Store.PlaceCall(ctx, c, first, jobs...)
}

func TestJobOfACall(t *testing.T) {
	h := newHouse(t)
	p := &placed{Store: h.db}
	h.api.Store = p
	r := h.do(h.a, "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"sip:a@127.0.0.1","agent":{`+tiny+`}}`)
	if len(p.jobs) != 1 || p.jobs[0].Kind != "dial" || p.jobs[0].Subject != r.object()["id"] || !p.jobs[0].Once {
		t.Errorf("jobs: %+v", p.jobs)
	}
}

func TestMaximumOfCalls(t *testing.T) {
	h := newHouse(t)
	e, err := h.db.CreateEnvironment(t.Context(), store.Environment{Name: "small", MaxCalls: 2})
	if err != nil {
		t.Fatal(err)
	}
	small := &tenant{env: e.ID, key: "a key that the operator chose", ids: map[string]string{}}
	if _, err := h.db.CreateKey(t.Context(), store.APIKey{EnvironmentID: e.ID, Prefix: "a"}, secret.HashAPIKey(small.key)); err != nil {
		t.Fatal(err)
	}
	body := `{"from_number":"+15550001111","to_number":"sip:a@127.0.0.1","agent":{` + tiny + `}}`
	if r := h.do(small, "POST", "/v1/calls/create", body); r.status != 201 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	h.call(small, func(*parley.Call) {})
	if r := h.do(small, "POST", "/v1/calls/create", body); r.status != 429 || r.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", r.status, r.body)
	}
}

func TestLiveActions(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, func(*parley.Call) {})
	h.live.running[id] = func() {
		err := h.db.UpdateCall(t.Context(), id, func(c *parley.Call) error {
			c.Status, c.Cause, c.End = parley.Ended, parley.AgentEnded, time.Now()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	for _, row := range [][2]string{{"say", `{"text":"Hold on."}`}, {"add_context", `{"text":"She is a member."}`}, {"dtmf", `{"digits":"12#"}`},
		{"transfer", `{"phone_number":" 15559990000"}`}, {"mute", `{"on":true}`}, {"mute", `{"on":false}`}} {
		if r := h.do(h.a, "POST", "/v1/calls/"+row[0]+"?id="+id, row[1]); r.status != 200 {
			t.Errorf("%s: %d %s", row[0], r.status, r.body)
		}
	}
	for _, want := range []Command{{Act: Say, Text: "Hold on."}, {Act: AddContext, Text: "She is a member."}, {Act: Press, Text: "12#"},
		{Act: Transfer, Text: "+15559990000"}, {Act: Mute, On: true}, {Act: Mute}} {
		found := false
		for _, got := range h.live.said {
			found = found || got == want
		}
		if !found {
			t.Errorf("%+v did not reach the call: %+v", want, h.live.said)
		}
	}
	if r := h.do(h.a, "POST", "/v1/calls/transfer?id="+id, `{"phone_number":"+15559990000,,204","mode":"warm","briefing":"It is Ann.","answer_timeout_seconds":12}`); r.status != 200 {
		t.Errorf("warm: %d %s", r.status, r.body)
	}
	last := h.live.said[len(h.live.said)-1].Transfer
	if last == nil || last.To != "+15559990000" || last.Extension != ",,204" || last.Warm == nil || *last.Warm != (parley.Warm{Briefing: "It is Ann.", Answer: 12 * time.Second}) {
		t.Errorf("warm: %+v", h.live.said)
	}
	if r := h.do(h.a, "POST", "/v1/calls/end?id="+id, ""); r.status != 200 || r.object()["ended_reason"] != "agent_ended" {
		t.Errorf("end: %d %s", r.status, r.body)
	}
}

// TestCancelled: ending a call that waits leaves the event that webhooks wait for.
func TestCancelled(t *testing.T) {
	h := newHouse(t)
	id := h.call(h.a, func(c *parley.Call) { c.Status, c.Start = parley.NotStarted, time.Time{} })
	h.do(h.a, "POST", "/v1/calls/end?id="+id, "")
	events, err := h.db.Log().Events(t.Context(), id, 0, 0)
	if err != nil || len(events) != 1 || events[0].Type != parley.EventDidNotConnect {
		t.Errorf("%+v %v", events, err)
	}
}

// lateLive knows a call only from the second question on: its dialling had just begun at the first.
type lateLive struct{ asked, ended int }

func (l *lateLive) Control(context.Context, string, Command) error { return nil }
func (l *lateLive) Listen(context.Context, string, int, io.Writer, func() error) error {
	return parley.NotFound("running call")
}
func (l *lateLive) Discreet(string) bool { return false }
func (l *lateLive) Runs(string) bool     { return true }
func (l *lateLive) End(context.Context, string) error {
	if l.asked++; l.asked == 1 {
		return parley.NotFound("running call")
	}
	l.ended++
	return nil
}

func TestEndWhileDiallingBegins(t *testing.T) {
	h := newHouse(t)
	late := &lateLive{}
	h.api.Live = late
	id := h.call(h.a, func(c *parley.Call) { c.Status, c.Start = parley.NotStarted, time.Time{} })
	if r := h.do(h.a, "POST", "/v1/calls/end?id="+id, ""); r.status != 200 || r.object()["status"] != "ended" || late.ended != 1 {
		t.Errorf("%d %s, ended %d times", r.status, r.body, late.ended)
	}
}
