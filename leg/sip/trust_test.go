package sip

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
)

// authority is a certificate of its own signing, for localhost and 127.0.0.1, and its PEM.
func authority(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// TestTLS: a call by TLS to whom the account's roots vouch for, by its name and by its address, media and BYE included; not to others.
func TestTLS(t *testing.T) {
	cert, ca := authority(t)
	_, other := authority(t)
	legs := make(chan leg.Leg, 8)
	far := trunk(t, Config{ListenTLS: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}, answering(leg.Limits{}, legs))
	port := int(far.AddrTLS().Port())
	tr := trunk(t, Config{}, nil)
	for _, host := range []string{"127.0.0.1", "localhost"} {
		l, err := tr.Dial(t.Context(), leg.Call{To: "200", Trunk: &parley.TrunkAccount{Host: host, Port: port, Transport: "tls", TLSCA: ca, Username: "u"}})
		if err != nil {
			t.Fatalf("%s: %v", host, err)
		}
		theirs := next(t, legs)
		d := theirs.(*call).d
		d.mu.Lock()
		network, target := d.peer.network, d.target.String()
		d.mu.Unlock()
		if network != "TLS" || !strings.Contains(target, "transport=tls") {
			t.Errorf("it came by %s, we are at %s", network, target)
		}
		_ = theirs.Hangup(t.Context(), parley.AgentEnded)
		ended(t, l)
	}
	for name, a := range map[string]*parley.TrunkAccount{
		"the system's roots": {}, "other roots": {TLSCA: other}, "no roots": {TLSCA: "nonsense"},
	} {
		a.Host, a.Port, a.Transport, a.Username = "127.0.0.1", port, "tls", "u"
		_, err := trunk(t, Config{}, nil).Dial(t.Context(), leg.Call{To: "200", Trunk: a})
		var r *leg.Rejected
		if !errors.As(err, &r) || r.Cause != parley.Configuration {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(legs) > 0 {
		t.Error("a call came in all the same")
	}
}

// TestMutualTLS: a far end that wants our certificate gets the one we listen with; and sips: is by TLS.
func TestMutualTLS(t *testing.T) {
	cert, ca := authority(t)
	ours, us := authority(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(us))
	far := trunk(t, Config{ListenTLS: "127.0.0.1:0", TLS: &tls.Config{
		Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}}, nil)
	call := leg.Call{To: "sips:bob@" + far.AddrTLS().String(), Trunk: &parley.TrunkAccount{TLSCA: ca, Username: "u"}}
	for name, c := range map[string]*tls.Config{
		"none":          nil,
		"listed":        {Certificates: []tls.Certificate{ours}},
		"read each day": {GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &ours, nil }},
	} {
		cfg := Config{TLS: c}
		if c != nil {
			cfg.ListenTLS = "127.0.0.1:0"
		}
		_, err := trunk(t, cfg, nil).Dial(t.Context(), call)
		var r *leg.Rejected
		if !errors.As(err, &r) || (r.Code == 404) != (c != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRegisteredByTLS: a registration by TLS, whose connection is kept open.
func TestRegisteredByTLS(t *testing.T) {
	cert, ca := authority(t)
	l, err := tls.Listen("tcp4", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	r := &registry{}
	r.set(parley.TrunkAccount{
		ID: "t", Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Transport: "tls", TLSCA: ca, Username: "u", TrunkTimers: parley.TrunkTimers{Health: -1},
		Register: parley.TrunkRegister{On: true},
	})
	tr, stop := stoppable(t, Config{Trunks: r.read}, func(context.Context, leg.Offer) {})
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s := &streamed{peer: newPeer(t, nil)}
	s.use(conn)
	grant := func() string {
		m := s.await("REGISTER ")
		via := header(m, "Via")
		s.put("SIP/2.0 200 OK\r\nVia: " + via + "\r\nFrom: " + header(m, "From") + "\r\nTo: " + header(m, "To") + ";tag=r\r\nCall-ID: " + header(m, "Call-ID") +
			"\r\nCSeq: " + header(m, "CSeq") + "\r\nContact: " + header(m, "Contact") + ";expires=600\r\nContent-Length: 0\r\n\r\n")
		return m
	}
	if m := grant(); !strings.HasPrefix(header(m, "Via"), "SIP/2.0/TLS ") || !strings.Contains(header(m, "Contact"), "transport=tls") {
		t.Errorf("%s", m)
	}
	comes(t, "registered", func() bool { return lineOf(tr).isRegistered() })
	done := make(chan struct{})
	go func() { stop(); close(done) }()
	if m := grant(); header(m, "Expires") != "0" {
		t.Errorf("%s", m)
	}
	<-done
}
