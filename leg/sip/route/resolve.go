package route

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	foundFor  = 30 * time.Second // Go's resolver does not tell the TTL; carriers move within minutes, not seconds
	missedFor = 5 * time.Second
	staleFor  = time.Hour // what was known goes on being used while no name server answers (RFC 8767)
	namesMost = 1024      // remembered; then it begins anew
	hopsMost  = 32        // of one target, whatever a zone says
	lookupMax = 10 * time.Second
)

// A Resolver finds hops, and remembers what it found for foundFor. The zero value asks the system. Safe from any goroutine.
type Resolver struct {
	DNS *net.Resolver // nil: net.DefaultResolver

	mu    sync.Mutex // guards known
	known map[Target]found
}

// found is what is known of a target.
type found struct {
	services []service
	err      error
	at       time.Time
}

// A service is one SRV record, or what stands for it, with the addresses of its host.
type service struct {
	network          string
	priority, weight uint16
	addrs            []netip.AddrPort
}

// ErrRefused: SRV says that there is no such service (RFC 2782, target ".").
var ErrRefused = errors.New("route: the host offers no SIP by this transport")

// Hops are the addresses behind a host, in the order in which this request is to try them: by the priority of SRV and by chance
// after its weights, IPv4 before IPv6 as media prefers it. An address or a port in the configuration leaves nothing to SRV.
func (r *Resolver) Hops(ctx context.Context, host string, port int, network string) ([]Hop, error) {
	t := Target{strings.ToLower(strings.Trim(host, "[]")), port, strings.ToUpper(network)}
	services, err := r.services(ctx, t)
	if err != nil {
		return nil, fmt.Errorf("route: find %.64q: %w", host, err)
	}
	var hops []Hop
	for _, s := range order(services) {
		for _, a := range s.addrs {
			if h := (Hop{s.network, a, t.Host}); !slices.Contains(hops, h) && len(hops) < hopsMost {
				hops = append(hops, h)
			}
		}
	}
	return hops, nil
}

// All are the hops of several hosts, one host's after the other's. A host that cannot be found is passed over; only when none
// can, that is an error: the first one's.
func (r *Resolver) All(ctx context.Context, targets ...Target) ([]Hop, error) {
	var hops []Hop
	var failed error
	for _, t := range targets {
		some, err := r.Hops(ctx, t.Host, t.Port, t.Network)
		if err != nil && failed == nil {
			failed = err
		}
		for _, h := range some {
			if !slices.Contains(hops, h) {
				hops = append(hops, h)
			}
		}
	}
	if len(hops) > 0 {
		return hops, nil
	}
	if failed == nil {
		failed = errors.New("route: no host is configured")
	}
	return nil, failed
}

// services looks a target up, or remembers it.
func (r *Resolver) services(ctx context.Context, t Target) ([]service, error) {
	nets, err := networks(t.Network)
	if err != nil {
		return nil, err
	}
	if ip, err := netip.ParseAddr(t.Host); err == nil {
		ip = ip.Unmap()
		return []service{{network: nets[0], addrs: []netip.AddrPort{netip.AddrPortFrom(ip, orPort(t.Port, nets[0]))}}}, nil
	}
	if !Hostname(t.Host) {
		return nil, ErrHost
	}
	now := time.Now()
	r.mu.Lock()
	was, ok := r.known[t]
	r.mu.Unlock()
	if ok && (was.err == nil && now.Sub(was.at) < foundFor || was.err != nil && now.Sub(was.at) < missedFor) {
		return was.services, was.err
	}
	ctx, stop := context.WithTimeout(ctx, lookupMax)
	defer stop()
	services, err := r.ask(ctx, t, nets)
	switch {
	case err == nil || gone(err):
		r.remember(t, found{services, err, now})
	case ok && len(was.services) > 0 && now.Sub(was.at) < staleFor:
		return was.services, nil
	case ctx.Err() == nil:
		r.remember(t, found{nil, err, now})
	}
	return services, err
}

