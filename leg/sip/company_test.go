package sip

import (
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/parley-voice/parley"
)

// TestCompany: accounts' addresses and those of calls are known, for as long as they are, and a busy dialog keeps nobody waiting.
func TestCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := &Trunk{book: book{dialogs: map[key]*dialog{}}}
		tr.accounts.friends.Store(befriend([]account{{TrunkAccount: parley.TrunkAccount{Host: "192.0.2.9"}}}))
		c := &company{t: tr}
		call := netip.MustParseAddr("192.0.2.1")
		sees := func(a string, want bool) {
			t.Helper()
			if c.includes(netip.MustParseAddr(a)) != want {
				t.Errorf("%s: %v", a, !want)
			}
		}
		sees("192.0.2.9", true)
		sees("192.0.2.1", false)
		d := &dialog{peer: hop{network: "TCP", addr: netip.AddrPortFrom(call, 5060)}}
		tr.dialogs[key{"1", "2"}] = d
		sees("192.0.2.1", false) // not looked at yet
		time.Sleep(companyFor + 1)
		sees("192.0.2.1", true)
		d.mu.Lock()
		time.Sleep(companyFor + 1)
		sees("192.0.2.1", true)
		tr.dialogs[key{"3", "4"}] = &dialog{peer: hop{addr: netip.MustParseAddrPort("192.0.2.2:1")}}
		delete(tr.dialogs, key{"1", "2"})
		time.Sleep(companyFor + 1)
		sees("192.0.2.1", false)
		sees("192.0.2.2", true)
		d.mu.Unlock()
	})
}
