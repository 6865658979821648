package after

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
)

var known = values{"name": "Ada \"the\" first", "n": 3.5, "yes": true, "none": "", "list": json.RawMessage(`["a", "b"]`), "said": json.RawMessage(`"line\nbreak"`),
	"two words": "both", "path": "../x y?z=1&w", "up": ".."}

func TestFill(t *testing.T) {
	for _, c := range []struct {
		template, want string
		missing        []string
	}{
		{"Hi ${name}, {{name}} and {name}.", `Hi Ada "the" first, Ada "the" first and Ada "the" first.`, nil},
		{"{n} {yes} {list} {said}", "3.5 true [\"a\",\"b\"] line\nbreak", nil},
		{"${gone} {gone}{{other}}", " ", []string{"gone", "other"}},
		{"${gone|there} {none|nothing} {{ name | x }}", `there nothing Ada "the" first`, nil},
		{"[{none}]", "[]", nil},
		{"${two words}", "both", nil},
		{"p { color: red } {\"a\": 1} ${} {} {{}} $5 {1} {a b} ${a b}", "p { color: red } {\"a\": 1} ${} {} {{}} $5 {1} {a b} ${a b}", nil},
		{"{name", "{name", nil},
		{"{{name}", `{Ada "the" first`, nil},
		{"", "", nil},
	} {
		got, missing := fill(c.template, known, plainly)
		if got != c.want || !slices.Equal(missing, c.missing) {
			t.Errorf("%s: %q %q, want %q %q", c.template, got, missing, c.want, c.missing)
		}
	}
}

func TestFillJSON(t *testing.T) {
	for template, want := range map[string]string{
		`{"a":"{name}","b":${name},"c":{{n}},"d":"{n}","e":{yes}}`: `{"a":"Ada \"the\" first","b":"Ada \"the\" first","c":3.5,"d":"3.5","e":true}`,
		`{"a":{list},"b":"{list}","c":{said},"d":"x {said} y"}`:    `{"a":["a","b"],"b":"[\"a\",\"b\"]","c":"line\nbreak","d":"x line\nbreak y"}`,
		`{"a":{gone},"b":"{gone}","c":{gone|7}}`:                   `{"a":null,"b":"","c":"7"}`,
		`{"a \" {name}":1}`:                                        `{"a \" Ada \"the\" first":1}`,
		`{"a\\":{n}}`:                                              `{"a\\":3.5}`,
	} {
		got, _ := fillJSON(template, known)
		var a, b any
		if json.Unmarshal(got, &a) != nil || json.Unmarshal([]byte(strings.ReplaceAll(want, `Ada "the" first":1`, `Ada \"the\" first":1`)), &b) != nil {
			t.Errorf("%s: %s", template, got)
			continue
		}
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		if !bytes.Equal(x, y) {
			t.Errorf("%s:\n%s, want\n%s", template, x, y)
		}
	}
}

// FuzzFillJSON: whatever a caller says, a JSON template stays JSON of the same form.
func FuzzFillJSON(f *testing.F) {
	for _, s := range []string{"", "x", `"`, `\`, `","admin":true,"x":"`, "\n\x00\u2028", "\xff", "{name}", "${x}", "null", "}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		raw, _ := json.Marshal(s)
		for _, v := range []values{{"x": s}, {"x": json.RawMessage(raw)}} {
			doc, _ := fillJSON(`{"a":"<{x}>","b":${x},"{{x}}":[1,"\\{x}"]}`, v)
			var got map[string]any
			if err := json.Unmarshal(doc, &got); err != nil {
				t.Fatalf("%q: %v: %s", s, err, doc)
			}
			if len(got) > 3 {
				t.Fatalf("%q adds fields: %s", s, doc)
			}
			if a, _ := got["a"].(string); a != "<"+strings.ToValidUTF8(s, "\ufffd")+">" && s == strings.ToValidUTF8(s, "") && s != "a" && s != "b" {
				t.Fatalf("%q became %q", s, a)
			}
		}
	})
}

// FuzzFillURI: whatever a caller says, it stays one step of the path and one value of the query.
func FuzzFillURI(f *testing.F) {
	for _, s := range []string{"", "..", "a/b", "a?b=c&d", "#x", "%2e%2e", "\r\n", "//evil.example", "@evil.example", " "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e := &errand{values: values{"x": s}}
		got, err := under("https://crm.example/api", e.fillURI("/users/{x}/calls?q={x}&z=1"))
		if err != nil {
			t.Fatalf("%q: %v", s, err)
		}
		u, err := url.Parse(got)
		if err != nil || u.Host != "crm.example" || u.Fragment != "" || u.Query().Get("z") != "1" || len(u.Query()) != 2 || u.Query().Get("q") != s {
			t.Fatalf("%q: %s %v", s, got, err)
		}
		if parts := strings.Split(u.EscapedPath(), "/"); len(parts) != 5 || parts[1] != "api" || parts[2] != "users" || parts[4] != "calls" || parts[3] == ".." {
			t.Fatalf("%q: %s", s, got)
		}
	})
}

// FuzzParse: no template does harm, and text without braces is itself.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "{", "${", "{{", "{a|", "${a}}", "{{{a}}}", "${{a}}", "{|}", "{ |x}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, _ := fill(s, values{"a": "1"}, plainly)
		if !strings.ContainsAny(s, "{") && got != s {
			t.Fatalf("%q became %q", s, got)
		}
		fillJSON(s, values{"a": "1"})
	})
}

func TestAsText(t *testing.T) {
	for _, c := range []struct {
		x    any
		want string
	}{{nil, ""}, {"s", "s"}, {1.5, "1.5"}, {float64(100000), "100000"}, {false, "false"}, {json.RawMessage(`{"a" : 1}`), `{"a":1}`}, {json.RawMessage(`broken`), "broken"}, {func() {}, ""}} {
		if got := asText(c.x); got != c.want {
			t.Errorf("%v: %q, want %q", c.x, got, c.want)
		}
	}
}

func TestEscapes(t *testing.T) {
	for got, want := range map[string]string{
		oneLine("a\r\nBcc: x@y.z\u2028b"): "a Bcc: x@y.z b", inHTML("<b>\nx & \"y\""): "&lt;b&gt;<br>\nx &amp; &#34;y&#34;",
		inPath("../x"): "..%2Fx", inPath(".."): "", inPath("a b?c"): "a%20b%3Fc",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
