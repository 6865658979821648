package api

import (
	"testing"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

// TestNodes: the operator sees each node with what runs in it, and nobody else does.
func TestNodes(t *testing.T) {
	h := newHouse(t)
	if err := h.db.Join(t.Context(), store.Node{ID: "n1", Version: "v9", Name: "voice-1", Address: "203.0.113.7:5060", Most: 7}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []parley.Call{{ID: "runs", Status: parley.InProgress}, {ID: "waits", Status: parley.NotStarted, IsOutgoing: true}} {
		c.UserID = h.a.env
		if err := h.db.CreateCall(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	h.play(t, []scenario{
		{"all", "operator GET", "/v1/nodes", ``, 200, `"id":"n1"¦"name":"voice-1"¦"address":"203.0.113.7:5060"¦"version":"v9"¦"roles":["api","media","jobs"]¦"calls":1¦"max_calls":7¦"draining":false¦"last_seen_at":"20`},
		{"admin", "admin GET", "/v1/nodes", ``, 403, `operator`},
	})
	if err := h.db.Join(t.Context(), store.Node{ID: "n1", Roles: "api,jobs"}); err != nil {
		t.Fatal(err)
	}
	if err := h.db.Beat(t.Context(), store.NodeDraining); err != nil {
		t.Fatal(err)
	}
	h.play(t, []scenario{{"drains", "operator GET", "/v1/nodes", ``, 200, `"roles":["api","jobs"]¦"max_calls":null¦"draining":true`}})
}
