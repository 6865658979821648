package after

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/store"
)

func TestUnder(t *testing.T) {
	for _, c := range [][3]string{
		{"https://crm.example", "/a/b", "https://crm.example/a/b"},
		{"https://crm.example/v2/", "a?x=1", "https://crm.example/v2/a?x=1"},
		{"https://crm.example/v2", "?x=1", "https://crm.example/v2?x=1"},
		{"https://crm.example/v2?key=1#f", "", "https://crm.example/v2"},
		{"https://crm.example:8443/v2", "https://crm.example:8443/other?u=http://x", "https://crm.example:8443/other?u=http://x"},
		{"https://crm.example", "//evil.example/x", "https://crm.example/evil.example/x"},
		{"https://crm.example", "/x?u=http://evil.example", "https://crm.example/x?u=http://evil.example"},
		{"https://crm.example", "https://evil.example/x", "must lie within"},
		{"https://crm.example", "http://crm.example/x", "must lie within"},
		{"https://crm.example", "https://crm.example@evil.example/", "must lie within"},
		{"https://crm.example", "/%zz", "is no address"},
		{"", "/x", "has no base_url"},
		{"smtp://mail.example", "/x", "has no base_url"},
	} {
		got, err := under(c[0], c[1])
		if err != nil {
			got = err.Error()
		}
		if got != c[2] && (err == nil || !strings.Contains(got, c[2])) {
			t.Errorf("%s + %s: %s", c[0], c[1], got)
		}
	}
}

// TestMade: what a config comes to, and what is wrong with one that comes to nothing.
func TestMade(t *testing.T) {
	v := values{"x": "a\"b\r\nc&d", "n": 2}
	for config, want := range map[string]string{
		`{"http_method":"get","relative_uri":"/a/{x}?b={x}","headers":"","body":"{\"a\":1}"}`:                                               `GET /a/a%22b%0D%0Ac&d?b=a%22b%0D%0Ac%26d map[] `,
		`{"http_method":"","relative_uri":"","headers":"{}","body":"{\"a\":\"{x}\"}"}`:                                                      `POST  map[Content-Type:[application/json]] {"a":"a\"b\r\nc\u0026d"}`,
		`{"http_method":"PATCH","relative_uri":"/","headers":{"X-A":"{x}","host":"h","Idempotency-Key":"mine"},"body":{"a":"{n}"}}`:         `PATCH / map[Content-Type:[application/json] X-A:[a"b c&d]] {"a":"2"}`,
		`{"http_method":"POST","relative_uri":"/","headers":"{\"content-type\":\"application/x-www-form-urlencoded\"}","body":"a={x}&b=1"}`: `POST / map[Content-Type:[application/x-www-form-urlencoded]] a=a%22b%0D%0Ac%26d&b=1`,
		`{"http_method":"POST","relative_uri":"/","headers":"{\"Content-Type\":\"text/xml\"}","body":"<a>{x}</a>"}`:                         "POST / map[Content-Type:[text/xml]] <a>a&#34;b\r<br>\nc&amp;d</a>",
		`{"http_method":"POST","relative_uri":"/","headers":null,"body":"said {x}"}`:                                                        "POST / map[Content-Type:[text/plain; charset=utf-8]] said a\"b\r\nc&d",
		`{"http_method":"POST","relative_uri":"/","headers":"","body":"{x}"}`:                                                               "POST / map[Content-Type:[text/plain; charset=utf-8]] a\"b\r\nc&d",
		`{"http_method":"TRACE"}`:                                    "config.http_method must be one of GET, POST",
		`{"headers":"nonsense"}`:                                     "config.headers must be a JSON object",
		`{"headers":"{\"a b\":\"c\"}"}`:                              `config.headers: "a b" is no name of a header`,
		`{"headers":"{\"Content-Type\":\"text/json\"}","body":"{x"}`: "config.body is not JSON",
		`[]`: "config must have",
	} {
		e := &errand{values: v, want: want1("a", config)}
		r, err := e.made()
		got := fmt.Sprintf("%s %s %v %s", r.Method, r.URL, r.Header, r.Body)
		if err != nil {
			got = err.Error()
		}
		if got != want && (err == nil || !strings.Contains(got, want)) {
			t.Errorf("%s:\n%q, want\n%q", config, got, want)
		}
	}
}

func want1(id, config string) want { return want{ID: id, Config: json.RawMessage(config)} }

