//go:build e2e

package e2e

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-voice/parley/carrier/carriertest"
)

// TestDashboardChoose: where there are more agents, numbers and accounts than a list shows, what is typed finds the one that is meant.
func TestDashboardChoose(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ids := map[string]string{}
	for i := range 105 {
		name := fmt.Sprintf("Desk %03d", i)
		ids[name], _ = s.agent(m{"name": name, "provider": "local"})
		s.api("POST", "/v1/numbers/link", m{"phone_number": fmt.Sprintf("+1555000%04d", 1000+i), "inbound_agent": ids[name]}, nil)
		var trunk struct{ ID string }
		s.api("POST", "/v1/account_connections/create", m{"type": "account_connection_sip", "label": fmt.Sprintf("Trunk %03d", i), "credentials": m{"host": "127.0.0.1", "port": 9, "username": "u", "password": "p"}}, &trunk)
		ids[fmt.Sprintf("Trunk %03d", i)] = trunk.ID
	}
	var v struct {
		Found                                                       []string
		Active, Said, Shut, Shown, Back, First, Most, Account, Call string
	}
	person(t, s, "choose", nil, "", &v)
	if len(v.Found) != 1 || v.Found[0] != "Desk 104" || v.Active != "Desk 104" || !strings.Contains(v.Said, "1 found") || v.Shut != "false" || v.Shown != "Desk 104" || v.Back != "Desk 104" {
		t.Errorf("%+v", v)
	}
	if v.First != "Choose" || !strings.Contains(v.Most, "more") || !strings.Contains(v.Account, "Trunk 104") {
		t.Errorf("%+v", v)
	}
	var c struct {
		From  string `json:"from_number"`
		Agent struct{ ID string }
	}
	if s.api("GET", "/v1/calls?id="+v.Call, nil, &c); c.Agent.ID != ids["Desk 104"] || c.From != "+15550001104" {
		t.Errorf("%+v", c)
	}
}

// TestDashboardTelnyx buys a number of Telnyx.
func TestDashboardTelnyx(t *testing.T) {
	t.Parallel()
	c := &carriertest.Carrier{}
	rest := httptest.NewServer(c)
	t.Cleanup(rest.Close)
	s := prepare(t, "TELNYX_BASE_URL="+rest.URL)
	s.env = append(s.env, "PARLEY_PUBLIC_URL="+s.http)
	s.start()
	var account struct{ ID string }
	s.api("POST", "/v1/account_connections/create", m{"type": "account_connection_telnyx", "label": "Ours", "credentials": m{"api_key": carriertest.Key, "connection_id": carriertest.App}}, &account)
	var v struct {
		Payer, Chosen, State string
		Asked                []string
	}
	person(t, s, "telnyx", m{"account": account.ID}, "", &v)
	if v.Payer != "Ours (Telnyx)" || !strings.HasPrefix(v.Chosen, "+1415") || len(v.Asked) != 1 || !strings.Contains(v.Asked[0], v.Chosen) || !strings.Contains(v.State, "Telnyx") {
		t.Errorf("%+v", v)
	}
	if l, kept := c.Line(v.Chosen); !kept || c.Bought() != 1 || l.App == "" {
		t.Errorf("%+v, bought %d", l, c.Bought())
	}
}
