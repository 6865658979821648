package api

import (
	"fmt"
	"net/http"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// partSchema is the name in the contract of the kinds of sub-resources.
var partSchema = map[store.Kind]string{
	store.Prompts: "Prompt", store.Actions: "Action", store.Voices: "Voice", store.Webhooks: "Webhook",
	store.AccountConnections: "AccountConnection",
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
	return func(r *request) (any, error) {
		if k == store.AccountConnections {
			if err := a.unusedByNumbers(r); err != nil {
				return nil, err
			}
		}
		return a.Store.Delete(r.Context(), r.env, k, r.id)
	}
}

// unusedByNumbers refuses to delete a connection whose numbers would lose their trunk. The store knows of agents.
func (a *API) unusedByNumbers(r *request) error {
	for p := (store.Page{Page: 1, Size: maxSize}); ; p.Page++ {
		l, err := a.Store.Numbers(r.Context(), r.env, p)
		if err != nil {
			return err
		}
		for _, n := range l.Items {
			if n["telephony_account_connection"] == r.id {
				return &parley.Error{Status: http.StatusConflict, Code: "in_use",
					Message: fmt.Sprintf("the account connection is in use by number %v", n["number"])}
			}
		}
		if !l.HasMore {
			return nil
		}
	}
}

// anonymous takes out what the server alone says of an object: clients post back what they were given.
func anonymous(doc store.Doc) {
	delete(doc, "id")
	delete(doc, "user_id")
}
