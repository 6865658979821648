package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// fakeCarrier sells +1415555…, and remembers what it was asked.
type fakeCarrier struct {
	mu       sync.Mutex // guards all below
	searches []Search
	orders   []Order
	accounts []Account
	owned    map[string]Line // by number
	pointed  map[string]string
	offers   []Offer
	fails    map[string]error // by the act: available, buy, find, point, unpoint, cancel
	reached  error
	cut      bool // Buy buys, and says that it does not know
	pending  bool
	gone     map[string]bool // sold to others
}

func newCarrier(owned ...string) *fakeCarrier {
	f := &fakeCarrier{owned: map[string]Line{}, pointed: map[string]string{}, fails: map[string]error{}, gone: map[string]bool{},
		offers: []Offer{{PhoneNumber: "+14155550101", Country: "US", SMS: true}, {PhoneNumber: "+14155550102"}}}
	for _, phone := range owned {
		f.owned[phone] = Line{Phone: phone, SMS: true}
	}
	return f
}

func (f *fakeCarrier) Available(_ context.Context, a Account, s Search) ([]Offer, error) {
	f.searches, f.accounts = append(f.searches, s), append(f.accounts, a)
	return f.offers, f.fails["available"]
}

var errDoubt = &parley.Error{Status: 503, Code: CodeInDoubt, Field: "phone_number", Message: "phone_number: twilio: EOF; the number may have been bought, and is not bought again"}

func (f *fakeCarrier) Buy(_ context.Context, a Account, o Order) (Line, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.orders, f.accounts = append(f.orders, o), append(f.accounts, a)
	switch err := f.fails["buy"]; {
	case f.gone[o.Phone]:
		return Line{}, &parley.Error{Status: 400, Code: CodeSold, Field: "phone_number", Message: "phone_number: twilio: 21422: " + o.Phone + " is not available."}
	case err != nil:
		return Line{}, err
	}
	l := Line{Phone: o.Phone, Pending: f.pending, SMS: true}
	f.owned[o.Phone] = l
	if o.Inbound {
		f.pointed[o.Phone] = a.ConnectionID
	}
	if f.cut {
		return Line{}, errDoubt
	}
	return l, nil
}

func (f *fakeCarrier) Find(_ context.Context, _ Account, phone, _ string) (Line, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fails["find"]; err != nil {
		return Line{}, err
	}
	l, ok := f.owned[phone]
	if !ok {
		return l, parley.NotFound("number")
	}
	return l, nil
}

func (f *fakeCarrier) Point(_ context.Context, a Account, phone string) ([]string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.fails["point"]; err != nil {
		return nil, err
	}
	f.pointed[phone] = a.ConnectionID
	return []string{"calls to it went elsewhere before"}, nil
}

func (f *fakeCarrier) Unpoint(_ context.Context, a Account, phone string) error {
	if f.pointed[phone] == a.ConnectionID {
		delete(f.pointed, phone)
	}
	return f.fails["unpoint"]
}

func (f *fakeCarrier) Cancel(_ context.Context, _ Account, phone string) error {
	delete(f.owned, phone)
	return f.fails["cancel"]
}

func (f *fakeCarrier) Reached() error { return f.reached }

var (
	errDown    = &parley.Error{Status: 503, Code: "carrier_unavailable", Field: "phone_number", Message: "phone_number: twilio: no such host"}
	errClosed  = &parley.Error{Status: 400, Code: "carrier_refused", Field: connectionField, Message: connectionField + ": twilio: 20005: Account not active"}
	errNowhere = &parley.Error{Status: 400, Code: "no_public_url", Message: "PARLEY_PUBLIC_URL is not set"}
)

const twilioAccount = `{"type":"account_connection_twilio","credentials":{"twilio_account_sid":"AC1","twilio_auth_token":"t"}}`

// connect adds an account connection to an environment.
func (h *house) connect(t *testing.T, who *tenant, body string) string {
	t.Helper()
	r := h.do(who, "POST", "/v1/account_connections/create", body)
	var made struct{ ID string }
	if err := json.Unmarshal(r.body, &made); err != nil || r.status != 201 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	return made.ID
}

