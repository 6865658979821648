package store

import (
	"reflect"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func TestTrunkFields(t *testing.T) {
	got := Trunk(Doc{"id": "i", "user_id": "u", "config": Doc{"extensions": true}, "credentials": Doc{
		"host": "pbx.example", "backup_hosts": []any{"b1.example", "b2.example:5070"}, "transport": "tls", "tls_ca": "PEM",
		"register": true, "register_expires_seconds": 120.0, "options_interval_seconds": 0.0, "session_expires_seconds": 600.0,
		"srtp": "optional", "dtmf": "INFO", "allow_refer": true, "calls_per_second": 2.5, "max_calls": 30.0,
		"country": "de", "allowed_prefixes": []any{"+41", "+43"}, "codecs": []any{"G722"},
	}})
	want := parley.TrunkAccount{
		ID: "i", UserID: "u", Host: "pbx.example", BackupHosts: []string{"b1.example", "b2.example:5070"}, Transport: "tls", TLSCA: "PEM",
		Register: parley.TrunkRegister{On: true, Expires: 2 * time.Minute}, Health: -1, SessionExpires: 10 * time.Minute,
		Media:      parley.TrunkMedia{Codecs: []string{"G722"}, SRTP: parley.SRTPOptional, DTMF: parley.DTMFInfo},
		AllowRefer: true, Limits: parley.TrunkLimits{CallsPerSecond: 2.5, Calls: 30},
		Policy: parley.DialPolicy{Country: "DE", Prefixes: []string{"+41", "+43"}, Extensions: true},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// What makes no sense must never open a door or send sound in clear.
func TestTrunkNonsense(t *testing.T) {
	got := Trunk(Doc{"config": "extensions", "credentials": Doc{
		"host": 5.0, "port": -7.0, "backup_hosts": 1.0, "register": "yes", "register_expires_seconds": -4.0, "options_interval_seconds": "soon",
		"session_expires_seconds": []any{}, "srtp": "mandatory", "dtmf": "loud", "allow_refer": 1.0, "calls_per_second": -2.0, "max_calls": -1.0,
		"allowed_prefixes": 7.0, "allowed_addresses": Doc{},
	}})
	want := parley.TrunkAccount{Media: parley.TrunkMedia{SRTP: parley.SRTPRequired}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := Trunk(Doc{}); !reflect.DeepEqual(got, parley.TrunkAccount{}) {
		t.Errorf("an empty document: %+v", got)
	}
}

func TestTrunkSRTP(t *testing.T) {
	for v, want := range map[any]string{
		true: parley.SRTPRequired, false: parley.SRTPOff, nil: parley.SRTPOff, "off": parley.SRTPOff, "": parley.SRTPOff, "false": parley.SRTPOff,
		"Optional": parley.SRTPOptional, "required": parley.SRTPRequired, "true": parley.SRTPRequired, 3.0: parley.SRTPOff,
	} {
		if got := srtp(v); got != want {
			t.Errorf("%v: %q, want %q", v, got, want)
		}
	}
}
