package call

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/llm"
	"github.com/parley-voice/parley/provider/local/responder"
	"github.com/parley-voice/parley/stt"
)

func TestGuardOfAnAgent(t *testing.T) {
	agent := fromJSON(t, `{"language":"de","prompt":{"content":"Be kind."},"guard_rails":{"disclosure":true,"allowed_topics":["${what}"," ","fees"],"never_say":["refund"],"max_cost":1.5}}`)
	s := write(&parley.Call{Context: map[string]string{"what": "cards"}}, agent, nil, time.Now())
	g := s.setup.Guard
	if g.Disclosure != "Sie sprechen mit einem KI-Assistenten." || strings.Join(g.Topics, ",") != "cards,fees" || len(g.NeverSay) != 1 || g.MaxCost != 1.5 {
		t.Errorf("%+v", g)
	}
	want := "Be kind." + llm.Rules + "Talk about nothing but these topics: cards; fees. To anything else say in one sentence that you cannot help with that here.\n" +
		"Never use these words or phrases, in any form: refund."
	if s.setup.Prompt != want || len(s.warnings) > 0 {
		t.Errorf("%q %q", s.setup.Prompt, s.warnings)
	}
	for given, want := range map[string]string{`"I am the robot of ${who|somebody}."`: "I am the robot of somebody.", `false`: "", `""`: "", `null`: ""} {
		agent := fromJSON(t, `{"prompt":{},"guard_rails":{"disclosure":`+given+`}}`)
		if s := write(&parley.Call{}, agent, nil, time.Now()); s.setup.Guard.Disclosure != want || s.setup.Prompt != "" {
			t.Errorf("%s: %+v %q", given, s.setup.Guard, s.setup.Prompt)
		}
	}
}

// TestGuardWithoutAModel: rules do not read the rules out, and disclose and hold their tongue as a model does.
func TestGuardWithoutAModel(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		b.model = responder.New()
		content := "We sell cards and refunds. The office is open on Monday."
		b.desk.agent.Prompt.Content = &content
		b.desk.agent.GuardRails = &parley.GuardRails{Disclosure: json.RawMessage("true"), NeverSay: []string{"refund*"}, AllowedTopics: []string{"what we sell"}}
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		b.ear <- stt.Event{Text: "What do you sell?", Final: true, End: true}
		time.Sleep(6 * time.Second)
		caller.Hangup()
		<-done
		c := b.rows.only(t)
		if len(c.Turns) != 3 || c.Turns[0].Text != "You are talking to an AI assistant. Hello there" || !strings.HasPrefix(c.Turns[2].Text, "We sell cards and .") {
			t.Errorf("%+v", c.Turns)
		}
		if p := b.book.payload(t, parley.EventGuardRail); p != `{"rule":"never_say","text":"refund*"}` {
			t.Error(p)
		}
	})
}

// TestMaxCost: by the price file the call has cost what it may, and the agent says goodbye.
func TestMaxCost(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		most := 0.5
		b.Prices = &Prices{Telephony: map[string]float64{"sip": 6}} // 0.1 a second
		b.ready.Vendors = Vendors{Hearing: "local", Thinking: "local", Speaking: "acme"}
		b.desk.agent.GuardRails = &parley.GuardRails{MaxCost: &most}
		_, _, done := b.ring(ctx, "desk")
		began := time.Now()
		<-done
		c := b.rows.only(t)
		if took := time.Since(began); c.Cause != parley.AgentEnded || took < 5*time.Second || took > 12*time.Second {
			t.Errorf("%s after %v", c.Cause, took)
		}
		if last := c.Turns[len(c.Turns)-1].Text; last != "I have to end this call now. Thank you, and goodbye." {
			t.Error(last)
		}
		if w := strings.Join(c.Warnings, "; "); !strings.Contains(w, "guard_rails.max_cost: the price file has no price for speaking by acme; the limit holds without that") {
			t.Error(w)
		}
	})
}

func TestMaxCostWithoutPrices(t *testing.T) {
	run(t, func(ctx context.Context, b *bench) {
		most := 0.5
		b.desk.agent.GuardRails = &parley.GuardRails{MaxCost: &most}
		caller, _, done := b.ring(ctx, "desk")
		time.Sleep(3 * time.Second)
		caller.Hangup()
		<-done
		if c := b.rows.only(t); len(c.Warnings) != 1 || !strings.Contains(c.Warnings[0], "there is no price file") {
			t.Errorf("%q", c.Warnings)
		}
	})
}
