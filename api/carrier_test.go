package api

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// fakeCarrier sells +1415555…, and remembers what it was asked.
type fakeCarrier struct {
	searches  []Search
	orders    []Order
	cancelled []string
	sells     string // what Buy answers with
	fails     error
}

func (f *fakeCarrier) Available(_ context.Context, s Search) ([]Offer, error) {
	f.searches = append(f.searches, s)
	return []Offer{{PhoneNumber: "+14155550101", Country: "US", SMS: true}, {PhoneNumber: "+14155550102"}}, f.fails
}

func (f *fakeCarrier) Buy(_ context.Context, o Order) (string, error) {
	f.orders = append(f.orders, o)
	if f.fails != nil {
		return "", f.fails
	}
	return f.sells, nil
}

func (f *fakeCarrier) Cancel(_ context.Context, _ Account, phone string) error {
	f.cancelled = append(f.cancelled, phone)
	return f.fails
}

func TestNoCarrier(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.play(t, []scenario{
		{"search", "GET", "/v1/numbers/available", ``, 400, `"code":"no_carrier"¦"field":"telephony_provider"¦POST /v1/numbers/link`},
		{"buy", "POST", "/v1/numbers/buy", `{"area_code":"415"}`, 400, `no_carrier`},
		{"give a SIP number back", "POST", "/v1/numbers/cancel?id={numbers}", ``, 400, `no_carrier¦POST /v1/numbers/detach`},
		{"which is still there", "GET", "/v1/numbers?id={numbers}", ``, 200, `+15550001111`},
	})
}

func TestCarrier(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	c := &fakeCarrier{sells: "+14155550101"}
	h.api.Carriers = map[string]Carrier{"twilio": c}
	h.play(t, []scenario{
		{"search", "GET", `/v1/numbers/available?limit=1&filters={"area_code":"415"}&telephony_account_connection={account_connections}`, ``, 200,
			`"phone_number":"+14155550101"¦"telephony_provider":"twilio"¦!+14155550102`},
		{"search an unknown carrier", "GET", "/v1/numbers/available?telephony_provider=acme", ``, 400, `take one of twilio`},
		{"search with a limit", "GET", "/v1/numbers/available?limit=0", ``, 400, `"field":"limit"`},
		{"search with filters", "GET", "/v1/numbers/available?filters=[]", ``, 400, `"field":"filters"`},
		{"search with a bad id", "GET", "/v1/numbers/available?telephony_account_connection=7", ``, 400, `must be a UUID`},
		{"buy nothing", "POST", "/v1/numbers/buy", `{}`, 400, `phone_number or area_code is required`},
		{"buy a word", "POST", "/v1/numbers/buy", `{"phone_number":"desk"}`, 400, `phone_number must be a number in E.164`},
		{"buy an area", "POST", "/v1/numbers/buy", `{"area_code":"SF"}`, 400, `area_code must be 1 to 6 digits`},
		{"buy with a bad line", "POST", "/v1/numbers/buy", `{"area_code":"415","config":{"inbound_reserve":-1}}`, 400, `config.inbound_reserve must be`},
		{"buy with nobody", "POST", "/v1/numbers/buy", `{"area_code":"415","inbound_agent":"{other.agents}"}`, 404, `inbound_agent`},
		{"buy", "POST", "/v1/numbers/buy", `{"area_code":"415","telephony_provider":{"name":"twilio"},"inbound_agent":"{agents}","label":"desk","telephony_account_connection":null}`, 201,
			`"number":"+14155550101"¦"telephony_provider":"twilio"¦"inbound_agent_name":"Ada"¦"label":"desk"`},
		{"cancel", "POST", "/v1/numbers/cancel?phone_number=+14155550101", ``, 201, `"number":"+14155550101"`},
		{"and it is gone", "GET", "/v1/numbers?phone_number=%2B14155550101", ``, 404, `number not found`},
		{"cancel what is not there", "POST", "/v1/numbers/cancel?phone_number=%2B14155550101", ``, 404, `number not found`},
	})
	if len(c.orders) != 1 || c.orders[0].AreaCode != "415" || c.orders[0].Account.Env != h.a.env {
		t.Errorf("orders: %+v", c.orders)
	}
	if len(c.searches) != 1 || c.searches[0].Filters["area_code"] != "415" || c.searches[0].Account.ConnectionID != h.a.ids["account_connections"] {
		t.Errorf("searches: %+v", c.searches)
	}
}

// TestBoughtForNothing: a number that cannot be linked is given back, and a carrier's refusal comes through.
func TestBoughtForNothing(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	c := &fakeCarrier{sells: "+15550001111"} // linked already
	h.api.Carriers = map[string]Carrier{"twilio": c}
	if r := h.do(h.a, "POST", "/v1/numbers/buy", `{"area_code":"555"}`); r.status != 409 || len(c.cancelled) != 1 {
		t.Errorf("%d %s, given back: %v", r.status, r.body, c.cancelled)
	}
	c.fails = &parley.Error{Status: 422, Code: "sold", Field: "phone_number", Message: "phone_number is sold"}
	if r := h.do(h.a, "POST", "/v1/numbers/buy", `{"phone_number":"+14155550101"}`); r.status != 422 || !strings.Contains(string(r.body), "is sold") {
		t.Errorf("%d %s", r.status, r.body)
	}
	c.fails = errors.New("the carrier is down")
	if w := h.raw(h.request(h.a, "/v1/numbers/buy", `{"phone_number":"+14155550101"}`, "k")); w.Code != 500 || strings.Contains(w.Body.String(), "down") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
