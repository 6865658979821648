package store

import (
	"context"
	"maps"
	"reflect"

	"github.com/parley-voice/parley"
)

// AssembleAgent makes the snapshot for one call from the agent in a request: an id, or an object that is laid over the stored
// agent whose id it has. Its sub-resources are read by id, or laid over those in the same way; masked secrets are taken from
// what is stored. A webhook or an external action that has no secret to sign with gets one. Nothing is written back.
func (d *DB) AssembleAgent(ctx context.Context, env string, given any) (parley.Agent, error) {
	switch v := given.(type) {
	case string:
		return d.InternalAgent(ctx, env, v)
	case map[string]any:
		doc, err := d.overlayAgent(ctx, env, v)
		if err != nil {
			return parley.Agent{}, wrap(err, "reading the agent of a call")
		}
		return d.snapshot(ctx, env, doc)
	}
	return parley.Agent{}, parley.Invalid("agent", "agent must be an id or an object")
}

func (d *DB) overlayAgent(ctx context.Context, env string, given Doc) (Doc, error) {
	stored := Doc{"actions": []any{}}
	if id := str(given, "id"); id != "" {
		row, err := d.agentRow(ctx, d.r, env, id)
		if err != nil {
			return nil, named(err, "agent")
		}
		docs, err := d.assemble(ctx, d.r, []agentRow{row})
		if err != nil {
			return nil, err
		}
		stored = docs[0]
	}
	doc, err := merge(stored, withoutRoles(given))
	if err != nil {
		return nil, named(err, "agent")
	}
	doc["user_id"] = env
	for role, r := range roles {
		v, ok := given[role]
		if !ok {
			continue
		}
		var err error
		if l, isList := v.([]any); isList && r.many {
			subs := make([]any, len(l))
			for i, x := range l {
				if subs[i], err = d.overlay(ctx, env, r.kind, x); err != nil {
					return nil, named(err, "agent."+role)
				}
			}
			doc[role] = subs
			continue
		}
		if doc[role], err = d.overlay(ctx, env, r.kind, v); err != nil {
			return nil, named(err, "agent."+role)
		}
	}
	return doc, nil
}

// overlay reads one sub-resource of an inline agent.
func (d *DB) overlay(ctx context.Context, env string, k Kind, given any) (any, error) {
	switch v := given.(type) {
	case nil:
		return nil, nil
	case string:
		return d.readResource(ctx, d.r, env, k, v)
	case map[string]any:
		stored := Doc{}
		if id := str(v, "id"); id != "" {
			var err error
			if stored, err = d.readResource(ctx, d.r, env, k, id); err != nil {
				return nil, err
			}
		}
		doc, err := merge(stored, v)
		if err != nil {
			return nil, err
		}
		doc["user_id"] = env
		if k == Webhooks && !maps.EqualFunc(doc, stored, func(a, b any) bool { return reflect.DeepEqual(a, b) }) {
			delete(doc, "id") // it is no longer the one that is stored, and must not be taken for it
		}
		complete(k, doc)
		return doc, nil
	}
	return nil, parley.Invalid("", "must be an id or an object")
}
