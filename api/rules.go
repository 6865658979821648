package api

import (
	"context"
	"slices"

	"github.com/parley-voice/parley/collect"
	"github.com/parley-voice/parley/store"
)

// skillSchema is what the config of a skill's type must be like.
var skillSchema = map[string]string{"skill_call_routing": "CallRoutingConfig", collect.SkillType: "CollectConfig"}

// activitySchema is what the config of an activity must be like; those that are not listed take none that matters.
var activitySchema = map[string]string{"time_elapsed": "TimeElapsedConfig", "phrase_said": "PhraseSaidConfig"}

// checkRules says whether an agent's skills and activity_actions could do what they are to do. Types and activities that nobody here
// knows are kept as they are: they may be a newer server's, and the published example has one that is empty.
func (a *API) checkRules(ctx context.Context, env string, doc store.Doc, path string) error {
	var bad invalid
	skills, _ := doc["skills"].([]any)
	for i, x := range skills {
		skill, _ := x.(map[string]any)
		bad = append(bad, a.checkSkill(skill, join(join(path, "skills"), itoa(i)))...)
	}
	if len(bad) > 0 {
		return bad
	}
	activities, _ := doc["activity_actions"].([]any)
	for i, x := range activities {
		activity, _ := x.(map[string]any)
		if err := a.checkActivity(ctx, env, activity, join(join(path, "activity_actions"), itoa(i))); err != nil {
			return err
		}
	}
	return nil
}

func (a *API) checkSkill(skill map[string]any, at string) (bad invalid) {
	kind, _ := skill["type"].(string)
	name := skillSchema[kind]
	if name == "" {
		return nil
	}
	config, _ := skill["config"].(map[string]any)
	at = join(at, "config")
	bad = explain(a.contract.schema(name), orEmpty(config), at)
	switch {
	case len(bad) > 0:
		return bad
	case kind == collect.SkillType:
		return checkCollect(config, at)
	}
	rules, _ := config["rules"].([]any)
	for i, x := range rules {
		rule, _ := x.(map[string]any)
		bad = append(bad, dialable(join(join(join(at, "rules"), itoa(i)), "phone_number"), rule["phone_number"])...)
	}
	return bad
}

func (a *API) checkActivity(ctx context.Context, env string, x map[string]any, at string) error {
	schema := a.contract.schema("ActivityAction")
	kind, _ := x["activity"].(string)
	if !slices.Contains(schema.Properties["activity"].Value.Enum, any(kind)) {
		return nil
	}
	if bad := explain(schema, x, at); len(bad) > 0 {
		return bad
	}
	if name := activitySchema[kind]; name != "" {
		config, _ := x["config"].(map[string]any)
		if bad := explain(a.contract.schema(name), orEmpty(config), join(at, "config")); len(bad) > 0 {
			return bad
		}
	}
	action, ok := x["action"].(map[string]any)
	if !ok {
		return nil // an id: whether it is one of the agent's the call knows
	}
	return a.checkPart(ctx, env, part{kind: store.Actions, given: action, path: join(at, "action"), inline: true})
}
