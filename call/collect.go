package call

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/collect"
	"github.com/parley-voice/parley/conversation"
)

// collects reads what the agent is to ask for: the skill's fields, then those of its prompt.
func (s *script) collects(c *parley.Call, a *parley.Agent, fill func(field, text string) string) {
	var all []collect.Field
	add := func(at string, fields []collect.Field, bad []collect.Problem) {
		for _, p := range bad {
			s.warnings = append(s.warnings, strings.TrimSuffix(at+"."+p.At, ".")+" "+p.Message+"; it is left out")
		}
		for _, f := range fields {
			if len(all) < collect.MostFields && !slices.ContainsFunc(all, func(o collect.Field) bool { return o.Name == f.Name }) {
				f.Label, f.Description, f.Question = fill(at, f.Label), fill(at, f.Description), fill(at, f.Question)
				all = append(all, f)
			}
		}
	}
	for i, raw := range a.Skills.Skills {
		var x struct {
			Type   string          `json:"type"`
			Config json.RawMessage `json:"config"`
		}
		if json.Unmarshal(raw, &x) == nil && x.Type == collect.SkillType {
			fields, bad := collect.ReadSkill(x.Config)
			add(fmt.Sprintf("skills.%d.config", i), fields, bad)
		}
	}
	if a.Prompt != nil {
		fields, bad := collect.ReadFields(a.Prompt.CollectFields)
		add("prompt.collect_fields", fields, bad)
	}
	s.setup.Collect = conversation.Collect{Fields: all, Near: near(c)}
}

// near is a number of the country that callers' numbers are of: theirs, else ours.
func near(c *parley.Call) string {
	for _, n := range []string{c.Them(), c.From, c.To} {
		if strings.HasPrefix(n, "+") {
			return n
		}
	}
	return ""
}

// ungiven warns of what was to be asked for and was not given.
func (l *line) ungiven() {
	given := l.call.Collected
	if !slices.ContainsFunc(l.call.Turns, func(t parley.Turn) bool { return t.Who == parley.Human }) {
		return // nobody was there who could have
	}
	var names []string
	for _, f := range l.script.setup.Collect.Fields {
		if f.Required && !slices.ContainsFunc(given, func(c parley.Collected) bool { return c.Name == f.Name }) {
			names = append(names, f.Name)
		}
	}
	if len(names) > 0 {
		l.facts.warn("collect", "not collected: "+strings.Join(names, ", "))
	}
}
