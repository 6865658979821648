package call

import (
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func TestFill(t *testing.T) {
	vars := map[string]string{"name": "Ada", "empty": "", "a.b": "dotted", "größe": "XL"}
	for _, tc := range []struct {
		in, want string
		missing  []string
	}{
		{"Hello ${name}!", "Hello Ada!", nil},
		{"Hello {{name}}!", "Hello Ada!", nil},
		{"Hello {{ name }}!", "Hello Ada!", nil},
		{"Hello ${who|there}!", "Hello there!", nil},
		{"Hello ${who|}!", "Hello !", nil},
		{"Hello ${who}, ${who} and {{other}}", "Hello ,  and ", []string{"who", "other"}},
		{"${empty}.", ".", nil},
		{"${empty|x}.", "x.", nil},
		{"{{a.b}} {{größe}}", "dotted XL", nil},
		{"unfinished ${name", "unfinished ${name", nil},
		{`{"a": {{name}}, "b": {"c": 1}}`, `{"a": Ada, "b": {"c": 1}}`, nil},
		{`{{"not": "a name"}}`, `{{"not": "a name"}}`, nil},
		{"{{> block}}", "{{> block}}", nil},
		{"costs $5 {x}", "costs $5 {x}", nil},
		{"${${name}}", "${Ada}", nil},
		{"", "", nil},
	} {
		got, missing := Fill(tc.in, vars)
		if got != tc.want || !slices.Equal(missing, tc.missing) {
			t.Errorf("Fill(%q) = %q %q, want %q %q", tc.in, got, missing, tc.want, tc.missing)
		}
	}
}

func TestFillNeverExpandsValues(t *testing.T) {
	got, _ := Fill("${a}", map[string]string{"a": "${b}", "b": "secret"})
	if got != "${b}" {
		t.Errorf("a value was expanded: %q", got)
	}
}

func TestVariablesOfTheCallWin(t *testing.T) {
	c := &parley.Call{ID: "1", From: "+15550001111", To: "+15552223333", IsOutgoing: true,
		Context: map[string]string{"call_id": "forged", "name": "Ada"}}
	v := variables(c, time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC))
	want := map[string]string{"call_id": "1", "from_number": "+15550001111", "to_number": "+15552223333",
		"direction": "outbound", "now": "2026-11-23T09:00:00Z", "name": "Ada"}
	for k, w := range want {
		if v[k] != w {
			t.Errorf("%s = %q, want %q", k, v[k], w)
		}
	}
}

func FuzzFill(f *testing.F) {
	f.Add("Hello ${name|there} {{x}} ${", "v")
	f.Fuzz(func(t *testing.T, text, value string) {
		out, missing := Fill(text, map[string]string{"name": value})
		if len(missing) > 0 && out == text && len(text) > 0 {
			t.Errorf("missing %q but nothing was taken out of %q", missing, text)
		}
	})
}
