package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writePair writes a self-signed certificate for that name and its key.
func writePair(t *testing.T, name, cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	of := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, of, of, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: secret}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func nameOf(t *testing.T, f *certificate) string {
	t.Helper()
	f.looked = time.Time{} // as if it had been looked for long ago
	pair, err := f.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	return leaf.Subject.CommonName
}

func TestCertificateIsRenewed(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, "one.example", cert, key)
	f := &certificate{cert: cert, key: key, log: slog.New(slog.DiscardHandler)}
	if err := f.read(); err != nil {
		t.Fatal(err)
	}
	if got := nameOf(t, f); got != "one.example" {
		t.Fatalf("served %s", got)
	}
	later := time.Now().Add(time.Minute)
	if err := os.WriteFile(cert, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	_ = os.Chtimes(cert, later, later)
	if got := nameOf(t, f); got != "one.example" {
		t.Errorf("a broken renewal was served: %s", got)
	}
	writePair(t, "two.example", cert, key)
	_ = os.Chtimes(cert, later.Add(time.Minute), later.Add(time.Minute))
	if got := nameOf(t, f); got != "two.example" {
		t.Errorf("served %s after the renewal", got)
	}
}

func TestCertificateIsConfigured(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, "one.example", cert, key)
	for name, tt := range map[string]struct {
		c     serveCmd
		on    bool
		wrong string
	}{
		"none":     {serveCmd{}, false, ""},
		"both":     {serveCmd{TLS: tlsConfig{Cert: cert, Key: key}}, true, ""},
		"no key":   {serveCmd{TLS: tlsConfig{Cert: cert}}, false, "PARLEY_TLS_KEY go together"},
		"no cert":  {serveCmd{TLS: tlsConfig{Key: key}}, false, "PARLEY_TLS_CERT and"},
		"no file":  {serveCmd{TLS: tlsConfig{Cert: filepath.Join(dir, "other.pem"), Key: key}}, false, "other.pem"},
		"mistaken": {serveCmd{TLS: tlsConfig{Cert: key, Key: cert}}, false, "PARLEY_TLS_CERT, PARLEY_TLS_KEY: "},
	} {
		conf, err := tt.c.certificate(slog.New(slog.DiscardHandler))
		if (conf != nil) != tt.on || (err == nil) != (tt.wrong == "") || err != nil && !strings.Contains(err.Error(), tt.wrong) {
			t.Errorf("%s: %v, %v", name, conf, err)
		}
	}
}

// A server with a certificate speaks SIP over TLS, to those who trust it.
func TestServeTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	writePair(t, "sip.example", cert, key)
	h, _ := serveWith(t, &serveCmd{Data: filepath.Join(dir, "data"), HTTP: "127.0.0.1:0", SIP: "127.0.0.1:0", TLS: tlsConfig{SIP: "127.0.0.1:0", Cert: cert, Key: key},
		RTPPorts: portRange{41000, 41999}})
	addr := h.sip.AddrTLS().String()
	if _, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "sip.example"}); err == nil {
		t.Error("a certificate that nobody signed was trusted")
	}
	if _, err := tls.Dial("tcp", addr, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was spoken")
	}
	pem, err := os.ReadFile(cert)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	c, err := tls.Dial("tcp", addr, &tls.Config{ServerName: "sip.example", RootCAs: roots})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	fmt.Fprintf(c, "OPTIONS sip:demo@sip.example SIP/2.0\r\nVia: SIP/2.0/TLS %s;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:demo@sip.example>\r\n"+
		"Call-ID: 1\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n", c.LocalAddr())
	if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || line != "SIP/2.0 200 OK\r\n" {
		t.Errorf("answered %q, %v", line, err)
	}
}
