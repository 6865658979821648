//go:build e2e

package e2e

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/parley-voice/parley/carrier/carriertest"
)

// TestDashboardTrunk connects a SIP trunk at a registrar of others', and what is secret about it stays so.
func TestDashboardTrunk(t *testing.T) {
	t.Parallel()
	port := freePort(t)
	kamailio(t, port, "MD5")
	s := serve(t)
	const password = "secret of line"
	var v struct {
		Refused, Focused, Fills, Wrong, Right, ID, Page, Typed, Kept, Lent, List, Used string
		Regions, Asked                                                                 []string
		Region                                                                         int
		Stayed                                                                         bool
	}
	person(t, s, "trunk", m{"port": port, "password": password, "link": m{"phone_number": "201"}}, "", &v)
	if !strings.Contains(v.Refused, "required") || v.Focused != "f-credentials-host" {
		t.Errorf("%q, the focus is at %q", v.Refused, v.Focused)
	}
	if !slices.Contains(v.Regions, "EU") || v.Region != 0 || !strings.Contains(v.Fills, "Left out: sip.telnyx.com") {
		t.Errorf("presets: %q, %q, %d regions where there are none", v.Regions, v.Fills, v.Region)
	}
	if !strings.Contains(v.Wrong, "It does not work") || !strings.Contains(v.Wrong, "does not take the password of alice") || !strings.Contains(v.Wrong, "Check credentials.username") {
		t.Errorf("a wrong password: %s", v.Wrong)
	}
	if !strings.Contains(v.Right, "It works") || !strings.Contains(v.Right, "kamailio") {
		t.Errorf("the right one: %s", v.Right)
	}
	if strings.Contains(v.Page, password) || !strings.Contains(v.Page, "Stored") {
		t.Error("the page tells what is secret")
	}
	if v.Typed != "Not saved yet." || !strings.HasPrefix(v.Kept, "All is saved") && v.Kept != "Saved." {
		t.Errorf("typed: %q, kept: %q", v.Typed, v.Kept)
	}
	if !strings.Contains(v.Lent, "E.164") || len(v.Asked) != 1 || !v.Stayed {
		t.Errorf("%q, asked %q, stayed %v", v.Lent, v.Asked, v.Stayed)
	}
	if !strings.Contains(v.List, "Office") || !strings.Contains(v.List, "SIP trunk") || !strings.Contains(v.Used, "201") {
		t.Errorf("listed: %q, in use: %q", v.List, v.Used)
	}
	var list struct{ Total int }
	if s.api("GET", "/v1/account_connections/list", nil, &list); list.Total != 0 {
		t.Errorf("%d connections are left", list.Total)
	}
}

// TestDashboardAccounts: whatever the contract has a type for can be connected.
func TestDashboardAccounts(t *testing.T) {
	t.Parallel()
	rest := httptest.NewServer(&carriertest.Carrier{})
	t.Cleanup(rest.Close)
	s := serve(t, "TWILIO_BASE_URL="+rest.URL)
	var contract struct {
		Components struct {
			Schemas map[string]struct {
				Properties map[string]struct{ Enum []string }
			}
		}
	}
	s.api("GET", "/openapi.json", nil, &contract)
	var types []string
	for _, kind := range contract.Components.Schemas["CreateAccountConnectionDto"].Properties["type"].Enum {
		types = append(types, strings.TrimPrefix(kind, "account_connection_"))
	}
	var v struct {
		Kinds           []string
		Forms           map[string][]string
		Wrong, ID, Page string
	}
	person(t, s, "accounts", m{"types": types, "sid": carriertest.SID, "token": carriertest.Token}, "", &v)
	slices.Sort(v.Kinds)
	slices.Sort(types)
	if !slices.Equal(v.Kinds, types) {
		t.Errorf("offered are %q, the contract has %q", v.Kinds, types)
	}
	for kind, fields := range v.Forms {
		if len(fields) < 3 && kind != "fluents_twilio" {
			t.Errorf("%s asks for %q", kind, fields)
		}
	}
	if !slices.Contains(v.Forms["azure_speech"], "Region") || !slices.Contains(v.Forms["sip"], "Codecs") || !slices.Contains(v.Forms["un_pw_oauth"], "Token URL") {
		t.Errorf("%q", v.Forms)
	}
	if !strings.Contains(v.Wrong, "It does not work") || strings.Contains(v.Page, carriertest.Token) {
		t.Errorf("a wrong token: %s", v.Wrong)
	}
	var a struct {
		Config struct {
			Detect struct {
				AMD bool `json:"provider_amd"`
			} `json:"voicemail_detection"`
		}
	}
	if s.api("GET", "/v1/account_connections?id="+v.ID, nil, &a); !a.Config.Detect.AMD {
		t.Error("what was chosen of config is not kept")
	}
}

// market is a server with numbers for sale by a Twilio of ours, and the account there.
func market(t *testing.T) (s *server, c *carriertest.Carrier, account m) {
	t.Helper()
	c = &carriertest.Carrier{}
	rest := httptest.NewServer(c)
	t.Cleanup(rest.Close)
	s = prepare(t, "TWILIO_BASE_URL="+rest.URL)
	s.env = append(s.env, "PARLEY_PUBLIC_URL="+s.http)
	s.start()
	return s, c, m{"type": "account_connection_twilio", "label": "Ours", "credentials": m{"twilio_account_sid": carriertest.SID, "twilio_auth_token": carriertest.Token}}
}

