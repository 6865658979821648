package api

import (
	"github.com/parley-voice/parley/store"
)

// partSchema is the name in the contract of the kinds of sub-resources.
var partSchema = map[store.Kind]string{
	store.Prompts: "Prompt", store.Actions: "Action", store.Voices: "Voice", store.Webhooks: "Webhook",
	store.AccountConnections: "AccountConnection", store.VectorDatabases: "VectorDatabase",
	store.Pronunciations: "Pronunciation",
}

func (a *API) getPart(k store.Kind) func(*request) (any, error) {
	return func(r *request) (any, error) { return a.Store.Get(r.Context(), r.env, k, r.id) }
}

func (a *API) listParts(k store.Kind) func(*request) (any, error) {
	return func(r *request) (any, error) {
		p, err := r.page()
		if err != nil {
			return nil, err
		}
		l, err := a.Store.List(r.Context(), r.env, k, p)
		if err != nil {
			return nil, err
		}
		return listing(p, l, func(d store.Doc) (any, error) { return d, nil })
	}
}

func (a *API) createPart(k store.Kind) func(*request) (any, error) {
	return func(r *request) (any, error) {
		anonymous(r.body)
		if err := a.checkPart(r.Context(), r.env, part{kind: k, given: r.body}); err != nil {
			return nil, err
		}
		return a.Store.Create(r.Context(), r.env, k, r.body)
	}
}

func (a *API) updatePart(k store.Kind) func(*request) (any, error) {
	return func(r *request) (any, error) {
		anonymous(r.body)
		stored, err := a.Store.Get(r.Context(), r.env, k, r.id)
		if err != nil {
			return nil, err
		}
		if err := a.checkPart(r.Context(), r.env, part{kind: k, given: r.body, stored: stored}); err != nil {
			return nil, err
		}
		return a.Store.Update(r.Context(), r.env, k, r.id, r.body)
	}
}

func (a *API) deletePart(k store.Kind) func(*request) (any, error) {
	return func(r *request) (any, error) { return a.Store.Delete(r.Context(), r.env, k, r.id) }
}

// anonymous takes out what the server alone says of an object: clients post back what they were given.
func anonymous(doc store.Doc) {
	delete(doc, "id")
	delete(doc, "user_id")
}
