package api

import (
	"errors"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/store"
)

// TestAddressesAreCheckedWhenSaved: an address that would be fetched is refused wherever it stands when it leads inside.
func TestAddressesAreCheckedWhenSaved(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.api.CheckURL = fetch.New(fetch.Options{Allow: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16")},
		Own: []netip.AddrPort{netip.MustParseAddrPort("10.1.0.1:8080")}}).CheckURL
	for _, row := range []struct{ path, body, field string }{
		{"/v1/webhooks/create", `{"url":"URL","subscriptions":[]}`, "url"},
		{"/v1/webhooks/update?id={webhooks}", `{"url":"URL"}`, "url"},
		{"/v1/agents/create", `{` + tiny + `,"webhook":{"url":"URL","subscriptions":[]}}`, "webhook.url"},
		{"/v1/agents/create", `{` + tiny + `,"webhook":{"id":"{webhooks}","url":"URL"}}`, "webhook.url"},
		{"/v1/agents/create", `{` + tiny + `,"context_endpoint":"URL"}`, "context_endpoint"},
		{"/v1/agents/create", `{"prompt":{"content":"x","context_endpoint":"URL"},"actions":[],"voice":{}}`, "prompt.context_endpoint"},
		{"/v1/agents/update?id={agents}", `{"webhook":{"url":"URL"}}`, "webhook.url"},
		{"/v1/agents/update?id={agents}", `{"context_endpoint":"URL"}`, "context_endpoint"},
		{"/v1/prompts/create", `{"context_endpoint":"URL"}`, "context_endpoint"},
		{"/v1/prompts/update?id={prompts}", `{"context_endpoint":"URL"}`, "context_endpoint"},
		{"/v1/account_connections/create", `{"type":"account_connection_external_api_key","credentials":{"base_url":"URL","api_key":"k"}}`, "credentials.base_url"},
		{"/v1/account_connections/create", `{"type":"account_connection_openai","credentials":{"openai_api_key":"k","base_url":"URL"}}`, "credentials.base_url"},
		{"/v1/account_connections/create", `{"type":"account_connection_un_pw_oauth","credentials":{"base_url":"https://e.com","token_url":"URL","username":"u","password":"p"}}`, "credentials.token_url"},
		{"/v1/agents/create", `{` + tiny + `,"openai_account_connection":{"type":"account_connection_openai","credentials":{"openai_api_key":"k","base_url":"URL"}}}`, "openai_account_connection.credentials.base_url"},
		{"/v1/numbers/link", `{"phone_number":"+15550003333","inbound_agent":{` + tiny + `,"webhook":{"url":"URL","subscriptions":[]}}}`, "inbound_agent.webhook.url"},
		{"/v1/calls/create", `{"from_number":"+15550001111","to_number":"sip:a@b","agent":{` + tiny + `,"webhook":{"url":"URL","subscriptions":[]}}}`, "agent.webhook.url"},
		{"/v1/calls/create", `{"from_number":"+15550001111","to_number":"sip:a@b","agent":{"id":"{agents}","context_endpoint":"URL"}}`, "agent.context_endpoint"},
	} {
		for url, bad := range map[string]bool{
			"http://169.254.169.254/latest/meta-data": true, "http://127.0.0.1:9/": true, "http://[::1]/": true, "http://10.2.0.1/": true,
			"http://2130706433/": true, "http://u:p@example.com/": true, "http://10.1.0.1:8080/": true, "http://[::ffff:127.0.0.1]/": true,
			"https://example.com/hook?x=1": false, "http://10.1.0.1/": false,
		} {
			if !bad && strings.Contains(row.path, "numbers") {
				continue // links but once
			}
			r := h.do(h.a, "POST", h.fill(row.path), strings.ReplaceAll(h.fill(row.body), "URL", url))
			switch {
			case bad && (r.status != 400 || !strings.Contains(string(r.body), `"field":"`+row.field+`"`)):
				t.Errorf("%s with %s in %s: %d %s", row.path, url, row.field, r.status, r.body)
			case !bad && r.status != 201:
				t.Errorf("%s with %s in %s: %d %s", row.path, url, row.field, r.status, r.body)
			}
		}
	}
}

// TestVoicesAreTried: what a vendor says of its options names the field as the body has it.
func TestVoicesAreTried(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.api.CheckVoice = func(v store.Doc) error {
		switch v["voice"] {
		case "elvis":
			return parley.Invalid("voice.voice", `voice.voice: this machine has no voice "elvis"; it has kal`)
		case "fast":
			return parley.Invalid("voice.rate", "voice.rate is 7; it goes from 0.5 to 2")
		case "broken":
			return errors.New("no sound here")
		}
		return nil
	}
	h.play(t, []scenario{
		{"a voice", "POST", "/v1/voices/create", `{"type":"voice_local","voice":"elvis"}`, 400, `voice: this machine has no voice \"elvis\"; it has kal¦!voice.voice`},
		{"inline", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{"type":"voice_local","voice":"elvis"}}`, 400, `"message":"voice.voice: this machine`},
		{"of a call", "POST", "/v1/calls/create", `{"from_number":"+15550001111","to_number":"sip:a@b","agent":{"prompt":{},"actions":[],"voice":{"type":"voice_local","voice":"fast"}}}`, 400, `agent.voice.rate is 7`},
		{"a change", "POST", "/v1/voices/update?id={voices}", `{"voice":"elvis"}`, 400, `this machine has no voice`},
		{"another fault", "POST", "/v1/voices/create", `{"type":"voice_local","voice":"broken"}`, 400, `voice: no sound here`},
		{"a good one", "POST", "/v1/voices/create", `{"type":"voice_local","voice":"kal"}`, 201, `"voice":"kal"`},
		{"the server's own", "POST", "/v1/agents/create", `{"prompt":{},"actions":[],"voice":{}}`, 201, ``},
	})
}

// TestDeletingWhatIsNamed: the answer says who uses it.
func TestDeletingWhatIsNamed(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	if r := h.do(h.a, "POST", "/v1/agents/create", `{`+tiny+`,"name":"Bob","transcriber":{"type":"transcriber_local","account_connection":"`+h.a.ids["account_connections"]+`"}}`); r.status != 201 {
		t.Fatal(string(r.body))
	}
	h.play(t, []scenario{
		{"a connection", "DELETE", "/v1/account_connections/delete?id={account_connections}", "", 409, `in_use¦Bob`},
		{"is still there", "GET", "/v1/account_connections?id={account_connections}", "", 200, `account_connection_sip`},
	})
}

// TestBodyThatBreaksOff: a client that stops in the middle is told so, if it still listens.
func TestBodyThatBreaksOff(t *testing.T) {
	h := newHouse(t)
	for name, row := range map[string]struct {
		err    error
		status int
	}{
		"an end too early": {errors.New("unexpected EOF"), 400},
		"too slow":         {timeout{}, 408},
	} {
		body := iotest.ErrReader(row.err)
		req := httptest.NewRequestWithContext(t.Context(), "POST", "/v1/prompts/create", body)
		req.Header.Set("Authorization", "Bearer "+h.a.key)
		if r := h.send(req); r.status != row.status {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
}

// timeout is what a connection says whose deadline has passed.
type timeout struct{}

func (timeout) Error() string        { return "i/o timeout" }
func (timeout) Is(target error) bool { return target == os.ErrDeadlineExceeded }
