package store

import (
	"fmt"
	"net/netip"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

// TestPresets: what a preset fills in makes a trunk, and what is said goes before it.
func TestPresets(t *testing.T) {
	trunk := func(c Doc) parley.TrunkAccount { return Trunk(Doc{"type": "account_connection_sip", "credentials": c}) }
	for name, row := range map[string]struct {
		c    Doc
		want func(a parley.TrunkAccount) bool
	}{
		"twilio's trunk by its name": {Doc{"preset": "twilio", "host": "my-trunk"}, func(a parley.TrunkAccount) bool { return a.Host == "my-trunk.pstn.twilio.com" && !a.Register.On }},
		"at an edge":                 {Doc{"preset": "twilio", "host": "my-trunk", "region": "frankfurt"}, func(a parley.TrunkAccount) bool { return a.Host == "my-trunk.pstn.frankfurt.twilio.com" }},
		"by its domain":              {Doc{"preset": "twilio", "host": "my-trunk.pstn.twilio.com"}, func(a parley.TrunkAccount) bool { return a.Host == "my-trunk.pstn.twilio.com" }},
		"who may call in": {Doc{"preset": "twilio", "host": "x"}, func(a parley.TrunkAccount) bool {
			return len(a.AllowedAddresses) == 8 && a.Media.Codecs[0] == "PCMU" && a.Health == time.Minute
		}},
		"telnyx needs nothing":         {Doc{"preset": "telnyx"}, func(a parley.TrunkAccount) bool { return a.Host == "sip.telnyx.com" && !a.Register.On }},
		"and registers who has a name": {Doc{"preset": "telnyx", "username": "u"}, func(a parley.TrunkAccount) bool { return a.Register.On }},
		"unless it says no":            {Doc{"preset": "telnyx", "username": "u", "register": false}, func(a parley.TrunkAccount) bool { return !a.Register.On }},
		"telnyx in Europe":             {Doc{"preset": "telnyx", "region": "eu"}, func(a parley.TrunkAccount) bool { return a.Host == "sip.telnyx.eu" }},
		"a region of nobody's":         {Doc{"preset": "telnyx", "region": "tokyo"}, func(a parley.TrunkAccount) bool { return a.Host == "sip.telnyx.com" }},
		"vonage's own": {Doc{"preset": "vonage"}, func(a parley.TrunkAccount) bool {
			return a.Host == "sip.nexmo.com" && a.Policy.Form.Numbers == parley.NumbersPlain
		}},
		"vonage's trunk by its name": {Doc{"preset": "vonage", "host": "acme", "region": "eu"}, func(a parley.TrunkAccount) bool { return a.Host == "acme.sip-eu.vonage.com" }},
		"what is said stays": {Doc{"preset": "vonage", "codecs": []any{"PCMU"}, "number_format": "e164", "allowed_addresses": []any{}, "options_interval_seconds": 0.0}, func(a parley.TrunkAccount) bool {
			return len(a.Media.Codecs) == 1 && a.Policy.Form.Numbers == "" && len(a.AllowedAddresses) == 0 && a.Health < 0
		}},
		"null is left out": {Doc{"preset": "vonage", "codecs": nil}, func(a parley.TrunkAccount) bool { return len(a.Media.Codecs) == 3 }},
		"a PBX": {Doc{"preset": "freepbx", "host": "pbx", "username": "100"}, func(a parley.TrunkAccount) bool {
			return a.Host == "pbx" && a.Register.On && a.Register.Expires == 5*time.Minute && a.Policy.Form.CallerID == parley.CallerIDAsserted
		}},
		"generic": {Doc{"preset": "generic", "host": "h"}, func(a parley.TrunkAccount) bool {
			return reflect.DeepEqual(a, Trunk(Doc{"credentials": Doc{"host": "h"}}))
		}},
		"none of that name": {Doc{"preset": "acme", "host": "h"}, func(a parley.TrunkAccount) bool { return a.Host == "h" }},
		"the home of its numbers": {Doc{"host": "h", "number_format": "national", "country": "de"}, func(a parley.TrunkAccount) bool {
			return a.Policy.Form == parley.DialForm{Numbers: "national", Home: "DE"}
		}},
	} {
		before := fmt.Sprint(row.c)
		if a := trunk(row.c); !row.want(a) {
			t.Errorf("%s: %+v", name, a)
		}
		if fmt.Sprint(row.c) != before {
			t.Errorf("%s: the credentials were changed", name)
		}
	}
	if _, filled := Filled(Doc{"preset": "telnyx", "codecs": []any{"G722"}}); slices.Contains(filled, "codecs") || slices.Contains(filled, "register") || !slices.Contains(filled, "host") {
		t.Errorf("%q", filled)
	}
}

// TestPresetsMakeSense: names and addresses are such, and what a preset says is what a trunk reads.
func TestPresetsMakeSense(t *testing.T) {
	known := []string{"transport", "codecs", "number_format", "caller_id", "register", "register_expires_seconds", "options_interval_seconds", "allowed_addresses"}
	for _, p := range Presets {
		for name, v := range p.Fields {
			if !slices.Contains(known, name) {
				t.Errorf("%s: %s", p.Name, name)
			}
			if name != "allowed_addresses" {
				continue
			}
			for _, s := range texts(v) {
				_, bad := netip.ParseAddr(s)
				net, err := netip.ParsePrefix(s)
				if bad != nil && (err != nil || net != net.Masked() || net.Bits() < 16) {
					t.Errorf("%s: %s", p.Name, s)
				}
			}
		}
		if q, ok := FindPreset(p.Name); !ok || q.Title != p.Title || !p.In("") || p.In("moon") || len(p.RegionNames()) > 0 && p.In(p.RegionNames()[0]) == false {
			t.Errorf("%s", p.Name)
		}
	}
}

// row is a preset's line of the table in docs/sip.md.
func row(p Preset) string {
	list := func(name string) string {
		if l := texts(p.Fields[name]); len(l) > 0 {
			return strings.Join(l, ", ")
		}
		return "-"
	}
	word := func(name, none string) string {
		if s, ok := p.Fields[name].(string); ok {
			return s
		}
		return none
	}
	host := "asked for"
	if p.Host != "" {
		host = p.Host
	}
	if p.Domain != "" {
		host += ", or *name*." + strings.NewReplacer("pstn%s", "pstn[.*region*]", "%s", "*region*").Replace(p.Domain)
	} else if len(p.RegionNames()) > 0 {
		for _, r := range p.RegionNames() {
			if h := p.Regions[r]; h != p.Host {
				host += "; " + r + ": " + h
			}
		}
	}
	register := "no"
	if p.Fields["register"] == true {
		register = "with a username"
		if s, ok := p.Fields["register_expires_seconds"].(float64); ok {
			register += fmt.Sprintf(", %.0f s", s)
		}
	}
	options := "30 s"
	if s, ok := p.Fields["options_interval_seconds"].(float64); ok {
		options = fmt.Sprintf("%.0f s", s)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s | %s | %s | %s |", p.Name, host, word("transport", "udp"), list("codecs"), register, word("number_format", "e164"),
		word("caller_id", "from"), options, list("allowed_addresses"))
}

// TestPresetsAreDocumented: the table in docs/sip.md is the one in the code.
func TestPresetsAreDocumented(t *testing.T) {
	b, err := os.ReadFile("../docs/sip.md")
	if err != nil {
		t.Fatal(err)
	}
	contract, err := os.ReadFile("../api/openapi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range Presets {
		names = append(names, p.Name)
		if !strings.Contains(string(b), row(p)+"\n") {
			t.Errorf("docs/sip.md lacks the row\n%s", row(p))
		}
		if p.Name != "generic" && !strings.Contains(string(b), "\n#### "+p.Title) {
			t.Errorf("docs/sip.md has no section %q", p.Title)
		}
		for _, r := range p.RegionNames() {
			if !strings.Contains(string(contract), " "+r+",") {
				t.Errorf("the contract lacks the region %s", r)
			}
		}
	}
	if want := "preset: {type: string, nullable: true, enum: [" + strings.Join(names, ", ") + ", null]"; !strings.Contains(string(contract), want) {
		t.Errorf("the contract lacks %s", want)
	}
}
