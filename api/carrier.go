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

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
	"github.com/parley-voice/parley/store"
)

// A Carrier has numbers, those of an account connection and those it sells. Its refusals are *parley.Error that name the field, with the
// carrier's own words and code.
type Carrier interface {
	Available(ctx context.Context, account Account, s Search) ([]Offer, error)
	// Buy buys a number, whose calls come here where the order says so. It is asked for once. An error of code CodeInDoubt: it may have
	// been bought, and Find will tell; of code CodeSold: that number is not to be had, another one may be.
	Buy(ctx context.Context, account Account, o Order) (Line, error)
	// Find is a number of the account's, or one that an order with that reference ("": none) is to bring. parley.NotFound: neither.
	Find(ctx context.Context, account Account, phone, reference string) (Line, error)
	// Point sends the calls of a number of the account's here; the warnings say what that did to others.
	Point(ctx context.Context, account Account, phone string) (warnings []string, err error)
	// Unpoint takes that back. What no longer comes here, and a number that is gone, stays as it is.
	Unpoint(ctx context.Context, account Account, phone string) error
	// Cancel gives a number back. One that is gone already is no error.
	Cancel(ctx context.Context, account Account, phone string) error
	// Reached says why calls cannot come here from this carrier; nil: they can.
	Reached() error
}

// Codes of a Carrier's refusals.
const (
	CodeInDoubt = "purchase_in_doubt"
	CodeSold    = "number_not_available"
)

// An Account is an account connection of an environment.
type Account struct{ Env, ConnectionID string }

// A Search is what numbers are wanted; "" is any.
type Search struct {
	Country    string // ISO 3166-1 alpha-2, upper case; "": US
	AreaCode   string
	Contains   string
	Region     string
	Locality   string
	PostalCode string
	Type       string // local, toll_free, mobile, national
	SMS        bool
	Limit      int
}

// An Order is for one number.
type Order struct {
	Phone     string
	Reference string            // ours
	Papers    map[string]string // what a country wants to know of who has its numbers
	Inbound   bool              // its calls are to come here
}

