package number

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

func TestExtended(t *testing.T) {
	for text, want := range map[string]struct {
		kind    Kind
		to, ext string
	}{
		"+15551234567":              {E164, "+15551234567", ""},
		" 15551234567":              {E164, "+15551234567", ""},
		"+15551234567,,123":         {E164, "+15551234567", ",,123"},
		"+15551234567w1W2#":         {E164, "+15551234567", "w1W2#"},
		" 15551234567,9":            {E164, "+15551234567", ",9"},
		"+15551234567;ext=204":      {E164, "+15551234567", "204"},
		"+15551234567;EXT=204":      {E164, "+15551234567", "204"},
		"204":                       {Extension, "204", ""},
		"01100441234567890123":      {Extension, "01100441234567890123", ""},
		"204,7":                     {Extension, "204", ",7"},
		"sip:204@pbx.example;ext=5": {SIP, "sip:204@pbx.example;ext=5", ""},
	} {
		a, ext, err := Extended("to", text)
		if err != nil || a != (Address{want.kind, want.to}) || ext != want.ext {
			t.Errorf("%q: %+v %q, %v", text, a, ext, err)
		}
	}
	for _, text := range []string{
		"", "+15551234567,", "+15551234567,,", "+15551234567;ext=", "+15551234567;ext=1;ext=2", "+15551234567;ext=a", "+15551234567;isub=1", "+15551234567,1\r\nX: y",
		"+15551234567,E", "+0,1", "wwww", "desk", "12345678901234567890123", "+15551234567," + strings.Repeat("1", 40), "+15551234567,1 2", ",1",
	} {
		a, ext, err := Extended("to", text)
		var e *parley.Error
		if !errors.As(err, &e) || e.Field != "to" || a != (Address{}) || ext != "" {
			t.Errorf("%q: %+v %q, %v", text, a, ext, err)
		}
	}
}

func TestKeys(t *testing.T) {
	for _, text := range []string{"1", ",,123", "w1W2,3#", "*98", " 204 ", "ABCD"} {
		if k, err := Keys("extension", text); err != nil || k != strings.TrimSpace(text) {
			t.Errorf("%q: %q, %v", text, k, err)
		}
	}
	for _, text := range []string{"", ",", "wW", "a", "1;2", "1\n2", "+1", strings.Repeat("1", 33), strings.Repeat(",", 21) + "1", "١"} {
		if k, err := Keys("extension", text); err == nil || k != "" || !strings.HasPrefix(err.Error(), "extension ") {
			t.Errorf("%q: %q, %v", text, k, err)
		}
	}
}

// FuzzExtended: whatever passes can be dialled and pressed.
func FuzzExtended(f *testing.F) {
	for _, s := range []string{"+15551234567,,123", "+15551234567;ext=4", "204w1", "sip:a@b;ext=1", "+1,"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, ext, err := Extended("to", s)
		if err != nil {
			return
		}
		if again, err := Parse("to", a.Text); err != nil || again != a {
			t.Fatalf("%q became %+v, then %+v, %v", s, a, again, err)
		}
		if strings.Trim(ext, "0123456789*#ABCD,wW") != "" || ext != "" && a.Kind == SIP {
			t.Fatalf("%q has the extension %q", s, ext)
		}
	})
}
