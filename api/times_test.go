package api

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

func TestTimesOfCalls(t *testing.T) {
	h := newHouse(t)
	began := time.Date(2026, 11, 24, 9, 30, 0, 120_000_000, time.UTC)
	id := h.call(h.a, func(c *parley.Call) {
		c.Status, c.Cause, c.Created, c.Start, c.End = parley.Ended, parley.AgentEnded, began.Add(-2*time.Second), began, began.Add(time.Minute)
	})
	text, number := `"start_time":"1795512600","end_time"`, `"start_time":1795512600,"end_time"`
	iso := `"start_time":"2026-11-24T09:30:00.120Z"`
	get, list := "/v1/calls?id="+id, "/v1/calls/list"
	rows := []struct{ format, header, path, want string }{
		{"", "", get, iso}, {"", "", list, iso}, {"", "epoch", get, text}, {"", "epoch", list, number}, {"", "Epoch ", get, text},
		{"epoch", "", get, text}, {"epoch", "", list, number}, {"epoch", "iso8601", get, iso}, {"epoch", "iso8601", list, iso}, {"iso8601", "", get, iso},
	}
	for _, row := range rows {
		if _, err := h.api.Store.UpdateEnvironment(t.Context(), h.a.env, func(e *store.Environment) error { e.Settings.TimeFormat = row.format; return nil }); err != nil {
			t.Fatal(err)
		}
		var headers []string
		if row.header != "" {
			headers = []string{timeHeader, row.header}
		}
		r := h.do(h.a, "GET", row.path, "", headers...)
		if !strings.Contains(string(r.body), row.want) {
			t.Errorf("environment %q, header %q, %s lacks %s: %s", row.format, row.header, row.path, row.want, r.body)
		}
	}
	if r := h.do(h.a, "POST", "/v1/calls/create", `{}`, timeHeader, "sundial"); r.status != 400 || !strings.Contains(string(r.body), `"field":"Parley-Time-Format"`) {
		t.Errorf("a format that is none: %d %s", r.status, r.body)
	}
	if r := h.do(h.a, "GET", get, "", timeHeader, "epoch"); !strings.Contains(string(r.body), `"not_before":null`) || !strings.Contains(string(r.body), `"created_at":"1795512598"`) {
		t.Errorf("the other times: %s", r.body)
	}
}

func TestInstant(t *testing.T) {
	want := time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	for _, v := range []any{"2026-11-24T09:30:00Z", "2026-11-24T10:30:00+01:00", "2026-11-24T09:30:00.000Z", json.Number("1795512600"), "1795512600", " 1795512600.0 "} {
		if got, err := instant("f", v); err != nil || !got.Equal(want) {
			t.Errorf("%v is %v %v", v, got, err)
		}
	}
	for _, v := range []any{"tomorrow", "2026-11-24", "2026-11-24T09:30:00", "", json.Number("1795512600000"), "1795512600000", json.Number("-1"), json.Number("1e300"), "NaN", "Inf", "0x1p30"} {
		if got, err := instant("f", v); err == nil || !strings.Contains(err.Error(), "f must be a time") {
			t.Errorf("%v is %v %v", v, got, err)
		}
	}
	if got, err := instant("f", nil); err != nil || !got.IsZero() {
		t.Errorf("null is %v %v", got, err)
	}
}

