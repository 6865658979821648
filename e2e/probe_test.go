//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A tested is the answer of a test of a connection.
type tested struct {
	OK     bool
	Checks []struct {
		What, Verdict, Said string
		Server, Credentials string
		ToDo                string `json:"to_do"`
		SeenAs              string `json:"seen_as"`
		Status              int
	}
}

// of is the check of that kind.
func (d tested) of(t *testing.T, what string) (line string) {
	t.Helper()
	for _, c := range d.Checks {
		if c.What == what {
			return fmt.Sprintf("%s|%d|%s|%s|%s|%s|%s", c.Verdict, c.Status, c.Said, c.ToDo, c.Credentials, c.Server, c.SeenAs)
		}
	}
	t.Fatalf("there is no %s in %+v", what, d)
	return ""
}

func (s *server) tests(body m) (d tested) {
	s.t.Helper()
	s.api("POST", "/v1/account_connections/test", body, &d)
	return d
}

func trunkTo(port int, more m) m {
	c := m{"host": "127.0.0.1", "port": port, "options_interval_seconds": 0}
	for k, v := range more {
		c[k] = v
	}
	return m{"type": "account_connection_sip", "credentials": c}
}

// answering runs a scenario of testdata as a far end, once, with each first of a pair of texts replaced; wait says whether it heard what it
// should.
func answering(t *testing.T, scenario string, pairs ...string) (port int, wait func() error) {
	t.Helper()
	need(t, "sipp")
	b, err := os.ReadFile(filepath.Join("testdata", scenario+".xml"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "scenario.xml")
	if err := os.WriteFile(file, []byte(strings.NewReplacer(pairs...).Replace(string(b))), 0o600); err != nil {
		t.Fatal(err)
	}
	port = freePort(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	cmd := exec.CommandContext(ctx, "sipp", "-sf", file, "-i", "127.0.0.1", "-p", fmt.Sprint(port), "-m", "1", "-nostdin", "-trace_err", "-error_file", "errors.log")
	cmd.Dir = t.TempDir()
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	t.Cleanup(func() { cancel(); <-done })
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) { // it listens once nobody else can
		l, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		if err != nil {
			break
		}
		l.Close()
		if time.Now().After(end) {
			t.Fatalf("sipp does not listen: %s", out.String())
		}
	}
	return port, func() error {
		err := <-done
		done <- err
		if err != nil {
			return fmt.Errorf("sipp: %w: %s", err, out.String())
		}
		return nil
	}
}

// TestProbeKamailio: a registrar takes the right password and not the wrong one, by UDP and TLS; what is registered there stays so.
func TestProbeKamailio(t *testing.T) {
	t.Parallel()
	port, certs := freePort(t), t.TempDir()
	ca := certify(t, certs)
	kamailioTLS(t, port, "MD5", certs)
	s := serve(t)
	line := m{"username": "alice", "password": "secret of line", "register": true, "register_expires_seconds": 120}
	with := func(name string, value any) m {
		c := m{name: value}
		for k, v := range line {
			if k != name {
				c[k] = v
			}
		}
		return c
	}
	var made struct{ ID string }
	s.api("POST", "/v1/account_connections/create", trunkTo(port, line), &made)
	type status struct {
		Registration *struct {
			Registered bool
			Since      string
		}
	}
	var before, after status
	s.until("registered", time.Minute, func() bool {
		s.api("GET", "/v1/account_connections/status?id="+made.ID, nil, &before)
		return before.Registration != nil && before.Registration.Registered
	})
	var stored tested
	s.api("POST", "/v1/account_connections/test?id="+made.ID, nil, &stored)
	if got := stored.of(t, "register"); !stored.OK || !strings.Contains(got, "ok|200|it would register alice (200 OK) and takes the password||taken") || !strings.Contains(got, "kamailio") {
		t.Errorf("%s in %+v", got, stored)
	}
	if got := s.tests(trunkTo(port, with("password", "wrong"))); got.OK || !strings.Contains(got.of(t, "register"), "failed|401|it does not take the password of alice (401 Unauthorized)|Check credentials.username, auth_username and password") {
		t.Errorf("%+v", got)
	}
	secure := with("transport", "tls")
	if got := s.tests(trunkTo(port+1, secure)); got.OK || !strings.Contains(got.of(t, "options"), "whom nobody here trusts|Put the certificate of that authority, or a self-signed one itself, into credentials.tls_ca") {
		t.Errorf("%+v", got)
	}
	secure["tls_ca"] = ca
	if got := s.tests(trunkTo(port+1, secure)); !got.OK || !strings.Contains(got.of(t, "register"), "|taken|") {
		t.Errorf("%+v", got)
	}
	other := trunkTo(port+1, secure)
	other["credentials"].(m)["host"] = "localhost"
	if got := s.tests(other); got.OK || !strings.Contains(got.of(t, "options"), "its certificate is for 127.0.0.1, and not for localhost") {
		t.Errorf("%+v", got)
	}
	pbx := trunkTo(port, m{"preset": "asterisk", "username": "bob", "password": "secret of line"})
	if got := s.tests(pbx); !got.OK || !strings.Contains(got.of(t, "settings"), "the preset asterisk fills in caller_id p_asserted_identity; codecs G722 PCMU PCMA; register true") || !strings.Contains(got.of(t, "register"), "|taken|") {
		t.Errorf("%+v", got)
	}
	s.api("GET", "/v1/account_connections/status?id="+made.ID, nil, &after)
	if after.Registration == nil || !after.Registration.Registered || after.Registration.Since != before.Registration.Since {
		t.Errorf("it was registered since %+v, and is %+v", before.Registration, after.Registration)
	}
}

// TestProbeRefused: far ends that refuse OPTIONS, that see us elsewhere, and one that is not there.
func TestProbeRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, "PARLEY_PUBLIC_IP=127.0.0.1")
	for answer, want := range map[string]string{
		"403 Forbidden":          "failed|403|it refuses us (403 Forbidden); it sees us at 198.51.100.4|Have the far end allow our address",
		"405 Method Not Allowed": "note|405|it answers (405 Method Not Allowed); it sees us at 198.51.100.4",
	} {
		port, wait := answering(t, "options_refused", "403 Forbidden", answer)
		got := s.tests(trunkTo(port, nil)).of(t, "options")
		if !strings.HasPrefix(got, strings.SplitN(want, ";", 2)[0]) || !strings.Contains(got, "|Carrier SBC 7|198.51.100.4") {
			t.Errorf("%s: %s", answer, got)
		}
		if err := wait(); err != nil {
			t.Error(err)
		}
	}
	began := time.Now()
	if got := s.tests(trunkTo(freePort(t), m{"register": true, "username": "u", "password": "p"})); got.OK || !strings.Contains(got.of(t, "options"), "failed|0|it does not answer OPTIONS in time") ||
		!strings.Contains(got.of(t, "register"), "failed|0|it does not answer REGISTER in time") {
		t.Errorf("%+v", got)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("it took %s to find that nobody is there", took)
	}
	if got := s.tests(trunkTo(freePort(t), m{"transport": "tcp"})); got.OK || !strings.Contains(got.of(t, "options"), "nothing listens there") {
		t.Errorf("%+v", got)
	}
}

// TestPresetOfAPBX: a call by a preset, in the national numbers of its routes, comes as the PBX wants it.
func TestPresetOfAPBX(t *testing.T) {
	t.Parallel()
	port, wait := answering(t, "pbx_route")
	s := serve(t)
	agent, _ := s.agent(nil)
	var trunk, made struct{ ID string }
	c := trunkTo(port, m{"preset": "freepbx", "username": "100", "password": "p", "register": false, "number_format": "national", "country": "US"})
	s.api("POST", "/v1/account_connections/create", c, &trunk)
	s.api("POST", "/v1/calls/create", m{"to_number": "+14155550199", "from_number": "+14155550111", "agent": agent, "telephony_account_connection": trunk.ID}, &made)
	if err := wait(); err != nil {
		t.Error(err)
	}
	if c := s.ended(20 * time.Second); c.Ended != "busy" {
		t.Errorf("%+v", c)
	}
}
