package sip

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// companyFor is how old what company knows may be.
const companyFor = time.Second

// company are the addresses of our accounts and those we have calls with: their connections may be silent. It never waits for a dialog:
// whoever connects asks it.
type company struct {
	t *Trunk

	mu    sync.Mutex // guards all below
	peers map[*dialog]netip.Addr
	all   map[netip.Addr]struct{} // the values of peers
	until time.Time
}

func (c *company) includes(a netip.Addr) bool {
	if c.t.accounts.friends.Load().include(a) {
		return true
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := time.Now(); now.After(c.until) {
		c.look()
		c.until = now.Add(companyFor)
	}
	_, ok := c.all[a]
	return ok
}

// look asks every dialog where its far end is; one that is busy is where it was.
func (c *company) look() {
	c.t.mu.Lock()
	dialogs := slices.Collect(maps.Values(c.t.dialogs))
	c.t.mu.Unlock()
	before := c.peers
	c.peers, c.all = make(map[*dialog]netip.Addr, len(dialogs)), make(map[netip.Addr]struct{}, len(dialogs))
	for _, d := range dialogs {
		a, ok := before[d]
		if d.mu.TryLock() {
			a, ok = d.peer.addr.Addr(), true
			d.mu.Unlock()
		}
		if ok {
			c.peers[d] = a
			c.all[a] = struct{}{}
		}
	}
}
