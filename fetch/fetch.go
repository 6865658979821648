// Package fetch is the one HTTP client for addresses that users give: webhooks, context endpoints, external actions. It
// connects to public addresses only, whatever a name resolves to and wherever a redirect leads; the operator may allow
// others. It starts no goroutine of its own (net/http keeps its connections').
package fetch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/parley-voice/parley"
)

// Limits of a request unless Options say otherwise.
const (
	Timeout      = 10 * time.Second
	MaxBody      = 1 << 20 // bytes of an answer
	maxRedirects = 3
	maxURL       = 64 << 10 // bytes, with the query of a GET webhook
	maxSavedURL  = 2048
)

// ErrTooLarge is returned with the head of an answer that is longer than MaxBody.
var ErrTooLarge = errors.New("the answer is too large")

// Options say how a Client may fetch; the zero value is for the public Internet.
type Options struct {
	Allow   []netip.Prefix   // also fetch from these, whatever they are
	Own     []netip.AddrPort // our own listeners: never fetched from, not even when allowed; an unspecified address is all of this machine's
	Timeout time.Duration    // of a whole request, redirects included; 0 is Timeout
	MaxBody int64            // bytes of an answer; 0 is MaxBody

	// Lookup and Dial are for tests: how a name becomes addresses, and how a checked address is connected to.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
}

// A Client fetches. Its methods may be called from any goroutine.
type Client struct {
	guard   guard
	http    *http.Client
	maxBody int64
	timeout time.Duration
}

// New makes a client.
func New(o Options) *Client {
	c := &Client{guard: newGuard(o), maxBody: o.MaxBody, timeout: o.Timeout}
	if c.maxBody <= 0 {
		c.maxBody = MaxBody
	}
	if c.timeout <= 0 {
		c.timeout = Timeout
	}
	c.http = &http.Client{
		Transport: &http.Transport{
			DialContext:            c.guard.dial,
			Proxy:                  nil, // a proxy would resolve the name again, out of our sight
			ForceAttemptHTTP2:      true,
			MaxIdleConns:           256,
			MaxIdleConnsPerHost:    16,
			IdleConnTimeout:        30 * time.Second,
			TLSHandshakeTimeout:    5 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return fmt.Errorf("more than %d redirects", maxRedirects)
			}
			if via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme != "https" {
				return errors.New("a redirect from https to http is not followed")
			}
			if r.URL.Host != via[0].URL.Host {
				for k := range r.Header {
					if k != "User-Agent" && k != "Content-Type" && k != "Accept" {
						r.Header.Del(k) // signatures and keys are for the host they were meant for
					}
				}
			}
			_, err := c.guard.check(r.URL.String())
			return err
		},
	}
	return c
}

// Allow has the client fetch from these networks beside public addresses, and from no others that it was allowed before. Requests that run go on.
func (c *Client) Allow(networks []netip.Prefix) {
	c.guard.allow(networks)
	c.http.CloseIdleConnections()
}

// A Request is one to be made.
type Request struct {
	Method string // GET when empty
	URL    string
	Header http.Header // not sent on when a redirect leads to another host
	Body   []byte
}

// A Response is the answer to a Request, read to its end.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do makes a request. An address that may not be fetched: a *BlockedError, and nothing is sent. An answer that is too long:
// ErrTooLarge and the Response without the rest. Any status is an answer, not an error.
func (c *Client) Do(ctx context.Context, r Request) (*Response, error) {
	u, err := c.guard.check(r.URL)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	var body io.Reader
	if len(r.Body) > 0 {
		body = bytes.NewReader(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fmt.Errorf("making a request: %w", err)
	}
	for k, v := range r.Header {
		req.Header[http.CanonicalHeaderKey(k)] = v
	}
	if req.Header.Get("User-Agent") == "" {
		req.Header.Set("User-Agent", "Parley")
	}
	res, err := c.http.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(io.LimitReader(res.Body, c.maxBody+1))
	out := &Response{Status: res.StatusCode, Header: res.Header, Body: b}
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", withoutURL(err))
	}
	if int64(len(b)) > c.maxBody {
		out.Body = b[:c.maxBody]
		return out, ErrTooLarge
	}
	return out, nil
}

// withoutURL takes the address out of net/http's error: it may hold a token.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Dial connects to an address (host:port) where it may be fetched from, for those who speak another protocol than Do, or stream.
// Not allowed: a *BlockedError.
func (c *Client) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	return c.guard.dial(ctx, network, addr)
}

// Close lets idle connections go.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// CheckURL checks an address that is about to be saved in a field: its form, and, when it names an address outright, that
// it may be fetched. What a name resolves to is checked at each request. The error is a *parley.Error of status 400.
func (c *Client) CheckURL(field, raw string) error {
	if len(raw) > maxSavedURL {
		return parley.Invalid(field, fmt.Sprintf("%s is longer than %d characters", field, maxSavedURL))
	}
	if _, err := c.guard.check(raw); err != nil {
		return parley.Invalid(field, field+" "+err.Error())
	}
	return nil
}

// parse checks the form of an address.
func parse(raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, &BlockedError{"is too long"}
	}
	if strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return nil, &BlockedError{"has a space or a control character"}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, &BlockedError{"is not a URL"}
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, &BlockedError{"must begin with http:// or https://"}
	case u.Hostname() == "" || u.Opaque != "":
		return nil, &BlockedError{"has no host"}
	case u.User != nil:
		return nil, &BlockedError{"must not hold a user name or password"}
	case strings.ContainsAny(u.Hostname(), "%"):
		return nil, &BlockedError{"must not name a network interface"}
	}
	if p := u.Port(); p != "" {
		if _, err := netip.ParseAddrPort("127.0.0.1:" + p); err != nil || p == "0" {
			return nil, &BlockedError{"has a port that does not exist"}
		}
	}
	return u, nil
}
