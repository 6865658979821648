package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/leg/twilio"
	"github.com/parley-voice/parley/store"
)

// twilio makes the door of calls by Twilio.
func (h *house) twilio() *twilio.Door {
	return twilio.New(twilio.Config{Clock: h.clock, Lines: h.place.lines.shared(), Logger: h.log, PublicURL: h.cfg.carriersURL(), Account: h.twilioAccount})
}

// twilioAccount is an account connection of one of Twilio's types, with what its calls need.
func (h *house) twilioAccount(ctx context.Context, id string) (twilio.Account, error) {
	doc, err := h.db.Internal(ctx, "", store.AccountConnections, id)
	if parley.IsNotFound(err) {
		return twilio.Account{}, twilio.ErrNoAccount
	}
	if err != nil {
		return twilio.Account{}, err
	}
	trunk := store.Trunk(doc)
	if trunk.Carrier != parley.CarrierTwilio {
		return twilio.Account{}, twilio.ErrNoAccount
	}
	a, err := h.opened(doc)
	if err != nil {
		return twilio.Account{}, fmt.Errorf("the account connection %s: %w", id, err)
	}
	t, ok := a.(*carrier.Twilio)
	if !ok {
		return twilio.Account{}, fmt.Errorf("the account connection %s is none with Twilio", id)
	}
	sid, token := t.Keys()
	return twilio.Account{SID: sid, Token: token, API: t, Trunk: trunk, Plain: !strings.HasPrefix(t.At(), "https://")}, nil
}
