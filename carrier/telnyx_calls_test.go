package carrier

import (
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/fetch"
)

// telnyxAt is an account whose calls a Telnyx of ours carries; nobody hears its webhooks.
func telnyxAt(t *testing.T, h http.Handler, key string) *Telnyx {
	t.Helper()
	a, err := serve(t, h).Open("account_connection_telnyx", map[string]any{"api_key": key, "connection_id": carriertest.App})
	if err != nil {
		t.Fatal(err)
	}
	return a.(*Telnyx)
}

func telnyxCalls(t *testing.T) *carriertest.TelnyxCalls {
	t.Helper()
	x := carriertest.NewTelnyxCalls()
	deaf := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	x.Webhook = deaf.URL
	t.Cleanup(func() {
		x.Close()
		deaf.Close()
	})
	return x
}

func callOrder(to string, more map[string]any) map[string]any {
	p := map[string]any{"connection_id": carriertest.App, "from": carriertest.From, "to": to, "command_id": "1", "client_state": base64.StdEncoding.EncodeToString([]byte("s"))}
	for k, v := range more {
		p[k] = v
	}
	return p
}

func TestTelnyxDialAndCommand(t *testing.T) {
	x := telnyxCalls(t)
	a := telnyxAt(t, x, carriertest.Key)
	c, err := a.Dial(t.Context(), callOrder("+15557654321", nil))
	if l := x.Lines(); err != nil || len(l) != 1 || c != (TelnyxCall{l[0].ControlID, l[0].LegID, l[0].SessionID}) {
		t.Fatalf("%+v %v", c, err)
	}
	for range 2 { // the second by the same name, and nothing is done
		if err := a.Command(t.Context(), c.ControlID, "send_dtmf", map[string]any{"digits": "1", "command_id": "d"}); err != nil {
			t.Fatal(err)
		}
	}
	if d := x.Lines()[0].Digits(); d != "1" {
		t.Errorf("pressed %q", d)
	}
	x.Stumble(1)
	err = a.Command(t.Context(), c.ControlID, "hangup", map[string]any{"command_id": "h"})
	var e *Error
	if !errors.As(err, &e) || !e.Doubt || e.Code != "10007" || !strings.Contains(err.Error(), "it may have been done") {
		t.Errorf("%v", err)
	}
	select {
	case <-x.Lines()[0].Gone():
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on")
	}
	err = a.Command(t.Context(), c.ControlID, "hangup", map[string]any{"command_id": "h2"})
	if !errors.As(err, &e) || e.Doubt || e.Status != 422 || e.Code != "90018" || !strings.Contains(err.Error(), "telnyx: 90018: Call has already ended: This call is no longer active") {
		t.Errorf("%v", err)
	}
	err = a.Command(t.Context(), "v3:../../x?y", "hangup", nil)
	if !errors.As(err, &e) || e.Status != 404 {
		t.Errorf("%v", err)
	}
}

func TestTelnyxDialRefused(t *testing.T) {
	x := telnyxCalls(t)
	x.Fate = func(to string) carriertest.Fate {
		return carriertest.Fate{Never: to == "+15550000001", Quiet: to == "+15550000002"}
	}
	for name, tc := range map[string]struct {
		key    string
		params map[string]any
		code   string
		doubt  bool
		later  bool
	}{
		"another key":          {"KEY", callOrder("+15557654321", nil), "10009", false, false},
		"no number":            {carriertest.Key, callOrder(carriertest.Nobody, nil), "10016", false, false},
		"another application":  {carriertest.Key, callOrder("+15557654321", map[string]any{"connection_id": "1"}), "10015", false, false},
		"a mistake of ours":    {carriertest.Key, callOrder("+15557654321", map[string]any{"timeout_secs": 1}), "10015", false, false},
		"too many":             {carriertest.Key, callOrder(carriertest.Busy, nil), "10011", false, true},
		"it breaks off":        {carriertest.Key, callOrder("+15550000001", nil), "", true, false},
		"it breaks off, dials": {carriertest.Key, callOrder("+15550000002", nil), "", true, false},
	} {
		_, err := telnyxAt(t, x, tc.key).Dial(t.Context(), tc.params)
		var e *Error
		if !errors.As(err, &e) || e.Code != tc.code || e.Doubt != tc.doubt || e.Later != tc.later || tc.doubt != strings.Contains(err.Error(), "the call may have been placed, and is not placed again") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(x.Lines()); n != 1 {
		t.Errorf("%d calls, not the 1 whose answer was lost", n)
	}
	for name, body := range map[string]string{"nothing": "", "no call": `{"data":{}}`, "nonsense": `[]`} {
		_, err := telnyxAt(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(body)) }), carriertest.Key).Dial(t.Context(), callOrder("+15557654321", nil))
		var e *Error
		if !errors.As(err, &e) || !e.Doubt {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLiveTelnyxCalls has Telnyx itself refuse, in its words.
func TestLiveTelnyxCalls(t *testing.T) {
	if !*live {
		t.Skip("without -live")
	}
	a, err := (&Client{Net: fetch.New(fetch.Options{})}).Open("account_connection_telnyx", map[string]any{"api_key": os.Getenv("TELNYX_API_KEY")})
	if err != nil {
		t.Skip(err)
	}
	var e *Error
	_, err = a.(*Telnyx).Dial(t.Context(), callOrder("0123", map[string]any{"connection_id": os.Getenv("TELNYX_APP"), "from": os.Getenv("TELNYX_FROM")}))
	if !errors.As(err, &e) || e.Status/100 != 4 || e.Code == "" || e.Doubt {
		t.Errorf("dial: %v", err)
	}
	if err = a.(*Telnyx).Command(t.Context(), "v3:nobody", "hangup", nil); !errors.As(err, &e) || e.Status/100 != 4 || e.Code == "" {
		t.Errorf("hangup: %v", err)
	}
}
