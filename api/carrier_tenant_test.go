package api

import (
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/store"
)

const sharedTwilio = `{"type":"account_connection_fluents_twilio"}`

// sharingHouse has two environments with the operator's account at c.
func sharingHouse(t *testing.T, c *fakeCarrier) (h *house, a, b string) {
	t.Helper()
	h = newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	h.api.Carriers = map[string]Carrier{"twilio": c, "fluents_twilio": c}
	return h, h.connect(t, h.a, sharedTwilio), h.connect(t, h.b, sharedTwilio)
}

func (h *house) post(t *testing.T, who *tenant, path, body string, status int, has string) {
	t.Helper()
	if r := h.do(who, "POST", path, body); r.status != status || !strings.Contains(string(r.body), has) {
		t.Errorf("%s %s: %d %s, want %d %s", path, body, r.status, r.body, status, has)
	}
}

// TestTypeOfTheOperatorsAccount: what was linked with another account, or with none that could be asked, does not become the operator's.
func TestTypeOfTheOperatorsAccount(t *testing.T) {
	h, shared, _ := sharingHouse(t, newCarrier("+14155550101"))
	own := h.a.ids["account_connections"]
	h.post(t, h.a, "/v1/numbers/link", `{"phone_number":"+14155550101","telephony_account_connection":"`+own+`"}`, 201, `"sip"`)
	h.post(t, h.a, "/v1/account_connections/update?id="+own, sharedTwilio, 400, `"field":"type"`)
	h.post(t, h.a, "/v1/account_connections/update?id="+shared, `{"type":"account_connection_sip","credentials":{"host":"sip.example.com"}}`, 400, `"field":"type"`)
	h.post(t, h.a, "/v1/account_connections/update?id="+shared, `{"type":"account_connection_fluents_twilio","label":"x"}`, 201, `"x"`)
	h.post(t, h.a, "/v1/agents/update?id="+h.a.ids["agents"], `{"openai_account_connection":{"id":"`+own+`","type":"account_connection_fluents_twilio"}}`, 400, `openai_account_connection.type`)
}

// TestSharedNumberIsOnes: what one environment has, or orders, of the operator's account no other one gets, nor what became of it.
func TestSharedNumberIsOnes(t *testing.T) {
	const phone = "+14155550150"
	c := newCarrier()
	h, account, other := sharingHouse(t, c)
	buy := `{"phone_number":"` + phone + `","outbound_only":true}`
	c.fails["buy"] = errDoubt
	if w := h.raw(h.request(h.a, "/v1/numbers/buy", buy, "k")); w.Code != 503 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	delete(c.fails, "buy")
	h.post(t, h.b, "/v1/numbers/buy", buy, 409, `"code":"taken"`)
	c.offers = []Offer{{PhoneNumber: phone}, {PhoneNumber: "+14155550151"}}
	h.post(t, h.b, "/v1/numbers/buy", `{"area_code":"415"}`, 201, "+14155550151") // the next one
	ref := "?phone_number=%2B14155550150"
	h.post(t, h.a, "/v1/numbers/update"+ref, `{"active":true}`, 409, `"field":"active"`)
	n := h.number(t, phone)
	if again, err := h.settle(t, account, n.ID, time.Hour); again != 0 || err != nil || h.number(t, phone).Status != statusFailed {
		t.Fatalf("%v %v", again, err)
	}
	h.post(t, h.b, "/v1/numbers/buy", `{"phone_number":"`+phone+`"}`, 201, `"active":true`)
	for body, field := range map[string]string{`{"active":true}`: "active", `{"outbound_only":false}`: "outbound_only", `{"telephony_account_connection":null}`: connectionField} {
		h.post(t, h.a, "/v1/numbers/update"+ref, body, 409, `"field":"`+field+`"`)
	}
	h.post(t, h.a, "/v1/numbers/update"+ref, `{"label":"lost","active":false,"outbound_only":true}`, 201, `"lost"`)
	h.post(t, h.a, "/v1/calls/create", `{"from_number":"`+phone+`","to_number":"+14155557777","agent":"`+h.a.ids["agents"]+`","telephony_account_connection":"`+account+`"}`, 400, "from_number")
	h.post(t, h.a, "/v1/numbers/cancel"+ref, ``, 201, phone)
	if _, owned := c.owned[phone]; !owned || c.pointed[phone] != other {
		t.Errorf("what another has bought: %v %v", c.owned, c.pointed)
	}
	operator := &tenant{env: h.a.env, key: h.newKey(h.a.env, store.Operator)}
	h.post(t, operator, "/v1/numbers/link", `{"phone_number":"`+phone+`","telephony_account_connection":"`+account+`"}`, 409, "taken")
	h.post(t, h.a, "/v1/numbers/link", `{"phone_number":"`+phone+`","outbound_only":false}`, 201, `"sip"`)
	h.post(t, operator, "/v1/numbers/update"+ref, `{"telephony_account_connection":"`+account+`"}`, 409, "taken")
	if c.pointed[phone] != other {
		t.Errorf("its calls were sent elsewhere: %v", c.pointed)
	}
	h.post(t, h.b, "/v1/numbers/detach"+ref, ``, 201, phone)
	c.fails["point"] = errClosed
	h.post(t, operator, "/v1/numbers/update"+ref, `{"telephony_account_connection":"`+account+`"}`, 400, "Account not active")
	h.post(t, h.a, "/v1/numbers/update"+ref, `{"label":"x"}`, 201, `"telephony_account_connection":null`)
	delete(c.fails, "point")
	h.post(t, operator, "/v1/numbers/update"+ref, `{"telephony_account_connection":"`+account+`"}`, 201, account)
	if c.pointed[phone] != account {
		t.Errorf("its calls do not come: %v", c.pointed)
	}
}
