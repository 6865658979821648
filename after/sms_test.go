package after

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/job"
	"github.com/parley-voice/parley/store"
)

// texting gives a desk a number that may send, and an account with Twilio.
func (d *desk) texting() (account string) {
	d.t.Helper()
	d.clerk.Carriers = &carrier.Client{Net: d}
	account = d.connection("account_connection_twilio", map[string]any{"twilio_account_sid": carriertest.SID, "twilio_auth_token": carriertest.Token})
	for _, line := range []store.Doc{{"number": carriertest.From, "sms_enabled": true}, {"number": "+15005550007"}, {"number": "+15005550008", "sms_enabled": true, "active": false}} {
		if _, err := d.db.LinkNumber(d.t.Context(), d.env, line); err != nil {
			d.t.Fatal(err)
		}
	}
	return account
}

func texted(id, destination, from, to, body string) string {
	return fmt.Sprintf(`{"id":%q,"type":"sms","provider_config":{"destination_id":%q},"config":{"from_phone":%q,"to_phone":%q,"body":%q}}`, id, destination, from, to, body)
}

func created(fetch.Request) (*fetch.Response, error) {
	return &fetch.Response{Status: 201, Body: []byte(`{"sid":"SM1","status":"queued"}`)}, nil
}

func TestSMS(t *testing.T) {
	bubble(t, func(t *testing.T, d *desk) {
		twilio := d.texting()
		d.answer = created
		agent := strings.TrimSuffix(agentWith(texted("s1", twilio, carriertest.From, "{{from_number}}", "Hello ${name}, & more.\n${nothing}")), "}") +
			`,"post_call_sms":{"provider_config":{"destination_id":"` + twilio + `"},"from_phone":"+15005550006","to_phone":"+15557654321","body":"b"}}`
		d.call("c1", agent, nil)
		d.work(time.Minute)
		c := d.row("c1")
		if len(c.After.Actions) != 2 || len(d.sent) != 2 {
			t.Fatalf("%+v, %d sent", c.After.Actions, len(d.sent))
		}
		for _, a := range c.After.Actions {
			if a.ID == "s1" && (a.State != parley.AfterDone || a.Status != 201 || a.CarrierID != "SM1" || !a.Began.IsZero() || a.Attempts != 1) {
				t.Errorf("%+v", a)
			}
		}
		forms := map[string]url.Values{}
		for _, r := range d.sent {
			form, err := url.ParseQuery(string(r.Body))
			if err != nil || r.Header.Get("Idempotency-Key") != "" {
				t.Errorf("%s %v %v", r.Body, r.Header, err)
			}
			forms[form.Get("To")] = form
		}
		if f := forms["+15550001111"]; f.Get("From") != carriertest.From || f.Get("Body") != "Hello Ada, & more." {
			t.Errorf("%v", forms)
		}
		contain(t, "warnings", strings.Join(c.Warnings, "\n"), "s1.body: no value for ${nothing}")
		if got := d.payloads("c1", parley.EventAfterAction); len(got) != 2 || !strings.Contains(strings.Join(got, ""), `"action_type":"sms"`) {
			t.Errorf("%q", got)
		}
	})
}

