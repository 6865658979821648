package carrier

import (
	"errors"
	"net/http"
	"testing"

	"github.com/parley-voice/parley/carrier/carriertest"
)

// TestWho: an account says who it is; a wrong one is refused in the carrier's words.
func TestWho(t *testing.T) {
	wrong := map[string]map[string]any{
		"account_connection_twilio": {"twilio_account_sid": carriertest.SID, "twilio_auth_token": "wrong"},
		"account_connection_telnyx": {"api_key": "wrong"},
	}
	codes := map[string][2]string{"account_connection_twilio": {"20003", "20005"}, "account_connection_telnyx": {"10009", "20014"}}
	for kind, credentials := range kinds {
		c := &carriertest.Carrier{}
		p := serve(t, c)
		who := func(credentials map[string]any) (Portrait, *Error) {
			t.Helper()
			a, err := p.Open(kind, credentials)
			if err != nil {
				t.Fatal(err)
			}
			var failed *Error
			got, err := a.(Known).Who(t.Context())
			if err != nil && !errors.As(err, &failed) {
				t.Fatalf("%s: %v", kind, err)
			}
			return got, failed
		}
		if got, failed := who(credentials); failed != nil || got.Took <= 0 || kind == "account_connection_twilio" && (got.Name != "Acme" || got.State != "active" || got.Kind != "Full") ||
			kind == "account_connection_telnyx" && got.Credit != "400.00 USD" {
			t.Errorf("%s: %+v %v", kind, got, failed)
		}
		if _, failed := who(wrong[kind]); failed == nil || failed.Status != 401 || failed.Code != codes[kind][0] || failed.Message == "" {
			t.Errorf("%s: %+v", kind, failed)
		}
		c.Suspend()
		if _, failed := who(credentials); failed == nil || failed.Code != codes[kind][1] {
			t.Errorf("%s, closed: %+v", kind, failed)
		}
		before := c.Asked()
		c.Down(true)
		if _, failed := who(credentials); failed == nil || failed.Status < 500 || c.Asked() != before+1 {
			t.Errorf("%s, down: %+v, asked %d times", kind, failed, c.Asked()-before)
		}
		page := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
		a, err := page.Open(kind, credentials)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.(Known).Who(t.Context()); !errors.Is(err, errNoAccount) {
			t.Errorf("%s, a page: %v", kind, err)
		}
	}
}

// TestWhoLive asks the carriers themselves.
func TestWhoLive(t *testing.T) {
	if !*live {
		t.Skip("without -live")
	}
	c := serve(t, http.NotFoundHandler()).Client
	for kind, env := range liveEnv {
		a, err := c.Open(kind, liveCredentials(env))
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if p, err := a.(Known).Who(t.Context()); err != nil {
			t.Errorf("%s: %v", kind, err)
		} else {
			t.Logf("%s: %+v", kind, p)
		}
	}
}
