package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

// carrierOf decides where a number that is linked, or moved, belongs: with a carrier that has numbers (carried), or with a trunk or PBX. It
// writes that into the body.
func (a *API) carrierOf(r *request, stored store.Doc) (c seller, carried bool, err error) {
	id, provider := idOf(r.body[connectionField]), ""
	if stored == nil {
		provider = providerOf(r.body["telephony_provider"])
	}
	var kind string
	if id != "" {
		doc, err := a.Store.Get(r.Context(), r.env, store.AccountConnections, id)
		if parley.IsNotFound(err) {
			return c, false, notFoundAt(connectionField, "account connection")
		} else if err != nil {
			return c, false, err
		}
		kind = shortType(doc)
	}
	if a.Carriers[kind] == nil && (id != "" || a.Carriers[provider] == nil) {
		if provider == "" || id != "" && a.Carriers[provider] != nil {
			provider = "sip"
		}
		r.body["telephony_provider"] = provider
		return c, false, nil
	}
	if c, err = a.seller(r.Context(), r.env, id, provider); err != nil {
		return c, false, err
	}
	r.body[connectionField], r.body["telephony_provider"] = c.account.ConnectionID, c.provider
	return c, true, nil
}

// verify asks the carrier whether the account has the number. Only an operator links what the operator's account has: another environment
// may have bought it.
func (a *API) verify(r *request, c seller, phone, field string) error {
	if line, err := number.Parse(field, phone); err != nil || line.Kind != number.E164 {
		return parley.Invalid(field, field+" "+wantedNumber+", as "+c.provider+" knows it")
	}
	if c.operator {
		if err := mayBe(r.key.Role, store.Operator, "linking a number of the operator's own account, which was not bought here,"); err != nil {
			return err
		}
	}
	if outbound, _ := r.body["outbound_only"].(bool); !outbound {
		if err := c.Reached(); err != nil {
			return err
		}
	}
	line, err := c.Find(r.Context(), c.account, phone, "")
	if parley.IsNotFound(err) || err == nil && line.Pending {
		return &parley.Error{Status: http.StatusBadRequest, Code: "not_owned", Field: field,
			Message: fmt.Sprintf("%s: the account with %s does not have %s: buy it with POST /v1/numbers/buy, or name the account that has it in %s", field, c.provider, phone, connectionField)}
	}
	if err == nil && r.body["sms_enabled"] == nil {
		r.body["sms_enabled"] = line.SMS
	}
	return err
}

// linkCarried writes the number, and then has its calls sent here. An outage in between leaves the row, and the job that does it later.
func (a *API) linkCarried(r *request, c seller) (store.Doc, error) {
	ctx := r.Context()
	if outbound, _ := r.body["outbound_only"].(bool); outbound {
		if err := c.Reached(); err != nil {
			r.body["warnings"] = []any{err.Error()}
		}
		return a.Store.LinkNumber(ctx, r.env, r.body)
	}
	id := uuid.NewString()
	r.body["id"] = id
	toSettle(r.body)
	doc, err := a.Store.LinkNumber(ctx, r.env, r.body, settling(c.account, id))
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx)
	warnings, err := c.Point(ctx, c.account, fmt.Sprint(doc["number"]))
	switch {
	case err == nil:
		return a.Store.UpdateNumber(ctx, r.env, id, store.Doc{"carrier_status": nil, "warnings": list(warnings)})
	case passes(err):
		return a.Store.UpdateNumber(ctx, r.env, id, store.Doc{"warnings": []any{"its calls do not come here yet, and that is tried again: " + err.Error()}})
	}
	if _, gone := a.Store.UnlinkNumber(ctx, r.env, id); gone != nil {
		a.Logger.Error("a number that could not be linked stays in the list", "number", doc["number"], "environment", r.env, "error", gone)
	}
	return nil, err
}

// passes reports whether the same may be right later.
func passes(err error) bool {
	var refused *parley.Error
	return !errors.As(err, &refused) || refused.Status >= 500 || refused.Status == http.StatusTooManyRequests
}

