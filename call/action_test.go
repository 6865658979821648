package call

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/stt"
)

func acts(b *bench, typ, config string) {
	b.desk.agent.Actions = append(b.desk.agent.Actions, parley.Action{ID: "t1", Type: typ, Config: json.RawMessage(config)})
}

func calls(name, args string) llm.Delta {
	return llm.Delta{Text: "One moment please. ", Call: &llm.Call{ID: "1", Name: name, Args: json.RawMessage(args)}}
}

// asked says something to the agent, whose model calls a tool then.
func asked(t *testing.T, b *bench, said string) {
	t.Helper()
	time.Sleep(3 * time.Second)
	b.ear <- stt.Event{Text: said, Final: true, End: true}
}

func TestAgentTransfers(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_transfer_call", `{"phone_number":"+15550009999"}`)
		b.model = lines(calls("transfer_call", `{}`))
		phones := b.answers(time.Second)
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "give me a human")
		time.Sleep(8 * time.Second)
		person := <-phones
		caller.Hangup()
		<-done
		<-person.Gone()
		c := b.rows.only(t)
		if c.Cause != parley.Transferred || c.Stage != parley.StageTransferSuccessful || b.exchange.dialled[0].To != "+15550009999" {
			t.Errorf("dialled %+v, %+v", b.exchange.dialled, c)
		}
		if got := parley.Transcript(c.Record); !strings.Contains(got, "BOT: One moment please.") {
			t.Errorf("the caller was told nothing:\n%s", got)
		}
		if w := b.book.payload(t, parley.EventTransferring); w != `{"action_id":"t1","to":"+15550009999"}` {
			t.Errorf("transferring: %s", w)
		}
	})
}

// The caller is back with the agent, which knows what happened.
func TestAgentTransfersToNobody(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		acts(b, "action_transfer_call", `{"phone_number":"+15550009999"}`)
		b.model = lines(calls("transfer_call", `{}`), llm.Delta{Text: "They are all busy, I am sorry."})
		b.exchange.answer = func(context.Context, leg.Call) (leg.Leg, error) {
			return nil, &leg.Rejected{Cause: parley.Busy, Code: 486}
		}
		caller, _, done := b.ring(ctx, "desk")
		asked(t, b, "give me a human")
		time.Sleep(10 * time.Second)
		b.ear <- stt.Event{Text: "what now", Final: true, End: true}
		time.Sleep(6 * time.Second)
		caller.Hangup()
		<-done
		c := b.rows.only(t)
		if got := parley.Transcript(c.Record); c.Cause != parley.CallerHungUp || !strings.Contains(got, "They are all busy") {
			t.Errorf("%s\n%s", c.Cause, got)
		}
		has(t, b.book.types(), parley.EventActionStart, parley.EventAction, parley.EventTransferring, parley.EventTransferFailed, parley.EventMessage)
	})
}

func TestActionsOfACall(t *testing.T) {
	for name, tc := range map[string]struct {
		actions []parley.Action
		onEnd   bool
		tools   string
		warned  string
	}{
		"variables":      {[]parley.Action{{Type: "action_transfer_call", Config: json.RawMessage(`{"phone_number":"${desk}"}`)}}, false, "transfer_call", ""},
		"no such number": {[]parley.Action{{Type: "action_transfer_call", Config: json.RawMessage(`{"phone_number":"${nobody}"}`)}}, false, "", "config.phone_number: no value for ${nobody}; it was left out\naction action_transfer_call: config.phone_number is missing"},
		"hostile":        {[]parley.Action{{Type: "action_transfer_call", Config: json.RawMessage(`{"phone_number":"${evil}"}`)}}, false, "", "action action_transfer_call: config.phone_number has a space"},
		"nobody":         {[]parley.Action{{Type: "action_transfer_call"}}, false, "", "action action_transfer_call: config.phone_number: whom"},
		"on end":         {[]parley.Action{{Type: "action_end_conversation"}, {Type: "action_dtmf"}, {Type: "action_transfer_call", Config: json.RawMessage(`{"phone_number":"204"}`)}}, true, "dtmf transfer_call end_conversation", ""},
		"on end, nobody": {[]parley.Action{{Type: "action_end_conversation"}}, true, "end_conversation", "transfer_on_end: the agent has no action that transfers; it ends its calls"},
		"not run":        {[]parley.Action{{Type: "action_trigger_phrase_based"}}, false, "", "action action_trigger_phrase_based: this version does not run it"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &parley.Call{Context: map[string]string{"desk": "+15550001111", "evil": "+1555 0001111\r\nX: y"}}
			s := write(c, &parley.Agent{Actions: tc.actions, Context: parley.Context{TransferOnEnd: &tc.onEnd}}, nil, time.Now())
			var tools []string
			for _, a := range s.setup.Actions {
				tools = append(tools, a.Tool().Name)
			}
			if got := strings.Join(tools, " "); got != tc.tools {
				t.Errorf("tools %q, want %q", got, tc.tools)
			}
			if got := strings.Join(s.warnings, "\n"); !strings.HasPrefix(got, tc.warned) || tc.warned == "" && got != "" {
				t.Errorf("warned %q", got)
			}
			if tc.onEnd && len(tools) > 1 {
				r, err := s.setup.Actions[len(tools)-1].Run(t.Context(), action.Input{})
				if err != nil || r.End.Transfer == nil || r.End.Transfer.To != "204" {
					t.Errorf("at the end: %+v, %v", r, err)
				}
			}
		})
	}
}
