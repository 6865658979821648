package api

import (
	"net/http"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// rotation is how long a webhook's old secret signs beside the new one.
const rotation = 24 * time.Hour

func (a *API) rotateSecret(r *request) (any, error) {
	until := time.Now().Add(rotation).UTC().Format(time.RFC3339)
	return a.Store.RotateWebhookSecret(r.Context(), r.env, r.id, secret.NewWebhookSecret(), until)
}

func (a *API) listDeliveries(r *request) (any, error) {
	p, err := r.page()
	if err != nil {
		return nil, err
	}
	l, err := a.Store.Deliveries(r.Context(), r.env, p)
	if err != nil {
		return nil, err
	}
	return listing(p, l, showDelivery)
}

func showDelivery(d store.Delivery) (any, error) {
	next := any(nil)
	if d.State == store.Pending {
		next = when(d.NextAt)
	}
	return map[string]any{
		"id": d.ID, "webhook_id": orNull(d.WebhookID), "call_id": d.CallID, "event_id": d.EventID, "event_type": d.EventType,
		"state": d.State, "attempts": d.Attempts, "next_at": next, "tries": atLeast(d.Tries), "created_at": when(d.Created),
	}, nil
}

// redeliver sends what a delivery carried once more.
func (a *API) redeliver(r *request) (any, error) {
	if a.Courier == nil {
		return nil, &parley.Error{Status: http.StatusConflict, Code: "no_webhooks", Message: "this process delivers no webhooks"}
	}
	d, err := a.Courier.Redeliver(r.Context(), r.env, r.id)
	if err != nil {
		return nil, err
	}
	return showDelivery(d)
}