// TestDashboardNumbers buys, links, changes and gives back numbers of a carrier, and gives them to agents.
func TestDashboardNumbers(t *testing.T) {
	t.Parallel()
	s, c, account := market(t)
	const owned = carriertest.From
	s.api("POST", "/v1/numbers/detach?phone_number=demo", nil, nil)
	agent, _ := s.agent(m{"name": "Desk", "provider": "local", "prompt": m{"content": "You answer for ${company}."}})
	other, _ := s.agent(m{"name": "Night", "provider": "local"})
	var v struct {
		None, Refused, Chosen, Fallback, Focused, Bought, Pace, Foreign, Linked, List, Reached string
		Offers, Asked                                                                          []string
	}
	person(t, s, "numbers", m{"agent": agent, "other": other, "account": account, "owned": owned}, "", &v)
	if !strings.Contains(v.None, "Connect Twilio") || !strings.Contains(v.Refused, "1 to 6 digits") || len(v.Offers) == 0 || !strings.HasPrefix(v.Chosen, "+1415") || !strings.Contains(v.Offers[0], "$") {
		t.Errorf("%+v", v)
	}
	if !strings.Contains(v.Fallback, "E.164") || v.Focused != "f-config-fallback_number" || len(v.Asked) < 2 || !strings.Contains(v.Asked[0], v.Chosen) || !strings.Contains(v.Asked[0], "a month") {
		t.Errorf("%q at %s; asked %q", v.Fallback, v.Focused, v.Asked)
	}
	if !strings.Contains(v.Pace, "between 1 and 6000") || !strings.Contains(v.Foreign, "not") || !strings.Contains(v.Reached, owned) {
		t.Errorf("%q %q %q", v.Pace, v.Foreign, v.Reached)
	}
	for _, want := range []string{v.Chosen, owned, "Front desk", "Night", "Desk", "sales", "Ours (Twilio)", "Answered"} {
		if !strings.Contains(v.List, want) {
			t.Errorf("no %q in the list: %s", want, v.List)
		}
	}
	if c.Bought() != 1 {
		t.Errorf("%d numbers were bought", c.Bought())
	}
	if _, kept := c.Line(v.Chosen); kept {
		t.Error("the number was not given back")
	}
	if l, kept := c.Line(owned); !kept || strings.Contains(fmt.Sprint(l), s.http) {
		t.Errorf("what was let go is %v, %v", l, kept)
	}
}

// TestDashboardDials places a call to a telephone, which rings and is talked to by an agent that knows what was entered.
func TestDashboardDials(t *testing.T) {
	s := serve(t)
	wav, _ := sentence(t, "Hello, this is Bob speaking")
	p := baresip(t, "bob", wav, "udp", "auto", "PCMU")
	banned := "sip:never@127.0.0.1:9"
	s.api("POST", "/v1/do_not_call/create", m{"number": banned}, nil)
	agent, _ := s.agent(m{"name": "Caller", "provider": "local", "initial_message": "Hello ${name}, this is about your order ${order}. Can you hear me well today?",
		"prompt": m{"content": "You call about order ${order}.", "prompt_template": m{"required_context_keys": []string{"order"}}}})
	var v struct {
		Warned, Focused, Banned, Required, ID, Live, Later string
		Refused                                            []string
		Silent                                             int
	}
	person(t, s, "dial", m{"agent": agent, "to": p.uri, "banned": banned}, "", &v)
	if !p.saw("CALL_ESTABLISHED") {
		t.Error("the telephone was not rung")
	}
	if !strings.Contains(v.Warned, "Nothing is said for name") || len(v.Refused) != 2 || !strings.Contains(v.Refused[0], "who is called") || v.Focused != "f-to_number" {
		t.Errorf("%+v", v)
	}
	if !strings.Contains(v.Banned, "do-not-call") || !strings.Contains(v.Required, "required by the agent") || v.Silent != 0 || !strings.Contains(v.Live, "Hello Bob") {
		t.Errorf("%+v", v)
	}
	var c struct {
		Context map[string]string
		Status  string
		Ended   string `json:"ended_reason"`
	}
	s.api("GET", "/v1/calls?id="+v.ID, nil, &c)
	if c.Context["name"] != "Bob" || c.Context["order"] != "4711" || c.Context["shop"] != "Harbor" || c.Ended != "agent_ended" {
		t.Errorf("%+v", c)
	}
	if s.api("GET", "/v1/calls?id="+v.Later, nil, &c); c.Ended != "cancelled" {
		t.Errorf("the one for later: %+v", c)
	}
	if n := len(s.calls()); n != 2 {
		t.Errorf("%d calls were placed", n)
	}
}

// TestDashboardTrunkPages looks at the pages in both themes and at a phone's width.
func TestDashboardTrunkPages(t *testing.T) {
	t.Parallel()
	s, _, account := market(t)
	var conn, trunk, number struct{ ID string }
	s.api("POST", "/v1/account_connections/create", account, &conn)
	s.api("POST", "/v1/account_connections/create", m{"type": "account_connection_sip", "label": "Office PBX", "credentials": m{"host": "127.0.0.1", "port": 9, "username": "parley", "password": "secret of line", "register": true, "codecs": []string{"PCMA"}}}, &trunk)
	agent, _ := s.agent(m{"name": "Desk", "provider": "local", "prompt": m{"content": "You answer for ${company|Harbor Dental} and ask for ${caller}."}})
	s.api("POST", "/v1/numbers/link", m{"phone_number": carriertest.From, "telephony_account_connection": conn.ID, "inbound_agent": agent, "label": "Front desk", "tags": []string{"sales"}, "config": m{"max_calls_per_minute": 6}}, &number)
	s.api("POST", "/v1/numbers/link", m{"phone_number": "201", "telephony_account_connection": trunk.ID}, nil)
	person(t, s, "trunk_pictures", m{"agent": agent, "number": number.ID, "connection": trunk.ID}, "", nil)
}
