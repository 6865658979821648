//go:build e2e

package e2e

import (
	"fmt"
	"strings"
	"testing"
)

// TestDashboardAsked: who has never logged in is asked for nothing that is refused; who has a cookie is not shown the login, whatever else the browser
// keeps and wherever the link to the page was.
func TestDashboardAsked(t *testing.T) {
	t.Parallel()
	s := serve(t)
	type loaded struct {
		Login               int
		API, Pages, Refused []string
	}
	var v struct {
		Fresh, Known, Linked, Gone loaded
		Cookie                     string
	}
	person(t, s, "asked", nil, "", &v)
	for name, l := range map[string]loaded{"never logged in": v.Fresh, "logged in no more": v.Gone} {
		if l.Login != 1 || len(l.API) > 0 || len(l.Refused) > 0 {
			t.Errorf("%s: %+v", name, l)
		}
	}
	for name, l := range map[string]loaded{"with a cookie alone": v.Known, "by a link from elsewhere": v.Linked} {
		if l.Login != 0 || len(l.API) == 0 || l.API[0] != "/v1/sessions" || len(l.Refused) > 0 {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if len(v.Known.Pages) != 1 || v.Cookie != "" {
		t.Errorf("the page was asked for as %q; a link from elsewhere brought the cookie %q", v.Known.Pages, v.Cookie)
	}
}

// TestDashboardStands: at / stands a talk until there was a call, and then the overview; the navigation says which.
func TestDashboardStands(t *testing.T) {
	t.Parallel()
	s := serve(t)
	stands := func(ready string) string {
		var v struct{ Current [][]string }
		person(t, s, "stands", m{"ready": ready}, "", &v)
		return fmt.Sprint(v.Current)
	}
	if got := stands("button.call"); got != "[[Talk] [Agents] [Talk]]" {
		t.Error("before the first call", got)
	}
	id, _ := s.agent(m{"name": "Desk", "provider": "local"})
	s.api("POST", "/v1/calls/create", m{"from_number": "+15550001111", "to_number": "sip:nobody@127.0.0.1:9", "agent": id, "not_before": "2099-01-01T00:00:00Z"}, nil)
	if got := stands("h1:has-text('Overview')"); got != "[[Overview] [Agents] [Overview]]" {
		t.Error("after it", got)
	}
}

// TestDashboardMade: a part that the list of those to choose from had not when it was read has its name, and not its id.
func TestDashboardMade(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.api("POST", "/v1/prompts/create", m{"content": "You are the night desk."}, nil)
	var v struct{ ID, Name string }
	person(t, s, "made", nil, "", &v)
	var prompt struct{ Content string }
	s.api("GET", "/v1/prompts?id="+v.ID, nil, &prompt)
	if prompt.Content == "" || strings.Contains(v.Name, v.ID) || !strings.HasPrefix(v.Name, strings.Join(strings.Fields(prompt.Content), " ")[:40]) {
		t.Errorf("%q is called %q", prompt.Content, v.Name)
	}
}
