package call

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

const transferAction = `{"id":"t1","type":"action_transfer_call","config":{"phone_number":"+15550009999"}`

func TestRulesOfAnAgent(t *testing.T) {
	agent := fromJSON(t, `{"prompt":{},"actions":[
		`+transferAction+`,"action_trigger":{"type":"action_trigger_phrase_based","config":{"phrase_triggers":[{"phrase":"putting you through"},{"phrase":" "},{"phrase":"a moment"}]}}},
		{"id":"e1","type":"action_end_conversation","action_trigger":{"type":"action_trigger_function_call","config":{}}}],
	"skills":[{"type":"skill_call_routing","config":{"rules":[{"speaker":"human","phrase":"billing","recipient_name":"Bill","phone_number":"${desk}"},
		{"speaker":"bot","phrase":"sales","recipient_name":"Sal","phone_number":"204"}]}}],
	"activity_actions":[{"activity":"time_elapsed","config":{"seconds":1.5},"action":"e1"},{"activity":"call_connected","action":{"type":"action_dtmf"},"parameters":{"digits":"1"}},
		{"activity":"phrase_said","config":{"speaker":"human","phrase":"bye"},"action":"e1"},{"activity":"caller_idle","action":"t1"},{"activity":"human_detected","action":"t1"},
		{"activity":"voicemail_detected","action":"t1"},{"activity":"call_ending","action":{"type":"action_external","config":{"name":"log","url":"https://e.com"}}}]}`)
	s := write(&parley.Call{Context: map[string]string{"desk": "+15550001111"}}, agent, nil, time.Now())
	if len(s.warnings) != 0 {
		t.Errorf("warned %q", s.warnings)
	}
	var got []string
	for _, r := range s.setup.Reflexes {
		x := fmt.Sprint(r.On, " ", r.Who, " ", r.Phrase, " ", r.After, " ", r.Action.Describe().Type, r.Action.Describe().Label, " ", string(r.Args))
		got = append(got, strings.Join(strings.Fields(x), " "))
	}
	want := []string{"phrase_said bot putting you through 0s action_transfer_call", "phrase_said bot a moment 0s action_transfer_call",
		"phrase_said human billing 0s action_transfer_callBill", "phrase_said bot sales 0s action_transfer_callSal",
		"time_elapsed 1.5s action_end_conversation", `call_connected 0s action_dtmf {"digits":"1"}`, "phrase_said human bye 0s action_end_conversation",
		"caller_idle 0s action_transfer_call", "human_detected 0s action_transfer_call", "voicemail_detected 0s action_transfer_call"}
	if g, w := strings.Join(got, "\n"), strings.Join(want, "\n"); g != w {
		t.Errorf("got\n%s\nwant\n%s", g, w)
	}
	if len(s.endings) != 1 || len(s.setup.Actions) != 1 || s.setup.Actions[0].Tool().Name != "end_conversation" {
		t.Errorf("%d at the end, tools %v", len(s.endings), s.setup.Actions)
	}
}

