package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
)

// A Carrier sells numbers. Its refusals are *parley.Error that name the field.
type Carrier interface {
	Available(ctx context.Context, s Search) ([]Offer, error)
	// Buy returns the number that was bought, which already reaches this server.
	Buy(ctx context.Context, o Order) (phoneNumber string, err error)
	Cancel(ctx context.Context, account Account, phoneNumber string) error
}

// An Account is who pays: an account connection ("" is the operator's own account) of an environment.
type Account struct{ Env, ConnectionID string }

// A Search is what numbers are wanted.
type Search struct {
	Account Account
	Limit   int
	Filters map[string]string // such as area_code, country, contains
}

// An Order is for one number: that one, or any with that area code.
type Order struct {
	Account               Account
	PhoneNumber, AreaCode string
}

// An Offer is a number for sale.
type Offer struct {
	PhoneNumber  string   `json:"phone_number"`
	AreaCode     string   `json:"area_code,omitempty"`
	Country      string   `json:"country,omitempty"`
	Locality     string   `json:"locality,omitempty"`
	MonthlyPrice *float64 `json:"monthly_price"`
	Currency     string   `json:"currency,omitempty"`
	SMS          bool     `json:"sms_enabled"`
	Provider     string   `json:"telephony_provider"`
}

// carrier is the one of that name, or the only one.
func (a *API) carrier(name string) (string, Carrier, error) {
	if name == "" && len(a.Carriers) == 1 {
		for name = range a.Carriers {
		}
	}
	if c := a.Carriers[name]; c != nil {
		return name, c, nil
	}
	known := "this server buys from none"
	if len(a.Carriers) > 0 {
		known = "take one of " + strings.Join(slices.Sorted(maps.Keys(a.Carriers)), ", ")
	}
	return "", nil, &parley.Error{Status: http.StatusBadRequest, Code: "no_carrier", Field: "telephony_provider",
		Message: "telephony_provider names no carrier that numbers can be bought from: " + known +
			"; a number of a SIP trunk is linked with POST /v1/numbers/link, and let go with POST /v1/numbers/detach"}
}

func (a *API) availableNumbers(r *request) (any, error) {
	s := Search{Account: Account{Env: r.env}, Limit: 10}
	if v := r.q("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > maxSize {
			return nil, parley.Invalid("limit", fmt.Sprintf("limit must be a whole number between 1 and %d", maxSize))
		}
		s.Limit = n
	}
	if v := r.q("filters"); strings.TrimSpace(v) != "" {
		if err := json.Unmarshal([]byte(v), &s.Filters); err != nil {
			return nil, parley.Invalid("filters", `filters must be a JSON object of texts, such as {"area_code": "415"}`)
		}
	}
	if v := r.q("telephony_account_connection"); v != "" {
		id, err := uuidOf("telephony_account_connection", v)
		if err == nil {
			err = a.checkConnection(r.Context(), r.env, "telephony_account_connection", id)
		}
		if err != nil {
			return nil, err
		}
		s.Account.ConnectionID = id
	}
	name, c, err := a.carrier(r.q("telephony_provider"))
	if err != nil {
		return nil, err
	}
	offers, err := c.Available(r.Context(), s)
	if err != nil {
		return nil, err
	}
	for i := range offers {
		offers[i].Provider = name
	}
	return map[string]any{"items": atLeast(offers[:min(len(offers), s.Limit)])}, nil
}

// buyNumber checks all that can be checked before money is spent.
func (a *API) buyNumber(r *request) (any, error) {
	ctx := r.Context()
	maps.DeleteFunc(r.body, func(_ string, v any) bool { return v == nil })
	o := Order{Account: Account{Env: r.env, ConnectionID: idOf(r.body["telephony_account_connection"])}}
	o.AreaCode, _ = r.body["area_code"].(string)
	if s, ok := r.body["phone_number"].(string); ok {
		line, err := number.Parse("phone_number", s)
		if err != nil || line.Kind != number.E164 {
			return nil, parley.Invalid("phone_number", "phone_number "+wantedNumber)
		}
		o.PhoneNumber = line.Text
	}
	if o.PhoneNumber == "" && o.AreaCode == "" {
		return nil, parley.Invalid("phone_number", "phone_number or area_code is required")
	}
	if err := a.checkLine(r); err != nil {
		return nil, err
	}
	name, c, err := a.carrier(providerOf(r.body["telephony_provider"]))
	if err != nil {
		return nil, err
	}
	if err := a.attachAgent(r, nil); err != nil {
		return nil, err
	}
	if id, ok := r.body["inbound_agent"].(string); ok {
		if _, err := a.Store.Agent(ctx, r.env, id); parley.IsNotFound(err) {
			return nil, notFoundAt("inbound_agent", "agent")
		} else if err != nil {
			return nil, err
		}
	}
	bought, err := c.Buy(ctx, o)
	if err != nil {
		return nil, err
	}
	delete(r.body, "phone_number")
	delete(r.body, "area_code")
	r.body["number"], r.body["telephony_provider"] = bought, name
	doc, err := a.Store.LinkNumber(ctx, r.env, r.body)
	if err != nil {
		if late := c.Cancel(context.WithoutCancel(ctx), o.Account, bought); late != nil {
			a.Logger.Error("a number was bought, could not be linked and could not be given back", "number", bought, "environment", r.env, "error", late)
		}
		return nil, err
	}
	return a.showNumber(ctx, r.env, doc, nil)
}

// cancelNumber gives a number back before it is forgotten here: what the carrier keeps can be asked for again.
func (a *API) cancelNumber(r *request) (any, error) {
	ref, err := r.number()
	if err != nil {
		return nil, err
	}
	doc, err := a.Store.Number(r.Context(), r.env, ref)
	if err != nil {
		return nil, err
	}
	provider, _ := doc["telephony_provider"].(string)
	if provider == "" {
		provider = "sip"
	}
	_, c, err := a.carrier(provider)
	if err != nil {
		return nil, err
	}
	phone, _ := doc["number"].(string)
	if err := c.Cancel(r.Context(), Account{Env: r.env, ConnectionID: idOf(doc["telephony_account_connection"])}, phone); err != nil {
		return nil, err
	}
	if doc, err = a.Store.UnlinkNumber(r.Context(), r.env, ref); err != nil {
		return nil, err
	}
	return a.showNumber(r.Context(), r.env, doc, nil)
}

// providerOf is the name that a string or an object carries.
func providerOf(v any) string {
	if m, ok := v.(map[string]any); ok {
		v = m["name"]
	}
	s, _ := v.(string)
	return s
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
