package provider

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/parley-voice/parley"
)

// TestGuardedConnections: requests, websockets and warming all go by the dialler that decides, and a connection that the operator's
// requests left open is none of a tenant's.
func TestGuardedConnections(t *testing.T) {
	asked := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer srv.Close()
	defer operators.CloseIdle()
	if err := operators.Touch(t.Context(), "acme", srv.URL, nil); err != nil || asked != 1 {
		t.Fatalf("%v, asked %d times", err, asked)
	}
	var dialled []string
	refusal := errors.New("leads to 127.0.0.1, which is not a public address")
	n := Guarded(func(_ context.Context, _, addr string) (net.Conn, error) {
		dialled = append(dialled, addr)
		return nil, refusal
	})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.Do("acme", req)
	_, err2 := n.Dial(t.Context(), "acme", "ws"+strings.TrimPrefix(srv.URL, "http"), nil)
	for what, err := range map[string]error{"a request": err, "a websocket": err2, "warming": n.Touch(t.Context(), "acme", srv.URL, nil)} {
		var v *parley.VendorError
		if !errors.As(err, &v) || !errors.Is(err, refusal) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if asked != 1 || len(dialled) != 3 || dialled[0] != strings.TrimPrefix(srv.URL, "http://") {
		t.Errorf("the server was asked %d times, diallers %v", asked, dialled)
	}
}

// TestRedirectsAreGuarded: a vendor's address that redirects inside gets nowhere.
func TestRedirectsAreGuarded(t *testing.T) {
	inside := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("inside was reached") }))
	defer inside.Close()
	outside := httptest.NewServer(http.RedirectHandler(inside.URL, http.StatusFound))
	defer outside.Close()
	n := Guarded(func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == strings.TrimPrefix(inside.URL, "http://") {
			return nil, errors.New("inside")
		}
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	})
	defer n.CloseIdle()
	if err := n.Touch(t.Context(), "acme", outside.URL, nil); err == nil {
		t.Error("a redirect inside succeeded")
	}
}