// carrying has two environments with an account at c each.
func carryingHouse(t *testing.T, c *fakeCarrier) (h *house, id string) {
	t.Helper()
	h = newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	h.api.Carriers = map[string]Carrier{"twilio": c, "fluents_twilio": c}
	h.connect(t, h.b, twilioAccount)
	return h, h.connect(t, h.a, twilioAccount)
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
	h.api.Carriers = map[string]Carrier{"twilio": newCarrier()}
	h.play(t, []scenario{
		{"search without an account", "GET", "/v1/numbers/available", ``, 400, `no_carrier¦account_connection_ and one of twilio`},
		{"search at a SIP trunk", "GET", "/v1/numbers/available?telephony_account_connection={account_connections}", ``, 400, `no_carrier¦is an account_connection_sip`},
		{"the operator's account, which there is not", "POST", "/v1/account_connections/create", `{"type":"account_connection_fluents_twilio"}`, 400, `"field":"type"¦PARLEY_TWILIO_ACCOUNT_SID and PARLEY_TWILIO_AUTH_TOKEN`},
		{"link at it", "POST", "/v1/numbers/link", `{"phone_number":"+14155550101","telephony_provider":"twilio"}`, 400, `no_carrier`},
	})
}

func TestCarrier(t *testing.T) {
	c := newCarrier()
	h, account := carryingHouse(t, c)
	h.play(t, []scenario{
		{"search", "GET", `/v1/numbers/available?limit=1&filters={"area_code":"415","sms_enabled":true,"country":"us","type":null}`, ``, 200,
			`"phone_number":"+14155550101"¦"area_code":"415"¦"country":"US"¦"telephony_provider":"twilio"¦!+14155550102`},
		{"search an account", "GET", `/v1/numbers/available?filters={"area_code":415}&telephony_account_connection=` + account, ``, 200, `+14155550102`},
		{"search an unknown carrier", "GET", "/v1/numbers/available?telephony_provider=acme", ``, 400, `no_carrier`},
		{"search the wrong carrier", "GET", "/v1/numbers/available?telephony_provider=telnyx&telephony_account_connection=" + account, ``, 400, `"field":"telephony_provider"¦an account with twilio`},
		{"search another's", "GET", "/v1/numbers/available?telephony_account_connection={other.account_connections}", ``, 404, connectionField},
		{"search with a limit", "GET", "/v1/numbers/available?limit=0", ``, 400, `"field":"limit"`},
		{"search with filters", "GET", "/v1/numbers/available?filters=[]", ``, 400, `"field":"filters"`},
		{"search by what is not searched by", "GET", `/v1/numbers/available?filters={"colour":"red","area_code":"x","type":"cheap","country":"USA"}`, ``, 400,
			`"field":"filters.colour"¦"field":"filters.area_code"¦"field":"filters.type"¦"field":"filters.country"`},
		{"search by what is written as text", "GET", `/v1/numbers/available?limit=1&filters={"area_code":"0415","sms_enabled":"true","contains":"","region":null}`, ``, 200, `+14155550101`},
		{"search by a truth that is none", "GET", `/v1/numbers/available?filters={"sms_enabled":"maybe","contains":"55-5"}`, ``, 400,
			`filters.sms_enabled must be a boolean, not a string¦filters.contains must be 1 to 16 digits or letters`},
		{"search by nothing", "GET", `/v1/numbers/available?filters=null`, ``, 400, `"field":"filters"`},
		{"search with a bad id", "GET", "/v1/numbers/available?telephony_account_connection=7", ``, 400, `must be a UUID`},
		{"buy nothing", "POST", "/v1/numbers/buy", `{}`, 400, `phone_number or area_code is required`},
		{"buy a word", "POST", "/v1/numbers/buy", `{"phone_number":"desk"}`, 400, `phone_number must be a number in E.164`},
		{"buy an area", "POST", "/v1/numbers/buy", `{"area_code":"SF"}`, 400, `area_code must be 1 to 6 digits`},
		{"buy with a bad line", "POST", "/v1/numbers/buy", `{"area_code":"415","config":{"inbound_reserve":-1}}`, 400, `config.inbound_reserve must be`},
		{"buy with strange papers", "POST", "/v1/numbers/buy", `{"area_code":"415","config":{"regulatory":{"bundle_sid":"a&b"}}}`, 400, `config.regulatory.bundle_sid must be`},
		{"buy with nobody", "POST", "/v1/numbers/buy", `{"area_code":"415","inbound_agent":"{other.agents}"}`, 404, `inbound_agent`},
		{"buy", "POST", "/v1/numbers/buy", `{"area_code":"415","telephony_provider":{"name":"twilio"},"inbound_agent":"{agents}","label":"desk","telephony_account_connection":null}`, 201,
			`"number":"+14155550101"¦"telephony_provider":"twilio"¦"inbound_agent_name":"Ada"¦"label":"desk"¦"active":true¦"carrier_status":null¦"sms_enabled":true¦"telephony_account_connection":"` + account + `"`},
		{"buy it again", "POST", "/v1/numbers/buy", `{"phone_number":"+14155550101"}`, 409, `"code":"exists"`},
		{"cancel", "POST", "/v1/numbers/cancel?phone_number=+14155550101", ``, 201, `"number":"+14155550101"`},
		{"and it is gone", "GET", "/v1/numbers?phone_number=%2B14155550101", ``, 404, `number not found`},
		{"cancel what is not there", "POST", "/v1/numbers/cancel?phone_number=%2B14155550101", ``, 404, `number not found`},
		{"a second account", "POST", "/v1/account_connections/create", twilioAccount, 201, ``},
		{"which account", "GET", "/v1/numbers/available", ``, 400, `several_carriers¦` + account},
		{"buy with papers", "POST", "/v1/numbers/buy", `{"phone_number":"+14155550109","config":{"regulatory":{"bundle_sid":"BU1"}},"outbound_only":true,"telephony_account_connection":"` + account + `"}`, 201, `"outbound_only":true`},
	})
	if len(c.orders) != 2 || !c.orders[0].Inbound || c.orders[0].Reference == "" || c.orders[1].Inbound || c.orders[1].Papers["bundle_sid"] != "BU1" {
		t.Errorf("orders: %+v", c.orders)
	}
	for _, a := range c.accounts {
		if a != (Account{h.a.env, account}) {
			t.Errorf("asked of %+v", a)
		}
	}
	if s := c.searches[0]; len(c.searches) != 4 || s.AreaCode != "415" || !s.SMS || s.Country != "US" || s.Limit != 1 || c.searches[1].AreaCode != "415" {
		t.Errorf("searches: %+v", c.searches)
	}
}

