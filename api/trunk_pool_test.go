package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/parley-voice/parley/store"
)

// TestFromTag: a call is made from a number with a tag, by the account that it is linked with.
func TestFromTag(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	h.play(t, []scenario{
		{"two numbers", "POST", "/v1/numbers/link", `{"phone_number":"+14155550001","tags":["sales"],"config":{"max_calls_per_minute":1,"local_presence":"area_code"}}`, 201, ``},
		{"the second", "POST", "/v1/numbers/link", `{"phone_number":"+12125550001","tags":["sales","all"],"config":{"max_calls_per_day":1}}`, 201, ``},
		{"no such pacing", "POST", "/v1/numbers/update?phone_number=%2B12125550001", `{"config":{"max_calls_per_day":0}}`, 400, `config.max_calls_per_day must be`},
		{"no such presence", "POST", "/v1/numbers/update?phone_number=%2B12125550001", `{"config":{"local_presence":"planet"}}`, 400, `config.local_presence must be`},
		{"no such tag", "POST", "/v1/calls/create", `{"from_tag":"support","to_number":"+14155557777","agent":"{agents}"}`, 400, `"field":"from_tag"¦no active number has the tag support`},
		{"another's tag", "other POST", "/v1/calls/create", `{"from_tag":"sales","to_number":"+14155557777","agent":"{other.agents}"}`, 400, `"field":"from_tag"`},
		{"a tag and a number", "POST", "/v1/calls/create", `{"from_tag":"sales","from_number":"+14155550001","to_number":"+14155557777","agent":"{agents}"}`, 400, `from_tag and from_number exclude each other`},
		{"nobody", "POST", "/v1/calls/create", `{"from_tag":"sales","agent":"{agents}"}`, 400, `to_number`},
		{"nonsense", "POST", "/v1/calls/create", `{"from_tag":"sales","to_number":"a b","agent":"{agents}"}`, 400, `"field":"to_number"`},
		{"neither", "POST", "/v1/calls/create", `{"from_tag":"","to_number":"+14155557777","agent":"{agents}"}`, 400, `from_number is required`},
		{"abroad", "POST", "/v1/calls/create", `{"from_tag":"sales","to_number":"+442079460958","agent":"{agents}"}`, 403, `to_number`},
		{"a neighbour", "POST", "/v1/calls/create", `{"from_tag":"sales","to_number":"+14155557777","agent":"{agents}"}`, 201,
			`"from_number":"+14155550001"¦"from_tag":"sales"¦"telephony_account_connection":"{account_connections}"¦@created`},
		{"the other", "POST", "/v1/calls/create", `{"from_tag":"sales","to_number":"+14155557777","agent":"{agents}"}`, 201, `"from_number":"+12125550001"¦@created`},
		{"neither is free", "POST", "/v1/calls/create", `{"from_tag":"sales","to_number":"+14155557777","agent":"{agents}"}`, 429, `numbers_busy¦queue: true waits`},
		{"nor by its name", "POST", "/v1/calls/create", `{"from_number":"+12125550001","to_number":"+14155557777","agent":"{agents}"}`, 429, `numbers_busy¦"field":"from_number"`},
		{"it waits", "POST", "/v1/calls/create", `{"from_tag":"sales","to_number":"+14155557777","agent":"{agents}","queue":true}`, 201, `"from_number":""¦"queued":true¦"from_tag":"sales"¦@created`},
		{"by a trunk that has none", "POST", "/v1/calls/create", `{"from_tag":"all","to_number":"+14155557777","agent":"{agents}","telephony_account_connection":"{other.account_connections}"}`, 404, `telephony_account_connection`},
	})
	r := h.do(h.a, "POST", "/v1/calls/create", `{"from_tag":"all","to_number":"sip:a@b.example","agent":"`+h.a.ids["agents"]+`"}`)
	if r.status != 429 || r.header.Get("Retry-After") == "" {
		t.Errorf("%d %s %s", r.status, r.header.Get("Retry-After"), r.body)
	}
	if _, err := h.db.UpdateNumber(t.Context(), h.a.env, "+12125550001", store.Doc{"config": nil}); err != nil {
		t.Fatal(err)
	}
	if a, err := h.db.Admit(t.Context()); err != nil || a.Let != 1 || !a.Next.IsZero() && time.Until(a.Next) < 0 {
		t.Errorf("%+v %v", a, err)
	}
	var page struct {
		Items []struct {
			From   string `json:"from_number"`
			Queued bool
		}
	}
	if r := h.do(h.a, "GET", "/v1/calls/list", ""); json.Unmarshal(r.body, &page) != nil || len(page.Items) == 0 || page.Items[0].From != "+12125550001" || page.Items[0].Queued {
		t.Errorf("%s", r.body)
	}
}