// A Line is a number of an account.
type Line struct {
	Phone    string
	Pending  bool // it is ordered, and not there yet
	SMS      bool
	Warnings []string
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

// A seller is an account connection with a carrier that has numbers.
type seller struct {
	Carrier
	account  Account
	provider string // telephony_provider: twilio, telnyx
	operator bool   // it is the operator's own account
}

const connectionField = "telephony_account_connection"

// seller is who a request for a number goes to: the account connection that it names, else the environment's only one, of the provider that
// it names. The operator's own account stands in for one with Twilio where there is none.
func (a *API) seller(ctx context.Context, env, id, provider string) (seller, error) {
	if id != "" {
		doc, err := a.Store.Get(ctx, env, store.AccountConnections, id)
		if parley.IsNotFound(err) {
			return seller{}, notFoundAt(connectionField, "account connection")
		} else if err != nil {
			return seller{}, err
		}
		s, ok := a.sells(env, doc)
		if !ok {
			return seller{}, a.noCarrier(connectionField, fmt.Sprintf("%s is an %v, which numbers cannot be bought from", connectionField, doc["type"]))
		}
		if provider != "" && provider != s.provider && provider != shortType(doc) {
			return seller{}, parley.Invalid("telephony_provider", fmt.Sprintf("telephony_provider is %s, and %s is an account with %s", provider, connectionField, s.provider))
		}
		return s, nil
	}
	accounts, err := a.carrying(ctx, env)
	if err != nil {
		return seller{}, err
	}
	var own, lent []seller
	var ids []string
	for _, doc := range accounts {
		s, ok := a.sells(env, doc)
		switch {
		case !ok || provider != "" && provider != s.provider && provider != shortType(doc):
			continue
		case s.operator && provider != shortType(doc):
			lent = append(lent, s)
		default:
			own = append(own, s)
			ids = append(ids, fmt.Sprintf("%s (%s)", s.account.ConnectionID, s.provider))
		}
	}
	switch {
	case len(own) > 1:
		return seller{}, &parley.Error{Status: http.StatusBadRequest, Code: "several_carriers", Field: connectionField,
			Message: connectionField + " is required, because numbers can be had of several: " + strings.Join(ids, ", ")}
	case len(own) == 1:
		return own[0], nil
	case len(lent) > 0:
		return lent[0], nil
	}
	return seller{}, a.noCarrier("telephony_provider", "telephony_provider names no carrier that this environment has an account with")
}

func (a *API) sells(env string, doc store.Doc) (seller, bool) {
	c, ok := a.Carriers[shortType(doc)]
	return seller{c, Account{env, fmt.Sprint(doc["id"])}, carrierName(doc), doc["type"] == parley.OperatorsTwilio}, ok
}

// shortType is a connection's type without what all begin with; Carriers are by it.
func shortType(doc store.Doc) string {
	kind, _ := doc["type"].(string)
	return strings.TrimPrefix(kind, "account_connection_")
}

func (a *API) noCarrier(field, said string) error {
	known := "this server buys from none"
	if len(a.Carriers) > 0 {
		known = "add one with POST /v1/account_connections/create, its type being account_connection_ and one of " + strings.Join(slices.Sorted(maps.Keys(a.Carriers)), ", ")
	}
	return &parley.Error{Status: http.StatusBadRequest, Code: "no_carrier", Field: field,
		Message: said + ": " + known + "; a number of a SIP trunk is linked with POST /v1/numbers/link, and let go with POST /v1/numbers/detach"}
}

func (a *API) availableNumbers(r *request) (any, error) {
	var bad invalid
	s := Search{Limit: r.whole(&bad, "limit", 10, 1, maxSize)}
	if len(bad) > 0 {
		return nil, bad
	}
	if v := r.q("filters"); strings.TrimSpace(v) != "" {
		if err := s.read(v, a.contract.schema("NumberFiltersDto")); err != nil {
			return nil, err
		}
	}
	id := ""
	if v := r.q(connectionField); v != "" {
		var err error
		if id, err = uuidOf(connectionField, v); err != nil {
			return nil, err
		}
	}
	c, err := a.seller(r.Context(), r.env, id, r.q("telephony_provider"))
	if err != nil {
		return nil, err
	}
	offers, err := c.Available(r.Context(), c.account, s)
	if err != nil {
		return nil, err
	}
	for i := range offers {
		o := &offers[i]
		o.Provider = c.provider
		if o.AreaCode == "" {
			o.AreaCode = number.Area(o.PhoneNumber)
		}
		if o.Country == "" {
			o.Country = number.Region(o.PhoneNumber)
		}
	}
	return map[string]any{"items": atLeast(offers[:min(len(offers), s.Limit)])}, nil
}

// read takes the filters of a search, a JSON object that schema describes.
func (s *Search) read(text string, schema *openapi3.Schema) error {
	var given map[string]any
	if err := json.Unmarshal([]byte(text), &given); err != nil || given == nil {
		return parley.Invalid("filters", `filters must be a JSON object, such as {"area_code": "415", "country": "US"}`)
	}
	var bad invalid
	for _, name := range slices.Sorted(maps.Keys(given)) {
		v := given[name]
		rule := schema.Properties[name]
		if n, ok := v.(float64); ok {
			v = strconv.FormatFloat(n, 'f', -1, 64)
		}
		switch {
		case rule == nil:
			field := "filters." + short(name)
			bad = append(bad, fieldError{field, field + " is not searched by: take " + strings.Join(slices.Sorted(maps.Keys(schema.Properties)), ", ")})
			delete(given, name)
		case v == nil || v == "":
			delete(given, name)
		case rule.Value.Type.Is(openapi3.TypeBoolean) && (v == "true" || v == "false"):
			given[name] = v == "true"
		default:
			given[name] = v
		}
	}
	if bad = append(bad, explain(schema, given, "filters")...); len(bad) > 0 {
		return bad
	}
	for name, v := range given {
		s.set(name, fmt.Sprint(v))
	}
	return nil
}

func (s *Search) set(name, text string) {
	switch name {
	case "country":
		s.Country = strings.ToUpper(text)
	case "area_code":
		s.AreaCode = strings.TrimLeft(text, "0")
	case "sms_enabled":
		s.SMS = text == "true"
	default:
		*map[string]*string{"contains": &s.Contains, "region": &s.Region, "locality": &s.Locality, "postal_code": &s.PostalCode, "type": &s.Type}[name] = text
	}
}

// providerOf is the name that a string or an object carries.
func providerOf(v any) string {
	if m, ok := v.(map[string]any); ok {
		v = m["name"]
	}
	s, _ := v.(string)
	return s
}
