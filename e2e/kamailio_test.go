//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg"
	"github.com/parley-voice/parley/leg/sip"
)

// What it needs for TLS: folder of its certificate, port.
const kamailioSecure = `enable_tls=yes
listen=tls:127.0.0.1:%[2]d
loadmodule "tls.so"
modparam("tls", "tls_method", "TLSv1.2+")
modparam("tls", "private_key", "%[1]s/key.pem")
modparam("tls", "certificate", "%[1]s/cert.pem")
`

// A registrar and proxy that asks for a password and knows where everybody is: port, digest algorithm, kamailioSecure or nothing.
const kamailioConfig = `debug=1
log_stderror=yes
fork=yes
children=2
tcp_children=2
disable_tcp=no
auto_aliases=no
listen=udp:127.0.0.1:%[1]d
listen=tcp:127.0.0.1:%[1]d
%[3]sloadmodule "kex.so"
loadmodule "tm.so"
loadmodule "sl.so"
loadmodule "rr.so"
loadmodule "pv.so"
loadmodule "textops.so"
loadmodule "siputils.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "nathelper.so"
loadmodule "auth.so"
modparam("usrloc", "db_mode", 0)
modparam("auth", "nonce_count", 1)
modparam("auth", "qop", "auth")
modparam("auth", "algorithm", "%[2]s")
modparam("registrar", "min_expires", 120)
request_route {
	if (is_method("OPTIONS") && uri==myself) {
		sl_send_reply("200", "OK");
		exit;
	}
	if (has_totag()) {
		if (loose_route() || is_method("ACK")) {
			t_relay();
		} else {
			sl_send_reply("404", "Not Here");
		}
		exit;
	}
	if (is_method("CANCEL")) {
		if (t_check_trans()) t_relay();
		exit;
	}
	if (is_method("REGISTER")) {
		if (!pv_www_authenticate("127.0.0.1", "secret of line", "0")) {
			www_challenge("127.0.0.1", "1");
			exit;
		}
		force_rport();
		save("location");
		exit;
	}
	if (is_method("INVITE")) record_route();
	if (!lookup("location")) {
		sl_send_reply("404", "Not Found");
		exit;
	}
	t_relay();
}
`

// kamailio serves at a port until stop.
func kamailio(t *testing.T, port int, algorithm string) (stop func()) {
	t.Helper()
	return kamailioTLS(t, port, algorithm, "")
}

// kamailioTLS does so by TLS, too, at the next port; the folder certs has its certificate, see certify.
func kamailioTLS(t *testing.T, port int, algorithm, certs string) (stop func()) {
	t.Helper()
	secure := ""
	if certs != "" {
		secure = fmt.Sprintf(kamailioSecure, certs, port+1)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "kamailio.cfg")
	if err := os.WriteFile(file, fmt.Appendf(nil, kamailioConfig, port, algorithm, secure), 0o600); err != nil {
		t.Fatal(err)
	}
	return runKamailio(t, file, dir)
}

// runKamailio runs it with a configuration, in a folder, until stop.
func runKamailio(t *testing.T, file, dir string, more ...string) (stop func()) {
	t.Helper()
	bin, err := exec.LookPath("kamailio")
	if err != nil {
		bin = "/usr/sbin/kamailio"
	}
	if _, err := os.Stat(bin); err != nil {
		t.Skip("kamailio is not installed")
	}
	var out bytes.Buffer
	cmd := exec.Command(bin, append([]string{"-f", file, "-DD", "-E", "-m", "32", "-M", "8", "-w", dir, "-Y", dir}, more...)...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("kamailio: %s", out.String())
		}
	})
	t.Cleanup(stop)
	return stop
}

// TestKamailio: we register at it by digest, calls come in by the registration and go out by it; it dies and comes back.
func TestKamailio(t *testing.T) {
	t.Parallel() // it waits for most of its time
	for _, c := range []struct{ transport, algorithm string }{{"udp", "MD5"}, {"tcp", "SHA-256"}, {"tls", "SHA-256"}} {
		t.Run(c.transport, func(t *testing.T) { testKamailio(t, c.transport, c.algorithm) })
	}
}

