package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip/route"
	"github.com/parley-voice/parley/rtp"
)

// errTransport: websockets are not carried.
var errTransport = errors.New("sip: transport is not carried")

// hop is where a request goes next. Hops can be compared.
type hop struct {
	network string // UDP, TCP, TLS
	addr    netip.AddrPort
	name    string      // whom the far end's certificate must name; "" where a far end wrote first: its connection is the only way
	tls     *tls.Config // of the account; nil: the system's roots
}

// tlsConfig is what a connection to the hop is checked with; nil for what is not TLS.
func (h hop) tlsConfig() *tls.Config {
	if h.network != "TLS" || h.tls != nil {
		return h.tls
	}
	return &tls.Config{ServerName: h.name, MinVersion: tls.VersionTLS12}
}

func (h hop) route() route.Hop { return route.Hop{Network: h.network, Addr: h.addr, Name: h.name} }

// hops are where the URI leads, in the order to be tried: its transport parameter (or network, when it has none), its host looked
// up, those last that are known to be down.
func (t *Trunk) hops(ctx context.Context, uri *sip.Uri, network string, a *parley.TrunkAccount) ([]hop, error) {
	if tp, ok := uri.UriParams.Get("transport"); ok {
		network = tp
	}
	network, err := carried(uri.Scheme, network)
	if err != nil {
		return nil, err
	}
	found, err := t.out.names.Hops(ctx, uri.Host, uri.Port, network)
	if err != nil {
		return nil, fmt.Errorf("sip: %w", err)
	}
	return t.secured(t.out.health.Order(found), a)
}

// accountHops are the ways to an account's far end: its outbound proxy, or its host and then the others it names.
func (t *Trunk) accountHops(ctx context.Context, a *parley.TrunkAccount) ([]hop, error) {
	network := a.Transport
	if network == "" {
		network = "udp"
	}
	if a.OutboundProxy != "" {
		proxy, err := outboundProxy(a)
		if err != nil {
			return nil, err
		}
		return t.hops(ctx, &proxy, network, a)
	}
	network, err := carried("sip", network)
	if err != nil {
		return nil, err
	}
	var targets []route.Target
	for i, s := range append([]string{a.Host}, a.BackupHosts...) {
		u, err := parseHostPort(s)
		if err != nil {
			return nil, err
		}
		if i == 0 && a.Port != 0 {
			u.Port = a.Port
		}
		targets = append(targets, route.Target{Host: u.Host, Port: u.Port, Network: network})
	}
	found, err := t.out.names.All(ctx, targets...)
	if err != nil {
		return nil, fmt.Errorf("sip: %w", err)
	}
	return t.secured(t.out.health.Order(found), a)
}

