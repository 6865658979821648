package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

const sipConnection = "account_connection_sip"

// howToAdd tells somebody without a trunk the request that adds one.
const howToAdd = `add one with POST /v1/account_connections/create {"type": "account_connection_sip", "credentials": ` +
	`{"host": "sip.example.com", "username": "me", "password": "secret"}}`

// chooseTrunk decides which account carries a call: the one the body names, the one the caller's number is linked with, or
// the environment's only one. A sip: address needs none.
func (a *API) chooseTrunk(ctx context.Context, body store.Doc, c *parley.Call, line store.Doc) error {
	to, err := number.Parse("to_number", c.To)
	if err != nil {
		return err
	}
	trunk, err := a.trunkFor(ctx, body, c, line, to.Kind)
	if err != nil {
		return err
	}
	if to.Kind == number.Extension && !extensionsOf(trunk) {
		return parley.Invalid("to_number", "to_number "+wantedNumber+`, or a sip: address; extensions only go by a trunk whose config has "extensions": true`)
	}
	if trunk == nil {
		if to.Kind == number.SIP && a.DirectSIP {
			return nil
		}
		return &parley.Error{Status: http.StatusBadRequest, Code: "no_trunk", Field: "telephony_account_connection",
			Message: "no SIP trunk could carry a call to to_number: " + howToAdd}
	}
	c.TrunkID, _ = trunk["id"].(string)
	c.Telephony = carrierName(trunk)
	if c.Telephony != "sip" && to.Kind == number.SIP {
		return parley.Invalid("to_number", "to_number "+wantedNumber+": sip: addresses go by an "+sipConnection+", and telephony_account_connection is an "+fmt.Sprint(trunk["type"]))
	}
	if err := mayCallFrom(trunk, line); err != nil {
		return err
	}
	policy, err := a.Store.DialPolicy(ctx, c.UserID, c.TrunkID, c.From)
	if err != nil {
		return err
	}
	return number.Allowed("to_number", c.To, policy)
}

// carrierName is a connection's telephony_provider: sip, twilio or telnyx.
func carrierName(trunk store.Doc) string {
	kind, _ := trunk["type"].(string)
	if kind == parley.OperatorsTwilio {
		return "twilio"
	}
	return strings.TrimPrefix(kind, "account_connection_")
}

func extensionsOf(trunk store.Doc) bool {
	config, _ := trunk["config"].(map[string]any)
	on, _ := config["extensions"].(bool)
	return on
}

// trunkFor is nil when there is none.
func (a *API) trunkFor(ctx context.Context, body store.Doc, c *parley.Call, line store.Doc, to number.Kind) (store.Doc, error) {
	const field = "telephony_account_connection"
	if id := idOf(body[field]); id != "" {
		return a.trunk(ctx, c.UserID, id, field)
	}
	if to == number.SIP {
		return nil, nil
	}
	if id, ok := line[field].(string); ok {
		return a.trunk(ctx, c.UserID, id, "from_number")
	}
	return a.onlyTrunk(ctx, c.UserID, providerOf(body["telephony_provider"]))
}

// onlyTrunk is the one account that calls go by. Of several it is the only one of the provider that was named, or the only SIP trunk: the
// others may be there for their messages.
func (a *API) onlyTrunk(ctx context.Context, env, provider string) (store.Doc, error) {
	accounts, err := a.carrying(ctx, env)
	if err != nil || len(accounts) == 0 {
		return nil, err
	}
	if len(accounts) == 1 {
		return accounts[0], nil
	}
	for _, name := range []string{provider, "sip"} {
		var of []store.Doc
		for _, d := range accounts {
			if carrierName(d) == name || name == "fluents_twilio" && d["type"] == parley.OperatorsTwilio {
				of = append(of, d)
			}
		}
		if len(of) == 1 {
			return of[0], nil
		}
	}
	ids := make([]string, len(accounts))
	for i, d := range accounts {
		ids[i] = fmt.Sprintf("%s (%s)", d["id"], carrierName(d))
	}
	return nil, &parley.Error{Status: http.StatusBadRequest, Code: "several_trunks", Field: "telephony_account_connection",
		Message: "telephony_account_connection is required, because calls can go by several: " + strings.Join(ids, ", ")}
}

// carrying are an environment's accounts that calls go by.
func (a *API) carrying(ctx context.Context, env string) ([]store.Doc, error) {
	l, err := a.Store.List(ctx, env, store.AccountConnections, store.Page{Page: 1, Size: maxSize,
		Filters: []store.Filter{{Field: "type", Op: "in", Value: store.Carrying()}}})
	return l.Items, err
}

func (a *API) trunk(ctx context.Context, env, id, field string) (store.Doc, error) {
	doc, err := a.Store.Get(ctx, env, store.AccountConnections, id)
	if parley.IsNotFound(err) {
		return nil, notFoundAt(field, "account connection")
	}
	if kind, _ := doc["type"].(string); err == nil && !store.Carries(kind) {
		return nil, parley.Invalid(field, fmt.Sprintf("%s: calls go by an %s or one of %v, and that is an %s", field, sipConnection, store.Carrying()[1:], kind))
	}
	return doc, err
}

// mayCallFrom keeps a trunk that says so to the numbers that are linked here, with it where they are linked with one. The operator's own
// account is kept to them always: it has numbers of others.
func mayCallFrom(trunk, line store.Doc) error {
	any, told := trunk["account_supports_any_caller_id"].(bool)
	operators := trunk["type"] == parley.OperatorsTwilio
	if !operators && (!told || any) {
		return nil
	}
	with, _ := line["telephony_account_connection"].(string)
	if line != nil && (with == trunk["id"] || with == "" && !operators) {
		return nil
	}
	if line != nil {
		return parley.Invalid("from_number", "from_number is linked with another account connection, and this one carries only its own numbers"+why(operators))
	}
	return parley.Invalid("from_number", "from_number is not linked here, and its trunk carries only numbers that are"+why(operators)+": link it with POST /v1/numbers/link")
}

func why(operators bool) string {
	if operators {
		return " (it is the operator's account)"
	}
	return " (account_supports_any_caller_id is false)"
}
