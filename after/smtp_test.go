package after

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/parley-voice/parley"
	"github.com/parley-voice/parley/fetch"
)

// A postOffice is a mail server: it keeps what it is handed, and refuses as it is told.
type postOffice struct {
	listener net.Listener
	conf     *tls.Config // nil: it knows no STARTTLS
	direct   bool        // TLS from the first byte
	refuse   map[string]string

	mu      sync.Mutex // guards all below
	letters []string
	auth    []string // what was proved, and over what
	rcpts   []string
	wg      sync.WaitGroup
}

func newPostOffice(t *testing.T, conf *tls.Config, direct bool, refuse map[string]string) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &postOffice{listener: l, conf: conf, direct: direct, refuse: refuse}
	p.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			p.wg.Go(func() { p.serve(conn) })
		}
	})
	t.Cleanup(func() { l.Close(); p.wg.Wait() })
	return p
}

func (p *postOffice) serve(conn net.Conn) {
	defer conn.Close()
	secure := p.direct
	if p.direct {
		conn = tls.Server(conn, p.conf)
	}
	in := bufio.NewReader(conn)
	say := func(s string) { fmt.Fprintf(conn, "%s\r\n", s) }
	say("220 office")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		verb = strings.ToUpper(verb)
		if no := p.refuse[verb]; no != "" {
			say(no)
			continue
		}
		switch verb {
		case "EHLO":
			say("250-office")
			if p.conf != nil && !secure {
				say("250-STARTTLS")
			}
			say("250-AUTH PLAIN")
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go")
			conn = tls.Server(conn, p.conf)
			in, secure = bufio.NewReader(conn), true
		case "AUTH":
			b, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(rest, "PLAIN "))
			p.mu.Lock()
			p.auth = append(p.auth, fmt.Sprintf("%q %v", b, secure))
			p.mu.Unlock()
			say("235 ok")
		case "RCPT":
			p.mu.Lock()
			p.rcpts = append(p.rcpts, rest)
			p.mu.Unlock()
			say("250 ok")
		case "DATA":
			say("354 go")
			var letter strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				letter.WriteString(line)
			}
			p.mu.Lock()
			p.letters = append(p.letters, letter.String())
			p.mu.Unlock()
			say("250 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// certificate is one for 127.0.0.1, and who vouches for it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, pool
}

// dialler connects for real.
type dialler struct{ desk }

func (*dialler) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, network, addr)
}

func TestSMTP(t *testing.T) {
	conf, roots := certificate(t)
	for name, c := range map[string]struct {
		scheme string
		conf   *tls.Config
		direct bool
		roots  *x509.CertPool
		user   string
		refuse map[string]string
		auth   string
		status int
		end    string // done, later or for good
		sent   int
	}{
		"in clear, to this machine":   {scheme: "smtp", user: "u", auth: `"\x00u\x00p" false`, status: 250, end: "done", sent: 1},
		"without a name":              {scheme: "smtp", status: 250, end: "done", sent: 1},
		"STARTTLS":                    {scheme: "smtp", conf: conf, roots: roots, user: "u", auth: `"\x00u\x00p" true`, status: 250, end: "done", sent: 1},
		"smtps":                       {scheme: "smtps", conf: conf, direct: true, roots: roots, user: "u", auth: `"\x00u\x00p" true`, status: 250, end: "done", sent: 1},
		"a certificate of a stranger": {scheme: "smtps", conf: conf, direct: true, user: "u", end: "later"},
		"STARTTLS of a stranger":      {scheme: "smtp", conf: conf, user: "u", end: "later"},
		"the password is wrong":       {scheme: "smtp", user: "u", refuse: map[string]string{"AUTH": "535 no"}, status: 535, end: "for good"},
		"nobody by that name":         {scheme: "smtp", refuse: map[string]string{"RCPT": "550 who"}, status: 550, end: "for good"},
		"greylisted":                  {scheme: "smtp", refuse: map[string]string{"RCPT": "451 later"}, status: 451, end: "later"},
		"busy":                        {scheme: "smtp", refuse: map[string]string{"DATA": "421 busy"}, status: 421, end: "later"},
		"taken, then rude":            {scheme: "smtp", refuse: map[string]string{"QUIT": "500 what", "RSET": "500 what"}, status: 250, end: "done", sent: 1},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPostOffice(t, c.conf, c.direct, c.refuse)
			clerk := New(Config{Net: &dialler{}, Roots: c.roots})
			e := &errand{key: "00000000-aaaa", call: &parley.Call{End: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}, values: values{"name": "Zoë"},
				want: want1("a", `{"from_email":"Desk <desk@x.y>","to_email":"ada@x.y,bo@x.y","subject":"Grüße an {name}","body":"Hello {name}\n.\nBye"}`)}
			l, err := e.letter()
			if err != nil {
				t.Fatal(err)
			}
			clerk.smtp(t.Context(), e, account{credentials: map[string]any{"base_url": c.scheme + "://" + p.listener.Addr().String(), "username": c.user, "password": "p"}}, l)
			end := "done"
			if e.err != nil {
				end = map[bool]string{true: "for good", false: "later"}[e.forGood]
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			if end != c.end || e.status != c.status || len(p.letters) != c.sent || strings.Join(p.auth, ";") != c.auth {
				t.Fatalf("%s %d %v, %d letters, %q", end, e.status, e.err, len(p.letters), p.auth)
			}
			if c.sent == 0 {
				return
			}
			contain(t, "the letter", p.letters[0], "From: \"Desk\" <desk@x.y>", "To: <ada@x.y>, <bo@x.y>", "Message-ID: <00000000-aaaa@x.y>", "Date: Fri, 02 Jan 2026 03:04:05",
				"Subject: =?UTF-8?", "Auto-Submitted: auto-generated", "Idempotency-Key: 00000000-aaaa", "Content-Type: text/plain; charset=UTF-8", "Hello Zo=C3=AB")
			if len(p.rcpts) != 2 {
				t.Errorf("%q", p.rcpts)
			}
		})
	}
}

// TestSMTPIsGuarded: a mail server is reached only where anything may be fetched from.
func TestSMTPIsGuarded(t *testing.T) {
	p := newPostOffice(t, nil, false, nil)
	f := fetch.New(fetch.Options{})
	defer f.Close()
	e := &errand{call: &parley.Call{}, want: want1("a", `{"from_email":"a@x.y","to_email":"b@x.y","subject":"","body":""}`)}
	l, err := e.letter()
	if err != nil {
		t.Fatal(err)
	}
	New(Config{Net: f}).smtp(t.Context(), e, account{credentials: map[string]any{"base_url": "smtp://" + p.listener.Addr().String()}}, l)
	if e.err == nil || !e.forGood || !strings.Contains(e.err.Error(), "not a public address") || len(p.letters) != 0 {
		t.Errorf("%v", e.err)
	}
}

func TestMailServersThatAreNone(t *testing.T) {
	for _, base := range []string{"smtp://", "smtps://:465", "smtp://h:999999", "smtp://%zz"} {
		if _, err := New(Config{}).mailClient(account{credentials: map[string]any{"base_url": base}}, nil); err == nil {
			t.Error(base)
		}
	}
}
