package sip

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/leg/sip/register"
)

// probing asks in the background.
func probing(t *testing.T, tr *Trunk, a parley.TrunkAccount) func() []Probe {
	t.Helper()
	type result struct {
		probes []Probe
		err    error
	}
	done := make(chan result, 1)
	go func() {
		p, err := tr.Probe(context.WithoutCancel(t.Context()), a)
		done <- result{p, err}
	}()
	return func() []Probe {
		t.Helper()
		select {
		case r := <-done:
			if r.err != nil {
				t.Fatal(r.err)
			}
			return r.probes
		case <-time.After(patience):
			t.Fatal("it asks for ever")
		}
		return nil
	}
}

// another expects a request that is no repetition of one that is known.
func (p *peer) another(method string, known map[string]bool) string {
	p.t.Helper()
	for {
		m := p.expect(method + " ")
		if it := header(m, "Call-ID") + header(m, "CSeq"); !known[it] {
			known[it] = true
			return m
		}
	}
}

const challenged = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"

// TestProbe: an address that asks for a password, sees us elsewhere and says what it speaks.
func TestProbe(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	p := newPeer(t, nil)
	got := probing(t, tr, parley.TrunkAccount{Host: "127.0.0.1", Port: p.port(), Username: "u", Password: "p"})
	m := p.expect("OPTIONS ")
	p.respond(m, "401 Unauthorized", challenged, "")
	again := p.anew("OPTIONS", m)
	if header(again, "Call-ID") != header(m, "Call-ID") || !strings.Contains(header(again, "Authorization"), `username="u"`) {
		t.Errorf("its answer to the challenge: %s", again)
	}
	p.respond(strings.Replace(again, ";rport", ";rport=1024;received=198.51.100.4", 1), "200 Fine", "Server: FPBX-1\r\nUser-Agent: x\r\n", p.sdp("a=rtpmap:9 G722/8000\r\n"))
	probes := got()
	if len(probes) != 1 {
		t.Fatalf("%+v", probes)
	}
	x := probes[0]
	if x.Method != "OPTIONS" || x.Code != 200 || x.Server != "FPBX-1" || !x.Asked || !x.Proven || x.Failure != nil || x.RoundTrip <= 0 ||
		x.Seen != netip.MustParseAddrPort("198.51.100.4:1024") || x.Own != tr.Addr() || strings.Join(x.Codecs, " ") != "PCMU" {
		t.Errorf("%#v", x)
	}
	if got := oneLine("a\x01b\r\nc\xff" + strings.Repeat("é", wordsMost)); !strings.HasPrefix(got, "abcé") || len(got) > wordsMost || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}

// TestProbeOfWhoRefuses: what an OPTIONS is answered with, and whether that is a failure.
func TestProbeOfWhoRefuses(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	for status, fails := range map[string]bool{"200 OK": false, "404 Not Found": false, "405 Method Not Allowed": false, "486 Busy Here": false,
		"403 Forbidden": true, "503 Service Unavailable": true, "408 Request Timeout": true} {
		p := newPeer(t, nil)
		got := probing(t, tr, parley.TrunkAccount{Host: "127.0.0.1", Port: p.port()})
		p.respond(p.expect("OPTIONS "), status, "", "")
		x := got()[0]
		if (x.Failure != nil) != fails || fmt.Sprint(x.Code) != status[:3] || x.Reason != status[4:] || x.Asked || x.Proven {
			t.Errorf("%s: %+v", status, x)
		}
	}
	for name, password := range map[string]string{"without a password": "", "a wrong one": "wrong"} {
		p := newPeer(t, nil)
		got := probing(t, tr, parley.TrunkAccount{Host: "127.0.0.1", Port: p.port(), Username: "u", Password: password})
		m := p.expect("OPTIONS ")
		p.respond(m, "407 Proxy Authentication Required", strings.Replace(challenged, "WWW", "Proxy", 1), "")
		if password != "" {
			p.respond(p.anew("OPTIONS", m), "407 Proxy Authentication Required", strings.Replace(challenged, "WWW", "Proxy", 1), "")
		}
		if x := got()[0]; x.Failure == nil || x.Code != 407 || !x.Asked || x.Proven {
			t.Errorf("%s: %+v", name, x)
		}
	}
}

