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
	if err := mayCallFrom(trunk, line); err != nil {
		return err
	}
	policy, err := a.Store.DialPolicy(ctx, c.UserID, c.TrunkID, c.From)
	if err != nil {
		return err
	}
	return number.Allowed("to_number", c.To, policy)
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
	l, err := a.Store.List(ctx, c.UserID, store.AccountConnections, store.Page{Page: 1, Size: maxSize,
		Filters: []store.Filter{{Field: "type", Op: "eq", Value: sipConnection}}})
	if err != nil || len(l.Items) == 0 {
		return nil, err
	}
	if len(l.Items) > 1 {
		ids := make([]string, len(l.Items))
		for i, d := range l.Items {
			ids[i] = fmt.Sprint(d["id"])
		}
		return nil, &parley.Error{Status: http.StatusBadRequest, Code: "several_trunks", Field: field,
			Message: field + " is required, because there are several SIP trunks: " + strings.Join(ids, ", ")}
	}
	return l.Items[0], nil
}

func (a *API) trunk(ctx context.Context, env, id, field string) (store.Doc, error) {
	doc, err := a.Store.Get(ctx, env, store.AccountConnections, id)
	if parley.IsNotFound(err) {
		return nil, notFoundAt(field, "account connection")
	}
	if err == nil && doc["type"] != sipConnection {
		return nil, parley.Invalid(field, fmt.Sprintf("%s: calls go by an %s, and that is an %v", field, sipConnection, doc["type"]))
	}
	return doc, err
}

// mayCallFrom keeps a trunk that says so to the numbers that are linked here.
func mayCallFrom(trunk, line store.Doc) error {
	if any, told := trunk["account_supports_any_caller_id"].(bool); told && !any && line == nil {
		return parley.Invalid("from_number", "from_number is not linked here, and its trunk carries only numbers that are "+
			"(account_supports_any_caller_id is false): link it with POST /v1/numbers/link")
	}
	return nil
}
