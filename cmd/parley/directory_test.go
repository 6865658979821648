package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/secret"
	"github.com/parley-voice/parley/store"
)

// openStore is a new database in a folder of the test's.
func openStore(t *testing.T) *store.DB {
	t.Helper()
	dir := t.TempDir()
	key, err := secret.LoadKey(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), filepath.Join(dir, "parley.db"), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func TestFirstStart(t *testing.T) {
	ctx, db := t.Context(), openStore(t)
	env, made, err := firstStart(ctx, db, "", forget)
	if err != nil || !strings.HasPrefix(made, "sk_live_") {
		t.Fatalf("key %q, %v", made, err)
	}
	if k, err := db.LookupKey(ctx, secret.HashAPIKey(made)); err != nil || k.EnvironmentID != env {
		t.Errorf("the key that was printed does not open the environment: %v", err)
	}
	again, made2, err := firstStart(ctx, db, "", forget)
	if err != nil || again != env || made2 != "" {
		t.Errorf("the second start: env %s, key %q, %v", again, made2, err)
	}
	if n, err := db.Agents(ctx, env, store.Page{}); err != nil || n.Total != 1 {
		t.Errorf("%d agents after two starts, %v", n.Total, err)
	}
	if _, _, err := firstStart(ctx, db, "mine", forget); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"mine", made} {
		if k, err := db.LookupKey(ctx, secret.HashAPIKey(key)); err != nil || k.EnvironmentID != env {
			t.Errorf("%s no longer opens the environment: %v", key, err)
		}
	}
}

func TestFirstStartTakesTheKeyGiven(t *testing.T) {
	ctx, db := t.Context(), openStore(t)
	env, made, err := firstStart(ctx, db, "any text", forget)
	if err != nil || made != "" {
		t.Fatalf("made %q, %v", made, err)
	}
	if k, err := db.LookupKey(ctx, secret.HashAPIKey("any text")); err != nil || k.EnvironmentID != env {
		t.Error(err)
	}
}

// town is a store with the demo agent, a number of every kind, and trunks as asked.
type town struct {
	*directory
	env, agent string
}

func newTown(t *testing.T, trunks ...string) town {
	t.Helper()
	ctx, db := t.Context(), openStore(t)
	env, _, err := firstStart(ctx, db, "k", forget)
	if err != nil {
		t.Fatal(err)
	}
	a, err := db.CreateAgent(ctx, env, demoAgent())
	if err != nil {
		t.Fatal(err)
	}
	h := town{&directory{db: db, trunks: db.Trunks, anew: db.Trunks, defaultEnv: env}, env, a["id"].(string)}
	for _, d := range []store.Doc{
		{"number": "+15551234567", "active": true, "inbound_agent": h.agent},
		{"number": "7001", "active": true, "inbound_agent": h.agent},
		{"number": "+15550000001", "active": false, "inbound_agent": h.agent},
		{"number": "+15550000002", "active": true, "outbound_only": true, "inbound_agent": h.agent},
		{"number": "+15550000003", "active": true},
	} {
		if _, err := db.LinkNumber(ctx, env, d); err != nil {
			t.Fatal(err)
		}
	}
	for _, host := range trunks {
		h.addTrunk(t, host)
	}
	return h
}

func (h town) addTrunk(t *testing.T, host string) string {
	t.Helper()
	d, err := h.db.Create(context.Background(), h.env, store.AccountConnections, store.Doc{
		"type": "account_connection_sip", "config": store.Doc{}, "credentials": store.Doc{"host": host, "password": "secret"}})
	if err != nil {
		t.Fatal(err)
	}
	return d["id"].(string)
}

