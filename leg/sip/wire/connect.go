package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"
)

// connectFor is how long a far end may take to accept a connection and shake hands.
const connectFor = 5 * time.Second

// hop names a connection: two names at one address are not the same to TLS.
type hop struct {
	network string // TCP, TLS
	to      netip.AddrPort
	name    string // the certificate was verified for; "" of a connection that came in
}

// dial is a connection in the making; err is set before done is closed.
type dial struct {
	done chan struct{}
	err  error
}

// ErrNoConnection: there is none, and none is made: whoever wants one asks Connect.
var ErrNoConnection = errors.New("sip: there is no connection")

// Connect sees to it that sipgo finds a connection there: one that is open, or a new one, checked and framed like those that come in. By
// UDP there is nothing to do. t is for TLS: its ServerName is asked for and verified. Without a name a connection that the far end made
// will do; when there is none, its address is the name.
func (s *Sockets) Connect(ctx context.Context, network string, to netip.AddrPort, t *tls.Config) error {
	h := hop{network: strings.ToUpper(network), to: unmapped(to)}
	switch h.network {
	case "UDP":
		return nil
	case "TCP":
	case "TLS":
		any := t == nil || t.ServerName == ""
		t = verifying(t, h.to.Addr())
		if h.name = t.ServerName; any && s.has(hop{network: h.network, to: h.to}) {
			return nil
		}
	default:
		return fmt.Errorf("sip: connect by %q: not carried", network)
	}
	for {
		d, mine, err := s.making(h)
		if err != nil || d == nil {
			return err
		}
		if mine {
			d.err = s.dial(ctx, h, t)
			s.mu.Lock()
			delete(s.dialled, h)
			s.mu.Unlock()
			close(d.done)
			s.joins.Done()
			return d.err
		}
		select {
		case <-d.done:
			if d.err != nil && !errors.Is(d.err, context.Canceled) && !errors.Is(d.err, context.DeadlineExceeded) {
				return d.err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// making finds the connection (nil, then), who is making it, or has the caller make it.
func (s *Sockets) making(h hop) (d *dial, mine bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.deaf.Load() {
		return nil, false, net.ErrClosed
	}
	if d := s.dialled[h]; d != nil {
		return d, false, nil
	}
	if c := s.to[h]; c != nil && c.pooled() {
		return nil, false, nil
	}
	d = &dial{done: make(chan struct{})}
	s.dialled[h] = d
	s.joins.Add(1)
	return d, true, nil
}

func (s *Sockets) has(h hop) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to[h] != nil && s.to[h].pooled()
}

// pooled reports whether sipgo finds the connection.
func (c *conn) pooled() bool {
	select {
	case <-c.ready:
		return true
	default:
		return false
	}
}

func verifying(t *tls.Config, to netip.Addr) *tls.Config {
	if t == nil {
		t = &tls.Config{}
	} else {
		t = t.Clone()
	}
	t.MinVersion = max(t.MinVersion, tls.VersionTLS12)
	if t.ServerName == "" {
		t.ServerName = to.String()
	}
	return t
}

func (s *Sockets) dial(ctx context.Context, h hop, t *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, connectFor)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, "tcp", h.to.String())
	if err != nil {
		return fmt.Errorf("sip: connect to %s by %s: %w", h.to, h.network, err)
	}
	d := s.tcp
	if h.network == "TLS" {
		d = s.tls
		secure := tls.Client(raw, t)
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = raw.Close()
			return fmt.Errorf("sip: connect to %s (%s) by TLS: %w", h.name, h.to, err)
		}
		raw = secure
	}
	c := s.take(newConn(s, raw, h, true))
	if c == nil {
		_ = raw.Close()
		return net.ErrClosed
	}
	if !d.pass(c, ctx.Done()) {
		_ = c.Close()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return net.ErrClosed
	}
	<-c.ready // at once: sipgo's reader begins with it
	return nil
}

// KeepAlive sends what keeps a NAT's memory of us: a line end by UDP, a ping on the connection that is there (RFC 5626 §3.5.1).
func (s *Sockets) KeepAlive(network string, to netip.AddrPort) error {
	to = unmapped(to)
	network = strings.ToUpper(network)
	if network == "UDP" {
		_, err := s.udp.WriteToUDPAddrPort([]byte("\r\n"), to)
		return err
	}
	s.mu.Lock()
	var c *conn
	for h, o := range s.to {
		if h.network == network && h.to == to {
			c = o
		}
	}
	s.mu.Unlock()
	if c == nil {
		return fmt.Errorf("%w to %s by %s", ErrNoConnection, to, network)
	}
	_, err := c.Write([]byte("\r\n\r\n"))
	c.touch()
	return err
}
