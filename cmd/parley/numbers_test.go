package main

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/api"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/fetch"
)

// post asks the API of a server; want is what its answer must have, by ¦.
type asker struct {
	t        *testing.T
	url, key string
}

func (a asker) do(method, path, body string, status int, want string) string {
	a.t.Helper()
	req, err := http.NewRequestWithContext(a.t.Context(), method, a.url+path, strings.NewReader(body))
	if err != nil {
		a.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		a.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status {
		a.t.Errorf("%s %s: %d, want %d: %s %v", method, path, res.StatusCode, status, b, err)
	}
	for part := range strings.SplitSeq(want, "¦") {
		if !strings.Contains(string(b), part) {
			a.t.Errorf("%s %s: %q is not in %s", method, path, part, b)
		}
	}
	return string(b)
}

var idOfAnswer = regexp.MustCompile(`"id":"([0-9a-f-]{36})"`)

// TestNumbersAtCarriers: from an account at a carrier to a number whose calls come here, over its own API.
func TestNumbersAtCarriers(t *testing.T) {
	for kind, credentials := range map[string]string{
		"twilio":         fmt.Sprintf(`{"twilio_account_sid":%q,"twilio_auth_token":%q}`, carriertest.SID, carriertest.Token),
		"fluents_twilio": `{"base_url":"https://evil.example.com"}`,
		"telnyx":         fmt.Sprintf(`{"api_key":%q,"connection_id":%q}`, carriertest.Key, carriertest.App),
	} {
		t.Run(kind, func(t *testing.T) {
			c := &carriertest.Carrier{}
			s := httptest.NewServer(c)
			defer s.Close()
			t.Setenv("TWILIO_BASE_URL", s.URL)
			t.Setenv("TELNYX_BASE_URL", s.URL+"/")
			dir := t.TempDir()
			_, url := serveWith(t, &serveCmd{Data: dir, HTTP: "127.0.0.1:0", SIP: "127.0.0.1:0", RTPPorts: portRange{41000, 41999}, AllowNetworks: []string{"127.0.0.0/8"},
				PublicURL: "https://parley.example.com/", Twilio: twilioConfig{carriertest.SID, carriertest.Token}})
			key, err := os.ReadFile(filepath.Join(dir, "api-key"))
			if err != nil {
				t.Fatal(err)
			}
			a := asker{t, url, strings.TrimSpace(string(key))}
			id := idOfAnswer.FindStringSubmatch(a.do("POST", "/v1/account_connections/create", `{"type":"account_connection_`+kind+`","credentials":`+credentials+`}`, 201, ""))[1]
			a.do("GET", `/v1/numbers/available?filters={"area_code":"775"}`, "", 200, `"phone_number":"+17755550101"¦"country":"US"¦"area_code":"775"¦"currency":"USD"`)
			a.do("GET", `/v1/numbers/available?filters={"country":"AQ"}`, "", 400, `"field":"filters"`)
			a.do("POST", "/v1/numbers/buy", `{"area_code":"999"}`, 400, "no_numbers")
			a.do("POST", "/v1/numbers/buy", `{"area_code":"775"}`, 201, `"number":"+17755550101"¦"active":true¦"carrier_status":null¦`+id)
			hook := "https://parley.example.com/carriers/" + strings.TrimPrefix(kind, "fluents_") + "/voice/" + id
			pointed := func(phone string) bool {
				l, _ := c.Line(phone)
				return l.Voice == hook || l.App == carriertest.App && c.Hook() == hook
			}
			if !pointed("+17755550101") {
				l, _ := c.Line("+17755550101")
				t.Errorf("its calls go to %+v", l)
			}
			a.do("POST", "/v1/numbers/buy", `{"phone_number":"`+carriertest.SoldToOther+`"}`, 400, "number_not_available¦not available")
			a.do("POST", "/v1/numbers/buy", `{"phone_number":"`+carriertest.SoldSilent+`"}`, 201, `"active":true`)
			a.do("POST", "/v1/numbers/buy", `{"phone_number":"`+carriertest.From+`"}`, 409, "owned")
			a.do("POST", "/v1/numbers/link", `{"phone_number":"`+carriertest.From+`","telephony_provider":"`+kind+`"}`, 201, `"carrier_status":null`)
			a.do("POST", "/v1/numbers/link", `{"phone_number":"+12225550000","telephony_provider":"`+kind+`"}`, 400, "not_owned")
			if !pointed(carriertest.From) || !pointed(carriertest.SoldSilent) {
				t.Error("calls go elsewhere")
			}
			a.do("POST", "/v1/numbers/detach?phone_number=%2B15005550006", "", 201, "")
			if _, ok := c.Line(carriertest.From); !ok || pointed(carriertest.From) {
				t.Error("its calls still come here")
			}
			a.do("POST", "/v1/numbers/cancel?phone_number=%2B17755550101", "", 201, "")
			if _, ok := c.Line("+17755550101"); ok || c.Bought() != 3 {
				t.Errorf("%d orders", c.Bought())
			}
			c.Down(true)
			a.do("POST", "/v1/numbers/cancel?phone_number=%2B14155550501", "", 502, "carrier_failed")
			c.Down(false)
			c.Suspend()
			a.do("GET", "/v1/numbers/available", "", 400, `"field":"telephony_account_connection"¦not active`)
		})
	}
}

func TestPublicURL(t *testing.T) {
	for _, tc := range []struct {
		public, base string
		reached      bool
	}{
		{"", "", false}, {"http://parley.example.com", "", false}, {"https://parley.example.com", "", true}, {"http://127.0.0.1:8080", "http://127.0.0.1:4050", true}, {"", "http://127.0.0.1:4050", false},
	} {
		t.Setenv("TWILIO_BASE_URL", tc.base)
		s := seller{&house{cfg: &serveCmd{PublicURL: tc.public}}, "twilio"}
		err := s.Reached()
		if (err == nil) != tc.reached || err != nil && !strings.Contains(err.Error(), "PARLEY_PUBLIC_URL") || (s.hooks("1").Voice == "") == tc.reached {
			t.Errorf("%+v: %v", tc, err)
		}
	}
}

func TestTwilioConfig(t *testing.T) {
	for _, c := range []twilioConfig{{"AC1", ""}, {"", "t"}, {"SK1", "t"}, {"AC1/../x", "t"}} {
		if err := c.check(); err == nil || !strings.Contains(err.Error(), "PARLEY_TWILIO_ACCOUNT_SID") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	for _, c := range []twilioConfig{{}, {carriertest.SID, "t"}} {
		if err := c.check(); err != nil {
			t.Error(err)
		}
	}
	t.Setenv("TELNYX_BASE_URL", "localhost")
	if err := (twilioConfig{}).check(); err == nil || !strings.Contains(err.Error(), "TELNYX_BASE_URL") {
		t.Error(err)
	}
}

// TestRefusedBy: a carrier's words and code reach the user on the field that they are about.
func TestRefusedBy(t *testing.T) {
	for name, tc := range map[string]struct {
		e      *carrier.Error
		status int
		code   string
		field  string
		has    string
	}{
		"refused":     {&carrier.Error{Carrier: "twilio", Status: 400, Code: "21649", Message: "Bundle required"}, 400, "carrier_refused", "f", "f: twilio: 21649: Bundle required"},
		"sold":        {&carrier.Error{Carrier: "twilio", Status: 400, Code: "21422", Message: "no"}, 400, api.CodeSold, "f", "21422"},
		"who":         {&carrier.Error{Carrier: "telnyx", Status: 401, Code: "10009", Message: "Authentication failed"}, 400, "carrier_refused", accountField, "10009: Authentication failed"},
		"closed":      {&carrier.Error{Carrier: "twilio", Status: 403, Message: "x"}, 400, "carrier_refused", accountField, "x"},
		"busy":        {&carrier.Error{Carrier: "twilio", Status: 429, After: "7"}, 429, "carrier_busy", "f", "429"},
		"its fault":   {&carrier.Error{Carrier: "twilio", Status: 500}, 502, "carrier_failed", "f", "500"},
		"nonsense":    {&carrier.Error{Carrier: "twilio", Status: 200, Message: "cannot be understood"}, 502, "carrier_failed", "f", "understood"},
		"unreachable": {&carrier.Error{Carrier: "twilio", Err: errors.New("no such host")}, 503, "carrier_unavailable", "f", "no such host"},
		"no app":      {&carrier.Error{Carrier: "telnyx", Status: 400, Account: true, Message: "credentials.connection_id"}, 400, "carrier_refused", accountField, "credentials.connection_id"},
		"blocked":     {&carrier.Error{Carrier: "twilio", Err: &fetch.BlockedError{}}, 400, "carrier_refused", accountField, "twilio"},
		"in doubt":    {&carrier.Error{Carrier: "twilio", Act: carrier.Buying, Doubt: true, Err: io.EOF}, 503, api.CodeInDoubt, "f", "may have been bought"},
	} {
		var e *parley.Error
		if !errors.As(refusedBy(fmt.Errorf("wrapped: %w", tc.e), "f"), &e) || e.Status != tc.status || e.Code != tc.code || e.Field != tc.field || !strings.Contains(e.Message, tc.has) {
			t.Errorf("%s: %+v", name, e)
		}
		if name == "busy" && e.RetryAfter != 7*time.Second {
			t.Errorf("%v", e.RetryAfter)
		}
	}
	if refusedBy(nil, "f") != nil {
		t.Error("no error became one")
	}
}
