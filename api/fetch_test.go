package api

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"net/http/httptest"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/audio"
	"github.com/parley-voice/parley/fetch"
	"github.com/parley-voice/parley/provider"
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
	h.api.Vendors = &fakeVendors{}
	h.api.Vendors.(*fakeVendors).voice = func(v store.Doc) error {
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
		{"a transcriber", "POST", "/v1/agents/create", `{` + tiny + `,"transcriber":{"type":"transcriber_local","model":"odd"}}`, 400, `"message":"transcriber.model must be even"`},
		{"a good one", "POST", "/v1/agents/create", `{` + tiny + `,"transcriber":{"type":"transcriber_local","model":"even"}}`, 201, `even`},
	})
}

// TestOptionsThatStay: what a stored voice has is no news, also what is not known any more; what changes is checked.
func TestOptionsThatStay(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	v, err := h.db.Create(t.Context(), h.a.env, store.Voices, store.Doc{"type": "voice_openai", "voice": "alloy", "breath": 0.25, "speed": 9.0})
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.db.CreateAgent(t.Context(), h.a.env, store.Doc{"prompt": store.Doc{"content": "x"}, "actions": []any{}, "voice": v["id"],
		"transcriber": store.Doc{"type": "transcriber_local", "ears": 2.0}})
	if err != nil {
		t.Fatal(err)
	}
	update := "/v1/voices/update?id=" + v["id"].(string)
	agent := "/v1/agents/update?id=" + a["id"].(string)
	h.play(t, []scenario{
		{"another field", "POST", update, `{"label":"L"}`, 201, `"breath":0.25¦"speed":9`},
		{"as it was answered", "POST", update, `{"type":"voice_openai","voice":"alloy","breath":0.25,"speed":9}`, 201, `"breath":0.25`},
		{"it goes", "POST", update, `{"breath":null}`, 201, ``},
		{"another value", "POST", update, `{"speed":8}`, 400, `speed must be between 0.25 and 4`},
		{"another unknown one", "POST", update, `{"breadth":1}`, 400, `breadth is no option of voice_openai`},
		{"another type", "POST", update, `{"type":"voice_local","speed":9}`, 400, `speed is no option of voice_local; its options are rate, voice`},
		{"a transcriber as it was answered", "POST", agent, `{"transcriber":{"type":"transcriber_local","ears":2}}`, 201, `"ears":2`},
		{"another transcriber", "POST", agent, `{"transcriber":{"type":"transcriber_openai","ears":2}}`, 400, `transcriber.ears is no option of transcriber_openai`},
	})
}

// TestEveryVoice: what is no vendor's option is what the contract has of a voice.
func TestEveryVoice(t *testing.T) {
	h := newHouse(t)
	got := slices.Sorted(maps.Keys(h.api.contract.schema("UpdateVoiceDto").Properties))
	if want := slices.Sorted(slices.Values(everyVoice)); !slices.Equal(got, want) {
		t.Errorf("%v, the contract has %v", want, got)
	}
}

// TestAvailableVoices: as the vendor lists them, ready to be saved; what it says of a failure is passed on.
func TestAvailableVoices(t *testing.T) {
	h := newHouse(t)
	h.furnish(h.a)
	h.furnish(h.b)
	f := &fakeVendors{list: []provider.Voice{
		{Options: map[string]any{"voice": "alloy"}, Name: "Alloy", Language: "en-US,de", Gender: "neutral", PreviewURL: "https://example.com/a.mp3"},
		{Options: map[string]any{"voice": "coral"}, Name: "Coral", Language: "fr"}, {Name: "Any"},
	}}
	h.play(t, []scenario{{"nobody is asked", "GET", "/v1/voices/available?type=voice_openai", "", 400, `no_voices`}})
	h.api.Vendors = f
	h.play(t, []scenario{
		{"all", "GET", "/v1/voices/available?type=voice_openai", "", 200, `{"voice":{"type":"voice_openai","voice":"alloy"},"name":"Alloy","language":"en-US,de","gender":"neutral","preview_url":"https://example.com/a.mp3"}¦Coral¦Any`},
		{"of a language", "GET", "/v1/voices/available?type=voice_openai&language=DE", "", 200, `Alloy¦!Coral¦Any`},
		{"of an account", "GET", "/v1/voices/available?type=voice_openai&account_connection={account_connections}", "", 200, `"account_connection":"{account_connections}"`},
		{"of another's account", "GET", "/v1/voices/available?type=voice_openai&account_connection={other.account_connections}", "", 404, `account connection not found`},
		{"no type", "GET", "/v1/voices/available", "", 400, `type`},
		{"no such type", "GET", "/v1/voices/available?type=voice_hal", "", 400, `type must be one of voice_local, voice_openai`},
		{"an id that is none", "GET", "/v1/voices/available?type=voice_openai&account_connection=x", "", 400, `account_connection must be a UUID`},
	})
	for code, want := range map[parley.VendorCode]scenario{
		parley.VendorUnauthorized: {status: 400, want: `vendor_unauthorized¦"field":"account_connection"¦openai: unauthorized (401): who are you?`},
		parley.VendorRateLimited:  {status: 429, want: `vendor_rate_limited¦who are you?`},
	} {
		f.err = &parley.VendorError{Vendor: "openai", Code: code, Status: 401, Message: "who are you?"}
		h.play(t, []scenario{{string(code), "GET", "/v1/voices/available?type=voice_openai", "", want.status, want.want}})
	}
	p := refusal(vendorRefusal(&parley.VendorError{Vendor: "openai", Code: parley.VendorUnavailable, Status: 503, Message: "we are asleep"}), "r")
	if p.StatusCode != 502 || p.Code != "vendor_failed" || p.Message != "openai: unavailable (503): we are asleep" {
		t.Errorf("%+v", p)
	}
}

// fakeVendors tries what it is given by voice, and wants transcribers to be even.
type fakeVendors struct {
	voice func(store.Doc) error
	list  []provider.Voice
	err   error
	said  []string
}

func (f *fakeVendors) Voices(_ context.Context, _, _, _ string) ([]provider.Voice, error) {
	return f.list, f.err
}

// Say speaks a frame a letter, as loud as the letter.
func (f *fakeVendors) Say(ctx context.Context, env string, a parley.Agent, text string) iter.Seq2[audio.Frame, error] {
	return func(yield func(audio.Frame, error) bool) {
		f.said = append(f.said, fmt.Sprint(a.Voice["type"], " ", a.Voice["voice"], " ", a.Language, ": ", text))
		if f.err != nil {
			yield(audio.Frame{}, f.err)
			return
		}
		for _, c := range text {
			if c == ' ' {
				continue
			}
			if !yield(audio.Frame{0: int16(c)}, nil) {
				return
			}
		}
	}
}

func (f *fakeVendors) CheckVoice(v store.Doc) error { return f.voice(v) }

func (f *fakeVendors) CheckTranscriber(t store.Doc) error {
	if t["model"] == "odd" {
		return parley.Invalid("transcriber.model", "transcriber.model must be even")
	}
	return nil
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

// endlessVendors do not stop speaking.
type endlessVendors struct{ fakeVendors }

func (*endlessVendors) Say(context.Context, string, parley.Agent, string) iter.Seq2[audio.Frame, error] {
	return func(yield func(audio.Frame, error) bool) {
		for yield(audio.Frame{}, nil) {
		}
	}
}