func TestSMSThatMayNotBeSent(t *testing.T) {
	bubble(t, func(t *testing.T, d *desk) {
		twilio, sip := d.texting(), d.connection("account_connection_sip", map[string]any{"host": "sip.example.com"})
		if _, err := d.db.AddDoNotCall(t.Context(), store.DoNotCall{EnvironmentID: d.env, Number: "+15550009999"}); err != nil {
			t.Fatal(err)
		}
		own := d.connection("account_connection_fluents_twilio", map[string]any{})
		for want, action := range map[string]string{
			"not linked with the operator's account": texted("", own, carriertest.From, "+15557654321", "x"),
			"is no number of this environment":       texted("", twilio, "+15551112222", "+15557654321", "x"),
			"must be active and sms_enabled":         texted("", twilio, "+15005550007", "+15557654321", "x"),
			"+15005550008 sends no messages":         texted("", twilio, "+15005550008", "+15557654321", "x"),
			"config.from_phone must be":              texted("", twilio, "${nobody}", "+15557654321", "x"),
			"config.to_phone must be":                texted("", twilio, carriertest.From, "sip:a@b", "x"),
			"config.to_phone: +15550009999 is on":    texted("", twilio, carriertest.From, "+15550009999", "x"),
			"may call US alone":                      texted("", twilio, carriertest.From, "+447911123456", "x"),
			"premium rate":                           texted("", twilio, carriertest.From, "+19005550100", "x"),
			"config.body is empty":                   texted("", twilio, carriertest.From, "+15557654321", "${nothing}"),
			"config.body has more than 1600":         texted("", twilio, carriertest.From, "+15557654321", strings.Repeat("é", 1601)),
			"there is no account connection":         texted("", "d", carriertest.From, "+15557654321", "x"),
			"account_connection_twilio or":           texted("", sip, carriertest.From, "+15557654321", "x"),
			"config must have from_phone, to_phone":  `{"type":"sms","provider_config":{"destination_id":"d"},"config":{"from_phone":7}}`,
		} {
			id := "c-" + want
			d.call(id, agentWith(action), nil)
			d.work(time.Second)
			a := d.row(id).After.Actions[0]
			if a.State != parley.AfterFailed || !strings.Contains(a.Error, want) || !a.Began.IsZero() {
				t.Errorf("%s: %+v", want, a)
			}
		}
		if len(d.sent) != 0 {
			t.Errorf("%d were sent", len(d.sent))
		}
		d.clerk.Carriers = nil
		d.call("none", agentWith(texted("", twilio, carriertest.From, "+15557654321", "x")), nil)
		d.work(time.Second)
		contain(t, "without carriers", d.row("none").After.Actions[0].Error, "sends no messages")
	})
}

// TestSMSAgain: what a carrier surely did not take is sent again, what it refused is not, and neither is what it may have taken.
func TestSMSAgain(t *testing.T) {
	refusal := func(status int, body string) func(fetch.Request) (*fetch.Response, error) {
		return func(fetch.Request) (*fetch.Response, error) {
			return &fetch.Response{Status: status, Body: []byte(body)}, nil
		}
	}
	for name, tc := range map[string]struct {
		first func(fetch.Request) (*fetch.Response, error)
		sent  int
		state string
		error string
	}{
		"too many":       {refusal(429, `{"code":20429,"message":"Too Many Requests"}`), 2, parley.AfterDone, ""},
		"not reached":    {func(fetch.Request) (*fetch.Response, error) { return nil, errors.New("no route") }, 2, parley.AfterDone, ""},
		"refused":        {refusal(400, `{"code":21610,"message":"Attempt to send to unsubscribed recipient"}`), 1, parley.AfterFailed, "twilio: 21610: Attempt to send to unsubscribed recipient"},
		"its own error":  {refusal(500, `{"code":20500,"message":"Internal Server Error"}`), 1, parley.AfterFailed, "may have been sent"},
		"a gateway's":    {refusal(504, "<html>"), 1, parley.AfterFailed, "may have been sent"},
		"may not fetch":  {func(fetch.Request) (*fetch.Response, error) { return nil, &fetch.BlockedError{Reason: "is private"} }, 1, parley.AfterFailed, "is private"},
		"an empty taken": {refusal(201, ""), 1, parley.AfterDone, ""},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T, d *desk) {
				twilio := d.texting()
				d.answer = func(r fetch.Request) (*fetch.Response, error) {
					if len(d.sent) == 1 {
						return tc.first(r)
					}
					return created(r)
				}
				d.call("c1", agentWith(texted("s1", twilio, carriertest.From, "+15557654321", "x")), nil)
				d.work(time.Hour)
				a := d.row("c1").After.Actions[0]
				if len(d.sent) != tc.sent || a.State != tc.state || !strings.Contains(a.Error, tc.error) || a.Attempts != tc.sent || !a.Began.IsZero() {
					t.Errorf("%d sent, %+v", len(d.sent), a)
				}
			})
		})
	}
}

