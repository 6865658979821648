package action

import (
	"net/url"
	"strings"
	"testing"
)

func TestVariablesStayWhereTheyAreInAnAddress(t *testing.T) {
	const evil = "../../admin?x=1&y=2#z@evil.example/"
	vars := map[string]string{"${id}": "a b/ü", "{{id}}": "a b/ü", "${evil}": evil, "${up}": "..", "${none|x y}": "x y"}
	s := Site{Fill: func(_, text string) string { return vars[text] }}
	for in, want := range map[string]string{
		"https://crm.example/lookup":               "https://crm.example/lookup",
		" https://crm.example/orders/${id} ":       "https://crm.example/orders/a%20b%2F%C3%BC",
		"https://crm.example/orders?id={{id}}&z=1": "https://crm.example/orders?id=a+b%2F%C3%BC&z=1",
		"https://crm.example/${up}/orders":         "https://crm.example//orders",
		"https://crm.example/${none|x y}?${id}":    "https://crm.example/x%20y?a+b%2F%C3%BC",
		"https://crm.example?q=${id}":              "https://crm.example?q=a+b%2F%C3%BC",
		"":                                         "",
	} {
		if got, err := s.fillURL("config.url", in); err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"https://crm.example/${evil}/x", "https://crm.example/x?q=${evil}", "https://crm.example/x?q=${evil}&r=1"} {
		got, err := s.fillURL("config.url", in)
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(got)
		if err != nil || u.Host != "crm.example" || u.Fragment != "" || strings.Contains(u.EscapedPath(), "admin/") || u.Query().Get("y") != "" {
			t.Errorf("%s led to %s (%v)", in, got, err)
		}
	}
	for _, in := range []string{"${id}", "https://${id}/x", "https://crm.example:${id}/", "https://user:${id}@crm.example/", "${id}://crm.example/", "crm.example/${id}"} {
		if got, err := s.fillURL("config.url", in); err == nil || !strings.Contains(err.Error(), "config.url: a variable may stand in the path") {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	if got, err := (Site{}).fillURL("config.url", "https://crm.example/${id}"); err != nil || got != "https://crm.example/${id}" {
		t.Errorf("not on a call: %q, %v", got, err)
	}
}
