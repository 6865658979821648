package provider

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"
)

const (
	maxErrorBody = 8 << 10 // bytes read of an answer that is an error
	maxUnheard   = 8000    // ms that what we send may go unacknowledged
)

// A Net is the connections to vendors, shared by all of them: they stay open between the turns of a call, and between calls. The
// nil Net is for addresses that the operator gave, or that stand in this program. Its methods may be called from any goroutine.
type Net struct {
	client *http.Client
	dialer *http.Client // of websockets: HTTP/1.1 only, since the handshake is an upgrade
	calls  *http.Client // of gRPC: HTTP/2 only

	knocker *http.Client // opens connections for the dialer; follows no redirect
}

// operators is the nil Net.
var operators = newNet(http.ProxyFromEnvironment, (&net.Dialer{Timeout: 3 * time.Second, KeepAlive: 15 * time.Second, Control: giveUp(maxUnheard)}).DialContext)

// Guarded makes a Net for addresses that tenants give: dial decides where connections may go, and no proxy resolves a name out of
// its sight.
func Guarded(dial func(ctx context.Context, network, addr string) (net.Conn, error)) *Net {
	return newNet(nil, func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if t, ok := c.(*net.TCPConn); ok && err == nil {
			if raw, err := t.SyscallConn(); err == nil {
				_ = giveUp(maxUnheard)(network, addr, raw) // without it a dead vendor is noticed later
			}
		}
		return c, err
	})
}

func newNet(proxy func(*http.Request) (*url.URL, error), dial func(ctx context.Context, network, addr string) (net.Conn, error)) *Net {
	sessions := tls.NewLRUClientSessionCache(256) // one for all: a host's ticket is good for any
	sockets := upgrading(newTransport(proxy, dial, sessions))
	return &Net{client: &http.Client{Transport: newTransport(proxy, dial, sessions), CheckRedirect: sameServer},
		dialer:  &http.Client{Transport: sockets, CheckRedirect: sameServer},
		calls:   &http.Client{Transport: http2Only(newTransport(proxy, dial, sessions)), CheckRedirect: sameServer},
		knocker: &http.Client{Transport: sockets, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// sameServer follows a redirect only where the keys of a request may go: net/http takes Authorization off elsewhere, and no vendor's own header.
func sameServer(req *http.Request, via []*http.Request) error {
	was, same := via[0].URL, req.URL.Scheme == via[0].URL.Scheme && req.URL.Host == via[0].URL.Host
	if len(via) > 3 || !same && (req.URL.Hostname() != was.Hostname() || req.URL.Scheme != "https") {
		return http.ErrUseLastResponse
	}
	return nil
}

func (n *Net) orOperators() *Net {
	if n == nil {
		return operators
	}
	return n
}

func newTransport(proxy func(*http.Request) (*url.URL, error), dial func(ctx context.Context, network, addr string) (net.Conn, error), sessions tls.ClientSessionCache) *http.Transport {
	return &http.Transport{
		Proxy:                 proxy,
		DialContext:           dial,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: sessions},
		TLSHandshakeTimeout:   3 * time.Second,
		ResponseHeaderTimeout: 30 * time.Second,
		MaxIdleConns:          2048,
		MaxIdleConnsPerHost:   512, // every call of a busy node has its own
		IdleConnTimeout:       4 * time.Minute,
		ReadBufferSize:        4 << 10,
		WriteBufferSize:       4 << 10,
		DisableCompression:    true, // event streams and sound gain nothing, and lose time
		ForceAttemptHTTP2:     true,
		HTTP2:                 &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
	}
}

func upgrading(t *http.Transport) *http.Transport {
	t.ForceAttemptHTTP2 = false
	t.HTTP2 = nil
	t.Protocols = new(http.Protocols)
	t.Protocols.SetHTTP1(true)
	return t
}

// Do sends a request. Any answer but a 2xx is a *parley.VendorError, its body read and closed.
func (n *Net) Do(vendor string, req *http.Request) (*http.Response, error) {
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header["Idempotency-Key"] = []string{} // not sent: it lets the transport ask again when a kept connection turns out dead
	resp, err := n.orOperators().client.Do(req)
	if err != nil {
		return nil, Fault(req.Context(), vendor, bare(err))
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
		return nil, StatusError(vendor, resp.StatusCode, hidden(body, req.Header))
	}
	return resp, nil
}

// Touch opens a connection to a vendor, for the next request to find: it sends a GET and forgets the answer.
func (n *Net) Touch(ctx context.Context, vendor, url string, header http.Header) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header = header
	resp, err := n.Do(vendor, req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<20)) // read to its end, or the connection is not kept
	return err
}

// CloseIdle closes the connections that nobody uses; for the end of the process, and for tests.
func (n *Net) CloseIdle() {
	n.orOperators().client.CloseIdleConnections()
	n.orOperators().dialer.CloseIdleConnections()
	n.orOperators().calls.CloseIdleConnections()
}