// TestBuyRefused: a refusal takes the row away, and is told in the carrier's words; what others have just bought is passed over.
func TestBuyRefused(t *testing.T) {
	c := newCarrier("+14155550177")
	h, _ := carryingHouse(t, c)
	none := scenario{"nothing is left of it", "GET", "/v1/numbers/list?sort_column=created_at&sort_desc=1", ``, 200, `!+1415555`}
	c.gone["+14155550101"] = true
	h.play(t, []scenario{
		{"the first is sold", "POST", "/v1/numbers/buy", `{"area_code":"415"}`, 201, `"number":"+14155550102"`},
		{"what the account has", "POST", "/v1/numbers/buy", `{"phone_number":"+14155550177"}`, 409, `"code":"owned"¦POST /v1/numbers/link`},
		{"let it go", "POST", "/v1/numbers/cancel?phone_number=%2B14155550102", ``, 201, ``},
		{"that one alone", "POST", "/v1/numbers/buy", `{"phone_number":"+14155550101"}`, 400, `number_not_available¦21422: +14155550101 is not available`},
		none,
	})
	c.gone["+14155550102"] = true
	h.play(t, []scenario{{"all are sold", "POST", "/v1/numbers/buy", `{"area_code":"415"}`, 400, `number_not_available`}, none})
	c.fails["buy"] = errClosed
	c.gone = map[string]bool{}
	h.play(t, []scenario{{"a closed account", "POST", "/v1/numbers/buy", `{"area_code":"415"}`, 400, `"field":"telephony_account_connection"¦20005: Account not active`}, none})
	if n := len(c.orders); n != 6 {
		t.Errorf("%d orders", n)
	}
	c.offers = nil
	h.play(t, []scenario{{"an area without numbers", "POST", "/v1/numbers/buy", `{"area_code":"999","country":"us"}`, 400, `"code":"no_numbers"¦"field":"area_code"¦area_code 999`}})
	c.reached = errNowhere
	h.play(t, []scenario{
		{"a server that nobody reaches", "POST", "/v1/numbers/buy", `{"area_code":"415"}`, 400, `no_public_url¦PARLEY_PUBLIC_URL`},
		{"for outbound calls alone", "POST", "/v1/numbers/buy", `{"phone_number":"+14155550150","outbound_only":true}`, 400, `Account not active`},
	})
	c.fails["buy"] = nil
	h.play(t, []scenario{
		{"which can be had", "POST", "/v1/numbers/buy", `{"phone_number":"+14155550150","outbound_only":true}`, 201, `"active":true¦"warnings":["PARLEY_PUBLIC_URL`},
		{"and not turned round", "POST", "/v1/numbers/update?phone_number=%2B14155550150", `{"outbound_only":false}`, 201, ``}, // fakeCarrier points all the same
	})
	c.fails["buy"] = errors.New("something broke here")
	if w := h.raw(h.request(h.a, "/v1/numbers/buy", `{"phone_number":"+14155550151","outbound_only":true}`, "k")); w.Code != 500 || strings.Contains(w.Body.String(), "broke") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// settle runs the job that looks after a number, some time after it was ordered.
func (h *house) settle(t *testing.T, account, id string, after time.Duration) (time.Duration, error) {
	t.Helper()
	at := time.Now().Add(-after).UTC().Format(time.RFC3339)
	if _, err := h.db.UpdateNumber(t.Context(), h.a.env, id, store.Doc{"ordered_at": at}); err != nil && !parley.IsNotFound(err) {
		t.Fatal(err)
	}
	return h.api.SettleNumber(t.Context(), Account{h.a.env, account}, id)
}

// number is a number as the API shows it.
func (h *house) number(t *testing.T, phone string) (n struct {
	ID, Status string
	Active     bool
	Warnings   []string
}) {
	t.Helper()
	r := h.do(h.a, "GET", "/v1/numbers?phone_number=%2B"+phone[1:], "")
	var shown struct {
		ID       string
		Active   bool
		Status   string `json:"carrier_status"`
		Warnings []string
	}
	if err := json.Unmarshal(r.body, &shown); err != nil || r.status != 200 {
		t.Fatalf("%d %s", r.status, r.body)
	}
	n.ID, n.Status, n.Active, n.Warnings = shown.ID, shown.Status, shown.Active, shown.Warnings
	return n
}

// outage makes a POST that its carrier cannot answer.
func (h *house) outage(t *testing.T, path, code string) {
	t.Helper()
	if w := h.raw(h.request(h.a, path, "{}", t.Name()+path)); w.Code != 503 || !strings.Contains(w.Body.String(), code) {
		t.Errorf("%s: %d %s", path, w.Code, w.Body)
	}
}

// TestBuyInDoubt: what may have been bought is written down, is never ordered again, and is settled once it is known.
func TestBuyInDoubt(t *testing.T) {
	const phone = "+14155550150"
	buy := `{"phone_number":"` + phone + `"}`
	for _, sold := range []bool{true, false} {
		c := newCarrier()
		h, account := carryingHouse(t, c)
		if c.cut = true; !sold {
			c.fails["buy"] = errDoubt
		}
		w := h.raw(h.request(h.a, "/v1/numbers/buy", buy, "k"))
		if w.Code != 503 || !strings.Contains(w.Body.String(), CodeInDoubt) || !strings.Contains(w.Body.String(), "inactive, until that is known") {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		n := h.number(t, phone)
		if n.Active || n.Status != statusPending || len(n.Warnings) != 1 || !strings.Contains(w.Body.String(), n.ID) {
			t.Errorf("%+v", n)
		}
		if r := h.do(h.a, "POST", "/v1/numbers/buy", buy); r.status != 409 || len(c.orders) != 1 {
			t.Errorf("ordered again without the key: %d %s", r.status, r.body)
		}
		w = h.raw(h.request(h.a, "/v1/numbers/buy", buy, "k"))
		if want := map[bool]int{true: 201, false: 503}[sold]; w.Code != want || len(c.orders) != 1 {
			t.Errorf("asked again with the key: %d %s, %d orders", w.Code, w.Body, len(c.orders))
		}
		if sold {
			if n = h.number(t, phone); !n.Active || n.Status != "" || c.pointed[phone] != account {
				t.Errorf("%+v", n)
			}
			continue
		}
		h.outage(t, "/v1/numbers/cancel?phone_number=%2B14155550150", CodeInDoubt)
		if again, err := h.settle(t, account, n.ID, time.Minute); again < time.Minute || err == nil {
			t.Errorf("at once: %v %v", again, err)
		}
		c.fails["find"] = errDown
		if again, err := h.settle(t, account, n.ID, 3*time.Hour); again != time.Hour || err == nil || h.number(t, phone).Status != statusPending {
			t.Errorf("during an outage: %v %v", again, err)
		}
		delete(c.fails, "find")
		if again, err := h.settle(t, account, n.ID, 20*time.Minute); again != 0 || err != nil {
			t.Errorf("in the end: %v %v", again, err)
		}
		if n = h.number(t, phone); n.Active || n.Status != statusFailed || !strings.Contains(n.Warnings[0], "was not bought") {
			t.Errorf("%+v", n)
		}
		if w = h.raw(h.request(h.a, "/v1/numbers/buy", buy, "k")); w.Code != 409 || !strings.Contains(w.Body.String(), "was not bought") {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		c.fails["buy"], c.cut = nil, false
		h.play(t, []scenario{{"then it is bought", "POST", "/v1/numbers/buy", buy, 201, `"active":true`}})
	}
}

// TestBuyCrash: the server died between the order and its answer.
func TestBuyCrash(t *testing.T) {
	const phone = "+14155550150"
	for name, tc := range map[string]struct {
		owned  bool
		after  time.Duration
		status string
		active bool
	}{"it was bought": {true, time.Minute, "", true}, "it was not": {false, time.Hour, statusFailed, false}} {
		c := newCarrier()
		h, account := carryingHouse(t, c)
		id := "11111111-1111-4111-8111-111111111111"
		doc := store.Doc{"id": id, "number": phone, "telephony_account_connection": account, "telephony_provider": "twilio", "active": false}
		toSettle(doc)
		if _, err := h.db.LinkNumber(t.Context(), h.a.env, doc, settling(Account{h.a.env, account}, id)); err != nil {
			t.Fatal(err)
		}
		if tc.owned {
			c.owned[phone] = Line{Phone: phone}
		}
		again, err := h.settle(t, account, id, tc.after)
		if n := h.number(t, phone); again != 0 || err != nil || n.Status != tc.status || n.Active != tc.active || tc.owned != (c.pointed[phone] == account) {
			t.Errorf("%s: %v %v %+v", name, again, err, n)
		}
		if again, err = h.api.SettleNumber(t.Context(), Account{h.a.env, account}, "22222222-2222-4222-8222-222222222222"); again != 0 || err != nil {
			t.Errorf("one that was let go: %v %v", again, err)
		}
	}
}

// TestPendingOrder: one that its carrier needs days for is there, inactive, and comes by itself.
func TestPendingOrder(t *testing.T) {
	const phone = "+14155550150"
	c := newCarrier()
	h, account := carryingHouse(t, c)
	c.pending = true
	h.play(t, []scenario{
		{"buy", "POST", "/v1/numbers/buy", `{"phone_number":"+14155550150"}`, 201, `"active":false¦"carrier_status":"pending"¦"warnings":["it is ordered¦"ordered_at":"2`},
		{"cancel", "POST", "/v1/numbers/cancel?phone_number=%2B14155550150", ``, 409, `order_pending¦POST /v1/numbers/detach`},
	})
	n := h.number(t, phone)
	for age, want := range map[time.Duration]time.Duration{time.Second: time.Minute, 10 * time.Minute: 10 * time.Minute, 100 * time.Hour: time.Hour} {
		if again, err := h.settle(t, account, n.ID, age); again.Round(time.Minute) != want || err != nil {
			t.Errorf("after %v: %v %v", age, again, err)
		}
	}
	c.owned[phone] = Line{Phone: phone}
	c.fails["point"] = errDown
	if again, err := h.settle(t, account, n.ID, time.Hour); again == 0 || err == nil || h.number(t, phone).Active {
		t.Errorf("%v %v", again, err)
	}
	delete(c.fails, "point")
	if again, err := h.settle(t, account, n.ID, time.Hour); again != 0 || err != nil || !h.number(t, phone).Active {
		t.Errorf("%v %v", again, err)
	}
	c.pending = true
	c.owned = map[string]Line{}
	h.play(t, []scenario{{"another", "POST", "/v1/numbers/buy", `{"phone_number":"+14155550151"}`, 201, `"pending"`}})
	if again, err := h.settle(t, account, h.number(t, "+14155550151").ID, patience+time.Hour); again != 0 || err != nil || h.number(t, "+14155550151").Status != statusFailed {
		t.Errorf("%v %v", again, err)
	}
	h.play(t, []scenario{{"a failed one is let go", "POST", "/v1/numbers/cancel?phone_number=%2B14155550151", ``, 201, ``}})
}

func TestLinkAtCarrier(t *testing.T) {
	c := newCarrier("+14155550101", "+14155550102", "+14155550103")
	h, account := carryingHouse(t, c)
	h.play(t, []scenario{
		{"by the provider", "POST", "/v1/numbers/link", `{"phone_number":"+14155550101","telephony_provider":"twilio","inbound_agent":"{agents}"}`, 201,
			`"telephony_account_connection":"` + account + `"¦"telephony_provider":"twilio"¦"carrier_status":null¦"sms_enabled":true¦"active":true¦went elsewhere before`},
		{"by the account", "POST", "/v1/numbers/link", `{"number":"+14155550102","telephony_account_connection":"` + account + `","sms_enabled":false,"outbound_only":true}`, 201, `"telephony_provider":"twilio"¦"sms_enabled":false`},
		{"another's", "POST", "/v1/numbers/link", `{"phone_number":"+14155559999","telephony_provider":"twilio"}`, 400, `"code":"not_owned"¦"field":"phone_number"¦POST /v1/numbers/buy`},
		{"no number", "POST", "/v1/numbers/link", `{"phone_number":"201","telephony_provider":"twilio"}`, 400, `"field":"phone_number"¦as twilio knows it`},
		{"at a trunk", "POST", "/v1/numbers/link", `{"phone_number":"+14155559998","telephony_account_connection":"{account_connections}","telephony_provider":"twilio"}`, 201, `"telephony_provider":"sip"`},
		{"at a PBX", "POST", "/v1/numbers/link", `{"phone_number":"202"}`, 201, `"telephony_provider":"sip"¦!telephony_account_connection`},
	})
	if c.pointed["+14155550101"] != account || c.pointed["+14155550102"] != "" {
		t.Errorf("%v", c.pointed)
	}
	c.fails["point"] = errDown
	h.play(t, []scenario{{"an outage in between", "POST", "/v1/numbers/link", `{"phone_number":"+14155550103","telephony_provider":"twilio"}`, 201, `"active":true¦"carrier_status":"pending"¦do not come here yet, and that is tried again`}})
	delete(c.fails, "point")
	if again, err := h.settle(t, account, h.number(t, "+14155550103").ID, time.Minute); again != 0 || err != nil || c.pointed["+14155550103"] != account {
		t.Errorf("%v %v", again, err)
	}
	h.play(t, []scenario{{"detach", "POST", "/v1/numbers/detach?phone_number=%2B14155550103", ``, 201, ``}})
	if _, ok := c.pointed["+14155550103"]; ok || c.owned["+14155550103"].Phone == "" {
		t.Errorf("%v %v", c.pointed, c.owned)
	}
	c.fails["point"] = errClosed
	h.play(t, []scenario{
		{"refused in between", "POST", "/v1/numbers/link", `{"phone_number":"+14155550103","telephony_provider":"twilio"}`, 400, `Account not active`},
		{"nothing is left of it", "GET", "/v1/numbers?phone_number=%2B14155550103", ``, 404, ``},
	})
	delete(c.fails, "point")
	c.reached = errNowhere
	h.play(t, []scenario{
		{"a server that nobody reaches", "POST", "/v1/numbers/link", `{"phone_number":"+14155550103","telephony_provider":"twilio"}`, 400, `no_public_url`},
		{"outbound", "POST", "/v1/numbers/link", `{"phone_number":"+14155550103","telephony_provider":"twilio","outbound_only":true}`, 201, `"warnings":["PARLEY_PUBLIC_URL`},
	})
	c.fails["unpoint"] = errDown
	h.outage(t, "/v1/numbers/detach?phone_number=%2B14155550103", "carrier_unavailable")
	c.fails["unpoint"] = errClosed
	h.play(t, []scenario{{"of a closed account", "POST", "/v1/numbers/detach?phone_number=%2B14155550103", ``, 201, ``}})
	c.fails["cancel"] = errDown
	h.outage(t, "/v1/numbers/cancel?phone_number=%2B14155550101", "carrier_unavailable")
	h.play(t, []scenario{{"it is still there", "GET", "/v1/numbers?phone_number=%2B14155550101", ``, 200, ``}})
}

func TestMoveNumber(t *testing.T) {
	c := newCarrier("+14155550101")
	h, account := carryingHouse(t, c)
	second := h.connect(t, h.a, twilioAccount)
	to := func(id string) string {
		return fmt.Sprintf(`{"telephony_account_connection":%s}`, id)
	}
	h.play(t, []scenario{
		{"a number of a PBX", "POST", "/v1/numbers/link", `{"phone_number":"+14155559999"}`, 201, ``},
		{"to an account without it", "POST", "/v1/numbers/update?phone_number=%2B14155559999", to(`"` + account + `"`), 400, `"field":"telephony_account_connection"¦not_owned`},
		{"to another's", "POST", "/v1/numbers/update?phone_number=%2B14155559999", to(`"{other.account_connections}"`), 404, connectionField},
		{"one of a trunk", "POST", "/v1/numbers/link", `{"phone_number":"+14155550101"}`, 201, `"telephony_provider":"sip"`},
		{"to an account that has it", "POST", "/v1/numbers/update?phone_number=%2B14155550101", to(`"` + account + `"`), 201, `"telephony_provider":"twilio"¦went elsewhere`},
		{"to a second account", "POST", "/v1/numbers/update?phone_number=%2B14155550101", to(`{"id":"` + second + `"}`), 201, second},
		{"the same", "POST", "/v1/numbers/update?phone_number=%2B14155550101", to(`"` + second + `"`), 201, second},
	})
	if c.pointed["+14155550101"] != second {
		t.Errorf("%v", c.pointed)
	}
	h.play(t, []scenario{{"to none", "POST", "/v1/numbers/update?phone_number=%2B14155550101", to("null"), 201, `"telephony_provider":"sip"¦"telephony_account_connection":null`}})
	if len(c.pointed) != 0 {
		t.Errorf("%v", c.pointed)
	}
}

// TestOperatorsAccount: what the operator's account has is had by those who bought it, and by whom an operator lets.
func TestOperatorsAccount(t *testing.T) {
	c := newCarrier("+14155550101")
	h := newHouse(t)
	h.furnish(h.a)
	h.api.Carriers = map[string]Carrier{"twilio": c, "fluents_twilio": c}
	own := h.connect(t, h.admin, `{"type":"account_connection_fluents_twilio"}`)
	link := `{"phone_number":"+14155550101","telephony_provider":"fluents_twilio"}`
	ask := func(who *tenant, path, body string) reply { t.Helper(); return h.do(who, "POST", path, body) }
	if r := ask(h.admin, "/v1/numbers/link", link); r.status != 403 || !strings.Contains(string(r.body), "operator") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := ask(h.admin, "/v1/numbers/link", `{"phone_number":"+14155550101"}`); r.status != 201 {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := ask(h.admin, "/v1/numbers/update?phone_number=%2B14155550101", `{"telephony_account_connection":"`+own+`"}`); r.status != 403 {
		t.Errorf("moved to the operator's account: %d %s", r.status, r.body)
	}
	if r := ask(h.admin, "/v1/numbers/cancel?phone_number=%2B14155550101", ``); r.status != 400 || c.owned["+14155550101"].Phone == "" {
		t.Errorf("cancelled a number of the operator's: %d %s", r.status, r.body)
	}
	if r := ask(h.admin, "/v1/numbers/buy", `{"phone_number":"+14155550102","telephony_provider":"twilio"}`); r.status != 201 || !strings.Contains(string(r.body), own) || !strings.Contains(string(r.body), `"telephony_provider":"twilio"`) {
		t.Errorf("%d %s", r.status, r.body)
	}
	call := func(from string) reply {
		return h.do(h.admin, "POST", "/v1/calls/create", `{"from_number":"`+from+`","to_number":"+14155557777","agent":"`+h.a.ids["agents"]+`","telephony_account_connection":"`+own+`"}`)
	}
	for from, want := range map[string]int{"+14155550101": 400, "+14155550199": 400, "+14155550102": 201} {
		if r := call(from); r.status != want {
			t.Errorf("a call from %s: %d %s", from, r.status, r.body)
		}
	}
}
