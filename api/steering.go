package api

import (
	"context"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

// steeringStore keeps the numbers lent to warm transfers.
type steeringStore interface {
	ChangeSteeringPool(ctx context.Context, env, connID string, add, remove []string) (store.Doc, error)
}

func (a *API) addToPool(r *request) (any, error) {
	l, err := poolNumbers(r.body)
	if err != nil {
		return nil, err
	}
	return a.Store.ChangeSteeringPool(r.Context(), r.env, r.id, l, nil)
}

func (a *API) removeFromPool(r *request) (any, error) {
	l, err := poolNumbers(r.body)
	if err != nil {
		return nil, err
	}
	return a.Store.ChangeSteeringPool(r.Context(), r.env, r.id, nil, l)
}

// poolNumbers are the numbers a body names, one or several.
func poolNumbers(body store.Doc) ([]string, error) {
	given := map[string]string{}
	var order []string
	note := func(field string, v any) {
		if s, ok := v.(string); ok {
			given[field] = s
			order = append(order, field)
		}
	}
	note("phone_number", body["phone_number"])
	several, _ := body["phone_numbers"].([]any)
	for i, v := range several {
		note("phone_numbers."+itoa(i), v)
	}
	if len(order) == 0 {
		return nil, parley.Invalid("phone_number", "phone_number or phone_numbers is required")
	}
	var out []string
	var bad invalid
	for _, field := range order {
		line, err := number.Parse(field, given[field])
		if err != nil || line.Kind != number.E164 {
			bad = append(bad, fieldError{field, field + " " + wantedNumber})
		}
		out = append(out, line.Text)
	}
	return out, bad.orNil()
}
