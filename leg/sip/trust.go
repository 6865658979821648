package sip

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/sip/route"
)

// errCA: an account names roots that are none. It is not reached at all then: the system's would vouch for anybody.
var errCA = errors.New("sip: the trunk's TLS CA holds no certificate")

// trust remembers the roots of accounts. The zero value is ready.
type trust struct {
	mu    sync.Mutex // guards roots
	roots map[string]*x509.CertPool
}

const rootsMost = 256 // PEMs remembered; then it begins anew

// pool is what a PEM holds.
func (r *trust) pool(pem string) (*x509.CertPool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if p := r.roots[pem]; p != nil {
		return p, nil
	}
	p := x509.NewCertPool()
	if !p.AppendCertsFromPEM([]byte(pem)) {
		return nil, errCA
	}
	if r.roots == nil || len(r.roots) >= rootsMost {
		r.roots = map[string]*x509.CertPool{}
	}
	r.roots[pem] = p
	return p, nil
}

// secured are the hops with what their certificates are checked against: the name that was looked up (RFC 5922), by the account's
// roots, else the system's. Where we are asked for a certificate ourselves it is the one we listen with.
func (t *Trunk) secured(found []route.Hop, a *parley.TrunkAccount) ([]hop, error) {
	list := make([]hop, len(found))
	for i, h := range found {
		list[i] = hop{network: h.Network, addr: h.Addr, name: h.Name}
		if h.Network != "TLS" {
			continue
		}
		c := &tls.Config{ServerName: h.Name, MinVersion: tls.VersionTLS12, GetClientCertificate: t.certificate}
		if a != nil && a.TLSCA != "" {
			var err error
			if c.RootCAs, err = t.out.trust.pool(a.TLSCA); err != nil {
				return nil, err
			}
		}
		list[i].tls = c
	}
	return list, nil
}

// certificate is ours, for far ends that ask; without one the handshake goes on, and is theirs to end.
func (t *Trunk) certificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	switch c := t.cfg.TLS; {
	case c == nil:
	case len(c.Certificates) > 0:
		return &c.Certificates[0], nil
	case c.GetCertificate != nil:
		if own, err := c.GetCertificate(&tls.ClientHelloInfo{}); err == nil && own != nil {
			return own, nil
		}
	}
	return &tls.Certificate{}, nil
}
