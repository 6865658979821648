package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/cluster"
	"github.com/parley-voice/parley/leg/sip"
	"github.com/parley-voice/parley/leg/webrtc"
	"github.com/parley-voice/parley/store"
	"github.com/parley-voice/parley/web"
)

// allRoles are those that there are, in the order in which they are written.
var allRoles = []string{cluster.API, cluster.Media, cluster.Jobs}

// roles are what a process does; none are named: everything.
type roles []string

func (r *roles) UnmarshalText(b []byte) error {
	*r = nil
	named := map[string]bool{}
	for _, s := range strings.Split(string(b), ",") {
		s = strings.ToLower(strings.TrimSpace(s))
		if !slices.Contains(allRoles, s) {
			return fmt.Errorf("PARLEY_ROLES: %q is no role; write api, media, jobs, or several with commas between, such as api,jobs", s)
		}
		named[s] = true
	}
	for _, s := range allRoles {
		if named[s] {
			*r = append(*r, s)
		}
	}
	return nil
}

func (r roles) String() string { return strings.Join(r.all(), ",") }

func (r roles) all() []string {
	if len(r) == 0 {
		return allRoles
	}
	return r
}

func (r roles) has(role string) bool { return slices.Contains(r.all(), role) }

// check refuses roles for a process that has nobody to do the rest.
func (r roles) check(database string) error {
	if len(r.all()) < len(allRoles) && !strings.Contains(database, "://") {
		return errors.New("PARLEY_ROLES: an SQLite database is one process's, which does everything; leave it out, or set PARLEY_DATABASE_URL to postgres://…")
	}
	return nil
}

func (h *house) does(role string) bool { return h.cfg.Cluster.Roles.has(role) }

// lacking are the roles that no node has.
func lacking(nodes []store.Node) (out []string) {
	for _, role := range allRoles {
		if !slices.ContainsFunc(nodes, func(n store.Node) bool { return n.State == store.NodeUp && n.Has(role) }) {
			out = append(out, role)
		}
	}
	return out
}

// undone says what is not done where no node has a role.
var undone = map[string]string{
	cluster.API:   "there is no REST API and no dashboard",
	cluster.Media: "no call is taken or dialled",
	cluster.Jobs:  "no webhook is delivered, nothing is done after calls, and nothing is erased",
}

// complain tells of roles that nobody has any more, or has again.
func (h *house) complain(absent, before []string) {
	for _, role := range absent {
		if !slices.Contains(before, role) {
			h.log.Error("no node of this installation has the role "+role+": "+undone[role]+". Start one with PARLEY_ROLES="+role, "role", role)
		}
	}
	for _, role := range before {
		if !slices.Contains(absent, role) {
			h.log.Info("a node has the role again that none had", "role", role)
		}
	}
}

// trunks are how the lines of the telephone are; none where there is none.
func (h *house) trunks() []sip.TrunkState {
	if h.sip == nil {
		return nil
	}
	return h.sip.State()
}

// front is what a node serves over HTTP of what there is: how it is, to everybody, and what its roles are for.
func (h *house) front(a http.Handler, signer webrtc.Signer, doors map[string]carrierDoor) (http.Handler, error) {
	mux := http.NewServeMux()
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		mux.Handle(path, a)
	}
	if h.does(cluster.API) {
		pages, err := withDashboard(a)
		if err != nil {
			return nil, err
		}
		mux.Handle("/", pages)
	} else {
		mux.Handle("/", h.elsewhere(cluster.API))
	}
	for path, page := range h.mediaPages(signer, doors) {
		mux.Handle(path, page)
	}
	return mux, nil
}

// mediaPages are what browsers that call and carriers that call by HTTP reach, by path.
func (h *house) mediaPages(signer webrtc.Signer, doors map[string]carrierDoor) map[string]http.Handler {
	pages := map[string]http.Handler{}
	if !h.does(cluster.Media) {
		pages["/carriers/"] = h.elsewhere(cluster.Media)
		for _, path := range web.Paths {
			pages[path] = h.elsewhere(cluster.Media)
		}
		return pages
	}
	for carrier, d := range doors {
		pages["/carriers/"+carrier+"/"] = d
	}
	if h.door != nil {
		site := h.site(signer)
		for _, path := range web.Paths {
			pages[path] = site
		}
	}
	return pages
}

// elsewhere refuses what another node is to be asked for.
func (h *house) elsewhere(role string) http.Handler {
	body, _ := json.Marshal(map[string]any{"statusCode": http.StatusMisdirectedRequest, "error": http.StatusText(http.StatusMisdirectedRequest), "code": "role_absent",
		"message": "this node has not the role " + role + " (PARLEY_ROLES=" + h.cfg.Cluster.Roles.String() + "): ask one that has"})
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		w.Header().Set("Access-Control-Allow-Origin", "*") // no cookie and no key gets anything here
		w.WriteHeader(http.StatusMisdirectedRequest)
		_, _ = w.Write(body)
	})
}

