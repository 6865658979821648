package main

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/store"
)

func TestRoleNames(t *testing.T) {
	for text, want := range map[string]string{"api": "api", " Jobs , api ": "api,jobs", "media,media": "media", "jobs,media,api": "api,media,jobs"} {
		var r roles
		if err := r.UnmarshalText([]byte(text)); err != nil || r.String() != want {
			t.Errorf("%q: %s, %v", text, r, err)
		}
	}
	for _, text := range []string{"", "api,", "web", "api media"} {
		var r roles
		if err := r.UnmarshalText([]byte(text)); err == nil || !strings.Contains(err.Error(), "PARLEY_ROLES") || !strings.Contains(err.Error(), "api, media, jobs") {
			t.Errorf("%q: %v", text, err)
		}
	}
	if r := (roles{}); !r.has("media") || r.String() != "api,media,jobs" || r.check("") != nil {
		t.Error("nothing named is not everything")
	}
	if err := (roles{"api"}).check(""); err == nil || !strings.Contains(err.Error(), "PARLEY_DATABASE_URL") {
		t.Errorf("a part of the work on SQLite: %v", err)
	}
	if err := (roles{"api"}).check("postgres://x"); err != nil {
		t.Error(err)
	}
	if err := (clusterConfig{NodeURL: "media-1:8080"}).check(""); err == nil || !strings.Contains(err.Error(), "PARLEY_NODE_URL") {
		t.Errorf("an address that is none: %v", err)
	}
	for _, c := range []clusterConfig{{NodeSIP: "203.0.113.7:5060", NATS: "nats://n"}, {NodeSIP: "sip:demo@n1", NATS: "nats://n"}, {NodeSIP: "sip:n1"}, {NodeSIP: "sip:n1", NATS: "nats://n", Roles: roles{"api"}}} {
		if err := c.check("postgres://x"); err == nil || !strings.Contains(err.Error(), "PARLEY_NODE_SIP") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if err := (clusterConfig{NodeSIP: "sip:203.0.113.7:5060;transport=udp", NATS: "nats://n"}).check("postgres://x"); err != nil {
		t.Error(err)
	}
}

// TestMissingRoles: a role that nobody has is told once it has been nobody's for a while, and not again until it was somebody's.
func TestMissingRoles(t *testing.T) {
	var m muster
	at := time.Now()
	node := func(roles, state string) store.Node { return store.Node{Roles: roles, State: state} }
	see := func(nodes ...store.Node) (absent, before []string) {
		at = at.Add(2 * time.Second)
		return m.see(nodes, at)
	}
	for range 20 {
		if absent, _ := see(node("", store.NodeUp)); len(absent) > 0 {
			t.Fatalf("%v of a node that does everything", absent)
		}
	}
	var told []string
	for range 10 {
		absent, before := see(node("api", store.NodeUp), node("media", store.NodeDraining))
		for _, role := range absent {
			if !slices.Contains(before, role) {
				told = append(told, role)
			}
		}
	}
	if strings.Join(told, ",") != "media,jobs" || strings.Join(m.lacks(), ",") != "media,jobs" {
		t.Errorf("told of %v, lacks %v", told, m.lacks())
	}
	if absent, before := see(node("api,jobs", store.NodeUp), node("media", store.NodeUp)); len(absent) != 0 || len(before) != 2 || len(m.lacks()) != 0 {
		t.Errorf("%v, %v", absent, before)
	}
	if absent, _ := see(node("api,jobs", store.NodeUp)); len(absent) != 0 {
		t.Errorf("%v is told while a node may just be starting", absent)
	}
}

func TestDoorAmong(t *testing.T) {
	n := func(id, roles, url, state string, calls int) store.BusyNode {
		return store.BusyNode{Node: store.Node{ID: id, Roles: roles, URL: url, State: state}, Calls: calls}
	}
	up, out := store.NodeUp, store.NodeDraining
	all := []store.BusyNode{n("api", "api", "https://api", up, 0), n("a", "media", "https://a", up, 9), n("b", "media", "https://b", up, 3), n("c", "media", "", up, 0), n("d", "media", "https://d", out, 0)}
	for owner, want := range map[string]string{"": "https://b", "a": "https://a", "d": "https://d"} {
		if at, err := doorAmong(all, owner); err != nil || at != want {
			t.Errorf("%q: %s, %v", owner, at, err)
		}
	}
	code := func(nodes []store.BusyNode, owner string) (code string, status int) {
		_, err := doorAmong(nodes, owner)
		if e, ok := err.(*parley.Error); ok {
			return e.Code + ": " + e.Message, e.Status
		}
		t.Errorf("%v", err)
		return "", 0
	}
	if c, status := code(all, "c"); status != 409 || !strings.Contains(c, "PARLEY_NODE_URL") {
		t.Error(c)
	}
	if c, status := code(all[3:4], ""); status != 503 || !strings.Contains(c, "PARLEY_NODE_URL") {
		t.Error(c)
	}
	if c, status := code(all[:1], ""); status != 503 || !strings.Contains(c, "no node with the role media") {
		t.Error(c)
	}
}

// TestFront: a node serves what its roles are for, and its health.
func TestFront(t *testing.T) {
	ours := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write([]byte("the API")) })
	for _, c := range []struct {
		roles roles
		path  string
		want  int
	}{
		{roles{"api"}, "/v1/calls", 200}, {roles{"api"}, "/readyz", 200}, {roles{"api"}, "/web/calls", 421}, {roles{"api"}, "/carriers/twilio/voice/x", 421}, {roles{"api"}, "/", 200},
		{roles{"media"}, "/v1/calls", 421}, {roles{"media"}, "/", 421}, {roles{"media"}, "/readyz", 200}, {roles{"media"}, "/metrics", 200},
		{roles{"jobs"}, "/v1/calls", 421}, {roles{"jobs"}, "/web/calls", 421}, {roles{"jobs"}, "/healthz", 200}, {nil, "/v1/calls", 200},
	} {
		h := &house{cfg: &serveCmd{Cluster: clusterConfig{Roles: c.roles}}}
		front, err := h.front(ours, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		front.ServeHTTP(w, httptest.NewRequest("GET", c.path, nil))
		if w.Code != c.want || w.Code == 421 && !strings.Contains(w.Body.String(), "PARLEY_ROLES="+c.roles.String()) {
			t.Errorf("%s of a node for %v: %d %s", c.path, c.roles, w.Code, w.Body)
		}
	}
}
