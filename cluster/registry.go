package cluster

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Load is what a node tells of itself.
type Load struct {
	Node     string   `json:"node"`
	Version  string   `json:"version"`
	Roles    []string `json:"roles"`
	Calls    int      `json:"calls"`         // that run in it
	Weight   float64  `json:"weight"`        // how many it carries, in proportion to the others
	Draining bool     `json:"draining"`      // it takes no new calls, and ends
	Full     bool     `json:"full"`          // it takes no new calls for now
	SIP      string   `json:"sip,omitempty"` // where callers reach this very node; "": they are not to be sent there
}

// takes reports whether a node may be given a call.
func (l Load) takes() bool {
	return slices.Contains(l.Roles, Media) && !l.Draining && !l.Full
}

// A registry is what has been heard of the other nodes, by this node's clock.
type registry struct {
	self string

	mu    sync.Mutex // guards peers
	peers map[string]*peer
}

type peer struct {
	Load
	at    time.Time
	given int // jobs, since it told of its load
}

func newRegistry(self string) registry {
	return registry{self: self, peers: map[string]*peer{self: {}}}
}

// heard takes what a node tells of itself.
func (r *registry) heard(l Load) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.peers[l.Node] = &peer{Load: l, at: time.Now()}
}

// Alive reports whether a node has been heard lately.
func (r *registry) Alive(node string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.peers[node]
	return p != nil && !p.at.IsZero() && time.Since(p.at) < heardWithin
}

// Peers are the other nodes that have been heard lately, by id.
func (r *registry) Peers() (all []Load) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	for id, p := range r.peers {
		if id != r.self {
			all = append(all, p.Load)
		}
	}
	slices.SortFunc(all, func(a, b Load) int { return cmp.Compare(a.Node, b.Node) })
	return all
}

// forget leaves out who has not been heard; the mutex is held.
func (r *registry) forget() {
	for id, p := range r.peers {
		if id != r.self && time.Since(p.at) >= heardWithin {
			delete(r.peers, id)
		}
	}
}

// choose gives a call to the node that carries least for its weight, this one among equals; "": none takes calls. What was given
// counts until the node tells of its load again.
func (r *registry) choose(own Load) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	me := r.peers[r.self]
	if me.Calls != own.Calls || time.Since(me.at) > loadEvery {
		me.given, me.at = 0, time.Now()
	}
	me.Load = own
	p := r.least(func(string, *peer) bool { return true })
	if p == nil {
		return ""
	}
	return p.Node
}

// least gives a call to the peer that carries least for its weight, of those that take calls and may have it, this one among equals; nil: there
// is none. The mutex is held.
func (r *registry) least(may func(id string, p *peer) bool) (best *peer) {
	for _, id := range append([]string{r.self}, slices.Sorted(keys(r.peers))...) {
		p := r.peers[id]
		if p.takes() && may(id, p) && (best == nil || p.share() < best.share()) {
			best = p
			best.Node = id
		}
	}
	if best != nil {
		best.given++
	}
	return best
}

// Elsewhere is the SIP address of the node that carries least for its weight, of the others that take calls and tell one that fits; "":
// there is none. A call that is sent there counts until the node tells of its load again.
func (r *registry) Elsewhere(fits func(uri string) bool) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forget()
	p := r.least(func(id string, p *peer) bool { return id != r.self && p.SIP != "" && fits(p.SIP) })
	if p == nil {
		return ""
	}
	return p.SIP
}

// share is how full a node would be with one call more.
func (p *peer) share() float64 { return float64(p.Calls+p.given+1) / max(p.Weight, 1) }

func keys(m map[string]*peer) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// Choose implements store.Company.
func (b *Bus) Choose(kind string) string {
	if kind != b.Kind {
		return ""
	}
	return b.registry.choose(b.load())
}

// Room reports whether some other node takes calls.
func (b *Bus) Room() bool { return slices.ContainsFunc(b.Peers(), Load.takes) }