// move checks a change of a number's account, or of whether it is called, and has the carriers know of it. after takes its calls away from
// where they went before; nil: there is nothing to do.
func (a *API) move(r *request, stored store.Doc) (after func(context.Context), err error) {
	to, given := r.body[connectionField]
	was, _ := stored[connectionField].(string)
	changed := given && idOf(to) != was
	outbound, told := r.body["outbound_only"].(bool)
	wakes := told && !outbound && stored["outbound_only"] == true
	if !changed && !wakes {
		return nil, nil
	}
	phone := fmt.Sprint(stored["number"])
	if !changed {
		if c, ok := a.sellerOf(r.Context(), r.env, stored); ok {
			warnings, err := c.Point(r.Context(), c.account, phone)
			r.body["warnings"] = list(warnings)
			return nil, err
		}
		return nil, nil
	}
	c, carried, err := a.carrierOf(r, stored)
	if err != nil {
		return nil, err
	}
	r.body["warnings"] = []any{}
	if carried {
		outboundOnly, _ := stored["outbound_only"].(bool)
		if told {
			outboundOnly = outbound
		}
		if err := a.verify(r, c, phone, connectionField); err != nil {
			return nil, err
		}
		if c.operator { // it may be another environment's there: that is known before its calls are sent elsewhere
			if _, err := a.Store.UpdateNumber(r.Context(), r.env, fmt.Sprint(stored["id"]), store.Doc{connectionField: c.account.ConnectionID}); err != nil {
				return nil, err
			}
		}
		if !outboundOnly {
			warnings, err := c.Point(r.Context(), c.account, phone)
			if err != nil && c.operator {
				_, back := a.Store.UpdateNumber(context.WithoutCancel(r.Context()), r.env, fmt.Sprint(stored["id"]), store.Doc{connectionField: stored[connectionField]})
				return nil, errors.Join(err, back)
			} else if err != nil {
				return nil, err
			}
			r.body["warnings"] = list(warnings)
		}
	}
	return func(ctx context.Context) {
		if err := a.unpoint(ctx, r.env, stored); err != nil {
			a.Logger.Warn("a number that was moved may still have its calls sent to where it was", "number", phone, "environment", r.env, "error", err)
		}
	}, nil
}

// notYetThere refuses to have a number used that its account does not have, or not yet: on an account that several share it may become somebody else's.
func notYetThere(body, stored store.Doc) error {
	status := stored["carrier_status"]
	if status == nil || status == statusPending && stored["active"] != false {
		return nil
	}
	wakes := body["active"] == true
	outbound, told := body["outbound_only"].(bool)
	_, moves := body[connectionField]
	for field, wanted := range map[string]bool{"active": wakes, "outbound_only": told && !outbound && stored["outbound_only"] == true, connectionField: moves && idOf(body[connectionField]) != stored[connectionField]} {
		if wanted {
			return &parley.Error{Status: http.StatusConflict, Code: "not_bought", Field: field,
				Message: fmt.Sprintf("%s: %v is no number of its account's (carrier_status is %v): let it go with POST /v1/numbers/detach, or buy it anew", field, stored["number"], status)}
		}
	}
	return nil
}

// sellerOf is the carrier that a number is with, by the account connection that it is linked with; ok: there is one.
func (a *API) sellerOf(ctx context.Context, env string, doc store.Doc) (c seller, ok bool) {
	id, _ := doc[connectionField].(string)
	if id == "" {
		return c, false
	}
	c, err := a.seller(ctx, env, id, "")
	return c, err == nil
}

// unpoint takes a number's calls away from here at its carrier. An account that is closed, or has gone, is no reason to keep the number;
// an outage is.
func (a *API) unpoint(ctx context.Context, env string, doc store.Doc) error {
	c, ok := a.sellerOf(ctx, env, doc)
	if !ok {
		return nil
	}
	err := c.Unpoint(ctx, c.account, fmt.Sprint(doc["number"]))
	if err != nil && !passes(err) {
		a.Logger.Warn("a number was let go, and its carrier would not hear of it", "number", doc["number"], "environment", env, "error", err)
		return nil
	}
	return err
}

// cancelNumber gives a number back before it is forgotten here: what the carrier keeps can be asked for again.
func (a *API) cancelNumber(r *request) (any, error) {
	ref, err := r.number()
	if err != nil {
		return nil, err
	}
	ctx := r.Context()
	doc, err := a.Store.Number(ctx, r.env, ref)
	if err != nil {
		return nil, err
	}
	id, _ := doc[connectionField].(string)
	if id == "" {
		return nil, a.noCarrier("telephony_provider", "telephony_provider: the number is with no carrier that takes it back")
	}
	c, err := a.seller(ctx, r.env, id, "")
	if err != nil {
		return nil, err
	}
	phone := fmt.Sprint(doc["number"])
	if doc["carrier_status"] == statusPending { // what is ordered may still come
		if again, err := a.SettleNumber(ctx, c.account, fmt.Sprint(doc["id"])); err != nil {
			return nil, err
		} else if again > 0 {
			return nil, &parley.Error{Status: http.StatusConflict, Code: "order_pending", Field: "phone_number",
				Message: "phone_number: " + phone + " is ordered, and " + c.provider + " has not handed it over yet: cancel it once it has, or let it go with POST /v1/numbers/detach"}
		}
	}
	if doc["carrier_status"] != statusFailed {
		if err := c.Cancel(ctx, c.account, phone); err != nil {
			return nil, err
		}
	}
	if doc, err = a.Store.UnlinkNumber(ctx, r.env, ref); err != nil {
		return nil, err
	}
	return a.showNumber(ctx, r.env, doc, nil)
}

// checkLine holds the rules for a number's config that a pattern does not.
func (a *API) checkLine(r *request) error {
	config, _ := r.body["config"].(map[string]any)
	s, ok := config["fallback_number"].(string)
	if !ok {
		return nil
	}
	line, err := number.Parse("config.fallback_number", s)
	if err != nil || line.Kind == number.Extension {
		return parley.Invalid("config.fallback_number", "config.fallback_number "+wantedNumber+", or a sip: address")
	}
	config["fallback_number"] = line.Text
	return nil
}
