package number

import (
	"errors"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

func TestAllowed(t *testing.T) {
	us := parley.DialPolicy{Countries: []string{"US"}}
	de := parley.DialPolicy{Countries: []string{"DE"}, Extensions: true}
	for _, tt := range []struct {
		name string
		to   string
		p    parley.DialPolicy
		ok   bool
	}{
		{"at home", "+14155550100", us, true},
		{"a number nobody has, at home", "+15551234567", us, true},
		{"Canada is another country", "+14165550123", us, false},
		{"Jamaica shares the code", "+18765550100", us, false},
		{"the Dominican Republic, too", "+18095551234", us, false},
		{"800", "+18005551234", us, true},
		{"800 from Canada", "+18005551234", parley.DialPolicy{Countries: []string{"CA"}}, true},
		{"900", "+19005551234", us, false},
		{"900 by its prefix", "+19005551234", parley.DialPolicy{Countries: []string{"US"}, Prefixes: []string{"+1900"}}, true},
		{"premium in France", "+33899123456", parley.DialPolicy{Countries: []string{"FR"}}, false},
		{"abroad", "+442079460958", us, false},
		{"abroad by its prefix", "+442079460958", parley.DialPolicy{Countries: []string{"US"}, Prefixes: []string{"+44"}}, true},
		{"another prefix", "+442079460958", parley.DialPolicy{Countries: []string{"US"}, Prefixes: []string{"+443"}}, false},
		{"everything", "+882131234567", parley.DialPolicy{Prefixes: []string{"+"}}, true},
		{"a satellite", "+870773111632", us, false},
		{"no such code", "+999123456", us, false},
		{"Jersey is not Britain", "+441534123456", parley.DialPolicy{Countries: []string{"GB"}}, false},
		{"Kazakhstan is not Russia", "+77011234567", parley.DialPolicy{Countries: []string{"RU"}}, false},
		{"home is not known", "+14155550100", parley.DialPolicy{}, false},
		{"two homes", "+493012345678", parley.DialPolicy{Countries: []string{"US", "DE"}}, true},

		{"an extension", "201", de, true},
		{"a service", "*98", de, true},
		{"a name", "alice", de, true},
		{"no extensions here", "201", us, false},
		{"no names either", "alice", us, false},
		{"at home without its code", "03012345678", de, true},
		{"abroad behind 00", "00442079460958", de, false},
		{"abroad behind 011", "011442079460958", parley.DialPolicy{Countries: []string{"US"}, Extensions: true}, false},
		{"abroad without +", "442079460958", parley.DialPolicy{Countries: []string{"US"}, Extensions: true}, false},
		{"behind 00, home not known", "00442079460958", parley.DialPolicy{Extensions: true}, false},
		{"dressed up", "0044-20-7946.0958", de, false},

		{"sip: to a name", "sip:alice@pbx.example", us, true},
		{"sip: to nobody", "sip:pbx.example", us, true},
		{"sip: at home", "sip:+14155550100@carrier.example", us, true},
		{"sip: abroad", "sip:+442079460958@carrier.example", us, false},
		{"sip: abroad, escaped", "sip:%2B442079460958@carrier.example", us, false},
		{"sip: abroad, dressed up", "sip:+44-20-7946-0958@carrier.example;user=phone", us, false},
		{"sip: with a context", "sip:+442079460958;phone-context=x@carrier.example", us, false},
		{"sip: with a password", "sip:+442079460958:secret@carrier.example", us, false},
		{"sip: digits", "sip:442079460958@carrier.example", us, false},
		{"sip: an extension", "sip:201@pbx.example", de, true},
	} {
		err := Allowed("to_number", tt.to, tt.p)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %s by %+v: %v", tt.name, tt.to, tt.p, err)
		}
		var refusal *parley.Error
		if err != nil && (!errors.As(err, &refusal) || refusal.Status != 403 || refusal.Field != "to_number") {
			t.Errorf("%s: refused as %#v", tt.name, err)
		}
	}
}

// Who is refused reads what to set.
func TestRefusalSaysWhatWouldAllow(t *testing.T) {
	for to, want := range map[string]string{
		"+442079460958": `is in GB, and the trunk may call US alone. What else may be dialled stands in credentials.allowed_prefixes of the account connection, such as "+44"`,
		"+18765550100":  `such as "+1876"`,
		"+19005551234":  `premium rate). What else may be dialled stands in credentials.allowed_prefixes of the account connection, such as "+1900"`,
		"+870773111632": `is in no country`,
		"201":           `"extensions": true`,
	} {
		if err := Allowed("to_number", to, parley.DialPolicy{Countries: []string{"US"}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", to, err)
		}
	}
	if err := Allowed("to_number", "+442079460958", parley.DialPolicy{}); err == nil || !strings.Contains(err.Error(), "set credentials.country") {
		t.Errorf("home not known: %v", err)
	}
	if err := Allowed("to_number", "+44 20", parley.DialPolicy{}); err == nil || !strings.Contains(err.Error(), "to_number") {
		t.Errorf("no number: %v", err)
	}
}

func TestRegion(t *testing.T) {
	for number, want := range map[string]string{
		"+14155550100": "US", "+15551234567": "US", "+18765550100": "JM", "+447700900123": "GB", "+77011234567": "KZ", "+870773111632": "001", "+999123456": "", "201": "",
	} {
		if got := Region(number); got != want {
			t.Errorf("%s: %q, want %q", number, got, want)
		}
	}
}

func FuzzAllowed(f *testing.F) {
	for _, s := range []string{"+14155550100", "sip:+44@x", "201", "sip:%2b%30@h", "00442079460958", "011", "sip:;x@h"} {
		f.Add(s)
	}
	p := parley.DialPolicy{Countries: []string{"US"}, Extensions: true}
	f.Fuzz(func(t *testing.T, to string) {
		if Allowed("to", to, p) == nil {
			if _, err := Parse("to", to); err != nil {
				t.Errorf("%q may be dialled, and is nothing that can be", to)
			}
		}
	})
}
