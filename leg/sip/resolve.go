package sip

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// errTransport: TLS and websockets are not carried yet.
var errTransport = errors.New("sip: transport is not carried")

// hop is where a request goes next.
type hop struct {
	network string // UDP, TCP
	addr    netip.AddrPort
}

// nextHop is where the URI leads: its transport parameter (or network, when it has none), its host looked up. Without a port
// and an address a SRV record decides, the first that resolves (RFC 3263, without NAPTR).
func nextHop(ctx context.Context, uri *sip.Uri, network string) (hop, error) {
	if tp, ok := uri.UriParams.Get("transport"); ok {
		network = tp
	}
	h := hop{network: strings.ToUpper(network)}
	if h.network == "" {
		h.network = "UDP"
	}
	if (h.network != "UDP" && h.network != "TCP") || uri.IsEncrypted() {
		return hop{}, fmt.Errorf("%w: %s by %s", errTransport, uri.Scheme, h.network)
	}
	host := strings.Trim(uri.Host, "[]")
	port := uint16(uri.Port)
	if ip, err := netip.ParseAddr(host); err == nil {
		h.addr = netip.AddrPortFrom(ip.Unmap(), orPort(port))
		return h, nil
	}
	if port == 0 {
		if _, records, err := net.DefaultResolver.LookupSRV(ctx, "sip", strings.ToLower(h.network), host); err == nil {
			for _, r := range records {
				if ip, err := lookup(ctx, r.Target); err == nil {
					h.addr = netip.AddrPortFrom(ip, r.Port)
					return h, nil
				}
			}
		}
	}
	ip, err := lookup(ctx, host)
	if err != nil {
		return hop{}, fmt.Errorf("sip: find %q: %w", host, err)
	}
	h.addr = netip.AddrPortFrom(ip, orPort(port))
	return h, nil
}

func orPort(p uint16) uint16 {
	if p == 0 {
		return 5060
	}
	return p
}

// lookup prefers IPv4, as media does.
func lookup(ctx context.Context, host string) (netip.Addr, error) {
	if host == "" {
		return netip.Addr{}, fmt.Errorf("no host")
	}
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") { // asks nobody (RFC 6761 §6.3): a bare system has no /etc/hosts
		return netip.AddrFrom4([4]byte{127, 0, 0, 1}), nil
	}
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.Addr{}, err
	}
	for _, ip := range ips {
		if ip = ip.Unmap(); ip.Is4() {
			return ip, nil
		}
	}
	return ips[0], nil
}

// routes knows which of our addresses leads to a far end. Looking costs a socket, so it remembers.
type routes struct {
	mu    sync.Mutex // guards known
	known map[netip.Addr]netip.Addr
}

const routesMost = 1024 // then it begins anew

// local is the address of ours that packets to peer come from.
func (r *routes) local(peer netip.Addr) netip.Addr {
	r.mu.Lock()
	ip, ok := r.known[peer]
	r.mu.Unlock()
	if ok {
		return ip
	}
	c, err := net.Dial("udp", net.JoinHostPort(peer.String(), "9")) // sends nothing
	if err != nil {
		return netip.AddrFrom4([4]byte{127, 0, 0, 1})
	}
	ip = c.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap()
	_ = c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil || len(r.known) >= routesMost {
		r.known = map[netip.Addr]netip.Addr{}
	}
	r.known[peer] = ip
	return ip
}

// advertised is the address a far end is told, in its own family if we have one: the public one, unless it sits on our side
// of the border; then the one we listen on, or when that is all of them, the one that leads there.
func (t *Trunk) advertised(peer netip.Addr) netip.Addr {
	fits := func(ip netip.Addr) bool { return ip.IsValid() && !ip.IsUnspecified() && ip.Is4() == peer.Is4() }
	if public := t.cfg.PublicIP.Unmap(); fits(public) && !inside(peer) {
		return public
	}
	if own := t.sock.addr.Addr().Unmap(); fits(own) {
		return own
	}
	return t.routes.local(peer)
}

// carrierNAT is the range between a carrier's NAT and its customers (RFC 6598); also that of many VPNs.
var carrierNAT = netip.MustParsePrefix("100.64.0.0/10")

// inside reports whether an address means nothing in the Internet.
func inside(ip netip.Addr) bool {
	return ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() || carrierNAT.Contains(ip)
}

// contact is our address for one dialog: fresh each time, for sipgo writes into what it is given.
func (t *Trunk) contact(user string, peer hop) *sip.ContactHeader {
	c := &sip.ContactHeader{Address: sip.Uri{
		Scheme: "sip", User: user, Host: t.advertised(peer.addr.Addr()).String(), Port: int(t.sock.addr.Port()),
	}}
	if peer.network != "UDP" {
		c.Address.UriParams.Add("transport", strings.ToLower(peer.network))
	}
	return c
}

// parseHostPort reads host, host:port, [v6]:port, or a sip: URI.
func parseHostPort(s string) (sip.Uri, error) {
	var u sip.Uri
	if strings.HasPrefix(s, "sip:") {
		return u, sip.ParseUri(s, &u)
	}
	u.Scheme = "sip"
	if ip, err := netip.ParseAddr(strings.Trim(s, "[]")); err == nil {
		u.Host = ip.String()
		return u, nil
	}
	host, port, ok := strings.Cut(s, ":")
	if strings.HasPrefix(s, "[") {
		i := strings.LastIndex(s, "]")
		host, port, ok = s[1:max(i, 1)], strings.TrimPrefix(s[i+1:], ":"), true
	}
	u.Host = host
	if ok {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return u, fmt.Errorf("sip: port in %q: %w", s, err)
		}
		u.Port = int(n)
	}
	if u.Host == "" || strings.ContainsAny(u.Host, " ;?<>@\"") {
		return u, fmt.Errorf("sip: %q is no host", s)
	}
	return u, nil
}
