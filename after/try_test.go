package after

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"strings"
	"testing"

	"github.com/parley-voice/parley/fetch"
)

// TestTryMail: connects, greets, proves who we are, and sends nothing.
func TestTryMail(t *testing.T) {
	conf, roots := certificate(t)
	for name, c := range map[string]struct {
		scheme string
		conf   *tls.Config
		direct bool
		roots  *x509.CertPool
		refuse map[string]string
		status int
		proven bool
	}{
		"in clear, to this machine": {scheme: "smtp", status: 250, proven: true},
		"STARTTLS":                  {scheme: "smtp", conf: conf, roots: roots, status: 250, proven: true},
		"smtps":                     {scheme: "smtps", conf: conf, direct: true, roots: roots, status: 250, proven: true},
		"of a stranger":             {scheme: "smtps", conf: conf, direct: true},
		"the password is wrong":     {scheme: "smtp", refuse: map[string]string{"AUTH": "535 no"}, status: 535},
		"no greeting":               {scheme: "smtp", refuse: map[string]string{"EHLO": "554 go away", "HELO": "554 go away"}, status: 554},
	} {
		p := newPostOffice(t, c.conf, c.direct, c.refuse)
		got := New(Config{Net: &dialler{}, Roots: c.roots}).Try(t.Context(), passwordAccount,
			map[string]any{"base_url": c.scheme + "://" + p.listener.Addr().String() + "?x=secret", "username": "u", "password": "p"})
		if len(got) != 1 || got[0].What != TrialMail || got[0].Status != c.status || got[0].Proven != c.proven || (got[0].Err == nil) != c.proven || strings.Contains(got[0].Address, "secret") {
			t.Errorf("%s: %+v", name, got)
		}
		p.mu.Lock()
		if len(p.letters)+len(p.rcpts) > 0 {
			t.Errorf("%s: it wrote", name)
		}
		p.mu.Unlock()
	}
}

// TestTrySystem: a token first where there is one to be had, and the base_url with what it gave.
func TestTrySystem(t *testing.T) {
	bubble(t, func(t *testing.T, d *desk) {
		status := map[string]int{}
		d.answer = func(r fetch.Request) (*fetch.Response, error) {
			if status[r.URL] == 0 {
				return nil, errors.New("no route")
			}
			return &fetch.Response{Status: status[r.URL], Body: []byte(`{"access_token":"t"}`)}, nil
		}
		c := map[string]any{"base_url": "https://h/b", "token_url": "https://h/t", "username": "u", "password": "p"}
		status["https://h/t"], status["https://h/b"] = 200, 403
		got := d.clerk.Try(t.Context(), passwordAccount, c)
		if len(got) != 2 || !got[0].Proven || got[0].What != TrialToken || got[1].Status != 403 || got[1].Proven || d.sent[1].Header.Get("Authorization") != "Bearer t" {
			t.Errorf("%+v", got)
		}
		status["https://h/t"] = 401
		if got := d.clerk.Try(t.Context(), passwordAccount, c); len(got) != 1 || got[0].Status != 401 || got[0].Err == nil {
			t.Errorf("%+v", got)
		}
		delete(status, "https://h/b")
		if got := d.clerk.Try(t.Context(), "account_connection_external_api_key", map[string]any{"base_url": "https://h/b?k=1", "api_key": "k"}); len(got) != 1 || got[0].Err == nil || got[0].Address != "https://h/b" {
			t.Errorf("%+v", got)
		}
	})
}
