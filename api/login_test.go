package api

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/store"
)

func TestSessions(t *testing.T) {
	h := newHouse(t)
	h.play(t, []scenario{
		{"who", "GET", "/v1/sessions", ``, 200, `"environment_id":"{environments}"¦"environment":"a"¦"role":"member"¦"expires_at":null¦"key":"sk_live_`},
		{"who else", "admin GET", "/v1/sessions", ``, 200, `"role":"admin"`},
		{"log in without a key", "POST", "/v1/sessions/login", `{}`, 400, `key is required`},
		{"log in with a wrong key", "POST", "/v1/sessions/login", `{"key":"sk_live_wrong"}`, 401, `"field":"key"¦this key is not known here`},
		{"log in with a number", "POST", "/v1/sessions/login", `{"key":1}`, 400, `key must be a string`},
		{"log out of nothing", "POST", "/v1/sessions/logout", ``, 200, `"environment":"a"`},
	})
}

// browser is a client with a cookie and the headers of one.
type browser struct {
	h      *house
	cookie *http.Cookie
}

func (b *browser) do(method, path, body string, headers ...string) reply {
	b.h.t.Helper()
	r := httptest.NewRequestWithContext(b.h.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return b.h.send(r)
}

func (b *browser) logIn(key string, headers ...string) reply {
	b.h.t.Helper()
	got := b.do("POST", "/v1/sessions/login", `{"key":"`+key+`"}`, headers...)
	for _, c := range (&http.Response{Header: got.header}).Cookies() {
		b.cookie = c
	}
	return got
}

// TestLoginIsItsKey: the cookie opens what the key opens, no more and no less, until it is logged out, over, or its key revoked.
func TestLoginIsItsKey(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	b := &browser{h: h}
	if got := b.logIn(h.a.key); got.status != 200 || got.object()["environment_id"] != h.a.env || strings.Contains(string(got.body), h.a.key) {
		t.Fatalf("%d %s", got.status, got.body)
	}
	c := b.cookie
	if c == nil || !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge != int(loginLife.Seconds()) || len(c.Value) < 40 || strings.Contains(h.a.key, c.Value) {
		t.Fatalf("%+v", c)
	}
	for _, row := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/v1/sessions", "", 200}, {"GET", "/v1/agents?id=" + h.a.ids["agents"], "", 200}, {"GET", "/v1/agents?id=" + h.b.ids["agents"], "", 404},
		{"POST", "/v1/prompts/create", `{"content":"x"}`, 201}, {"GET", "/v1/keys/list", "", 403}, {"GET", "/v1/environments/list", "", 403},
	} {
		if got := b.do(row.method, row.path, row.body, "Sec-Fetch-Site", "same-origin"); got.status != row.status {
			t.Errorf("%s %s: %d, want %d: %s", row.method, row.path, got.status, row.status, got.body)
		}
	}
	if ends := b.do("GET", "/v1/sessions", "").object()["expires_at"]; ends == nil {
		t.Error("a login does not say when it ends")
	}
	first := *b
	if got := b.logIn(h.a.key); got.status != 200 || b.cookie.Value == c.Value {
		t.Errorf("logged in anew: %d %s", got.status, got.body)
	}
	if got := first.do("GET", "/v1/sessions", ""); got.status != 401 || got.object()["code"] != "logged_out" {
		t.Errorf("the login before: %d %s", got.status, got.body)
	}
	second := *b
	got := b.do("POST", "/v1/sessions/logout", "", "Origin", "http://example.com")
	if got.status != 200 || !strings.Contains(got.header.Get("Set-Cookie"), "Max-Age=0") {
		t.Errorf("%d %v", got.status, got.header)
	}
	if got := second.do("GET", "/v1/agents/list", ""); got.status != 401 {
		t.Errorf("logged out: %d %s", got.status, got.body)
	}
	made := h.do(h.admin, "POST", "/v1/keys/create", `{}`).object()
	b.logIn(made["key"].(string))
	if got := b.do("GET", "/v1/agents/list", ""); got.status != 200 {
		t.Fatalf("%d %s", got.status, got.body)
	}
	h.do(h.admin, "DELETE", "/v1/keys/delete?id="+made["id"].(string), "")
	if got := b.do("GET", "/v1/agents/list", ""); got.status != 401 {
		t.Errorf("with a key that was revoked: %d %s", got.status, got.body)
	}
	key, _ := h.db.Keys(t.Context(), h.a.env, store.Page{})
	_ = h.db.OpenLogin(t.Context(), key.Items[0].ID, [32]byte{1}, time.Now().Add(-time.Second))
	if _, _, err := h.api.Store.Login(t.Context(), [32]byte{1}); err == nil {
		t.Error("a login that is over lets in")
	}
	for _, value := range []string{"", "x", strings.Repeat("y", 4000)} {
		b.cookie = &http.Cookie{Name: LoginCookie, Value: value}
		if got := b.do("GET", "/v1/agents/list", ""); got.status != 401 {
			t.Errorf("with %q: %d", value, got.status)
		}
	}
}