func TestSchedule(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	ends := `{"from_number":"+15550001111","to_number":"+15552223333","agent":"{agents}"`
	later, muchLater, past := time.Now().Add(time.Hour).UTC().Format(time.RFC3339), "4102444800", "2020-01-01T00:00:00Z"
	h.play(t, []scenario{
		{"at once", "POST", "/v1/calls/create", ends + `}`, 201, `"queued":false¦"not_before":null¦@created`},
		{"whenever there is room", "POST", "/v1/calls/create", ends + `,"queue":true}`, 201, `"queued":true¦"status":"not_started"¦@created`},
		{"later", "POST", "/v1/calls/create", ends + `,"not_before":"` + later + `"}`, 201, `"queued":true¦"not_before":"2¦@created`},
		{"later, in epoch seconds", "POST", "/v1/calls/create", ends + `,"not_before":"` + later + `","not_after":` + muchLater + `}`, 201, `"queued":true¦"not_after":"2100-01-01T00:00:00.000Z"¦@created`},
		{"by then", "POST", "/v1/calls/create", ends + `,"not_after":"` + muchLater + `"}`, 201, `"queued":true¦@created`},
		{"by then, or not at all", "POST", "/v1/calls/create", ends + `,"not_after":"` + muchLater + `","queue":false}`, 201, `"queued":false¦@created`},
		{"from a time that has come", "POST", "/v1/calls/create", ends + `,"not_before":"` + past + `"}`, 201, `"queued":false¦@created`},
		{"too late", "POST", "/v1/calls/create", ends + `,"not_after":"` + past + `"}`, 400, `not_after must lie in the future`},
		{"the wrong way round", "POST", "/v1/calls/create", ends + `,"not_before":` + muchLater + `,"not_after":"` + later + `"}`, 400, `not_after must not lie before not_before`},
		{"neither", "POST", "/v1/calls/create", ends + `,"not_before":"soon","not_after":"late"}`, 400, `"field":"not_before"¦"field":"not_after"`},
		{"a list", "POST", "/v1/calls/create", ends + `,"not_before":[]}`, 400, `not_before must be a time`},
	})
}

// TestFull: without a slot free there is a 429 that says how many there are, and whoever may wait is let in.
func TestFull(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.b)
	if _, err := h.db.UpdateEnvironment(t.Context(), h.b.env, func(e *store.Environment) error { e.MaxCalls = 1; return nil }); err != nil {
		t.Fatal(err)
	}
	body := `{"from_number":"+15550001111","to_number":"sip:a@127.0.0.1","agent":{` + tiny + `}`
	r := h.do(h.b, "POST", "/v1/calls/create", body+`}`)
	var p problem
	if err := json.Unmarshal(r.body, &p); err != nil {
		t.Fatal(err)
	}
	if r.status != 429 || r.header.Get("Retry-After") != "5" || p.Code != "too_many_calls" || p.Limit == nil || *p.Limit != (limit{1, 1}) {
		t.Errorf("%d, Retry-After %q: %s", r.status, r.header.Get("Retry-After"), r.body)
	}
	waits := h.do(h.b, "POST", "/v1/calls/create", body+`,"queue":true}`)
	if waits.status != 201 || waits.object()["queued"] != true {
		t.Fatalf("%d %s", waits.status, waits.body)
	}
	id, _ := waits.object()["id"].(string)
	if r := h.do(h.b, "POST", "/v1/calls/end?id="+id, ""); r.status != 200 || r.object()["queued"] != false || r.object()["ended_reason"] != "cancelled" {
		t.Errorf("ended while it waited: %d %s", r.status, r.body)
	}
	if a, err := h.db.Admit(context.Background()); err != nil || a.Let != 0 || !a.Next.IsZero() {
		t.Errorf("a call that was ended still waits: %+v %v", a, err)
	}
}

func TestPrivateCall(t *testing.T) {
	h := newHouse(t)
	body := `{"from_number":"+15550001111","to_number":"sip:a@127.0.0.1","hipaa_compliant":true,"agent":{"prompt":{"content":"the words of the prompt","label":"the label"},"actions":[],"voice":{}}}`
	r := h.once(h.a, "/v1/calls/create", body, "k")
	id, _ := r.object()["id"].(string)
	for _, got := range []reply{r, h.once(h.a, "/v1/calls/create", body, "k"), h.do(h.a, "GET", "/v1/calls?id="+id, ""), h.do(h.a, "GET", "/v1/calls/list", "")} {
		if got.status >= 300 || strings.Contains(string(got.body), "the words") || strings.Contains(string(got.body), "the label") || !strings.Contains(string(got.body), `"hipaa_compliant":true`) {
			t.Errorf("%d %s", got.status, got.body)
		}
	}
}

