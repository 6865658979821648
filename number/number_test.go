package number

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/parley-voice/parley"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		text string
		kind Kind
		want string
	}{
		{"+15551234567", E164, "+15551234567"},
		{"+1555123", E164, "+1555123"},                 // 7 digits, the least
		{"+123456789012345", E164, "+123456789012345"}, // 15, the most
		{" 15551234567", E164, "+15551234567"},         // + lost on the way
		{"sip:alice@example.com", SIP, "sip:alice@example.com"},
		{"SIP:alice@example.com", SIP, "sip:alice@example.com"},
		{"sips:alice@example.com:5061", SIP, "sips:alice@example.com:5061"},
		{"sip:example.com", SIP, "sip:example.com"},
		{"sip:demo@127.0.0.1", SIP, "sip:demo@127.0.0.1"},
		{"sip:100@[2001:db8::1]:5060;transport=tcp", SIP, "sip:100@[2001:db8::1]:5060;transport=tcp"},
		{"sip:+15551234567@trunk.example;user=phone", SIP, "sip:+15551234567@trunk.example;user=phone"},
		{"sip:a%20b@example.com", SIP, "sip:a%20b@example.com"},
		{"sip:alice:secret@example.com", SIP, "sip:alice:secret@example.com"},
		{"sip:alice@pbx_1.local;lr", SIP, "sip:alice@pbx_1.local;lr"},
		{"100", Extension, "100"},
		{"*98", Extension, "*98"},
		{"demo", Extension, "demo"},
		{"front-desk.2", Extension, "front-desk.2"},
		{"5551234567", Extension, "5551234567"},
	} {
		a, err := Parse("to_number", c.text)
		if err != nil || a.Kind != c.kind || a.Text != c.want {
			t.Errorf("%q: %+v, %v; want %v %q", c.text, a, err, c.kind, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", " ", "+", "+0123456789", "+123456", "+1234567890123456", "+1555abc4567", "+1 555 123 4567", "++15551234567", "  15551234567",
		"100\r\nX-Evil: 1", "+15551234567\n", "\x00", "1\x00", "a b", "\t100", "100\x7f", "ünter",
		"sip:", "sip:@example.com", "sip:alice@", "sip:alice@exa mple.com", "sip:alice@example.com\r\nVia: x", "sip:alice@example.com\x00",
		"sip:alice@example.com:0", "sip:alice@example.com:65536", "sip:alice@example.com:5a", "sip:alice@example.com:", "sip:alice@-example.com",
		"sip:alice@example.com?Subject=x", "sip:alice@example.com;a=<b>", "sip:alice@example.com;", "sip:al<ice@example.com", "sip:a%0d%0ab@example.com",
		"sip:a%00@example.com", "sip:a%zz@example.com", "sip:alice@[::1", "sip:alice@[::1]x", "sip:alice@[fe80::1%25eth0]", "sip:alice@[127.0.0.1]",
		"sip:alice@bob@example.com", "sip:alice@example..com", `sip:"a"@example.com`, "tel:+15551234567", "http://example.com", "mailto:a@b",
		"a@b", "100;phone-context=x", "1,2", "sip:" + strings.Repeat("a", 300) + "@x", strings.Repeat("1", 65),
	} {
		a, err := Parse("from_number", text)
		var e *parley.Error
		if !errors.As(err, &e) {
			t.Errorf("%q passed as %+v", text, a)
			continue
		}
		if e.Status != 400 || e.Field != "from_number" || !strings.Contains(e.Message, "from_number") {
			t.Errorf("%q: %+v does not name the field", text, e)
		}
		if a != (Address{}) {
			t.Errorf("%q: refused, yet %+v", text, a)
		}
	}
}

// TestPlusSurvivesAQuery: a client that forgets to escape the + means it all the same.
func TestPlusSurvivesAQuery(t *testing.T) {
	q, err := url.ParseQuery("phone_number=+15551234567")
	if err != nil {
		t.Fatal(err)
	}
	a, err := Parse("phone_number", q.Get("phone_number"))
	if err != nil || a != (Address{E164, "+15551234567"}) {
		t.Fatal(a, err)
	}
}

func TestNumberTakesNothingElse(t *testing.T) {
	if n, err := Number("phone_number", " 15551234567"); err != nil || n != "+15551234567" {
		t.Error(n, err)
	}
	for _, text := range []string{"100", "sip:a@b", "", "5551234567"} {
		if n, err := Number("phone_number", text); err == nil || n != "" {
			t.Errorf("%q passed as %q", text, n)
		} else if e := err.(*parley.Error); e.Field != "phone_number" {
			t.Errorf("%q: field %q", text, e.Field)
		}
	}
}

func TestKindsHaveNames(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range []Kind{0, E164, SIP, Extension} {
		if s := k.String(); s == "" || seen[s] {
			t.Errorf("kind %d is %q", k, s)
		} else {
			seen[s] = true
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"+15551234567", " 15551234567", "sip:alice@example.com:5060;transport=tcp", "sip:a:b@[::1]", "100", "*98", "sip:%41@h;x=%20", "\r\n"} {
		f.Add(s)
	}
	form := regexp.MustCompile(`^\+[1-9]\d{6,14}$`)
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse("to", s)
		if err != nil {
			return
		}
		if strings.ContainsFunc(a.Text, func(r rune) bool { return unicode.IsControl(r) || unicode.IsSpace(r) || r > 126 }) || strings.ContainsAny(a.Text, `<>"`) {
			t.Fatalf("%q passed as %q", s, a.Text)
		}
		switch a.Kind {
		case E164:
			if !form.MatchString(a.Text) {
				t.Fatalf("%q is no E.164 number", a.Text)
			}
		case SIP:
			if !strings.HasPrefix(a.Text, "sip:") && !strings.HasPrefix(a.Text, "sips:") {
				t.Fatalf("%q has no scheme", a.Text)
			}
			if strings.Contains(a.Text, "?") && !strings.Contains(a.Text[:strings.LastIndex(a.Text, "@")+1], "?") {
				t.Fatalf("%q has headers", a.Text)
			}
		case Extension:
			if strings.ContainsAny(a.Text, ":@;?/") {
				t.Fatalf("%q is no extension", a.Text)
			}
		default:
			t.Fatalf("%q has no kind", s)
		}
		if again, err := Parse("to", a.Text); err != nil || again != a {
			t.Fatalf("%q became %+v, then %+v, %v", s, a, again, err)
		}
	})
}

// TestNothingEscapesItsField: what passes cannot end a header, a URI or an angle bracket, in whatever form it is written.
func TestNothingEscapesItsField(t *testing.T) {
	for _, base := range []string{"+15551234567", "100", "sip:alice@example.com", "sip:alice@example.com:5060;transport=tcp", "sips:a:b@[2001:db8::1]:5061"} {
		if _, err := Parse("to", base); err != nil {
			t.Fatalf("%s: %v", base, err)
		}
		for _, evil := range []string{"\r\nX: y", "\n", "\x00", "\t", "<", ">", "\"", "\\", "%0d%0aX:%20y", "%00", "?X-Evil=1", "\u202e", "é", "{", "`"} {
			for _, s := range []string{base + evil, evil + base, base[:len(base)/2] + evil + base[len(base)/2:]} {
				if a, err := Parse("to", s); err == nil {
					t.Errorf("%q passes as %v", s, a)
				} else if strings.Contains(err.Error(), evil) && len(evil) > 1 {
					t.Errorf("the refusal of %q repeats it: %v", s, err)
				}
			}
		}
	}
}
