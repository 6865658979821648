package api

import (
	"context"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

// memoryStore keeps what is known of callers.
type memoryStore interface {
	Remember(ctx context.Context, m parley.Memory) (parley.Memory, error)
	Memories(ctx context.Context, env string, p store.Page) (store.List[parley.Memory], error)
	Forget(ctx context.Context, env, ref string) ([]parley.Memory, error)
}

func showMemory(m parley.Memory) (any, error) {
	return map[string]any{
		"id": m.ID, "user_id": m.UserID, "number": m.Number, "agent_id": orNull(m.AgentID), "facts": m.Facts, "summary": m.Summary,
		"call_id": orNull(m.CallID), "created_at": when(m.Created), "updated_at": when(m.Updated),
	}, nil
}

func (a *API) listMemories(r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	l, err := a.Store.Memories(r.Context(), r.env, p)
	if err != nil {
		return nil, err
	}
	return listing(p, l, showMemory)
}

// writeMemory writes what is to be known of a number, in the place of what was.
func (a *API) writeMemory(r *request) (any, error) {
	given, _ := r.body["number"].(string)
	address, err := number.Parse("number", given)
	if err != nil {
		return nil, parley.Invalid("number", "number "+wantedNumber+", or a sip: address")
	}
	m := parley.Memory{UserID: r.env, Number: address.Text}
	m.AgentID, _ = r.body["agent_id"].(string)
	m.Summary, _ = r.body["summary"].(string)
	if m.AgentID != "" {
		if _, err := a.Store.Agent(r.Context(), r.env, m.AgentID); parley.IsNotFound(err) {
			return nil, notFoundAt("agent_id", "agent")
		} else if err != nil {
			return nil, err
		}
	}
	facts, _ := r.body["facts"].([]any)
	for _, f := range facts {
		s, _ := f.(string)
		m.Facts = append(m.Facts, s)
	}
	if m, err = a.Store.Remember(r.Context(), m); err != nil {
		return nil, err
	}
	return showMemory(m)
}

// deleteMemory erases one, or all of a number.
func (a *API) deleteMemory(r *request) (any, error) {
	ref, err := r.number()
	if err != nil {
		return nil, err
	}
	gone, err := a.Store.Forget(r.Context(), r.env, ref)
	if err != nil {
		return nil, err
	}
	erased := make([]any, len(gone))
	for i, m := range gone {
		if erased[i], err = showMemory(m); err != nil {
			return nil, err
		}
	}
	return map[string]any{"erased": erased}, nil
}
