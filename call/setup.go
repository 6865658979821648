package call

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/turn"
)

// Defaults of the contract (SPEC §4).
const (
	defaultDuration = 1800 * time.Second
	defaultIdle     = 15 * time.Second
	defaultChecks   = 2
)

// A script is what an agent's fields come to on one call, and what the owner should know about them.
type script struct {
	setup    conversation.Setup
	room     acoustics
	limits   leg.Limits
	record   bool
	refusals bool                  // it is looked whether the callee asks not to be called again
	endings  []conversation.Reflex // what is run when the agent's part is over
	papers   parley.Knowledge      // what is looked up
	warnings []string
}

// write turns an agent into a conversation, with the call's variables filled in. Its actions are run at the site; nil: nowhere.
func write(c *parley.Call, a *parley.Agent, at *action.Site, now time.Time) script {
	vars := variables(c, now)
	var s script
	fill := func(field, text string) string {
		out, missing := Fill(text, vars)
		for _, m := range missing {
			s.warnings = append(s.warnings, fmt.Sprintf("%s: no value for ${%s}; it was left out", field, m))
		}
		return out
	}
	s.setup = conversation.Setup{
		CallID:        c.ID,
		Greeting:      fill("initial_message", text(a.InitialMessage)),
		GreetingDelay: time.Duration(orFloat(a.InitialMessageDelay, 0) * float64(time.Millisecond)),
		Thinking: conversation.Thinking{
			Temperature:     a.Temperature,
			ReasoningEffort: text(a.ReasoningEffort),
			Verbosity:       text(a.Verbosity),
			Seed:            a.Seed,
		},
		Turns: turns(a),
		Idle:  idle(a),
	}
	if c.IsOutgoing {
		s.setup.Callee = callee(c, a)
		s.setup.Callee.Message = fill("voicemail_message", text(a.VoicemailMessage))
		s.refusals = on(a.DoNotCallDetect)
	}
	if a.Prompt != nil {
		content, gone := withoutBlocks(text(a.Prompt.Content))
		for _, label := range gone {
			s.warnings = append(s.warnings, fmt.Sprintf("prompt: there is no block %q, or it leads back to itself; it was left out", label))
		}
		s.setup.Prompt = fill("prompt", content)
	}
	s.setup.Hearing.Language = a.Language
	s.setup.Speaking.Language = a.Language
	s.setup.Hearing.Keywords, s.warnings = keywords(a.DeepgramKeywords, s.warnings)
	if !c.Private { // some vendors take them in an address, and addresses are logged
		s.setup.Hearing.Keywords = expect(s.setup.Hearing.Keywords, names(c.Context))
	}
	s.setup.Hearing.Phrases = phrases(s.setup.Prompt, s.setup.Greeting, a.Actions)
	s.act(c, a, at, fill)
	s.collects(c, a, fill)
	s.guards(a, fill)
	if n := len(s.warnings); n > 0 && c.Private { // they repeat the agent's words
		s.warnings = []string{fmt.Sprintf("%d warnings about the agent's fields are withheld: the call is private", n)}
	}
	s.room, s.papers = acousticsOf(a), a.Knowledge
	s.record = a.EnableRecording == nil || *a.EnableRecording
	s.limits.MaxDuration = seconds(a.CallDurationSec, defaultDuration)
	return s
}

// know adds to the prompt what is known from earlier calls.
func (s *script) know(what string) {
	if what != "" {
		s.setup.Prompt = strings.TrimSpace(s.setup.Prompt + "\n\n" + what)
	}
}

