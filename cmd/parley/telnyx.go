package main

import (
	"context"
	"errors"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/leg/telnyx"
	"github.com/parley-voice/parley/store"
)

// telnyx makes the door of calls by Telnyx.
func (h *house) telnyx() *telnyx.Door {
	return telnyx.New(telnyx.Config{Clock: h.clock, Lines: h.place.lines.shared(), Logger: h.log, Public: h.cfg.carriersURL(), Open: h.telnyxAccount})
}

// telnyxAccount is an account connection with Telnyx, with what its calls need.
func (h *house) telnyxAccount(ctx context.Context, id string) (c telnyx.Connection, err error) {
	doc, err := h.db.Internal(ctx, "", store.AccountConnections, id)
	if err != nil {
		return c, err
	}
	if c.Trunk = store.Trunk(doc); c.Trunk.Carrier != parley.CarrierTelnyx {
		return c, parley.NotFound("account connection")
	}
	a, err := h.opened(doc)
	if err != nil {
		return c, err
	}
	t, ok := a.(*carrier.Telnyx)
	if !ok {
		return c, carrier.ErrNoCarrier
	}
	c.Account = telnyxDesk{t}
	credentials, _ := doc["credentials"].(map[string]any)
	c.PublicKey, _ = credentials["public_key"].(string)
	c.App, _ = credentials["connection_id"].(string)
	return c, nil
}

// telnyxDesk commands calls for an account.
type telnyxDesk struct{ t *carrier.Telnyx }

func (d telnyxDesk) Dial(ctx context.Context, params map[string]any) (telnyx.IDs, error) {
	c, err := d.t.Dial(ctx, params)
	return telnyx.IDs{Control: c.ControlID, Leg: c.LegID, Session: c.SessionID}, telnyxRefusal(err)
}

func (d telnyxDesk) Command(ctx context.Context, id, action string, params map[string]any) error {
	return telnyxRefusal(d.t.Command(ctx, id, action, params))
}

// telnyxRefusal is what an error of Telnyx' means for a call.
func telnyxRefusal(err error) error {
	var e *carrier.Error
	if !errors.As(err, &e) {
		return err
	}
	r := &telnyx.Refusal{Err: err, Cause: parley.Configuration, Doubt: e.Doubt, Later: e.Later}
	switch {
	case e.Status == 0, e.Later, e.Doubt:
		r.Cause = parley.Unreachable
	case e.Code == "10001", e.Code == "10002", e.Code == "10016": // of the number that was called (developers.telnyx.com/development/api-fundamentals/api-errors)
		r.Cause = parley.Unreachable
	}
	return r
}
