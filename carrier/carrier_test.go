package carrier

import (
	"context"
	"errors"
	"flag"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/fetch"
)

var live = flag.Bool("live", false, "send one message by Twilio itself, and have a telephone ring for 5 s, with TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM and TWILIO_TO, and by Telnyx, with TELNYX_API_KEY, TELNYX_FROM and TELNYX_TO")

var kinds = map[string]map[string]any{
	"account_connection_twilio": {"twilio_account_sid": carriertest.SID, "twilio_auth_token": carriertest.Token},
	"account_connection_telnyx": {"api_key": carriertest.Key},
}

func serve(t *testing.T, h http.Handler) *place {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	net := fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	t.Cleanup(net.Close)
	return &place{Client{Net: net}, s.URL + "/"}
}

// A place is a Client of carriers at an address of their own.
type place struct {
	Client
	url string
}

func (p *place) Open(kind string, credentials map[string]any) (Account, error) {
	with := maps.Clone(credentials)
	with["base_url"] = p.url
	return p.Client.Open(kind, with)
}

func TestSend(t *testing.T) {
	for kind, credentials := range kinds {
		t.Run(kind, func(t *testing.T) {
			c := &carriertest.Carrier{}
			a, err := serve(t, c).Open(kind, credentials)
			if err != nil {
				t.Fatal(err)
			}
			m := Message{From: carriertest.From, To: "+15557654321", Text: "Your table & \"chair\"\nfor 2 + 1 € 🪑"}
			r, err := a.Send(t.Context(), m)
			if err != nil || r.ID == "" || r.Status/100 != 2 {
				t.Fatalf("%+v %v", r, err)
			}
			if got := c.Taken(); len(got) != 1 || Message(got[0]) != m {
				t.Errorf("taken %+v", got)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	for kind, codes := range map[string]map[string]string{
		"account_connection_twilio": {carriertest.Nobody: "21211", carriertest.Unreachable: "21612", carriertest.Landline: "21614", carriertest.Stopped: "21610", carriertest.Busy: "20429", "from": "21606", "empty": "21602", "long": "21617"},
		"account_connection_telnyx": {carriertest.Nobody: "40310", carriertest.Unreachable: "40309", carriertest.Stopped: "40300", carriertest.Busy: "10011", "from": "40305", "empty": "40316", "long": "40302"},
	} {
		for to, code := range codes {
			c := &carriertest.Carrier{}
			a, err := serve(t, c).Open(kind, kinds[kind])
			if err != nil {
				t.Fatal(err)
			}
			m := Message{From: carriertest.From, To: to, Text: "x"}
			switch to {
			case "from":
				m.From, m.To = "+15551112222", "+15557654321"
			case "empty":
				m.Text, m.To = "", "+15557654321"
			case "long":
				m.Text, m.To = strings.Repeat("é", LongestText+1), "+15557654321"
			}
			_, err = a.Send(t.Context(), m)
			var e *Error
			if !errors.As(err, &e) || e.Code != code || e.Message == "" || e.Doubt || e.Later != (to == carriertest.Busy) || !strings.Contains(err.Error(), code+": ") {
				t.Errorf("%s to %s: %v", kind, to, err)
			}
			if to == carriertest.Busy && e.After != "7" {
				t.Errorf("Retry-After %q", e.After)
			}
			if n := len(c.Taken()); n != 0 || c.Asked() != 1 {
				t.Errorf("%s to %s: %d messages by %d requests", kind, to, n, c.Asked())
			}
		}
	}
}

// TestDoubt: what may have been sent says so, and is asked for once.
func TestDoubt(t *testing.T) {
	for kind, credentials := range kinds {
		for _, to := range []string{carriertest.Broken, carriertest.Silent} {
			c := &carriertest.Carrier{}
			a, err := serve(t, c).Open(kind, credentials)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // the second on a connection that is open
				_, _ = a.Send(t.Context(), Message{From: carriertest.From, To: "+15557654321", Text: "before"})
				before := c.Asked()
				_, err = a.Send(t.Context(), Message{From: carriertest.From, To: to, Text: "x"})
				var e *Error
				if !errors.As(err, &e) || !e.Doubt || e.Later || !strings.Contains(err.Error(), "may have been sent") {
					t.Errorf("%s to %s: %v", kind, to, err)
				}
				if n := c.Asked() - before; n != 1 {
					t.Errorf("%s to %s: %d requests", kind, to, n)
				}
			}
		}
	}
}

func TestNotSent(t *testing.T) {
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	net := fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	for name, tc := range map[string]struct {
		net   Net
		url   string
		later bool
	}{
		"nobody listens": {net, gone.URL, true},
		"blocked":        {fetch.New(fetch.Options{}), gone.URL, false},
	} {
		c := &place{Client{Net: tc.net}, tc.url}
		for kind, credentials := range kinds {
			a, err := c.Open(kind, credentials)
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.Send(t.Context(), Message{From: "+1", To: "+2", Text: "x"})
			var e *Error
			if !errors.As(err, &e) || e.Doubt || e.Later != tc.later || e.Status != 0 {
				t.Errorf("%s, %s: %+v", name, kind, err)
			}
		}
	}
}

// TestStrangeAnswers: what is no carrier's answer is told as it can be.
func TestStrangeAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		body   string
		sent   bool
		doubt  bool
		has    string
	}{
		"taken, without words":  {201, "", true, false, ""},
		"taken, with nonsense":  {200, `{"data":7,"sid":{}}`, true, false, ""},
		"a redirect":            {304, "", false, true, "it answered 304"},
		"a gateway":             {502, "<html>Bad gateway", false, true, "it answered 502"},
		"refused in other form": {403, `{"errors":"no","code":"x"}`, false, false, "it answered 403"},
		"no errors":             {422, `{"errors":[],"message":""}`, false, false, "it answered 422"},
		"much":                  {400, `{"code":1,"message":"` + strings.Repeat("é", 2000) + `","errors":[{"code":"1","title":"` + strings.Repeat("é", 2000) + `"}]}`, false, false, "1: éé"},
		"a time-out":            {408, "", false, true, "it answered 408"},
	} {
		c := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte(tc.body))
		}))
		for kind, credentials := range kinds {
			a, err := c.Open(kind, credentials)
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.Send(t.Context(), Message{From: "+1", To: "+2", Text: "x"})
			var e *Error
			if (err == nil) != tc.sent || errors.As(err, &e) && (e.Doubt != tc.doubt || !strings.Contains(err.Error(), tc.has) || len(err.Error()) > 500) {
				t.Errorf("%s, %s: %v", name, kind, err)
			}
		}
	}
}