// act makes what the agent can do: those of its actions that this version can run, and what it does by rule. With transfer_on_end the
// first that transfers is what the end of the call comes to.
func (s *script) act(c *parley.Call, a *parley.Agent, at *action.Site, fill func(field, text string) string) {
	r := rules{own: a.Actions, warnings: &s.warnings}
	if at != nil {
		r.site = *at
	}
	r.site.CallID, r.site.Fill = c.ID, fill
	add := func(runs func(typ string) bool) {
		for _, x := range a.Actions {
			if !runs(x.Type) {
				continue
			}
			act, err := action.New(x, r.site)
			if err != nil {
				r.warn("action %s: %v", x.Type, err)
			} else if by := r.phrases(x); by != nil {
				r.triggered(act, by)
			} else {
				s.setup.Actions = append(s.setup.Actions, act)
			}
		}
	}
	for _, x := range a.Actions {
		if !action.Known(x.Type) {
			r.warn("action %s: this version does not run it", x.Type)
		}
	}
	const end = "action_end_conversation"
	add(func(typ string) bool { return action.Known(typ) && typ != end })
	s.offHold(a, &r)
	if on(a.TransferOnEnd) {
		if r.site.OnEnd = action.FirstTransfer(s.setup.Actions); r.site.OnEnd == nil {
			r.warn("transfer_on_end: the agent has no action that transfers; it ends its calls")
		}
	}
	add(func(typ string) bool { return typ == end })
	for i, raw := range a.Skills.Skills {
		r.skill(i, raw)
	}
	for i, raw := range a.ActivityActions {
		r.activity(i, raw)
	}
	s.setup.Reflexes, s.endings = r.reflexes, r.endings
}

// offHold gives an agent that puts callers on hold to call somebody the means to bring them in, where its owner has not.
func (s *script) offHold(a *parley.Agent, r *rules) {
	has := func(typ string) bool {
		return slices.ContainsFunc(a.Actions, func(x parley.Action) bool { return x.Type == typ })
	}
	const hold = "action_set_hold"
	if !has("action_add_to_conference") || has(hold) {
		return
	}
	act, err := action.New(parley.Action{Type: hold}, r.site)
	if err != nil {
		r.warn("action %s: %v", hold, err)
		return
	}
	s.setup.Actions = append(s.setup.Actions, act)
}

func turns(a *parley.Agent) turn.Options {
	return turn.Options{
		Language:               a.Language,
		InterruptSensitivity:   a.InterruptSensitivity,
		EndpointingSensitivity: a.EndpointingSensitivity,
		Speed:                  orFloat(a.ConversationSpeed, 1),
		Dynamic:                a.EnableDynamicTurns != nil && *a.EnableDynamicTurns,
		DynamicMinWait:         orFloat(a.DynamicMinWaitSecs, 0.2),
		DynamicMaxSilence:      orFloat(a.DynamicMaxSilenceSecs, 3),
		MinVolume:              orFloat(a.MinVolume, 0),
	}
}

func idle(a *parley.Agent) conversation.Idle {
	after := seconds(a.IdleTimeSeconds, defaultIdle)
	return conversation.Idle{
		Ask:              a.AskIfHumanPresent != nil && *a.AskIfHumanPresent,
		After:            after,
		AfterInteraction: seconds(a.IdleAfterInteraction, after),
		MaxInARow:        int(orFloat(a.MaxIdleChecks, defaultChecks)),
		MaxInCall:        int(orFloat(a.MaxAggregateIdleCheck, 0)),
	}
}

func callee(c *parley.Call, a *parley.Agent) *conversation.Callee {
	return &conversation.Callee{HangUp: c.NoHumanAction == "hangup", Dynamic: on(a.DynamicVMDetect), WordsOnly: on(a.LLMVMDetectOnly),
		Navigate: a.IVRNavigationMode != "" && a.IVRNavigationMode != "off"}
}

func on(b *bool) bool { return b != nil && *b }

func text(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

func orFloat(p *float64, fallback float64) float64 {
	if p == nil {
		return fallback
	}
	return *p
}

func seconds(p *float64, fallback time.Duration) time.Duration {
	if p == nil {
		return fallback
	}
	return time.Duration(*p * float64(time.Second))
}