// TestProbeOfRegistrar: it is asked what it has of us, and nothing is bound, taken back or told to what runs.
func TestProbeOfRegistrar(t *testing.T) {
	p := newPeer(t, nil)
	known := map[string]bool{}
	r := &registry{}
	r.set(p.account())
	tr := tending(t, Config{}, r, nil)
	p.grants(p.another("REGISTER", known))
	comes(t, "registered", func() bool { return lineOf(tr).isRegistered() })
	before := lineOf(tr).Registration

	got := probing(t, tr, p.account())
	p.respond(p.another("OPTIONS", known), "200 OK", "", "")
	m := p.another("REGISTER", known)
	if header(m, "Contact") != "" || header(m, "Expires") != "" {
		t.Errorf("it binds: %s", m)
	}
	p.respond(m, "401 Unauthorized", challenged, "")
	p.respond(p.another("REGISTER", known), "403 Forbidden", "", "")
	if x := got()[1]; x.Method != "REGISTER" || x.Code != 403 || !x.Asked || x.Proven || !x.Unbound {
		t.Errorf("%#v", x)
	}
	if s := lineOf(tr); *s.Registration != *before {
		t.Errorf("what runs has changed: %+v", s.Registration)
	}

	got = probing(t, tr, p.account()) // and one that knows no such question
	p.respond(p.another("OPTIONS", known), "200 OK", "", "")
	p.respond(p.another("REGISTER", known), "400 Missing Contact", "", "")
	if x := got()[1]; x.Code != 400 || x.Failure == nil || !x.Unbound {
		t.Errorf("%#v", x)
	}
	for m := p.read(200 * time.Millisecond); m != ""; m = p.read(200 * time.Millisecond) {
		if header(m, "Contact") != "" {
			t.Errorf("what runs is taken back: %s", m)
		}
	}
}

// TestProbeRegistersForAMoment at a registrar that knows no question, where nothing of ours runs.
func TestProbeRegistersForAMoment(t *testing.T) {
	p := newPeer(t, nil)
	known := map[string]bool{}
	tr := trunk(t, Config{}, nil)
	got := probing(t, tr, p.account())
	p.respond(p.another("OPTIONS", known), "200 OK", "", "")
	m := p.another("REGISTER", known)
	p.respond(m, "400 Missing Contact", "", "")
	m = p.another("REGISTER", known)
	if header(m, "Contact") == "" || header(m, "Expires") != "60" {
		t.Errorf("%s", m)
	}
	p.grants(m)
	m = p.another("REGISTER", known)
	if header(m, "Expires") != "0" {
		t.Errorf("it is not taken back: %s", m)
	}
	p.grants(m)
	if x := got()[1]; x.Code != 200 || x.Failure != nil || x.Unbound {
		t.Errorf("%#v", x)
	}
}

// TestProbeOfNobody: silence, a closed port, a certificate of a stranger's; and the second address while the first is silent.
func TestProbeOfNobody(t *testing.T) {
	tr := trunk(t, Config{}, nil)
	silent, p := newPeer(t, nil), newPeer(t, nil)
	ctx, stop := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer stop()
	probes, err := tr.Probe(ctx, parley.TrunkAccount{Host: "127.0.0.1", Port: silent.port(), Username: "u", Register: parley.TrunkRegister{On: true}})
	if err != nil || len(probes) != 2 || !errors.Is(probes[0].Failure, context.DeadlineExceeded) || probes[1].Method != "REGISTER" || probes[1].Failure == nil {
		t.Errorf("%+v, %v", probes, err)
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	if x := probing(t, tr, parley.TrunkAccount{Host: closed.Addr().String(), Transport: "tcp"})()[0]; !errors.Is(x.Failure, syscall.ECONNREFUSED) {
		t.Errorf("%#v", x)
	}
	cert, _ := authority(t)
	far := trunk(t, Config{ListenTLS: "127.0.0.1:0", TLS: &tls.Config{Certificates: []tls.Certificate{cert}}}, nil)
	var wrong *tls.CertificateVerificationError
	if x := probing(t, tr, parley.TrunkAccount{Host: far.AddrTLS().String(), Transport: "tls"})()[0]; !errors.As(x.Failure, &wrong) {
		t.Errorf("%#v", x)
	}
	for field, a := range map[string]parley.TrunkAccount{
		"transport": {Host: "127.0.0.1", Transport: "ws"}, "tls_ca": {Host: "127.0.0.1", Transport: "tls", TLSCA: "none"}, "host": {Host: "no such host!"},
	} {
		if _, err := tr.Probe(t.Context(), a); err == nil || Mistaken(err) != field {
			t.Errorf("%s: %v (%q)", field, err, Mistaken(err))
		}
	}
	got := probing(t, tr, parley.TrunkAccount{Host: "127.0.0.1", Port: p.port(), Register: parley.TrunkRegister{On: true}})
	p.respond(p.expect("OPTIONS "), "200 OK", "", "")
	if x := got()[1]; Mistaken(x.Failure) != "username" {
		t.Errorf("%#v", x)
	}
}

// TestUnasked: which refusals are of the question.
func TestUnasked(t *testing.T) {
	for code, want := range map[int]bool{400: true, 405: true, 500: true, 401: false, 403: false, 404: false, 407: false, 503: false} {
		if register.Unasked(&register.Refusal{Code: code}) != want {
			t.Errorf("%d: %v", code, !want)
		}
	}
	if register.Unasked(nil) || register.Unasked(errors.New("x")) {
		t.Error("what is no refusal")
	}
}
