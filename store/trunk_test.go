package store

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/parley-voice/parley"
)

func TestTrunkFields(t *testing.T) {
	got := Trunk(Doc{"id": "i", "user_id": "u", "config": Doc{"extensions": true}, "steering_pool": []any{"+15551230001", "+15551230002"}, "credentials": Doc{
		"host": "pbx.example", "backup_hosts": []any{"b1.example", "b2.example:5070"}, "transport": "tls", "tls_ca": "PEM",
		"register": true, "register_expires_seconds": 120.0, "options_interval_seconds": 0.0, "session_expires_seconds": 600.0,
		"srtp": "optional", "dtmf": "INFO", "hold": "reinvite", "allow_refer": true, "follows_redirect": true, "calls_per_second": 2.5, "max_calls": 30.0,
		"country": "de", "allowed_prefixes": []any{"+41", "+43"}, "codecs": []any{"G722"},
	}})
	want := parley.TrunkAccount{
		ID: "i", UserID: "u", Host: "pbx.example", BackupHosts: []string{"b1.example", "b2.example:5070"}, Transport: "tls", TLSCA: "PEM",
		Register: parley.TrunkRegister{On: true, Expires: 2 * time.Minute}, TrunkTimers: parley.TrunkTimers{Health: -1, SessionExpires: 10 * time.Minute},
		Media:      parley.TrunkMedia{Codecs: []string{"G722"}, SRTP: parley.SRTPOptional, DTMF: parley.DTMFInfo, Hold: parley.HoldReinvite},
		TrunkMoves: parley.TrunkMoves{AllowRefer: true, FollowsRedirect: true}, Limits: parley.TrunkLimits{CallsPerSecond: 2.5, Calls: 30},
		Policy: parley.DialPolicy{Countries: []string{"DE"}, Prefixes: []string{"+41", "+43"}, Extensions: true, Steering: []string{"+15551230001", "+15551230002"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestTrunkOfACarrier(t *testing.T) {
	for kind, carrier := range map[string]string{"account_connection_twilio": parley.CarrierTwilio, "account_connection_fluents_twilio": parley.CarrierTwilio, "account_connection_telnyx": parley.CarrierTelnyx} {
		got := Trunk(Doc{"id": "i", "user_id": "u", "type": kind, "config": Doc{"extensions": true}, "steering_pool": []any{"+15551230001"}, "credentials": Doc{
			"twilio_auth_token": "secret", "api_key": "secret", "host": "pbx.example", "country": "us", "allowed_prefixes": []any{"+41"}, "max_calls": 30.0}})
		want := parley.TrunkAccount{ID: "i", UserID: "u", Carrier: carrier, Limits: parley.TrunkLimits{Calls: 30},
			Policy: parley.DialPolicy{Countries: []string{"US"}, Prefixes: []string{"+41"}, Steering: []string{"+15551230001"}}}
		if kind == parley.OperatorsTwilio { // the operator pays
			want.Policy = parley.DialPolicy{Own: true, Steering: want.Policy.Steering}
		}
		if !reflect.DeepEqual(got, want) || !Carries(kind) {
			t.Errorf("%s: %+v", kind, got)
		}
	}
	for says, want := range map[string]bool{`{}`: false, `{"provider_amd":true}`: true, `{"provider_amd":true,"enabled":false}`: false, `{"provider_amd":true,"enabled":true}`: true, `{"provider_amd":"yes"}`: false, `7`: false} {
		var d any
		if err := json.Unmarshal([]byte(says), &d); err != nil {
			t.Fatal(err)
		}
		for kind, carried := range map[string]bool{"account_connection_telnyx": true, "account_connection_sip": false} {
			if got := Trunk(Doc{"type": kind, "config": Doc{"voicemail_detection": d}}); got.Media.Detect != (want && carried) {
				t.Errorf("%s, %s: %v", kind, says, got.Media.Detect)
			}
		}
	}
	if !Trunk(Doc{"type": "account_connection_telnyx", "config": Doc{"sip_refer": true}}).Media.Refer || Trunk(Doc{"type": "account_connection_sip", "config": Doc{"sip_refer": true}}).Media.Refer {
		t.Error("sip_refer is of carriers alone")
	}
	if Carries("account_connection_openai") {
		t.Error("calls go by OpenAI")
	}
}

// What makes no sense must never open a door or send sound in clear.
func TestTrunkNonsense(t *testing.T) {
	got := Trunk(Doc{"config": "extensions", "credentials": Doc{
		"host": 5.0, "port": -7.0, "backup_hosts": 1.0, "register": "yes", "register_expires_seconds": -4.0, "options_interval_seconds": "soon",
		"session_expires_seconds": []any{}, "srtp": "mandatory", "dtmf": "loud", "hold": "music", "allow_refer": 1.0, "follows_redirect": 1.0, "calls_per_second": -2.0, "max_calls": -1.0,
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

func testDialPolicy(t *testing.T, d *DB) {
	ctx, env := t.Context(), environment(t, d)
	named, err := d.Create(ctx, env, AccountConnections, Doc{"type": "account_connection_sip",
		"credentials": Doc{"host": "a.example", "country": "fr", "allowed_prefixes": []any{"+41"}}})
	if err != nil {
		t.Fatal(err)
	}
	plain, err := d.Create(ctx, env, AccountConnections, Doc{"type": "account_connection_sip", "credentials": Doc{"host": "b.example"}})
	if err != nil {
		t.Fatal(err)
	}
	policy := func(trunk Doc, from string) []string {
		t.Helper()
		p, err := d.DialPolicy(ctx, env, trunk["id"].(string), from)
		if err != nil {
			t.Fatal(err)
		}
		return p.Countries
	}
	if got := policy(named, "+14155550100"); !reflect.DeepEqual(got, []string{"FR"}) {
		t.Errorf("of a trunk that names its country: %v", got)
	}
	if got := policy(plain, "+14155550100"); !reflect.DeepEqual(got, []string{"US"}) {
		t.Errorf("by the caller id: %v", got)
	}
	if got := policy(plain, "201"); got != nil {
		t.Errorf("by an extension: %v", got)
	}
	for _, n := range []string{"+493012345678", "+18765550100", "+870773111632"} {
		if _, err := d.LinkNumber(ctx, env, Doc{"number": n, "telephony_account_connection": plain["id"]}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.LinkNumber(ctx, env, Doc{"number": "+14155550111", "telephony_account_connection": named["id"]}); err != nil {
		t.Fatal(err)
	}
	got := policy(plain, "+14155550100")
	slices.Sort(got)
	if !reflect.DeepEqual(got, []string{"DE", "JM"}) {
		t.Errorf("by its numbers: %v", got)
	}
	if _, err := d.DialPolicy(ctx, environment(t, d), plain["id"].(string), "+1"); !parley.IsNotFound(err) {
		t.Errorf("for another environment: %v", err)
	}
}