func TestOpen(t *testing.T) {
	c := &Client{}
	for kind, want := range map[string]error{"account_connection_sip": ErrNoCarrier, "": ErrNoCarrier, "account_connection_twilio": ErrNoCredentials, "account_connection_telnyx": ErrNoCredentials} {
		if _, err := c.Open(kind, map[string]any{"twilio_account_sid": 7}); !errors.Is(err, want) {
			t.Errorf("%q: %v", kind, err)
		}
	}
	for kind, credentials := range kinds {
		wrong := map[string]any{"twilio_account_sid": "AC/../x?y", "twilio_auth_token": "wrong", "api_key": "wrong"}
		f := &carriertest.Carrier{}
		a, err := serve(t, f).Open(kind, wrong)
		if err != nil {
			t.Fatal(err)
		}
		_, err = a.Send(t.Context(), Message{From: carriertest.From, To: "+15557654321", Text: "x"})
		var e *Error
		if !errors.As(err, &e) || e.Status != 401 || e.Later || len(f.Taken()) != 0 {
			t.Errorf("%s with a wrong key: %v", kind, err)
		}
		_ = credentials
	}
}

var liveEnv = map[string][]string{
	"account_connection_twilio": {"TWILIO_FROM", "TWILIO_TO", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"},
	"account_connection_telnyx": {"TELNYX_FROM", "TELNYX_TO", "TELNYX_API_KEY", "TELNYX_API_KEY"},
}

func liveCredentials(env []string) map[string]any {
	return map[string]any{"twilio_account_sid": os.Getenv(env[2]), "twilio_auth_token": os.Getenv(env[3]), "api_key": os.Getenv(env[2])}
}

// TestOwn: the operator's account goes to where the operator says, whatever a connection holds.
func TestOwn(t *testing.T) {
	c := &carriertest.Carrier{}
	p := serve(t, c)
	with := map[string]any{"base_url": "https://evil.example.com", "twilio_account_sid": "AC1", "twilio_auth_token": "x"}
	if _, err := p.Client.Open("account_connection_fluents_twilio", with); !errors.Is(err, ErrNoOwn) {
		t.Errorf("without one: %v", err)
	}
	own := kinds["account_connection_twilio"]
	p.Bases, p.Own = map[string]string{"twilio": p.url}, func() map[string]any { return own }
	a, err := p.Client.Open("account_connection_fluents_twilio", with)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Send(t.Context(), Message{From: carriertest.From, To: "+15557654321", Text: "x"}); err != nil || len(c.Taken()) != 1 {
		t.Error(err)
	}
}

func TestLive(t *testing.T) {
	if !*live {
		t.Skip("without -live")
	}
	c := &Client{Net: fetch.New(fetch.Options{})}
	for kind, env := range liveEnv {
		a, err := c.Open(kind, liveCredentials(env))
		if err != nil {
			t.Logf("%s: %v", kind, err)
			continue
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if r, err := a.Send(ctx, Message{From: os.Getenv(env[0]), To: os.Getenv(env[1]), Text: "A test of Parley."}); err != nil || r.ID == "" {
			t.Errorf("%s: %+v %v", kind, r, err)
		}
		_, err = a.Send(ctx, Message{From: os.Getenv(env[0]), To: "+15005550001", Text: "A test of Parley."})
		var e *Error
		if !errors.As(err, &e) || e.Code == "" || e.Doubt {
			t.Errorf("%s to nobody: %v", kind, err)
		}
	}
}
