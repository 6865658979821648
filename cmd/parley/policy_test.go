package main

import (
	"errors"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/number"
)

// A sip: address at a trunk's far end goes by the trunk, and another tenant's trunk is nobody's way out.
func TestSIPAddressesAtATrunk(t *testing.T) {
	trunks := []parley.TrunkAccount{
		{ID: "t1", UserID: "a", Host: "carrier.example", OutboundProxy: "proxy.example:5080", BackupHosts: []string{"backup.example"}},
		{ID: "t2", UserID: "b", Host: "192.0.2.1", Port: 5070},
	}
	for _, tt := range []struct {
		env, to, trunk string
		refused        bool
	}{
		{"a", "sip:+1555@Carrier.example.", "t1", false},
		{"a", "sip:+1555@carrier.example:5060;transport=tcp", "t1", false},
		{"a", "sip:x@backup.example", "t1", false},
		{"a", "sip:x@proxy.example:5080", "t1", false},
		{"a", "sip:x@proxy.example", "", false},
		{"a", "sip:x@carrier.example:5070", "", false},
		{"a", "sip:x@elsewhere.example", "", false},
		{"a", "sip:x@192.0.2.1:5070", "", true},
		{"b", "sip:x@192.0.2.1:5070", "t2", false},
		{"b", "sip:x@carrier.example", "", true},
		{"b", "sip:x@[2001:db8::1]:5070", "", false},
	} {
		got, err := choose(trunks, parley.Call{UserID: tt.env, To: tt.to})
		var no *parley.Error
		id := ""
		if got != nil {
			id = got.ID
		}
		if id != tt.trunk || errors.As(err, &no) != tt.refused {
			t.Errorf("%s dials %s: by %q, %v", tt.env, tt.to, id, err)
		}
	}
}

func TestHostPort(t *testing.T) {
	for address, want := range map[string]struct {
		host string
		port int
	}{
		"sip:a@b": {"b", 0}, "sip:a:p@b.example:5070;transport=tcp": {"b.example", 5070}, "sip:[2001:db8::1]:5061": {"2001:db8::1", 5061},
		"sips:a@[::1]": {"::1", 0}, "sip:host": {"host", 0}, "sip:": {"", 0},
	} {
		if host, port := number.HostPort(address); host != want.host || port != want.port {
			t.Errorf("%s: %q %d", address, host, port)
		}
	}
}

// TestChoosesAmongCarriers: an account that may be there for its messages alone does not stand in the way of the only SIP trunk.
func TestChoosesAmongCarriers(t *testing.T) {
	sip, other, twilio := parley.TrunkAccount{ID: "s", UserID: "e"}, parley.TrunkAccount{ID: "o", UserID: "e"}, parley.TrunkAccount{ID: "t", UserID: "e", Carrier: parley.CarrierTwilio}
	for _, tt := range []struct {
		trunks      []parley.TrunkAccount
		named, want string
	}{
		{[]parley.TrunkAccount{twilio}, "", "t"},
		{[]parley.TrunkAccount{sip, twilio}, "", "s"},
		{[]parley.TrunkAccount{twilio, sip}, "t", "t"},
		{[]parley.TrunkAccount{sip, other, twilio}, "", ""},
		{[]parley.TrunkAccount{twilio, {ID: "u", UserID: "e", Carrier: parley.CarrierTelnyx}}, "", ""},
	} {
		got, err := choose(tt.trunks, parley.Call{UserID: "e", To: "+15551230001", Media: parley.Media{TrunkID: tt.named}})
		if tt.want == "" {
			var no *parley.Error
			if !errors.As(err, &no) || no.Code != "several_trunks" {
				t.Errorf("%v: %v", tt.trunks, err)
			}
		} else if err != nil || got.ID != tt.want {
			t.Errorf("%v, named %q: %v, %v", tt.trunks, tt.named, got, err)
		}
	}
}
