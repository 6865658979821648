package api

import (
	"encoding/json"
	"fmt"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/after"
)

// An afterJSON is what became of an after-call action.
type afterJSON struct {
	ID       string `json:"id"`
	Type     string `json:"type"`
	Label    any    `json:"label"`
	State    string `json:"state"`
	Attempts int    `json:"attempts"`
	Status   any    `json:"status"`
	Error    any    `json:"error"`
	Key      string `json:"idempotency_key"`
	Next     any    `json:"next_attempt_at"`
	Ended    any    `json:"ended_at"`
	Carrier  any    `json:"carrier_id"`
}

func showOutcomes(list []parley.AfterAction, at clock) []afterJSON {
	out := make([]afterJSON, len(list))
	for i, a := range list {
		out[i] = afterJSON{ID: a.ID, Type: a.Type, Label: orNull(a.Label), State: a.State, Attempts: a.Attempts, Error: orNull(a.Error), Key: a.Key,
			Next: at(a.Next), Ended: at(a.Ended), Carrier: orNull(a.CarrierID)}
		if a.Status != 0 {
			out[i].Status = a.Status
		}
	}
	return out
}

// analyzeCall has a call that is over analysed once more.
func (a *API) analyzeCall(r *request) (any, error) {
	ctx := r.Context()
	c, err := a.Store.Call(ctx, r.env, r.id)
	if err != nil {
		return nil, err
	}
	refuse := func(code, why string) error { return &parley.Error{Status: 409, Code: code, Message: why} }
	switch {
	case !over(c):
		return nil, refuse("running", "the call is not over: end it first, with POST /v1/calls/end")
	case c.Private:
		return nil, refuse("private", "the call is private: nothing of it was kept that could be analysed")
	case c.Start.IsZero():
		return nil, refuse("not_answered", "the call was not answered: there is nothing to analyse")
	case len(c.Agent) == 0:
		return nil, refuse("erased", "the call's words have been erased")
	}
	actions, _ := r.body["actions"].(bool)
	if err := a.Store.Enqueue(ctx, after.Again(c.ID, actions)); err != nil {
		return nil, fmt.Errorf("writing what is to be done: %w", err)
	}
	return r.call(c)
}

// checkConditions says which of a post-call action's conditions cannot be understood.
func checkConditions(given any, path string) invalid {
	list, _ := given.([]any)
	if len(list) == 0 {
		return nil
	}
	raw := make([]json.RawMessage, len(list))
	for i, x := range list {
		raw[i], _ = json.Marshal(x) // of what was JSON
	}
	if i, err := after.CheckConditions(raw); err != nil {
		at := join(path, itoa(i))
		return invalid{{at, at + " " + err.Error()}}
	}
	return nil
}
