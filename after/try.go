package after

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/parley-voice/parley/fetch"
)

// A Trial is one thing that was asked of the system behind an account connection.
type Trial struct {
	What    string // TrialToken, TrialReach, TrialMail
	Address string // without its query
	Status  int    // of HTTP or SMTP; 0: there was no answer
	Server  string // its Server header
	Took    time.Duration
	Proven  bool // it took the credentials: a token was given, the mail server let us in
	Err     error
}

// What a Trial can be.
const (
	TrialToken = "token" // of the token_url
	TrialReach = "reach" // the base_url by HTTP, with the credentials
	TrialMail  = "mail"  // the mail server at base_url
)

// Try asks the system behind a connection with credentials in clear whether it is there and takes them. Nothing is sent by it but the
// credentials; a token is asked for anew.
func (c *Clerk) Try(ctx context.Context, kind string, credentials map[string]any) []Trial {
	a := account{kind: kind, credentials: credentials}
	if base := a.text("base_url"); strings.HasPrefix(base, "smtp://") || strings.HasPrefix(base, "smtps://") {
		return []Trial{c.tryMail(ctx, a)}
	}
	var out []Trial
	token := Trial{What: TrialToken, Address: publicly(a.tokenURL())}
	began := time.Now()
	name, value, err := c.authorization(ctx, a, true)
	if a.tokenURL() != "" {
		token.Took, token.Err, token.Proven = time.Since(began), err, err == nil
		var no *tokenError
		if errors.As(err, &no) {
			token.Status = no.status
		}
		if out = append(out, token); err != nil {
			return out
		}
	}
	reach := Trial{What: TrialReach, Address: publicly(a.text("base_url"))}
	h := http.Header{"Accept": {"*/*"}}
	if name != "" {
		h.Set(name, value)
	}
	began = time.Now()
	res, err := c.Net.Do(ctx, fetch.Request{Method: http.MethodGet, URL: a.text("base_url"), Header: h})
	if errors.Is(err, fetch.ErrTooLarge) {
		err = nil // it is there
	}
	reach.Took, reach.Err = time.Since(began), err
	if err == nil {
		reach.Status, reach.Server = res.Status, res.Header.Get("Server")
	}
	return append(out, reach)
}

// tryMail lets itself in at a mail server, and goes.
func (c *Clerk) tryMail(ctx context.Context, a account) Trial {
	t := Trial{What: TrialMail, Address: publicly(a.text("base_url"))}
	var line net.Conn
	client, err := c.mailClient(a, &line)
	if err == nil {
		began := time.Now()
		err = client.DialWithContext(ctx)
		t.Took = time.Since(began)
	}
	if err == nil {
		t.Status, t.Proven = 250, a.text("username") != ""
		_ = client.Close()
	} else {
		t.Status = smtpStatus(err)
	}
	if line != nil {
		_ = line.Close()
	}
	t.Err = err
	return t
}

// publicly is an address as it may be shown: what comes after the path may be a key.
func publicly(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return u.String()
}
