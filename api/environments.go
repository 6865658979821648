package api

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// environmentStore keeps the tenants.
type environmentStore interface {
	CreateEnvironment(ctx context.Context, e store.Environment) (store.Environment, error)
	UpdateEnvironment(ctx context.Context, id string, change func(*store.Environment) error) (store.Environment, error)
	Environments(ctx context.Context, p store.Page) (store.List[store.Environment], error)
	DeleteEnvironment(ctx context.Context, id string) (store.Environment, error)
}

// showEnvironment is an environment as the contract has it.
func showEnvironment(e store.Environment) (any, error) {
	format := e.Settings.TimeFormat
	if format == "" {
		format = iso8601
	}
	return map[string]any{
		"id": e.ID, "user_id": e.ID, "name": e.Name, "max_concurrent_calls": e.MaxCalls, "time_format": format,
		"audio_retention_days": e.Settings.AudioDays, "text_retention_days": e.Settings.TextDays, "mp3_after_days": e.Settings.MP3AfterDays,
		"auto_do_not_call": e.Settings.AutoDoNotCall, "created_at": when(e.Created),
	}, nil
}

// setEnvironment writes a body, which the contract has checked, over an environment.
func setEnvironment(e *store.Environment, body store.Doc) {
	for field, into := range map[string]*int{"max_concurrent_calls": &e.MaxCalls, "audio_retention_days": &e.Settings.AudioDays,
		"text_retention_days": &e.Settings.TextDays, "mp3_after_days": &e.Settings.MP3AfterDays} {
		if n, ok := body[field].(json.Number); ok {
			days, _ := n.Int64()
			*into = int(days)
		}
	}
	for field, into := range map[string]*string{"name": &e.Name, "time_format": &e.Settings.TimeFormat} {
		if s, ok := body[field].(string); ok {
			*into = s
		}
	}
	if on, ok := body["auto_do_not_call"].(bool); ok {
		e.Settings.AutoDoNotCall = on
	}
}

// own is the environment that the query names, when the key may see it.
func (r *request) own() (string, error) {
	if env := r.reach(); env != "" && env != r.id {
		return "", parley.NotFound("environment")
	}
	return r.id, nil
}

func (a *API) getEnvironment(r *request) (any, error) {
	id, err := r.own()
	if err != nil {
		return nil, err
	}
	e, err := a.Store.Environment(r.Context(), id)
	if err != nil {
		return nil, err
	}
	return showEnvironment(e)
}

func (a *API) listEnvironments(r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	rename(&p, "max_concurrent_calls", "max_calls")
	l, err := a.Store.Environments(r.Context(), p)
	if err != nil {
		return nil, err
	}
	return listing(p, l, showEnvironment)
}

func (a *API) createEnvironment(r *request) (any, error) {
	var e store.Environment
	setEnvironment(&e, r.body)
	if err := a.nameFree(r.Context(), e.Name, ""); err != nil {
		return nil, err
	}
	e, err := a.Store.CreateEnvironment(r.Context(), e)
	if err != nil {
		return nil, err
	}
	return showEnvironment(e)
}

func (a *API) updateEnvironment(r *request) (any, error) {
	id, err := r.own()
	if err != nil {
		return nil, err
	}
	if name, ok := r.body["name"].(string); ok && r.key.Role == store.Operator { // others are told of no other environment
		if err := a.nameFree(r.Context(), name, id); err != nil {
			return nil, err
		}
	}
	e, err := a.Store.UpdateEnvironment(r.Context(), id, func(e *store.Environment) error {
		most := e.MaxCalls
		setEnvironment(e, r.body)
		if e.MaxCalls == most {
			return nil
		}
		return mayBe(r.key.Role, store.Operator, "max_concurrent_calls")
	})
	if err != nil {
		return nil, err
	}
	return showEnvironment(e)
}

func (a *API) deleteEnvironment(r *request) (any, error) {
	e, err := a.Store.DeleteEnvironment(r.Context(), r.id)
	if err != nil {
		return nil, err
	}
	return showEnvironment(e)
}

// nameFree says whether an environment may have a name: people choose environments by it. Two that have one already may keep it.
func (a *API) nameFree(ctx context.Context, name, id string) error {
	same, err := a.Store.Environments(ctx, store.Page{Size: 100, Filters: []store.Filter{{Field: "name", Value: name}}})
	if err != nil || len(same.Items) == 0 || slices.ContainsFunc(same.Items, func(e store.Environment) bool { return e.ID == id }) {
		return err
	}
	return &parley.Error{Status: 409, Code: "exists", Field: "name", Message: "name: another environment is called that: take a name that none has"}
}
