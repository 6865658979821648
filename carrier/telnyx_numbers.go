package carrier

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/parley-voice/parley/fetch"
)

// telnyxPage is how many of a list come at once.
const telnyxPage = 100

// Search reads /v2/available_phone_numbers (developers.telnyx.com/api/numbers/list-available-phone-numbers).
func (t *Telnyx) Search(ctx context.Context, s Search) ([]Offer, error) {
	q := url.Values{"filter[country_code]": {cmp.Or(s.Country, "US")}, "filter[limit]": {strconv.Itoa(max(1, s.Limit))}, "filter[features][]": {"voice"},
		"filter[exclude_held_numbers]": {"true"}}
	if s.SMS {
		q.Add("filter[features][]", "sms")
	}
	for k, v := range map[string]string{"filter[national_destination_code]": s.AreaCode, "filter[administrative_area]": s.Region, "filter[locality]": s.Locality,
		"filter[phone_number_type]": s.Type} {
		if v != "" {
			q.Set(k, v)
		}
	}
	switch {
	case strings.Contains(s.Contains, "*"):
		return nil, &Error{Carrier: "telnyx", Status: http.StatusBadRequest, Message: "contains: Telnyx knows no *, only digits in a row"}
	case s.PostalCode != "":
		return nil, &Error{Carrier: "telnyx", Status: http.StatusBadRequest, Message: "postal_code: Telnyx does not search by it"}
	case s.Contains != "":
		q.Set("filter[phone_number][contains]", s.Contains)
	}
	var list struct {
		Data []struct {
			Phone  string `json:"phone_number"`
			Region []struct {
				Type string `json:"region_type"`
				Name string `json:"region_name"`
			} `json:"region_information"`
			Cost struct {
				Monthly  string `json:"monthly_cost"`
				Currency string `json:"currency"`
			} `json:"cost_information"`
			Features []struct {
				Name string `json:"name"`
			} `json:"features"`
		} `json:"data"`
	}
	if failed := t.get(ctx, "/v2/available_phone_numbers?"+q.Encode(), &list); failed != nil {
		return nil, failed
	}
	offers := make([]Offer, len(list.Data))
	for i, n := range list.Data {
		o := Offer{Phone: n.Phone, Currency: n.Cost.Currency}
		if f, err := strconv.ParseFloat(n.Cost.Monthly, 64); err == nil {
			o.Monthly = &f
		}
		for _, r := range n.Region {
			switch r.Type {
			case "country_code":
				o.Country = r.Name
			case "location", "rate_center":
				o.Locality = cmp.Or(o.Locality, r.Name)
			}
		}
		for _, f := range n.Features {
			o.SMS = o.SMS || f.Name == "sms"
		}
		offers[i] = o
	}
	return offers, nil
}

// A telnyxOrder is a number order, which brings its numbers when it is a success
// (developers.telnyx.com/api/numbers/create-number-order).
type telnyxOrder struct {
	ID        string `json:"id"`
	Status    string `json:"status"` // pending, success, failure
	Reference string `json:"customer_reference"`
	Phones    []struct {
		Phone        string `json:"phone_number"`
		Status       string `json:"status"`
		Requirements string `json:"requirements_status"`
	} `json:"phone_numbers"`
}

// Buy orders the number, with the application that its calls go by, and waits for it as long as settled does.
func (t *Telnyx) Buy(ctx context.Context, o Order) (Line, error) {
	if o.Hooks.Voice != "" && t.app == "" {
		return Line{}, errNoApplication // before it is paid for
	}
	phone := map[string]string{"phone_number": o.Phone}
	if v := o.Papers["requirement_group_id"]; v != "" {
		phone["requirement_group_id"] = v
	}
	body := map[string]any{"phone_numbers": []any{phone}}
	if o.Reference != "" {
		body["customer_reference"] = o.Reference
	}
	if o.Hooks.Voice != "" {
		body["connection_id"] = t.app
	}
	res, failed := t.post(ctx, "/v2/number_orders", body)
	if failed != nil {
		return t.client.settled(ctx, t, o, failed)
	}
	var made struct {
		Data telnyxOrder `json:"data"`
	}
	if json.Unmarshal(res.Body, &made) != nil || made.Data.ID == "" {
		failed = nonsense("telnyx", res)
		failed.Doubt, failed.Later = true, false
		return t.client.settled(ctx, t, o, failed)
	}
	ctx = context.WithoutCancel(ctx)
	looks := t.client.looks()
	for i := 0; ; i++ {
		if err := t.failed(made.Data); err != nil {
			return Line{}, err
		}
		if made.Data.Status == "success" {
			if l, err := t.Find(ctx, o.Phone, ""); err == nil && !l.Pending {
				return l, nil
			}
		}
		if i == len(looks) {
			return Line{Phone: o.Phone, Pending: true}, nil
		}
		rest(ctx, looks[i])
		order := made
		if t.get(ctx, "/v2/number_orders/"+url.PathEscape(made.Data.ID), &order) == nil && order.Data.ID == made.Data.ID {
			made = order
		}
	}
}

// failed is why an order brings nothing; nil: it may.
func (t *Telnyx) failed(o telnyxOrder) error {
	if o.Status != "failure" {
		return nil
	}
	why := "the order has failed"
	for _, p := range o.Phones {
		if p.Requirements != "" && p.Requirements != "approved" {
			why += ": what its country wants to know of who has it (requirements_status) is " + clip(p.Requirements)
		}
	}
	return &Error{Carrier: "telnyx", Status: http.StatusUnprocessableEntity, Act: Buying, Message: why}
}

