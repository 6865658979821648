package fetch

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// public makes a client for which every name is a public address, and every connection goes to srv.
func public(srv *httptest.Server, o Options) *Client {
	o.Lookup = func(context.Context, string) ([]netip.Addr, error) {
		return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
	}
	o.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, srv.Listener.Addr().String())
	}
	return New(o)
}

// TestErrorsTellNoAddress: an address may hold a token, and errors end up in delivery logs and in the server's.
func TestErrorsTellNoAddress(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/drop":
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				c.Close()
			}
		case "/loop":
			http.Redirect(w, r, r.URL.String(), http.StatusFound)
		case "/inside":
			http.Redirect(w, r, "http://127.0.0.1/?token=canary", http.StatusFound)
		case "/short":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("x"))
		}
	}))
	defer srv.Close()
	c := public(srv, Options{})
	defer c.Close()
	for _, path := range []string{"/drop", "/loop", "/inside", "/short"} {
		_, err := c.Do(t.Context(), Request{URL: "http://there.example" + path + "?token=canary"})
		if err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestRedirectsCarryNoKeys: what authorizes or signs for one host is not shown to another, whatever its header is called.
func TestRedirectsCarryNoKeys(t *testing.T) {
	seen := map[string]http.Header{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen[r.Host] = r.Header.Clone()
		if r.Host == "first.example" {
			http.Redirect(w, r, "http://second.example/", http.StatusTemporaryRedirect)
		}
	}))
	defer srv.Close()
	c := public(srv, Options{})
	defer c.Close()
	h := http.Header{"X-Api-Key": {"canary"}, "Authorization": {"Bearer canary"}, "Webhook-Signature": {"v1,canary"}, "Cookie": {"canary"}, "Content-Type": {"application/json"}}
	if _, err := c.Do(t.Context(), Request{Method: "POST", URL: "http://first.example/?token=canary", Header: h, Body: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	if got := seen["first.example"]; got.Get("X-Api-Key") != "canary" || got.Get("User-Agent") != "Parley" {
		t.Errorf("the first host got %v", got)
	}
	second := seen["second.example"]
	if second == nil || second.Get("Content-Type") != "application/json" {
		t.Fatalf("the second host got %v", second)
	}
	for k, v := range second {
		if strings.Contains(strings.Join(v, ""), "canary") {
			t.Errorf("the second host got %s: %v", k, v)
		}
	}
}

// TestRefusalsSayWhoCanAllow: the operator reads in the message what to set.
func TestRefusalsSayWhoCanAllow(t *testing.T) {
	err := New(Options{}).CheckURL("webhook.url", "http://10.0.0.1/")
	if err == nil || !strings.Contains(err.Error(), "webhook.url") || !strings.Contains(err.Error(), "10.0.0.1") || !strings.Contains(err.Error(), "PARLEY_ALLOW_NETWORKS") {
		t.Error(err)
	}
}

// TestEmptyAnswersOfResolvers: a name without an address is an error, not a connection to nowhere.
func TestEmptyAnswersOfResolvers(t *testing.T) {
	gone := errors.New("no such host")
	for name, lookup := range map[string]func(context.Context, string) ([]netip.Addr, error){
		"nothing": func(context.Context, string) ([]netip.Addr, error) { return nil, nil },
		"error":   func(context.Context, string) ([]netip.Addr, error) { return nil, gone },
		"invalid": func(context.Context, string) ([]netip.Addr, error) { return []netip.Addr{{}}, nil },
	} {
		c := New(Options{Lookup: lookup, Dial: func(context.Context, string, string) (net.Conn, error) {
			t.Errorf("%s: it dialled", name)
			return nil, gone
		}})
		if _, err := c.Do(t.Context(), Request{URL: "http://there.example/"}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