// TestSMSOnce: wherever the process dies, a message goes out once at most, and what became of it is told; it is told as sent only when it was.
func TestSMSOnce(t *testing.T) {
	doubts := 0
	for point := 0; ; point++ {
		reached := false
		bubble(t, func(t *testing.T, d *desk) {
			twilio := d.texting()
			d.answer = created
			d.call("c1", agentWith(texted("s1", twilio, carriertest.From, "+15557654321", "x")), nil)
			reached = d.die(point)
			d.clerk.Carriers = &carrier.Client{Net: d}
			d.work(time.Hour)
			a := d.row("c1").After.Actions[0]
			switch {
			case len(d.sent) > 1:
				t.Errorf("killed at %d: %d messages", point, len(d.sent))
			case a.State == parley.AfterDone && len(d.sent) != 1:
				t.Errorf("killed at %d: told as sent, and was not", point)
			case a.State == parley.AfterFailed && !strings.Contains(a.Error, "may have been"), a.State != parley.AfterDone && a.State != parley.AfterFailed:
				t.Errorf("killed at %d: %+v", point, a)
			}
			if a.State == parley.AfterFailed {
				doubts++
			}
			if got := d.payloads("c1", parley.EventAfterAction); len(got) != 1 {
				t.Errorf("killed at %d: told %q", point, got)
			}
		})
		if !reached || t.Failed() {
			if point < 8 || doubts == 0 || doubts > 6 {
				t.Errorf("%d points, of which %d in doubt", point, doubts)
			}
			return
		}
	}
}

// TestSMSAtTheEnd: a process that ends while a message is being sent makes no doubt of what was not begun, and one of what was.
func TestSMSAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T, d *desk) {
		twilio := d.texting()
		ctx, stop := context.WithCancel(t.Context())
		d.answer = func(r fetch.Request) (*fetch.Response, error) {
			if len(d.sent) == 1 {
				stop()
				return nil, context.Canceled // before anything was written
			}
			return created(r)
		}
		d.call("c1", agentWith(texted("s1", twilio, carriertest.From, "+15557654321", "x")), nil)
		q := job.New(d.db, job.Options{Logger: d.clerk.Logger}, d.clerk.Kinds()...)
		q.Run(ctx)
		synctest.Wait()
		d.work(time.Hour)
		if a := d.row("c1").After.Actions[0]; len(d.sent) != 2 || a.State != parley.AfterDone {
			t.Errorf("%d sent, %+v", len(d.sent), a)
		}
	})
}

// TestSMSByTheRealClient: over HTTP, to carriers that answer as the real ones do.
func TestSMSByTheRealClient(t *testing.T) {
	fake := &carriertest.Carrier{}
	srv := httptest.NewServer(fake)
	defer srv.Close()
	net := fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	defer net.Close()
	c := &carrier.Client{Net: net}
	for _, kind := range []string{"account_connection_twilio", "account_connection_telnyx"} {
		a, err := c.Open(kind, map[string]any{"base_url": srv.URL, "twilio_account_sid": carriertest.SID, "twilio_auth_token": carriertest.Token, "api_key": carriertest.Key})
		if err != nil {
			t.Fatal(err)
		}
		e := &errand{values: values{"name": "Ada"}}
		e.want.Config = []byte(`{"from_phone":"` + carriertest.From + `","to_phone":"+15557654321","body":"Hello {name}"}`)
		m, err := e.message()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Send(t.Context(), m); err != nil {
			t.Error(err)
		}
	}
	if got := fake.Taken(); len(got) != 2 || got[1].Text != "Hello Ada" {
		t.Errorf("%+v", got)
	}
}