// TestLoginOfOtherPages: what a page elsewhere has a browser send changes nothing, and does not log it in as somebody else.
func TestLoginOfOtherPages(t *testing.T) {
	h := newHouse(t)
	b := &browser{h: h}
	b.logIn(h.a.key)
	for name, row := range map[string]struct {
		headers []string
		refused bool
	}{
		"this page":               {[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://example.com"}, false},
		"this page, older":        {[]string{"Origin", "http://example.com"}, false},
		"the public address":      {[]string{"Origin", "https://parley.example.com"}, false},
		"a program":               {nil, false},
		"typed in":                {[]string{"Sec-Fetch-Site", "none"}, false},
		"another site":            {[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"}, true},
		"a neighbour":             {[]string{"Sec-Fetch-Site", "same-site", "Origin", "https://shop.example.com"}, true},
		"another site, older":     {[]string{"Origin", "https://evil.example"}, true},
		"a name that begins so":   {[]string{"Origin", "http://example.com.evil.example"}, true},
		"another port":            {[]string{"Origin", "http://example.com:8081"}, true},
		"a page without a name":   {[]string{"Origin", "null"}, true},
		"what is no name":         {[]string{"Origin", "http://%zz"}, true},
		"a name before the other": {[]string{"Origin", "http://example.com@evil.example"}, true},
	} {
		got := b.do("POST", "/v1/prompts/create", `{"content":"x"}`, row.headers...)
		if refused := got.status == 403 && got.object()["code"] == "cross_origin"; refused != row.refused || !refused && got.status != 201 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
		if got := (&browser{h: h}).logIn(h.b.key, row.headers...); (got.status == 403) != row.refused {
			t.Errorf("login by %s: %d %s", name, got.status, got.body)
		}
		if got := h.do(h.a, "POST", "/v1/prompts/create", `{"content":"x"}`, row.headers...); got.status != 201 {
			t.Errorf("%s with a key: %d", name, got.status)
		}
	}
	if got := h.do(h.b, "GET", "/v1/sessions", "", "Cookie", LoginCookie+"="+b.cookie.Value).object()["environment_id"]; got != h.b.env {
		t.Error("a cookie goes before a key")
	}
}

func TestLoginBySecureConnections(t *testing.T) {
	h := newHouse(t)
	for name, row := range map[string]struct {
		url     string
		headers []string
		secure  bool
	}{
		"plain":                  {"http://localhost:8080", nil, false},
		"TLS":                    {"https://localhost:8080", nil, true},
		"behind a proxy":         {"http://inside", []string{"X-Forwarded-Proto", "https"}, true},
		"the public name":        {"http://parley.example.com", nil, true},
		"a proxy that is silent": {"http://inside", []string{"Sec-Fetch-Site", "same-origin", "Origin", "https://parley.example.org"}, true},
		"a plain page":           {"http://inside", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://inside"}, false},
		"beside the public":      {"http://127.0.0.1:8080", nil, false},
	} {
		b := &browser{h: h}
		if got := b.do("POST", row.url+"/v1/sessions/login", `{"key":"`+h.a.key+`"}`, row.headers...); strings.Contains(got.header.Get("Set-Cookie"), "; Secure") != row.secure {
			t.Errorf("%s: %s", name, got.header.Get("Set-Cookie"))
		}
	}
}

// TestWrongKeysAreCounted: an address that tries is held up, and others, and those who know a key, are not.
func TestWrongKeysAreCounted(t *testing.T) {
	h := newHouse(t)
	try := func(addr, key string) int {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/sessions/login", strings.NewReader(`{"key":"`+key+`"}`))
		r.RemoteAddr = addr
		return h.send(r).status
	}
	for i := range wrongKeys {
		if got := try("192.0.2.1:1", h.a.key); got != 200 {
			t.Fatalf("a good key: %d", got)
		}
		if got := try("192.0.2.1:1", "sk_live_no"); got != 401 {
			t.Fatalf("wrong key %d: %d", i, got)
		}
	}
	for addr, want := range map[string]int{"192.0.2.1:2": 429, "[::ffff:192.0.2.1]:3": 429, "192.0.2.2:1": 401, "[2001:db8::1]:1": 401} {
		if got := try(addr, "sk_live_no"); got != want {
			t.Errorf("%s: %d, want %d", addr, got, want)
		}
	}
	if got := try("192.0.2.1:4", h.a.key); got != 200 {
		t.Errorf("a good key from behind the same proxy: %d", got)
	}
	for i := range wrongKeys {
		try("[2001:db8:1:1::"+string(rune('a'+i%6))+"]:1", "sk_live_no")
	}
	if got := try("[2001:db8:1:1::ffff]:1", "sk_live_no"); got != 429 {
		t.Errorf("of one network: %d", got)
	}
}
