package api

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// fakeProber answers what it is told to, and keeps what it was asked.
type fakeProber struct {
	mu     sync.Mutex // guards all below
	asked  []string   // environment, id, type
	checks []Check
	err    error
}

func (f *fakeProber) Probe(ctx context.Context, env, id string, doc store.Doc) ([]Check, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kind, _ := doc["type"].(string)
	f.asked = append(f.asked, strings.Join([]string{env, id, kind}, " "))
	if end, ok := ctx.Deadline(); !ok || time.Until(end) > probeWithin {
		return nil, errors.New("it may take for ever")
	}
	return f.checks, f.err
}

func TestConnectionTest(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.play(t, []scenario{{"nobody tests", "POST", "/v1/account_connections/test?id={account_connections}", ``, 400, `tests no connections`}})
	f := &fakeProber{checks: []Check{
		{What: CheckOptions, Verdict: CheckFine, Said: "it answers (200 OK)", Target: Target{"udp", "203.0.113.20:5060", "sip.example.com"},
			Answer: Answer{Status: 200, Reason: "OK", Server: "FPBX", RoundTrip: 12500 * time.Microsecond, Credentials: CredentialsTaken, Contact: "203.0.113.7:5060", SeenAs: "198.51.100.4:1024", Codecs: []string{"PCMU"}}},
		{What: CheckRegister, Verdict: CheckNote, Said: "it may be", ToDo: "Look."},
	}}
	h.api.Prober = f
	h.play(t, []scenario{
		{"a stored one", "POST", "/v1/account_connections/test?id={account_connections}", ``, 200,
			`"id":"{account_connections}"¦"ok":true¦{"what":"options","verdict":"ok","said":"it answers (200 OK)","to_do":null,"transport":"udp","address":"203.0.113.20:5060","name":"sip.example.com",` +
				`"status":200,"code":null,"reason":"OK","server":"FPBX","round_trip_ms":12.5,"credentials":"taken","contact":"203.0.113.7:5060","seen_as":"198.51.100.4:1024","codecs":["PCMU"]}` +
				`¦"to_do":"Look.","transport":null¦"codecs":[]`},
		{"one that is not stored", "POST", "/v1/account_connections/test", `{"type":"account_connection_sip","credentials":{"host":"sip.example.com"}}`, 200, `"id":null,"type":"account_connection_sip","ok":true`},
		{"both", "POST", "/v1/account_connections/test?id={account_connections}", `{"type":"account_connection_sip","credentials":{"host":"sip.example.com"}}`, 400, `send one of them`},
		{"neither", "POST", "/v1/account_connections/test", ``, 400, `id is required`},
		{"an empty one", "POST", "/v1/account_connections/test", `{}`, 400, `id is required`},
		{"one that create refuses", "POST", "/v1/account_connections/test", `{"type":"account_connection_sip","credentials":{}}`, 400, `credentials.host`},
		{"without a type", "POST", "/v1/account_connections/test", `{"credentials":{"host":"h"}}`, 400, `type is required`},
		{"of nobody", "POST", "/v1/account_connections/test?id=00000000-0000-4000-8000-000000000000", ``, 404, `not found`},
		{"no id", "POST", "/v1/account_connections/test?id=x", ``, 400, `id must be a UUID`},
	})
	if len(f.asked) != 2 || f.asked[1] != h.a.env+"  account_connection_sip" || !strings.HasPrefix(f.asked[0], h.a.env+" "+h.a.ids["account_connections"]) {
		t.Errorf("%q", f.asked)
	}
	f.checks = []Check{{What: CheckKey, Verdict: CheckFailed, Said: "no"}}
	h.play(t, []scenario{{"a failure is an answer", "POST", "/v1/account_connections/test?id={account_connections}", ``, 200, `"ok":false`}})
	f.err = parley.NotFound("account connection")
	h.play(t, []scenario{{"deleted meanwhile", "POST", "/v1/account_connections/test?id={account_connections}", ``, 404, `not found`}})
	h.t = t
	r := h.do(h.admin, "GET", `/v1/audit/list?filters={"act":"test_connection"}`, "")
	for _, want := range []string{`"call_id":null`, `"account_connection":"` + h.a.ids["account_connections"] + `"`, `"type":"account_connection_sip"`, `"status":404`, `"total":4`} {
		if !strings.Contains(string(r.body), want) {
			t.Errorf("the audit lacks %s: %s", want, r.body)
		}
	}
}

// TestConnectionTestIsBounded: who asks again and again is told when to come back, for each connection alone.
func TestConnectionTestIsBounded(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.api.Prober = &fakeProber{}
	for range probesFirst {
		if r := h.do(h.a, "POST", "/v1/account_connections/test?id="+h.a.ids["account_connections"], ""); r.status != 200 {
			t.Fatalf("%d %s", r.status, r.body)
		}
	}
	r := h.do(h.a, "POST", "/v1/account_connections/test?id="+h.a.ids["account_connections"], "")
	if r.status != 429 || r.header.Get("Retry-After") == "" || !strings.Contains(string(r.body), "tested too often") {
		t.Errorf("%d %s", r.status, r.body)
	}
	if r := h.do(h.a, "POST", "/v1/account_connections/test", `{"type":"account_connection_deepgram","credentials":{"api_key":"k"}}`); r.status != 200 {
		t.Errorf("another: %d %s", r.status, r.body)
	}
	synctest.Test(t, func(t *testing.T) {
		l := newProbeLimits()
		for l.take("a") == nil {
		}
		time.Sleep(probesEvery * time.Second)
		if l.take("a") != nil || l.take("a") == nil {
			t.Error("not one every 5 seconds")
		}
	})
}