func TestJudge(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for status, want := range map[int]string{200: "done", 204: "done", 301: "for good", 400: "for good", 401: "for good", 408: "later", 409: "later", 410: "for good", 429: "later", 500: "later", 503: "later"} {
		e := &errand{}
		e.judge(&fetch.Response{Status: status})
		got := "done"
		if e.err != nil {
			got = map[bool]string{true: "for good", false: "later"}[e.forGood]
		}
		if got != want {
			t.Errorf("%d: %s, want %s", status, got, want)
		}
	}
	for s, want := range map[string]time.Duration{"": 0, "30": 30 * time.Second, "-1": 0, "soon": 0, "Thu, 01 Jan 2026 00:01:00 GMT": time.Minute} {
		if got := retryAfter(s, now); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}

// TestOutcome: a far end may ask for more than the ladder gives, and not for more than a day.
func TestOutcome(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]time.Duration{0: 5 * time.Second, time.Minute: time.Minute, 99 * time.Hour: 24 * time.Hour} {
		e := &errand{report: report{err: &tokenError{status: 503}, after: after}}
		if a := e.outcome(parley.AfterAction{State: parley.AfterWaiting}, now); a.Next.Sub(now) != want || a.State != parley.AfterWaiting {
			t.Errorf("%v: %+v", after, a)
		}
	}
}

// TestHowAnAccountProvesItself, and that a token is fetched once, and anew when it is over or refused.
func TestHowAnAccountProvesItself(t *testing.T) {
	for _, c := range []struct {
		kind, header, value string
		credentials         map[string]any
	}{
		{"account_connection_external_api_key", "Authorization", "Bearer k", map[string]any{"api_key": "k"}},
		{"account_connection_external_api_key", "Authorization", "Token k", map[string]any{"api_key": "Token k", "header": "authorization"}},
		{"account_connection_external_api_key", "X-Key", "k", map[string]any{"api_key": "k", "header": "X-Key"}},
		{passwordAccount, "Authorization", "Basic dTpw", map[string]any{"username": "u", "password": "p"}},
		{"account_connection_twilio", "", "", map[string]any{"twilio_auth_token": "x"}},
	} {
		name, value, err := (&Clerk{}).authorization(t.Context(), account{kind: c.kind, credentials: c.credentials}, false)
		if name != c.header || value != c.value || err != nil {
			t.Errorf("%v: %s: %s %v", c.credentials, name, value, err)
		}
	}
}

func TestTokens(t *testing.T) {
	for kind, credentials := range map[string]map[string]any{
		passwordAccount: {"base_url": "https://crm.example", "token_url": "https://id.example/token", "username": "u", "password": "p", "scope": "calls"},
		loginKeyAccount: {"base_url": "https://crm.example", "token_url": "https://id.example/token", "login": "u", "key": "p"},
	} {
		t.Run(kind, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, nil, "")
				issued, refuse := 0, ""
				d.answer = func(r fetch.Request) (*fetch.Response, error) {
					if r.URL == "https://id.example/token" {
						issued++
						return &fetch.Response{Status: 200, Body: fmt.Appendf(nil, `{"access_token":"t%d","token_type":"bearer","expires_in":"600"}`, issued)}, nil
					}
					if r.Header.Get("Authorization") == refuse {
						return &fetch.Response{Status: 401}, nil
					}
					return &fetch.Response{Status: 200}, nil
				}
				a := account{id: "1", kind: kind, credentials: credentials}
				send := func() *errand {
					e := &errand{key: "k"}
					d.clerk.send(t.Context(), e, a, fetch.Request{Method: "POST", URL: "https://crm.example/x", Header: http.Header{}})
					return e
				}
				last := func() string { return d.sent[len(d.sent)-1].Header.Get("Authorization") }
				for range 3 {
					if e := send(); e.err != nil || last() != "Bearer t1" || issued != 1 {
						t.Fatalf("%v %s %d", e.err, last(), issued)
					}
				}
				first := string(d.sent[0].Body)
				if kind == passwordAccount && first != "grant_type=password&password=p&scope=calls&username=u" || kind == loginKeyAccount && first != `{"key":"p","login":"u"}` {
					t.Errorf("%s", first)
				}
				time.Sleep(571 * time.Second) // of 600, less the 30 before the end
				if send(); last() != "Bearer t2" || issued != 2 {
					t.Errorf("%s %d", last(), issued)
				}
				refuse = "Bearer t2"
				if e := send(); e.err != nil || last() != "Bearer t3" || issued != 3 {
					t.Errorf("%v %s %d", e.err, last(), issued)
				}
				refuse = "Bearer t4"
				d.clerk.tokens.kept = nil
				d.answer = func(r fetch.Request) (*fetch.Response, error) {
					if strings.Contains(r.URL, "token") {
						return &fetch.Response{Status: 200, Body: []byte(`{"token":"x"}`)}, nil
					}
					return &fetch.Response{Status: 401}, nil
				}
				if e := send(); e.err == nil || !e.forGood || e.status != 401 {
					t.Errorf("refused twice: %v", e.err)
				}
			})
		})
	}
}