func testKamailio(t *testing.T, transport, algorithm string) {
	port := freePort(t)
	certs := t.TempDir()
	ca := certify(t, certs)
	stop := kamailioTLS(t, port, algorithm, certs)
	at := port
	if transport == "tls" {
		at++
	}
	line := func(id, user string) parley.TrunkAccount {
		return parley.TrunkAccount{
			ID: id, Host: "127.0.0.1", Port: at, Transport: transport, TLSCA: ca, Username: user, Password: "secret of line",
			Register: parley.TrunkRegister{On: true, Expires: time.Minute}, TrunkTimers: parley.TrunkTimers{Health: time.Second}, // a minute is too short for it: 423
		}
	}
	answered := make(chan leg.Ringing, 4)
	a, b := line("a", "alice"), line("b", "bob")
	alice := served(t, a, func(ctx context.Context, o leg.Offer) {
		l, err := o.Answer(ctx, leg.Limits{})
		if err != nil {
			t.Error(err)
			return
		}
		answered <- o.Ringing()
		for err == nil {
			_, err = l.Read(ctx)
		}
	})
	bob := served(t, b, func(ctx context.Context, o leg.Offer) { _ = o.Reject(ctx, parley.Busy) })
	registered(t, alice, true)
	registered(t, bob, true)
	if s := alice.State()[0]; time.Until(s.Registration.Until) < 90*time.Second {
		t.Errorf("%+v %+v", s, s.Registration)
	}

	l, err := bob.Dial(t.Context(), leg.Call{From: "bob", To: "alice", Trunk: &b})
	if err != nil {
		t.Fatal(err)
	}
	if r := <-answered; r.Trunk != "a" || r.From != "bob" {
		t.Errorf("%+v", r)
	}
	if err := l.Hangup(t.Context(), parley.AgentEnded); err != nil {
		t.Error(err)
	}
	var no *leg.Rejected
	if _, err := alice.Dial(t.Context(), leg.Call{From: "alice", To: "bob", Trunk: &a}); !errors.As(err, &no) || no.Code != 486 {
		t.Errorf("a busy one: %v", err)
	}
	if _, err := alice.Dial(t.Context(), leg.Call{From: "alice", To: "carol", Trunk: &a}); !errors.As(err, &no) || no.Code != 404 {
		t.Errorf("one that is not registered: %v", err)
	}

	stop()
	down := func(want bool) func() bool {
		return func() bool { h := alice.State()[0].Hops; return len(h) == 1 && h[0].Up != want }
	}
	eventually(t, "the registrar is down", down(true))
	again := kamailioTLS(t, port, algorithm, certs)
	defer again()
	eventually(t, "the registrar is up", down(false))
	eventually(t, "registered anew", func() bool {
		_, err := bob.Dial(t.Context(), leg.Call{From: "bob", To: "alice", Trunk: &b})
		return err == nil
	})
}

// certify writes a certificate for 127.0.0.1, signed by itself, and its key, and gives the certificate.
func certify(t *testing.T, dir string) (ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	ca = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	for name, b := range map[string][]byte{"cert.pem": []byte(ca), "key.pem": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return ca
}

// served is a SIP trunk with one account.
func served(t *testing.T, a parley.TrunkAccount, answer func(context.Context, leg.Offer)) *sip.Trunk {
	t.Helper()
	tr, err := sip.New(sip.Config{
		Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler),
		Trunks: func(context.Context) ([]parley.TrunkAccount, error) { return []parley.TrunkAccount{a}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- tr.Serve(ctx, answer) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return tr
}

func registered(t *testing.T, tr *sip.Trunk, want bool) {
	t.Helper()
	eventually(t, fmt.Sprint("registered: ", want), func() bool {
		s := tr.State()
		return len(s) == 1 && s[0].Registration != nil && s[0].Registration.Registered == want && len(s[0].Hops) == 1 && s[0].Hops[0].Up
	})
}

func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for end := time.Now().Add(60 * time.Second); !so(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}
