package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/carrier"
	"github.com/parley-voice/parley/carrier/carriertest"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/telnyx"
	"github.com/parley-voice/parley/store"
)

func TestTelnyxRefusal(t *testing.T) {
	for name, tc := range map[string]struct {
		err  carrier.Error
		want parley.Cause
	}{
		"a wrong key":     {carrier.Error{Status: 401, Code: "10009"}, parley.Configuration},
		"a wrong number":  {carrier.Error{Status: 422, Code: "10016"}, parley.Unreachable},
		"a wrong app":     {carrier.Error{Status: 422, Code: "10015"}, parley.Configuration},
		"too many":        {carrier.Error{Status: 429, Code: "10011", Later: true}, parley.Unreachable},
		"nobody there":    {carrier.Error{Later: true, Err: errors.New("x")}, parley.Unreachable},
		"not known":       {carrier.Error{Doubt: true, Err: errors.New("x")}, parley.Unreachable},
		"an error inside": {carrier.Error{Status: 500, Doubt: true}, parley.Unreachable},
	} {
		tc.err.Carrier = "telnyx"
		var r *telnyx.Refusal
		if err := telnyxRefusal(&tc.err); !errors.As(err, &r) || r.Cause != tc.want || r.Doubt != tc.err.Doubt || r.Later != tc.err.Later || !errors.Is(err, &tc.err) {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if telnyxRefusal(nil) != nil {
		t.Error("nothing is refused")
	}
}

// TestTelnyxNotPublic: without an address that Telnyx could reach a call says so, and Telnyx is not asked.
func TestTelnyxNotPublic(t *testing.T) {
	h, url := serve(t, t.TempDir())
	doc, err := h.db.Create(t.Context(), h.env, store.AccountConnections, store.Doc{"type": "account_connection_telnyx",
		"credentials": store.Doc{"api_key": carriertest.Key, "public_key": carriertest.NewTelnyxCalls().PublicKey(), "connection_id": carriertest.App}})
	if err != nil {
		t.Fatal(err)
	}
	id, _ := doc["id"].(string)
	if c, err := h.telnyxAccount(t.Context(), id); err != nil || c.Trunk.ID != id || c.App != carriertest.App || c.PublicKey == "" || c.Account == nil {
		t.Errorf("%+v %v", c, err)
	}
	if _, err := h.telnyxAccount(t.Context(), "another"); !parley.IsNotFound(err) {
		t.Errorf("%v", err)
	}
	end := time.Now().Add(10 * time.Second)
	res, err := http.Post(url+telnyx.VoicePath+id, "application/json", strings.NewReader("{}")) // there is no key, and there must be a signature
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("an unsigned webhook: %d", res.StatusCode)
	}
	for ; ; time.Sleep(time.Millisecond) {
		_, err = h.switchboard.Trunk.Dial(t.Context(), leg.Call{From: "+15550001111", To: "+15557654321", Trunk: &parley.TrunkAccount{ID: id, UserID: h.env, Carrier: parley.CarrierTelnyx}})
		var no *leg.Rejected
		if errors.As(err, &no) && no.Cause == parley.NodeLost && time.Now().Before(end) {
			continue // not served yet
		}
		if no == nil || no.Cause != parley.Configuration || !strings.Contains(no.Detail, "PARLEY_PUBLIC_URL") {
			t.Errorf("%v", err)
		}
		return
	}
}
