package call

import (
	"fmt"
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
	room     room
	limits   leg.Limits
	record   bool
	refusals bool // it is looked whether the callee asks not to be called again
	warnings []string
}

// write turns an agent into a conversation, with the call's variables filled in.
func write(c *parley.Call, a *parley.Agent, now time.Time) script {
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
	s.setup.Actions = actions(a, fill, &s.warnings)
	if n := len(s.warnings); n > 0 && c.Private { // they repeat the agent's words
		s.warnings = []string{fmt.Sprintf("%d warnings about the agent's fields are withheld: the call is private", n)}
	}
	if names := unheeded(a); names != "" {
		s.warnings = append(s.warnings, "this version does not act on "+names)
	}
	s.room = roomOf(a)
	s.record = a.EnableRecording == nil || *a.EnableRecording
	s.limits.MaxDuration = seconds(a.CallDurationSec, defaultDuration)
	return s
}

// actions are those of the agent's that this version can run. With transfer_on_end the first that transfers is what the end of the call
// comes to.
func actions(a *parley.Agent, fill func(field, text string) string, warnings *[]string) (out []action.Action) {
	site := action.Site{Fill: fill}
	add := func(runs func(typ string) bool) {
		for _, x := range a.Actions {
			if !runs(x.Type) {
				continue
			}
			act, err := action.New(x, site)
			if err != nil {
				*warnings = append(*warnings, fmt.Sprintf("action %s: %v", x.Type, err))
				continue
			}
			out = append(out, act)
		}
	}
	for _, x := range a.Actions {
		if !action.Known(x.Type) {
			*warnings = append(*warnings, fmt.Sprintf("action %s: this version does not run it", x.Type))
		}
	}
	const end = "action_end_conversation"
	add(func(typ string) bool { return action.Known(typ) && typ != end })
	if on(a.TransferOnEnd) {
		if site.OnEnd = action.FirstTransfer(out); site.OnEnd == nil {
			*warnings = append(*warnings, "transfer_on_end: the agent has no action that transfers; it ends its calls")
		}
	}
	add(func(typ string) bool { return typ == end })
	return out
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
