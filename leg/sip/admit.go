package sip

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
)

// verdict is whether a caller may come in, and by which account.
type verdict struct {
	allowed   bool
	trunk     string       // id of the account; "" from loopback
	challenge []sip.Header // he is asked who he is
	failed    bool         // we cannot tell now
	guessed   bool         // he was asked, and what he said is wrong
}

// admit decides by source and credentials alone. What is called matters only for callers from loopback, so that a stranger
// learns nothing from being refused.
func (t *Trunk) admit(ctx context.Context, req *sip.Request) verdict {
	from := source(req).Addr()
	accounts, err := t.accounts.get(ctx)
	if err != nil {
		t.log.Error("sip: trunk accounts cannot be read, calls are refused", "error", err)
		return verdict{failed: true}
	}
	if mine := slices.DeleteFunc(slices.Clone(accounts), func(a account) bool { return !a.admits(from) }); len(mine) > 0 {
		return verdict{allowed: true, trunk: t.whose(ctx, req, mine)}
	}
	if id := t.registrar(from, user(&req.Recipient)); id != "" { // it calls us because we asked for it
		return verdict{allowed: true, trunk: id}
	}
	if from.IsLoopback() && (len(accounts) == 0 || t.cfg.TrustLoopback || user(&req.Recipient) == t.cfg.DemoUser) {
		return verdict{allowed: true}
	}
	v := t.authenticate(req, accounts)
	if v.refused() {
		t.guard.failed(req, v.guessed)
	}
	return v
}

// whose is the account of several that a call is for: the one that is registered there by the name called, else the one that the number is linked
// with, as far as that is known.
func (t *Trunk) whose(ctx context.Context, req *sip.Request, accounts []account) string {
	if len(accounts) == 1 {
		return accounts[0].ID
	}
	to := user(&req.Recipient)
	at := t.registrar(source(req).Addr(), to)
	ids := make([]string, len(accounts))
	for i := range accounts {
		if a := &accounts[i]; a.ID == at && a.Username == to {
			return at
		}
		ids[i] = accounts[i].ID
	}
	if t.cfg.Whose != nil {
		if id := t.cfg.Whose(ctx, to, ids); slices.Contains(ids, id) {
			return id
		}
	}
	return ids[0]
}

func (v *verdict) refused() bool { return !v.allowed && !v.failed && v.challenge == nil }

// account is a parley.TrunkAccount with its addresses read.
type account struct {
	parley.TrunkAccount
	from []netip.Prefix
}

func (a *account) admits(ip netip.Addr) bool {
	return slices.ContainsFunc(a.from, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// name is what the account's far end calls itself when challenged; "" when it has no password.
func (a *account) name() string {
	switch {
	case a.Password == "":
		return ""
	case a.AuthUsername != "":
		return a.AuthUsername
	}
	return a.Username
}

// accountsFor is how long an answer of Config.Trunks is good for.
const accountsFor = time.Second

// accounts remembers what Config.Trunks said last.
type accounts struct {
	load func(context.Context) ([]parley.TrunkAccount, error)

	friends atomic.Pointer[friends] // made of list

	mu    sync.Mutex // guards all below, and lets one look up for all who wait
	list  []account
	until time.Time
}

func (a *accounts) get(ctx context.Context) ([]account, error) {
	if a.load == nil {
		return nil, nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if time.Now().Before(a.until) {
		return a.list, nil
	}
	raw, err := a.load(ctx)
	if err != nil {
		return nil, err
	}
	a.list = make([]account, len(raw))
	for i := range raw {
		a.list[i] = account{raw[i], prefixes(raw[i].AllowedAddresses)}
	}
	a.friends.Store(befriend(a.list))
	a.until = time.Now().Add(accountsFor)
	return a.list, nil
}

// prefixes reads addresses and prefixes; what is neither admits nobody.
func prefixes(list []string) (ps []netip.Prefix) {
	for _, s := range list {
		s = strings.TrimSpace(s)
		if ip, err := netip.ParseAddr(s); err == nil {
			ip = ip.Unmap().WithZone("")
			ps = append(ps, netip.PrefixFrom(ip, ip.BitLen()))
		} else if p, err := netip.ParsePrefix(s); err == nil {
			if p.Addr().Is4In6() && p.Bits() >= 96 {
				p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
			}
			ps = append(ps, p.Masked())
		}
	}
	return ps
}
