package call

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/action"
	"github.com/parley-voice/parley/collect"
	"github.com/parley-voice/parley/conversation"
)

// callEnding is the activity that no conversation sees: the agent's part of the call is over.
const callEnding = "call_ending"

const triggerPhrases = "action_trigger_phrase_based"

// A rules is what an agent does by rule: with phrases that trigger its actions, skills and activity_actions.
type rules struct {
	site     action.Site
	own      []parley.Action // the agent's
	warnings *[]string
	reflexes []conversation.Reflex
	endings  []conversation.Reflex // when the agent's part is over
}

func (r *rules) warn(format string, args ...any) {
	*r.warnings = append(*r.warnings, fmt.Sprintf(format, args...))
}

// phrases are those that trigger an action; nil: the model decides.
func (r *rules) phrases(a parley.Action) (phrases []string) {
	var t struct {
		Type   string `json:"type"`
		Config struct {
			Triggers []struct {
				Phrase string `json:"phrase"`
			} `json:"phrase_triggers"`
		} `json:"config"`
	}
	if json.Unmarshal(a.ActionTrigger, &t) != nil || t.Type != triggerPhrases {
		return nil
	}
	phrases = []string{}
	for _, p := range t.Config.Triggers {
		if p := strings.TrimSpace(p.Phrase); p != "" {
			phrases = append(phrases, p)
		}
	}
	if len(phrases) == 0 {
		r.warn("action %s: action_trigger has no phrases; nothing runs it", a.Type)
	}
	return phrases
}

// triggered adds an action that the agent's own phrases run.
func (r *rules) triggered(act action.Action, phrases []string) {
	for _, p := range phrases {
		r.reflexes = append(r.reflexes, conversation.Reflex{On: conversation.PhraseSaid, Who: parley.Bot, Phrase: p, Action: act})
	}
}

// skill adds what a skill does.
func (r *rules) skill(i int, raw json.RawMessage) {
	var s struct {
		Type   string `json:"type"`
		Config struct {
			Rules []struct {
				Speaker       parley.Who `json:"speaker"`
				Phrase        string     `json:"phrase"`
				RecipientName string     `json:"recipient_name"`
				PhoneNumber   string     `json:"phone_number"`
			} `json:"rules"`
		} `json:"config"`
	}
	at := fmt.Sprintf("skills.%d", i)
	if err := json.Unmarshal(raw, &s); err != nil {
		r.warn("%s: not a skill: an object with type and config was expected", at)
		return
	}
	if s.Type == collect.SkillType {
		return // it runs nothing
	}
	if s.Type != "skill_call_routing" {
		r.warn("%s: this version does not know %q", at, s.Type)
		return
	}
	for j, rule := range s.Config.Rules {
		at := fmt.Sprintf("%s.config.rules.%d", at, j)
		switch {
		case rule.Speaker != parley.Bot && rule.Speaker != parley.Human:
			r.warn("%s.speaker: bot or human was expected; the rule is left out", at)
			continue
		case strings.TrimSpace(rule.Phrase) == "":
			r.warn("%s.phrase is missing; the rule is left out", at)
			continue
		}
		config, _ := json.Marshal(map[string]string{"phone_number": rule.PhoneNumber})
		a := parley.Action{Type: "action_transfer_call", Config: config, Label: &rule.RecipientName}
		act, err := action.New(a, r.site)
		if err != nil {
			r.warn("%s: %v; the rule is left out", at, err)
			continue
		}
		r.reflexes = append(r.reflexes, conversation.Reflex{On: conversation.PhraseSaid, Who: rule.Speaker, Phrase: rule.Phrase, Action: act})
	}
}

// activity adds an action that something that happens runs.
func (r *rules) activity(i int, raw json.RawMessage) {
	var x struct {
		Activity string `json:"activity"`
		Config   struct {
			Seconds *float64   `json:"seconds"`
			Speaker parley.Who `json:"speaker"`
			Phrase  string     `json:"phrase"`
		} `json:"config"`
		Action     json.RawMessage `json:"action"`
		Parameters json.RawMessage `json:"parameters"`
	}
	at := fmt.Sprintf("activity_actions.%d", i)
	if err := json.Unmarshal(raw, &x); err != nil {
		r.warn("%s: not as expected: {activity, config, action}", at)
		return
	}
	reflex := conversation.Reflex{On: conversation.Happening(x.Activity), Args: x.Parameters}
	switch reflex.On {
	case conversation.CallConnected, conversation.HumanDetected, conversation.VoicemailDetected, conversation.CallerIdle, callEnding:
	case conversation.TimeElapsed:
		if x.Config.Seconds == nil || *x.Config.Seconds < 0 {
			r.warn("%s.config.seconds: a number of seconds since the call was answered was expected; it is left out", at)
			return
		}
		reflex.After = time.Duration(*x.Config.Seconds * float64(time.Second))
	case conversation.PhraseSaid:
		if reflex.Who, reflex.Phrase = x.Config.Speaker, x.Config.Phrase; strings.TrimSpace(x.Config.Phrase) == "" || reflex.Who != parley.Bot && reflex.Who != parley.Human {
			r.warn("%s.config: speaker (bot or human) and phrase were expected; it is left out", at)
			return
		}
	default:
		r.warn("%s.activity: call_connected, human_detected, voicemail_detected, caller_idle, time_elapsed, phrase_said or call_ending was expected, not %q; it is left out", at, x.Activity)
		return
	}
	a, err := r.named(x.Action)
	if err == nil {
		reflex.Action, err = action.New(a, r.site)
	}
	if err != nil {
		r.warn("%s.action: %v; it is left out", at, err)
		return
	}
	if reflex.On == callEnding {
		r.endings = append(r.endings, reflex)
		return
	}
	r.reflexes = append(r.reflexes, reflex)
}

// named is an action that is given as itself, or as the id of one of the agent's.
func (r *rules) named(raw json.RawMessage) (a parley.Action, err error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) > 0 && raw[0] == '"' {
		var id string
		_ = json.Unmarshal(raw, &id)
		for _, a := range r.own {
			if a.ID == id {
				return a, nil
			}
		}
		return a, fmt.Errorf("the agent has no action %s", id)
	}
	if json.Unmarshal(raw, &a) != nil || a.Type == "" {
		return a, fmt.Errorf("an action with type and config, or the id of one of the agent's, was expected")
	}
	return a, nil
}

// endWithin is how long all that is run at the end of a call may take: an external action fails by itself before.
const endWithin = 12 * time.Second

// ending runs what is to be run when the agent's part is over. The caller has gone by then.
func (l *line) ending(ctx context.Context) {
	if len(l.script.endings) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endWithin)
	defer cancel()
	var all sync.WaitGroup
	for _, x := range l.script.endings {
		all.Go(func() { conversation.RunAfter(ctx, l.facts, l.id, x) })
	}
	all.Wait()
}
