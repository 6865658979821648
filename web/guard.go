package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// own reports whether a request is of a page of ours in a browser on this machine: both ends are loopback, and so is the name by which the
// page was asked for, which a page elsewhere cannot make a browser say.
func own(r *http.Request) bool {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	if ip, err := netip.ParseAddr(host); host != "localhost" && (err != nil || !ip.IsLoopback()) {
		return false
	}
	if !remote(r).Addr().IsLoopback() {
		return false
	}
	o := r.Header.Get("Origin")
	if o == "" {
		return r.Header.Get("Sec-Fetch-Site") == "" // no browser
	}
	u, err := url.Parse(o)
	return err == nil && u.Host == r.Host
}

func remote(r *http.Request) netip.AddrPort {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
}

// Each address may ask for so many tickets a second, and so many at once.
const (
	perSecond = 1
	burst     = 20
	maxKept   = 10_000 // addresses remembered
)

// pace holds addresses to their rate. The zero value is ready.
type pace struct {
	mu sync.Mutex // guards by
	by map[netip.Prefix]*rate.Limiter
}

func (p *pace) take(r *http.Request, now time.Time) bool {
	a := remote(r).Addr()
	bits := 32
	if a.Is6() {
		bits = 64 // what one subscriber has
	}
	from, _ := a.Prefix(bits)
	p.mu.Lock()
	defer p.mu.Unlock()
	l := p.by[from]
	if l == nil {
		if p.by == nil {
			p.by = map[netip.Prefix]*rate.Limiter{}
		}
		if len(p.by) >= maxKept {
			for k, one := range p.by {
				if one.TokensAt(now) >= burst {
					delete(p.by, k)
				}
			}
		}
		if len(p.by) >= maxKept {
			return false
		}
		l = rate.NewLimiter(perSecond, burst)
		p.by[from] = l
	}
	return l.AllowN(now, 1)
}

// used are the tickets that were, until they expire. The zero value is ready.
type used struct {
	mu sync.Mutex // guards by
	by map[string]time.Time
}

// first reports whether a ticket has not been used before, and uses it.
func (u *used) first(id string, expires, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.by == nil {
		u.by = map[string]time.Time{}
	}
	if len(u.by) >= maxKept {
		for k, until := range u.by {
			if !now.Before(until) {
				delete(u.by, k)
			}
		}
	}
	if _, again := u.by[id]; again {
		return false
	}
	u.by[id] = expires
	return true
}