// TestPoolAccounts: of a tag's numbers only those make a call whose account may make it.
func TestPoolAccounts(t *testing.T) {
	c := newCarrier("+14155550101", "+14155550102")
	h, account := carryingHouse(t, c)
	h.play(t, []scenario{
		{"one of the carrier's", "POST", "/v1/numbers/link", `{"phone_number":"+14155550101","telephony_provider":"twilio","tags":["x"]}`, 201, ``},
		{"one of the trunk's", "POST", "/v1/numbers/link", `{"phone_number":"+14155550199","telephony_account_connection":"{account_connections}","tags":["x"]}`, 201, ``},
		{"by the carrier", "POST", "/v1/calls/create", `{"from_tag":"x","to_number":"+14155557777","agent":"{agents}","telephony_account_connection":"` + account + `"}`, 201, `"from_number":"+14155550101"¦"telephony_provider":"twilio"¦` + account + `¦@created`},
		{"again", "POST", "/v1/calls/create", `{"from_tag":"x","to_number":"+14155557777","agent":"{agents}","telephony_account_connection":"` + account + `"}`, 201, `"from_number":"+14155550101"¦@created`},
		{"the other is next", "POST", "/v1/calls/create", `{"from_tag":"x","to_number":"+14155557777","agent":"{agents}"}`, 201, `"from_number":"+14155550199"¦{account_connections}¦@created`},
		{"an extension", "POST", "/v1/calls/create", `{"from_tag":"x","to_number":"201","agent":"{agents}"}`, 400, `"field":"to_number"`},
	})
	h.play(t, []scenario{
		{"the carrier may call Britain", "POST", "/v1/account_connections/update?id=" + account, `{"credentials":{"allowed_prefixes":["+44"]}}`, 201, ``},
		{"it does", "POST", "/v1/calls/create", `{"from_tag":"x","to_number":"+442079460958","agent":"{agents}"}`, 201, `"from_number":"+14155550101"¦@created`},
		{"it always does", "POST", "/v1/calls/create", `{"from_tag":"x","to_number":"+442079460958","agent":"{agents}"}`, 201, `"from_number":"+14155550101"¦@created`},
	})
}

// TestTrunkChoice: which account carries a call from a number, and which numbers it may show.
func TestTrunkChoice(t *testing.T) {
	c := newCarrier("+14155550101")
	h, account := carryingHouse(t, c)
	call := func(from, more string) string {
		return `{"from_number":"` + from + `","to_number":"+14155557777","agent":"{agents}"` + more + `}`
	}
	by := func(id string) string { return `,"telephony_account_connection":"` + id + `"` }
	h.play(t, []scenario{
		{"linked", "POST", "/v1/numbers/link", `{"phone_number":"+14155550101","telephony_provider":"twilio"}`, 201, ``},
		{"by its account", "POST", "/v1/calls/create", call("+14155550101", ""), 201, `"telephony_provider":"twilio"¦` + account + `¦@created`},
		{"the trunk is the first choice", "POST", "/v1/calls/create", call("+14155550555", ""), 201, `"telephony_provider":"sip"¦{account_connections}¦@created`},
		{"the named provider", "POST", "/v1/calls/create", call("+14155550555", `,"telephony_provider":"twilio"`), 201, `"telephony_provider":"twilio"¦@created`},
		{"a sip: address by it", "POST", "/v1/calls/create", `{"from_number":"+14155550101","to_number":"sip:a@b","agent":"{agents}"` + by(account) + `}`, 400, `sip: addresses go by an account_connection_sip`},
		{"an account that carries nothing", "POST", "/v1/account_connections/create", `{"type":"account_connection_openai","credentials":{"openai_api_key":"k"}}`, 201, ``},
		{"only its own", "POST", "/v1/account_connections/update?id=" + account, `{"account_supports_any_caller_id":false}`, 201, ``},
		{"its own", "POST", "/v1/calls/create", call("+14155550101", ""), 201, `@created`},
		{"what is not linked", "POST", "/v1/calls/create", call("+14155550555", by(account)), 400, `"field":"from_number"¦POST /v1/numbers/link`},
		{"a number of another account", "POST", "/v1/numbers/link", `{"phone_number":"+14155550199","telephony_account_connection":"{account_connections}"}`, 201, ``},
		{"is not shown", "POST", "/v1/calls/create", call("+14155550199", by(account)), 400, `linked with another account connection`},
	})
	if _, err := h.db.UpdateNumber(t.Context(), h.a.env, "+14155550101", store.Doc{"active": false, "carrier_status": statusPending}); err != nil {
		t.Fatal(err)
	}
	h.play(t, []scenario{{"one that is not there yet", "POST", "/v1/calls/create", call("+14155550101", ""), 400, `carrier_status is pending`}})
}