func TestRulesThatDoNotHold(t *testing.T) {
	for doc, want := range map[string]string{
		`"skills":[7]`: "skills.0: not a skill", `"skills":[{"type":"skill_dance"}]`: `skills.0: this version does not know "skill_dance"`,
		`"skills":[{"type":"skill_call_routing","config":{"rules":[{"speaker":"cat","phrase":"x","phone_number":"204"}]}}]`:    "skills.0.config.rules.0.speaker: bot or human",
		`"skills":[{"type":"skill_call_routing","config":{"rules":[{"speaker":"bot","phrase":" ","phone_number":"204"}]}}]`:    "skills.0.config.rules.0.phrase is missing",
		`"skills":[{"type":"skill_call_routing","config":{"rules":[{"speaker":"bot","phrase":"x","phone_number":"nobody"}]}}]`: "skills.0.config.rules.0: config.phone_number must be",
		`"activity_actions":["x"]`:                                                                                "activity_actions.0: not as expected",
		`"activity_actions":[{"activity":"rain","action":"e1"}]`:                                                  "activity_actions.0.activity: call_connected,",
		`"activity_actions":[{"activity":"time_elapsed","action":"e1"}]`:                                          "activity_actions.0.config.seconds: a number",
		`"activity_actions":[{"activity":"time_elapsed","config":{"seconds":-1}}]`:                                "activity_actions.0.config.seconds: a number",
		`"activity_actions":[{"activity":"phrase_said","config":{"phrase":"x"}}]`:                                 "activity_actions.0.config: speaker",
		`"activity_actions":[{"activity":"call_connected","action":"nobody"}]`:                                    "activity_actions.0.action: the agent has no action nobody",
		`"activity_actions":[{"activity":"call_connected"}]`:                                                      "activity_actions.0.action: an action with type",
		`"activity_actions":[{"activity":"call_connected","action":{"type":"action_dance"}}]`:                     "activity_actions.0.action: type: this version cannot run action_dance",
		`"actions":[` + transferAction + `,"action_trigger":{"type":"action_trigger_phrase_based","config":{}}}]`: "action action_transfer_call: action_trigger has no phrases",
	} {
		s := write(&parley.Call{}, fromJSON(t, `{"prompt":{},`+doc+`}`), nil, time.Now())
		if len(s.warnings) != 1 || !strings.HasPrefix(s.warnings[0], want) || len(s.setup.Reflexes)+len(s.endings) != 0 {
			t.Errorf("%s: warned %q, want %q", doc, s.warnings, want)
		}
	}
}

func TestRoutingSkill(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.desk.agent.Skills.Skills = []json.RawMessage{json.RawMessage(`{"type":"skill_call_routing","config":{"rules":[{"speaker":"human","phrase":"Billing, please","recipient_name":"Bill","phone_number":"+15550009999"}]}}`)}
		b.model = lines(llm.Delta{Text: "Let me see what I can do about that for you today."})
		phones := b.answers(time.Second)
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		b.ear <- stt.Event{Text: "Billing please!", Final: true, End: true}
		time.Sleep(6 * time.Second)
		person := <-phones
		caller.Hangup()
		<-done
		<-person.Gone()
		if c := b.rows.only(t); c.Cause != parley.Transferred || b.exchange.dialled[0].To != "+15550009999" {
			t.Errorf("dialled %+v, %+v", b.exchange.dialled, c)
		}
		has(t, b.book.types(), parley.EventTurnEnded, parley.EventActionStart, parley.EventTransferring, parley.EventTransferred)
	})
}

// What is run at the end is run once the caller has gone, and is on the call.
func TestCallEnding(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.Fetch = &crm{answers: map[string]fetch.Response{"/log": knows(`{"result":{"kept":true}}`)}}
		b.desk.agent.ActivityActions = []json.RawMessage{json.RawMessage(`{"activity":"call_ending","action":{"type":"action_external","label":"log","config":{"name":"log","url":"https://crm.example/log"}}}`),
			json.RawMessage(`{"activity":"call_ending","action":{"type":"action_external","label":"hangs","config":{"name":"hang","url":"https://crm.example/hang"}}}`),
			json.RawMessage(`{"activity":"call_ending","action":{"type":"action_dtmf"}}`)}
		p, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		p.Hangup()
		<-done
		c := b.rows.only(t)
		var all []string
		for _, h := range c.ActionHistory {
			all = append(all, string(h))
		}
		got := strings.Join(all, "\n")
		if !strings.Contains(got, `"result":{"json":{"kept":true},"http_status_code":200,"error":null}`) || !strings.Contains(got, "no answer within 10s") || len(all) != 2 {
			t.Errorf("the history: %s", got)
		}
		if w := strings.Join(c.Warnings, "\n"); !strings.Contains(w, "action_dtmf: - at '': missing property 'digits'") {
			t.Errorf("warned %q", w)
		}
		if c.Cause != parley.CallerHungUp {
			t.Errorf("%+v", c)
		}
	})
}