// address reports whether a host is an address and no name.
func address(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// elsewhere makes a URI of an account's host one of the other host a hop belongs to, when they are addresses: whoever is asked there
// knows no better than that a request for another address is not his.
func elsewhere(a *parley.TrunkAccount, u *sip.Uri, h route.Hop) {
	if a.OutboundProxy != "" || !address(u.Host) || h.Name == u.Host && (u.Port == 0 || u.Port == int(h.Addr.Port())) {
		return
	}
	if slices.ContainsFunc(a.BackupHosts, func(s string) bool {
		b, err := parseHostPort(s)
		return err == nil && strings.EqualFold(b.Host, h.Name)
	}) {
		u.Host, u.Port = h.Name, int(h.Addr.Port())
	}
}

// carried is the network a URI's scheme and transport come to; what we do not speak is refused. A sips: URI is by TLS (RFC 3261
// §26.2.2, RFC 5630).
func carried(scheme, network string) (string, error) {
	switch n := strings.ToUpper(network); {
	case scheme == "sips" && (n == "" || n == "TCP" || n == "TLS"):
		return "TLS", nil
	case scheme != "sips" && (n == "" || n == "UDP" || n == "TCP" || n == "TLS"):
		return n, nil
	}
	return "", fmt.Errorf("%w: %s by %s", errTransport, scheme, network)
}

// nextHop is the first of hops.
func (t *Trunk) nextHop(ctx context.Context, uri *sip.Uri, network string, a *parley.TrunkAccount) (hop, error) {
	list, err := t.hops(ctx, uri, network, a)
	if err != nil {
		return hop{}, err
	}
	return list[0], nil
}

// outside is what is known of far ends: where they are, which of them answer, what goes over each account, and which of our
// addresses leads to one. Looking costs a socket, so it remembers.
type outside struct {
	names  route.Resolver
	health route.Health
	limits leg.Usage
	lines  lines
	trust  trust

	mu    sync.Mutex // guards known and seen
	known map[netip.Addr]netip.Addr
	seen  map[sight]netip.AddrPort // where a registrar sees us
}

// sight is by whom, and by what network.
type sight struct {
	network string
	peer    netip.Addr
}

const routesMost = 1024 // then it begins anew

// local is the address of ours that packets to peer come from.
func (r *outside) local(peer netip.Addr) netip.Addr {
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

// see notes where a far end sees us; not valid: where we see ourselves.
func (r *outside) see(s sight, us netip.AddrPort) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !us.IsValid() {
		delete(r.seen, s)
		return
	}
	if r.seen == nil || len(r.seen) >= routesMost {
		r.seen = map[sight]netip.AddrPort{}
	}
	r.seen[s] = us
}

// seenBy is where a far end sees us by one of the networks, if it has told.
func (r *outside) seenBy(peer netip.Addr, networks ...string) (netip.AddrPort, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, n := range networks {
		if us, ok := r.seen[sight{n, peer}]; ok {
			return us, true
		}
	}
	return netip.AddrPort{}, false
}

// advertised is the address a far end is told, in its own family if we have one: the public one, unless it sits on our side
// of the border; then the one we listen on, or when that is all of them, the one that leads there.
func (t *Trunk) advertised(peer netip.Addr) netip.Addr {
	fits := func(ip netip.Addr) bool { return ip.IsValid() && !ip.IsUnspecified() && ip.Is4() == peer.Is4() }
	if public := t.cfg.PublicIP.Unmap(); fits(public) && !inside(peer) {
		return public
	}
	if seen, ok := t.out.seenBy(peer, "UDP", "TCP", "TLS"); ok && fits(seen.Addr()) {
		return seen.Addr()
	}
	if own := t.sock.Addr().Addr().Unmap(); fits(own) {
		return own
	}
	return t.out.local(peer)
}

// own is what contact would say, had no far end told where it sees us. Without a port: we do not listen there.
func (t *Trunk) own(network string, peer netip.Addr) netip.AddrPort {
	ip := t.advertised(peer)
	if seen, ok := t.out.seenBy(peer, "UDP", "TCP", "TLS"); ok && seen.Addr() == ip {
		if ip = t.sock.Addr().Addr().Unmap(); ip.IsUnspecified() || ip.Is4() != peer.Is4() {
			ip = t.out.local(peer)
		}
	}
	if network == "TLS" && !t.sock.AddrTLS().IsValid() {
		return netip.AddrPortFrom(ip, 0)
	}
	return netip.AddrPortFrom(ip, uint16(t.port(network)))
}

// inside reports whether an address means nothing in the Internet.
func inside(ip netip.Addr) bool { return ip.IsLoopback() || rtp.Private(ip) }

// contact is our address for one dialog: fresh each time, for sipgo writes into what it is given.
func (t *Trunk) contact(user string, peer hop) *sip.ContactHeader {
	c := &sip.ContactHeader{Address: sip.Uri{
		Scheme: "sip", User: user, Host: t.advertised(peer.addr.Addr()).String(), Port: t.port(peer.network),
	}}
	if seen, ok := t.out.seenBy(peer.addr.Addr(), peer.network); ok && seen.Addr().String() == c.Address.Host {
		c.Address.Port = int(seen.Port())
	}
	if peer.network != "UDP" {
		c.Address.UriParams.Add("transport", strings.ToLower(peer.network))
	}
	return c
}

// parseHostPort reads host, host:port, [v6]:port, or a sip: URI.
func parseHostPort(s string) (sip.Uri, error) {
	var u sip.Uri
	if strings.HasPrefix(s, "sip:") || strings.HasPrefix(s, "sips:") {
		return u, sip.ParseUri(s, &u)
	}
	host, port, err := route.ParseHostPort(s)
	if err != nil {
		return u, fmt.Errorf("sip: %w", err)
	}
	u.Scheme, u.Host, u.Port = "sip", host, port
	return u, nil
}
