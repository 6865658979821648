// Package route finds the addresses a SIP request may go to and the order in which they are tried (RFC 3263, without NAPTR:
// the transport is configured, or stands in the URI). It knows no SIP messages and starts no goroutine.
package route

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// A Hop is one address a request may go to. Hops can be compared.
type Hop struct {
	Network string         // UDP, TCP or TLS
	Addr    netip.AddrPort // of one host; never with port 0
	Name    string         // whom the certificate must name (RFC 5922 §4): what was looked up, not what SRV made of it
}

func (h Hop) String() string { return h.Network + " " + h.Addr.String() }

// A Target is a host as it is configured.
type Target struct {
	Host    string // a name or an address
	Port    int    // 0: what SRV says, else the network's own
	Network string // udp, tcp or tls in any case; "": what SRV says, else UDP
}

const (
	hostMost  = 253 // bytes of a name (RFC 1035 §2.3.4)
	portPlain = 5060
	portTLS   = 5061
)

// ErrHost: it can be neither looked up nor connected to.
var ErrHost = errors.New("route: no host")

// ErrNetwork: neither UDP, TCP nor TLS.
var ErrNetwork = errors.New("route: transport is not carried")

// ParseHostPort reads host, host:port or [v6]:port; port is 0 where there is none.
func ParseHostPort(s string) (host string, port int, err error) {
	if ip, err := netip.ParseAddr(s); err == nil && ip.Zone() == "" {
		return ip.String(), 0, nil
	}
	host, number, has := strings.Cut(s, ":")
	if strings.HasPrefix(s, "[") {
		end := strings.LastIndexByte(s, ']')
		if end < 0 || end+1 < len(s) && s[end+1] != ':' {
			return "", 0, fmt.Errorf("%w: %q", ErrHost, s)
		}
		if ip, err := netip.ParseAddr(s[1:end]); err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", 0, fmt.Errorf("%w: %q", ErrHost, s)
		}
		host, number, has = s[1:end], strings.TrimPrefix(s[end+1:], ":"), end+1 < len(s)
	}
	if has {
		n, err := strconv.ParseUint(number, 10, 16)
		if err != nil || n == 0 {
			return "", 0, fmt.Errorf("route: port in %q: %q is none", s, number)
		}
		port = int(n)
	}
	if !Hostname(host) {
		return "", 0, fmt.Errorf("%w: %q", ErrHost, s)
	}
	return host, port, nil
}

// Hostname reports whether s can be looked up and stand in a URI. Underscores are in use, though no host may have one.
func Hostname(s string) bool {
	if s == "" || len(s) > hostMost {
		return false
	}
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		case c == ':' && strings.Count(s, ":") > 1: // IPv6
		default:
			return false
		}
	}
	return true
}

// networks are those to ask SRV for, and the one that counts when it says nothing.
func networks(n string) (list []string, err error) {
	switch n = strings.ToUpper(n); n {
	case "":
		return []string{"UDP", "TCP"}, nil
	case "UDP", "TCP", "TLS":
		return []string{n}, nil
	}
	return nil, fmt.Errorf("%w: %.16q", ErrNetwork, n)
}

func orPort(port int, network string) uint16 {
	switch {
	case port != 0:
		return uint16(port)
	case network == "TLS":
		return portTLS
	}
	return portPlain
}