// gone: the name server did answer, that there is nothing.
func gone(err error) bool {
	var d *net.DNSError
	return errors.Is(err, ErrRefused) || errors.As(err, &d) && d.IsNotFound
}

func (r *Resolver) remember(t Target, f found) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil || len(r.known) >= namesMost {
		r.known = map[Target]found{}
	}
	r.known[t] = f
}

// ask asks the name server. A port that is given asks for addresses only (RFC 3263 §4.2).
func (r *Resolver) ask(ctx context.Context, t Target, nets []string) ([]service, error) {
	if local(t.Host) {
		return []service{{network: nets[0], addrs: loopback(orPort(t.Port, nets[0]))}}, nil
	}
	if t.Port == 0 {
		for _, n := range nets {
			switch services, err := r.records(ctx, t.Host, n); {
			case len(services) > 0:
				return services, nil
			case err != nil:
				return nil, err
			}
		}
	}
	addrs, err := r.addresses(ctx, t.Host, orPort(t.Port, nets[0]))
	if err != nil {
		return nil, err
	}
	return []service{{network: nets[0], addrs: addrs}}, nil
}

// records are the SRV records of a host whose own hosts can be found; none and no error when it has none.
func (r *Resolver) records(ctx context.Context, host, network string) ([]service, error) {
	name, proto := "sip", strings.ToLower(network)
	if network == "TLS" {
		name, proto = "sips", "tcp"
	}
	_, srv, err := r.dns().LookupSRV(ctx, name, proto, host)
	if len(srv) == 0 {
		if err == nil || gone(err) || ctx.Err() == nil { // a server that cannot answer SRV may know the address all the same
			return nil, nil
		}
		return nil, err
	}
	if len(srv) == 1 && srv[0].Target == "." {
		return nil, ErrRefused
	}
	var services []service
	var failed error
	for _, s := range srv[:min(len(srv), hopsMost)] {
		if s.Port == 0 {
			continue
		}
		addrs, err := r.addresses(ctx, s.Target, s.Port)
		if err != nil {
			failed = err
			continue
		}
		services = append(services, service{network, s.Priority, s.Weight, addrs})
	}
	if len(services) == 0 {
		return nil, failed
	}
	return services, nil
}

func (r *Resolver) addresses(ctx context.Context, host string, port uint16) ([]netip.AddrPort, error) {
	if local(host) {
		return loopback(port), nil
	}
	ips, err := r.dns().LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	var four, six []netip.AddrPort
	for _, ip := range ips[:min(len(ips), hopsMost)] {
		if ip = ip.Unmap(); ip.Is4() {
			four = append(four, netip.AddrPortFrom(ip, port))
		} else {
			six = append(six, netip.AddrPortFrom(ip, port))
		}
	}
	return append(four, six...), nil
}

func (r *Resolver) dns() *net.Resolver {
	if r.DNS != nil {
		return r.DNS
	}
	return net.DefaultResolver
}

// local asks nobody (RFC 6761 §6.3): a bare system has no /etc/hosts.
func local(host string) bool { return strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") }

func loopback(port uint16) []netip.AddrPort {
	return []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)}
}

// order sorts by priority, and within one draws by weight (RFC 2782): each service as often first as its share of the weights.
func order(all []service) []service {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b service) int { return int(a.priority) - int(b.priority) })
	for i := 0; i < len(out); {
		end := i + 1
		for end < len(out) && out[end].priority == out[i].priority {
			end++
		}
		for ; i < end; i++ {
			draw(out[i:end])
		}
	}
	return out
}

// draw brings one of the services to the front. A weight of 0 has a very small chance beside others.
func draw(s []service) {
	sum := 0
	for _, x := range s {
		sum += int(x.weight)*100 + 1
	}
	at := rand.IntN(sum)
	for i, x := range s {
		if at -= int(x.weight)*100 + 1; at < 0 {
			s[0], s[i] = s[i], s[0]
			return
		}
	}
}
