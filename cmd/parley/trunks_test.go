package main

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/leg/sip/register"
	"github.com/parley-voice/parley/metrics"
	"github.com/parley-voice/parley/store"
)

// A trunk's far end that answers OPTIONS is told to be up, one that does not to be down, with the reason.
func TestTrunkStatus(t *testing.T) {
	dir := t.TempDir()
	h, url := serve(t, dir)
	far, err := sip.New(sip.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- far.Serve(ctx, func(context.Context, leg.Offer) {}) }()
	defer func() { stop(); <-done }()
	doc, err := h.db.Create(t.Context(), h.env, store.AccountConnections, store.Doc{"type": "account_connection_sip", "credentials": store.Doc{
		"host": "127.0.0.1", "port": float64(far.Addr().Port()), "backup_hosts": []any{"127.0.0.1:9"}, "options_interval_seconds": 1.0}})
	if err != nil {
		t.Fatal(err)
	}
	type status struct {
		Registration any
		Addresses    []struct {
			Transport, Address string
			Up                 bool
			Since, Error       *string
			RoundTrip          *float64 `json:"round_trip_ms"`
		}
	}
	var s status
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		s = status{}
		get(t, dir, fmt.Sprintf("%s/v1/account_connections/status?id=%v", url, doc["id"]), &s)
		if len(s.Addresses) == 2 && s.Addresses[0].Error != nil && s.Addresses[1].Up {
			break
		}
	}
	if len(s.Addresses) != 2 || s.Registration != nil {
		t.Fatalf("%+v", s)
	}
	if n := lines(h.sip.State()); n != (metrics.Lines{Up: 1, Down: 1}) {
		t.Errorf("counted as %+v", n)
	}
	if n := lines([]sip.TrunkState{{Registration: &register.State{Registered: true}}, {Registration: &register.State{}}, {}}); n != (metrics.Lines{Registered: 1, Unregistered: 1}) {
		t.Errorf("registrations are counted as %+v", n)
	}
	down, up := s.Addresses[0], s.Addresses[1]
	if !up.Up || up.Address != far.Addr().String() || up.Transport != "udp" || up.RoundTrip == nil || up.Error != nil || up.Since == nil {
		t.Errorf("the one that answers: %+v", up)
	}
	if down.Up || down.Address != "127.0.0.1:9" || down.Error == nil || down.RoundTrip != nil {
		t.Errorf("the one that does not: %+v", down)
	}
}
