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

// TestDashboardChooseParts: beyond a hundred, prompts and webhooks without a label are found by what they say, and documents by their names and tags.
func TestDashboardChooseParts(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ids := map[string]string{}
	for i := range 105 {
		var prompt, hook, doc struct{ ID string }
		s.api("POST", "/v1/prompts/create", m{"content": fmt.Sprintf("You are desk no. %03d of the hotel.", i)}, &prompt)
		s.api("POST", "/v1/webhooks/create", m{"url": fmt.Sprintf("http://127.0.0.1:9/hook/%03d", i), "subscriptions": []string{}}, &hook)
		s.api("POST", "/v1/documents/create", m{"name": fmt.Sprintf("Page %03d", i), "type": "text", "content": "We open at nine.", "tags": []string{fmt.Sprintf("shelf-%d", i/10)}}, &doc)
		ids[fmt.Sprint("prompt ", i)], ids[fmt.Sprint("hook ", i)], ids[fmt.Sprint("doc ", i)] = prompt.ID, hook.ID, doc.ID
	}
	id, _ := s.agent(m{"name": "Desk", "provider": "local", "knowledge": []string{ids["doc 104"], ids["doc 3"]}})
	var v struct {
		Prompt, Hook, Focus   string
		Before, After, Tagged []string
	}
	person(t, s, "choose_parts", m{"agent": id}, "", &v)
	if !strings.Contains(v.Prompt, "desk no. 104") || !strings.Contains(v.Hook, "/hook/103") || !strings.HasPrefix(v.Focus, "INPUT combobox") {
		t.Errorf("%+v", v)
	}
	if fmt.Sprint(v.Before) != "[Page 104 Page 003]" || fmt.Sprint(v.After) != "[Page 104 Page 102]" || len(v.Tagged) != 4 { // 100–104, and 104 is chosen
		t.Errorf("%q, tagged %q, %q", v.Before, v.Tagged, v.After)
	}
	var a struct {
		Prompt, Webhook struct{ ID string }
		Knowledge       []string
	}
	s.api("GET", "/v1/agents?id="+id, nil, &a)
	if a.Prompt.ID != ids["prompt 104"] || a.Webhook.ID != ids["hook 103"] || !slices.Equal(a.Knowledge, []string{ids["doc 104"], ids["doc 102"]}) {
		t.Errorf("%+v", a)
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