// telnyxLine is a phone number (developers.telnyx.com/api/numbers/list-phone-numbers).
type telnyxLine struct {
	ID        string `json:"id"`
	Phone     string `json:"phone_number"`
	Status    string `json:"status"`
	App       string `json:"connection_id"`
	Messaging string `json:"messaging_profile_id"`
}

// There is nothing of a number in these states.
var telnyxGone = []string{"purchase-failed", "port-failed", "port_failed", "deleted", "ported-out", "ported_out"}

// Find reads the account's numbers with those digits, on several pages where there are many, and then the order with the reference.
func (t *Telnyx) Find(ctx context.Context, phone, reference string) (Line, error) {
	for page := 1; page <= pagesMost; page++ {
		var list struct {
			Data []telnyxLine `json:"data"`
			Meta struct {
				Pages int `json:"total_pages"`
			} `json:"meta"`
		}
		q := url.Values{"filter[phone_number]": {strings.TrimPrefix(phone, "+")}, "page[number]": {strconv.Itoa(page)}, "page[size]": {strconv.Itoa(telnyxPage)}}
		if failed := t.get(ctx, "/v2/phone_numbers?"+q.Encode(), &list); failed != nil {
			return Line{}, failed
		}
		for _, n := range list.Data {
			if n.Phone == phone && !slices.Contains(telnyxGone, n.Status) {
				pending := n.Status == "purchase-pending" || n.Status == "purchase_pending"
				return Line{ID: n.ID, Phone: n.Phone, Pending: pending, SMS: true, Voice: n.App}, nil
			}
		}
		if page >= list.Meta.Pages {
			break
		}
	}
	if reference == "" {
		return Line{}, ErrNotOwned
	}
	var list struct {
		Data []telnyxOrder `json:"data"`
	}
	if failed := t.get(ctx, "/v2/number_orders?"+url.Values{"filter[customer_reference]": {reference}}.Encode(), &list); failed != nil {
		return Line{}, failed
	}
	for _, o := range list.Data {
		if o.Reference != reference {
			continue
		}
		if err := t.failed(o); err != nil {
			return Line{}, err
		}
		return Line{Phone: phone, Pending: true}, nil
	}
	return Line{}, ErrNotOwned
}

// errNoApplication says that calls cannot come by a Telnyx account.
var errNoApplication = &Error{Carrier: "telnyx", Status: http.StatusBadRequest, Account: true,
	Message: "credentials.connection_id, the id of the account's Call Control application, is missing: calls go by it"}

// Point puts the number behind the account's Call Control application, and has that tell us of its calls
// (developers.telnyx.com/api/call-control/update-call-control-application).
func (t *Telnyx) Point(ctx context.Context, l Line, h Hooks) (string, error) {
	if t.app == "" {
		return "", errNoApplication
	}
	note, failed := t.attend(ctx, h)
	if failed == nil && l.Voice != t.app {
		failed = t.change(ctx, http.MethodPatch, "/v2/phone_numbers/"+url.PathEscape(l.ID), map[string]string{"connection_id": t.app})
	}
	return note, orNil(failed)
}

// attend has the application tell us of its calls.
func (t *Telnyx) attend(ctx context.Context, h Hooks) (note string, failed *Error) {
	path := "/v2/call_control_applications/" + url.PathEscape(t.app)
	var app struct {
		Data struct {
			Name string `json:"application_name"`
			Hook string `json:"webhook_event_url"`
		} `json:"data"`
	}
	if failed := t.get(ctx, path, &app); failed != nil {
		if failed.Status == http.StatusNotFound {
			failed.Message = "credentials.connection_id is no Call Control application of the account's: " + failed.Message
		}
		return "", failed
	}
	if app.Data.Hook == h.Voice {
		return "", nil
	}
	if app.Data.Hook != "" {
		note = "calls of the application " + clip(app.Data.Name) + " were told of at " + clip(withoutQuery(app.Data.Hook)) + " before"
	}
	return note, t.change(ctx, http.MethodPatch, path, map[string]string{"application_name": app.Data.Name, "webhook_event_url": h.Voice, "webhook_api_version": "2"})
}

// Unpoint takes the number from behind the account's application.
func (t *Telnyx) Unpoint(ctx context.Context, l Line, _ Hooks) error {
	if t.app == "" || l.Voice != t.app {
		return nil
	}
	return orNil(t.change(ctx, http.MethodPatch, "/v2/phone_numbers/"+url.PathEscape(l.ID), map[string]string{"connection_id": ""}))
}

// Release deletes the phone number.
func (t *Telnyx) Release(ctx context.Context, l Line) error {
	failed := t.change(ctx, http.MethodDelete, "/v2/phone_numbers/"+url.PathEscape(l.ID), nil)
	if failed != nil && failed.Status == http.StatusNotFound {
		return nil
	}
	return orNil(failed)
}

// change changes what is there, which may be done twice.
func (t *Telnyx) change(ctx context.Context, method, path string, what any) *Error {
	r := fetch.Request{Method: method, URL: t.url(path), Header: t.header()}
	if what != nil {
		var err error
		if r.Body, err = json.Marshal(what); err != nil {
			return &Error{Carrier: "telnyx", Err: err}
		}
	}
	res, failed := t.client.again(ctx, "telnyx", r)
	return t.words(res, failed)
}

func (t *Telnyx) get(ctx context.Context, path string, into any) *Error {
	res, failed := t.client.again(ctx, "telnyx", fetch.Request{Method: http.MethodGet, URL: t.url(path), Header: t.header()})
	if failed == nil && json.Unmarshal(res.Body, into) != nil {
		return nonsense("telnyx", res)
	}
	return t.words(res, failed)
}
