package fetch

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"code.dny.dev/ssrf"
)

// A BlockedError is why an address is not fetched.
type BlockedError struct{ Reason string }

func (e *BlockedError) Error() string { return e.Reason }

// azure is the address at which a virtual machine in Azure reaches the host it runs on: public by number, not by nature.
var azure = netip.MustParsePrefix("168.63.129.16/32")

// A guard decides where connections may go.
type guard struct {
	public *atomic.Pointer[ssrf.Guardian]
	own    []netip.AddrPort
	lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	raw    func(ctx context.Context, network, addr string) (net.Conn, error)
}

func newGuard(o Options) guard {
	g := guard{public: &atomic.Pointer[ssrf.Guardian]{}, lookup: o.Lookup, raw: o.Dial}
	g.allow(o.Allow)
	for _, a := range o.Own {
		g.own = append(g.own, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()))
	}
	if g.lookup == nil {
		g.lookup = func(ctx context.Context, host string) ([]netip.Addr, error) {
			return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
		}
	}
	if g.raw == nil {
		// The address is checked once more at the socket, in case something resolved it again on the way.
		d := net.Dialer{Timeout: 5 * time.Second, Control: func(_, addr string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(addr)
			if err != nil {
				return err
			}
			return g.allowed(a)
		}}
		g.raw = d.DialContext
	}
	return g
}

// allow has connections go to public addresses and to these.
func (g *guard) allow(networks []netip.Prefix) {
	var v4, v6 []netip.Prefix
	for _, p := range networks {
		if p = unmap(p); p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	g.public.Store(ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...), ssrf.WithDeniedV4Prefixes(azure)))
}

func unmap(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// check parses an address and, when it names its host by number, decides on it.
func (g *guard) check(raw string) (*url.URL, error) {
	u, err := parse(raw)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if ip, err := netip.ParseAddr(name); err == nil {
		return u, g.allowed(netip.AddrPortFrom(ip, port(u)))
	}
	// Numbers that are no address (0x7f.1, 2130706433, 127.1): some resolvers read them as one.
	if last := name[strings.LastIndexByte(name, '.')+1:]; last != "" && (last[0] >= '0' && last[0] <= '9') {
		return nil, &BlockedError{"has a host that is neither a name nor an address"}
	}
	return u, nil
}

func port(u *url.URL) uint16 {
	if p := u.Port(); p != "" {
		a, _ := netip.ParseAddrPort("127.0.0.1:" + p)
		return a.Port()
	}
	if u.Scheme == "https" {
		return 443
	}
	return 80
}

// allowed decides on one address.
func (g *guard) allowed(a netip.AddrPort) error {
	ip := a.Addr().Unmap()
	if !ip.IsValid() {
		return &BlockedError{"leads to no address"}
	}
	for _, o := range g.own {
		if o.Port() == a.Port() && (o.Addr() == ip || o.Addr().IsUnspecified() && here(ip)) {
			return &BlockedError{"leads back to this server"}
		}
	}
	if err := g.public.Load().SafeAddr(ip); err != nil {
		return &BlockedError{fmt.Sprintf("leads to %s, which is not a public address; the operator can allow it (PARLEY_ALLOW_NETWORKS)", ip)}
	}
	return nil
}

// here reports whether an address is one of this machine's.
func here(ip netip.Addr) bool {
	if ip.IsLoopback() || ip.IsUnspecified() {
		return true
	}
	all, err := net.InterfaceAddrs()
	if err != nil {
		return true
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok {
			if own, ok := netip.AddrFromSlice(n.IP); ok && own.Unmap() == ip.WithZone("") {
				return true
			}
		}
	}
	return false
}

// dial resolves a name once, refuses it if any of its addresses is not allowed, and connects to what it resolved: a name
// that answers differently the second time gains nothing.
func (g *guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, portText, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	local, err := netip.ParseAddrPort("127.0.0.1:" + portText)
	if err != nil {
		return nil, err
	}
	var ips []netip.Addr
	if ip, err := netip.ParseAddr(host); err == nil {
		ips = []netip.Addr{ip}
	} else if ips, err = g.lookup(ctx, host); err != nil {
		return nil, err
	}
	if len(ips) == 0 {
		return nil, errors.New("the name has no address")
	}
	for _, ip := range ips {
		if err := g.allowed(netip.AddrPortFrom(ip, local.Port())); err != nil {
			return nil, err
		}
	}
	var failed error
	for _, ip := range ips {
		c, err := g.raw(ctx, network, netip.AddrPortFrom(ip.Unmap(), local.Port()).String())
		if err == nil {
			return c, nil
		}
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return nil, failed
}