func TestLines(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	line := "/v1/numbers/update?id={numbers}"
	ends := `{"from_number":"+15550001111","to_number":"+15552223333","agent":"{agents}"}`
	h.play(t, []scenario{
		{"fallback and reserve", "POST", line, `{"config":{"fallback_number":"+15557770001","inbound_reserve":2,"other":1},"sms_enabled":true,"tags":["a"]}`, 201,
			`"fallback_number":"+15557770001"¦"inbound_reserve":2¦"other":1¦"sms_enabled":true¦"tags":["a"]`},
		{"a sip: address", "POST", line, `{"config":{"fallback_number":"SIP:desk@pbx.example.com"}}`, 201, `"fallback_number":"sip:desk@pbx.example.com"`},
		{"no fallback", "POST", line, `{"config":{"fallback_number":null,"inbound_reserve":null}}`, 201, `"fallback_number":null`},
		{"an extension", "POST", line, `{"config":{"fallback_number":"201"}}`, 400, `config.fallback_number must be a number in E.164 form`},
		{"a fallback with a way out", "POST", line, `{"config":{"fallback_number":"sip:a@b>;x"}}`, 400, `"field":"config.fallback_number"`},
		{"half a slot", "POST", line, `{"config":{"inbound_reserve":0.5}}`, 400, `config.inbound_reserve`},
		{"less than none", "POST", line, `{"config":{"inbound_reserve":-1}}`, 400, `config.inbound_reserve must be between 0 and`},
		{"none at all", "POST", line, `{"config":null}`, 201, ``},
		{"link with a bad line", "POST", "/v1/numbers/link", `{"number":"201","config":{"fallback_number":"x"}}`, 400, `config.fallback_number`},
		{"call from it", "POST", "/v1/calls/create", ends, 201, `@created`},
		{"it only routes", "POST", line, `{"is_routing_number":true}`, 201, `"is_routing_number":true`},
		{"call from it now", "POST", "/v1/calls/create", ends, 400, `"field":"from_number"¦is_routing_number`},
		{"by a lost plus", "POST", "/v1/calls/create", strings.Replace(ends, "+1555000", " 1555000", 1), 400, `"field":"from_number"`},
	})
}

// TestOddClients: what known clients send otherwise than the contract has it.
func TestOddClients(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	ends := `{"from_number":" 15550001111","to_number":" 15552223333","agent":"{agents}"`
	h.play(t, []scenario{
		{"sort_desc of Python", "GET", "/v1/agents/list?sort_desc=True&sort_column=name", ``, 200, `"total":1`},
		{"sort_desc of Python, off", "GET", "/v1/calls/list?sort_desc=False", ``, 200, `"total":1`},
		{"sort_desc as a number", "GET", "/v1/calls/list?sort_desc=1", ``, 200, `"total":1`},
		{"an empty filter", "GET", "/v1/calls/list?filters={}&sort_column=", ``, 200, `"total":1`},
		{"lost plus signs", "POST", "/v1/calls/create", ends + `}`, 201, `"from_number":"+15550001111"¦"to_number":"+15552223333"¦@created`},
		{"a provider as a string", "POST", "/v1/calls/create", ends + `,"telephony_provider":"twilio"}`, 201, `@created`},
		{"a provider as an object", "POST", "/v1/calls/create", ends + `,"telephony_provider":{"name":"twilio"}}`, 201, `@created`},
		{"a provider as a number", "POST", "/v1/calls/create", ends + `,"telephony_provider":7}`, 400, `telephony_provider must be`},
		{"the call is there", "GET", "/v1/calls?id={calls}", ``, 200, `{calls}`},
	})
}