// doorOf is where a browser finds a node that may have its call: the one in which a call runs that it takes over, or, for a new one,
// this one or the one with the fewest.
func (h *house) doorOf(ctx context.Context, callID string) (string, error) {
	if h.door != nil && (callID == "" || h.switchboard.Runs(callID)) {
		return h.cfg.nodeURL(), nil
	}
	owner := ""
	if callID != "" {
		var err error
		if owner, err = h.db.CallNode(ctx, callID); err != nil {
			return "", err
		}
		if owner == "" {
			return "", &parley.Error{Status: http.StatusConflict, Code: "not_running", Message: "the call is not running: it has not been dialled yet"}
		}
	}
	nodes, err := h.db.BusyNodes(ctx)
	if err != nil {
		return "", err
	}
	return doorAmong(nodes, owner)
}

// doorAmong chooses among other nodes; owner is the one that it must be, "": any.
func doorAmong(nodes []store.BusyNode, owner string) (string, error) {
	var best *store.BusyNode
	there := false
	for i, n := range nodes {
		if !n.Has(cluster.Media) || owner == "" && n.State != store.NodeUp || owner != "" && n.ID != owner {
			continue
		}
		there = true
		if n.URL != "" && (best == nil || n.Calls < best.Calls) {
			best = &nodes[i]
		}
	}
	switch {
	case best != nil:
		return best.URL, nil
	case owner != "":
		return "", &parley.Error{Status: http.StatusConflict, Code: "not_running_here",
			Message: "the call runs in another node, of which no address for browsers is known: set PARLEY_NODE_URL there, ask by that node's own address, or have a telephone take the call over (calls/take_over)"}
	case there:
		return "", &parley.Error{Status: http.StatusServiceUnavailable, Code: "no_media_node", RetryAfter: roleAgain,
			Message: "browsers call a node with the role media, and none says at which address: set PARLEY_NODE_URL there, such as https://media-1.example.com"}
	}
	return "", &parley.Error{Status: http.StatusServiceUnavailable, Code: "no_media_node", RetryAfter: roleAgain,
		Message: "no node with the role media runs: nobody can take a call"}
}

// roleAgain is when to ask again for what no node does.
const roleAgain = 10 * time.Second

// lackFor is how long no node must have had a role until that is told: nodes begin and end one by one.
const lackFor = cluster.LostAfter / 2

// A muster is which roles the nodes of the installation lack, as this one saw them last.
type muster struct {
	mu     sync.Mutex           // guards all below
	since  map[string]time.Time // when a role was first seen to be nobody's
	absent []string             // those that have been for lackFor
	states map[string]int       // how many nodes are up, and how many drain; nil: none were seen
}

// see takes the nodes that there are, and says which roles have been nobody's for long, now and before.
func (m *muster) see(nodes []store.Node, now time.Time) (absent, before []string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.states = map[string]int{store.NodeUp: 0, store.NodeDraining: 0}
	for _, n := range nodes {
		if _, lives := m.states[n.State]; lives {
			m.states[n.State]++
		}
	}
	since := map[string]time.Time{}
	for _, role := range lacking(nodes) {
		since[role] = now
		if at, known := m.since[role]; known {
			since[role] = at
		}
		if now.Sub(since[role]) >= lackFor {
			absent = append(absent, role)
		}
	}
	before, m.since, m.absent = m.absent, since, absent
	return absent, before
}

// lacks are the roles that nobody has had for long.
func (m *muster) lacks() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.absent)
}

// of is how many nodes are in each state.
func (m *muster) of() map[string]int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.states)
}

// saw is told of the nodes each time they are looked at.
func (h *house) saw(nodes []store.Node) { h.complain(h.place.muster.see(nodes, time.Now())) }

// company looks whether the nodes that run, and this one once it does, do all there is to do between them.
func (c *doctorCmd) company(ctx context.Context, db *store.DB) (out []finding) {
	const what = "PARLEY_ROLES"
	nodes, err := db.Nodes(ctx)
	if err != nil {
		return []finding{{wrong, what, err.Error()}}
	}
	here := store.Node{State: store.NodeUp, Roles: c.Cluster.Roles.String()}
	for _, role := range lacking(append(nodes, here)) {
		out = append(out, finding{wrong, what, "no node has the role " + role + ": " + undone[role] + ". Start one with PARLEY_ROLES=" + role})
	}
	if len(out) == 0 && here.Roles != strings.Join(allRoles, ",") {
		out = append(out, finding{fine, what, here.Roles + "; other nodes do the rest"})
	}
	return out
}