func TestTokensThatAreNotGiven(t *testing.T) {
	d := newDesk(t, nil, "")
	a := account{kind: passwordAccount, credentials: map[string]any{"base_url": "https://crm.example", "token_url": "https://id.example"}}
	for want, answer := range map[string]fetch.Response{
		"token_url: it answered 401 true":                      {Status: 401},
		"token_url: it answered 503 false":                     {Status: 503},
		"token_url: its answer has no access_token true":       {Status: 200, Body: []byte(`{"error":"x"}`)},
		"token_url: its answer has no access_token true again": {Status: 200, Body: []byte(`<html>`)},
	} {
		d.answer = func(fetch.Request) (*fetch.Response, error) { return &answer, nil }
		e := &errand{}
		d.clerk.send(t.Context(), e, a, fetch.Request{URL: "https://crm.example", Header: http.Header{}})
		if got := fmt.Sprint(e.err, " ", e.forGood); got != strings.TrimSuffix(want, " again") {
			t.Errorf("%s: %s", want, got)
		}
	}
}

// TestTheTokensAreBounded.
func TestTheTokensAreBounded(t *testing.T) {
	var k tokens
	for i := range maxTokens + 50 {
		k.put(fmt.Sprint(i), token{"x", time.Now().Add(time.Hour)})
	}
	if len(k.kept) != maxTokens {
		t.Errorf("%d", len(k.kept))
	}
}

// TestHeadersInTemplatesAddNothing: what a caller said puts no header of its own into a request.
func TestHeadersInTemplatesAddNothing(t *testing.T) {
	e := &errand{values: values{"x": "a\",\"X-Admin\":\"yes\r\nX-Evil: 1"}}
	h, err := e.headers(`{"X-Said":"{x}"}`)
	if err != nil || len(h) != 1 || strings.ContainsAny(h.Get("X-Said"), "\r\n") {
		t.Errorf("%v %v", h, err)
	}
}

// TestWants: each has an id of its own, the deprecated fields are actions like any.
func TestWants(t *testing.T) {
	var a parley.Agent
	if err := json.Unmarshal([]byte(`{"post_call_actions":[{"id":"x","type":"email"},{"id":"x","type":"sms"},{"type":"trigger_custom_api"},7],
		"post_call_email":{"provider_config":{"destination_id":"d"},"from_email":"a@b.c","to_email":"{name}@x.y","subject":"s","body":"b"},
		"post_call_sms":{"provider_config":{"destination_id":"d"},"from_phone":"1","to_phone":"2","body":"b"}}`), &a); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range wants(&a) {
		got = append(got, w.ID+" "+w.Type+" "+w.ProviderConfig.DestinationID)
	}
	want := "x email ;post_call_actions.1 sms ;post_call_actions.2 trigger_custom_api ;post_call_actions.3 unknown ;post_call_email email d;post_call_sms sms d"
	if s := strings.Join(got, ";"); s != want {
		t.Errorf("%s", s)
	}
	list, warnings := plan(&parley.Call{Start: time.Now()}, &a, "end")
	for i, state := range []string{"waiting", "waiting", "waiting", "skipped", "waiting", "waiting"} {
		if list[i].State != state {
			t.Errorf("%+v, want %s", list[i], state)
		}
	}
	contain(t, "warnings", strings.Join(warnings, "\n"), "post_call_actions.3: this version does not send unknown")
	if a := (&parley.Agent{}); a.WantsAftermath() || len(wants(a)) > 0 {
		t.Error("an agent that wants nothing wants something")
	}
}

var _ Store = (*store.DB)(nil)
var _ Net = (*fetch.Client)(nil)
