package carrier

import (
	"context"
	"errors"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/fetch"
)

// twilioAt is the account of an exchange.
func twilioAt(t *testing.T, x *carriertest.Exchange) *Twilio {
	t.Helper()
	a, err := serve(t, x).Open("account_connection_twilio", kinds["account_connection_twilio"])
	if err != nil {
		t.Fatal(err)
	}
	return a.(*Twilio)
}

func order(to string) url.Values {
	return url.Values{"From": {carriertest.From}, "To": {to}, "Twiml": {"<Response><Hangup/></Response>"}, "Timeout": {"30"}}
}

// TestPlace: a call is placed, and ended; a refusal is in Twilio's words; what may have been placed says so.
func TestPlace(t *testing.T) {
	x := &carriertest.Exchange{Ring: time.Minute}
	defer x.Close()
	a := twilioAt(t, x)
	sid, err := a.Place(t.Context(), order("+14155550123"))
	if err != nil || !strings.HasPrefix(sid, "CA") || len(x.Phones()) != 1 || x.Phones()[0].SID != sid {
		t.Fatalf("%q, %v", sid, err)
	}
	if err := a.Change(t.Context(), sid, url.Values{"Status": {"canceled"}}); err != nil {
		t.Error(err)
	}
	<-x.Phones()[0].Over()
	var e *Error
	if err := a.Change(t.Context(), sid, url.Values{"Status": {"completed"}}); !errors.As(err, &e) || e.Code != "21220" || e.Doubt {
		t.Errorf("ended twice: %v", err)
	}
	for to, want := range map[string]string{carriertest.Nobody: "21211", carriertest.Unreachable: "21215"} {
		_, err := a.Place(t.Context(), order(to))
		if status, code, doubt := said(err); status != 400 || code != want || doubt || !strings.Contains(err.Error(), want+": ") {
			t.Errorf("%s: %v", to, err)
		}
	}
	for _, to := range []string{carriertest.Doubtful, carriertest.Lost} {
		before := len(x.Phones())
		_, err := a.Place(t.Context(), order(to))
		if _, _, doubt := said(err); !doubt || !strings.Contains(err.Error(), "may have been placed") {
			t.Errorf("%s: %v", to, err)
		}
		if n := len(x.Phones()) - before; n != 1 {
			t.Errorf("%s: %d phones ring", to, n)
		}
	}
	if sid, token := a.Keys(); sid != carriertest.SID || token != carriertest.Token || !strings.HasPrefix(a.At(), "http://127.0.0.1") {
		t.Errorf("%s %s at %s", sid, token, a.At())
	}
}

func said(err error) (status int, code string, doubt bool) {
	var e *Error
	if !errors.As(err, &e) {
		return 0, "", false
	}
	return e.Said()
}

// TestLiveCall has a telephone ring for some seconds by Twilio itself, and stops it.
func TestLiveCall(t *testing.T) {
	if !*live {
		t.Skip("without -live")
	}
	c := &Client{Net: fetch.New(fetch.Options{})}
	a, err := c.Open("account_connection_twilio", map[string]any{"twilio_account_sid": os.Getenv("TWILIO_ACCOUNT_SID"), "twilio_auth_token": os.Getenv("TWILIO_AUTH_TOKEN")})
	if err != nil {
		t.Skip(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	calls := a.(*Twilio)
	sid, err := calls.Place(ctx, url.Values{"From": {os.Getenv("TWILIO_FROM")}, "To": {os.Getenv("TWILIO_TO")}, "Twiml": {"<Response><Hangup/></Response>"}, "Timeout": {"20"}, "Record": {"false"}})
	if err != nil || !strings.HasPrefix(sid, "CA") {
		t.Fatalf("%q, %v", sid, err)
	}
	time.Sleep(5 * time.Second)
	if err := calls.Change(ctx, sid, url.Values{"Status": {"canceled"}}); err != nil {
		t.Error(err)
	}
}
