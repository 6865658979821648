package call

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/conversation"
	"github.com/parley-voice/parley/llm"
)

// guards reads what the agent keeps to. The model is told, and what it does not heed is seen to while it speaks.
func (s *script) guards(a *parley.Agent, fill func(field, text string) string) {
	rails := a.GuardRails
	if rails == nil {
		return
	}
	g := conversation.Guard{NeverSay: rails.NeverSay, MaxCost: orFloat(rails.MaxCost, 0)}
	var said string
	switch {
	case string(rails.Disclosure) == "true":
		g.Disclosure = conversation.Sentence(a.Language)
	case json.Unmarshal(rails.Disclosure, &said) == nil:
		g.Disclosure = strings.TrimSpace(fill("guard_rails.disclosure", said))
	}
	var rules []string
	for _, t := range rails.AllowedTopics {
		if t = strings.TrimSpace(fill("guard_rails.allowed_topics", t)); t != "" {
			g.Topics = append(g.Topics, t)
		}
	}
	if len(g.Topics) > 0 {
		rules = append(rules, "Talk about nothing but these topics: "+strings.Join(g.Topics, "; ")+". To anything else say in one sentence that you cannot help with that here.")
	}
	if len(g.NeverSay) > 0 {
		rules = append(rules, "Never use these words or phrases, in any form: "+strings.Join(g.NeverSay, "; ")+".")
	}
	if len(rules) > 0 {
		s.setup.Prompt += llm.Rules + strings.Join(rules, "\n")
	}
	s.setup.Guard = g
}

// guard says what a call has cost so far, where the agent's guard wants to know. A price that is missing is a warning: the limit holds for
// what is known.
func (s *Switchboard) guard(line *line, g *conversation.Guard) {
	if g.MaxCost <= 0 {
		return
	}
	if s.Prices == nil {
		line.facts.warn("prices", "guard_rails.max_cost: there is no price file, so what the call costs is not known and the limit does not hold")
		return
	}
	vendors, carrier, began := line.ready.Vendors, line.call.Telephony, line.call.Start
	_, missing := s.Prices.cost(parley.Usage{STTSeconds: 1, LLMTokensIn: 1, LLMTokensOut: 1, TTSCharacters: 1, TelephonySeconds: 1}, vendors, carrier)
	if slices.Sort(missing); len(missing) > 0 {
		line.facts.warn("prices", "guard_rails.max_cost: the price file has no price for "+strings.Join(missing, ", ")+"; the limit holds without that")
	}
	g.Cost = func(u conversation.Usage) float64 {
		all := used(u)
		all.TelephonySeconds = seconds2(time.Since(began))
		cost, _ := s.Prices.cost(all, vendors, carrier)
		return cost
	}
}
