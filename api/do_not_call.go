package api

import (
	"context"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

// doNotCallStore keeps the list of numbers that are not called.
type doNotCallStore interface {
	AddDoNotCall(ctx context.Context, n store.DoNotCall) (store.DoNotCall, error)
	DoNotCallList(ctx context.Context, env string, p store.Page) (store.List[store.DoNotCall], error)
	RemoveDoNotCall(ctx context.Context, env, ref string) (store.DoNotCall, error)
	MayCall(ctx context.Context, env, number string) error
}

func showDoNotCall(n store.DoNotCall) (any, error) {
	return map[string]any{
		"id": n.ID, "user_id": n.EnvironmentID, "number": n.Number, "reason": orNull(n.Reason), "call_id": orNull(n.CallID), "created_at": when(n.Created),
	}, nil
}

func (a *API) listDoNotCall(r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	l, err := a.Store.DoNotCallList(r.Context(), r.env, p)
	if err != nil {
		return nil, err
	}
	return listing(p, l, showDoNotCall)
}

func (a *API) createDoNotCall(r *request) (any, error) {
	field := "number"
	if r.body[field] == nil && r.body["phone_number"] != nil {
		field = "phone_number"
	}
	s, _ := r.body[field].(string)
	if s == "" {
		return nil, parley.Invalid(field, field+" is required")
	}
	address, err := number.Parse(field, s)
	if err != nil {
		return nil, parley.Invalid(field, field+" "+wantedNumber+", or a sip: address")
	}
	reason, _ := r.body["reason"].(string)
	n, err := a.Store.AddDoNotCall(r.Context(), store.DoNotCall{EnvironmentID: r.env, Number: address.Text, Reason: reason})
	if err != nil {
		return nil, err
	}
	return showDoNotCall(n)
}

func (a *API) deleteDoNotCall(r *request) (any, error) {
	ref, err := r.number()
	if err != nil {
		return nil, err
	}
	n, err := a.Store.RemoveDoNotCall(r.Context(), r.env, ref)
	if err != nil {
		return nil, err
	}
	return showDoNotCall(n)
}