func TestReached(t *testing.T) {
	h := newTown(t)
	for _, tc := range []struct {
		to     string
		status int // of the error, 0 when the agent is reached
	}{
		{"+15551234567", 0}, {"15551234567", 0}, {"7001", 0}, {h.agent, 0},
		{"+15550000001", 480}, {"+15550000002", 480}, {"+15550000003", 480},
		{"+19998887777", 404}, {"nobody", 404}, {"", 404}, {"00000000-0000-4000-8000-000000000000", 404},
	} {
		r, err := h.Reached(t.Context(), leg.Ringing{To: tc.to})
		if tc.status == 0 {
			if err != nil || r.Agent.ID != h.agent || r.Environment != h.env {
				t.Errorf("%q: agent %q of %q, %v", tc.to, r.Agent.ID, r.Environment, err)
			}
			continue
		}
		if got := statusOf(err); got != tc.status {
			t.Errorf("%q: status %d (%v), want %d", tc.to, got, err, tc.status)
		}
	}
	if r, err := h.Reached(t.Context(), leg.Ringing{To: "demo"}); err != nil || r.Agent.ID == h.agent {
		t.Errorf("demo: %v", err)
	}
}

func statusOf(err error) int {
	var e *parley.Error
	if errors.As(err, &e) {
		return e.Status
	}
	return 0
}

