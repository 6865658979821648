package srtp

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestHandshakeWithOpenSSL has openssl on the other side, in both roles and for each suite, and compares the keys that both have come to.
func TestHandshakeWithOpenSSL(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("no openssl")
	}
	dir := t.TempDir()
	key, cert := filepath.Join(dir, "key.pem"), filepath.Join(dir, "cert.pem")
	openssl := func(args ...string) string {
		out, err := exec.Command("openssl", args...).Output()
		if err != nil {
			t.Skip("this openssl cannot: ", args[0])
		}
		return string(out)
	}
	openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "3", "-subj", "/CN=x")
	_, print, _ := strings.Cut(strings.TrimSpace(openssl("x509", "-in", cert, "-noout", "-fingerprint", "-sha256")), "=")

	for suite, profile := range map[Suite]string{
		AES_CM_128_HMAC_SHA1_80: "SRTP_AES128_CM_SHA1_80", AES_CM_128_HMAC_SHA1_32: "SRTP_AES128_CM_SHA1_32",
		AEAD_AES_128_GCM: "SRTP_AEAD_AES_128_GCM", AEAD_AES_256_GCM: "SRTP_AEAD_AES_256_GCM",
	} {
		for _, active := range []bool{true, false} {
			t.Run(fmt.Sprintf("%v active %v", suite, active), func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				of := suites[suite]
				args := []string{
					"-dtls1_2", "-cert", cert, "-key", key, "-use_srtp", profile, "-keymatexport", "EXTRACTOR-dtls_srtp",
					"-keymatexportlen", fmt.Sprint(2 * (of.key + of.salt)),
				}
				ours, theirs := ports(t)
				conn := &towards{ours, theirs}
				var line net.Conn = conn
				if active {
					args = append([]string{"s_server", "-accept", fmt.Sprint(theirs.Port), "-Verify", "1"}, args...)
				} else {
					args = append([]string{"s_client", "-connect", ours.LocalAddr().String()}, args...)
					line = &answering{conn}
				}
				exported := run(t, ctx, args)
				got, err := Handshake(ctx, line, certificate(t), "sha-256 "+print, active)
				if err != nil {
					t.Fatal(err)
				}
				client, server := got.Send, got.Receive
				if !active {
					client, server = server, client
				}
				want := hex.EncodeToString(bytes.Join([][]byte{client.Master, server.Master, client.Salt, server.Salt}, nil))
				if theirs := exported(); got.Send.Suite != suite || !strings.EqualFold(theirs, want) {
					t.Errorf("%v with keys %s, openssl has %s", got.Send.Suite, want, theirs)
				}
			})
		}
	}
}

// ports are a socket of ours and a port that was free a moment ago.
func ports(t *testing.T) (ours *net.UDPConn, theirs *net.UDPAddr) {
	var socks [2]*net.UDPConn
	for i := range socks {
		s, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		socks[i] = s
	}
	theirs = socks[1].LocalAddr().(*net.UDPAddr)
	socks[1].Close()
	t.Cleanup(func() { socks[0].Close() })
	return socks[0], theirs
}

// answering sends to where the last datagram came from.
type answering struct{ *towards }

func (a *answering) Read(b []byte) (int, error) {
	n, from, err := a.ReadFrom(b)
	if err == nil {
		a.to = from
	}
	return n, err
}

// run starts openssl; exported waits for the key material it prints.
func run(t *testing.T, ctx context.Context, args []string) (exported func() string) {
	cmd := exec.CommandContext(ctx, "openssl", args...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = w, w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w.Close()
	found := make(chan string, 1)
	go func() {
		defer out.Close()
		for sc := bufio.NewScanner(out); sc.Scan(); {
			if _, hex, ok := strings.Cut(sc.Text(), "Keying material: "); ok {
				found <- strings.TrimSpace(hex)
			}
		}
		_, _ = io.Copy(io.Discard, out)
		close(found)
	}()
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return func() string { return <-found }
}
