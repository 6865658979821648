package sip

import (
	"log/slog"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley/leg/sip/auth"
	"github.com/parley-voice/parley/leg/sip/guard"
)

// watch is the Guard of a trunk, which knows its accounts, and what asks strangers who they are.
type watch struct {
	*guard.Guard
	asks *auth.Server
	look atomic.Int64 // when the accounts are to be looked at again, in Unix nanoseconds
}

// lookEvery is how old accounts may be that nobody called by: whose addresses are exempt is known by then.
const lookEvery = 10 * time.Second

func newWatch(c Config, a *accounts, log *slog.Logger) *watch {
	return &watch{
		asks: auth.NewServer(c.Realm, c.Digests),
		Guard: guard.New(guard.Config{
			Exempt:   func(ip netip.Addr) bool { return a.friends.Load().include(ip) },
			Loopback: c.besieged,
			Blocked: func(from netip.Prefix, d time.Duration) {
				log.Warn("sip: a source failed too often and is blocked", "source", from, "for", d)
			},
		}),
	}
}

// admitted decides about a message before it is parsed.
func (t *Trunk) admitted(from netip.Addr, size int) bool {
	now := time.Now().UnixNano()
	if due := t.guard.look.Load(); now >= due && t.guard.look.CompareAndSwap(due, now+int64(lookEvery)) {
		t.begin(func() { _, _ = t.accounts.get(t.quit) })
	}
	return t.guard.Admit(from, size)
}

// dismiss answers one who is owed nothing (yet) and forgets him: no repetition floods a forged source, no more bytes go to one than
// came from it, and what strangers send costs no memory (RFC 3261 §26.3.2.4). Should the answer be lost he asks again. He is not told
// who we are.
func (t *Trunk) dismiss(tx *sip.ServerTx, req *sip.Request, code int, reason string, headers ...sip.Header) {
	defer tx.Terminate()
	switch code {
	case 400, 405, 416, 501: // 403 is counted where it is decided; 481 is what a call of before a restart gets
		t.guard.failed(req, false)
	}
	bare := sip.NewResponseFromRequest(req, code, reason, nil)
	full := bare.Clone()
	for _, h := range headers {
		full.AppendHeader(h)
	}
	if safe(reason, full) != nil {
		return
	}
	for _, res := range []*sip.Response{full, bare} { // better an answer that lacks what could be asked for instead than none
		if !byUDP(req) || t.guard.MayAnswer(source(req), 0, len(res.String())) {
			_ = tx.Connection().WriteMsg(res) // past the transaction: it would repeat it
			return
		}
		if code == 401 { // means nothing without its headers
			return
		}
	}
}

// failed takes note of a refusal. By a connection nobody can make us think that another failed, and neither can he who answered a
// challenge of ours.
func (w *watch) failed(req *sip.Request, asked bool) {
	if from := source(req).Addr(); asked || !byUDP(req) {
		w.Guessed(from)
	} else {
		w.Failed(from)
	}
}

func byUDP(req *sip.Request) bool { return sip.NetworkToUpper(req.Transport()) == "UDP" }

// friends are the addresses of our accounts: their far ends are neither slowed down nor blocked. Networks so large that strangers
// must be in them are left out.
type friends struct {
	in        map[netip.Prefix]struct{}
	four, six []int // lengths in it
}

// The shortest prefixes whose addresses are friends.
const (
	friends4 = 8
	friends6 = 16
)

// befriend collects who may call, and hosts that are given as addresses.
func befriend(accounts []account) *friends {
	f := &friends{in: map[netip.Prefix]struct{}{}}
	for i := range accounts {
		a := &accounts[i]
		for _, p := range a.from {
			f.add(p)
		}
		for _, host := range slices.Concat([]string{a.Host, a.OutboundProxy}, a.BackupHosts) {
			u, err := parseHostPort(host)
			if err != nil {
				continue
			}
			if ip, err := netip.ParseAddr(strings.Trim(u.Host, "[]")); err == nil {
				ip = ip.Unmap().WithZone("")
				f.add(netip.PrefixFrom(ip, ip.BitLen()))
			}
		}
	}
	return f
}

func (f *friends) add(p netip.Prefix) {
	lens, least := &f.four, friends4
	if p.Addr().Is6() {
		lens, least = &f.six, friends6
	}
	if p.Bits() < least {
		return
	}
	f.in[p.Masked()] = struct{}{}
	if !slices.Contains(*lens, p.Bits()) {
		*lens = append(*lens, p.Bits())
	}
}

// include allocates nothing and takes as long as there are lengths of prefixes. f may be nil: none are.
func (f *friends) include(ip netip.Addr) bool {
	if f == nil {
		return false
	}
	lens := f.four
	if ip.Is6() {
		lens = f.six
	}
	for _, bits := range lens {
		if p, err := ip.Prefix(bits); err == nil {
			if _, ok := f.in[p]; ok {
				return true
			}
		}
	}
	return false
}
