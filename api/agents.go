package api

import (
	"context"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

func (a *API) getAgent(r *request) (any, error) { return a.Store.Agent(r.Context(), r.env, r.id) }

func (a *API) listAgents(r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	l, err := a.Store.Agents(r.Context(), r.env, p)
	if err != nil {
		return nil, err
	}
	return listing(p, l, func(d store.Doc) (any, error) { return d, nil })
}

func (a *API) createAgent(r *request) (any, error) {
	anonymous(r.body)
	if err := a.checkAgent(r.Context(), r.env, r.body, nil, ""); err != nil {
		return nil, err
	}
	return a.Store.CreateAgent(r.Context(), r.env, r.body)
}

func (a *API) updateAgent(r *request) (any, error) {
	stored, err := a.Store.Agent(r.Context(), r.env, r.id)
	if err != nil {
		return nil, err
	}
	anonymous(r.body)
	if err := a.checkAgent(r.Context(), r.env, r.body, stored, ""); err != nil {
		return nil, err
	}
	return a.Store.UpdateAgent(r.Context(), r.env, r.id, r.body)
}

func (a *API) deleteAgent(r *request) (any, error) {
	return a.Store.DeleteAgent(r.Context(), r.env, r.id)
}

// partFields are the fields of an agent that stand for one sub-resource.
var partFields = []struct {
	name string
	kind store.Kind
}{
	{"prompt", store.Prompts},
	{"voice", store.Voices},
	{"webhook", store.Webhooks},
	{"openai_account_connection", store.AccountConnections},
}

// checkAgent says whether an agent's fields would do, over those of the stored one (nil: there is none), and fills up what
// inline objects leave out.
func (a *API) checkAgent(ctx context.Context, env string, doc, stored store.Doc, path string) error {
	for _, f := range partFields {
		attached, _ := stored[f.name].(map[string]any)
		if err := a.checkRef(ctx, env, f.kind, doc, f.name, attached, join(path, f.name)); err != nil {
			return err
		}
	}
	if actions, ok := doc["actions"].([]any); ok {
		for i := range actions {
			holder := store.Doc{"actions": actions[i]}
			if err := a.checkRef(ctx, env, store.Actions, holder, "actions", nil, join(join(path, "actions"), itoa(i))); err != nil {
				return err
			}
			actions[i] = holder["actions"]
		}
	}
	if bad := a.checkThinking(doc, path); len(bad) > 0 {
		return bad
	}
	if err := a.checkTranscriber(ctx, env, doc, stored, path); err != nil {
		return err
	}
	if err := a.mayFetch(join(path, "context_endpoint"), doc["context_endpoint"]); err != nil {
		return err
	}
	if err := a.checkKnowledge(ctx, env, join(path, "knowledge"), doc["knowledge"], stored["knowledge"]); err != nil {
		return err
	}
	fallback, _ := doc["llm_fallback"].(map[string]any)
	for field, id := range map[string]any{
		"account_connection": doc["account_connection"], "llm_fallback.account_connection": fallback["account_connection"],
	} {
		if err := a.checkConnection(ctx, env, join(path, field), id); err != nil {
			return err
		}
	}
	if err := a.checkRules(ctx, env, doc, path); err != nil {
		return err
	}
	return append(a.checkRest(doc, stored, path), checkOrigins(doc, path)...).orNil()
}

// checkRef checks one field that takes an id or an object; attached is the object it has now.
func (a *API) checkRef(ctx context.Context, env string, k store.Kind, doc store.Doc, field string, attached store.Doc, path string) error {
	switch v := doc[field].(type) {
	case string:
		doc[field] = strings.ToLower(v)
	case map[string]any:
		p := part{kind: k, given: v, stored: attached, path: path, inline: true}
		if id, ok := v["id"].(string); ok {
			v["id"] = strings.ToLower(id)
			if attached == nil || attached["id"] != v["id"] {
				stored, err := a.Store.Get(ctx, env, k, strings.ToLower(id))
				if parley.IsNotFound(err) {
					return notFoundAt(join(path, "id"), nameOf(k))
				}
				if err != nil {
					return err
				}
				p.stored = stored
			}
		}
		delete(v, "user_id")
		return a.checkPart(ctx, env, p)
	}
	return nil
}

func nameOf(k store.Kind) string {
	return strings.ReplaceAll(strings.TrimSuffix(string(k), "s"), "_", " ")
}

// checkThinking says whether the vendors who are to think are known.
func (a *API) checkThinking(doc store.Doc, path string) (bad invalid) {
	fallback, _ := doc["llm_fallback"].(map[string]any)
	for field, name := range map[string]any{"provider": doc["provider"], "llm_fallback.provider": fallback["provider"]} {
		if s, ok := name.(string); ok && !a.named.thinking[s] {
			at := join(path, field)
			bad = append(bad, fieldError{at, at + " must be one of " + strings.Join(a.named.thinkers(), ", ")})
		}
	}
	return bad
}

func (a *API) checkTranscriber(ctx context.Context, env string, doc, stored store.Doc, path string) error {
	t, ok := doc["transcriber"].(map[string]any)
	if !ok {
		return nil
	}
	at := join(path, "transcriber")
	if _, ok := t["type"]; ok {
		old, _ := stored["transcriber"].(map[string]any)
		if old["type"] != t["type"] {
			old = nil
		}
		if bad := a.named.hearing.check(t, old, everyTranscriber, at); len(bad) > 0 {
			return bad
		}
		if a.Vendors != nil {
			if err := a.Vendors.CheckTranscriber(t); err != nil {
				return optionAt("transcriber", at, err)
			}
		}
	}
	return a.checkConnection(ctx, env, join(at, "account_connection"), t["account_connection"])
}

// finalConfig is the schema of a post-call action's config by its type.
var finalConfig = map[string]string{
	"email": "PostCallFinalizedEmailConfigDto", "sms": "PostCallFinalizedSmsConfigDto",
	"trigger_custom_api": "PostCallFinalizedCustomApiConfigDto",
}

// checkPhones wants numbers where an SMS's are written out; templates are looked at when it is sent.
func checkPhones(config any, path string) (bad invalid) {
	doc, _ := config.(map[string]any)
	for _, field := range []string{"from_phone", "to_phone"} {
		s, ok := doc[field].(string)
		if !ok || strings.Contains(s, "{") {
			continue
		}
		if _, err := number.Number(join(path, field), s); err != nil {
			bad = append(bad, fieldError{join(path, field), err.Error()})
		}
	}
	return bad
}

// checkRest holds the rules between fields.
func (a *API) checkRest(doc, stored store.Doc, path string) (bad invalid) {
	value := func(field string, fallback float64) float64 {
		v, given := doc[field]
		if !given {
			v = stored[field]
		}
		if f, ok := float(v); ok {
			return f
		}
		return fallback
	}
	if low, high := value("dynamic_min_wait_secs", 0.2), value("dynamic_max_silence_secs", 3); low > high {
		at := join(path, "dynamic_min_wait_secs")
		bad = append(bad, fieldError{at, at + " must not be more than dynamic_max_silence_secs"})
	}
	if sms, ok := doc["post_call_sms"].(map[string]any); ok {
		bad = append(bad, checkPhones(sms, join(path, "post_call_sms"))...)
	}
	bad = append(bad, checkGuard(doc, stored, path)...)
	bad = append(bad, checkInsights(doc, path)...)
	actions, _ := doc["post_call_actions"].([]any)
	for i, x := range actions {
		action, _ := x.(map[string]any)
		kind, _ := action["type"].(string)
		at := join(join(join(path, "post_call_actions"), itoa(i)), "config")
		bad = append(bad, explain(a.contract.schema(finalConfig[kind]), action["config"], at)...)
		if kind == "sms" {
			bad = append(bad, checkPhones(action["config"], at)...)
		}
		bad = append(bad, checkConditions(action["conditions"], join(join(join(path, "post_call_actions"), itoa(i)), "conditions"))...)
	}
	return bad
}

// checkInsights wants a name for each insight, under which a call has it. What was stored before is as it was until insights are written.
func checkInsights(doc store.Doc, path string) (bad invalid) {
	all, _ := doc["post_call_insights"].([]any)
	for i, x := range all {
		insight, _ := x.(map[string]any)
		name, _ := insight["name"].(string)
		label, _ := insight["label"].(string)
		if strings.TrimSpace(name) == "" && strings.TrimSpace(label) == "" {
			at := join(join(join(path, "post_call_insights"), itoa(i)), "name")
			bad = append(bad, fieldError{at, at + " must be the name that a call has it under, such as wants_callback"})
		}
	}
	return bad
}