// TestReachedByNationalNumbers: a trunk that writes numbers in a form of its own reaches those that are linked in E.164 form.
func TestReachedByNationalNumbers(t *testing.T) {
	h := newTown(t)
	d, err := h.db.Create(t.Context(), h.env, store.AccountConnections, store.Doc{"type": "account_connection_sip", "config": store.Doc{},
		"credentials": store.Doc{"host": "pbx.example.com", "number_format": "national", "country": "DE"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.db.LinkNumber(t.Context(), h.env, store.Doc{"number": "+493012345678", "inbound_agent": h.agent}); err != nil {
		t.Fatal(err)
	}
	other := h.addTrunk(t, "other.example.com")
	for trunk, want := range map[string]int{d["id"].(string): 0, other: 404} {
		if r, err := h.Reached(t.Context(), leg.Ringing{To: "03012345678", Trunk: trunk}); statusOf(err) != want || want == 0 && r.Agent.ID != h.agent {
			t.Errorf("%v, want %d", err, want)
		}
	}
	for _, to := range []string{"7001", "+15551234567"} {
		if r, err := h.Reached(t.Context(), leg.Ringing{To: to, Trunk: d["id"].(string)}); err != nil || r.Agent.ID != h.agent {
			t.Errorf("%s: %v", to, err)
		}
	}
}

func TestReachedFromThisMachineOnceThereAreTrunks(t *testing.T) {
	h := newTown(t)
	id := h.addTrunk(t, "pbx.example.com")
	if _, err := h.Reached(t.Context(), leg.Ringing{To: "7001"}); !parley.IsNotFound(err) {
		t.Errorf("a stranger on this machine reached a number: %v", err)
	}
	if _, err := h.Reached(t.Context(), leg.Ringing{To: "demo"}); err != nil {
		t.Errorf("demo: %v", err)
	}
	if r, err := h.Reached(t.Context(), leg.Ringing{To: "7001", Trunk: id}); err != nil || r.Agent.ID != h.agent {
		t.Errorf("by the trunk: %v", err)
	}
	if _, err := h.Reached(t.Context(), leg.Ringing{To: "7001", Trunk: "gone"}); !parley.IsNotFound(err) {
		t.Errorf("by a trunk that is gone: %v", err)
	}
	h.trustLoop = true
	if _, err := h.Reached(t.Context(), leg.Ringing{To: "7001"}); err != nil {
		t.Errorf("with trust: %v", err)
	}
}

func TestTrunk(t *testing.T) {
	h := newTown(t)
	call := parley.Call{UserID: h.env, To: "+15551110000"}
	if _, err := h.Trunk(t.Context(), call); statusOf(err) != 400 || !strings.Contains(err.Error(), "account_connections/create") {
		t.Errorf("without a trunk: %v", err)
	}
	sip := parley.Call{UserID: h.env, To: "sip:bob@192.0.2.1"}
	if tr, err := h.Trunk(t.Context(), sip); err != nil || tr != nil {
		t.Errorf("a sip: address: %v %v", tr, err)
	}
	extension := parley.Call{UserID: call.UserID, To: "siphon"}
	if _, err := h.Trunk(t.Context(), extension); statusOf(err) != 400 {
		t.Errorf("an extension that begins like an address: %v", err)
	}
	first := h.addTrunk(t, "a.example.com")
	if tr, err := h.Trunk(t.Context(), call); err != nil || tr.ID != first || tr.Host != "a.example.com" || tr.Password != "secret" {
		t.Errorf("with one: %+v %v", tr, err)
	}
	second := h.addTrunk(t, "b.example.com")
	if _, err := h.Trunk(t.Context(), call); statusOf(err) != 400 {
		t.Errorf("with two and none named: %v", err)
	}
	call.TrunkID = second
	if tr, err := h.Trunk(t.Context(), call); err != nil || tr.ID != second {
		t.Errorf("with two and one named: %v", err)
	}
	h.trunks, h.anew = func(context.Context) ([]parley.TrunkAccount, error) { return nil, nil }, h.db.Trunks // what is remembered may be older
	if tr, err := h.Trunk(t.Context(), call); err != nil || tr.ID != second {
		t.Errorf("one that was just made: %v", err)
	}
	call.UserID = "another"
	if _, err := h.Trunk(t.Context(), call); statusOf(err) != 400 {
		t.Errorf("another's trunk: %v", err)
	}
}

// forget is for starts whose key nobody needs.
func forget(string) error { return nil }

// TestTrunkOfThisMoment: an account that was added since the trunks were read last carries calls at once.
func TestTrunkOfThisMoment(t *testing.T) {
	var stored []parley.TrunkAccount
	book := &trunkBook{registers: func() bool { return true }, read: func(context.Context) ([]parley.TrunkAccount, error) { return stored, nil }}
	db, env := openStore(t), "env"
	d := &directory{db: db, trunks: book.all, anew: book.anew}
	call := parley.Call{UserID: env, From: "+14155550123", To: "+14155550124"}
	if _, err := d.Trunk(t.Context(), call); err == nil {
		t.Error("a call goes by nothing")
	}
	stored = []parley.TrunkAccount{{ID: "t", UserID: env, Carrier: parley.CarrierTwilio}}
	if a, err := d.Trunk(t.Context(), call); err != nil || a.ID != "t" {
		t.Errorf("%v, %v", a, err)
	}
}

// TestOperatorsNumbers: the operator's account carries calls from numbers that are linked with it at that moment, and lends no others.
func TestOperatorsNumbers(t *testing.T) {
	h := newTown(t)
	made, err := h.db.Create(t.Context(), h.env, store.AccountConnections, store.Doc{"type": "account_connection_fluents_twilio", "config": store.Doc{}, "credentials": store.Doc{}})
	if err != nil {
		t.Fatal(err)
	}
	id := made["id"].(string)
	for phone, more := range map[string]store.Doc{"+14155550101": {}, "+14155550102": {}, "+14155550103": {"active": false, "carrier_status": "failed"}} {
		more["number"], more[accountField] = phone, id
		if _, err := h.db.LinkNumber(t.Context(), h.env, more); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.db.ChangeSteeringPool(t.Context(), h.env, id, []string{"+14155550102", "+14155550103", "+14155550177", "+15551234567"}, nil); err != nil {
		t.Fatal(err)
	}
	call := parley.Call{UserID: h.env, From: "+14155550101", To: "+14155550199", Media: parley.Media{TrunkID: id}}
	if a, err := h.Trunk(t.Context(), call); err != nil || len(a.Policy.Steering) != 1 || a.Policy.Steering[0] != "+14155550102" {
		t.Errorf("%+v %v", a, err)
	}
	for _, from := range []string{"+14155550103", "+14155550177", "+15551234567", h.agent, ""} {
		call.From = from
		if _, err := h.Trunk(t.Context(), call); statusOf(err) != 400 {
			t.Errorf("from %q: %v", from, err)
		}
	}
	if _, err := h.db.UnlinkNumber(t.Context(), h.env, "+14155550101"); err != nil {
		t.Fatal(err)
	}
	call.From = "+14155550101"
	if _, err := h.Trunk(t.Context(), call); statusOf(err) != 400 {
		t.Errorf("from one that was given back: %v", err)
	}
}
